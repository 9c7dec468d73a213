//go:build !windows

package cmd

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/run"
)

// The stories of the push, each by keyboard alone through the real window, over
// HTTP to the sandbox, with the proof read from the sandbox's own state.

// token is what a provider meets whose SCIM token was made anew.
var token = sandbox.PushFault{Status: 401, Detail: "invalid or missing SCIM token", Times: -1}

func TestByKeyboardWhoeverIsAssignedIsPushedAndCured(t *testing.T) {
	for name, x := range map[string]struct {
		who, team string
		at        []func(*window)
		choice    string
		preview   []string
		sent      []string
	}{
		"Okta, individually": {
			"priya-nair", "backend", nil, "Push from Okta",
			[]string{"Unassign priya.nair@acme.example", "Assign priya.nair@acme.example again with the same values"},
			[]string{"okta DELETE /api/v1/apps/…", "okta POST /api/v1/apps/…/users"},
		},
		"Okta, by a group that is left alone": {
			"lena-fischer", "platform", nil, "Push from Okta",
			[]string{"Make the group's assignment an individual one", "Not touched: Docker Engineers also grants Jira."},
			[]string{"okta POST /api/v1/apps/…", "okta DELETE /api/v1/apps/…", "okta POST /api/v1/apps/…/users"},
		},
		"Okta, through the group": {
			"lena-fischer", "platform", nil, "Take them out of the group and put them back",
			[]string{"not in the group, without Jira", "Docker Engineers also grants Jira: they lose it"},
			[]string{"okta DELETE /api/v1/groups/…", "okta PUT /api/v1/groups/…"},
		},
		"Entra, directly": {
			"priya-nair", "backend",
			[]func(*window){atEntra},
			"Push from Microsoft Entra ID",
			[]string{"Provision priya.nair@acme.example on demand", "Nobody else is provisioned"},
			[]string{"entra POST …/provisionOnDemand"},
		},
		"Entra, by a group": {
			"lena-fischer", "platform",
			[]func(*window){atEntra},
			"Push from Microsoft Entra ID",
			[]string{"Provision lena.fischer@acme.example on demand", "Their assignment comes from"},
			[]string{"entra POST …/provisionOnDemand"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := openWindow(t, x.who, x.at...)
			before := w.box.State()
			w.toPush(x.who)
			w.take(x.choice)
			w.yes(x.preview...)
			w.cured(x.who, x.team)
			w.pushed(x.sent...)
			require.Equal(t, before.OktaGroups, w.box.State().OktaGroups)
			require.Equal(t, before.Entra, w.box.State().Entra)
		})
	}
}

func TestByKeyboardNothingIsDoneWhereNothingWouldBeSent(t *testing.T) {
	for name, x := range map[string]struct {
		who     string
		at      func(*window)
		finding string
		why     string
	}{
		"Okta, not assigned":     {"theo-brandt", func(*window) {}, "does not assign them", "no assignment of theo.brandt@acme.example"},
		"Entra, not assigned":    {"theo-brandt", atEntra, "does not assign them", "no assignment of theo.brandt@acme.example"},
		"Okta, provisioning off": {"priya-nair", func(w *window) { w.box.SwitchOktaProvisioning(false) }, "Provisioning is switched off", "its Provisioning tab"},
		"Entra, job stopped": {
			"priya-nair", func(w *window) { atEntra(w); w.box.StopEntraJob(true) }, "Provisioning is switched off", "the provisioning job is stopped",
		},
		"Entra, job in quarantine": {
			"priya-nair", func(w *window) { atEntra(w); quarantined(w.box) }, "Provisioning is switched off", "Docker's SCIM service could not be used",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := openWindow(t, x.who, x.at)
			if x.who == "priya-nair" {
				w.toDiagnosis()
			}
			before := w.box.State().JSON()
			w.see(x.finding, x.why, "❯ See what to change by hand")
			w.press(enter)
			w.take("Continue to the report")
			w.take("Finish")
			w.over()
			require.Equal(t, string(before), string(w.box.State().JSON()))
			require.Empty(t, pushes(w.box))
		})
	}
}

func TestByKeyboardAJobInQuarantineIsStartedAgain(t *testing.T) {
	t.Parallel()
	w := openWindow(t, "priya-nair", atEntra)
	w.toPush("priya-nair")
	quarantined(w.box)
	w.take("Look again")
	w.see("quarantine", "❯ Start the provisioning job")
	w.press(enter)
	w.yes("everybody who is waiting", "/start")
	w.cured("priya-nair", "backend")
	w.pushed("entra POST …/start")
}

func TestByKeyboardAPushThatFailsIsTriedAgain(t *testing.T) {
	t.Run("Okta, by its log", func(t *testing.T) {
		t.Parallel()
		w := openWindow(t, "priya-nair")
		w.toPush("priya-nair")
		w.box.FailPush(token)
		w.take("Push from Okta")
		w.confirm()
		w.see("not confirmed", "Okta could not provision them", "application.provision.user.push: FAILURE", "invalid or missing SCIM token", "Docker no longer accepts the SCIM token")
		w.press(enter)
		w.see("PRIYA-NAIR IS OUT OF ACME and has not come back")
		w.box.HealPushes()
		w.take("Push from Okta")
		w.confirm()
		w.cured("priya-nair", "backend")
	})
	t.Run("Entra, by its own answer", func(t *testing.T) {
		t.Parallel()
		w := openWindow(t, "priya-nair", atEntra)
		w.toPush("priya-nair")
		w.box.FailPush(sandbox.PushFault{Status: 400, Detail: "Not enough seats in organization 'acme'"})
		w.take("Push from Microsoft Entra ID")
		w.confirm()
		w.see("Microsoft Entra ID did not provision them", "Not enough seats", "No seat is left")
		w.take("Make a new plan")
		w.confirm()
		w.cured("priya-nair", "backend")
		w.pushed("entra POST …/provisionOnDemand", "entra POST …/provisionOnDemand")
	})
}

func TestByKeyboardWhoIsOutIsInvitedBackMeanwhile(t *testing.T) {
	t.Parallel()
	w := openWindow(t, "lena-fischer")
	w.toPush("lena-fischer")
	w.box.FailPush(token)
	w.take("Push from Okta")
	w.confirm()
	w.see("not confirmed yet", "❯ Continue from here")
	w.press(enter)
	w.see("LENA-FISCHER IS OUT OF ACME and has not come back")
	w.take("Invite them back meanwhile, with their old role and teams")
	w.yes("/v2/invites/bulk", "SCIM does not manage an invited member")
	w.verified("An invite is waiting for lena.fischer@acme.example.")
	invited := func(i sandbox.Invite) bool { return i.Invitee == "lena.fischer@acme.example" }
	require.True(t, slices.ContainsFunc(w.box.State().Invites, invited))
	w.box.HealPushes()
	w.see("LENA-FISCHER IS OUT OF ACME and has not come back")
	w.take("Push from Okta")
	w.yes("Cancel the invite of lena.fischer@acme.example")
	w.cured("lena-fischer", "platform")
	require.False(t, slices.ContainsFunc(w.box.State().Invites, invited), "the push has cancelled it")
}

func TestByKeyboardEntrasOwnStepSaysWhoIsOutOfScope(t *testing.T) {
	t.Parallel()
	w := openWindow(t, "lena-fischer", atEntra)
	w.toPush("lena-fischer")
	w.take("Push from Microsoft Entra ID")
	w.see("❯ No, go back", armed)
	w.box.ScopeEntra("department", "Sales") // between the plan and the yes
	w.confirm()
	w.see("Microsoft Entra ID did not provision them", "scoping filter", "outside the scope")
	w.press("q")
	w.see("Leave? LENA-FISCHER IS OUT OF ACME", "reprovision resume")
	w.take("Stay")
	w.box.ScopeEntra("", "")
	w.take("Make a new plan")
	w.confirm()
	w.cured("lena-fischer", "platform")
}

func TestByKeyboardAProviderWithoutAClientIsOperatedByHand(t *testing.T) {
	t.Parallel()
	w := openWindow(t, "priya-nair", byHand)
	w.skip("Skip Okta", 1)
	w.skip("Continue without", 1)
	w.take("JumpCloud")
	w.take("editor")
	w.see("Which teams")
	w.press("backend" + enter)
	w.toDiagnosis()
	w.see("SCIM does not manage this account")
	w.take("Re-provision")
	w.take("Yes, to both")
	w.fromInvites("priya-nair")
	w.take("Push from JumpCloud")
	w.hold.Lock() // nobody waits longer than the owner takes for their clicks
	w.yes("User Groups: the person has Docker through a group", "Docker's member list, until they are in it")
	w.see("Waiting for you to do the clicks")
	require.NoError(t, w.box.PushByHand("priya.nair@acme.example"))
	w.hold.Unlock()
	w.cured("priya-nair", "backend")
}

func TestByKeyboardWhichOfTwoApplicationsIsMeantIsChosen(t *testing.T) {
	t.Parallel()
	w := openWindow(t, "lena-fischer", func(w *window) { w.box.AddOktaApp("Docker") })
	w.see("Which application of Okta provisions Docker?", "2 applications are called", "❯ Docker")
	w.press(enter)
	w.toPush("lena-fischer")
	w.take("Push from Okta")
	w.confirm()
	w.cured("lena-fischer", "platform")
}

func TestByKeyboardEntrasClaimsAreMadeEqualWhereJITStays(t *testing.T) {
	begin := func(t *testing.T, claims map[string]string) *window {
		t.Helper()
		t.Parallel()
		w := openWindow(t, "noor-haddad", atEntra, func(w *window) { w.jit = true; w.box.AssignEntraClaims(claims) })
		w.see("Is Just-in-Time provisioning on?")
		w.take("It is on")
		w.see("Just-in-Time provisioning overrides SCIM")
		w.take("Keep JIT, match the attributes")
		w.take("Change the SSO attributes")
		w.hold.Lock()
		return w
	}
	end := func(w *window) {
		w.t.Helper()
		require.NoError(w.t, w.box.SSOSignIn("noor.haddad@acme.example"))
		w.see("verified", "❯ Continue")
		w.press(enter)
		w.see("Cured: Docker shows what the identity provider sends")
		w.take("Continue to the report")
		w.take("Finish")
		w.over()
		m := memberOf(w.t, w.box.State(), "noor-haddad")
		require.Equal(w.t, "editor", m.Role)
		require.Contains(w.t, m.Teams, "data")
		require.Empty(w.t, pushes(w.box))
	}
	right := map[string]string{"dockerRole": "=editor", "dockerTeam": "extensionattribute1"}
	t.Run("read from the policy, and seen changing", func(t *testing.T) {
		w := begin(t, map[string]string{"dockerRole": "extensionattribute2", "dockerTeam": "extensionattribute3"})
		w.yes(`dockerRole: SCIM sends "editor", sign-in carries "member"`, `dockerTeam: SCIM sends "data", sign-in carries "contractors"`, "claims mapping policy")
		w.see("Waiting for you to do the clicks")
		w.box.AssignEntraClaims(right)
		w.hold.Unlock()
		end(w)
	})
	t.Run("not readable, so the place to look is told and the owner's word counts", func(t *testing.T) {
		w := begin(t, nil)
		w.yes(`what sign-in carries could not`, "Attributes & Claims")
		w.see("Waiting for you to do the clicks")
		w.press("d")
		w.hold.Unlock()
		w.see("You say that the attributes match now")
		w.box.AssignEntraClaims(right) // as the admin center did meanwhile, unseen
		end(w)
	})
}

// TestByKeyboardLeavingWithSomebodyOutIsLoudAndResumed leaves while somebody is
// out, and comes back in another window, as reprovision resume does.
func TestByKeyboardLeavingWithSomebodyOutIsLoudAndResumed(t *testing.T) {
	t.Parallel()
	w := openWindow(t, "lena-fischer")
	w.toPush("lena-fischer")
	w.press("q")
	w.see("Leave?", "LENA-FISCHER IS OUT OF ACME", "reprovision resume")
	w.take("Leave now")
	w.over()
	require.False(t, slices.ContainsFunc(w.box.State().Members, func(m sandbox.Member) bool { return m.Username == "lena-fischer" }))

	rec, ok := unfinished(w.world.stateDir, "acme")
	require.True(t, ok)
	j, rec, err := run.Reopen(w.world.stateDir, rec.ID)
	require.NoError(t, err)
	w.open(t, guide.Resume(rec.Case(), rec.Mark()), func(p parts) { require.NoError(t, p.runner.Continue(j, rec)) })
	w.see("LENA-FISCHER IS OUT OF ACME: push them from Okta")
	w.take("Push from Okta")
	w.confirm()
	w.cured("lena-fischer", "platform")
	_, ok = unfinished(w.world.stateDir, "acme")
	require.False(t, ok, "nothing is left to be done")
}
