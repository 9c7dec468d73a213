package okta_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func TestWhatAMappingFillsInIsReadWhereItMayBe(t *testing.T) {
	two := `[{"id": "prm1", "source": {"id": "oty1"}}, {"id": "prm2", "source": {"id": "oty2"}}]`
	for name, x := range map[string]struct {
		change func(*server)
		filled []string
		unread bool
	}{
		"of the only type of people": {func(*server) {}, []string{"first", "last"}, false},
		"of the person's type": {func(s *server) {
			s.On("GET /api/v1/mappings", two)
			s.On("GET /api/v1/users", "["+strings.Replace(priya, `"status": "ACTIVE",`, `"status": "ACTIVE", "type": {"id": "oty1"},`, 1)+"]")
		}, []string{"first", "last"}, false},
		"none": {func(s *server) {
			s.On("GET /api/v1/mappings", "[]")
			s.Forget("GET /api/v1/mappings/prm1")
		}, nil, false},
		"a type that has none": {func(s *server) {
			s.On("GET /api/v1/mappings", two)
			s.Forget("GET /api/v1/mappings/prm1")
		}, nil, false},
		"not to be read": {func(s *server) {
			s.Refuse("GET /api/v1/mappings", http.StatusForbidden, "E0000006", "You do not have permission")
			s.Forget("GET /api/v1/mappings/prm1")
		}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.ready()
			x.change(s)
			c := s.client()
			a, err := c.Assignment(t.Context(), email)
			require.NoError(t, err)
			require.Equal(t, x.filled, a.Filled)
			require.Equal(t, x.unread, a.FilledUnread)
			require.Equal(t, len(x.filled) == 0, strings.Contains(c.AssignCall(a).Body, `"first":"Priya"`))
			require.Equal(t, x.unread, strings.Contains(strings.Join(a.Ways[0].Notes, " "), "could not be read"))
		})
	}
}

func TestAValueThatContradictsTheMappingIsRefusedInWords(t *testing.T) {
	s := newServer(t)
	s.ready()
	c := s.client()
	a, err := c.Assignment(t.Context(), email)
	require.NoError(t, err)
	s.Refuse("POST /api/v1/apps/0oa1docker/users", http.StatusForbidden, "E0000075", "Cannot modify the first attribute because it has a field mapping and profile push is enabled.")
	call := c.AssignCall(a)
	_, err = c.Push(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
	var refused *idp.RefusalError
	require.ErrorAs(t, err, &refused)
	require.Contains(t, refused.Advice, "Assign the person in the admin console")
}
