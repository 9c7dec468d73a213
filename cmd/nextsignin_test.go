package cmd

import (
	"strings"
	"testing"
	"time"

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
		var left strings.Builder
		summarize(&left, w.state, "")
		require.Contains(t, left.String(), "Nothing is wrong. The next SSO sign-in may change them\n")
		require.NoError(t, w.box.SSOSignIn(email))
		require.Equal(t, "member", memberOf(t, w.box.State(), "priya-nair").Role, "and so it comes")
	})
}

// Whoever is right only because their profile was sent since they signed in is asked how
// JIT stands as well, and the report does not hide what was done about it.
func TestWhatIsRightUntilTheNextSignInIsMadeToLast(t *testing.T) {
	const email = "jordan.ito@acme.example"
	w := newWalk(t, "jordan-ito", false)
	require.NoError(t, w.box.PushByHand(email))
	require.NoError(t, w.clock.sleep(t.Context(), 8*time.Second))
	w.run(guide.StepDiagnose)
	require.Contains(t, w.state.Case.Answers, engine.AskJIT)
	require.Equal(t, engine.FindingNothingWrong, w.state.Verdict.Findings[0].ID)
	require.Equal(t, engine.FindingJITWouldOverride, w.state.Verdict.Findings[1].ID)
	w.choices[guide.StepDiagnose] = "nothing-wrong"
	w.goOn(guide.StepReport)
	require.Contains(t, report.Markdown(w.state.Case), "**Nothing is wrong.**")
	require.Contains(t, report.Markdown(w.state.Case), "The next SSO sign-in may change them: JIT is on")

	w.backTo(guide.StepDiagnose)
	w.choices[guide.StepDiagnose] = "disable-jit"
	w.goOn(guide.StepReport)
	require.True(t, w.state.Case.Settled(engine.ActionDisableJIT))
	text := report.Markdown(w.state.Case)
	require.Contains(t, text, "**Cured.**")
	require.NotContains(t, text, "Nothing was changed")
}

// An answer about the switch that is out of date, or was taken back, makes no cure last.
func TestACureIsNotCalledLastingOnAnOldAnswerAboutTheSwitch(t *testing.T) {
	cured := func(t *testing.T, race bool) *walk {
		t.Helper()
		w := newWalk(t, "priya-nair", false)
		if race {
			w.choices[guide.StepCloseJIT] = "accept-race"
			w.answers[engine.AskRace] = engine.RacePhrase
		}
		w.run(guide.StepVerify)
		return w
	}
	asked := func(t *testing.T, w *walk) {
		t.Helper()
		require.Equal(t, guide.StepVerify, w.state.Step)
		require.NotNil(t, w.state.Verdict.Ask, w.state.Verdict.Headline)
		require.Equal(t, engine.AskJIT, w.state.Verdict.Ask.ID)
	}
	t.Run("somebody has used it since", func(t *testing.T) {
		w := cured(t, false)
		require.Equal(t, "Cured: Docker shows what the identity provider sends", w.state.Verdict.Headline)
		w.box.ToggleJIT(true)
		require.NoError(t, w.clock.sleep(t.Context(), 8*time.Second))
		w.send(guide.Chosen{Outcome: "look-again"})
		asked(t, w)
		w.answers[engine.AskJIT] = "on"
		w.decide()
		require.Equal(t, "Cured until the next SSO sign-in, which may change it again", w.state.Verdict.Headline)
		w.send(guide.Back{})
		asked(t, w)
		w.answers[engine.AskJIT] = "unknown"
		w.decide()
		require.Equal(t, "Cured until the next SSO sign-in, which may change it again", w.state.Verdict.Headline)
		require.Contains(t, report.Markdown(w.state.Case), "Whether JIT is on is not known")
	})
	t.Run("they take it back", func(t *testing.T) {
		w := newWalk(t, "jordan-ito", false)
		w.run(guide.StepVerify)
		w.send(guide.Back{})
		require.Equal(t, guide.StepDisableJIT, w.state.Step)
		require.NotContains(t, w.state.Case.Answers, engine.AskJIT)
		w.send(guide.Back{})
		require.Equal(t, guide.StepDiagnose, w.state.Step)
		require.NotNil(t, w.state.Verdict.Ask, w.state.Verdict.Choices)
		require.Equal(t, engine.AskJIT, w.state.Verdict.Ask.ID)
		w.goOn(guide.StepReport)
		require.Contains(t, report.Markdown(w.state.Case), "**Cured.**")
	})
	t.Run("they go back from the question that follows the clicks", func(t *testing.T) {
		w := cured(t, true)
		w.choose("disable-jit")
		for w.state.Phase != guide.PhaseDeciding || w.state.Verdict.Ask == nil {
			w.act()
		}
		require.Equal(t, guide.StepDisableJIT, w.state.Step)
		w.send(guide.Back{})
		asked(t, w)
		w.decide()
		require.Equal(t, "Cured: Docker shows what the identity provider sends", w.state.Verdict.Headline)
	})
}

// What matched once need not match now.
func TestAttributesThatDifferAgainCanBeMatchedAgain(t *testing.T) {
	const email = "noor.haddad@acme.example"
	w := newWalk(t, "noor-haddad", false)
	w.choices[guide.StepDiagnose] = "match-attributes"
	w.console = func(engine.Plan) { require.NoError(t, w.box.MatchSSO(email)) }
	w.run(guide.StepVerify)
	require.True(t, w.state.Case.Settled(engine.ActionMatch))
	require.NoError(t, w.box.SetOktaProfile(email, "docker_role", "member"))
	require.NoError(t, w.clock.sleep(t.Context(), 8*time.Second))
	w.send(guide.Chosen{Outcome: "look-again"})
	w.choose("match-attributes")
	require.Equal(t, guide.StepMatch, w.state.Step, "%s", w.state.Verdict.Headline)
	w.goOn(guide.StepVerify)
	require.Equal(t, "Cured: Docker shows what the identity provider sends", w.state.Verdict.Headline)
}
