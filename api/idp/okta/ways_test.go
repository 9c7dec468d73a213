package okta_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func ids(w idp.Way) []string {
	var out []string
	for _, ch := range w.Changes {
		out = append(out, ch.ID)
	}
	return out
}

func TestTheWaysOfAPushFollowFromTheAssignment(t *testing.T) {
	t.Run("assigned to the person", func(t *testing.T) {
		s := newServer(t)
		s.ready()
		a, err := s.client().Assignment(t.Context(), "priya.nair@acme.example")
		require.NoError(t, err)
		require.Len(t, a.Ways, 1)
		require.Equal(t, []string{idp.ChangeUnassign, idp.ChangeAssign}, ids(a.Ways[0]))
	})
	t.Run("assigned to the person, and by a group as well", func(t *testing.T) {
		s := newServer(t)
		s.ready()
		s.On("GET /api/v1/apps/0oa1docker/groups", `[{"id":"00g1"}]`)
		s.On("GET /api/v1/users/00u1priya/groups", `[{"id":"00g1","profile":{"name":"Engineers"}},{"id":"00g2","profile":{"name":"Everyone"}}]`)
		s.On("GET /api/v1/groups/00g1/apps", "["+dockerApp+`,{"id":"0oa9","label":"Jira"}]`)
		a, err := s.client().Assignment(t.Context(), "priya.nair@acme.example")
		require.NoError(t, err)
		require.Equal(t, idp.ScopeUser, a.Scope)
		require.Len(t, a.Ways, 2)
		require.Equal(t, []string{"leave:00g1", idp.ChangeUnassign, "join:00g1"}, ids(a.Ways[1]))
		require.Contains(t, a.Ways[0].Notes[1], "Okta may refuse")
		require.Contains(t, a.Ways[1].Notes[0], "Engineers also grants Jira")
		for change, made := range map[string]bool{"leave:00g1": false, "join:00g1": true, "leave:00g3": true, "join:00g3": false, idp.ChangeAssign: true, idp.ChangeUnassign: false, idp.ChangeConvert: true, idp.ChangeProfile: false} {
			got, err := s.client().Made(t.Context(), a, change)
			require.NoError(t, err)
			require.Equal(t, made, got, change)
		}
	})
}

func TestARefusedUnassignmentIsARefusalWithAdvice(t *testing.T) {
	s := newServer(t)
	s.ready()
	c := s.client()
	a, err := c.Assignment(t.Context(), "priya.nair@acme.example")
	require.NoError(t, err)
	s.Refuse("DELETE /api/v1/apps/0oa1docker/users/00u1priya", 403, "E0000046", "Deactivate application for user forbidden.; group memberships grant them access")
	call := a.Ways[0].Changes[0].Call
	_, err = c.Push(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
	var refused *idp.RefusalError
	require.ErrorAs(t, err, &refused)
	require.ErrorIs(t, err, transport.ErrForbidden)
	require.Contains(t, refused.Advice, "through the group")
}
