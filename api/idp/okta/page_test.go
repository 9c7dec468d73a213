package okta_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/idp/internal/idptest"
)

// listings are all that an assignment is read from page by page: what stands on a
// first page, where what is looked for is on the second one.
var listings = map[string]string{
	"/api/v1/apps":                             stagingApp,
	"/api/v1/users":                            `{"id": "00u9left", "status": "DEPROVISIONED", "profile": {}}`,
	"/api/v1/apps/0oa1docker/groups":           `{"id": "00g9other"}`,
	"/api/v1/users/00u1priya/groups":           `{"id": "00g8other", "profile": {"name": "Other"}}`,
	"/api/v1/groups/00g1/apps":                 dockerApp,
	"/api/v1/mappings":                         `{"id": "prm9", "source": {"id": "oty9"}}`,
	"/api/v1/apps/0oa1docker/federated-claims": `{"name": "nickname", "expression": "user.nickName"}`,
	"/api/v1/logs":                             `{"published": "2026-11-20T10:00:00.000Z", "eventType": "application.provision.user.push", "outcome": {"result": "SUCCESS"}, "target": [{"id": "0oa1docker", "type": "AppInstance"}]}`,
}

// paged is an organization in which each listing has two pages, the first of which
// links to next.
func paged(t *testing.T, next func(s *server, route string) string) *server {
	t.Helper()
	s := bareServer(t)
	s.ready()
	second := map[string]string{
		"/api/v1/apps":                             dockerApp,
		"/api/v1/users":                            strings.Replace(priya, `"status"`, `"type": {"id": "oty1"}, "status"`, 1),
		"/api/v1/apps/0oa1docker/groups":           `{"id": "00g1"}`,
		"/api/v1/users/00u1priya/groups":           `{"id": "00g1", "profile": {"name": "Docker Engineers"}}`,
		"/api/v1/groups/00g1/apps":                 `{"id": "0oa9jira", "label": "Jira"}`,
		"/api/v1/mappings":                         `{"id": "prm1", "source": {"id": "oty1"}}`,
		"/api/v1/apps/0oa1docker/federated-claims": `{"name": "dockerOrg", "expression": "\"acme\""}`,
		"/api/v1/logs": `{"published": "2026-11-21T10:00:00.000Z", "eventType": "application.provision.user.push_profile", "outcome": {"result": "FAILURE", "reason": "HTTP 401"},
			"target": [{"id": "0oa1docker", "type": "AppInstance"}]}`,
	}
	s.On("GET /api/v1/apps/0oa1docker/users/00u1priya", strings.NewReplacer("SYNCHRONIZED", "ERROR", `"USER"`, `"GROUP"`).Replace(assignment))
	for route, first := range listings {
		s.Handle("GET "+route, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("after") == "x" {
				_, _ = fmt.Fprint(w, "["+second[route]+"]")
				return
			}
			if link := next(s, route); link != "" {
				w.Header().Add("Link", "<"+link+`>; rel="next"`)
				_, _ = fmt.Fprint(w, "["+first+"]")
				return
			}
			_, _ = fmt.Fprint(w, "["+first+","+second[route]+"]")
		})
	}
	return s
}

func TestEachListingIsReadToItsLastPage(t *testing.T) {
	onePage, err := paged(t, func(*server, string) string { return "" }).client().Assignment(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, []idp.Group{{ID: "00g1", Name: "Docker Engineers", OtherApps: []string{"Jira"}}}, onePage.Groups)
	require.Equal(t, []string{"first", "last"}, onePage.Filled)
	require.Equal(t, "HTTP 401", onePage.Failure)
	require.True(t, slices.ContainsFunc(onePage.SSO, func(a idp.Attribute) bool { return a.Name == "dockerOrg" && a.Value == "acme" }))

	s := paged(t, func(s *server, route string) string { return s.URL + route + "?after=x" })
	got, err := s.client().Assignment(t.Context(), email)
	require.NoError(t, err)
	got.Ways, onePage.Ways = nil, nil // with the address of the server
	require.Equal(t, onePage, got)
}

func TestNoListingFollowsALinkToAnotherHost(t *testing.T) {
	elsewhere := idptest.Elsewhere(t)
	for foreign := range listings {
		s := paged(t, func(s *server, route string) string {
			if route == foreign {
				return elsewhere + route + "?after=x"
			}
			return s.URL + route + "?after=x"
		})
		s.Lenient = true
		got, err := s.client().Assignment(t.Context(), email)
		said := fmt.Sprint(err, got.Errors) // without the log the rest still stands
		require.Contains(t, said, "the address leads to another host", foreign)
		require.GreaterOrEqual(t, s.Asked("GET "+foreign), 1)
	}
}
