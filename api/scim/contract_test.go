package scim_test

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/require"
)

// reference is Docker's own description of the API. It is kept outside the
// project; scim_test.go holds the cases that matter most for everyone else.
const reference = "../../../shared/specs/docker-hub.openapi.yaml"

func TestEveryRequestIsOneThatTheReferenceDescribes(t *testing.T) {
	if _, err := os.Stat(reference); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("Docker's API description is not at %s: requests are not compared with it", reference)
	}
	doc, err := openapi3.NewLoader().LoadFromFile(reference)
	require.NoError(t, err)
	doc.Servers = nil // any host serves
	for path := range doc.Paths.Map() {
		if !strings.HasPrefix(path, "/v2/scim/") {
			doc.Paths.Delete(path) // not all of the others pass OpenAPI's own rules
		}
	}
	router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation())
	require.NoError(t, err)

	routes := map[string]int{}
	c := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		route, params, err := router.FindRoute(r)
		if err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
			return
		}
		routes[r.Method+" "+route.Path]++
		err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
			Request: r, PathParams: params, Route: route,
			// The endpoint has checked the bearer already.
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
		})
		if err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		switch {
		case strings.HasSuffix(route.Path, "/Users"):
			write(w, list("resources", 1, jordan))
		case strings.HasSuffix(route.Path, "/Users/{id}"):
			write(w, jordan)
		default:
			write(w, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]}`)
		}
	})

	_, err = c.Prove(t.Context())
	require.NoError(t, err)
	user, err := c.UserByName(t.Context(), "jordan.ito@acme.example")
	require.NoError(t, err)
	_, err = c.User(t.Context(), user.ID)
	require.NoError(t, err)
	for _, err := range c.Users(t.Context()) {
		require.NoError(t, err)
	}
	require.Equal(t, map[string]int{
		"GET /v2/scim/2.0/ServiceProviderConfig": 1,
		"GET /v2/scim/2.0/Users":                 2,
		"GET /v2/scim/2.0/Users/{id}":            1,
	}, routes)
}
