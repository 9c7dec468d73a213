package entra_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/idp/entra"
	"github.com/seed-05b3d87e/reprovision/api/idp/internal/idptest"
	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func tenant(t *testing.T, o sandbox.Options) (*sandbox.Sandbox, *idptest.Clock, func() *entra.Client) {
	t.Helper()
	k := idptest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	o.Now = k.Now
	s := sandbox.New(o)
	require.NoError(t, s.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, k, func() *entra.Client {
		c, err := entra.New(entra.Options{
			BaseURL: s.Addresses().EntraURL, Transport: transport.Options{Now: k.Now, Sleep: k.Sleep},
			Token: func(context.Context) (string, error) { return s.Credentials().EntraToken, nil },
		})
		require.NoError(t, err)
		t.Cleanup(c.CloseIdleConnections)
		return c
	}
}

func TestTheLogArrivesLateAndThenProvesThePush(t *testing.T) {
	_, k, client := tenant(t, sandbox.Options{LogDelay: 3 * time.Minute, PageSize: 2})
	c := client()
	as, err := c.Assignment(t.Context(), "jordan.ito@acme.example")
	require.NoError(t, err)
	require.Equal(t, "editor", as.Role)
	require.Equal(t, []string{"platform"}, as.Teams)
	call := as.Ways[0].Changes[0].Call
	began := k.Now().Add(-time.Second)
	result, err := c.Push(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
	require.NoError(t, err)
	require.Contains(t, result.Note, "export: success")
	events, err := c.Events(t.Context(), as.UserID, began)
	require.NoError(t, err)
	require.Empty(t, events)
	require.NoError(t, k.Sleep(t.Context(), 4*time.Minute))
	events, err = c.Events(t.Context(), as.UserID, began)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Equal(t, "SUCCESS", events[0].Result)
	after, err := c.Assignment(t.Context(), "jordan.ito@acme.example")
	require.NoError(t, err)
	require.NotEmpty(t, after.ExternalID)
	require.False(t, after.LinkUnread)
}

func TestTheLimitOfProvisionOnDemandIsKept(t *testing.T) {
	s, k, client := tenant(t, sandbox.Options{})
	c := client()
	var calls []transport.Call // a full row of people
	for n := range 12 {
		as, err := c.Assignment(t.Context(), fmt.Sprintf("member-%05d@acme.example", n+1))
		require.NoError(t, err)
		calls = append(calls, as.Ways[0].Changes[0].Call)
	}
	ctx := transport.Approve(t.Context(), calls, nil)
	began := k.Now()
	for _, call := range calls {
		_, err := c.Push(ctx, call)
		require.NoError(t, err)
	}
	require.GreaterOrEqual(t, k.Now().Sub(began), 20*time.Second)
	require.Zero(t, refused(s), "one client alone never provokes a refusal")

	t.Run("and a second client's requests lead to one refusal, never to two in a row", func(t *testing.T) {
		other := client()
		for _, call := range calls {
			_, err := other.Push(ctx, call)
			require.NoError(t, err)
			_, err = c.Push(ctx, call)
			require.NoError(t, err)
		}
		last := 0
		for _, r := range s.Requests() {
			require.False(t, last == 429 && r.Status == 429, "two refusals in a row")
			last = r.Status
		}
		require.Positive(t, refused(s))
	})
}

// TestARequestThatIsSlowToArriveCountsFromWhenItCanHaveArrived has the first of a
// row under way for longer than the others.
func TestARequestThatIsSlowToArriveCountsFromWhenItCanHaveArrived(t *testing.T) {
	k := idptest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	s := newServer(t)
	s.ready()
	var arrived []time.Time
	s.Handle("POST /servicePrincipals/sp1/synchronization/jobs/job1/provisionOnDemand", func(w http.ResponseWriter, r *http.Request) {
		if len(arrived) == 0 {
			_ = k.Sleep(r.Context(), 8*time.Second)
		}
		arrived = append(arrived, k.Now())
		_, _ = w.Write([]byte(`{"key":"{\"result\":\"Success\"}","value":"{}"}`))
	})
	c := s.client(func(o *entra.Options) { o.Transport.Now, o.Transport.Sleep = k.Now, k.Sleep })
	for range 6 {
		_, err := push(t, s, c)
		require.NoError(t, err)
	}
	require.Len(t, arrived, 6)
	require.GreaterOrEqual(t, arrived[5].Sub(arrived[0]), 10*time.Second)
}

func refused(s *sandbox.Sandbox) int {
	n := 0
	for _, r := range s.Requests() {
		if r.Status == 429 {
			n++
		}
	}
	return n
}

func TestAPersonWhoDiffersNowhereIsSkippedAsRedundant(t *testing.T) {
	s, _, client := tenant(t, sandbox.Options{})
	c := client()
	as, err := c.Assignment(t.Context(), "sam.okafor@acme.example")
	require.NoError(t, err)
	before := s.State().JSON()
	w := c.Resend(as)
	require.Equal(t, idp.ChangeProfile, w.Changes[0].ID)
	result, err := c.Push(transport.Approve(t.Context(), []transport.Call{w.Changes[0].Call}, nil), w.Changes[0].Call)
	require.NoError(t, err)
	require.Contains(t, result.Note, "already match")
	require.Equal(t, string(before), string(s.State().JSON()))
}

func TestWhatACredentialMayRead(t *testing.T) {
	s, _, client := tenant(t, sandbox.Options{})
	c := client()
	idptest.Forbidden(t, c.Readings(t.Context()))
	s.Fail(sandbox.Fault{System: "entra", Kind: sandbox.FaultStatus, Status: http.StatusForbidden, Path: "/v1.0/auditLogs/provisioning", Times: 1})
	idptest.Forbidden(t, c.Readings(t.Context()), "AuditLog.Read.All")
}
