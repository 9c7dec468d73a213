package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

// The seeded people, each with the story that they are there for.

func TestMorganIsTheOnlyOwnerAndStays(t *testing.T) {
	w := start(t, sandbox.Options{})
	require.Equal(t, []string{"owners"}, w.member("morgan-reyes").Teams)
	require.Empty(t, w.member("morgan-reyes").SCIMID)
	require.Equal(t, "admins", w.assignment("morgan.reyes@acme.example").Profile["docker_team"])

	a := w.hub(http.MethodDelete, "/v2/orgs/acme/members/morgan-reyes", nil)
	require.Equal(t, http.StatusBadRequest, a.status)
	require.Contains(t, a.json, "errinfo")
	require.Contains(t, a.text("detail"), "last owner")
	require.Equal(t, http.StatusBadRequest, w.hub(http.MethodPut, "/v2/orgs/acme/members/morgan-reyes", map[string]string{"role": "member"}).status)
	require.Equal(t, http.StatusBadRequest, w.hub(http.MethodDelete, "/v2/orgs/acme/groups/owners/members/morgan-reyes", nil).status)
	require.NoError(t, w.SSOSignIn("morgan.reyes@acme.example"))
	require.Equal(t, "owner", w.member("morgan-reyes").Role)

	require.Equal(t, http.StatusOK, w.hub(http.MethodPut, "/v2/orgs/acme/members/alex-kim", map[string]string{"role": "owner"}).status)
	w.remove("morgan-reyes")
	require.Equal(t, []string{"admins", "owners"}, w.member("alex-kim").Teams)
}

func TestAlexAndSamAreTheSameEverywhereAndStaySoAtSignIn(t *testing.T) {
	w := start(t, sandbox.Options{})
	before := w.State().JSON()
	for username, team := range map[string]string{"alex-kim": "admins", "sam-okafor": "backend", "member-00001": "backend"} {
		m := w.member(username)
		require.Equal(t, "editor", m.Role)
		require.Equal(t, []string{team}, m.Teams)
		require.NotEmpty(t, m.SCIMID)
		require.NoError(t, w.SSOSignIn(m.Email))
	}
	require.Equal(t, string(before), string(w.State().JSON()))
}

func TestJordanIsOverriddenBySignInUntilJITIsOff(t *testing.T) {
	w := start(t, sandbox.Options{})
	m := w.member("jordan-ito")
	require.Equal(t, "member", m.Role)
	require.Equal(t, []string{"company"}, m.Teams)
	require.NotEmpty(t, m.SCIMID)

	user := w.dockerApp() + "/users/" + w.oktaID(m.Email)
	profile := w.okta(http.MethodGet, user, nil).json["profile"]
	push := func() {
		require.Equal(t, http.StatusOK, w.okta(http.MethodPost, user, map[string]any{"profile": profile}).status)
		require.Equal(t, "editor", w.member("jordan-ito").Role)
		require.Equal(t, []string{"company", "platform"}, w.member("jordan-ito").Teams)
	}
	push()
	require.NoError(t, w.SSOSignIn(m.Email))
	require.Equal(t, *m, *w.member("jordan-ito"), "with JIT on a sign-in puts the values of the assertion back")

	w.ToggleJIT(false)
	push()
	require.NoError(t, w.SSOSignIn(m.Email))
	require.Equal(t, "editor", w.member("jordan-ito").Role)
	require.Equal(t, []string{"company", "platform"}, w.member("jordan-ito").Teams)
}

func TestPriyaIsOutOfReachOfSCIMUntilRemovedAndPushedAgain(t *testing.T) {
	w := start(t, sandbox.Options{})
	m, a := w.member("priya-nair"), w.assignment("priya.nair@acme.example")
	require.Equal(t, "member", m.Role)
	require.Equal(t, []string{"legacy"}, m.Teams)
	require.Equal(t, 2021, m.Joined.Year())
	require.Equal(t, "USER", a.Scope)
	require.Equal(t, map[string]any{
		"email": "priya.nair@acme.example", "givenName": "Priya", "familyName": "Nair", "docker_role": "editor", "docker_team": "backend",
	}, a.Profile)
	require.NotEmpty(t, a.ExternalID, "Okta believes in a SCIM user")
	require.Equal(t, http.StatusNotFound, w.scim(http.MethodGet, "/Users/"+a.ExternalID, nil).status, "that SCIM does not have")

	users := w.dockerApp() + "/users"
	user := users + "/" + a.UserID
	require.Equal(t, http.StatusOK, w.okta(http.MethodPost, user, map[string]any{"profile": a.Profile}).status)
	require.Equal(t, *m, *w.member("priya-nair"), "a profile push does nothing, silently")
	require.Equal(t, http.StatusNoContent, w.okta(http.MethodDelete, user, nil).status)
	require.Equal(t, *m, *w.member("priya-nair"), "neither does an unassignment")
	again := map[string]any{"id": a.UserID, "scope": "USER", "credentials": map[string]string{"userName": a.Login}, "profile": a.Profile}
	require.Equal(t, http.StatusOK, w.okta(http.MethodPost, users, again).status)
	require.Equal(t, *m, *w.member("priya-nair"), "nor an assignment while she is a member")

	account := w.hub(http.MethodGet, "/v2/orgs/acme/members?search=priya", nil).list("results")[0]["id"]
	w.remove("priya-nair")
	require.Nil(t, w.member("priya-nair"))
	require.Equal(t, http.StatusNoContent, w.okta(http.MethodDelete, user, nil).status)
	require.Equal(t, http.StatusOK, w.okta(http.MethodPost, users, again).status)
	back := w.member("priya-nair")
	require.Equal(t, "editor", back.Role)
	require.Equal(t, []string{"backend", "company"}, back.Teams)
	require.Equal(t, sandbox.OriginSCIM, back.Origin)
	require.NotEmpty(t, back.SCIMID)
	require.Equal(t, account, w.hub(http.MethodGet, "/v2/orgs/acme/members?search=priya", nil).list("results")[0]["id"], "the same account")
	require.Equal(t, http.StatusOK, w.scim(http.MethodGet, "/Users/"+back.SCIMID, nil).status)
	require.Equal(t, back.SCIMID, w.assignment("priya.nair@acme.example").ExternalID)
}

func TestPriyasInviteWaitsForHerNextSignIn(t *testing.T) {
	w := start(t, sandbox.Options{})
	invites := w.hub(http.MethodGet, "/v2/orgs/acme/invites", nil).list("data")
	require.Equal(t, "priya.nair@acme.example", invites[0]["invitee"])
	require.Equal(t, "contractors", invites[0]["team"])

	w.ToggleJIT(false)
	w.remove("priya-nair")
	require.NoError(t, w.SSOSignIn("priya.nair@acme.example"), "the invite lets her in between removal and push")
	back := w.member("priya-nair")
	require.Equal(t, sandbox.OriginInvite, back.Origin)
	require.Equal(t, []string{"contractors"}, back.Teams)
	require.Empty(t, back.SCIMID)
	require.Len(t, w.State().Invites, 1)

	w.remove("priya-nair")
	err := w.SSOSignIn("priya.nair@acme.example")
	require.ErrorContains(t, err, "is not assigned to this SSO organization")
	require.Nil(t, w.member("priya-nair"))
}

func TestInviteOfAMemberIsRefusedByTheAPIAndPossibleForTheOwnerOfTheStory(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.Invite("lena.fischer@acme.example", "platform", "editor")
	require.Len(t, w.State().Invites, 3)
	require.Len(t, w.hub(http.MethodGet, "/v2/orgs/acme/invites", nil).list("data"), 3)
	w.ToggleJIT(false)
	require.NoError(t, w.SSOSignIn("lena.fischer@acme.example"))
	require.Equal(t, []string{"company", "platform"}, w.member("lena-fischer").Teams)
	require.Equal(t, "member", w.member("lena-fischer").Role, "an invitation does not change the role of a member")
}

func TestSignInDuringTheGapWithJITOnMakesAnUnmanagedMemberAgain(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.remove("lena-fischer")
	require.NoError(t, w.SSOSignIn("lena.fischer@acme.example"))
	back := w.member("lena-fischer")
	require.Equal(t, sandbox.OriginJIT, back.Origin)
	require.Equal(t, "member", back.Role)
	require.Equal(t, []string{"company"}, back.Teams)
	require.Empty(t, back.SCIMID)
}

func TestLenaIsAssignedThroughAGroupThatGrantsMore(t *testing.T) {
	w := start(t, sandbox.Options{})
	app, lena := w.dockerApp(), w.oktaID("lena.fischer@acme.example")
	assignment := w.okta(http.MethodGet, app+"/users/"+lena, nil)
	require.Equal(t, "GROUP", assignment.text("scope"))
	refused := w.okta(http.MethodDelete, app+"/users/"+lena, nil)
	require.Equal(t, http.StatusForbidden, refused.status)
	require.Contains(t, refused.body, "while their group memberships grant")

	granting := w.oktaList(app + "/groups")
	require.Len(t, granting, 1)
	group := "/api/v1/groups/" + granting[0]["id"].(string)
	names := []string{}
	for _, g := range w.oktaList("/api/v1/users/" + lena + "/groups") {
		names = append(names, g["profile"].(map[string]any)["name"].(string))
	}
	require.Equal(t, []string{"Everyone", "Docker Engineers"}, names)
	labels := []string{}
	for _, a := range w.oktaList(group + "/apps") {
		labels = append(labels, a["label"].(string))
	}
	require.Equal(t, []string{"Docker", "Jira"}, labels)

	w.remove("lena-fischer")
	require.Equal(t, http.StatusNoContent, w.okta(http.MethodDelete, group+"/users/"+lena, nil).status)
	require.Nil(t, w.assignment("lena.fischer@acme.example"))
	require.Equal(t, http.StatusNoContent, w.okta(http.MethodPut, group+"/users/"+lena, nil).status)
	back := w.member("lena-fischer")
	require.Equal(t, "editor", back.Role)
	require.Equal(t, []string{"company", "platform"}, back.Teams)
	require.NotEmpty(t, back.SCIMID)
}

func TestGroupAssignmentCanBeMadeIndividualAndGroupAgain(t *testing.T) {
	w := start(t, sandbox.Options{})
	app, lena := w.dockerApp(), w.oktaID("lena.fischer@acme.example")
	assign := func(id, scope string) answer {
		return w.okta(http.MethodPost, app+"/users", map[string]string{"id": id, "scope": scope})
	}
	require.Equal(t, "USER", assign(lena, "USER").text("scope"))
	require.Equal(t, "GROUP", assign(lena, "GROUP").text("scope"))
	require.Equal(t, "GROUP", w.okta(http.MethodPost, app+"/users/"+lena, map[string]string{"scope": "USER"}).text("scope"), "an update knows no scope")
	require.Equal(t, "USER", assign(lena, "USER").text("scope"))
	require.Equal(t, http.StatusNoContent, w.okta(http.MethodDelete, app+"/users/"+lena, nil).status)
	require.Equal(t, http.StatusNotFound, assign(w.oktaID("priya.nair@acme.example"), "GROUP").status, "she is in no group that grants it")
}

func TestOktaFillsInWhatIsMappedAndTakesNoOtherValue(t *testing.T) {
	w := start(t, sandbox.Options{})
	id := w.okta(http.MethodGet, w.dockerApp(), nil).text("id")
	mappings := w.oktaList("/api/v1/mappings?targetId=" + id)
	require.Len(t, mappings, 1)
	mapping := w.okta(http.MethodGet, "/api/v1/mappings/"+mappings[0]["id"].(string), nil)
	require.Contains(t, mapping.json["properties"], "familyName")
	require.NotContains(t, mapping.json["properties"], "docker_role")
	require.Empty(t, w.oktaList("/api/v1/mappings?targetId=other"))
	require.Equal(t, http.StatusNotFound, w.okta(http.MethodGet, "/api/v1/mappings/other", nil).status)

	a := w.assignment("priya.nair@acme.example")
	w.okta(http.MethodDelete, w.dockerApp()+"/users/"+a.UserID, nil)
	again := map[string]any{"id": a.UserID, "scope": "USER", "profile": map[string]any{"familyName": "Other"}}
	refused := w.okta(http.MethodPost, w.dockerApp()+"/users", again)
	require.Equal(t, http.StatusForbidden, refused.status)
	require.Equal(t, "E0000075", refused.text("errorCode"))
	again["profile"] = map[string]any{"docker_role": "editor"}
	require.Equal(t, "Nair", w.okta(http.MethodPost, w.dockerApp()+"/users", again).json["profile"].(map[string]any)["familyName"])
}

func TestNoorsAssertionCarriesOtherValuesThanSCIM(t *testing.T) {
	w := start(t, sandbox.Options{})
	m := w.member("noor-haddad")
	require.Equal(t, "member", m.Role)
	require.Equal(t, []string{"contractors"}, m.Teams)
	require.NotEmpty(t, m.SCIMID)
	require.Equal(t, "data", w.assignment(m.Email).Profile["docker_team"])
	profile := w.okta(http.MethodGet, "/api/v1/users/"+m.Email, nil).json["profile"].(map[string]any)
	require.Equal(t, "contractors", profile["dockerSsoTeam"])
	require.NoError(t, w.SSOSignIn(m.Email))
	require.Equal(t, *m, *w.member("noor-haddad"))
}

func TestTheoIsInOktaAndNotAssignedAndTheGuestIsNotInOkta(t *testing.T) {
	w := start(t, sandbox.Options{})
	require.NotEmpty(t, w.oktaID("theo.brandt@acme.example"))
	require.Nil(t, w.assignment("theo.brandt@acme.example"))
	require.Error(t, w.SSOSignIn("theo.brandt@acme.example"))
	require.Equal(t, http.StatusNotFound, w.okta(http.MethodGet, "/api/v1/users/guest.rivera@partner.example", nil).status)
	for _, m := range w.hub(http.MethodGet, "/v2/orgs/acme/members?page_size=100", nil).list("results") {
		require.Equal(t, m["username"] == "guest-rivera", m["is_guest"])
	}
}

func TestUnassigningAManagedPersonTakesThemOutAndAssigningBringsThemBack(t *testing.T) {
	w := start(t, sandbox.Options{})
	a := w.assignment("sam.okafor@acme.example")
	users := w.dockerApp() + "/users"
	require.Equal(t, http.StatusNoContent, w.okta(http.MethodDelete, users+"/"+a.UserID, nil).status)
	require.Nil(t, w.member("sam-okafor"))
	scim := w.scim(http.MethodGet, "/Users/"+a.ExternalID, nil)
	require.Equal(t, false, scim.json["active"])

	require.Equal(t, http.StatusOK, w.okta(http.MethodPost, users, map[string]any{"id": a.UserID, "scope": "USER"}).status)
	back := w.member("sam-okafor")
	require.Equal(t, "member", back.Role, "the profile was not sent again, so SCIM carried no role")
	require.Equal(t, []string{"company"}, back.Teams)
}
