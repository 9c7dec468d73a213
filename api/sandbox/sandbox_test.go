package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock that moves only when told to.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)} }

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

// world is a started sandbox with a plain HTTP client for each of its systems.
type world struct {
	*sandbox.Sandbox

	t      *testing.T
	clock  *clock
	client *http.Client
	jwt    string // of the organization access token
}

func start(t *testing.T, options sandbox.Options) *world {
	t.Helper()
	w := &world{t: t, clock: newClock()}
	options.Now = w.clock.now
	w.Sandbox = sandbox.New(options)
	require.NoError(t, w.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	w.client = &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c := w.Credentials()
	w.jwt = w.signIn(c.HubIdentifier, c.HubSecret)
	return w
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	json   map[string]any // nil when the body is no object
}

// text reads a string out of the JSON object.
func (a answer) text(key string) string {
	s, _ := a.json[key].(string)
	return s
}

func (a answer) list(key string) []map[string]any {
	var out []map[string]any
	items, _ := a.json[key].([]any)
	for _, item := range items {
		out = append(out, item.(map[string]any))
	}
	return out
}

func (w *world) try(method, address string, header map[string]string, body any) (answer, error) {
	w.t.Helper()
	var payload io.Reader
	switch b := body.(type) {
	case nil:
	case url.Values:
		payload = strings.NewReader(b.Encode())
	default:
		raw, err := json.Marshal(b)
		require.NoError(w.t, err)
		payload = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(context.WithoutCancel(w.t.Context()), method, address, payload)
	require.NoError(w.t, err)
	for key, value := range header {
		r.Header.Set(key, value)
	}
	res, err := w.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	out := answer{status: res.StatusCode, header: res.Header, body: string(raw)}
	_ = json.Unmarshal(raw, &out.json)
	return out, err
}

func (w *world) do(method, address string, header map[string]string, body any) answer {
	w.t.Helper()
	a, err := w.try(method, address, header, body)
	require.NoError(w.t, err)
	return a
}

func (w *world) signIn(identifier, secret string) string {
	w.t.Helper()
	a := w.do(http.MethodPost, w.Addresses().HubURL+"/v2/auth/token", nil, map[string]string{"identifier": identifier, "secret": secret})
	require.Equal(w.t, http.StatusOK, a.status, a.body)
	return a.text("access_token")
}

// hub calls the Hub API with the organization's token; asWith uses another bearer.
func (w *world) hub(method, path string, body any) answer {
	w.t.Helper()
	return w.hubAs(w.jwt, method, path, body)
}

func (w *world) hubAs(jwt, method, path string, body any) answer {
	w.t.Helper()
	header := map[string]string{}
	if jwt != "" {
		header["Authorization"] = "Bearer " + jwt
	}
	return w.do(method, w.Addresses().HubURL+path, header, body)
}

func (w *world) scim(method, path string, body any) answer {
	w.t.Helper()
	return w.do(method, w.Addresses().SCIMURL+path, map[string]string{"Authorization": "Bearer " + w.Credentials().SCIMToken}, body)
}

func (w *world) okta(method, path string, body any) answer {
	w.t.Helper()
	return w.do(method, w.Addresses().OktaURL+path, map[string]string{"Authorization": "SSWS " + w.Credentials().OktaToken}, body)
}

// oktaList reads a list of the Okta API.
func (w *world) oktaList(path string) []map[string]any {
	w.t.Helper()
	a := w.okta(http.MethodGet, path, nil)
	require.Equal(w.t, http.StatusOK, a.status, a.body)
	var out []map[string]any
	require.NoError(w.t, json.Unmarshal([]byte(a.body), &out))
	return out
}

// member finds a member in the state, nil if there is none.
func (w *world) member(username string) *sandbox.Member {
	members := w.State().Members
	i := slices.IndexFunc(members, func(m sandbox.Member) bool { return m.Username == username })
	if i < 0 {
		return nil
	}
	return &members[i]
}

func (w *world) assignment(login string) *sandbox.Assignment {
	all := w.State().Assignments
	i := slices.IndexFunc(all, func(a sandbox.Assignment) bool { return a.Login == login })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// dockerApp is the path of the Docker application.
func (w *world) dockerApp() string {
	w.t.Helper()
	for _, app := range w.oktaList("/api/v1/apps?q=Docker") {
		if app["label"] == w.Credentials().OktaAppLabel {
			return "/api/v1/apps/" + app["id"].(string)
		}
	}
	w.t.Fatal("no Docker application")
	return ""
}

func (w *world) oktaID(login string) string {
	w.t.Helper()
	return w.okta(http.MethodGet, "/api/v1/users/"+login, nil).text("id")
}

func (w *world) remove(username string) {
	w.t.Helper()
	require.Equal(w.t, http.StatusNoContent, w.hub(http.MethodDelete, "/v2/orgs/acme/members/"+username, nil).status)
}

// auditKeys are the actions that the audit log shows now, newest first.
func (w *world) auditKeys(query string) []string {
	w.t.Helper()
	var keys []string
	for _, e := range w.hub(http.MethodGet, "/v2/auditlogs/acme?page_size=100&"+query, nil).list("logs") {
		keys = append(keys, e["action"].(string))
	}
	return keys
}

func TestSandboxAnswersOnlyOnLoopbackAndOnFourPorts(t *testing.T) {
	w := start(t, sandbox.Options{})
	a := w.Addresses()
	hosts := map[string]bool{}
	for _, address := range []string{a.HubURL, a.OktaURL, a.ConsoleURL, "http://" + a.RegistryHost} {
		u, err := url.Parse(address)
		require.NoError(t, err)
		require.Equal(t, "127.0.0.1", u.Hostname())
		hosts[u.Host] = true
	}
	require.Len(t, hosts, 4)
	require.Equal(t, a.HubURL+"/v2/scim/2.0", a.SCIMURL)
}

func TestTwoSandboxesBeginInTheSameState(t *testing.T) {
	one, two := sandbox.New(sandbox.Options{}), sandbox.New(sandbox.Options{})
	require.Equal(t, string(one.State().JSON()), string(two.State().JSON()))
	require.Len(t, one.State().Members, 9+sandbox.DefaultFillers)
	require.Len(t, sandbox.New(sandbox.Options{Fillers: -1}).State().Members, 9)
}

func TestReadsChangeNothing(t *testing.T) {
	w := start(t, sandbox.Options{})
	before := w.State().JSON()
	app, priya := w.dockerApp(), w.oktaID("priya.nair@acme.example")
	for _, path := range []string{
		"/v2/orgs/acme/members?type=all", "/v2/orgs/acme/members/export", "/v2/orgs/acme/groups", "/v2/orgs/acme/invites",
		"/v2/auditlogs/acme", "/v2/auditlogs/acme/actions", "/v2/namespaces/acme/repositories", "/v2/namespaces/priya-nair/repositories/build-cache/tags",
	} {
		require.Equal(t, http.StatusOK, w.hub(http.MethodGet, path, nil).status, path)
	}
	for _, path := range []string{"/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/Users"} {
		require.Equal(t, http.StatusOK, w.scim(http.MethodGet, path, nil).status, path)
	}
	for _, path := range []string{app, app + "/features/USER_PROVISIONING", app + "/users/" + priya, app + "/groups", "/api/v1/logs"} {
		require.Equal(t, http.StatusOK, w.okta(http.MethodGet, path, nil).status, path)
	}
	for _, path := range []string{"/", "/members", "/activity", "/style.css"} {
		require.Equal(t, http.StatusOK, w.do(http.MethodGet, w.Addresses().ConsoleURL+path, nil, nil).status, path)
	}
	require.Equal(t, string(before), string(w.State().JSON()))
	for _, r := range w.Requests() {
		require.False(t, r.Changing, "%s %s", r.Method, r.Path)
	}
}

func TestRequestLogNamesSystemsAndHidesSecrets(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.scim(http.MethodGet, "/Users", nil)
	w.hub(http.MethodGet, "/v2/orgs/acme/members?search=priya&access_token=sandbox-oat-canary", nil)
	w.remove("theo-brandt")
	w.hub(http.MethodDelete, "/v2/orgs/acme/members/nobody", nil)
	log := w.Requests()
	require.Equal(t, sandbox.Request{System: "hub", Method: "POST", Path: "/v2/auth/token", Status: 200}, log[0])
	require.Equal(t, sandbox.Request{System: "scim", Method: "GET", Path: "/v2/scim/2.0/Users", Status: 200}, log[1])
	require.Equal(t, "/v2/orgs/acme/members?access_token=REDACTED&search=priya", log[2].Path)
	require.Equal(t, sandbox.Request{System: "hub", Method: "DELETE", Path: "/v2/orgs/acme/members/theo-brandt", Status: 204, Changing: true}, log[3])
	require.Equal(t, 404, log[4].Status)
}

func TestCloseIsFinalAndHarmlessTwice(t *testing.T) {
	s := sandbox.New(sandbox.Options{})
	require.NoError(t, s.Start(t.Context()))
	require.Error(t, s.Start(t.Context()))
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	require.Error(t, s.Start(t.Context()))
	require.NotEmpty(t, s.State().Members)
	require.Error(t, s.FlipJIT(t.Context(), false))
}
