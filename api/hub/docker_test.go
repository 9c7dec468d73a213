package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const secret = "oat-canary-7c1f"

// docker is a server on 127.0.0.1 that gives prepared answers. A request for
// which none is prepared fails the test.
type docker struct {
	*httptest.Server
	t    *testing.T
	turn sync.Mutex // of prepared answers, which keep counts

	mu       sync.Mutex
	replies  map[string]http.HandlerFunc
	requests []request
	tokens   int // exchanged so far
}

// request is what the server saw.
type request struct {
	Method, Path, Query, Authorization, ContentType, Body string
}

func newDocker(t *testing.T) *docker {
	t.Helper()
	d := &docker{t: t, replies: map[string]http.HandlerFunc{}}
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

// on prepares an answer for "METHOD /path" or, more closely,
// "METHOD /path page N". {base} in the body stands for the server's address.
func (d *docker) on(route string, status int, body string) {
	d.handle(route, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		write(w, strings.ReplaceAll(body, "{base}", d.URL))
	})
}

func (d *docker) handle(route string, h http.HandlerFunc) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.replies[route] = h
}

func (d *docker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		d.t.Errorf("read the request: %v", err)
	}
	route := r.Method + " " + r.URL.EscapedPath()
	d.mu.Lock()
	if route == "POST /v2/auth/token" {
		h := d.replies[route]
		d.mu.Unlock()
		if h == nil {
			d.exchange(w, r, body)
			return
		}
		d.answer(w, r, h)
		return
	}
	d.requests = append(d.requests, request{
		r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(body),
	})
	h := d.replies[route+" page "+r.URL.Query().Get("page")]
	if h == nil {
		h = d.replies[route]
	}
	d.mu.Unlock()
	if h == nil {
		d.t.Errorf("unexpected request %s?%s", route, r.URL.RawQuery)
		http.Error(w, "unexpected", http.StatusTeapot)
		return
	}
	d.answer(w, r, h)
}

func (d *docker) answer(w http.ResponseWriter, r *http.Request, h http.HandlerFunc) {
	d.turn.Lock()
	defer d.turn.Unlock()
	h(w, r)
}

func (d *docker) exchange(w http.ResponseWriter, r *http.Request, body []byte) {
	var asked struct{ Identifier, Secret string }
	if err := json.Unmarshal(body, &asked); err != nil {
		d.t.Errorf("exchange: %v", err)
	}
	if a := r.Header.Get("Authorization"); a != "" {
		d.t.Errorf("exchange carries a credential: %q", a)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tokens++
	w.Header().Set("Content-Type", "application/json")
	if asked.Identifier != "acme" || !strings.HasSuffix(asked.Secret, secret) {
		w.WriteHeader(http.StatusUnauthorized)
		write(w, `{"errinfo":null,"message":"unauthorized"}`)
		return
	}
	write(w, fmt.Sprintf(`{"access_token":"token-%d"}`, d.tokens))
}

// seen returns the requests so far, token exchanges left out.
func (d *docker) seen() []request {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]request(nil), d.requests...)
}

func (d *docker) exchanges() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.tokens
}

// client makes a client of the server that never waits.
func (d *docker) client(change ...func(*hub.Options)) *hub.Client {
	d.t.Helper()
	o := hub.Options{
		BaseURL:    d.URL,
		Identifier: "acme",
		Secret:     func() string { return secret },
		Transport: transport.Options{
			Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		},
	}
	for _, f := range change {
		f(&o)
	}
	c, err := hub.New(o)
	require.NoError(d.t, err)
	return c
}

// all reads a listing to its end or to its error.
func all[T any](listing func(func(T, error) bool)) ([]T, error) {
	var items []T
	for item, err := range listing {
		if err != nil {
			return items, err
		}
		items = append(items, item)
	}
	return items, nil
}

// clock is a clock that the test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// write sends a body; a client that hung up is what some tests are about.
func write(w http.ResponseWriter, body string) { _, _ = io.WriteString(w, body) }
