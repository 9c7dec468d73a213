package sandbox_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

// graph calls Microsoft Graph with the sandbox's token.
func (w *world) graph(method, path string, body any) answer {
	w.t.Helper()
	return w.do(method, w.Addresses().EntraURL+path, map[string]string{"Authorization": "Bearer " + w.Credentials().EntraToken}, body)
}

func (w *world) graphApp(name string) string {
	w.t.Helper()
	apps := w.graph(http.MethodGet, "/servicePrincipals?"+url.Values{"$filter": {"displayName eq '" + name + "'"}}.Encode(), nil).list("value")
	require.Len(w.t, apps, 1)
	return "/servicePrincipals/" + apps[0]["id"].(string)
}

// graphJob is the path of the provisioning job.
func (w *world) graphJob() string {
	w.t.Helper()
	app := w.graphApp("Docker SCIM") + "/synchronization/jobs"
	return app + "/" + w.graph(http.MethodGet, app, nil).list("value")[0]["id"].(string)
}

func (w *world) demand(job, email string) answer {
	w.t.Helper()
	user := w.graph(http.MethodGet, "/users?"+url.Values{"$filter": {"mail eq '" + email + "'"}}.Encode(), nil).list("value")[0]["id"]
	rule := w.graph(http.MethodGet, job+"/schema", nil).list("synchronizationRules")[0]["id"]
	return w.graph(http.MethodPost, job+"/provisionOnDemand", map[string]any{
		"parameters": []any{map[string]any{"ruleId": rule, "subjects": []any{map[string]any{"objectId": user, "objectTypeName": "User"}}}},
	})
}

func TestEntraTakesItsTokenAloneAndAnswersInGraphsErrors(t *testing.T) {
	w := start(t, sandbox.Options{})
	a := w.do(http.MethodGet, w.Addresses().EntraURL+"/users", map[string]string{"Authorization": "Bearer " + w.Credentials().SCIMToken}, nil)
	require.Equal(t, http.StatusUnauthorized, a.status)
	require.Contains(t, a.body, "InvalidAuthenticationToken")
	for path, code := range map[string]string{
		"/servicePrincipals/none": "Request_ResourceNotFound", "/users/none/appRoleAssignments": "Request_ResourceNotFound", "/groups": "ResourceNotFound",
		w.graphApp("Docker SCIM") + "/synchronization/jobs/none": "Request_ResourceNotFound",
	} {
		missing := w.graph(http.MethodGet, path, nil)
		require.Equal(t, http.StatusNotFound, missing.status, path)
		require.Contains(t, missing.body, code, path)
	}
	for _, path := range []string{
		"/users?$filter=" + url.QueryEscape("surname eq 'x'"), "/users?$select=id,shoeSize", "/servicePrincipals?$filter=" + url.QueryEscape("appId eq 'x'"),
		"/auditLogs/provisioning?$filter=" + url.QueryEscape("sourceIdentity/id eq 'x'"),
	} {
		require.Equal(t, http.StatusBadRequest, w.graph(http.MethodGet, path, nil).status, path)
	}
	require.Empty(t, w.graph(http.MethodGet, w.graphApp("Docker")+"/synchronization/jobs", nil).list("value"), "sign-in by OIDC has no provisioning")
}

func TestEntraPagesByNextLink(t *testing.T) {
	w := start(t, sandbox.Options{PageSize: 10})
	path, seen := w.graphApp("Docker SCIM")+"/appRoleAssignedTo", 0
	for {
		a := w.graph(http.MethodGet, path, nil)
		seen += len(a.list("value"))
		next := a.text("@odata.nextLink")
		if next == "" {
			break
		}
		require.True(t, strings.HasPrefix(next, w.Addresses().EntraURL))
		path = strings.TrimPrefix(next, w.Addresses().EntraURL)
	}
	require.Equal(t, len(w.State().Entra.Grants), seen)
	require.Greater(t, seen, 10)
}

func TestEntraAllowsFiveOnDemandInTenSeconds(t *testing.T) {
	w := start(t, sandbox.Options{})
	job := w.graphJob()
	for range 5 {
		require.Equal(t, http.StatusOK, w.demand(job, "sam.okafor@acme.example").status)
	}
	w.clock.pass(4 * time.Second)
	refused := w.demand(job, "sam.okafor@acme.example")
	require.Equal(t, http.StatusTooManyRequests, refused.status)
	wait, err := strconv.Atoi(refused.header.Get("Retry-After"))
	require.NoError(t, err)
	require.Equal(t, 6, wait)
	w.clock.pass(6 * time.Second)
	require.Equal(t, http.StatusOK, w.demand(job, "sam.okafor@acme.example").status)
}

func TestEntraReachesNobodyWhomSCIMDoesNotManageUntilTheyAreRemoved(t *testing.T) {
	w := start(t, sandbox.Options{LogDelay: time.Minute})
	job := w.graphJob()
	before := w.member("priya-nair")
	require.Contains(t, w.demand(job, "priya.nair@acme.example").text("key"), "Success", "Docker says yes and does nothing")
	require.Equal(t, before, w.member("priya-nair"))

	w.remove("priya-nair")
	require.Contains(t, w.demand(job, "priya.nair@acme.example").text("value"), `"action":"Create"`)
	m := w.member("priya-nair")
	require.Equal(t, sandbox.OriginSCIM, m.Origin)
	require.Equal(t, "editor", m.Role)
	require.Contains(t, m.Teams, "backend")

	log := func() int {
		id := job[strings.LastIndex(job, "/")+1:]
		return len(w.graph(http.MethodGet, "/auditLogs/provisioning?$filter="+url.QueryEscape("jobId eq '"+id+"' and activityDateTime gt 2026-11-01T00:00:00Z"), nil).list("value"))
	}
	require.Zero(t, log(), "the log is late")
	w.clock.pass(2 * time.Minute)
	require.Equal(t, 2, log())
}

func TestEntrasJobStopsGoesIntoQuarantineAndStartsAgain(t *testing.T) {
	w := start(t, sandbox.Options{PushDelay: time.Second})
	job := w.graphJob()
	w.StopEntraJob(true)
	require.Contains(t, w.graph(http.MethodGet, job, nil).body, `"code":"Paused"`)
	w.Quarantine("TooManyDeletes", "X", "too many")
	require.Contains(t, w.graph(http.MethodGet, job, nil).body, `"reason":"TooManyDeletes"`)
	require.Contains(t, w.demand(job, "sam.okafor@acme.example").text("key"), "quarantine")

	w.remove("priya-nair")
	w.FailPush(sandbox.PushFault{Status: http.StatusUnauthorized, Detail: "invalid or missing SCIM token"})
	require.Equal(t, http.StatusNoContent, w.graph(http.MethodPost, job+"/start", nil).status)
	w.clock.pass(2 * time.Second)
	require.Equal(t, "Quarantine", w.State().Entra.Job, "the reason was not mended, so the job stops again")
	require.Equal(t, http.StatusNoContent, w.graph(http.MethodPost, job+"/start", nil).status)
	w.clock.pass(2 * time.Second)
	require.Equal(t, "Active", w.State().Entra.Job)
	require.Equal(t, sandbox.OriginSCIM, w.member("priya-nair").Origin)
}

func TestEntraSkipsWhoIsNotAssignedOrOutOfScope(t *testing.T) {
	w := start(t, sandbox.Options{})
	job := w.graphJob()
	require.Contains(t, w.demand(job, "theo.brandt@acme.example").text("key"), "NotEffectivelyEntitled")
	w.ScopeEntra("department", "Sales")
	require.Contains(t, w.demand(job, "sam.okafor@acme.example").text("key"), "NotInScope")
	require.Contains(t, w.graph(http.MethodGet, job+"/schema", nil).body, `"sourceOperandName":"department"`)
}

func TestOktaSendsNothingWhileItsProvisioningIsOff(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.SwitchOktaProvisioning(false)
	require.Contains(t, w.okta(http.MethodGet, w.dockerApp()+"/features/USER_PROVISIONING", nil).body, `"status":"DISABLED"`)
	w.remove("priya-nair")
	a := w.assignment("priya.nair@acme.example")
	w.okta(http.MethodDelete, w.dockerApp()+"/users/"+a.UserID, nil)
	w.okta(http.MethodPost, w.dockerApp()+"/users", map[string]any{"id": a.UserID, "profile": a.Profile})
	require.Empty(t, w.SCIMCalls())
	require.True(t, w.State().OktaOff)
}
