package entra_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/seed-05b3d87e/reprovision/api/idp/internal/idptest"
	"github.com/stretchr/testify/require"
)

// listings are all that an assignment is read from page by page: what stands on a
// first page, where what is looked for is on the second one.
var listings = map[string]string{
	"/servicePrincipals":                          `{"id":"sp9","displayName":"Docker staging"}`,
	"/servicePrincipals/sp1/synchronization/jobs": ``,
	"/users":                       `{"id":"u9","userPrincipalName":"old","accountEnabled":false}`,
	"/users/u1/appRoleAssignments": `{"appRoleId":"r-other","principalType":"User","resourceId":"another"}`,
	"/auditLogs/provisioning":      `{"activityDateTime":"2026-11-20T10:00:00Z","jobId":"job1","sourceIdentity":{"id":"somebody"}}`,
	"/servicePrincipals/sp1/claimsMappingPolicies": ``,
}

// paged is a tenant in which each listing has two pages, the first of which links
// to next.
func paged(t *testing.T, next func(s *server, route string) string) *server {
	t.Helper()
	s := newServer(t)
	s.ready()
	entries := func(collection string) string { return collection[len(`{"value":[`) : len(collection)-len(`]}`)] }
	second := map[string]string{
		"/servicePrincipals": entries(apps), "/servicePrincipals/sp1/synchronization/jobs": entries(jobs), "/users": entries(priya),
		"/users/u1/appRoleAssignments": entries(grants),
		"/auditLogs/provisioning": `{"activityDateTime":"2026-11-21T10:00:00Z","jobId":"job1","provisioningAction":"create","provisioningStatusInfo":{"status":"success"},
			"sourceIdentity":{"id":"u1"},"targetIdentity":{"id":"scim-1"}}`,
		"/servicePrincipals/sp1/claimsMappingPolicies": `{"displayName":"P","definition":["{\"ClaimsMappingPolicy\":{\"ClaimsSchema\":[{\"Value\":\"editor\",\"SamlClaimType\":\"dockerRole\"}]}}"]}`,
	}
	for route, first := range listings {
		s.Handle("GET "+route, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			link := next(s, route)
			switch {
			case r.URL.Query().Get("$skiptoken") == "x":
				_, _ = fmt.Fprintf(w, `{"value":[%s]}`, second[route])
			case link != "":
				_, _ = fmt.Fprintf(w, `{"value":[%s],"@odata.nextLink":%q}`, first, link)
			case first != "":
				_, _ = fmt.Fprintf(w, `{"value":[%s,%s]}`, first, second[route])
			default:
				_, _ = fmt.Fprintf(w, `{"value":[%s]}`, second[route])
			}
		})
	}
	return s
}

func TestEachListingIsReadToItsLastPage(t *testing.T) {
	onePage, err := paged(t, func(*server, string) string { return "" }).client().Assignment(t.Context(), "priya.nair@acme.example")
	require.NoError(t, err)
	require.Equal(t, "editor", onePage.Role)
	require.Equal(t, "scim-1", onePage.ExternalID)
	require.True(t, onePage.SSO[0].Resolved)
	require.Equal(t, "editor", onePage.SSO[0].Value)

	s := paged(t, func(s *server, route string) string { return s.URL + route + "?$skiptoken=x" })
	got, err := s.client().Assignment(t.Context(), "priya.nair@acme.example")
	require.NoError(t, err)
	got.Ways, onePage.Ways = nil, nil // with the address of the server
	require.Equal(t, onePage, got)
}

func TestNoListingFollowsALinkToAnotherHost(t *testing.T) {
	elsewhere := idptest.Elsewhere(t)
	for foreign := range listings {
		s := paged(t, func(s *server, route string) string {
			if route == foreign {
				return elsewhere + "/v1.0" + route + "?$skiptoken=x"
			}
			return s.URL + route + "?$skiptoken=x"
		})
		got, err := s.client().Assignment(t.Context(), "priya.nair@acme.example")
		said := fmt.Sprint(err)
		for _, a := range got.SSO {
			said += a.Where // without the policy the rest still stands
		}
		require.Contains(t, said, "the address leads to another host", foreign)
		require.Equal(t, 1, s.Asked("GET "+foreign), foreign)
	}
}
