package cmd

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/report"
	"github.com/seed-05b3d87e/reprovision/engine/run"
)

// resumed is the walk in another process, which takes up the unfinished run.
func (w *walk) resumed(dir string) {
	w.t.Helper()
	require.NoError(w.t, w.parts.runner.Drain(context.Background()))
	x := sandboxWorld(w.box, false, dir)
	x.now, x.sleep, x.reportDir = w.clock.now, w.clock.sleep, w.t.TempDir()
	p, err := wire(x)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { require.NoError(w.t, p.runner.Drain(context.Background())) })
	rec, err := resumable(dir, "")
	require.NoError(w.t, err)
	j, rec, err := run.Reopen(dir, rec.ID)
	require.NoError(w.t, err)
	require.NoError(w.t, p.runner.Continue(j, rec))
	w.parts, w.state = p, guide.Resume(rec.Case(), rec.Mark())
	w.send(guide.Begin{})
}

// runStatus is how the only run stands.
func runStatus(t *testing.T, dir string) run.Status {
	t.Helper()
	records, err := run.List(dir)
	require.NoError(t, err)
	require.Len(t, records, 1)
	return records[0].Status()
}

// Somebody was taken out of the group and could not be put back. Whoever goes back
// instead of trying again at once, or comes again another day, must be led to what
// puts them back.
func TestWhoWasTakenOutOfTheGroupIsPutBackByTheRecommendedWay(t *testing.T) {
	for name, further := range map[string]func(*walk, string){
		"by esc": func(w *walk, _ string) { w.send(guide.Back{}) },
		"by another process": func(w *walk, dir string) {
			w.resumed(dir)
		},
		"by another process and esc": func(w *walk, dir string) {
			w.resumed(dir)
			w.goOn(guide.StepPush)
			w.send(guide.Back{})
			w.goOn(guide.StepPush)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var dir string
			w := newWalk(t, "lena-fischer", false, func(x *world) { dir = x.stateDir })
			groups := w.box.State().OktaGroups
			w.run(guide.StepPush)
			w.box.Fail(sandbox.Fault{System: "okta", Method: http.MethodPut, Path: "/api/v1/groups/", Status: 500, Body: `{"errorCode":"E0000009","errorSummary":"Internal Server Error"}`})
			w.choose("do-other")
			require.Equal(t, guide.PhaseFailed, w.state.Phase)
			require.NotEqual(t, groups, w.box.State().OktaGroups)
			further(w, dir)
			w.goOn(guide.StepReport)
			w.cured("lena-fischer", "platform")
			require.Equal(t, groups, w.box.State().OktaGroups)
			require.Equal(t, run.StatusEnded, runStatus(t, dir))
		})
	}
}

// The second push has the very plan of the first one, which was carried out whole and
// did not help. What it does not get to is not done.
func TestAPushThatIsRepeatedAndBreaksOffIsFinished(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	w.run(guide.StepPush)
	w.box.FailPush(sandbox.PushFault{Status: 401, Detail: "invalid or missing SCIM token", Times: -1})
	w.choose("do")
	require.False(t, w.state.Check.OK)
	w.send(guide.Continue{})
	w.box.HealPushes()
	w.box.Fail(sandbox.Fault{System: "okta", Method: http.MethodPost, Path: "/api/v1/apps/", Status: 500, Body: `{"errorCode":"E0000009","errorSummary":"Internal Server Error"}`})
	w.choose("do")
	require.Equal(t, guide.PhaseFailed, w.state.Phase)
	n := len(w.plans)
	require.Equal(t, w.plans[n-2].Digest(), w.plans[n-1].Digest())
	require.NotEmpty(t, w.state.Case.Remaining(engine.ActionPush))
	w.send(guide.Retry{})
	require.Equal(t, guide.PhaseApproving, w.state.Phase, w.state.Problem.Detail)
	w.goOn(guide.StepReport)
	w.cured("priya-nair", "backend")
}

// Nothing was sent, so nothing is half done when the next cycle of the job brings
// them back.
func TestAPushThatWasRefusedAndNotNeededLeavesNothingHalfDone(t *testing.T) {
	dir := t.TempDir()
	w := newWalk(t, "priya-nair", false)
	w.rewire(dir, "entra")
	w.run(guide.StepPush)
	w.box.FailPush(sandbox.PushFault{Status: 400, Detail: "Not enough seats in organization 'acme'"})
	w.choose("do")
	require.Equal(t, guide.PhaseFailed, w.state.Phase)
	require.NoError(t, w.box.PushByHand("priya.nair@acme.example"))
	require.NoError(t, w.clock.sleep(t.Context(), pauseForLog))
	w.send(guide.Back{})
	w.goOn(guide.StepReport)
	w.cured("priya-nair", "backend")
	require.Equal(t, run.StatusEnded, runStatus(t, dir))
	require.NotContains(t, report.Markdown(w.state.Case), "half-way")
}

// Two groups give the application to somebody. The first one brings them back, and the
// second one has still to be given back.
func TestWhoIsBackByOneGroupIsPutIntoTheOtherToo(t *testing.T) {
	var dir string
	w := newWalk(t, "lena-fischer", false, func(x *world) { dir = x.stateDir })
	second, err := w.box.AddOktaGroup("Docker Reviewers", "lena.fischer@acme.example")
	require.NoError(t, err)
	groups := w.box.State().OktaGroups
	w.run(guide.StepPush)
	w.box.Fail(sandbox.Fault{System: "okta", Method: http.MethodPut, Path: "/api/v1/groups/" + second, Times: 2, Status: 500, Body: `{"errorCode":"E0000009","errorSummary":"Internal Server Error"}`})
	w.choose("do-other")
	require.Equal(t, guide.PhaseFailed, w.state.Phase)
	require.NoError(t, w.clock.sleep(t.Context(), pauseForLog)) // they are back by the first
	require.True(t, slices.ContainsFunc(w.box.State().Members, func(m sandbox.Member) bool { return m.Username == "lena-fischer" }))
	w.send(guide.Retry{})
	require.Equal(t, guide.PhaseApproving, w.state.Phase, w.state.Problem.Detail)
	w.act()
	require.Equal(t, guide.PhaseFailed, w.state.Phase) // once more
	w.send(guide.Back{})
	w.goOn(guide.StepReport)
	w.cured("lena-fischer", "platform")
	require.Equal(t, groups, w.box.State().OktaGroups)
	require.Equal(t, run.StatusEnded, runStatus(t, dir))
	require.NotContains(t, strings.Join(w.pushes(), "\n"), "DELETE /api/v1/apps/")
}

// What was missing was done by hand in the provider's console.
func TestWhatWasGivenBackByHandIsNotHalfDoneAnyMore(t *testing.T) {
	var dir string
	w := newWalk(t, "priya-nair", false, func(x *world) { dir = x.stateDir })
	assignments := w.box.State().Assignments
	i := slices.IndexFunc(assignments, func(a sandbox.Assignment) bool { return a.Login == "priya.nair@acme.example" })
	require.GreaterOrEqual(t, i, 0)
	w.run(guide.StepPush)
	w.box.Fail(sandbox.Fault{System: "okta", Method: http.MethodPost, Path: "/api/v1/apps/", Status: 403, Body: `{"errorCode":"E0000075","errorSummary":"Cannot modify the docker_role attribute because it has a field mapping and profile push is enabled."}`})
	w.choose("do")
	require.Equal(t, guide.PhaseFailed, w.state.Phase)
	require.NoError(t, w.box.AssignByHand("priya.nair@acme.example", assignments[i].Profile))
	require.NoError(t, w.clock.sleep(t.Context(), pauseForLog))
	sent := len(w.pushes())
	defer func() { require.Len(t, w.pushes(), sent, "nothing was left to send") }()
	w.send(guide.Back{})
	w.goOn(guide.StepReport)
	w.cured("priya-nair", "backend")
	require.Equal(t, run.StatusEnded, runStatus(t, dir))
	require.NotContains(t, report.Markdown(w.state.Case), "half-way")
}

// Whoever goes far back while the member is out is led to the push again, and so is
// who finishes the walk and takes the run up again.
func TestWhoIsOutIsPushedWhereverTheWalkGoesOn(t *testing.T) {
	out := func(t *testing.T) (*walk, string) {
		t.Helper()
		var dir string
		w := newWalk(t, "priya-nair", false, func(x *world) { dir = x.stateDir })
		w.run(guide.StepPush)
		w.box.FailPush(sandbox.PushFault{Status: 503, Detail: "service unavailable", Times: -1})
		w.choose("do")
		w.send(guide.Continue{})
		for range 20 {
			if w.state.Step == guide.StepDiagnose {
				break
			}
			w.send(guide.Back{})
		}
		require.Equal(t, guide.StepDiagnose, w.state.Step)
		return w, dir
	}
	t.Run("by the diagnosis", func(t *testing.T) {
		w, dir := out(t)
		require.Contains(t, w.state.Verdict.Headline, "PRIYA-NAIR IS OUT OF ACME")
		w.box.HealPushes()
		w.goOn(guide.StepPush)
		w.goOn(guide.StepReport)
		w.cured("priya-nair", "backend")
		require.Equal(t, run.StatusEnded, runStatus(t, dir))
	})
	for name, end := range map[string]guide.StepID{"left at the report": guide.StepReport, "finished": guide.StepEnd} {
		t.Run(name, func(t *testing.T) {
			w, dir := out(t)
			w.send(guide.Chosen{Outcome: "fix-source"})
			require.Equal(t, guide.StepFixSource, w.state.Step)
			w.send(guide.Chosen{Outcome: "report"})
			require.Contains(t, report.Markdown(w.state.Case), "To go on, run `reprovision resume`: it pushes them again")
			if end == guide.StepEnd {
				w.send(guide.Chosen{Outcome: "finish"})
			}
			require.Equal(t, end, w.state.Step)
			require.Equal(t, run.StatusUnfinished, runStatus(t, dir))
			w.box.HealPushes()
			w.resumed(dir)
			require.Equal(t, guide.StepPush, w.state.Step)
			w.goOn(guide.StepReport)
			w.cured("priya-nair", "backend")
			require.Equal(t, run.StatusEnded, runStatus(t, dir))
		})
	}
}

// A push by hand was stopped after the pending invite was cancelled, and its clicks took
// effect later: the member is back, and nothing is half-way.
func TestAPushByHandThatShowsAfterTheWatchWasStoppedLeavesNothingHalfDone(t *testing.T) {
	const email = "priya.nair@acme.example"
	var dir string
	var w *walk
	w = newWalk(t, "priya-nair", false, func(x *world) {
		dir = x.stateDir
		x.credentials = slices.DeleteFunc(x.credentials, func(c engine.Credential) bool { return c.System == engine.SystemOkta })
		sleep := x.sleep
		x.sleep = func(ctx context.Context, d time.Duration) error {
			if w.state.Phase == guide.PhaseRunning && w.state.Plan.Action == engine.ActionPush {
				w.parts.runner.Do(t.Context(), guide.Halt{Seq: w.state.Seq}, nil)
			}
			return sleep(ctx, d)
		}
	})
	maps.Copy(w.answers, map[engine.QuestionID]string{
		engine.AskSignIn: "skip", engine.AskProvider: "onelogin", engine.AskRole: "editor", engine.AskTeams: "backend", engine.AskSCIMTested: "yes", engine.AskManaged: "no",
	})
	w.run(guide.StepPush)
	w.choose("re-invite")
	w.send(guide.Continue{})
	w.choose("do")
	require.Equal(t, guide.PhaseStopped, w.state.Phase)
	require.Len(t, w.state.Case.Unfinished, 1)
	w.send(guide.Back{}) // and it does not show yet
	require.Contains(t, w.state.Verdict.Headline, "IS OUT OF ACME")

	require.NoError(t, w.box.PushByHand(email))
	require.NoError(t, w.clock.sleep(t.Context(), 8*time.Second))
	w.send(guide.Chosen{Outcome: "look-again"})
	w.goOn(guide.StepReport)
	w.cured("priya-nair", "backend")
	require.Contains(t, report.Markdown(w.state.Case), "**Cured.**")
	require.Equal(t, run.StatusEnded, runStatus(t, dir))
}
