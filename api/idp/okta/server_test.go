package okta_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp/okta"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const token = "00aCanaryCanaryCanary"

// server is an Okta organization that speaks recorded answers. A request that
// no route is for, or a route that nobody asked for, fails the test.
type server struct {
	t   *testing.T
	URL string

	mu     sync.Mutex
	routes map[string]http.HandlerFunc
	asked  map[string]int
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, routes: map[string]http.HandlerFunc{}, asked: map[string]int{}}
	h := httptest.NewServer(s)
	s.URL = h.URL
	t.Cleanup(func() {
		h.Close()
		for route := range s.routes {
			if s.asked[route] == 0 && !t.Failed() {
				t.Errorf("nobody asked for %s", route)
			}
		}
	})
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route := r.Method + " " + r.URL.EscapedPath()
	s.mu.Lock()
	handle := s.routes[route]
	s.asked[route]++
	s.mu.Unlock()
	if r.Header.Get("Authorization") != "SSWS "+token {
		s.t.Errorf("%s came with the credential %q", route, r.Header.Get("Authorization"))
	}
	if handle == nil {
		s.t.Errorf("unexpected request %s?%s", route, r.URL.RawQuery)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	handle(w, r)
}

// on answers a route with JSON.
func (s *server) on(route, body string) {
	s.handle(route, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	})
}

// refuse answers a route with an error body as Okta writes them.
func (s *server) refuse(route string, status int, code, summary string) {
	s.handle(route, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oaeCanary",
			"errorCauses": []any{map[string]string{"errorSummary": "the cause"}},
		})
	})
}

func (s *server) handle(route string, h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.routes[route] = h
}

func (s *server) count(route string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[route]
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
	s.on("GET /api/v1/apps", "["+dockerApp+","+stagingApp+"]")
	s.on("GET /api/v1/apps/0oa1docker/features/USER_PROVISIONING", feature)
	s.on("GET /api/v1/users", "["+priya+"]")
	s.on("GET /api/v1/apps/0oa1docker/users/00u1priya", assignment)
	s.on("GET /api/v1/meta/schemas/apps/0oa1docker/default", schema)
	s.on("GET /api/v1/apps/0oa1docker/groups", "[]")
	s.on("GET /api/v1/mappings", `[{"id": "prm1", "source": {"id": "oty1", "type": "user"}, "target": {"id": "0oa1docker", "type": "appuser"}}]`)
	s.on("GET /api/v1/mappings/prm1", `{"id": "prm1", "properties": {"first": {"expression": "user.firstName", "pushStatus": "PUSH"}, "last": {"expression": "user.lastName", "pushStatus": "PUSH"}}}`)
}
