package entra_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp/entra"
	"github.com/seed-05b3d87e/reprovision/api/idp/internal/idptest"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const token = "eyCanaryCanaryCanary"

// server is a tenant that speaks recorded answers.
type server struct {
	*idptest.Server

	t *testing.T
}

func newServer(t *testing.T) *server {
	t.Helper()
	return &server{t: t, Server: idptest.NewServer(t, "/v1.0", "Bearer "+token, func(code, message string) any {
		return map[string]any{"error": map[string]any{"code": code, "message": message, "innerError": map[string]string{"request-id": "x"}}}
	})}
}

func (s *server) client(adjust ...func(*entra.Options)) *entra.Client {
	s.t.Helper()
	o := entra.Options{
		BaseURL: s.URL, Token: func(context.Context) (string, error) { return token, nil },
		Transport: transport.Options{
			Now:   func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) },
			Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		},
	}
	for _, a := range adjust {
		a(&o)
	}
	c, err := entra.New(o)
	require.NoError(s.t, err)
	s.t.Cleanup(c.CloseIdleConnections)
	return c
}

const (
	apps = `{"value":[{"id":"sp1","appId":"c1","displayName":"Docker","accountEnabled":true,"preferredSingleSignOnMode":"saml","appRoles":[
		{"id":"r-editor","displayName":"Editor","value":"editor"},{"id":"r-none","displayName":"Access","value":null}]}]}`
	jobs  = `{"value":[{"id":"job1","templateId":"customappsso","schedule":{"state":"Active"},"status":{"code":"Active","quarantine":null}}]}`
	priya = `{"value":[{"id":"u1","userPrincipalName":"priya@acme.example","mail":"priya.nair@acme.example","givenName":"Priya","surname":"Nair","accountEnabled":true,
		"department":"Engineering","onPremisesExtensionAttributes":{"extensionAttribute7":"backend","extensionAttribute1":null}}]}`
	grants = `{"value":[{"appRoleId":"r-editor","principalId":"u1","principalType":"User","resourceId":"sp1"},
		{"appRoleId":"r-none","principalId":"g1","principalDisplayName":"Everyone","principalType":"Group","resourceId":"sp1"},
		{"appRoleId":"r-other","principalId":"u1","principalType":"User","resourceId":"another"}]}`
	extension = "urn:ietf:params:scim:schemas:extension:docker:2.0:User"
)

// mappings is a job's schema with these attribute mappings and this scope.
func mappings(scope string, attributes ...string) string {
	return `{"synchronizationRules":[{"id":"rule1","name":"USER_OUTBOUND_USER","objectMappings":[
		{"enabled":true,"flowTypes":"Add, Update, Delete","sourceObjectName":"Group","targetObjectName":"Group","attributeMappings":[]},
		{"enabled":true,"flowTypes":"Add, Update, Delete","sourceObjectName":"User","targetObjectName":"User","scope":` + scope + `,"attributeMappings":[` + strings.Join(attributes, ",") + `]}]}]}`
}

func attribute(target, kind, name, expression string) string {
	raw, _ := json.Marshal(map[string]any{"targetAttributeName": target, "defaultValue": nil, "source": map[string]any{"type": kind, "name": name, "expression": expression}})
	return string(raw)
}

var usual = []string{
	attribute("userName", "Attribute", "mail", "[mail]"),
	attribute("name.givenName", "Attribute", "givenName", "[givenName]"),
	attribute("name.familyName", "Attribute", "surname", "[surname]"),
	attribute(extension+":dockerRole", "Function", "SingleAppRoleAssignment", "SingleAppRoleAssignment([appRoleAssignments])"),
	attribute(extension+":dockerTeam", "Attribute", "extensionAttribute7", "[extensionAttribute7]"),
	attribute(extension+":dockerOrg", "Constant", "acme", `"acme"`),
}

func (s *server) ready() {
	s.On("GET /servicePrincipals", apps)
	s.On("GET /servicePrincipals/sp1/synchronization/jobs", jobs)
	s.On("GET /servicePrincipals/sp1/synchronization/jobs/job1/schema", mappings("null", usual...))
	s.On("GET /users", priya)
	s.On("GET /users/u1/appRoleAssignments", grants)
	s.On("GET /auditLogs/provisioning", `{"value":[]}`)
	s.On("GET /servicePrincipals/sp1/claimsMappingPolicies", `{"value":[]}`)
}
