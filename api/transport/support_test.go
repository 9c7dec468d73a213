package transport_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// quiet is for servers that are expected to complain.
var quiet = log.New(io.Discard, "", 0)

// roundTrip is a transport in a function, for tests of time, where no real
// connection may be.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, name, value string) *http.Response {
	h := http.Header{}
	if name != "" {
		h.Set(name, value)
	}
	return &http.Response{StatusCode: status, Header: h, Body: http.NoBody}
}

func request(t *testing.T, ctx context.Context, method, address, body string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, r)
	require.NoError(t, err)
	return req
}
