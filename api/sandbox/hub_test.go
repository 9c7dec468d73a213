package sandbox_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

func TestTokenExchangeTakesOrganizationAndPersonalTokens(t *testing.T) {
	w := start(t, sandbox.Options{})
	require.NotEmpty(t, w.signIn("priya-nair", w.Credentials().Members["priya-nair"]))
	exchange := w.Addresses().HubURL + "/v2/auth/token"
	for _, pair := range [][2]string{
		{"acme", "wrong"}, {"acme", w.Credentials().Members["priya-nair"]}, {"priya-nair", w.Credentials().HubSecret}, {"nobody", "x"},
	} {
		a := w.do(http.MethodPost, exchange, nil, map[string]string{"identifier": pair[0], "secret": pair[1]})
		require.Equal(t, http.StatusUnauthorized, a.status)
		require.Equal(t, "unauthorized", a.text("message"))
	}
	old := w.do(http.MethodPost, w.Addresses().HubURL+"/v2/users/login", nil, map[string]string{"username": "acme", "password": w.Credentials().HubSecret})
	require.Equal(t, "Cannot log into an organization account", old.text("detail"))
}

func TestTokenExpiresAfterTenMinutes(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.clock.pass(10*time.Minute - time.Second)
	require.Equal(t, http.StatusOK, w.hub(http.MethodGet, "/v2/orgs/acme/members", nil).status)
	w.clock.pass(time.Second)
	a := w.hub(http.MethodGet, "/v2/orgs/acme/members", nil)
	require.Equal(t, http.StatusUnauthorized, a.status)
	require.JSONEq(t, `{"errinfo":null,"message":"unauthorized"}`, a.body)
}

func TestPersonalTokenIsRefusedOnOrganizationRoutes(t *testing.T) {
	w := start(t, sandbox.Options{})
	personal := w.signIn("morgan-reyes", w.Credentials().Members["morgan-reyes"])
	for _, path := range []string{"/v2/orgs/acme/members", "/v2/orgs/acme/members/export", "/v2/orgs/acme/groups", "/v2/orgs/acme/invites"} {
		a := w.hubAs(personal, http.MethodGet, path, nil)
		require.Equal(t, http.StatusForbidden, a.status, path)
		require.Equal(t, "token issued from personal access token is not allowed", a.text("message"))
	}
	a := w.hubAs(personal, http.MethodGet, "/v2/auditlogs/acme", nil)
	require.Equal(t, http.StatusForbidden, a.status)
	require.JSONEq(t, `{"message":"forbidden","errinfo":{}}`, a.body)
	require.Equal(t, http.StatusUnauthorized, w.hubAs("", http.MethodGet, "/v2/orgs/acme/members", nil).status)
	require.Equal(t, http.StatusNotFound, w.hub(http.MethodGet, "/v2/orgs/other/members", nil).status)
}

func TestRateLimitHeadersAreOnEveryAnswerAndLimitsHold(t *testing.T) {
	w := start(t, sandbox.Options{RateLimit: 3})
	a := w.hub(http.MethodGet, "/v2/orgs/acme/invites", nil)
	require.Equal(t, "3", a.header.Get("X-RateLimit-Limit"))
	require.Equal(t, "1", a.header.Get("X-RateLimit-Remaining"), "the sign-in was the first")
	require.Equal(t, fmt.Sprint(w.clock.now().Add(time.Minute).Unix()), a.header.Get("X-RateLimit-Reset"))
	require.Equal(t, "0", w.scim(http.MethodGet, "/Users", nil).header.Get("X-RateLimit-Remaining"))
	refused := w.hub(http.MethodGet, "/v2/auditlogs/acme", nil)
	require.Equal(t, http.StatusTooManyRequests, refused.status)
	require.Equal(t, "60", refused.header.Get("Retry-After"))
	require.JSONEq(t, `{"detail":"Rate limit exceeded","error":false}`, refused.body)
	w.clock.pass(time.Minute)
	require.Equal(t, http.StatusOK, w.hub(http.MethodGet, "/v2/auditlogs/acme", nil).status)
}

func TestMembersListPagesAndFilters(t *testing.T) {
	w := start(t, sandbox.Options{PageSize: 10})
	seen := map[any]bool{}
	path := "/v2/orgs/acme/members?page_size=100"
	pages := 0
	for path != "" {
		a := w.hub(http.MethodGet, path, nil)
		require.Equal(t, http.StatusOK, a.status)
		require.LessOrEqual(t, len(a.list("results")), 10)
		require.EqualValues(t, 33, a.json["count"])
		for _, m := range a.list("results") {
			require.False(t, seen[m["username"]])
			seen[m["username"]] = true
		}
		pages++
		path = strings.TrimPrefix(a.text("next"), w.Addresses().HubURL)
	}
	require.Equal(t, 4, pages)
	require.Len(t, seen, 33)

	count := func(query string) any {
		return w.hub(http.MethodGet, "/v2/orgs/acme/members?"+query, nil).json["count"]
	}
	require.EqualValues(t, 1, count("search=PRIYA"))
	require.EqualValues(t, 1, count("search=partner.example"))
	require.EqualValues(t, 1, count("role=owner"))
	require.EqualValues(t, 35, count("type=all"))
	require.EqualValues(t, 35, count("invites=true"))
	require.EqualValues(t, 2, count("type=invitee"))
	for _, bad := range []string{"page=0", "page_size=x", "type=robot", "role=king", "invites=maybe"} {
		require.Equal(t, http.StatusBadRequest, w.hub(http.MethodGet, "/v2/orgs/acme/members?"+bad, nil).status, bad)
	}
}

func TestMemberEntryHasDockersFields(t *testing.T) {
	w := start(t, sandbox.Options{})
	m := w.hub(http.MethodGet, "/v2/orgs/acme/members?search=sam-okafor", nil).list("results")[0]
	require.Equal(t, "Editor", m["role"])
	require.Equal(t, []any{"backend"}, m["groups"])
	require.Equal(t, "sam.okafor@acme.example", m["email"])
	require.Len(t, m["id"], 32)
	require.NotContains(t, m["id"], "-")
	require.Equal(t, strings.ReplaceAll(w.member("sam-okafor").SCIMID, "-", ""), m["id"])
	require.Equal(t, "User", m["type"])
}

func TestExportIsACSVWithTheDocumentedColumns(t *testing.T) {
	w := start(t, sandbox.Options{})
	a := w.hub(http.MethodGet, "/v2/orgs/acme/members/export", nil)
	require.Equal(t, "text/csv", a.header.Get("Content-Type"))
	require.Equal(t, `attachment;filename="acme-members-20261123120000.csv"`, a.header.Get("Content-Disposition"))
	rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"Name", "Username", "Email", "Type", "Role", "Teams", "Date Joined"}, rows[0])
	require.Contains(t, rows, []string{"Priya Nair", "priya-nair", "priya.nair@acme.example", "User", "Member", "legacy", "2021-06-14 09:30:00 +0000 UTC"})
	require.Contains(t, rows, []string{"", "", "newhire@acme.example", "Invitee", "Member", "backend", "2026-11-16 09:30:00 +0000 UTC"})
	require.Len(t, rows, 1+33+2)
}

func TestRolesAreSetInLowerCaseAndShownCapitalised(t *testing.T) {
	w := start(t, sandbox.Options{})
	a := w.hub(http.MethodPut, "/v2/orgs/acme/members/theo-brandt", map[string]string{"role": "editor"})
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, "Editor", a.text("role"))
	require.Equal(t, "editor", w.member("theo-brandt").Role)
	require.Equal(t, http.StatusBadRequest, w.hub(http.MethodPut, "/v2/orgs/acme/members/theo-brandt", map[string]string{"role": "Editor"}).status)
	require.Equal(t, http.StatusNotFound, w.hub(http.MethodPut, "/v2/orgs/acme/members/nobody", map[string]string{"role": "editor"}).status)
	require.Equal(t, "org.member.role.change", w.auditKeys("")[0])
}

func TestRemovalDropsAllTeamsAndLeavesRepositories(t *testing.T) {
	w := start(t, sandbox.Options{})
	repositories := w.State().Repositories
	require.Equal(t, http.StatusOK, w.hub(http.MethodPost, "/v2/orgs/acme/groups/backend/members", map[string]string{"member": "priya-nair"}).status)
	require.Equal(t, []string{"backend", "legacy"}, w.member("priya-nair").Teams)
	w.remove("priya-nair")
	for _, team := range w.State().Teams {
		require.NotContains(t, team.Members, "priya-nair")
	}
	require.Equal(t, repositories, w.State().Repositories)
	require.Equal(t, http.StatusNotFound, w.hub(http.MethodDelete, "/v2/orgs/acme/members/priya-nair", nil).status)
	require.Equal(t, http.StatusNotFound, w.hub(http.MethodDelete, "/v2/orgs/acme/members/theo.brandt@acme.example", nil).status, "by address nobody is removed")
}

func TestTeams(t *testing.T) {
	w := start(t, sandbox.Options{})
	mine := w.hub(http.MethodGet, "/v2/orgs/acme/groups?username=priya-nair", nil).list("results")
	require.Len(t, mine, 1)
	require.Equal(t, "legacy", mine[0]["name"])
	require.EqualValues(t, 8, w.hub(http.MethodGet, "/v2/orgs/acme/groups", nil).json["count"])
	require.Equal(t, http.StatusNotFound, w.hub(http.MethodGet, "/v2/orgs/acme/groups?username=nobody", nil).status)

	require.Equal(t, http.StatusCreated, w.hub(http.MethodPost, "/v2/orgs/acme/groups", map[string]string{"name": "night"}).status)
	require.Equal(t, http.StatusBadRequest, w.hub(http.MethodPost, "/v2/orgs/acme/groups", map[string]string{"name": "night"}).status)
	members := "/v2/orgs/acme/groups/night/members"
	require.Equal(t, http.StatusOK, w.hub(http.MethodPost, members, map[string]string{"member": "sam-okafor"}).status)
	require.Equal(t, http.StatusNotFound, w.hub(http.MethodPost, members, map[string]string{"member": "nobody"}).status)
	require.Equal(t, http.StatusNotFound, w.hub(http.MethodPost, "/v2/orgs/acme/groups/none/members", map[string]string{"member": "sam-okafor"}).status)
	require.Equal(t, "sam-okafor", w.hub(http.MethodGet, members+"?search=okafor", nil).list("results")[0]["username"])
	require.EqualValues(t, 1, w.hub(http.MethodGet, "/v2/orgs/acme/groups/night", nil).json["member_count"])
	require.Equal(t, http.StatusNoContent, w.hub(http.MethodDelete, members+"/sam-okafor", nil).status)
	require.Equal(t, http.StatusNotFound, w.hub(http.MethodDelete, members+"/sam-okafor", nil).status)
	require.Equal(t, http.StatusNoContent, w.hub(http.MethodDelete, "/v2/orgs/acme/groups/night", nil).status)
	require.Equal(t, http.StatusNotFound, w.hub(http.MethodGet, "/v2/orgs/acme/groups/night", nil).status)
}

func TestInvitesAreListedCancelledAndSent(t *testing.T) {
	w := start(t, sandbox.Options{})
	list := w.hub(http.MethodGet, "/v2/orgs/acme/invites", nil).list("data")
	require.Len(t, list, 2)
	id := list[0]["id"].(string)
	require.Equal(t, http.StatusNoContent, w.hub(http.MethodPatch, "/v2/invites/"+id+"/resend", nil).status)
	require.Equal(t, http.StatusNoContent, w.hub(http.MethodDelete, "/v2/invites/"+id, nil).status)
	require.Equal(t, http.StatusNotFound, w.hub(http.MethodDelete, "/v2/invites/"+id, nil).status)
	require.Len(t, w.State().Invites, 1)

	body := map[string]any{"org": "acme", "team": "backend", "role": "editor", "dry_run": true, "invitees": []string{"priya-nair", "new@acme.example", "no such id"}}
	before := w.State().JSON()
	dry := w.hub(http.MethodPost, "/v2/invites/bulk", body)
	require.Equal(t, http.StatusAccepted, dry.status)
	statuses := []any{}
	for _, i := range dry.list("invitees") {
		statuses = append(statuses, i["status"])
		require.NotContains(t, i, "invite")
	}
	require.Equal(t, []any{"existing_org_member", "invited", "invalid_email_or_docker_id"}, statuses)
	require.Equal(t, string(before), string(w.State().JSON()), "a dry run changes nothing")

	w.remove("priya-nair")
	body["dry_run"], body["invitees"] = false, []string{"priya-nair"}
	sent := w.hub(http.MethodPost, "/v2/invites/bulk", body).list("invitees")[0]
	require.Equal(t, "backend", sent["invite"].(map[string]any)["team"])
	w.ToggleJIT(false)
	require.NoError(t, w.SSOSignIn("priya.nair@acme.example"))
	require.Equal(t, "editor", w.member("priya-nair").Role)
	require.Equal(t, []string{"backend"}, w.member("priya-nair").Teams)
	require.Equal(t, http.StatusBadRequest, w.hub(http.MethodPost, "/v2/invites/bulk", map[string]any{"org": "acme"}).status)
}

func TestBodyThatIsNoJSONIsABadRequest(t *testing.T) {
	w := start(t, sandbox.Options{})
	require.Equal(t, http.StatusBadRequest, w.hub(http.MethodPut, "/v2/orgs/acme/members/sam-okafor", []string{"editor"}).status)
	require.Equal(t, http.StatusNotFound, w.hub(http.MethodGet, "/v2/nowhere", nil).status)
}
