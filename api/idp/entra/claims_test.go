package entra_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
)

// policy is a claims mapping policy with these entries, as Graph lists it.
func policy(entries string) string {
	raw, _ := json.Marshal(map[string]any{"value": []any{map[string]any{
		"id": "p1", "displayName": "Docker claims",
		"definition": []string{`{"ClaimsMappingPolicy":{"Version":1,"IncludeBasicClaimSet":"true","ClaimsSchema":[` + entries + `]}}`},
	}}})
	return string(raw)
}

func TestAClaimsMappingPolicyTellsWhatSignInCarries(t *testing.T) {
	s := newServer(t)
	s.ready()
	s.On("GET /servicePrincipals/sp1/claimsMappingPolicies", policy(
		`{"Source":"user","ID":"assignedroles","SamlClaimType":"dockerRole"},{"Source":"user","ID":"extensionattribute7","SamlClaimType":"dockerTeam"},
		{"Value":"other","SamlClaimType":"urn:example:dockerOrg","JwtClaimType":"dockerOrg"}`))
	got, err := s.client().Assignment(t.Context(), "priya.nair@acme.example")
	require.NoError(t, err)
	by := map[string]idp.Attribute{}
	for _, a := range got.SSO {
		by[a.Name] = a
		require.Contains(t, a.Where, "the claims mapping policy Docker claims of Docker")
	}
	require.Equal(t, "editor", by["dockerRole"].Value, "a role of the application for sign-in")
	require.Contains(t, by["dockerRole"].Where, "Users and groups")
	require.Equal(t, "backend", by["dockerTeam"].Value)
	require.Contains(t, by["dockerTeam"].Where, "Users > the person > Properties > extensionattribute7")
	require.True(t, by["dockerOrg"].Resolved, "a claim of another name is another claim: this one is not sent")
	require.Empty(t, by["dockerOrg"].Value)
	require.Empty(t, by["dockerOrg"].Expression, "there is none")
	require.Empty(t, by["dockerOrg"].Page, "the admin center does not show what a policy decides")

	s.On("GET /servicePrincipals/sp1/claimsMappingPolicies", policy(
		`{"Source":"transformation","ID":"Join","TransformationId":"Join","SamlClaimType":"dockerRole"},{"Source":"user","ID":"netbiosname","SamlClaimType":"dockerTeam"},
		{"Value":"acme","SamlClaimType":"dockerOrg"}`))
	got, err = s.client().Assignment(t.Context(), "priya.nair@acme.example")
	require.NoError(t, err)
	require.False(t, got.SSO[0].Resolved, "only Entra can transform")
	require.Equal(t, "transformation.Join", got.SSO[0].Expression)
	require.Equal(t, "acme", got.SSO[1].Value)
	require.False(t, got.SSO[2].Resolved, "a property that was not read is not an empty one")
}

func TestClaimsThatCannotBeReadAreNotKnownAndTheirPlaceIsTold(t *testing.T) {
	two := `{"value":[{"id":"scim","displayName":"Docker SCIM"},{"id":"saml","displayName":"Docker","preferredSingleSignOnMode":"%s"}]}`
	for name, x := range map[string]struct {
		change func(*server)
		where  string
	}{
		"no policy": {func(*server) {}, "> Docker > Single sign-on > Attributes & Claims (Graph does not tell what is set there)"},
		"may not be read": {func(s *server) {
			s.Refuse("GET /servicePrincipals/sp1/claimsMappingPolicies", http.StatusForbidden, "Authorization_RequestDenied", "no")
		}, "without Policy.Read.All"},
		"fails": {func(s *server) {
			s.Refuse("GET /servicePrincipals/sp1/claimsMappingPolicies", http.StatusBadRequest, "BadRequest", "no")
		}, "could not be read"},
		"no JSON": {func(s *server) {
			s.On("GET /servicePrincipals/sp1/claimsMappingPolicies", `{"value":[{"displayName":"P","definition":["<xml/>"]}]}`)
		}, "cannot be understood"},
		"by OIDC":          {func(s *server) { s.On("GET /servicePrincipals", fmt.Sprintf(two, "oidc")) }, "names these attributes for SAML only"},
		"nobody signs in?": {func(s *server) { s.On("GET /servicePrincipals", fmt.Sprintf(two, "")) }, "the application for sign-in (Docker SCIM, or the one beside it)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.ready()
			s.On("GET /servicePrincipals/saml/synchronization/jobs", `{"value":[]}`)
			s.On("GET /servicePrincipals/scim/synchronization/jobs", jobs)
			s.On("GET /servicePrincipals/scim/synchronization/jobs/job1/schema", mappings("null", usual...))
			x.change(s)
			got, err := s.client().Assignment(t.Context(), "priya.nair@acme.example")
			require.NoError(t, err)
			require.Len(t, got.SSO, 3)
			for _, a := range got.SSO {
				require.False(t, a.Resolved)
				require.Contains(t, a.Where, x.where)
			}
		})
	}
}
