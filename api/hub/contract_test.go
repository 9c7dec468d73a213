package hub_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// reference is Docker's own description of the API. It is kept outside the
// project; calls_test.go holds the cases that matter most for everyone else.
const reference = "../../../shared/specs/docker-hub.openapi.yaml"

// used are the routes that this package uses.
var used = []string{
	"POST /v2/auth/token",
	"GET /v2/orgs/{org_name}/members",
	"GET /v2/orgs/{org_name}/members/export",
	"PUT /v2/orgs/{org_name}/members/{username}",
	"DELETE /v2/orgs/{org_name}/members/{username}",
	"GET /v2/orgs/{org_name}/groups",
	"POST /v2/orgs/{org_name}/groups/{group_name}/members",
	"GET /v2/orgs/{org_name}/invites",
	"POST /v2/invites/bulk",
	"DELETE /v2/invites/{id}",
	"GET /v2/auditlogs/{account}",
	"GET /v2/auditlogs/{account}/actions",
	"GET /v2/namespaces/{namespace}/repositories",
	"POST /v2/namespaces/{namespace}/repositories",
	"GET /v2/namespaces/{namespace}/repositories/{repository}",
	"GET /v2/namespaces/{namespace}/repositories/{repository}/tags",
}

func loadReference(t *testing.T) routers.Router {
	t.Helper()
	if _, err := os.Stat(reference); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("Docker's API description is not at %s: requests are not compared with it", reference)
	}
	doc, err := openapi3.NewLoader().LoadFromFile(reference)
	require.NoError(t, err)
	doc.Servers = nil // any host serves
	// Three slips of the published description: a search term is text, one
	// operation misspells the security scheme, and an answer lacks its
	// description. Credentials are checked below.
	doc.Components.Parameters["search"].Value.Schema.Value.Type = &openapi3.Types{openapi3.TypeString}
	for name, path := range doc.Paths.Map() {
		if !slices.ContainsFunc(used, func(route string) bool { return strings.HasSuffix(route, " "+name) }) {
			doc.Paths.Delete(name) // not all of them pass OpenAPI's own rules
			continue
		}
		for _, operation := range path.Operations() {
			operation.Security = nil
			describe(operation)
		}
	}
	router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation())
	require.NoError(t, err)
	return router
}

// describe gives every answer the description that OpenAPI demands.
func describe(operation *openapi3.Operation) {
	for _, answer := range operation.Responses.Map() {
		if answer.Value.Description == nil {
			answer.Value.Description = new("")
		}
	}
}

func TestEveryRequestIsOneThatTheReferenceDescribes(t *testing.T) {
	router := loadReference(t)
	var mu sync.Mutex
	routes := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the request: %v", err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		route, params, err := router.FindRoute(r)
		if err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
			return
		}
		mu.Lock()
		routes[r.Method+" "+route.Path] = true
		mu.Unlock()
		err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
			Request: r, PathParams: params, Route: route,
		})
		if err != nil {
			t.Errorf("%s %s %s: %v", r.Method, r.URL, body, err)
		}
		w.Header().Set("Content-Type", "application/json")
		if route.Path == "/v2/auth/token" {
			write(w, `{"access_token":"token"}`)
			return
		}
		if got := r.Header.Get("Authorization"); got != "Bearer token" {
			t.Errorf("%s %s: Authorization %q", r.Method, r.URL, got)
		}
		switch {
		case strings.HasSuffix(route.Path, "/members/export"):
			w.Header().Set("Content-Type", "text/csv")
			write(w, "Username,Email\n")
		case strings.HasSuffix(route.Path, "/actions"):
			write(w, `{"actions":{}}`)
		default: // fits every other route
			write(w, `{"count":0,"next":null,"previous":null,"results":[],"data":[],"logs":[],"name":"app"}`)
		}
	}))
	defer server.Close()
	c, err := hub.New(hub.Options{BaseURL: server.URL, Identifier: "acme", Secret: func() string { return secret }})
	require.NoError(t, err)

	ctx := t.Context()
	_, err = all(c.Members(ctx, "acme", hub.MembersQuery{Search: "jordan", Type: hub.AnyType, Role: "editor", Invites: true}))
	require.NoError(t, err)
	_, err = c.ExportMembers(ctx, "acme")
	require.NoError(t, err)
	_, err = c.Teams(ctx, "acme")
	require.NoError(t, err)
	_, err = c.MemberTeams(ctx, "acme", "jordan-ito")
	require.NoError(t, err)
	_, err = c.Invites(ctx, "acme")
	require.NoError(t, err)
	_, err = c.AuditActions(ctx, "acme")
	require.NoError(t, err)
	now := newClock().now()
	_, err = all(c.AuditLogs(ctx, "acme", hub.AuditQuery{Action: "repo.tag.push", Name: "acme/app", Actor: "sam-okafor", From: now.AddDate(0, -1, 0), To: now}))
	require.NoError(t, err)
	_, err = all(c.Repositories(ctx, "acme"))
	require.NoError(t, err)
	_, err = c.Repository(ctx, "acme", "app")
	require.NoError(t, err)
	_, err = all(c.Tags(ctx, "acme", "app"))
	require.NoError(t, err)
	for _, change := range changes(c) {
		_, err = c.Send(transport.Approve(ctx, []transport.Call{change.call}, nil), change.call)
		require.NoError(t, err)
	}

	mu.Lock()
	defer mu.Unlock()
	require.ElementsMatch(t, used, slices.Collect(maps.Keys(routes)))
}
