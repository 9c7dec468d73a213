package entra_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/idp/entra"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func TestAnAssignmentTellsWhatTheMappingsWouldSend(t *testing.T) {
	s := newServer(t)
	s.ready()
	got, err := s.client().Assignment(t.Context(), "priya.nair@acme.example")
	require.NoError(t, err)
	require.True(t, got.Assigned)
	require.Equal(t, idp.ScopeUser, got.Scope)
	require.Equal(t, []idp.Group{{ID: "g1", Name: "Everyone"}}, got.Groups)
	require.Equal(t, "priya.nair@acme.example", got.UserName)
	require.Equal(t, "Priya", got.GivenName)
	require.Equal(t, "Nair", got.FamilyName)
	require.Equal(t, "editor", got.Role)
	require.Equal(t, "acme", got.Org)
	require.Equal(t, []string{"backend"}, got.Teams)
	require.Empty(t, got.Errors)
	require.True(t, got.LinkUnread)
	require.Equal(t, idp.Provisioning{Known: true, Enabled: true, Create: true, Update: true, Deactivate: true}, got.App.Provisioning)
	require.Contains(t, got.App.ConsoleURL, "/objectId/sp1/appId/c1")
	for _, a := range got.SSO {
		require.False(t, a.Resolved)
		require.Contains(t, a.Where, "Attributes & Claims")
	}
	require.Len(t, got.Ways, 1, "a job that works is not started")
	require.Equal(t, transport.Call{
		System: "entra", Method: "POST", ContentType: "application/json",
		URL:  s.URL + "/servicePrincipals/sp1/synchronization/jobs/job1/provisionOnDemand",
		Body: `{"parameters":[{"ruleId":"rule1","subjects":[{"objectId":"u1","objectTypeName":"User"}]}]}`,
	}, got.Ways[0].Changes[0].Call)
}

func TestWhatOnlyEntraCanEvaluateIsNamedAndNotGuessed(t *testing.T) {
	s := newServer(t)
	s.ready()
	s.On("GET /servicePrincipals/sp1/synchronization/jobs/job1/schema", mappings("null",
		attribute("userName", "Attribute", "mail", "[mail]"),
		attribute(extension+":dockerRole", "Function", "Switch", `Switch([department], "member", "Engineering", "editor")`),
		attribute("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:dockerteam", "Attribute", "department", "[department]")))
	got, err := s.client().Assignment(t.Context(), "priya.nair@acme.example")
	require.NoError(t, err)
	require.Empty(t, got.Role)
	require.Empty(t, got.Teams)
	require.Contains(t, got.Errors[0], `Switch([department]`)
	require.Contains(t, got.Errors[1], "Docker reads dockerTeam")
}

func TestAScopingFilterIsToldWhereItCanBeEvaluated(t *testing.T) {
	filter := func(operator, operand, value string) string {
		return fmt.Sprintf(`{"groups":[{"name":"f","clauses":[{"operatorName":%q,"sourceOperandName":%q,"targetOperand":{"values":[%q]}}]}]}`, operator, operand, value)
	}
	for scope, out := range map[string]bool{
		filter("EQUALS", "department", "Sales"):          true,
		filter("EQUALS", "department", "engineering"):    false,
		filter("NOT EQUALS", "department", "Sales"):      false,
		filter("IS NULL", "extensionAttribute1", ""):     false,
		filter("IS NOT NULL", "extensionAttribute1", ""): true,
		filter("REGEX MATCH", "department", "S.*"):       false, // Entra's own step will tell
		filter("EQUALS", "costCentre", "7"):              false,
		"null":                                           false,
	} {
		s := newServer(t)
		s.ready()
		s.On("GET /servicePrincipals/sp1/synchronization/jobs/job1/schema", mappings(scope, usual...))
		got, err := s.client().Assignment(t.Context(), "priya.nair@acme.example")
		require.NoError(t, err)
		require.Equal(t, out, got.OutOf != "", "%s: %s", scope, got.OutOf)
	}
}

func TestTheStateOfTheJobDecidesWhichWayIsOffered(t *testing.T) {
	for state, why := range map[string]string{
		`{"schedule":{"state":"Active"},"status":{"code":"Quarantine","quarantine":{"reason":"TooManyDeletes","error":{"code":"X1","message":"about to delete 40"}}}}`: "in quarantine: it was about to delete too many people (TooManyDeletes); X1: about to delete 40",
		`{"schedule":{"state":"Active"},"status":{"code":"Quarantine","quarantine":{"reason":"NewReason"}}}`:                                                           "in quarantine (NewReason)",
		`{"schedule":{"state":"Paused"},"status":{"code":"Paused"}}`:                                                                                                   "the provisioning job is stopped",
		`{"schedule":{"state":"Disabled"},"status":{"code":"NotRun"}}`:                                                                                                 "the provisioning job is stopped",
		`{"schedule":{"state":"Active"},"status":{"code":"NotConfigured"}}`:                                                                                            "not configured",
		`{"schedule":{"state":"Active"},"status":{"code":"NotRun"}}`:                                                                                                   "",
	} {
		s := newServer(t)
		s.ready()
		s.On("GET /servicePrincipals/sp1/synchronization/jobs", `{"value":[`+strings.Replace(state, "{", `{"id":"job1",`, 1)+`]}`)
		got, err := s.client().Assignment(t.Context(), "priya.nair@acme.example")
		require.NoError(t, err)
		require.Equal(t, why == "", got.App.Provisioning.Enabled, state)
		require.Contains(t, got.App.Provisioning.Why, why)
		startable := why != "" && why != "not configured"
		require.Equal(t, startable, len(got.Ways) == 2, state)
		if startable {
			require.Equal(t, idp.ChangeStart, got.Ways[1].Changes[0].ID)
			require.Equal(t, transport.Call{System: "entra", Method: "POST", URL: s.URL + "/servicePrincipals/sp1/synchronization/jobs/job1/start"}, got.Ways[1].Changes[0].Call)
		}
	}
}

func TestTheApplicationThatProvisionsIsFoundBesideTheOneForSignIn(t *testing.T) {
	two := `{"value":[{"id":"scim","displayName":"Docker SCIM"},{"id":"oidc","displayName":"Docker"}]}`
	s := newServer(t)
	s.ready()
	s.On("GET /servicePrincipals", two)
	s.On("GET /servicePrincipals/oidc/synchronization/jobs", `{"value":[]}`)
	s.On("GET /servicePrincipals/scim/synchronization/jobs", jobs)
	s.On("GET /servicePrincipals/scim/synchronization/jobs/job1/schema", mappings("null", usual...))
	got, err := s.client().Application(t.Context())
	require.NoError(t, err)
	require.Equal(t, "Docker SCIM", got.Label)

	s.On("GET /servicePrincipals/scim/synchronization/jobs", `{"value":[]}`)
	_, err = s.client().Application(t.Context())
	require.ErrorIs(t, err, transport.ErrNotFound)
	require.ErrorContains(t, err, `"Docker", "Docker SCIM"`)

	s.On("GET /servicePrincipals/scim/synchronization/jobs", `{"value":[{"id":"a"},{"id":"b"}]}`)
	_, err = s.client().Application(t.Context())
	require.ErrorContains(t, err, `2 applications or jobs may be the one for "Docker"`)
	var doubt *idp.ChoiceError
	require.ErrorAs(t, err, &doubt)
	require.Equal(t, idp.Ref{ID: "scim", Label: "Docker SCIM", Job: "b"}, doubt.Found[1].Ref)
	s.On("GET /servicePrincipals/scim", `{"id":"scim","displayName":"Docker SCIM"}`)
	s.On("GET /servicePrincipals/scim/synchronization/jobs/b/schema", mappings("null", usual...))
	_, err = s.client(func(o *entra.Options) { o.App = doubt.Found[1].Ref }).Application(t.Context())
	require.NoError(t, err)

	s.On("GET /servicePrincipals", `{"value":[]}`)
	_, err = s.client().Application(t.Context())
	require.ErrorContains(t, err, `begins with "Docker"`)
	s.On("GET /servicePrincipals/sp9", `{"id":"sp9","displayName":"Renamed"}`)
	s.On("GET /servicePrincipals/sp9/synchronization/jobs", jobs)
	s.On("GET /servicePrincipals/sp9/synchronization/jobs/job1/schema", mappings("null", usual...))
	got, err = s.client(func(o *entra.Options) { o.App.ID = "sp9" }).Application(t.Context())
	require.NoError(t, err)
	require.Equal(t, "Renamed", got.Label)
}

func TestAnApplicationThatWasFoundBeforeIsNotSearchedForAndNotTakenOnTrust(t *testing.T) {
	known := idp.Ref{ID: "sp1", Label: "Docker", Job: "job1"}
	remembered := func(o *entra.Options) { o.App = known }
	is := func(s *server, name string) {
		s.On("GET /servicePrincipals/sp1", `{"id":"sp1","displayName":"`+name+`"}`)
	}
	other := `{"value":[{"id":"sp2","displayName":"Docker"}]}`
	for name, x := range map[string]struct {
		change func(*server)
		why    string
		found  []idp.Ref
	}{
		"as it was, though another has its name now": {func(s *server) { s.On("GET /servicePrincipals", other) }, "", nil},
		"renamed": {
			func(s *server) { is(s, "Docker (old)") }, `sp1 was called "Docker" and is called "Docker (old)" now`,
			[]idp.Ref{{ID: "sp1", Label: "Docker (old)", Job: "job1"}, {ID: "sp2", Label: "Docker", Job: "job2"}},
		},
		"deleted": {
			func(s *server) {
				s.Refuse("GET /servicePrincipals/sp1", http.StatusNotFound, "Request_ResourceNotFound", "gone")
			}, "Docker sp1 is not there any more", []idp.Ref{{ID: "sp2", Label: "Docker", Job: "job2"}},
		},
		"its job made anew": {
			func(s *server) { s.On("GET /servicePrincipals/sp1/synchronization/jobs", `{"value":[{"id":"job3"}]}`) },
			`job job1 of "Docker" is not there any more`,
			[]idp.Ref{{ID: "sp1", Label: "Docker", Job: "job3"}, {ID: "sp2", Label: "Docker", Job: "job2"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.ready()
			is(s, "Docker")
			s.On("GET /servicePrincipals", other)
			s.On("GET /servicePrincipals/sp2/synchronization/jobs", `{"value":[{"id":"job2"}]}`)
			x.change(s)
			got, err := s.client(remembered).Application(t.Context())
			if x.why == "" {
				require.NoError(t, err)
				require.Equal(t, known, got.Ref)
				return
			}
			require.ErrorContains(t, err, x.why)
			var doubt *idp.ChoiceError
			require.ErrorAs(t, err, &doubt)
			var found []idp.Ref
			for _, c := range doubt.Found {
				found = append(found, c.Ref)
			}
			require.Equal(t, x.found, found)
		})
	}
	t.Run("two with the very name are two", func(t *testing.T) {
		s := newServer(t)
		s.ready()
		s.On("GET /servicePrincipals", `{"value":[{"id":"sp1","displayName":"Docker"},{"id":"sp2","displayName":"Docker"},{"id":"sp3","displayName":"Docker SCIM"}]}`)
		s.On("GET /servicePrincipals/sp2/synchronization/jobs", `{"value":[{"id":"job2"}]}`)
		var doubt *idp.ChoiceError
		c := s.client()
		_, err := c.Application(t.Context())
		require.ErrorAs(t, err, &doubt)
		require.Len(t, doubt.Found, 2)
		c.Use(doubt.Found[0].Ref)
		s.On("GET /servicePrincipals/sp1", `{"id":"sp1","displayName":"Docker"}`)
		got, err := c.Application(t.Context())
		require.NoError(t, err)
		require.Equal(t, known, got.Ref)
	})
}

func TestSomebodyWhoIsNotAssignedOrNotKnownIsNoError(t *testing.T) {
	s := newServer(t)
	s.ready()
	s.On("GET /users/u1/appRoleAssignments", `{"value":[]}`)
	got, err := s.client().Assignment(t.Context(), "priya.nair@acme.example")
	require.NoError(t, err)
	require.False(t, got.Assigned)
	require.Empty(t, got.Ways)
	s.On("GET /users", `{"value":[]}`)
	got, err = s.client().Assignment(t.Context(), "nobody@acme.example")
	require.NoError(t, err)
	require.Empty(t, got.UserID)
	_, err = s.client().Assignment(t.Context(), " ")
	require.ErrorContains(t, err, "none is known")
}

func TestPagesAreFollowedOnTheSameHostOnly(t *testing.T) {
	s := newServer(t)
	s.ready()
	s.Handle("GET /users/u1/appRoleAssignments", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("$skiptoken") == "" {
			_, _ = w.Write([]byte(`{"value":[],"@odata.nextLink":"` + s.URL + `/users/u1/appRoleAssignments?$skiptoken=2"}`))
			return
		}
		_, _ = w.Write([]byte(grants))
	})
	got, err := s.client().Assignment(t.Context(), "priya.nair@acme.example")
	require.NoError(t, err)
	require.True(t, got.Assigned)

	s.On("GET /users/u1/appRoleAssignments", `{"value":[],"@odata.nextLink":"https://evil.example/v1.0/users"}`)
	_, err = s.client().Assignment(t.Context(), "priya.nair@acme.example")
	require.ErrorIs(t, err, transport.ErrForeignHost)
	s.On("GET /users/u1/appRoleAssignments", `{"value":[],"@odata.nextLink":"`+s.URL+`/users/u1/appRoleAssignments"}`)
	_, err = s.client().Assignment(t.Context(), "priya.nair@acme.example")
	require.ErrorContains(t, err, "read already")
}

func TestTheLogTellsTheLinkAndTheLastFailure(t *testing.T) {
	entry := func(at, status, target, reason string) string {
		return fmt.Sprintf(`{"activityDateTime":%q,"jobId":"job1","provisioningAction":"create","provisioningStatusInfo":{"status":%q,"errorInformation":{"errorCode":"E1","reason":%q}},
			"sourceIdentity":{"id":"u1"},"targetIdentity":{"id":%q},"initiatedBy":{"displayName":"Azure AD Provisioning Service"}}`, at, status, reason, target)
	}
	s := newServer(t)
	s.ready()
	s.On("GET /auditLogs/provisioning", `{"value":[`+entry("2026-11-22T10:00:00Z", "failure", "", "No seat left")+","+
		entry("2026-11-20T10:00:00Z", "success", "scim-1", "")+`,{"sourceIdentity":{"id":"somebody-else"},"jobId":"job1"}]}`)
	got, err := s.client().Assignment(t.Context(), "priya.nair@acme.example")
	require.NoError(t, err)
	require.Equal(t, "scim-1", got.ExternalID)
	require.False(t, got.LinkUnread)
	require.Equal(t, "FAILURE", got.SyncState)
	require.Equal(t, []string{"No seat left (E1)"}, got.Errors)
	require.Equal(t, time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), got.LastSync)
	events, err := s.client().Events(t.Context(), "u1", time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Len(t, events, 2)
	require.Equal(t, "SUCCESS", events[0].Result)
	require.Equal(t, "provisioning.create", events[1].Type)

	s.Refuse("GET /auditLogs/provisioning", http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges")
	got, err = s.client().Assignment(t.Context(), "priya.nair@acme.example")
	require.NoError(t, err, "a token that may not read the log can still push")
	require.True(t, got.LinkUnread)
}

func TestRefusalsKeepGraphsCodeAndSayWhatToDo(t *testing.T) {
	for status, x := range map[int]struct {
		sentinel error
		words    string
	}{
		http.StatusUnauthorized:    {transport.ErrUnauthorized, "get a new access token"},
		http.StatusForbidden:       {transport.ErrForbidden, "Synchronization.ReadWrite.All"},
		http.StatusTooManyRequests: {transport.ErrRateLimited, "slow down"},
	} {
		s := newServer(t)
		s.Refuse("GET /servicePrincipals", status, "Some_Code", "slow down")
		_, err := s.client().Application(t.Context())
		require.ErrorIs(t, err, x.sentinel)
		require.ErrorContains(t, err, "Some_Code")
		require.ErrorContains(t, err, x.words)
		require.NotContains(t, fmt.Sprintf("%v %+v", err, s.client()), token)
	}
	for name, x := range map[string]struct{ body, says string }{
		"an inner code":         {`{"error":{"code":"UnknownError","message":"","innerError":{"code":"throttledRequest","request-id":"x"}}}`, "throttledRequest"},
		"details":               {`{"error":{"code":"badRequest","message":"Invalid.","details":[{"code":"a","target":"ruleId","message":"ruleId is unknown"}]}}`, "Invalid. ruleId is unknown"},
		"the same code inside":  {`{"error":{"code":"badRequest","message":"Invalid","innererror":{"code":"badRequest"}}}`, "400 Bad Request: badRequest: Invalid"},
		"nothing but a sign-in": {`<html>`, "400 Bad Request"},
	} {
		s := newServer(t)
		s.Handle("GET /servicePrincipals", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(x.body))
		})
		_, err := s.client().Application(t.Context())
		require.ErrorContains(t, err, x.says, name)
		require.NotContains(t, err.Error(), "badRequest: Invalid. badRequest")
	}
	_, err := entra.New(entra.Options{})
	require.ErrorContains(t, err, "access token")
	s := newServer(t)
	c := s.client(func(o *entra.Options) {
		o.Token = func(context.Context) (string, error) { return "", errors.New("the sign-in has expired") }
	})
	_, err = c.Application(t.Context())
	require.ErrorContains(t, err, "the sign-in has expired")
}

func push(t *testing.T, s *server, c *entra.Client) (idp.Result, error) {
	t.Helper()
	as, err := c.Assignment(t.Context(), "priya.nair@acme.example")
	require.NoError(t, err)
	call := as.Ways[0].Changes[0].Call
	return c.Push(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
}

func TestTheAnswerOfProvisionOnDemandIsReadStepByStep(t *testing.T) {
	route := "POST /servicePrincipals/sp1/synchronization/jobs/job1/provisionOnDemand"
	value := `"{\"action\":\"Create\",\"provisioningSteps\":[{\"type\":\"Import\",\"status\":\"Success\",\"description\":\"Retrieved.\"},{\"type\":\"Export\",\"status\":\"%s\",\"description\":\"%s\"}]}"`
	for _, x := range []struct{ name, body, reason, note string }{
		{"success", `{"key":"{\"result\":\"Success\",\"details\":{}}","value":` + fmt.Sprintf(value, "Success", "Created") + `}`, "", "import: success (Retrieved); export: success (Created)"},
		{"redundant", `{"key":"{\"result\":\"Skipped\",\"details\":{\"errorCode\":\"RedundantExport\",\"errorMessage\":\"match\"}}","value":"{}"}`, "", "result: Skipped"},
		{"out of scope", `{"key":"{\"result\":\"Skipped\",\"details\":{\"errorCode\":\"NotEffectivelyEntitled\",\"errorMessage\":\"not assigned\"}}","value":""}`, "not assigned (NotEffectivelyEntitled)", ""},
		{"failure", `{"key":"{\"result\":\"Failure\",\"details\":{\"errorCode\":\"Bad\",\"errorMessage\":\"HTTP 401\"}}","value":` + fmt.Sprintf(value, "Failure", "Failed to create") + `}`, "HTTP 401. Export: Failed to create (Bad)", ""},
		{"no words", `{"key":"{\"result\":\"Warning\"}","value":"null"}`, "it says Warning", ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			s := newServer(t)
			s.ready()
			s.On(route, x.body)
			got, err := push(t, s, s.client())
			if x.reason == "" {
				require.NoError(t, err)
				require.Equal(t, x.note, got.Note)
				return
			}
			var refused *idp.RefusalError
			require.ErrorAs(t, err, &refused)
			require.Contains(t, refused.Reason, x.reason)
			require.NotEmpty(t, refused.Advice)
		})
	}
	s := newServer(t)
	s.ready()
	s.On(route, `{"key":"no JSON"}`)
	_, err := push(t, s, s.client())
	require.ErrorIs(t, err, transport.ErrNotJSON)
	require.ErrorContains(t, err, "has to be seen in Docker")
}

func TestADryRunHoldsEverythingBack(t *testing.T) {
	s := newServer(t)
	s.ready()
	_, err := push(t, s, s.client(func(o *entra.Options) { o.Transport.ReadOnly = true }))
	require.ErrorIs(t, err, transport.ErrReadOnly)
}
