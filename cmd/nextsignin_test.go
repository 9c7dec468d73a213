package cmd

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/report"
)

// While JIT is on and the SSO sign-in carries other values, nobody is cured for good:
// the walk says so before it ends, and leads to either of the guide's two ways.
func TestACureThatTheNextSignInWouldUndoIsNotCalledLasting(t *testing.T) {
	const email = "priya.nair@acme.example"
	for name, way := range map[string]struct {
		choose engine.Outcome
		action engine.ActionID
	}{
		"by disabling JIT":           {"disable-jit", engine.ActionDisableJIT},
		"by matching the attributes": {"match-attributes", engine.ActionMatch},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWalk(t, "priya-nair", false)
			w.choices[guide.StepCloseJIT] = "accept-race"
			w.answers[engine.AskRace] = engine.RacePhrase
			w.run(guide.StepVerify)
			w.cured("priya-nair", "backend")
			require.Equal(t, "Cured until the next SSO sign-in, which may change it again", w.state.Verdict.Headline)
			require.Equal(t, engine.FindingJITWouldOverride, w.state.Verdict.Findings[1].ID)
			require.True(t, w.state.Verdict.Choices[0].Recommended)
			require.Equal(t, engine.Outcome("disable-jit"), w.state.Verdict.Choices[0].Outcome)

			sent := len(w.pushes())
			if way.action == engine.ActionMatch {
				w.console = func(engine.Plan) { require.NoError(t, w.box.MatchSSO(email)) }
			}
			w.choose(way.choose)
			w.goOn(guide.StepVerify)
			require.Equal(t, "Cured: Docker shows what the identity provider sends", w.state.Verdict.Headline)
			require.True(t, w.state.Case.Settled(way.action))
			require.Len(t, w.pushes(), sent, "what is right already is not sent again")
			require.NoError(t, w.box.SSOSignIn(email))
			w.goOn(guide.StepReport)
			w.cured("priya-nair", "backend")
			require.Contains(t, report.Markdown(w.state.Case), "**Cured.**")
		})
	}

	t.Run("or is left as it is", func(t *testing.T) {
		w := newWalk(t, "priya-nair", false)
		w.choices[guide.StepCloseJIT] = "accept-race"
		w.answers[engine.AskRace] = engine.RacePhrase
		w.choices[guide.StepVerify] = "report"
		w.run(guide.StepReport)
		require.Contains(t, report.Markdown(w.state.Case), "**Cured until the next SSO sign-in.**")
		require.NoError(t, w.box.SSOSignIn(email))
		require.Equal(t, "member", memberOf(t, w.box.State(), "priya-nair").Role, "and so it comes")
	})
}
