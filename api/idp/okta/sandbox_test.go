package okta_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/idp/internal/idptest"
	"github.com/seed-05b3d87e/reprovision/api/idp/okta"
	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func TestAgainstTheSandboxAPushIsTakingTheAssignmentAwayAndGivingItBack(t *testing.T) {
	s := sandbox.New(sandbox.Options{})
	require.NoError(t, s.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	credentials := s.Credentials()
	began := time.Now().Add(-time.Minute)
	c, err := okta.New(okta.Options{
		BaseURL: s.Addresses().OktaURL, AppLabel: credentials.OktaAppLabel, Token: func() string { return credentials.OktaToken },
	})
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)

	before, err := c.Assignment(t.Context(), "lena.fischer@acme.example")
	require.NoError(t, err)
	require.True(t, before.App.Provisioning.Enabled)
	require.Equal(t, idp.ScopeGroup, before.Scope)
	require.Equal(t, "Docker Engineers", before.Groups[0].Name)
	require.Equal(t, []string{"Jira"}, before.Groups[0].OtherApps)
	require.Equal(t, "editor", before.Role)
	require.Equal(t, []string{"platform"}, before.Teams)

	unassign := c.UnassignCall(before)
	_, err = c.Send(transport.Approve(t.Context(), []transport.Call{unassign}, nil), unassign)
	require.ErrorContains(t, err, "while their group memberships grant", "the group's assignment cannot be taken away alone")

	for _, call := range []transport.Call{c.ConvertToUserCall(before), unassign} {
		_, err = c.Send(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
		require.NoError(t, err)
	}
	gone, err := c.Assignment(t.Context(), "lena.fischer@acme.example")
	require.NoError(t, err)
	require.False(t, gone.Assigned)

	assign := c.AssignCall(before)
	_, err = c.Send(transport.Approve(t.Context(), []transport.Call{assign}, nil), assign)
	require.NoError(t, err)
	after, err := c.Assignment(t.Context(), "lena.fischer@acme.example")
	require.NoError(t, err)
	require.Equal(t, idp.ScopeUser, after.Scope)
	require.Equal(t, before.Profile, after.Profile)

	events, err := c.Events(t.Context(), before.UserID, began)
	require.NoError(t, err)
	var types []string
	for _, e := range events {
		types = append(types, e.Type)
	}
	require.Contains(t, types, "application.user_membership.remove")
	require.Contains(t, types, "application.user_membership.add")

	theo, err := c.Assignment(t.Context(), "theo.brandt@acme.example")
	require.NoError(t, err)
	require.False(t, theo.Assigned)
}

// TestAFullRowOfPeopleNeverProvokesARefusal pushes many people one after the
// other on an Okta that counts: the headers say when a limit is used up.
func TestAFullRowOfPeopleNeverProvokesARefusal(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"": 0, ", though its clock is ahead": 17 * time.Minute, ", though its clock is behind": -17 * time.Minute} {
		t.Run("one after the other"+name, func(t *testing.T) { fullRow(t, ahead) })
	}
}

func fullRow(t *testing.T, ahead time.Duration) {
	k := idptest.NewClock(now)
	s := sandbox.New(sandbox.Options{Now: func() time.Time { return k.Now().Add(ahead) }, OktaRateLimit: 20})
	require.NoError(t, s.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	var waits []transport.Wait
	client := func() *okta.Client {
		c, err := okta.New(okta.Options{
			BaseURL: s.Addresses().OktaURL, Token: func() string { return s.Credentials().OktaToken },
			Transport: transport.Options{Now: k.Now, Sleep: k.Sleep, Waiting: func(w transport.Wait) { waits = append(waits, w) }},
		})
		require.NoError(t, err)
		t.Cleanup(c.CloseIdleConnections)
		return c
	}
	push := func(c *okta.Client, n int) {
		as, err := c.Assignment(t.Context(), fmt.Sprintf("member-%05d@acme.example", n))
		require.NoError(t, err)
		for _, ch := range as.Ways[0].Changes {
			_, err := c.Push(transport.Approve(t.Context(), []transport.Call{ch.Call}, nil), ch.Call)
			require.NoError(t, err)
		}
	}
	refused := func() (n int, inARow bool) {
		last := map[string]int{} // the limits are counted apart, so are the rows
		for _, r := range s.Requests() {
			kind := strings.Split(r.Path, "/")[3]
			inARow = inARow || last[kind] == 429 && r.Status == 429
			last[kind] = r.Status
			if r.Status == 429 {
				n++
			}
		}
		return n, inARow
	}
	one := client()
	for n := range 20 {
		push(one, n+1)
	}
	n, _ := refused()
	require.Zero(t, n, "one client alone never provokes a refusal")
	require.NotEmpty(t, waits)
	require.Zero(t, waits[0].Attempt, "it waits before it asks")

	t.Run("and beside another one, never two in a row", func(t *testing.T) {
		other := client()
		for n := range 20 {
			push(other, n+1)
			push(one, n+1)
		}
		n, inARow := refused()
		require.Positive(t, n)
		require.False(t, inARow)
	})
}

func TestWhatACredentialMayReadAndWhoseItIs(t *testing.T) {
	s := sandbox.New(sandbox.Options{})
	require.NoError(t, s.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	c, err := okta.New(okta.Options{BaseURL: s.Addresses().OktaURL, Token: func() string { return s.Credentials().OktaToken }})
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)

	who, err := c.Who(t.Context())
	require.NoError(t, err)
	require.Equal(t, "alex.kim@acme.example", who)
	idptest.Forbidden(t, c.Readings(t.Context()))
	s.Fail(sandbox.Fault{System: "okta", Kind: sandbox.FaultStatus, Status: http.StatusForbidden, Path: "/api/v1/groups", Times: 1})
	idptest.Forbidden(t, c.Readings(t.Context()), "okta.groups.read")
}
