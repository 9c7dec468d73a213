package sandbox_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

func TestOktaTakesItsTokenAloneAndAnswersInItsOwnErrors(t *testing.T) {
	w := start(t, sandbox.Options{})
	a := w.do(http.MethodGet, w.Addresses().OktaURL+"/api/v1/apps", map[string]string{"Authorization": "SSWS " + w.Credentials().SCIMToken}, nil)
	require.Equal(t, http.StatusUnauthorized, a.status)
	require.Equal(t, "E0000011", a.text("errorCode"))
	require.NotEmpty(t, a.header.Get("X-Rate-Limit-Reset"))
	for path, code := range map[string]string{
		"/api/v1/users/nobody@acme.example": "E0000007", "/api/v1/apps/0oaNone": "E0000007", "/api/v1/groups/00gNone": "E0000007",
		w.dockerApp() + "/users/00uNone": "E0000007", "/api/v1/nothing": "E0000022",
	} {
		missing := w.okta(http.MethodGet, path, nil)
		require.Equal(t, http.StatusNotFound, missing.status, path)
		require.Equal(t, code, missing.text("errorCode"), path)
	}
	require.Equal(t, "E0000003", w.okta(http.MethodPost, w.dockerApp()+"/users", "no object").text("errorCode"))
}

func TestOktaAppsWithTheSameBeginningAreBothFound(t *testing.T) {
	w := start(t, sandbox.Options{})
	labels := []any{}
	for _, app := range w.oktaList("/api/v1/apps?q=docker") {
		labels = append(labels, app["label"])
	}
	require.Equal(t, []any{"Docker", "Docker Desktop Downloads"}, labels)
	app := w.okta(http.MethodGet, w.dockerApp(), nil)
	require.Equal(t, "SAML_2_0", app.text("signOnMode"))
	require.Contains(t, app.json["features"], "PUSH_NEW_USERS")
	statements := app.json["settings"].(map[string]any)["signOn"].(map[string]any)["attributeStatements"].([]any)
	require.Equal(t, []any{"user.dockerSsoRole"}, statements[0].(map[string]any)["values"])
	require.Equal(t, "dockerTeam", statements[1].(map[string]any)["name"])
	feature := w.okta(http.MethodGet, w.dockerApp()+"/features/USER_PROVISIONING", nil)
	require.Contains(t, feature.body, `"lifecycleCreate":{"status":"ENABLED"}`)
}

func TestOktaSchemaTellsWhatThePropertiesAreFor(t *testing.T) {
	w := start(t, sandbox.Options{})
	id := w.okta(http.MethodGet, w.dockerApp(), nil).text("id")
	schema := w.okta(http.MethodGet, "/api/v1/meta/schemas/apps/"+id+"/default", nil)
	custom := schema.json["definitions"].(map[string]any)["custom"].(map[string]any)["properties"].(map[string]any)
	names := map[any]string{}
	for variable, p := range custom {
		require.Equal(t, "urn:ietf:params:scim:schemas:extension:docker:2.0:User", p.(map[string]any)["externalNamespace"])
		names[p.(map[string]any)["externalName"]] = variable
	}
	require.Equal(t, map[any]string{"dockerRole": "docker_role", "dockerTeam": "docker_team", "dockerOrg": "docker_org"}, names)
	unknown := w.okta(http.MethodPost, w.dockerApp()+"/users/"+w.oktaID("sam.okafor@acme.example"), map[string]any{"profile": map[string]any{"dockerRole": "x"}})
	require.Equal(t, http.StatusBadRequest, unknown.status)
}

func TestOktaPagesByLink(t *testing.T) {
	w := start(t, sandbox.Options{})
	next := regexp.MustCompile(`<([^>]+)>; rel="next"`)
	path := w.dockerApp() + "/users?limit=10"
	seen := map[any]bool{}
	for pages := 1; ; pages++ {
		a := w.okta(http.MethodGet, path, nil)
		for _, u := range w.oktaList(path) {
			require.False(t, seen[u["id"]])
			seen[u["id"]] = true
		}
		var link []string
		for _, header := range a.header.Values("Link") {
			if found := next.FindStringSubmatch(header); found != nil {
				link = found
			}
		}
		if link == nil {
			require.Equal(t, 4, pages)
			break
		}
		u, err := url.Parse(link[1])
		require.NoError(t, err)
		require.Equal(t, w.Addresses().OktaURL, "http://"+u.Host)
		path = u.RequestURI()
	}
	require.Len(t, seen, 7+sandbox.DefaultFillers)
}

func TestOktaFindsUsersByAddress(t *testing.T) {
	w := start(t, sandbox.Options{})
	search := func(expression string) string { return "/api/v1/users?search=" + url.QueryEscape(expression) }
	require.Len(t, w.oktaList(search(`profile.email eq "noor.haddad@acme.example"`)), 1)
	require.Empty(t, w.oktaList(search(`profile.email eq "x\" or profile.email sw \"a"`)))
	require.Equal(t, http.StatusBadRequest, w.okta(http.MethodGet, search(`profile.email sw "a"`), nil).status)
	require.Len(t, w.oktaList("/api/v1/users?q=priya"), 1)
}

func TestOktaLogShowsCreationOnlyForManagedPeople(t *testing.T) {
	w := start(t, sandbox.Options{})
	events := func(login, more string) map[string]string {
		out := map[string]string{}
		for _, e := range w.oktaList("/api/v1/logs?filter=" + url.QueryEscape(`target.id eq "`+w.oktaID(login)+`"`) + more) {
			out[e["eventType"].(string)] = e["outcome"].(map[string]any)["result"].(string)
		}
		return out
	}
	require.Equal(t, "SUCCESS", events("jordan.ito@acme.example", "")["application.provision.user.push"])
	require.NotContains(t, events("priya.nair@acme.example", ""), "application.provision.user.push")
	require.Empty(t, events("jordan.ito@acme.example", "&since=2026-01-01T00:00:00Z"))

	a := w.assignment("priya.nair@acme.example")
	users := w.dockerApp() + "/users"
	w.okta(http.MethodDelete, users+"/"+a.UserID, nil)
	w.okta(http.MethodPost, users, map[string]any{"id": a.UserID, "profile": a.Profile})
	require.Equal(t, map[string]string{
		"application.user_membership.add": "SUCCESS", "application.user_membership.remove": "SUCCESS",
		"application.provision.user.deactivate": "SKIPPED", "application.provision.user.push": "SKIPPED",
	}, events(a.Login, "&since=2026-11-01T00:00:00Z"), "nothing reached her membership, and only the log's small print says so")
	require.Equal(t, http.StatusBadRequest, w.okta(http.MethodGet, "/api/v1/logs?filter=actor.id+sw+%22a%22", nil).status)
	require.Equal(t, http.StatusBadRequest, w.okta(http.MethodGet, "/api/v1/logs?since=yesterday", nil).status)
}
