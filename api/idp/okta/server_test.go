package okta_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp/internal/idptest"
	"github.com/seed-05b3d87e/reprovision/api/idp/okta"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const token = "00aCanaryCanaryCanary"

// server is an Okta organization that speaks recorded answers. A route that
// nobody asked for fails the test.
type server struct {
	*idptest.Server

	t *testing.T
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := bareServer(t)
	s.NoneUnused()
	return s
}

// bareServer is one of whose routes some may not be asked for.
func bareServer(t *testing.T) *server {
	t.Helper()
	return &server{t: t, Server: idptest.NewServer(t, "", "SSWS "+token, func(code, summary string) any {
		return map[string]any{
			"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oaeCanary",
			"errorCauses": []any{map[string]string{"errorSummary": "the cause"}},
		}
	})}
}

func (s *server) client(change ...func(*okta.Options)) *okta.Client {
	s.t.Helper()
	o := okta.Options{
		BaseURL: s.URL, Token: func() string { return token },
		Transport: transport.Options{
			Sleep: func(context.Context, time.Duration) error { return nil },
			Now:   func() time.Time { return now },
		},
	}
	for _, f := range change {
		f(&o)
	}
	c, err := okta.New(o)
	require.NoError(s.t, err)
	s.t.Cleanup(c.CloseIdleConnections)
	return c
}

var now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// Recorded answers, shortened to what is read and a little of what is not.
const (
	dockerApp = `{
		"id": "0oa1docker", "name": "docker_custom_1", "label": "Docker", "status": "ACTIVE", "signOnMode": "SAML_2_0",
		"features": ["PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES"], "created": "2023-02-01T08:00:00.000Z",
		"settings": {"signOn": {"attributeStatements": [
			{"type": "EXPRESSION", "name": "dockerRole", "namespace": "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified", "values": ["user.dockerSsoRole"]},
			{"type": "EXPRESSION", "name": "dockerTeam", "namespace": "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified", "values": ["\"company\""]}
		]}}}`
	stagingApp = `{"id": "0oa2staging", "name": "docker_custom_2", "label": "Docker staging", "status": "INACTIVE", "signOnMode": "SAML_2_0"}`

	feature = `{"name": "USER_PROVISIONING", "status": "ENABLED", "capabilities": {
		"create": {"lifecycleCreate": {"status": "ENABLED"}},
		"update": {"profile": {"status": "ENABLED"}, "lifecycleDeactivate": {"status": "DISABLED"}, "password": {"status": "DISABLED"}}}}`

	schema = `{"id": "https://acme.okta.com/meta/schemas/apps/0oa1docker/default", "definitions": {
		"base": {"id": "#base", "properties": {
			"userName": {"title": "Username", "type": "string"},
			"first": {"externalName": "name.givenName", "externalNamespace": "urn:ietf:params:scim:schemas:core:2.0:User"},
			"last": {"externalName": "name.familyName", "externalNamespace": "urn:ietf:params:scim:schemas:core:2.0:User"}}},
		"custom": {"id": "#custom", "properties": {
			"rolle": {"externalName": "dockerRole", "externalNamespace": "urn:ietf:params:scim:schemas:extension:docker:2.0:User"},
			"abteilung": {"externalName": "dockerTeam", "externalNamespace": "urn:ietf:params:scim:schemas:extension:docker:2.0:User"},
			"org": {"externalName": "dockerOrg", "externalNamespace": "urn:ietf:params:scim:schemas:extension:docker:2.0:User"}}}}}`

	priya = `{"id": "00u1priya", "status": "ACTIVE", "profile": {
		"login": "priya.nair@acme.example", "email": "priya.nair@acme.example", "firstName": "Priya", "lastName": "Nair", "dockerSsoRole": "member"}}`

	assignment = `{"id": "00u1priya", "externalId": "6b1f0a52-0000-4000-8000-000000000001", "status": "PROVISIONED", "scope": "USER",
		"syncState": "SYNCHRONIZED", "lastSync": "2026-11-20T10:11:12.000Z", "credentials": {"userName": "priya.nair@acme.example"},
		"profile": {"rolle": "editor", "abteilung": "backend", "org": null, "first": "Priya", "last": "Nair", "costCentre": 12345678901234567890}}`
)

// ready answers all that an assignment of scope USER is read from.
func (s *server) ready() {
	s.On("GET /api/v1/apps", "["+dockerApp+","+stagingApp+"]")
	s.On("GET /api/v1/apps/0oa1docker/features/USER_PROVISIONING", feature)
	s.On("GET /api/v1/users", "["+priya+"]")
	s.On("GET /api/v1/apps/0oa1docker/users/00u1priya", assignment)
	s.On("GET /api/v1/apps/0oa1docker/federated-claims", "[]")
	s.On("GET /api/v1/meta/schemas/apps/0oa1docker/default", schema)
	s.On("GET /api/v1/apps/0oa1docker/groups", "[]")
	s.On("GET /api/v1/mappings", `[{"id": "prm1", "source": {"id": "oty1", "type": "user"}, "target": {"id": "0oa1docker", "type": "appuser"}}]`)
	s.On("GET /api/v1/mappings/prm1", `{"id": "prm1", "properties": {"first": {"expression": "user.firstName", "pushStatus": "PUSH"}, "last": {"expression": "user.lastName", "pushStatus": "PUSH"}}}`)
}
