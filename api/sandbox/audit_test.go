package sandbox_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

const jitToggle = "enterprise.sso.connection.jit_toggle"

func TestAuditEventAppearsAfterItsDelay(t *testing.T) {
	w := start(t, sandbox.Options{AuditDelay: 40 * time.Second})
	require.Empty(t, w.auditKeys("action="+jitToggle), "the switch was never used before")
	w.ToggleJIT(false)
	w.clock.pass(39 * time.Second)
	require.Empty(t, w.auditKeys("action="+jitToggle))
	w.clock.pass(time.Second)
	require.Equal(t, []string{jitToggle}, w.auditKeys("action="+jitToggle))
	e := w.hub(http.MethodGet, "/v2/auditlogs/acme?action="+jitToggle, nil).list("logs")[0]
	require.Equal(t, "2026-11-23T12:00:00Z", e["timestamp"], "the time of the act, not of its showing")
	require.Equal(t, "morgan-reyes", e["actor"])
	require.Equal(t, "acme", e["account"])
	require.Contains(t, e["action_description"], "disabled JIT provisioning")

	w.ToggleJIT(false)
	w.clock.pass(time.Hour)
	w.jwt = w.signIn("acme", w.Credentials().HubSecret)
	require.Len(t, w.auditKeys("action="+jitToggle), 1, "switching to the same side is no event")
}

func TestPushArrivesAfterItsDelayAndInOrder(t *testing.T) {
	w := start(t, sandbox.Options{PushDelay: 5 * time.Second, AuditDelay: 10 * time.Second})
	a := w.assignment("priya.nair@acme.example")
	users := w.dockerApp() + "/users"
	w.remove("priya-nair")
	w.okta(http.MethodDelete, users+"/"+a.UserID, nil)
	w.clock.pass(2 * time.Second)
	again := w.okta(http.MethodPost, users, map[string]any{"id": a.UserID, "scope": "USER", "profile": a.Profile})
	require.Equal(t, "SYNCING", again.text("syncState"))
	w.clock.pass(5*time.Second - time.Nanosecond)
	require.Nil(t, w.member("priya-nair"))
	w.clock.pass(time.Nanosecond)
	require.NotNil(t, w.member("priya-nair"))
	require.Equal(t, "SYNCHRONIZED", w.assignment("priya.nair@acme.example").SyncState)

	w.clock.pass(10 * time.Second)
	require.Equal(t, []string{"org.member.add", "org.member.remove"}, w.auditKeys("from="+url.QueryEscape("2026-11-23T12:00:00Z")))
}

func TestPushCountsFromWhenItWasDueHoweverLateOneLooks(t *testing.T) {
	w := start(t, sandbox.Options{PushDelay: 5 * time.Second, AuditDelay: 10 * time.Second})
	a := w.assignment("priya.nair@acme.example")
	w.remove("priya-nair")
	users := w.dockerApp() + "/users"
	w.okta(http.MethodDelete, users+"/"+a.UserID, nil)
	w.okta(http.MethodPost, users, map[string]any{"id": a.UserID, "scope": "USER", "profile": a.Profile})
	w.clock.pass(15 * time.Second)
	require.Contains(t, w.auditKeys("from="+url.QueryEscape("2026-11-23T12:00:00Z")), "org.member.add")
	require.Equal(t, w.clock.now().Add(-10*time.Second), w.member("priya-nair").Joined)
}

func TestAuditLogFiltersAndPagesWithoutACount(t *testing.T) {
	w := start(t, sandbox.Options{})
	a := w.hub(http.MethodGet, "/v2/auditlogs/acme", nil)
	require.Len(t, a.json, 1, "logs and nothing else")
	require.Len(t, a.list("logs"), 25)
	all := len(w.auditKeys(""))
	require.Greater(t, all, 25)
	require.Len(t, w.hub(http.MethodGet, "/v2/auditlogs/acme?page=2&page_size=25", nil).list("logs"), all-25)
	require.Empty(t, w.hub(http.MethodGet, "/v2/auditlogs/acme?page=9", nil).list("logs"))

	require.Equal(t, []string{"enterprise.sso.connection.scim_toggle"}, w.auditKeys("action=enterprise.sso.connection.scim_toggle&to=2024-05-02T00:00:00Z"))
	require.Empty(t, w.auditKeys("action=enterprise.sso.connection.scim_toggle&from=2024-05-02T00:00:00Z"))
	require.Contains(t, w.auditKeys("actor=priya-nair"), "repo.tag.push")
	require.Equal(t, "repo.tag.push", w.auditKeys("name=acme/billing-api")[0])
	for _, bad := range []string{"from=yesterday", "page=0", "to=1"} {
		refused := w.hub(http.MethodGet, "/v2/auditlogs/acme?"+bad, nil)
		require.Equal(t, http.StatusBadRequest, refused.status)
		require.EqualValues(t, 3, refused.json["code"])
	}
}

func TestAuditCatalogueNamesEveryEvent(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.ToggleJIT(false)
	w.remove("theo-brandt")
	known := map[string]string{}
	for category, group := range w.hub(http.MethodGet, "/v2/auditlogs/acme/actions", nil).json["actions"].(map[string]any) {
		for _, a := range group.(map[string]any)["actions"].([]any) {
			entry := a.(map[string]any)
			known[category+"."+entry["name"].(string)] = entry["label"].(string)
		}
	}
	require.Equal(t, "Toggle JIT provisioning", known[jitToggle])
	for _, key := range w.auditKeys("") {
		require.Contains(t, known, key)
	}
}
