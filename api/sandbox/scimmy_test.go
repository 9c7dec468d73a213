package sandbox_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

// scimmyVariable names the folder in which scimmy, scimmy-routers and express
// are installed (npm install --prefix).
const scimmyVariable = "REPROVISION_SCIMMY"

// independentSCIM starts a SCIM 2.0 server that is none of ours.
func independentSCIM(t *testing.T) (base, token string) {
	t.Helper()
	dir := os.Getenv(scimmyVariable)
	if dir == "" {
		t.Skipf("%s is not set: point it at a folder with the npm packages scimmy, scimmy-routers and express (see .ci/run)", scimmyVariable)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed, so there is no independent SCIM server to ask")
	}
	script, err := filepath.Abs(filepath.Join("testdata", "scimmy", "server.mjs"))
	require.NoError(t, err)
	token = "sandbox-scimmy-canary"
	server := exec.CommandContext(t.Context(), node, script, dir)
	server.Env = append(os.Environ(), "SCIM_TOKEN="+token)
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	require.NoError(t, err)
	out, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = in.Close() // it ends with its input
		_ = server.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, "the server did not start; are the packages in %s?", dir)
	return strings.TrimSpace(address), token
}

// TestAnIndependentSCIMServerTakesWhatTheProvidersSend replays every SCIM call
// of a whole life, for Okta and for Entra: created, changed, deactivated,
// created again.
func TestAnIndependentSCIMServerTakesWhatTheProvidersSend(t *testing.T) {
	for _, idp := range []string{"okta", "entra"} {
		t.Run(idp, func(t *testing.T) {
			w := start(t, sandbox.Options{})
			w.lifeAt(idp, "priya.nair@acme.example", "priya-nair")
			base, token := independentSCIM(t)
			seen := map[string]int{}
			ids := map[string]string{} // the sandbox's → the server's
			for _, c := range w.SCIMCalls() {
				if c.IdP != idp {
					continue
				}
				path := c.Path
				if own, ok := strings.CutPrefix(path, "/Users/"); ok {
					require.Contains(t, ids, own, "%s %s comes before the person was created", c.Method, path)
					path = "/Users/" + ids[own]
				}
				var body any
				if c.Body != "" {
					body = json.RawMessage(c.Body)
				}
				a := w.do(c.Method, base+path, map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/scim+json"}, body)
				if c.Method == http.MethodPatch && a.status == http.StatusNoContent {
					a.status = http.StatusOK // RFC 7644, section 3.5.2, allows both
				}
				require.Equal(t, c.Status, a.status, "%s %s: %s", c.Method, path, a.body)
				seen[c.Method]++
				if c.Method == http.MethodPost {
					ids[w.member("priya-nair").SCIMID] = a.text("id")
				}
			}
			require.Positive(t, seen[http.MethodGet])
			require.Positive(t, seen[http.MethodPost])
			require.Positive(t, seen[map[string]string{"okta": http.MethodPut, "entra": http.MethodPatch}[idp]])

			found := w.do(http.MethodGet, base+"/Users?"+url.Values{"filter": {`userName eq "priya.nair@acme.example"`}}.Encode(), map[string]string{"Authorization": "Bearer " + token}, nil)
			require.Equal(t, http.StatusOK, found.status, found.body)
			users := found.list("Resources")
			require.Len(t, users, 1)
			extension, _ := users[0]["urn:ietf:params:scim:schemas:extension:docker:2.0:User"].(map[string]any)
			require.Equal(t, map[string]any{"dockerRole": "editor", "dockerTeam": "backend"}, extension, "what Docker would read is what arrived")
			require.Equal(t, true, users[0]["active"])
			require.Equal(t, map[string]any{"givenName": "Priya", "familyName": "Nair", "formatted": "Priya Nair"}, withFormatted(users[0]["name"]))
		})
	}
}

// withFormatted adds what servers may derive or leave out.
func withFormatted(name any) map[string]any {
	m, _ := name.(map[string]any)
	if m != nil && m["formatted"] == nil {
		m["formatted"] = strings.TrimSpace(m["givenName"].(string) + " " + m["familyName"].(string))
	}
	return m
}

// lifeAt lets a provider create somebody, change them and, if it is Okta,
// deactivate and reactivate them.
func (w *world) lifeAt(idp, email, username string) {
	w.t.Helper()
	w.remove(username)
	if idp == "entra" {
		on := w.Addresses().EntraURL
		header := map[string]string{"Authorization": "Bearer " + w.Credentials().EntraToken}
		apps := w.do(http.MethodGet, on+"/servicePrincipals?"+url.Values{"$filter": {"displayName eq 'Docker SCIM'"}}.Encode(), header, nil).list("value")
		job := on + "/servicePrincipals/" + apps[0]["id"].(string) + "/synchronization/jobs"
		job += "/" + w.do(http.MethodGet, job, header, nil).list("value")[0]["id"].(string)
		rule := w.do(http.MethodGet, job+"/schema", header, nil).list("synchronizationRules")[0]["id"]
		user := w.do(http.MethodGet, on+"/users?"+url.Values{"$filter": {"mail eq '" + email + "'"}}.Encode(), header, nil).list("value")[0]["id"]
		demand := func() {
			a := w.do(http.MethodPost, job+"/provisionOnDemand", header, map[string]any{
				"parameters": []any{map[string]any{"ruleId": rule, "subjects": []any{map[string]any{"objectId": user, "objectTypeName": "User"}}}},
			})
			require.Contains(w.t, a.text("key"), `"result":"Success"`)
		}
		demand()
		require.Equal(w.t, http.StatusOK, w.hub(http.MethodPut, "/v2/orgs/acme/members/"+username, map[string]string{"role": "member"}).status)
		demand() // they differ now
		return
	}
	a := w.assignment(email)
	users := w.dockerApp() + "/users"
	assign := func() {
		w.okta(http.MethodDelete, users+"/"+a.UserID, nil)
		w.okta(http.MethodPost, users, map[string]any{"id": a.UserID, "scope": "USER", "profile": a.Profile})
	}
	assign()
	require.Equal(w.t, http.StatusOK, w.okta(http.MethodPost, users+"/"+a.UserID, map[string]any{"profile": a.Profile}).status)
	assign() // deactivates, and creates again
}
