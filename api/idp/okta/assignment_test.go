package okta_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/idp/okta"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const email = "priya.nair@acme.example"

func TestAnAssignmentTellsWhatSCIMWouldSendWhateverTheVariablesAreCalled(t *testing.T) {
	s := newServer(t)
	s.ready()
	s.Handle("GET /api/v1/users", func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, `profile.email eq "priya.nair@acme.example"`, r.URL.Query().Get("search"))
		_, _ = fmt.Fprint(w, "["+priya+"]")
	})
	got, err := s.client().Assignment(t.Context(), email)
	require.NoError(t, err)
	require.True(t, got.Assigned)
	require.Equal(t, "Okta", got.Provider)
	require.Equal(t, idp.ScopeUser, got.Scope)
	require.Equal(t, "00u1priya", got.UserID)
	require.Equal(t, email, got.Login)
	require.Equal(t, email, got.UserName)
	require.Equal(t, "PROVISIONED", got.Status)
	require.Equal(t, "SYNCHRONIZED", got.SyncState)
	require.Equal(t, time.Date(2026, 11, 20, 10, 11, 12, 0, time.UTC), got.LastSync)
	require.Equal(t, "6b1f0a52-0000-4000-8000-000000000001", got.ExternalID)
	require.Equal(t, "editor", got.Role)
	require.Equal(t, []string{"backend"}, got.Teams)
	require.Empty(t, got.Org)
	require.Equal(t, "Priya Nair", got.GivenName+" "+got.FamilyName)
	require.Empty(t, got.Errors)
	require.Empty(t, got.Groups)
}

func TestSSOStatementsAreResolvedForThePerson(t *testing.T) {
	const statements = `[
		{"type": "EXPRESSION", "name": "dockerRole", "values": ["user.dockerSsoRole"]},
		{"type": "EXPRESSION", "name": "dockerTeam", "values": [" \"back\\\"end\" "]},
		{"type": "EXPRESSION", "name": "fromApp", "values": ["appuser.rolle"]},
		{"type": "EXPRESSION", "name": "several", "values": ["user.profile.tags", "\"x\""]},
		{"type": "EXPRESSION", "name": "unset", "values": ["user.nobodySetIt"]},
		{"type": "EXPRESSION", "name": "computed", "values": ["String.toLowerCase(user.login)"]},
		{"type": "GROUP", "name": "groups", "filterType": "STARTS_WITH", "filterValue": "Docker"}]`
	s := newServer(t)
	s.ready()
	s.On("GET /api/v1/apps", `[{"id": "0oa1docker", "label": "Docker", "settings": {"signOn": {"attributeStatements": `+statements+`}}}]`)
	s.On("GET /api/v1/users", `[{"id": "00u1priya", "profile": {"login": "p", "dockerSsoRole": "member", "tags": ["a", "b", 3]}}]`)

	got, err := s.client().Assignment(t.Context(), email)
	require.NoError(t, err)
	type seen struct {
		value    string
		resolved bool
		raw      string
	}
	by := map[string]seen{}
	for _, x := range got.SSO {
		by[x.Name] = seen{x.Value, x.Resolved, x.Expression}
		require.Contains(t, x.Where, "Docker > Sign On > Attribute statements")
	}
	require.Equal(t, map[string]seen{
		"dockerRole": {"member", true, "user.dockerSsoRole"},
		"dockerTeam": {`back"end`, true, ` "back\"end" `},
		"fromApp":    {"editor", true, "appuser.rolle"},
		"several":    {"a, b, 3, x", true, `user.profile.tags, "x"`},
		"unset":      {"", true, "user.nobodySetIt"},
		"computed":   {"", false, "String.toLowerCase(user.login)"},
		"groups":     {"", false, `groups whose name starts with "Docker"`},
		"dockerOrg":  {"", true, ""}, // sign-in cannot carry what has no statement
	}, by)
}

func TestStatementsOfEveryKindCount(t *testing.T) {
	of := func(own, configured, claims string) func(*server) {
		return func(s *server) {
			s.On("GET /api/v1/apps", `[{"id": "0oa1docker", "label": "Docker", "settings": {"signOn": {"attributeStatements": [`+own+`], "configuredAttributeStatements": [`+configured+`]}}}]`)
			s.On("GET /api/v1/apps/0oa1docker/federated-claims", "["+claims+"]")
		}
	}
	role := func(value string) string {
		return `{"type": "EXPRESSION", "name": "dockerRole", "values": ["` + value + `"]}`
	}
	for name, x := range map[string]struct {
		is       func(*server)
		value    string
		resolved bool
		where    string
	}{
		"older":            {of(role("user.dockerSsoRole"), "", ""), "member", true, `Attribute statements (under "Show legacy configuration"`},
		"of the catalogue": {of("", role("user.dockerSsoRole"), ""), "member", true, "legacy"},
		"newer":            {of("", "", `{"id": "ofc1", "name": "dockerRole", "expression": "user.profile.dockerSsoRole"}`), "member", true, "Sign On > Attribute statements; the value:"},
		"computed":         {of("", "", `{"id": "ofc1", "name": "dockerRole", "expression": "user.getInternalProperty('id')"}`), "", false, "Attribute statements"},
		"older and newer":  {of(role("user.dockerSsoRole"), "", `{"name": "DockerRole", "expression": "appuser.rolle"}`), "", false, "several have this name"},
		"none":             {of("", "", ""), "", true, "Sign On > Attribute statements"},
		"the newer are not there": {func(s *server) {
			s.Refuse("GET /api/v1/apps/0oa1docker/federated-claims", http.StatusNotFound, "E0000022", "no such endpoint")
		}, "member", true, "legacy"},
		"the newer are not for us": {func(s *server) {
			of("", "", "")(s)
			s.Refuse("GET /api/v1/apps/0oa1docker/federated-claims", http.StatusForbidden, "E0000006", "no")
		}, "", false, "may not read"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.ready()
			x.is(s)
			got, err := s.client().Assignment(t.Context(), email)
			require.NoError(t, err)
			i := slices.IndexFunc(got.SSO, func(a idp.Attribute) bool { return strings.EqualFold(a.Name, "dockerRole") })
			require.Equal(t, x.value, got.SSO[i].Value)
			require.Equal(t, x.resolved, got.SSO[i].Resolved)
			require.Contains(t, got.SSO[i].Where, x.where)
		})
	}
}

func TestNotAssignedIsNoError(t *testing.T) {
	s := newServer(t)
	s.On("GET /api/v1/apps", "["+dockerApp+"]")
	s.On("GET /api/v1/apps/0oa1docker/features/USER_PROVISIONING", feature)
	s.On("GET /api/v1/users", "["+priya+"]")
	s.On("GET /api/v1/apps/0oa1docker/federated-claims", "[]")
	s.Refuse("GET /api/v1/apps/0oa1docker/users/00u1priya", http.StatusNotFound, "E0000007", "Not found: Resource not found: 00u1priya (AppUser)")
	got, err := s.client().Assignment(t.Context(), email)
	require.NoError(t, err)
	require.False(t, got.Assigned)
	require.Equal(t, idp.ScopeNone, got.Scope)
	require.Equal(t, "00u1priya", got.UserID)
	require.Equal(t, "Docker", got.App.Label)
	require.NotEmpty(t, got.SSO)
}

func TestSomebodyOktaDoesNotKnowIsNoError(t *testing.T) {
	s := newServer(t)
	s.On("GET /api/v1/apps", "["+dockerApp+"]")
	s.On("GET /api/v1/apps/0oa1docker/features/USER_PROVISIONING", feature)
	s.On("GET /api/v1/users", "[]")
	s.Refuse("GET /api/v1/users/a%2Fb%3Fc@acme.example", http.StatusNotFound, "E0000007", "Not found")
	got, err := s.client().Assignment(t.Context(), "a/b?c@acme.example")
	require.NoError(t, err)
	require.Empty(t, got.UserID)
	require.False(t, got.Assigned)
}

func TestAnAddressCannotBreakOutOfTheSearch(t *testing.T) {
	s := newServer(t)
	s.On("GET /api/v1/apps", "["+dockerApp+"]")
	s.On("GET /api/v1/apps/0oa1docker/features/USER_PROVISIONING", feature)
	s.Handle("GET /api/v1/users", func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, `profile.email eq "x\" or \\"`, r.URL.Query().Get("search"))
		_, _ = fmt.Fprint(w, "[]")
	})
	s.Refuse("GET /api/v1/users/x%22%20or%20%5C", http.StatusNotFound, "E0000007", "Not found")
	_, err := s.client().Assignment(t.Context(), `x" or \`)
	require.NoError(t, err)
}

func TestTwoPeopleWithOneAddressAreNotToldApart(t *testing.T) {
	s := newServer(t)
	s.On("GET /api/v1/apps", "["+dockerApp+"]")
	s.On("GET /api/v1/apps/0oa1docker/features/USER_PROVISIONING", feature)
	s.On("GET /api/v1/users", `[{"id": "1", "status": "ACTIVE", "profile": {"login": "a@x"}}, {"id": "2", "status": "SUSPENDED", "profile": {"login": "b@x"}}]`)
	_, err := s.client().Assignment(t.Context(), email)
	require.ErrorContains(t, err, "a@x (active), b@x (suspended)")
}

func TestSomebodyWhoLeftDoesNotStandInTheWayOfTheirSuccessor(t *testing.T) {
	s := newServer(t)
	s.ready()
	s.On("GET /api/v1/users", `[{"id": "00u0gone", "status": "DEPROVISIONED", "profile": {"login": "old"}}, `+priya+`]`)
	got, err := s.client().Assignment(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, "00u1priya", got.UserID)
}

func TestAnAssignmentByAGroupNamesTheGroupAndWhatElseItGrants(t *testing.T) {
	s := newServer(t)
	s.ready()
	s.On("GET /api/v1/apps/0oa1docker/users/00u1priya", `{"id": "00u1priya", "scope": "GROUP", "status": "PROVISIONED", "profile": {"rolle": "editor"}}`)
	s.Handle("GET /api/v1/apps/0oa1docker/groups", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("after") == "" {
			w.Header().Add("Link", fmt.Sprintf(`<%s/api/v1/apps/0oa1docker/groups?after=x>; rel="next"`, s.URL))
			_, _ = fmt.Fprint(w, `[{"id": "00g0other"}]`)
			return
		}
		_, _ = fmt.Fprint(w, `[{"id": "00g1engineers"}]`)
	})
	s.On("GET /api/v1/users/00u1priya/groups", `[{"id": "00g2everyone", "profile": {"name": "Everyone"}}, {"id": "00g1engineers", "profile": {"name": "Docker Engineers"}}]`)
	s.On("GET /api/v1/groups/00g1engineers/apps", "["+dockerApp+`, {"id": "0oa9jira", "label": "Jira"}]`)

	got, err := s.client().Assignment(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, idp.ScopeGroup, got.Scope)
	require.Equal(t, []idp.Group{{ID: "00g1engineers", Name: "Docker Engineers", OtherApps: []string{"Jira"}}}, got.Groups)
	require.Len(t, got.Ways, 2)

	s.On("GET /api/v1/users/00u1priya/groups", `[{"id": "00g1engineers", "type": "APP_GROUP", "profile": {"name": "Docker Engineers"}}]`)
	got, err = s.client().Assignment(t.Context(), email)
	require.NoError(t, err)
	require.Len(t, got.Ways, 1, "the members of a group of Active Directory are not Okta's to change")
	require.Contains(t, strings.Join(got.Ways[0].Notes, " "), "come from another directory")
}

func TestAFailedSynchronizationBringsItsReasonsFromTheLog(t *testing.T) {
	failing := `{"id": "00u1priya", "scope": "USER", "syncState": "ERROR", "profile": {}}`
	s := newServer(t)
	s.ready()
	s.On("GET /api/v1/apps/0oa1docker/users/00u1priya", failing)
	s.On("GET /api/v1/logs", `[
		{"published": "2026-11-22T08:00:00Z", "eventType": "application.provision.user.push", "outcome": {"result": "FAILURE", "reason": "seats"}, "target": [{"type": "AppInstance", "displayName": "Docker"}]},
		{"published": "2026-11-23T08:00:00Z", "eventType": "application.provision.user.sync", "outcome": {"result": "FAILURE", "reason": "500"}, "target": [{"type": "AppInstance", "displayName": "Docker"}]},
		{"published": "2026-11-23T08:30:00Z", "eventType": "application.provision.user.push", "outcome": {"result": "SUCCESS"}, "target": [{"type": "AppInstance", "displayName": "Docker"}]}]`)
	got, err := s.client().Assignment(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, []string{"application.provision.user.sync: 500", "application.provision.user.push: seats"}, got.Errors[:2])
	require.Contains(t, got.Errors[2], "Dashboard > Tasks")

	s = newServer(t)
	s.ready()
	s.On("GET /api/v1/apps/0oa1docker/users/00u1priya", failing)
	s.Refuse("GET /api/v1/logs", http.StatusForbidden, "E0000006", "You do not have permission")
	got, err = s.client().Assignment(t.Context(), email)
	require.NoError(t, err, "a log that may not be read takes nothing from the rest")
	require.Len(t, got.Errors, 1)
	require.Contains(t, got.Errors[0], "could not be read")
}

func TestAttributesThatDockerWillNotReadAreReported(t *testing.T) {
	s := newServer(t)
	s.ready()
	s.On("GET /api/v1/meta/schemas/apps/0oa1docker/default", `{"definitions": {"custom": {"properties": {
		"rolle": {"externalName": "dockerRole", "externalNamespace": "urn:ietf:params:scim:schemas:core:2.0:User"},
		"abteilung": {"externalName": "dockerteam", "externalNamespace": "urn:ietf:params:scim:schemas:extension:docker:2.0:User"}}}}}`)
	got, err := s.client().Assignment(t.Context(), email)
	require.NoError(t, err)
	require.Empty(t, got.Role)
	require.Empty(t, got.Teams)
	require.Len(t, got.Errors, 2)
	require.Contains(t, got.Errors[0], `abteilung is sent as "dockerteam"`)
	require.Contains(t, got.Errors[1], `rolle is sent as "dockerRole" in namespace "urn:ietf:params:scim:schemas:core:2.0:User"`)
}

func TestWithoutAnAddressNobodyIsLookedUp(t *testing.T) {
	s := newServer(t)
	s.On("GET /api/v1/apps", "["+dockerApp+"]")
	s.On("GET /api/v1/apps/0oa1docker/features/USER_PROVISIONING", feature)
	_, err := s.client().Assignment(t.Context(), " ")
	require.ErrorContains(t, err, "none is known")
}

func TestCallsAreWhatThePreviewShows(t *testing.T) {
	s := newServer(t)
	s.ready()
	c := s.client()
	a, err := c.Assignment(t.Context(), email)
	require.NoError(t, err)
	at := s.URL + "/api/v1/apps/0oa1docker/users"
	profile := `{"abteilung":"backend","costCentre":12345678901234567890,"first":"Priya","last":"Nair","org":null,"rolle":"editor"}`
	json := func(url, body string) transport.Call {
		return transport.Call{System: "okta", Method: "POST", URL: url, ContentType: "application/json", Body: body}
	}
	require.Equal(t, transport.Call{System: "okta", Method: "DELETE", URL: at + "/00u1priya"}, c.UnassignCall(a))
	require.Equal(t, json(at, `{"id":"00u1priya","scope":"USER","credentials":{"userName":"priya.nair@acme.example"},"profile":{"abteilung":"backend","costCentre":12345678901234567890,"org":null,"rolle":"editor"}}`), c.AssignCall(a), "less what the mapping fills in")
	require.Equal(t, json(at+"/00u1priya", `{"profile":`+profile+`}`), c.PushProfileCall(a))
	require.Equal(t, json(at, `{"id":"00u1priya","scope":"USER"}`), c.ConvertToUserCall(a))
	require.Equal(t, transport.Call{System: "okta", Method: "DELETE", URL: s.URL + "/api/v1/groups/00g%2F1/users/00u1priya"}, c.RemoveFromGroupCall("00g/1", "00u1priya"))
	require.Equal(t, transport.Call{System: "okta", Method: "PUT", URL: s.URL + "/api/v1/groups/00g1/users/00u1priya"}, c.AddToGroupCall("00g1", "00u1priya"))
}

func TestOnlyAnApprovedCallIsSent(t *testing.T) {
	s := newServer(t)
	c := s.client()
	call := c.UnassignCall(idp.Assignment{App: idp.Application{Ref: idp.Ref{ID: "0oa1docker"}}, UserID: "00u1priya"})

	_, err := c.Send(t.Context(), call)
	require.ErrorIs(t, err, transport.ErrNotApproved)
	_, err = s.client(func(o *okta.Options) { o.Transport.ReadOnly = true }).Send(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
	require.ErrorIs(t, err, transport.ErrReadOnly)

	s.Handle("DELETE /api/v1/apps/0oa1docker/users/00u1priya", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	r, err := c.Send(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, r.Status)
}

func TestAnAssignmentByAGroupCannotBeTakenAwayAlone(t *testing.T) {
	s := newServer(t)
	s.Refuse("DELETE /api/v1/apps/0oa1docker/users/00u1priya", http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
	c := s.client()
	call := c.UnassignCall(idp.Assignment{App: idp.Application{Ref: idp.Ref{ID: "0oa1docker"}}, UserID: "00u1priya"})
	_, err := c.Send(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
	require.ErrorIs(t, err, transport.ErrForbidden)
	require.ErrorContains(t, err, "E0000006")
	require.ErrorContains(t, err, "the cause")
}
