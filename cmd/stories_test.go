package cmd

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/diagnose"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/run"
)

func memberOf(t *testing.T, s sandbox.State, username string) sandbox.Member {
	t.Helper()
	i := slices.IndexFunc(s.Members, func(m sandbox.Member) bool { return m.Username == username })
	require.GreaterOrEqual(t, i, 0, "%s is not a member", username)
	return s.Members[i]
}

func repositoryOf(t *testing.T, s sandbox.State, name string) sandbox.Repository {
	t.Helper()
	i := slices.IndexFunc(s.Repositories, func(r sandbox.Repository) bool { return r.Name == name })
	require.GreaterOrEqual(t, i, 0, "there is no repository %s", name)
	return s.Repositories[i]
}

func TestThePreSCIMMemberIsCuredAndNothingIsLost(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	before := w.box.State()
	require.Equal(t, sandbox.OriginInvite, memberOf(t, before, "priya-nair").Origin)
	w.run(guide.StepReport)

	require.Equal(t, []guide.StepID{
		guide.StepSignIn, guide.StepObserve, guide.StepDiagnose, guide.StepCancelInvites, guide.StepCloseJIT, guide.StepSnapshot,
		guide.StepHandOver, guide.StepRemove, guide.StepPush, guide.StepVerify, guide.StepReport,
	}, slices.DeleteFunc(slices.Clone(w.visited), func(id guide.StepID) bool {
		return id == guide.StepOrganization || id == guide.StepProveSCIM // they go by when nothing has to be asked
	}))
	after := w.box.State()
	m := memberOf(t, after, "priya-nair")
	require.Equal(t, sandbox.OriginSCIM, m.Origin, "SCIM created the membership anew")
	require.Equal(t, "editor", m.Role)
	require.Contains(t, m.Teams, "backend")
	require.NotEmpty(t, m.SCIMID)
	require.False(t, after.Connection.JIT)
	require.False(t, slices.ContainsFunc(after.Invites, func(i sandbox.Invite) bool { return i.Invitee == m.Email }))

	for _, name := range []string{"build-cache", "deploy-tool"} {
		source := repositoryOf(t, before, "priya-nair/"+name)
		require.Equal(t, source, repositoryOf(t, after, "priya-nair/"+name), "the original is as it was")
		target := repositoryOf(t, after, "acme/"+name)
		require.Equal(t, source.Tags, target.Tags, "every digest is equal")
		require.NotEmpty(t, target.Tags)
		require.Equal(t, source.Private, target.Private)
	}
	require.Equal(t, engine.FindingNothingWrong, diagnose.Findings(w.state.Case)[0].ID)

	t.Run("everybody else is as they were", func(t *testing.T) {
		for _, m := range before.Members {
			if m.Username != "priya-nair" {
				require.Equal(t, m, memberOf(t, after, m.Username))
			}
		}
	})
	t.Run("what was sent is what was approved", func(t *testing.T) { requireOnlyApproved(t, w) })
	t.Run("the removal came after the hand-over and before the push", func(t *testing.T) {
		changing := w.changing()
		removed := slices.IndexFunc(changing, func(s string) bool { return s == "hub DELETE /v2/orgs/acme/members/priya-nair" })
		require.Positive(t, removed)
		for i, s := range changing {
			switch {
			case strings.HasPrefix(s, "registry "):
				require.Less(t, i, removed, s)
			case strings.HasPrefix(s, "okta "):
				require.Greater(t, i, removed, s)
			}
		}
	})
}

// requireOnlyApproved compares the sandbox's log of changing requests with the
// calls of the approved plans, one by one.
func requireOnlyApproved(t *testing.T, w *walk) {
	t.Helper()
	var approved []string
	var uploads []string
	for _, p := range w.plans {
		for _, c := range p.Calls() {
			approved = append(approved, c.Method+" "+c.URL)
		}
		for _, ch := range p.Changes {
			if ch.Kind == engine.ChangeCopy {
				uploads = append(uploads, ch.Copy.Uploads...)
			}
		}
	}
	at := w.box.Addresses()
	host := map[string]string{"hub": at.HubURL, "okta": at.OktaURL, "entra": strings.TrimSuffix(at.EntraURL, "/v1.0"), "registry": "http://" + at.RegistryHost, "scim": at.HubURL}
	var sent []string
	for _, r := range w.box.Requests() {
		if !r.Changing || r.System == "console" {
			continue
		}
		url := host[r.System] + r.Path
		if r.System == "registry" {
			require.True(t, slices.ContainsFunc(uploads, func(u string) bool { return strings.HasPrefix(url, u) }), "%s was not approved", url)
			continue
		}
		sent = append(sent, r.Method+" "+url)
	}
	require.Equal(t, approved, sent)
}

func TestTheJITOverriddenMemberIsCuredByDisablingJIT(t *testing.T) {
	w := newWalk(t, "jordan-ito", false)
	w.run(guide.StepDiagnose)
	lead := diagnose.Findings(w.state.Case)[0]
	require.Equal(t, engine.FindingJITOverrides, lead.ID)
	require.Equal(t, engine.Certain, lead.Strength)
	w.goOn(guide.StepReport)
	m := memberOf(t, w.box.State(), "jordan-ito")
	require.Equal(t, "editor", m.Role)
	require.Contains(t, m.Teams, "platform")
	require.NotContains(t, strings.Join(w.changing(), "\n"), "DELETE", "nobody is removed for cause A")
	requireOnlyApproved(t, w)

	t.Run("and stays cured at the next sign-in", func(t *testing.T) {
		require.NoError(t, w.box.SSOSignIn(m.Email))
		require.Equal(t, m, memberOf(t, w.box.State(), "jordan-ito"))
	})
}

func TestTheAttributeMismatchIsNamedAttributeByAttribute(t *testing.T) {
	w := newWalk(t, "noor-haddad", true)
	w.choices[guide.StepDiagnose] = "match-attributes"
	w.run(guide.StepReport)
	lead := diagnose.Findings(w.state.Case)[0]
	require.Equal(t, engine.FindingJITOverrides, lead.ID)
	require.Equal(t, engine.Certain, lead.Strength)
	require.Len(t, w.plans, 1)
	require.Len(t, w.plans[0].Changes, 1)
	require.Len(t, w.plans[0].Changes[0].Console.Ways, 1)
	clicks := strings.Join(w.plans[0].Changes[0].Console.Ways[0], "\n")
	require.Contains(t, clicks, `dockerRole: SCIM sends "editor", sign-in carries "member". Change it in Okta`)
	require.Contains(t, clicks, `dockerTeam: SCIM sends "data", sign-in carries "contractors". Change it in Okta`)
}

func TestTheGroupAssignedMemberIsCuredWithoutTouchingTheGroup(t *testing.T) {
	w := newWalk(t, "lena-fischer", false)
	groups := w.box.State().OktaGroups
	w.run(guide.StepReport)
	m := memberOf(t, w.box.State(), "lena-fischer")
	require.Equal(t, sandbox.OriginSCIM, m.Origin)
	require.Equal(t, "editor", m.Role)
	require.Contains(t, m.Teams, "platform")
	require.Equal(t, groups, w.box.State().OktaGroups)
	requireOnlyApproved(t, w)
}

func TestStoriesThatMustEndWithoutAnyChange(t *testing.T) {
	for username, story := range map[string]struct {
		finding engine.FindingID
		ends    guide.StepID
	}{
		"sam-okafor":   {engine.FindingNothingWrong, guide.StepReport},
		"guest-rivera": {engine.FindingGuest, guide.StepFixSource},
		"theo-brandt":  {engine.FindingNotAssigned, guide.StepFixSource},
		"alex-kim":     {engine.FindingNothingWrong, guide.StepReport},
	} {
		t.Run(username, func(t *testing.T) {
			w := newWalk(t, username, false)
			before := w.box.State().JSON()
			w.run(story.ends)
			require.Equal(t, story.finding, diagnose.Findings(w.state.Case)[0].ID)
			require.Empty(t, w.plans)
			require.Empty(t, w.changing())
			require.Equal(t, string(before), string(w.box.State().JSON()))
		})
	}
}

func TestTheLastOwnerIsNeverOfferedForRemoval(t *testing.T) {
	w := newWalk(t, "morgan-reyes", false)
	w.run(guide.StepDiagnose)
	require.Equal(t, engine.FindingNotManaged, diagnose.Findings(w.state.Case)[0].ID)
	c, ok := w.state.Verdict.Choice("re-provision")
	require.True(t, ok)
	require.Contains(t, c.Disabled, "last owner")
	before := w.state
	w.send(guide.Chosen{Outcome: "re-provision"})
	require.Equal(t, before.Step, w.state.Step)

	t.Run("and the runner refuses by itself", func(t *testing.T) {
		e := w.parts.runner.Do(t.Context(), guide.MakePlan{Seq: 1, Case: w.state.Case, Action: engine.ActionRemove}, nil)
		failed, ok := e.(guide.Failed)
		require.True(t, ok)
		require.Contains(t, failed.Problem.Detail, "last owner")
	})
	require.Empty(t, w.changing())
}

func TestADryRunWalksEverythingAndChangesNothing(t *testing.T) {
	for _, username := range []string{"priya-nair", "jordan-ito", "lena-fischer", "noor-haddad"} {
		t.Run(username, func(t *testing.T) {
			w := newWalk(t, username, true)
			before := w.box.State().JSON()
			w.run(guide.StepReport)
			require.Empty(t, w.changing())
			require.Equal(t, string(before), string(w.box.State().JSON()), "byte for byte")
			require.NotEmpty(t, w.plans, "everything is previewed")
			if username == "priya-nair" {
				var calls []string
				for _, p := range w.plans {
					for _, c := range p.Calls() {
						calls = append(calls, c.Method+" "+strings.TrimPrefix(strings.TrimPrefix(c.URL, w.box.Addresses().HubURL), w.box.Addresses().OktaURL))
					}
				}
				require.Contains(t, calls, "DELETE /v2/orgs/acme/members/priya-nair")
				require.Contains(t, calls, "POST /v2/namespaces/acme/repositories")
			}
		})
	}
}

// What is shown after the push may make an owner go some steps back. The way on leads
// past the removal then: the member is there again, and SCIM manages them.
func TestGoingBackAfterThePushRemovesNobodyTwice(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	w.run(guide.StepVerify)
	cured := w.box.State()
	w.send(guide.Back{})
	require.Equal(t, guide.StepHandOver, w.state.Step)
	w.visited = nil
	w.goOn(guide.StepRemove)
	require.Contains(t, w.state.Verdict.Headline, "is a member again")
	once, ok := w.state.Verdict.Choice("do")
	require.True(t, ok)
	require.False(t, once.Recommended)
	require.Empty(t, once.Disabled, "an owner may still decide so")
	w.goOn(guide.StepReport)
	require.Contains(t, w.visited, guide.StepVerify)
	require.Equal(t, timeless(cured.JSON()), timeless(w.box.State().JSON()))
	removals := slices.DeleteFunc(w.changing(), func(r string) bool { return !strings.Contains(r, " DELETE /v2/orgs/acme/members/") })
	require.Len(t, removals, 1)

	for w.state.Step != guide.StepRemove {
		w.send(guide.Back{})
	}
	w.choices[guide.StepRemove] = once.Outcome
	w.act()
	require.Contains(t, w.state.Plan.Notes[0], "removed them before")
}

// Going back to the switch takes the answer back, not the clicks: what the walk has
// switched off is not to be switched again, which might switch it on.
func TestGoingBackToTheSwitchAsksHowItStands(t *testing.T) {
	for username, at := range map[string]struct{ step, next guide.StepID }{
		"priya-nair": {guide.StepCloseJIT, guide.StepSnapshot},
		"jordan-ito": {guide.StepDisableJIT, guide.StepPushProfile},
	} {
		t.Run(username, func(t *testing.T) {
			w := newWalk(t, username, false)
			w.run(at.next)
			w.send(guide.Back{})
			require.Equal(t, at.step, w.state.Step)
			require.NotNil(t, w.state.Verdict.Ask, "it proposes %v", w.state.Verdict.Choices)
			require.Equal(t, engine.AskJIT, w.state.Verdict.Ask.ID)
			w.goOn(at.next)
			switched := slices.DeleteFunc(w.plans, func(p engine.Plan) bool { return p.Action != engine.ActionDisableJIT })
			require.Len(t, switched, 1)
		})
	}
}

// Going back from the report leads, place by place, to where the walk began: nothing
// throws it forward again.
func TestBackAndBackLeadsToTheBeginning(t *testing.T) {
	for _, username := range []string{"priya-nair", "jordan-ito", "noor-haddad", "sam-okafor", "theo-brandt"} {
		for _, dryRun := range []bool{false, true} {
			t.Run(fmt.Sprint(username, " dry run ", dryRun), func(t *testing.T) {
				w := newWalk(t, username, dryRun)
				if username == "theo-brandt" {
					w.choices[guide.StepFixSource] = "report"
				}
				w.run(guide.StepReport)
				seen := map[string]bool{}
				for range 40 {
					place := fmt.Sprint(w.state.Step, w.state.Verdict.Headline)
					if ask := w.state.Verdict.Ask; ask != nil {
						place += string(ask.ID)
					}
					require.False(t, seen[place], "%s comes again: %v", place, seen)
					seen[place] = true
					if w.state.Step == guide.StepOrganization {
						return
					}
					w.send(guide.Back{})
					require.NotEqual(t, guide.PhaseFailed, w.state.Phase, "%+v", w.state.Problem)
				}
				t.Fatalf("it does not come to the beginning: %v", seen)
			})
		}
	}
}

// Whoever goes back while the member is out is led to the push again, from the cause
// and from the list of the members alike.
func TestGoingBackWhileTheyAreOutLeadsToThePush(t *testing.T) {
	for _, to := range []guide.StepID{guide.StepDiagnose, guide.StepMember} {
		t.Run(string(to), func(t *testing.T) {
			w := newWalk(t, "priya-nair", false)
			w.run(guide.StepPush)
			w.backTo(to)
			w.answers[engine.AskMember] = "priya-nair"
			w.visited = nil
			w.goOn(guide.StepReport)
			require.NotContains(t, w.visited, guide.StepRemove)
			require.Equal(t, engine.FindingNothingWrong, diagnose.Findings(w.state.Case)[0].ID, w.visited)
			require.True(t, w.state.Case.Snapshot.Taken)
		})
	}
}

// What a sign-in overwrites after the push has to be sent once more: that it was sent
// before is no reason to pass the step by.
func TestWhatIsOverwrittenAfterThePushIsPushedAgain(t *testing.T) {
	w := newWalk(t, "jordan-ito", false)
	w.run(guide.StepVerify)
	cured := memberOf(t, w.box.State(), "jordan-ito")
	require.NoError(t, w.box.FlipJIT(t.Context(), true))
	require.NoError(t, w.box.SSOSignIn("jordan.ito@acme.example"))
	w.answers[engine.AskJIT] = "on"
	require.NoError(t, w.clock.sleep(t.Context(), time.Minute))
	w.send(guide.Chosen{Outcome: "look-again"})
	require.Equal(t, "Not yet as it should be", w.state.Verdict.Headline)
	w.send(guide.Chosen{Outcome: "diagnose-again"})
	w.goOn(guide.StepVerify)
	require.Contains(t, w.state.Verdict.Headline, "Cured")
	now := memberOf(t, w.box.State(), "jordan-ito")
	require.Equal(t, cured.Role, now.Role)
	require.Equal(t, cured.Teams, now.Teams)
}

// A walk that turns to somebody else does not forget whom it left out.
func TestAnotherMemberDoesNotHideWhoIsOut(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	said := func() string {
		var out bytes.Buffer
		summarize(&out, w.state, "reprovision resume")
		return out.String()
	}
	w.run(guide.StepPush)
	w.backTo(guide.StepMember)
	require.Contains(t, said(), "PRIYA-NAIR IS OUT OF ACME")
	w.answers[engine.AskMember] = "sam-okafor"
	w.goOn(guide.StepReport)
	require.Equal(t, "sam-okafor", w.state.Case.Username)
	require.Empty(t, w.state.Case.Receipts)
	require.Contains(t, said(), "sam-okafor in acme: Nothing is wrong")
	require.Contains(t, said(), "PRIYA-NAIR IS OUT OF ACME")
	require.Contains(t, said(), "Continue with: reprovision resume")

	// She may come back meanwhile.
	require.NoError(t, w.box.PushByHand("priya.nair@acme.example"))
	w.backTo(guide.StepMember)
	w.answers[engine.AskMember] = "priya-nair"
	w.goOn(guide.StepReport)
	require.NotContains(t, said(), "IS OUT")
}

func TestTheJournalHoldsAnIntentBeforeEachOutcome(t *testing.T) {
	var dir string
	w := newWalk(t, "priya-nair", false, func(w *world) { dir = w.stateDir })
	w.run(guide.StepReport)
	files, err := filepath.Glob(filepath.Join(dir, "runs", "*.jsonl"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	info, err := os.Stat(files[0])
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	raw, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.NotContains(t, string(raw), "canary", "no secret is written down")
	records, err := run.List(dir)
	require.NoError(t, err)
	require.Len(t, records, 1)
	require.Equal(t, run.StatusEnded, records[0].Status())
	require.Empty(t, records[0].Doubts())
	var intents, outcomes int
	var removal bool
	for _, e := range records[0].Entries {
		switch e.Kind {
		case run.EntryIntent:
			require.Equal(t, intents, outcomes, "an intent stands before its own outcome")
			intents++
		case run.EntryOutcome:
			outcomes++
			require.Empty(t, e.Error)
		case run.EntryPlan:
			removal = removal || e.Action == engine.ActionRemove
			require.True(t, e.Action != engine.ActionRemove || e.Case.Snapshot.Taken)
		case run.EntryBegin, run.EntryCheck, run.EntryMark, run.EntryEnd:
		}
	}
	require.Equal(t, intents, outcomes)
	require.True(t, removal)
}
