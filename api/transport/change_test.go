package transport_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

var changing = []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "get", "PROPFIND", ""}

func TestReadOnlyRefusesEveryChangeBeforeAByteLeaves(t *testing.T) {
	f := newTestServer(t, says(200, `{}`))
	asked := 0
	n := newTestClient(t, f.URL, func(o *transport.Options) {
		o.ReadOnly = true
		o.Authorize = func(context.Context, *http.Request) error { asked++; return nil }
	})
	for _, method := range changing {
		call := transport.Call{System: "hub", Method: method, URL: n.URL("/v2/x", nil)}
		approved := transport.Approve(t.Context(), []transport.Call{call}, []string{f.URL + "/v2/"})

		_, err := n.Do(approved, call)
		require.ErrorIs(t, err, transport.ErrReadOnly, method)
		require.False(t, isError(t, err).Unknown)

		if method == "" {
			continue // in an http.Request that is GET
		}
		_, err = n.RoundTripper().RoundTrip(request(t, approved, method, call.URL, "body"))
		require.ErrorIs(t, err, transport.ErrReadOnly, method)
	}
	require.Empty(t, f.requests())
	require.Zero(t, asked, "not even the credential was fetched")
	require.Empty(t, n.exchanges)

	for _, method := range []string{"GET", "HEAD"} {
		_, err := n.Do(t.Context(), transport.Call{System: "hub", Method: method, URL: n.URL("/v2/x", nil)})
		require.NoError(t, err)
		response, err := n.RoundTripper().RoundTrip(request(t, t.Context(), method, n.URL("/v2/x", nil), ""))
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
	}
	require.Len(t, f.requests(), 4)
}

func TestAReadCannotBeMadeIntoAChange(t *testing.T) {
	f := newTestServer(t, says(200, `{}`))
	names := []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"}
	n := newTestClient(t, f.URL, func(o *transport.Options) {
		o.ReadOnly = true
		o.Authorize = func(_ context.Context, r *http.Request) error {
			for _, name := range names {
				r.Header.Set(name, "DELETE")
			}
			r.Method = "DELETE"
			r.URL.Path = "/elsewhere"
			r.Body = io.NopCloser(strings.NewReader("body"))
			return nil
		}
	})

	_, err := n.Get(t.Context(), "/x", nil)
	require.NoError(t, err)
	r := request(t, t.Context(), "GET", n.URL("/x", nil), "")
	r.Header.Set("X-HTTP-Method-Override", "DELETE")
	response, err := n.RoundTripper().RoundTrip(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())

	require.Len(t, f.requests(), 2)
	for _, seen := range f.requests() {
		require.Equal(t, "GET", seen.Method)
		require.Equal(t, "/x", seen.URL.Path)
		require.Zero(t, seen.ContentLength)
		for _, name := range names {
			require.Empty(t, seen.Header.Get(name))
		}
	}

	_, err = n.Do(t.Context(), transport.Call{System: "hub", Method: "GET", URL: n.URL("/x", nil), Body: "b"})
	require.ErrorContains(t, err, "a read carries no body")
	_, err = n.RoundTripper().RoundTrip(request(t, t.Context(), "GET", n.URL("/x", nil), "b"))
	require.ErrorContains(t, err, "a read carries no body")
	require.Len(t, f.requests(), 2)
}

func TestOnlyTheApprovedCallIsSent(t *testing.T) {
	f := newTestServer(t, says(201, `{"id":1}`))
	n := newTestClient(t, f.URL, bearer)
	approved := transport.Call{System: "hub", Method: "PUT", URL: n.URL("/v2/orgs/acme/members/sam", nil), ContentType: "application/json", Body: `{"role":"member"}`}
	ctx := transport.Approve(t.Context(), []transport.Call{approved}, nil)

	with := func(change func(*transport.Call)) transport.Call {
		c := approved
		change(&c)
		return c
	}
	for name, call := range map[string]transport.Call{
		"another body":         with(func(c *transport.Call) { c.Body = `{"role":"owner"}` }),
		"a longer body":        with(func(c *transport.Call) { c.Body += " " }),
		"no body":              with(func(c *transport.Call) { c.Body = "" }),
		"another method":       with(func(c *transport.Call) { c.Method = "DELETE" }),
		"another member":       with(func(c *transport.Call) { c.URL = n.URL("/v2/orgs/acme/members/alex", nil) }),
		"a query":              with(func(c *transport.Call) { c.URL += "?force=true" }),
		"another content type": with(func(c *transport.Call) { c.ContentType = "text/plain" }),
	} {
		_, err := n.Do(ctx, call)
		require.ErrorIs(t, err, transport.ErrNotApproved, name)
		r := request(t, ctx, call.Method, call.URL, call.Body)
		r.Header.Set("Content-Type", call.ContentType)
		_, err = n.RoundTripper().RoundTrip(r)
		require.ErrorIs(t, err, transport.ErrNotApproved, name)
	}
	_, err := n.Do(t.Context(), approved)
	require.ErrorIs(t, err, transport.ErrNotApproved, "without a context that says so")
	_, err = n.Do(transport.Approve(ctx, nil, nil), approved)
	require.ErrorIs(t, err, transport.ErrNotApproved, "a later approval replaces the former")
	require.Empty(t, f.requests())

	response, err := n.Do(ctx, approved)
	require.NoError(t, err)
	require.Equal(t, 201, response.Status)
	require.Len(t, f.requests(), 1)
	require.Equal(t, "application/json", f.requests()[0].Header.Get("Content-Type"))
}

func TestTheBodyThatWasApprovedIsTheBodyThatArrives(t *testing.T) {
	bodies := make(chan string, 4)
	f := newTestServer(t, inTurn(
		func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			bodies <- string(b)
			w.WriteHeader(http.StatusTooManyRequests)
		},
		func(_ http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			bodies <- string(b)
		}))
	n := newTestClient(t, f.URL, nil)
	call := transport.Call{System: "hub", Method: "PATCH", URL: n.URL("/x", nil), Body: "exactly this"}
	ctx := transport.Approve(t.Context(), []transport.Call{call}, nil)

	r := request(t, ctx, "PATCH", call.URL, call.Body)
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("something else")), nil }
	response, err := n.RoundTripper().RoundTrip(r)

	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, "exactly this", <-bodies)
	require.Equal(t, "exactly this", <-bodies)
}

func TestUploadsAreApprovedByPrefix(t *testing.T) {
	f := newTestServer(t, says(201, ``))
	n := newTestClient(t, f.URL, nil)
	other := newTestServer(t, says(201, ``))
	for _, prefix := range []string{"/v2/acme/tool", "/v2/acme/tool/"} {
		ctx := transport.Approve(t.Context(), nil, []string{f.URL + prefix, f.URL, f.URL + "/", "", "/v2/", "https://"})
		for _, c := range []struct {
			method, address string
			allowed         bool
		}{
			{"POST", f.URL + "/v2/acme/tool/blobs/uploads/?mount=sha256:a&from=priya/tool", true},
			{"PATCH", f.URL + "/v2/acme/tool/blobs/uploads/1", true},
			{"PUT", f.URL + "/v2/acme/tool/manifests/latest", true},
			{"DELETE", f.URL + "/v2/acme/tool/manifests/latest", false},
			{"PUT", f.URL + "/v2/acme/tool-evil/manifests/latest", false},
			{"PUT", f.URL + "/v2/acme/tool/../other/manifests/latest", false},
			{"PUT", f.URL + "/v2/acme/tool/%2e%2e/other/manifests/latest", false},
			{"PUT", f.URL + "/v2/acme/tool/..%2fother/manifests/latest", false},
			{"PUT", f.URL + "/v2/acme/other/manifests/latest", false},
			{"PUT", other.URL + "/v2/acme/tool/manifests/latest", false},
		} {
			before := len(f.requests())
			response, err := n.RoundTripper().RoundTrip(request(t, ctx, c.method, c.address, "layer"))
			if c.allowed {
				require.NoError(t, err, c.address)
				require.NoError(t, response.Body.Close())
				require.Len(t, f.requests(), before+1)
				continue
			}
			require.Error(t, err, c.address)
			require.Len(t, f.requests(), before, "%s %s", c.method, c.address)
		}
	}
	require.Empty(t, other.requests())
}

func TestAPathThatLeadsElsewhereIsRefused(t *testing.T) {
	f := newTestServer(t, says(200, `{}`))
	n := newTestClient(t, f.URL, nil)
	for _, path := range []string{"/v2/orgs/acme/members/..", "/v2/./x", "/v2/%2E%2e/x", "/v2/a%2f..%2fb", `/v2/a%5C..`} {
		call := transport.Call{System: "hub", Method: "DELETE", URL: f.URL + path}
		_, err := n.Do(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
		require.ErrorContains(t, err, "another route", path)
	}
	require.Empty(t, f.requests())
}

func TestACallForAnotherSystemIsRefused(t *testing.T) {
	f := newTestServer(t, says(200, `{}`))
	n := newTestClient(t, f.URL, nil)
	_, err := n.Do(t.Context(), transport.Call{System: "okta", Method: "GET", URL: n.URL("/", nil)})
	require.ErrorContains(t, err, `the call is for "okta", this connection leads to "hub"`)
	require.Empty(t, f.requests())
}

func TestAChangeIsRepeatedOnlyAfterTooManyRequests(t *testing.T) {
	f := newTestServer(t, inTurn(saysWith(429, "Retry-After", "2"), says(200, `{}`)))
	n := newTestClient(t, f.URL, nil)
	call := transport.Call{System: "hub", Method: "DELETE", URL: n.URL("/x", nil)}
	ctx := transport.Approve(t.Context(), []transport.Call{call}, nil)
	_, err := n.Do(ctx, call)
	require.NoError(t, err)
	require.Len(t, f.requests(), 2)

	for _, c := range []struct {
		name    string
		answer  http.HandlerFunc
		unknown bool
	}{
		{"connection dropped", drops, true},
		{"half an answer", breaksOff, true},
		{"answer too large", says(200, strings.Repeat("x", 2000)), true},
		{"bad gateway", says(502, ``), true},
		{"unavailable", saysWith(503, "Retry-After", "1"), true},
		{"gateway timeout", says(504, ``), true},
		{"server error", says(500, ``), true},
		{"request timeout", says(408, ``), true},
		{"see other", saysWith(303, "Location", "/y"), true},
		{"redirect", saysWith(307, "Location", "/y"), false},
		{"invalid", says(400, ``), false},
		{"unauthorized", says(401, ``), false},
		{"forbidden", says(403, ``), false},
		{"not found", says(404, ``), false},
		{"conflict", says(409, ``), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newTestServer(t, c.answer)
			n := newTestClient(t, f.URL, func(o *transport.Options) { o.MaxBody = 1000 })
			call := transport.Call{System: "hub", Method: "DELETE", URL: n.URL("/x", nil)}

			_, err := n.Do(transport.Approve(t.Context(), []transport.Call{call}, nil), call)

			require.Equal(t, c.unknown, isError(t, err).Unknown)
			require.Equal(t, c.unknown, strings.Contains(err.Error(), "whether it took effect is not known"))
			require.Len(t, f.requests(), 1)
			require.Empty(t, n.slept)
		})
	}
}

func TestALibrarysChangeIsNotRepeatedEither(t *testing.T) {
	f := newTestServer(t, drops)
	n := newTestClient(t, f.URL, nil)
	ctx := transport.Approve(t.Context(), nil, []string{f.URL + "/v2/acme/tool/"})

	_, err := n.RoundTripper().RoundTrip(request(t, ctx, "PUT", f.URL+"/v2/acme/tool/manifests/1", "m"))

	require.True(t, isError(t, err).Unknown)
	require.Len(t, f.requests(), 1)
}

func TestABaseTransportWithoutTraceLeavesTheOutcomeUnknown(t *testing.T) {
	n := newTestClient(t, "https://hub.example", func(o *transport.Options) {
		o.Base = roundTrip(func(*http.Request) (*http.Response, error) { return nil, io.ErrClosedPipe })
	})
	call := transport.Call{System: "hub", Method: "DELETE", URL: n.URL("/x", nil)}
	_, err := n.Do(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
	require.True(t, isError(t, err).Unknown)
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

func TestATokenExchangePassesEverywhereAndIsRepeatedLikeARead(t *testing.T) {
	f := newTestServer(t, inTurn(says(503, ``), drops, says(200, `{"access_token":"`+canary+`"}`)))
	n := newTestClient(t, f.URL, func(o *transport.Options) {
		o.ReadOnly = true
		o.SignIn = []string{"/v2/auth/token"}
		o.Authorize = func(context.Context, *http.Request) error { return errNoToken }
		o.Renew = func(string) { t.Error("there is nothing to renew") }
	})
	body, err := json.Marshal(map[string]string{"identifier": "acme", "secret": canary})
	require.NoError(t, err)
	call := transport.Call{System: "hub", Method: "POST", URL: n.URL("/v2/auth/token", nil), ContentType: "application/json", Body: string(body)}

	response, err := n.Do(t.Context(), call)

	require.NoError(t, err)
	require.Equal(t, 200, response.Status)
	require.Len(t, f.requests(), 3)

	for _, c := range []transport.Call{
		{System: "hub", Method: "PUT", URL: call.URL},
		{System: "hub", Method: "POST", URL: n.URL("/v2/auth/token/", nil)},
		{System: "hub", Method: "POST", URL: n.URL("/v2/auth%2Ftoken", nil)},
	} {
		_, err := n.Do(t.Context(), c)
		require.ErrorIs(t, err, transport.ErrReadOnly, c.URL)
	}
	require.Len(t, f.requests(), 3)
}
