package sandbox_test

import (
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

const userSchema = "urn:ietf:params:scim:schemas:core:2.0:User"

func (w *world) scimByName(email string) answer {
	w.t.Helper()
	return w.scim(http.MethodGet, "/Users?filter="+url.QueryEscape(`userName eq "`+email+`"`), nil)
}

func TestSCIMListsOnlyThoseItProvisioned(t *testing.T) {
	w := start(t, sandbox.Options{})
	list := w.scim(http.MethodGet, "/Users", nil)
	require.Equal(t, "application/scim+json", list.header.Get("Content-Type"))
	require.EqualValues(t, 4+sandbox.DefaultFillers, list.json["totalResults"])
	require.Len(t, list.list("Resources"), 4+sandbox.DefaultFillers)
	require.EqualValues(t, 0, w.scimByName("priya.nair@acme.example").json["totalResults"])

	jordan := w.scimByName("JORDAN.ito@acme.example").list("Resources")
	require.Len(t, jordan, 1)
	require.Equal(t, "jordan-ito", jordan[0]["displayName"], "the Docker ID")
	require.Equal(t, w.member("jordan-ito").SCIMID, jordan[0]["id"])
	require.Len(t, jordan[0]["id"], 36)
	require.Equal(t, true, jordan[0]["active"])
	require.Equal(t, []any{map[string]any{"value": "company", "display": "company"}}, jordan[0]["groups"])
}

func TestSCIMOldSpellingOfLists(t *testing.T) {
	w := start(t, sandbox.Options{OldSCIMLists: true})
	require.Len(t, w.scimByName("sam.okafor@acme.example").list("resources"), 1)
	require.NotContains(t, w.scim(http.MethodGet, "/Users", nil).json, "Resources")
}

func TestSCIMPagesSortsAndCutsAttributes(t *testing.T) {
	w := start(t, sandbox.Options{})
	a := w.scim(http.MethodGet, "/Users?startIndex=2&count=2&sortBy=displayName&sortOrder=descending&attributes=userName,name.givenName", nil)
	require.EqualValues(t, 2, a.json["startIndex"])
	require.EqualValues(t, 2, a.json["itemsPerPage"])
	first := a.list("Resources")[0]
	require.Equal(t, "noor.haddad@acme.example", first["userName"])
	require.NotContains(t, first, "displayName")
	require.Empty(t, w.scim(http.MethodGet, "/Users?startIndex=900", nil).list("Resources"))
	for _, bad := range []string{"startIndex=0", "count=201", "count=x", "sortBy=shoeSize", "filter=" + url.QueryEscape(`userName like "a"`)} {
		refused := w.scim(http.MethodGet, "/Users?"+bad, nil)
		require.Equal(t, http.StatusBadRequest, refused.status, bad)
		require.Equal(t, "400", refused.json["status"], "a string")
		require.NotEmpty(t, refused.text("scimType"))
	}
}

func TestSCIMTakesItsOwnTokenAlone(t *testing.T) {
	w := start(t, sandbox.Options{})
	c := w.Credentials()
	for _, token := range []string{"", c.HubSecret, c.Members["sam-okafor"], w.jwt} {
		a := w.do(http.MethodGet, w.Addresses().SCIMURL+"/ServiceProviderConfig", map[string]string{"Authorization": "Bearer " + token}, nil)
		require.Equal(t, http.StatusUnauthorized, a.status)
		require.Equal(t, "401", a.json["status"])
	}
	config := w.scim(http.MethodGet, "/ServiceProviderConfig", nil)
	require.Equal(t, http.StatusOK, config.status)
	require.EqualValues(t, 200, config.json["filter"].(map[string]any)["maxResults"])
	require.Equal(t, http.StatusNotFound, w.scim(http.MethodGet, "/Groups", nil).status)
	require.Equal(t, http.StatusUnauthorized, w.do(http.MethodGet, w.Addresses().HubURL+"/v2/orgs/acme/members", map[string]string{"Authorization": "Bearer " + c.SCIMToken}, nil).status)
}

func TestSCIMPostMakesAttachesOrSilentlyIgnores(t *testing.T) {
	w := start(t, sandbox.Options{})
	post := func(email string) answer {
		return w.scim(http.MethodPost, "/Users", map[string]any{
			"schemas": []string{userSchema}, "userName": email, "name": map[string]string{"givenName": "Ruth", "familyName": "Stone"},
		})
	}
	made := post("ruth.stone@acme.example")
	require.Equal(t, http.StatusCreated, made.status)
	username := made.text("displayName")
	require.Regexp(t, `^ruthstone\d{4}$`, username)
	require.Equal(t, []string{"company"}, w.member(username).Teams)
	require.Equal(t, http.StatusConflict, post("ruth.stone@acme.example").status)

	before := w.State().JSON()
	require.Equal(t, http.StatusCreated, post("priya.nair@acme.example").status)
	require.Equal(t, string(before), string(w.State().JSON()), "a member from before SCIM stays untouched")

	w.remove("priya-nair")
	require.Equal(t, "priya-nair", post("priya.nair@acme.example").text("displayName"))
	require.NotEmpty(t, w.member("priya-nair").SCIMID)
	require.Equal(t, http.StatusBadRequest, post("not an address").status)
	require.Equal(t, http.StatusBadRequest, w.scim(http.MethodPost, "/Users", map[string]any{"userName": "x@acme.example"}).status)
}

func TestSCIMPutChangesDeactivatesAndReactivates(t *testing.T) {
	w := start(t, sandbox.Options{})
	id := w.member("noor-haddad").SCIMID
	put := func(id string, more map[string]any) answer {
		body := map[string]any{"schemas": []string{userSchema}, "userName": "noor.haddad@acme.example"}
		maps.Copy(body, more)
		return w.scim(http.MethodPut, "/Users/"+id, body)
	}
	w.clock.pass(time.Hour)
	renamed := put(id, map[string]any{"active": true, "name": map[string]string{"givenName": "Nour"}})
	require.Equal(t, "Nour", renamed.json["name"].(map[string]any)["givenName"])
	require.Equal(t, "2026-11-23T13:00:00Z", renamed.json["meta"].(map[string]any)["lastModified"])
	require.Equal(t, []string{"contractors"}, w.member("noor-haddad").Teams, "without the extension role and teams stay")

	extension := map[string]any{"active": true, "urn:ietf:params:scim:schemas:extension:docker:2.0:User": map[string]string{"dockerRole": "editor", "dockerTeam": "new-team"}}
	require.Equal(t, http.StatusOK, put(id, extension).status)
	require.Equal(t, []string{"company", "new-team"}, w.member("noor-haddad").Teams, "a missing team is made")

	require.Equal(t, http.StatusOK, put(id, nil).status)
	require.Nil(t, w.member("noor-haddad"), "without active the person is deactivated")
	require.Equal(t, http.StatusOK, put(id, map[string]any{"active": true}).status)
	require.Equal(t, []string{"company"}, w.member("noor-haddad").Teams)
	require.Equal(t, http.StatusNotFound, put("00000000-0000-4000-8000-000000000000", nil).status)
}

func TestSCIMDoesNotDeactivateTheLastOwner(t *testing.T) {
	w := start(t, sandbox.Options{})
	require.Equal(t, http.StatusOK, w.hub(http.MethodPut, "/v2/orgs/acme/members/alex-kim", map[string]string{"role": "owner"}).status)
	w.remove("morgan-reyes")
	a := w.scim(http.MethodPut, "/Users/"+w.member("alex-kim").SCIMID, map[string]any{"schemas": []string{userSchema}, "userName": "alex.kim@acme.example"})
	require.Equal(t, http.StatusBadRequest, a.status)
	require.NotNil(t, w.member("alex-kim"))
}

func TestRemovingAManagedMemberByHandLeavesOktaWithAStaleID(t *testing.T) {
	w := start(t, sandbox.Options{})
	a := w.assignment("sam.okafor@acme.example")
	w.remove("sam-okafor")
	require.Equal(t, http.StatusNotFound, w.scim(http.MethodGet, "/Users/"+a.ExternalID, nil).status)
	pushed := w.okta(http.MethodPost, w.dockerApp()+"/users/"+a.UserID, map[string]any{"profile": a.Profile})
	require.Equal(t, "ERROR", pushed.text("syncState"))
	require.Nil(t, w.member("sam-okafor"))
}
