package observe_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/diagnose"
	"github.com/seed-05b3d87e/reprovision/engine/observe"
)

func TestEveryFactIsReadWithItsSourceAndTime(t *testing.T) {
	b := newBench(t)
	told := map[engine.FactID][]engine.Progress{}
	c, err := b.reader.Observe(t.Context(), of("priya-nair"), engine.Facts(), func(p engine.Progress) { told[p.Fact] = append(told[p.Fact], p) })
	require.NoError(t, err)
	for _, id := range engine.Facts() {
		require.True(t, c.Sources[id].Known(), "%s: %+v", id, c.Sources[id])
		require.NotEmpty(t, c.Sources[id].Name)
		require.Equal(t, noon, c.Sources[id].At)
		require.GreaterOrEqual(t, len(told[id]), 2)
		last := told[id][len(told[id])-1]
		require.False(t, told[id][0].Read)
		require.True(t, last.Read)
		require.NotEmpty(t, last.Text, "%s has no summary", id)
	}
	require.Equal(t, "alex-kim", c.Operator())
	require.Len(t, c.Roster, len(b.box.State().Members)+len(b.box.State().Invites))
	require.True(t, c.Member.Present)
	require.Equal(t, "member", c.Member.Role)
	require.Equal(t, []string{"legacy"}, c.Member.Teams)
	require.Equal(t, 1, c.Member.Owners)
	require.Equal(t, 2021, c.Member.Joined.Year(), "of the export: the list has the account's date")
	require.Len(t, c.Invites, 1)
	require.Equal(t, "contractors", c.Invites[0].Team)
	require.NotEmpty(t, c.Audit.SCIM)
	require.Empty(t, c.Audit.JIT)
	require.True(t, c.SCIM.Proven)
	require.False(t, c.SCIMUser.Found)
	require.Equal(t, "editor", c.Expected.Role)
	require.Equal(t, engine.SwitchOn, c.Expected.Provisioning)
	require.Equal(t, engine.Snapshot{Taken: true, At: noon, Role: "member", Teams: []string{"legacy"}, Email: c.Member.Email, Invites: c.Invites}, c.Snapshot)
	require.Equal(t, engine.FindingNotManaged, diagnose.Findings(c)[0].ID)
}

func TestObservingLeavesTheCaseItBeganWith(t *testing.T) {
	b := newBench(t)
	first := b.observe(of("priya-nair"), engine.Facts()...)
	again := b.observe(of("priya-nair"), engine.Facts()...)
	b.box.Invite(first.Member.Email, "legacy", "member")
	second := b.observe(first, engine.Facts()...)
	require.Len(t, second.Invites, 2)
	require.Len(t, second.Snapshot.Invites, 2)
	require.Equal(t, again, first)
}

func TestACredentialThatIsRefusedStopsEvenWhereTheFactIsOptional(t *testing.T) {
	for system, fact := range map[engine.SystemID]engine.FactID{
		engine.SystemSCIM: engine.FactSCIM, engine.SystemOkta: engine.FactExpectation, engine.SystemHub: engine.FactAudit,
	} {
		b := newBench(t)
		c := b.observe(of("priya-nair"), engine.FactMember)
		b.box.Fail(sandbox.Fault{System: string(system), Times: -1, Kind: sandbox.FaultStatus, Status: http.StatusUnauthorized})
		_, err := b.reader.Observe(t.Context(), c, []engine.FactID{fact}, silent)
		require.ErrorIs(t, err, transport.ErrUnauthorized)
		if system == engine.SystemHub {
			continue // nobody goes on without it
		}
		c = b.observe(c.WithoutSystem(system), fact)
		require.False(t, c.Sources[fact].Known())
		_, err = b.reader.Observe(t.Context(), c.WithSystem(system), []engine.FactID{fact}, silent)
		require.ErrorIs(t, err, transport.ErrUnauthorized)
	}
}

func TestWhatCannotBeReadIsMissingAndNotAbsent(t *testing.T) {
	refuse := func(system, path string, status int) func(*bench) {
		return func(b *bench) {
			b.box.Fail(sandbox.Fault{System: system, Path: path, Times: -1, Kind: sandbox.FaultStatus, Status: status, Body: `{"message":"no \u001b[31mway"}`})
		}
	}
	// What an earlier look has found must not pass for what is there now.
	stale := of("priya-nair")
	stale.SCIM.Proven = true
	stale.SCIMUser = engine.SCIMUser{Found: true, ID: "old", Active: true}
	stale.Expected = engine.Expectation{Provider: "Okta", Assigned: true, Role: "owner"}
	stale.Audit.JIT = []engine.AuditEvent{{At: noon}}
	// The owner goes on without what has refused them.
	stale.Without = []engine.SystemID{engine.SystemSCIM, engine.SystemOkta}

	for name, x := range map[string]struct {
		fact  engine.FactID
		brake func(*bench)
		says  string
		gone  func(engine.Case) bool
	}{
		"SCIM answers 401": {engine.FactSCIM, refuse("scim", "", http.StatusUnauthorized), "401", func(c engine.Case) bool { return !c.SCIM.Proven }},
		"SCIM answers 401 for the person": {
			engine.FactSCIMUser, refuse("scim", "", http.StatusUnauthorized), "401",
			func(c engine.Case) bool { return c.SCIMUser == engine.SCIMUser{} },
		},
		"SCIM is a page of HTML": {engine.FactSCIMUser, func(b *bench) {
			b.box.Fail(sandbox.Fault{System: "scim", Times: -1, Kind: sandbox.FaultHTML})
		}, "a web page", func(c engine.Case) bool { return c.SCIMUser == engine.SCIMUser{} }},
		"nobody is signed in to SCIM": {engine.FactSCIM, func(b *bench) { b.scim = nil }, "not signed in to SCIM", func(c engine.Case) bool { return !c.SCIM.Proven }},
		"nobody is signed in to SCIM, for the person": {
			engine.FactSCIMUser, func(b *bench) { b.scim = nil }, "not signed in to SCIM",
			func(c engine.Case) bool { return !c.SCIMUser.Found },
		},
		"the provider cannot be reached": {engine.FactExpectation, func(b *bench) {
			b.transport.Base = unreachable{}
			b.idp = b.oktaAt(b.box.Addresses().OktaURL)
		}, "no connection", func(c engine.Case) bool { return !c.Expected.Assigned && c.Expected.Role == "" }},
		"the provider answers 403": {
			engine.FactExpectation, refuse("okta", "", http.StatusForbidden), "403",
			func(c engine.Case) bool { return !c.Expected.Assigned && c.Expected.Role == "" },
		},
		"the provider breaks off": {engine.FactExpectation, func(b *bench) {
			b.box.Fail(sandbox.Fault{System: "okta", Times: -1, Kind: sandbox.FaultHalfBody})
		}, "", func(c engine.Case) bool { return !c.Expected.Assigned }},
		"nobody is signed in to a provider": {engine.FactExpectation, func(b *bench) { b.idp = nil }, "not signed in to an identity provider", func(engine.Case) bool { return true }},
		"the audit log answers 403": {
			engine.FactAudit, refuse("hub", "/v2/auditlogs/", http.StatusForbidden), "403",
			func(c engine.Case) bool { return len(c.Audit.JIT) == 0 && len(c.Audit.SCIM) == 0 },
		},
		"the audit log answers 503": {
			engine.FactAudit, refuse("hub", "/v2/auditlogs/", http.StatusServiceUnavailable), "503",
			func(c engine.Case) bool { return len(c.Audit.JIT) == 0 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			c := b.observe(stale, engine.FactMember)
			x.brake(b)
			c = b.observe(c, x.fact)
			s := c.Sources[x.fact]
			require.False(t, s.Known())
			require.NotEmpty(t, s.Missing)
			require.Contains(t, s.Missing, x.says)
			require.NotContains(t, s.Missing, "canary")
			require.NotContains(t, s.Missing, "\x1b")
			require.False(t, s.At.IsZero())
			require.True(t, x.gone(c), "%+v", c)
			for _, e := range diagnose.Managed(c).Evidence {
				require.NotContains(t, e.Text, "SCIM has no record", "that nobody could be asked is no answer")
			}
			require.NotEqual(t, engine.FindingNotAssigned, diagnose.Findings(c)[0].ID)
		})
	}
}

func TestSCIMThatAnswersWithNobodyIsAnAnswer(t *testing.T) {
	b := newBench(t)
	c := b.observe(of("priya-nair"), engine.FactMember, engine.FactSCIMUser)
	require.True(t, c.Sources[engine.FactSCIMUser].Known())
	require.False(t, c.SCIMUser.Found)

	c = b.observe(of("jordan-ito"), engine.FactMember, engine.FactSCIMUser)
	require.True(t, c.SCIMUser.Found)
	require.True(t, c.SCIMUser.Active)
	require.Equal(t, "jordan-ito", c.SCIMUser.DockerID)
}

func TestAnEmptyAddressIsNotLookedUp(t *testing.T) {
	b := newBench(t)
	c := b.observe(of("priya-nair"), engine.FactSCIMUser, engine.FactExpectation)
	for _, id := range []engine.FactID{engine.FactSCIMUser, engine.FactExpectation} {
		require.Contains(t, c.Sources[id].Missing, "address is not known")
	}
}

func TestWhatTheWalkCannotDoWithoutIsAnError(t *testing.T) {
	for id, path := range map[engine.FactID]string{
		engine.FactMember: "/v2/orgs/acme/members", engine.FactRoster: "/v2/orgs/acme/members",
		engine.FactInvites: "/v2/orgs/acme/invites", engine.FactRepositories: "/v2/namespaces/",
	} {
		b := newBench(t)
		b.box.Fail(sandbox.Fault{System: "hub", Path: path, Times: -1, Kind: sandbox.FaultStatus, Status: http.StatusForbidden})
		_, err := b.reader.Observe(t.Context(), of("priya-nair"), []engine.FactID{id}, silent)
		require.ErrorContains(t, err, "read "+id.Title())
	}
	b := newBench(t)
	b.hub = nil
	for _, id := range []engine.FactID{engine.FactRoster, engine.FactMember, engine.FactInvites, engine.FactRepositories, engine.FactSnapshot} {
		_, err := b.reader.Observe(t.Context(), of("priya-nair"), []engine.FactID{id}, silent)
		require.ErrorIs(t, err, observe.ErrNotSignedIn)
	}
	_, err := newBench(t).reader.Observe(t.Context(), engine.Case{Org: "acme"}, []engine.FactID{engine.FactMember}, silent)
	require.ErrorContains(t, err, "no member is chosen")
	_, err = newBench(t).reader.Observe(t.Context(), of("priya-nair"), []engine.FactID{"weather"}, silent)
	require.ErrorContains(t, err, `no reader for "weather"`)
}

func TestACancelledLookIsAnErrorAndNoFactIsMissing(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, id := range engine.Facts() {
		c, err := b.reader.Observe(ctx, of("priya-nair"), []engine.FactID{id}, silent)
		require.ErrorIs(t, err, context.Canceled)
		require.Empty(t, c.Sources, "that somebody pressed a key says nothing about the world")
	}
}

func TestTheOwnersWordStandsWhereNoProviderCanBeRead(t *testing.T) {
	b := newBench(t)
	b.idp = nil
	c := of("priya-nair")
	c.Expected = engine.Expectation{Stated: true, Role: "editor", Teams: []string{"backend"}}
	c = b.observe(c, engine.FactMember, engine.FactExpectation)
	require.True(t, c.Sources[engine.FactExpectation].Known())
	require.Equal(t, "the owner's word", c.Sources[engine.FactExpectation].Name)
	require.Equal(t, "editor", c.Expected.Role)
	require.True(t, engine.Differs(c))
}

func TestAnAssignmentInTheEnginesWords(t *testing.T) {
	full := idp.Assignment{
		Provider: "Okta", App: idp.Application{Ref: idp.Ref{Label: "Docker"}, ConsoleURL: "https://console"}, Assigned: true, Scope: idp.ScopeGroup, Role: "Editor",
		Teams: []string{"backend"}, Groups: []idp.Group{{Name: "Engineers", OtherApps: []string{"Jira", "Mail"}}}, Errors: []string{"no seat"},
		SSO: []idp.Attribute{{Name: "dockerRole", Value: "member", Resolved: true, Where: "there"}},
	}
	for name, x := range map[string]struct {
		provisioning idp.Provisioning
		want         engine.Switch
	}{
		"not readable":     {idp.Provisioning{Enabled: true, Create: true}, engine.SwitchUnknown},
		"on":               {idp.Provisioning{Known: true, Enabled: true, Create: true}, engine.SwitchOn},
		"off":              {idp.Provisioning{Known: true}, engine.SwitchOff},
		"creates nobody":   {idp.Provisioning{Known: true, Enabled: true, Update: true}, engine.SwitchOff},
		"creates when off": {idp.Provisioning{Known: true, Create: true}, engine.SwitchOff},
	} {
		full.App.Provisioning = x.provisioning
		e := observe.Expectation(full)
		require.Equal(t, x.want, e.Provisioning, name)
		require.Equal(t, "editor", e.Role)
		require.Equal(t, "group", e.Scope)
		require.Equal(t, []string{"Engineers"}, e.Groups)
		require.Equal(t, []string{"Engineers also grants Jira", "Engineers also grants Mail"}, e.SideEffects)
		require.Equal(t, []string{"no seat"}, e.SyncErrors)
		value, known := e.SSOValue("dockerRole")
		require.Equal(t, "member", value)
		require.True(t, known)
	}
	require.Equal(t, "member", observe.Expectation(idp.Assignment{}).WantedRole())
}

func TestAnsweringServersAreNotAskedToChangeAnything(t *testing.T) {
	b := newBench(t)
	before := string(b.box.State().JSON())
	b.own = b.hubAs("priya-nair", b.box.Credentials().Members["priya-nair"])
	b.observe(of("priya-nair"), engine.Facts()...)
	for _, r := range b.box.Requests() {
		require.False(t, r.Changing, "%s %s", r.Method, r.Path)
	}
	require.Equal(t, before, string(b.box.State().JSON()))
}
