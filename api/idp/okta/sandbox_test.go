package okta_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
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
