package transport_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		if err := child(os.Stdout); err != nil {
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// canary is a credential that must not appear where none belongs.
const canary = "canary-0123456789abcdef"

// noon is the client's time in these tests.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// testServer is a server on loopback that records its requests.
type testServer struct {
	*httptest.Server
	mu   sync.Mutex
	seen []*http.Request
}

func newTestServer(t *testing.T, answer http.HandlerFunc) *testServer {
	t.Helper()
	f := &testServer{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.seen = append(f.seen, r)
		f.mu.Unlock()
		w.Header()["Date"] = nil // omit the Date header
		answer(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *testServer) requests() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.seen)
}

// testClient is a client that records the calls of its hooks.
type testClient struct {
	*transport.Client
	mu        sync.Mutex
	slept     []time.Duration
	exchanges []transport.Exchange
	waits     []transport.Wait
}

func newTestClient(t *testing.T, base string, change func(*transport.Options)) *testClient {
	t.Helper()
	n := &testClient{}
	o := transport.Options{
		System:  "hub",
		BaseURL: base,
		Timeout: 2 * time.Minute, // longer than any machine is busy
		Now:     func() time.Time { return noon },
		Rand:    func() float64 { return 0 },
		Sleep: func(ctx context.Context, d time.Duration) error {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.slept = append(n.slept, d)
			return ctx.Err()
		},
		Record: func(x transport.Exchange) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.exchanges = append(n.exchanges, x)
		},
		Waiting: func(w transport.Wait) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.waits = append(n.waits, w)
		},
	}
	if change != nil {
		change(&o)
	}
	client, err := transport.New(o)
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	n.Client = client
	return n
}

// bearer authorizes with the canary.
func bearer(o *transport.Options) {
	o.Authorize = func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+canary)
		return nil
	}
}

// inTurn answers each request with the next handler; the last one is repeated.
func inTurn(handlers ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		h := handlers[0]
		if len(handlers) > 1 {
			handlers = handlers[1:]
		}
		mu.Unlock()
		h(w, r)
	}
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func saysWith(status int, name, value string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(name, value)
		w.WriteHeader(status)
	}
}

// drops closes the connection without an answer.
func drops(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// breaksOff announces more than it sends.
func breaksOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = w.Write([]byte(`{"half":`))
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func isError(t *testing.T, err error) *transport.Error {
	t.Helper()
	var e *transport.Error
	require.ErrorAs(t, err, &e)
	return e
}

var errNoToken = errors.New("the keyring is locked")

func TestAReadReturnsTheAnswerAndIsRecorded(t *testing.T) {
	f := newTestServer(t, says(200, `{"name":"acme"}`))
	n := newTestClient(t, f.URL+"/v2", bearer)

	response, err := n.Get(transport.WithOp(t.Context(), "read organization"), "/orgs/acme", map[string][]string{"page": {"2"}})

	require.NoError(t, err)
	require.Equal(t, 200, response.Status)
	require.JSONEq(t, `{"name":"acme"}`, string(response.Body))
	require.Equal(t, "application/json", response.Header.Get("Content-Type"))
	require.Equal(t, "/v2/orgs/acme?page=2", f.requests()[0].RequestURI)
	require.Equal(t, "Bearer "+canary, f.requests()[0].Header.Get("Authorization"))
	require.Equal(t, []transport.Exchange{{
		At: noon, System: "hub", Op: "read organization", Method: "GET",
		URL: f.URL + "/v2/orgs/acme?page=2", Attempt: 1, Status: 200,
	}}, n.exchanges)
}

func TestAddressesAreRelativeToTheBase(t *testing.T) {
	n := newTestClient(t, "https://hub.example/v2/scim/", nil)
	for _, c := range []struct {
		ref, want string
		query     map[string][]string
	}{
		{"", "https://hub.example/v2/scim/", nil},
		{"Users", "https://hub.example/v2/scim/Users", nil},
		{"/Users", "https://hub.example/v2/scim/Users", nil},
		{"/Users/a%2Fb", "https://hub.example/v2/scim/Users/a%2Fb", nil},
		{"/Users?count=5", "https://hub.example/v2/scim/Users?count=5&filter=a+b", map[string][]string{"filter": {"a b"}}},
		{"/Users", "https://hub.example/v2/scim/Users?a=1&b=2", map[string][]string{"b": {"2"}, "a": {"1"}}},
		{"https://other.example/x", "https://other.example/x", nil},
		{"//other.example/x", "https://other.example/x", nil},
		{"/x?next=https://other.example", "https://hub.example/v2/scim/x?next=https://other.example", nil},
	} {
		require.Equal(t, c.want, n.URL(c.ref, c.query), "ref %q", c.ref)
	}
}

func TestOnlySafeAddressesMakeAClient(t *testing.T) {
	insecure := http.DefaultTransport.(*http.Transport).Clone()
	insecure.TLSClientConfig.InsecureSkipVerify = true

	for name, o := range map[string]transport.Options{
		"plain http to the world":         {System: "hub", BaseURL: "http://hub.docker.com"},
		"plain http to a look-alike":      {System: "hub", BaseURL: "http://127.0.0.1.example.com"},
		"another scheme":                  {System: "hub", BaseURL: "ftp://hub.docker.com"},
		"no host":                         {System: "hub", BaseURL: "https:///v2"},
		"nothing":                         {System: "hub"},
		"no system":                       {BaseURL: "https://hub.docker.com"},
		"a password":                      {System: "hub", BaseURL: "https://me:" + canary + "@hub.docker.com"},
		"a password in no address":        {System: "hub", BaseURL: "https://me:" + canary + "@hub docker.com:x"},
		"a query":                         {System: "hub", BaseURL: "https://hub.docker.com?token=" + canary},
		"dot segments":                    {System: "hub", BaseURL: "https://hub.docker.com/v2/../v3"},
		"a further host with a path":      {System: "hub", BaseURL: "https://hub.docker.com", Hosts: []string{"auth.docker.io/token"}},
		"a further host that is a URL":    {System: "hub", BaseURL: "https://hub.docker.com", Hosts: []string{"https://auth.docker.io"}},
		"a further plain host":            {System: "hub", BaseURL: "http://127.0.0.1:1", Hosts: []string{"auth.docker.io"}},
		"a base that verifies no servers": {System: "hub", BaseURL: "https://hub.docker.com", Base: insecure},
	} {
		_, err := transport.New(o)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), canary, name)
	}
	for _, base := range []string{"https://hub.docker.com", "http://127.0.0.1:8080/v2", "http://localhost", "http://[::1]:9"} {
		_, err := transport.New(transport.Options{System: "hub", BaseURL: base})
		require.NoError(t, err, base)
	}
}

func TestAServerWithAnUntrustedCertificateIsRefused(t *testing.T) {
	reached := false
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	s.Config.ErrorLog = quiet
	s.StartTLS()
	defer s.Close()
	n := newTestClient(t, s.URL, bearer)

	_, err := n.Get(t.Context(), "/", nil)

	require.ErrorIs(t, err, transport.ErrUnreachable)
	require.ErrorContains(t, err, "certificate is not trusted")
	require.False(t, reached)
	require.Empty(t, n.slept, "a second try would not make it trusted")

	trusted := newTestClient(t, s.URL, func(o *transport.Options) { o.Base = s.Client().Transport })
	_, err = trusted.Get(t.Context(), "/", nil)
	require.NoError(t, err)
}
