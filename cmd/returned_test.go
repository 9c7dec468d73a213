package cmd

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/run"
)

// Who came back without SCIM, by an invite or by JIT, is to be removed and pushed once
// more: to look again changes nothing, however often it is done.
func TestWhoCameBackWithoutSCIMIsRemovedAndPushedOnceMore(t *testing.T) {
	const email = "priya.nair@acme.example"
	for name, back := range map[string]func(*testing.T, *walk){
		"by an invite, after a push that failed": func(t *testing.T, w *walk) {
			t.Helper()
			w.run(guide.StepPush)
			w.box.FailPush(sandbox.PushFault{Status: 503, Detail: "service unavailable", Times: -1})
			w.choose("do")
			w.send(guide.Continue{})
			w.choose("re-invite")
			w.send(guide.Continue{})
			require.NoError(t, w.box.SSOSignIn(email))
			w.box.HealPushes()
		},
		"by JIT, before the push": func(t *testing.T, w *walk) {
			t.Helper()
			w.choices[guide.StepCloseJIT] = "accept-race"
			w.answers[engine.AskRace] = engine.RacePhrase
			w.run(guide.StepPush)
			require.NoError(t, w.box.SSOSignIn(email))
			delete(w.choices, guide.StepCloseJIT)
		},
		"by JIT, with the right values": func(t *testing.T, w *walk) {
			t.Helper()
			require.NoError(t, w.box.MatchSSO(email))
			w.choices[guide.StepCloseJIT] = "accept-race"
			w.answers[engine.AskRace] = engine.RacePhrase
			w.run(guide.StepPush)
			require.NoError(t, w.box.SSOSignIn(email))
			delete(w.choices, guide.StepCloseJIT)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var dir string
			w := newWalk(t, "priya-nair", false, func(x *world) { dir = x.stateDir })
			back(t, w)
			require.NotEqual(t, sandbox.OriginSCIM, memberOf(t, w.box.State(), "priya-nair").Origin)
			w.send(guide.Chosen{Outcome: "look-again"})
			w.goOn(guide.StepVerify)
			require.Contains(t, w.state.Verdict.Headline, "SCIM does not manage them")
			w.visited = nil
			w.goOn(guide.StepPush)
			require.Contains(t, w.visited, guide.StepRemove)
			require.Equal(t, "PRIYA-NAIR IS OUT OF ACME: push them from Okta", w.state.Verdict.Headline, "nothing was tried since")
			w.goOn(guide.StepReport)
			w.cured("priya-nair", "backend")
			require.Equal(t, run.StatusEnded, runStatus(t, dir))
			require.Equal(t, []string{"legacy"}, w.state.Case.Snapshot.Teams)
		})
	}
}
