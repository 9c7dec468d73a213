package sandbox_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

var formHeader = map[string]string{"Content-Type": "application/x-www-form-urlencoded"}

func (w *world) page(path string) answer {
	w.t.Helper()
	return w.do(http.MethodGet, w.Addresses().ConsoleURL+path, nil, nil)
}

func (w *world) submit(form url.Values) answer {
	w.t.Helper()
	return w.do(http.MethodPost, w.Addresses().ConsoleURL+"/sso/jit", formHeader, form)
}

func csrfOf(t *testing.T, page answer) string {
	t.Helper()
	found := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(page.body)
	require.NotNil(t, found)
	return found[1]
}

func TestConsoleDisablesJITInTwoSteps(t *testing.T) {
	w := start(t, sandbox.Options{})
	first := w.page("/")
	require.Contains(t, first.body, "Disable JIT provisioning</button>")
	require.NotContains(t, first.body, "<script")
	form := url.Values{"csrf": {csrfOf(t, first)}, "jit": {"off"}}
	question := w.submit(form)
	require.Equal(t, http.StatusOK, question.status)
	require.Contains(t, question.body, "Disable JIT provisioning?")
	require.True(t, w.State().Connection.JIT, "the first step only asks")

	form = url.Values{"csrf": {csrfOf(t, question)}, "jit": {"off"}, "confirm": {"yes"}}
	done := w.submit(form)
	require.Equal(t, http.StatusSeeOther, done.status)
	require.False(t, w.State().Connection.JIT)
	after := w.page(done.header.Get("Location"))
	require.Contains(t, after.body, "JIT provisioning is disabled.")
	require.Contains(t, after.body, "Enable JIT provisioning</button>")
	require.NotContains(t, w.page("/?done=on").body, "JIT provisioning is enabled.", "the page tells what is, not what its address says")
	require.Contains(t, w.page("/activity").body, "disabled JIT provisioning on the SSO connection")
}

func TestConsoleRefusesAFormFromElsewhere(t *testing.T) {
	w := start(t, sandbox.Options{})
	for _, form := range []url.Values{
		{"jit": {"off"}, "confirm": {"yes"}},
		{"jit": {"off"}, "confirm": {"yes"}, "csrf": {""}},
		{"jit": {"off"}, "confirm": {"yes"}, "csrf": {"guess"}},
	} {
		require.Equal(t, http.StatusForbidden, w.submit(form).status)
	}
	token := csrfOf(t, w.page("/"))
	inQuery := w.do(http.MethodPost, w.Addresses().ConsoleURL+"/sso/jit?csrf="+token, formHeader, url.Values{"jit": {"off"}, "confirm": {"yes"}})
	require.Equal(t, http.StatusForbidden, inQuery.status, "the token counts in the form only")
	require.Equal(t, http.StatusBadRequest, w.submit(url.Values{"csrf": {token}, "jit": {"perhaps"}}).status)
	require.True(t, w.State().Connection.JIT)

	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.Addresses().ConsoleURL+"/", nil)
	require.NoError(t, err)
	r.Host = "rebound.example"
	res, err := w.client.Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusMisdirectedRequest, res.StatusCode)
}

func TestConsoleEscapesWhatPeopleAreCalled(t *testing.T) {
	w := start(t, sandbox.Options{})
	body := map[string]any{
		"schemas": []string{userSchema}, "userName": "eve@acme.example", "name": map[string]string{"givenName": "<script>alert(1)</script>"},
	}
	require.Equal(t, http.StatusCreated, w.scim(http.MethodPost, "/Users", body).status)
	page := w.page("/members").body
	require.NotContains(t, page, "<script>")
	require.Contains(t, page, "&lt;script&gt;alert(1)")
}

func TestConsolePagesAreAccessibleHTML(t *testing.T) {
	w := start(t, sandbox.Options{})
	for _, path := range []string{"/", "/members", "/activity"} {
		a := w.page(path)
		require.Equal(t, "text/html; charset=utf-8", a.header.Get("Content-Type"))
		require.Contains(t, a.header.Get("Content-Security-Policy"), "default-src 'none'")
		for _, part := range []string{`<html lang="en">`, "<title>", `name="viewport"`, `href="#main"`, `<main id="main">`, `aria-current="page"`} {
			require.Equal(t, 1, strings.Count(a.body, part), "%s on %s", part, path)
		}
		require.Equal(t, 1, strings.Count(a.body, "<h1>"))
	}
	members := w.page("/members").body
	require.Contains(t, members, "priya.nair@acme.example")
	require.Contains(t, members, "33 members, 2 pending invitations")
	css := w.page("/style.css")
	require.Contains(t, css.header.Get("Content-Type"), "text/css")
	require.Contains(t, css.body, "prefers-color-scheme: dark")
	require.Equal(t, http.StatusNotFound, w.page("/nothing").status)
}

func TestConsoleShowsAtMostAPageOfMembers(t *testing.T) {
	w := start(t, sandbox.Options{Fillers: 600})
	page := w.page("/members").body
	require.Contains(t, page, "609 members")
	require.Contains(t, page, "109 more members are not shown.")
}

func TestFlipJITPlaysTheOwnerOverHTTP(t *testing.T) {
	w := start(t, sandbox.Options{AuditDelay: time.Minute})
	require.NoError(t, w.FlipJIT(t.Context(), false))
	require.False(t, w.State().Connection.JIT)
	require.NoError(t, w.FlipJIT(t.Context(), true))
	require.True(t, w.State().Connection.JIT)
	var console []string
	for _, r := range w.Requests() {
		if r.System == "console" {
			console = append(console, r.Method+" "+r.Path)
		}
	}
	one := []string{"GET /", "POST /sso/jit", "POST /sso/jit"}
	require.Equal(t, append(one, one...), console)
	require.Empty(t, w.auditKeys("action="+jitToggle))
	w.clock.pass(time.Minute)
	require.Len(t, w.auditKeys("action="+jitToggle), 2)

	w.Fail(sandbox.Fault{System: "console", Method: http.MethodPost, Status: http.StatusBadGateway})
	require.ErrorContains(t, w.FlipJIT(t.Context(), false), "disable JIT provisioning on the sandbox console")
}
