package cmd

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/diagnose"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// with makes the walk's world anew with another identity provider; none is one
// that is operated by hand.
func (w *walk) with(t *testing.T, provider string) *walk {
	t.Helper()
	w.rewire(t.TempDir(), provider)
	return w
}

// rewire makes the walk's world anew, with its runs kept in dir.
func (w *walk) rewire(dir, provider string) {
	t := w.t
	t.Helper()
	world := sandboxWorld(w.box, w.state.Case.DryRun, dir)
	world.now, world.sleep, world.reportDir = w.clock.now, w.clock.sleep, t.TempDir()
	world.use(w.box, provider)
	p, err := wire(world)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.runner.Drain(context.Background())) })
	w.parts = p
}

func newEntraWalk(t *testing.T, username string) *walk {
	t.Helper()
	w := newWalk(t, username, false)
	return w.with(t, "entra")
}

// choose takes a choice at the present step and approves its plan.
func (w *walk) choose(outcome engine.Outcome) {
	w.t.Helper()
	c, ok := w.state.Verdict.Choice(outcome)
	require.True(w.t, ok, "%s offers no %s", w.state.Step, outcome)
	require.Empty(w.t, c.Disabled)
	w.send(guide.Chosen{Outcome: outcome})
	if w.state.Phase == guide.PhaseApproving {
		w.act()
	}
}

// cured holds the sandbox's own view against what the story promises.
func (w *walk) cured(username, team string) {
	w.t.Helper()
	m := memberOf(w.t, w.box.State(), username)
	require.Equal(w.t, sandbox.OriginSCIM, m.Origin, "SCIM created the membership anew")
	require.Equal(w.t, "editor", m.Role)
	require.Contains(w.t, m.Teams, team)
	require.NotEmpty(w.t, m.SCIMID)
	require.Equal(w.t, engine.FindingNothingWrong, diagnose.Findings(w.state.Case)[0].ID)
}

func (w *walk) pushes() []string { return pushes(w.box) }

// pushes are the requests that changed something at an identity provider.
func pushes(box *sandbox.Sandbox) []string {
	var out []string
	for _, r := range box.Requests() {
		if r.Changing && (r.System == "okta" || r.System == "entra") {
			out = append(out, r.System+" "+r.Method+" "+r.Path)
		}
	}
	return out
}

func (w *walk) evidence(id engine.ActionID) string {
	var out []string
	for _, e := range w.state.Case.Done[id].Evidence {
		out = append(out, e.Source+": "+e.Text)
	}
	return strings.Join(out, "\n")
}

func TestEntraProvisionsSomebodyAssignedDirectlyOnDemand(t *testing.T) {
	w := newEntraWalk(t, "priya-nair")
	w.run(guide.StepReport)
	w.cured("priya-nair", "backend")
	require.Len(t, w.pushes(), 1)
	require.True(t, strings.HasSuffix(w.pushes()[0], "/provisionOnDemand"))
	require.Equal(t, "Microsoft Entra ID", w.state.Case.Expected.Provider)
	require.Equal(t, "Docker SCIM", w.state.Case.Expected.Application, "sign-in by OIDC has the other name")
	require.Equal(t, "user", w.state.Case.Expected.Scope)
	steps := w.evidence(engine.ActionPush)
	for _, step := range []string{"its own answer", "import: success", "scoping: success", "matching: success", "export: success"} {
		require.Contains(t, steps, step)
	}
	requireOnlyApproved(t, w)
}

func TestEntraProvisionsSomebodyAssignedByAGroupAndLeavesTheGroupAlone(t *testing.T) {
	w := newEntraWalk(t, "lena-fischer")
	before := w.box.State().Entra
	w.run(guide.StepReport)
	w.cured("lena-fischer", "platform")
	require.Equal(t, "group", w.state.Case.Expected.Scope)
	require.Equal(t, []string{"Docker Engineers"}, w.state.Case.Expected.Groups)
	require.Equal(t, before, w.box.State().Entra)
	requireOnlyApproved(t, w)
}

func TestEntraSendsTheProfileOfALinkedPersonAgain(t *testing.T) {
	w := newEntraWalk(t, "jordan-ito")
	w.run(guide.StepReport)
	m := memberOf(t, w.box.State(), "jordan-ito")
	require.Equal(t, "editor", m.Role)
	require.Contains(t, m.Teams, "platform")
	require.NotContains(t, strings.Join(w.changing(), "\n"), "DELETE")
	requireOnlyApproved(t, w)
}

func TestNobodyIsPushedWhoIsNotAssigned(t *testing.T) {
	for name, w := range map[string]*walk{"Okta": newWalk(t, "theo-brandt", false), "Entra": newEntraWalk(t, "theo-brandt")} {
		t.Run(name, func(t *testing.T) {
			before := w.box.State().JSON()
			w.run(guide.StepFixSource)
			require.Equal(t, engine.FindingNotAssigned, diagnose.Findings(w.state.Case)[0].ID)
			require.Empty(t, w.changing())
			require.Equal(t, string(before), string(w.box.State().JSON()))
		})
	}
}

func TestProvisioningThatIsOffIsNamedBeforeAnythingIsDone(t *testing.T) {
	for name, x := range map[string]struct {
		walk *walk
		off  func(*sandbox.Sandbox)
		why  string
	}{
		"Okta":             {newWalk(t, "priya-nair", false), func(b *sandbox.Sandbox) { b.SwitchOktaProvisioning(false) }, "Provisioning tab"},
		"Entra":            {newEntraWalk(t, "priya-nair"), func(b *sandbox.Sandbox) { b.StopEntraJob(true) }, "the provisioning job is stopped"},
		"Entra quarantine": {newEntraWalk(t, "priya-nair"), quarantined, "in quarantine: Docker's SCIM service could not be used"},
	} {
		t.Run(name, func(t *testing.T) {
			x.off(x.walk.box)
			x.walk.run(guide.StepFixSource)
			lead := diagnose.Findings(x.walk.state.Case)[0]
			require.Equal(t, engine.FindingProvisioningOff, lead.ID)
			require.Contains(t, lead.Evidence[0].Text, x.why)
			require.Empty(t, x.walk.changing())
		})
	}
}

func quarantined(b *sandbox.Sandbox) {
	b.Quarantine("EncounteredQuarantineException", "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable", "The credentials are not accepted: 401 Unauthorized.")
}

func TestAJobThatGoesIntoQuarantineAfterTheRemovalIsStartedAgain(t *testing.T) {
	w := newEntraWalk(t, "priya-nair")
	w.run(guide.StepRemove)
	w.choose("do")
	quarantined(w.box)
	w.goOn(guide.StepPush)
	require.Contains(t, w.state.Verdict.Headline, "PRIYA-NAIR IS OUT OF ACME")
	push, _ := w.state.Verdict.Choice("do")
	require.Contains(t, push.Disabled, "quarantine")
	start, _ := w.state.Verdict.Choice("do-other")
	require.Equal(t, "Start the provisioning job", start.Label)
	require.True(t, start.Recommended)
	w.goOn(guide.StepReport)
	w.cured("priya-nair", "backend")
	require.Contains(t, w.pushes()[0], "/start")
	notes := strings.Join(w.plans[len(w.plans)-1].Notes, "\n")
	require.Contains(t, notes, "everybody who is waiting")
	requireOnlyApproved(t, w)
}

func TestNobodyIsRemovedWhomAScopingFilterWouldKeepOut(t *testing.T) {
	w := newEntraWalk(t, "priya-nair")
	w.box.ScopeEntra("department", "Sales")
	w.run(guide.StepDiagnose)
	w.send(guide.Chosen{Outcome: "re-provision"})
	require.Equal(t, guide.StepProveSCIM, w.state.Step)
	next, _ := w.state.Verdict.Choice("next")
	require.Contains(t, next.Disabled, "department equals Sales")
	require.Empty(t, w.changing())
}

func TestAScopingFilterIsNamedBeforeAndByEntraItself(t *testing.T) {
	w := newEntraWalk(t, "priya-nair")
	w.run(guide.StepPush)
	w.box.ScopeEntra("department", "Sales")
	w.send(guide.Chosen{Outcome: "look-again"})
	push, _ := w.state.Verdict.Choice("do")
	require.Contains(t, push.Disabled, "department equals Sales")

	w.box.ScopeEntra("", "")
	w.send(guide.Chosen{Outcome: "look-again"})
	w.send(guide.Chosen{Outcome: "do"})
	require.Equal(t, guide.PhaseApproving, w.state.Phase)
	w.box.ScopeEntra("department", "Sales") // between the plan and the yes
	w.act()
	require.Equal(t, guide.PhaseFailed, w.state.Phase)
	require.Equal(t, "Microsoft Entra ID did not provision them", w.state.Problem.Title)
	require.Contains(t, w.state.Problem.Detail, "scoping filter")
	require.Contains(t, w.state.Problem.Advice, "outside the scope")

	w.box.ScopeEntra("", "")
	w.send(guide.Retry{})
	w.goOn(guide.StepReport)
	w.cured("priya-nair", "backend")
}

func TestAPushThatFailsSaysWhyAndIsRepeatedWhenTheReasonIsMended(t *testing.T) {
	token := sandbox.PushFault{Status: 401, Detail: "invalid or missing SCIM token", Times: -1}
	t.Run("Okta, by its log", func(t *testing.T) {
		w := newWalk(t, "priya-nair", false)
		w.run(guide.StepPush)
		w.box.FailPush(token)
		began := w.clock.now()
		w.choose("do")
		require.Equal(t, guide.PhaseSettled, w.state.Phase)
		require.False(t, w.state.Check.OK)
		require.Less(t, w.clock.now().Sub(began).Seconds(), 60.0, "the log says no: there is no use in waiting on")
		require.Contains(t, w.state.Check.Text, "401 Unauthorized: invalid or missing SCIM token")
		require.Contains(t, w.state.Check.Text, "Copy the current one from Docker Home")
		w.send(guide.Continue{})
		require.Contains(t, w.state.Verdict.Headline, "PRIYA-NAIR IS OUT OF ACME and has not come back. Okta could not provision them")
		require.Equal(t, guide.StepPush, w.state.Step)
		w.box.HealPushes()
		w.goOn(guide.StepReport)
		w.cured("priya-nair", "backend")
		require.Contains(t, w.evidence(engine.ActionPush), "application.provision.user.push: SUCCESS")
		requireOnlyApproved(t, w)
	})
	t.Run("Entra, by its own answer", func(t *testing.T) {
		w := newEntraWalk(t, "priya-nair")
		w.run(guide.StepPush)
		w.box.FailPush(sandbox.PushFault{Status: 400, Detail: "Not enough seats in organization 'acme'"})
		w.choose("do")
		require.Equal(t, guide.PhaseFailed, w.state.Phase)
		require.Contains(t, w.state.Problem.Detail, "Not enough seats")
		require.Contains(t, w.state.Problem.Advice, "No seat is left")
		w.send(guide.Retry{})
		w.goOn(guide.StepReport)
		w.cured("priya-nair", "backend")
	})
}

func TestNobodyIsRemovedWhoWouldComeBackInAnotherOrganization(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	require.NoError(t, w.box.SetOktaProfile("priya.nair@acme.example", "docker_org", "other"))
	w.run(guide.StepFixSource)
	lead := diagnose.Findings(w.state.Case)[0]
	require.Equal(t, engine.FindingMisdirected, lead.ID)
	require.Contains(t, lead.Evidence[0].Text, "dockerOrg is other")
	require.Empty(t, w.changing())

	t.Run("nor pushed there", func(t *testing.T) {
		w := newWalk(t, "priya-nair", false)
		w.run(guide.StepPush)
		require.NoError(t, w.box.SetOktaProfile("priya.nair@acme.example", "docker_org", "other"))
		w.send(guide.Chosen{Outcome: "do"}) // the step was entered before
		require.Equal(t, guide.PhaseFailed, w.state.Phase)
		require.Contains(t, w.state.Problem.Detail, "they would be created in that organization")
		require.Empty(t, w.pushes())
		require.NoError(t, w.box.SetOktaProfile("priya.nair@acme.example", "docker_org", "acme"))
		w.send(guide.Retry{})
		w.goOn(guide.StepReport)
		w.cured("priya-nair", "backend")
	})
}

func TestEachReasonOfAFailedPushIsToldInWordsWithWhatToDo(t *testing.T) {
	for reason, x := range map[string]struct {
		fault  sandbox.PushFault
		advice string
	}{
		"no seat left":         {sandbox.PushFault{Status: 400, Detail: "Not enough seats in organization 'acme'"}, "No seat is left"},
		"token made anew":      {sandbox.PushFault{Status: 401, Detail: "invalid or missing SCIM token"}, "Docker no longer accepts the SCIM token"},
		"missing attribute":    {sandbox.PushFault{Status: 400, Detail: "name.givenName is a required attribute"}, "A required attribute is empty"},
		"somebody has it":      {sandbox.PushFault{Status: 409, Detail: "a user with this userName already exists"}, "a record for this address"},
		"Docker is in trouble": {sandbox.PushFault{Status: 503, Detail: "service unavailable"}, "push again in a while"},
		"Docker is overrun":    {sandbox.PushFault{Status: 429, Detail: "rate limit exceeded"}, "asked for a pause"},
	} {
		for provider, begin := range map[string]func(*testing.T, string) *walk{
			"Okta": func(t *testing.T, who string) *walk { t.Helper(); return newWalk(t, who, false) }, "Entra": newEntraWalk,
		} {
			t.Run(provider+", "+reason, func(t *testing.T) {
				w := begin(t, "lena-fischer")
				w.run(guide.StepPush)
				w.box.FailPush(x.fault)
				w.choose("do")
				told, advice := w.state.Check.Text, w.state.Check.Text // Okta's log is read afterwards
				if w.state.Phase == guide.PhaseFailed {                // Entra answers at once
					told, advice = w.state.Problem.Detail, w.state.Problem.Advice
					w.send(guide.Back{})
				} else {
					w.send(guide.Continue{})
				}
				require.Contains(t, told, x.fault.Detail)
				require.Contains(t, advice, x.advice)
				require.Equal(t, guide.StepPush, w.state.Step)
				require.Contains(t, w.state.Verdict.Headline, "LENA-FISCHER IS OUT OF ACME")
				invite, _ := w.state.Verdict.Choice("re-invite")
				require.Empty(t, invite.Disabled, "they can be invited back meanwhile")
				w.goOn(guide.StepReport) // what was wrong has passed
				w.cured("lena-fischer", "platform")
			})
		}
	}
}

func TestWhatTheProviderBelievesExplainsUpdatesThatGoNowhere(t *testing.T) {
	found := func(w *walk) string {
		var out []string
		for _, e := range w.state.Verdict.Findings[0].Evidence {
			require.NotEmpty(t, e.Source)
			require.False(t, e.At.IsZero())
			out = append(out, e.Text)
		}
		return strings.Join(out, "\n")
	}
	t.Run("a link to nothing", func(t *testing.T) {
		w := newWalk(t, "priya-nair", false)
		w.run(guide.StepDiagnose)
		require.Contains(t, found(w), "refers to a SCIM record that Docker does not have")
		require.Contains(t, found(w), "what it sends goes nowhere")
		require.Contains(t, found(w), "sync state at the identity provider: SYNCHRONIZED (it takes everything for sent), last on 2024-05-01")
	})
	t.Run("a token that was made anew", func(t *testing.T) {
		w := newWalk(t, "jordan-ito", false)
		w.box.FailPush(sandbox.PushFault{Status: 401, Detail: "invalid or missing SCIM token", Times: -1})
		w.run(guide.StepPushProfile)
		w.choose("do")
		require.Contains(t, w.state.Check.Text, "Copy the current one from Docker Home")
		w.send(guide.Continue{})
		w.send(guide.Chosen{Outcome: "pass-over"})
		w.send(guide.Chosen{Outcome: "diagnose-again"})
		require.Contains(t, found(w), "sync state at the identity provider: ERROR")
		require.Contains(t, found(w), "the identity provider reports: application.provision.user.push_profile: Error reported by the application: HTTP 401 Unauthorized")
		require.Contains(t, found(w), "what to do about it: Docker no longer accepts the SCIM token")
		require.Contains(t, found(w), "is linked to exactly this SCIM record")
	})
	t.Run("Entra, by its log", func(t *testing.T) {
		w := newEntraWalk(t, "jordan-ito")
		w.box.FailPush(sandbox.PushFault{Status: 401, Detail: "invalid or missing SCIM token", Times: -1})
		w.run(guide.StepPushProfile)
		w.choose("do")
		require.Equal(t, guide.PhaseFailed, w.state.Phase)
		require.NoError(t, w.clock.sleep(t.Context(), 10*time.Minute)) // the log is late
		w.send(guide.Back{})
		w.send(guide.Chosen{Outcome: "pass-over"})
		w.send(guide.Chosen{Outcome: "diagnose-again"})
		require.Contains(t, found(w), "sync state at the identity provider: FAILURE")
		require.Contains(t, found(w), "401 Unauthorized")
	})
}

func TestOktaLetsGoOfAGroupsAssignmentOnlyThroughTheGroup(t *testing.T) {
	w := newWalk(t, "lena-fischer", false)
	groups := w.box.State().OktaGroups
	w.run(guide.StepPush)
	w.box.HoldGroupAssignments(true)
	w.choose("do")
	require.Equal(t, guide.PhaseFailed, w.state.Phase)
	require.Equal(t, "Okta did not provision them", w.state.Problem.Title)
	require.Contains(t, w.state.Problem.Advice, "push through the group instead")

	w.send(guide.Back{})
	require.Equal(t, guide.StepPush, w.state.Step)
	w.choose("do-other")
	plan := w.plans[len(w.plans)-1]
	notes := strings.Join(plan.Notes, "\n")
	require.Contains(t, notes, "Docker Engineers also grants Jira: they lose it and get it back")
	require.Contains(t, plan.Changes[0].After, "without Jira")
	w.goOn(guide.StepReport)
	w.cured("lena-fischer", "platform")
	require.Equal(t, groups, w.box.State().OktaGroups, "the group is as it was")
	var ids []string
	for _, ch := range plan.Changes {
		id, _, _ := strings.Cut(ch.ID, ":")
		ids = append(ids, id)
	}
	require.Equal(t, []string{"leave", "unassign", "join"}, ids, "the assignment had been converted")
}

func TestOktaPushesThroughTheGroupWhenThatIsChosen(t *testing.T) {
	w := newWalk(t, "lena-fischer", false)
	groups := w.box.State().OktaGroups
	w.choices[guide.StepPush] = "do-other"
	w.run(guide.StepReport)
	w.cured("lena-fischer", "platform")
	require.Equal(t, groups, w.box.State().OktaGroups)
	require.Equal(t, "group", w.state.Case.Expected.Scope, "the group still assigns them")
	require.Len(t, w.pushes(), 2)
	requireOnlyApproved(t, w)
}

func TestWhoIsLeftOutOfTheGroupHalfWayIsPutBack(t *testing.T) {
	w := newWalk(t, "lena-fischer", false)
	w.run(guide.StepPush)
	w.box.Fail(sandbox.Fault{System: "okta", Method: "PUT", Path: "/api/v1/groups/", Kind: sandbox.FaultStatus, Status: 500, Body: `{"errorCode":"E0000009","errorSummary":"Internal Server Error"}`})
	w.choose("do-other")
	require.Equal(t, guide.PhaseFailed, w.state.Phase)
	w.send(guide.Retry{})
	require.Contains(t, w.state.Plan.Title, "Finish pushing")
	require.Len(t, w.state.Plan.Changes, 1)
	w.goOn(guide.StepReport)
	w.cured("lena-fischer", "platform")
}

func TestWhoIsOutCanBeInvitedBackWithTheirOldRoleAndTeams(t *testing.T) {
	failing := func(t *testing.T) *walk {
		t.Helper()
		w := newWalk(t, "priya-nair", false)
		w.run(guide.StepPush)
		w.box.FailPush(sandbox.PushFault{Status: 503, Detail: "service unavailable", Times: -1})
		w.choose("do")
		w.send(guide.Continue{})
		w.choose("re-invite")
		require.True(t, w.state.Check.OK, w.state.Check.Text)
		i := slices.IndexFunc(w.box.State().Invites, func(i sandbox.Invite) bool { return i.Invitee == "priya.nair@acme.example" })
		require.GreaterOrEqual(t, i, 0)
		require.Equal(t, "legacy", w.box.State().Invites[i].Team)
		require.Equal(t, "member", w.box.State().Invites[i].Role)
		w.send(guide.Continue{})
		return w
	}
	t.Run("and are in again when they accept", func(t *testing.T) {
		w := failing(t)
		require.NoError(t, w.box.SSOSignIn("priya.nair@acme.example"))
		w.send(guide.Chosen{Outcome: "look-again"})
		push, _ := w.state.Verdict.Choice("do")
		require.Contains(t, push.Disabled, "they are a member")
		m := memberOf(t, w.box.State(), "priya-nair")
		require.Equal(t, []string{"legacy"}, m.Teams)
		require.Equal(t, sandbox.OriginInvite, m.Origin)
		w.send(guide.Chosen{Outcome: "pass-over"})
		require.Equal(t, guide.StepVerify, w.state.Step)
		require.NotEqual(t, engine.FindingNothingWrong, w.state.Verdict.Findings[0].ID, "an invited member is not a cured one")
	})
	t.Run("and a push cancels the invite first", func(t *testing.T) {
		w := failing(t)
		invite, _ := w.state.Verdict.Choice("re-invite")
		require.Equal(t, "an invite is pending already", invite.Disabled)
		w.box.HealPushes()
		w.goOn(guide.StepReport)
		w.cured("priya-nair", "backend")
		require.False(t, slices.ContainsFunc(w.box.State().Invites, func(i sandbox.Invite) bool { return i.Invitee == "priya.nair@acme.example" }))
		requireOnlyApproved(t, w)
	})
}

func TestAProviderWithoutAClientIsOperatedByHandAndDockerIsWatched(t *testing.T) {
	w := newWalk(t, "priya-nair", false).with(t, "none")
	maps.Copy(w.answers, map[engine.QuestionID]string{
		engine.AskSignIn: "skip", engine.AskProvider: "onelogin", engine.AskRole: "editor", engine.AskTeams: "backend", engine.AskSCIMTested: "yes", engine.AskManaged: "no",
	})
	flip := w.console
	w.console = func(p engine.Plan) {
		if p.Action != engine.ActionPush {
			flip(p)
			return
		}
		require.Len(t, p.Changes[0].Console.Ways, 1, "the clicks of the product that they named, and no other's")
		require.Contains(t, p.Changes[0].Console.Ways[0][0], "Administration > Applications > Docker > Provisioning")
		require.Contains(t, p.Changes[0].Title, "OneLogin")
		require.NoError(t, w.box.PushByHand("priya.nair@acme.example"))
	}
	w.run(guide.StepReport)
	m := memberOf(t, w.box.State(), "priya-nair")
	require.Equal(t, sandbox.OriginSCIM, m.Origin)
	require.Equal(t, "editor", m.Role)
}
