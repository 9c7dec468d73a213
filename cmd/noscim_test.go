package cmd

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// Whoever came without the SCIM token is asked for it where JIT is to be disabled, not
// refused after they chose to.
func TestTheSCIMTokenIsAskedForWhereJITIsDisabled(t *testing.T) {
	without := func(w *world) {
		w.credentials = slices.DeleteFunc(w.credentials, func(c engine.Credential) bool { return c.System == engine.SystemSCIM })
	}
	begun := func(t *testing.T) *walk {
		t.Helper()
		w := newWalk(t, "jordan-ito", false, without)
		w.answers[engine.AskSignIn], w.answers[engine.AskManaged] = "skip", "yes"
		w.run(guide.StepDisableJIT)
		require.Equal(t, engine.AskSCIM, w.state.Verdict.Ask.ID)
		require.Equal(t, []engine.SystemID{engine.SystemSCIM}, w.state.Verdict.Ask.Systems)
		return w
	}
	t.Run("and given", func(t *testing.T) {
		w := begun(t)
		wrong := credentialOf(w.box, engine.SystemSCIM)
		wrong.Secret = engine.NewSecret("a token of something else")
		w.send(guide.SignedIn{Credential: wrong})
		require.Equal(t, engine.AskSCIM, w.state.Verdict.Ask.ID)
		require.NotEmpty(t, w.state.Verdict.Ask.Note)

		w.send(guide.SignedIn{Credential: credentialOf(w.box, engine.SystemSCIM)})
		require.Equal(t, guide.StepDisableJIT, w.state.Step)
		w.goOn(guide.StepVerify)
		require.Equal(t, "Cured: Docker shows what the identity provider sends", w.state.Verdict.Headline)
		require.True(t, w.state.Case.Settled(engine.ActionDisableJIT))
	})
	t.Run("or not", func(t *testing.T) {
		w := begun(t)
		w.answers[engine.AskSCIM] = "skip"
		w.decide()
		off, _ := w.state.Verdict.Choice("do")
		require.Contains(t, off.Disabled, "nobody new could come in")
		w.decide()
		require.Equal(t, guide.StepMatch, w.state.Step, "what is left is to match the attributes")
		w.send(guide.Back{})
		w.send(guide.Back{})
		require.Equal(t, engine.AskSCIM, w.state.Verdict.Ask.ID)
	})
}

// A token that Docker takes no longer is asked for anew, and whoever continues without it
// is not told to look again for ever.
func TestWithoutTheSCIMTokenThatWasRevokedJITStaysOn(t *testing.T) {
	begun := func(t *testing.T) *walk {
		t.Helper()
		w := newWalk(t, "jordan-ito", false)
		w.run(guide.StepDiagnose)
		w.box.Rotate("scim")
		w.choose("disable-jit")
		require.Equal(t, engine.AskSignIn, w.state.Verdict.Ask.ID)
		return w
	}
	t.Run("a new one is given", func(t *testing.T) {
		w := begun(t)
		w.send(guide.SignedIn{Credential: credentialOf(w.box, engine.SystemSCIM)})
		w.goOn(guide.StepVerify)
		require.True(t, w.state.Case.Settled(engine.ActionDisableJIT))
	})
	t.Run("none is given", func(t *testing.T) {
		w := begun(t)
		w.answers[engine.AskSignIn] = "without"
		w.decide()
		require.Equal(t, guide.StepDisableJIT, w.state.Step)
		off, _ := w.state.Verdict.Choice("do")
		require.NotEmpty(t, off.Disabled)
		w.decide()
		require.Equal(t, guide.StepMatch, w.state.Step)
	})
}

// The same holds where SCIM is to be proven before a removal.
func TestTheSCIMTokenIsAskedForBeforeARemoval(t *testing.T) {
	begun := func(t *testing.T) *walk {
		t.Helper()
		w := newWalk(t, "priya-nair", false, func(w *world) {
			w.credentials = slices.DeleteFunc(w.credentials, func(c engine.Credential) bool { return c.System == engine.SystemSCIM })
		})
		w.answers[engine.AskSignIn], w.answers[engine.AskManaged] = "skip", "no"
		w.run(guide.StepProveSCIM)
		require.Equal(t, engine.AskSCIM, w.state.Verdict.Ask.ID)
		return w
	}
	t.Run("and given", func(t *testing.T) {
		w := begun(t)
		w.send(guide.SignedIn{Credential: credentialOf(w.box, engine.SystemSCIM)})
		w.goOn(guide.StepReport)
		w.cured("priya-nair", "backend")
	})
	t.Run("or not", func(t *testing.T) {
		w := begun(t)
		w.answers[engine.AskSCIM] = "skip"
		w.decide()
		on, _ := w.state.Verdict.Choice("next")
		require.Contains(t, on.Disabled, "Docker's SCIM service has not answered")
		w.send(guide.Back{})
		require.Equal(t, engine.AskSCIM, w.state.Verdict.Ask.ID)
		w.send(guide.Back{})
		require.Equal(t, guide.StepDiagnose, w.state.Step)
	})
}
