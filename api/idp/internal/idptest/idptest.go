// Package idptest has what the tests of the identity provider clients share: a server
// with recorded responses, and a clock that advances only in Sleep.
package idptest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// Server serves recorded responses. A request without a route fails the test, and so
// does one without the credential.
type Server struct {
	URL string // of the API, with its prefix

	// Lenient answers requests without a route with 404, for fuzzing.
	Lenient bool

	t          *testing.T
	prefix     string
	credential string // the whole Authorization header
	refusal    func(code, message string) any

	mu     sync.Mutex
	routes map[string]http.HandlerFunc
	asked  map[string]int
}

// NewServer starts a server below prefix, such as "/v1.0". refusal builds the body of
// an error response in the provider's format.
func NewServer(t *testing.T, prefix, credential string, refusal func(code, message string) any) *Server {
	t.Helper()
	s := &Server{t: t, prefix: prefix, credential: credential, refusal: refusal, routes: map[string]http.HandlerFunc{}, asked: map[string]int{}}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	s.URL = h.URL + prefix
	return s
}

// Elsewhere returns the URL of a server that fails the test on any request.
func Elsewhere(t *testing.T) string {
	t.Helper()
	h := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s came with %q", r.Method, r.URL, r.Header.Get("Authorization"))
	}))
	t.Cleanup(h.Close)
	return h.URL
}

// NoneUnused fails the test at its end for routes without a request.
func (s *Server) NoneUnused() {
	s.t.Cleanup(func() {
		for route := range s.routes {
			if s.asked[route] == 0 && !s.t.Failed() {
				s.t.Errorf("nobody asked for %s", route)
			}
		}
	})
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route := r.Method + " " + strings.TrimPrefix(r.URL.EscapedPath(), s.prefix)
	s.mu.Lock()
	handle := s.routes[route]
	s.asked[route]++
	s.mu.Unlock()
	if got := r.Header.Get("Authorization"); got != s.credential {
		s.t.Errorf("%s came with the credential %q", route, got)
	}
	w.Header()["Date"] = nil // omit the Date header: the test's clock counts
	switch {
	case handle != nil:
		handle(w, r)
	case s.Lenient:
		w.WriteHeader(http.StatusNotFound)
	default:
		s.t.Errorf("unexpected request %s?%s", route, r.URL.RawQuery)
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// Handle sets the handler of a route, "GET /path" without the prefix.
func (s *Server) Handle(route string, h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.routes[route] = h
}

// On serves JSON at a route.
func (s *Server) On(route, body string) {
	s.Handle(route, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	})
}

// Refuse serves an error in the provider's format at a route.
func (s *Server) Refuse(route string, status int, code, message string) {
	s.Handle(route, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(s.refusal(code, message))
	})
}

// Forget removes a route.
func (s *Server) Forget(route string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.routes, route)
}

// Asked returns the number of requests to a route.
func (s *Server) Asked(route string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[route]
}

// Clock is a clock that advances only in Sleep.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock returns a clock that shows at.
func NewClock(at time.Time) *Clock { return &Clock{at: at} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Sleep advances the clock by d.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	return ctx.Err()
}

// Forbidden requires that exactly the readings with these permissions are forbidden
// and all others allowed.
func Forbidden(t *testing.T, all []idp.Reading, permissions ...string) {
	t.Helper()
	var forbidden []string
	for _, r := range all {
		if errors.Is(r.Err, transport.ErrForbidden) {
			forbidden = append(forbidden, r.Permission)
			continue
		}
		require.NoError(t, r.Err, r.Permission)
	}
	require.NotEmpty(t, all)
	require.Equal(t, permissions, forbidden)
}
