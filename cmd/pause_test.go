package cmd

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// pauses walks until the walk stands on a sign-in screen, and returns what is
// asked there.
func (w *walk) pauses() engine.Question {
	w.t.Helper()
	for range 100 {
		if ask := w.state.Verdict.Ask; w.state.Phase == guide.PhaseDeciding && ask != nil && ask.ID == engine.AskSignIn {
			require.NotContains(w.t, ask.Note+ask.Text+ask.Why, "canary")
			require.NotEmpty(w.t, ask.Note)
			return *ask
		}
		w.act()
	}
	w.t.Fatal("nothing asks for a sign-in")
	return engine.Question{}
}

// credentialOf is what signs in to a system of the sandbox now.
func credentialOf(box *sandbox.Sandbox, id engine.SystemID) engine.Credential {
	at, c := box.Addresses(), box.Credentials()
	return map[engine.SystemID]engine.Credential{
		engine.SystemHub:   {System: id, Host: at.HubURL, Identifier: c.HubIdentifier, Secret: engine.NewSecret(c.HubSecret)},
		engine.SystemSCIM:  {System: id, Host: at.SCIMURL, Secret: engine.NewSecret(c.SCIMToken)},
		engine.SystemOkta:  {System: id, Host: at.OktaURL, Identifier: c.OktaAppLabel, Secret: engine.NewSecret(c.OktaToken)},
		engine.SystemEntra: {System: id, Host: at.EntraURL, Identifier: c.EntraAppName, Secret: engine.NewSecret(c.EntraToken)},
	}[id]
}

func TestACredentialThatIsRevokedHalfWayPausesTheWalkAtTheSignIn(t *testing.T) {
	for _, id := range []engine.SystemID{engine.SystemHub, engine.SystemSCIM, engine.SystemOkta, engine.SystemEntra} {
		t.Run(string(id), func(t *testing.T) {
			w := newWalk(t, "priya-nair", false)
			if id == engine.SystemEntra {
				w = w.with(t, "entra")
			}
			w.run(guide.StepCloseJIT)
			seen, old := len(w.visited), credentialOf(w.box, id)
			w.box.Rotate(string(id))
			ask := w.pauses()
			require.Equal(t, []engine.SystemID{id}, ask.Systems)
			require.Contains(t, ask.Text, "not accepted")
			at := w.state.Step
			require.NotEqual(t, guide.StepSignIn, at)

			// The old one again: asked again, at the same place.
			w.send(guide.SignedIn{Credential: old})
			require.Equal(t, id, w.pauses().Systems[0])
			require.Equal(t, at, w.state.Step)

			w.send(guide.SignedIn{Credential: credentialOf(w.box, id)})
			require.NotContains(t, w.visited[seen:], guide.StepSignIn, "it goes on where it was")
			w.goOn(guide.StepReport)
			w.cured("priya-nair", "backend")
		})
	}
}

func TestAMembersTokenThatIsRevokedIsAskedOfTheMemberAgain(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	w.run(guide.StepRemove)
	w.secret = w.box.Rotate("priya-nair")
	ask := w.pauses()
	require.Equal(t, []engine.SystemID{engine.SystemMember}, ask.Systems, "the organization's token is as good as before")
	require.Contains(t, ask.Text, "not accepted")
	w.send(guide.SignedIn{Credential: engine.Credential{System: engine.SystemMember, Secret: engine.NewSecret(w.secret)}})
	w.goOn(guide.StepReport)
	w.cured("priya-nair", "backend")
}

// While repositories are copied two credentials are in use at one registry.
func TestTheCredentialThatTheRegistryRefusesIsTheOneThatIsAskedFor(t *testing.T) {
	for _, x := range []struct {
		revoked string
		asked   engine.SystemID
	}{{"priya-nair", engine.SystemMember}, {"hub", engine.SystemHub}} {
		t.Run(x.revoked, func(t *testing.T) {
			w := newWalk(t, "priya-nair", false)
			w.run(guide.StepHandOver)
			for w.state.Phase != guide.PhaseApproving {
				w.act()
			}
			fresh := w.box.Rotate(x.revoked)
			if x.asked == engine.SystemMember {
				w.secret = fresh
			}
			ask := w.pauses()
			require.Equal(t, []engine.SystemID{x.asked}, ask.Systems)
			cred := engine.Credential{System: engine.SystemMember, Secret: engine.NewSecret(w.secret)}
			if x.asked == engine.SystemHub {
				cred = credentialOf(w.box, engine.SystemHub)
			}
			w.send(guide.SignedIn{Credential: cred})
			w.goOn(guide.StepReport)
			w.cured("priya-nair", "backend")
		})
	}
}

func TestATokenOfTheWrongKindPausesTheWalkAtTheSignIn(t *testing.T) {
	w := newWalk(t, "lena-fischer", false, func(w *world) {
		w.credentials[0].Identifier, w.credentials[0].Secret = "alex-kim", engine.NewSecret("sandbox-pat-canary-alex-kim")
	})
	w.send(guide.Begin{})
	require.Contains(t, w.pauses().Text, "personal access token cannot")
	w.send(guide.SignedIn{Credential: credentialOf(w.box, engine.SystemHub)})
	w.goOn(guide.StepReport)
	require.Equal(t, sandbox.OriginSCIM, memberOf(t, w.box.State(), "lena-fischer").Origin)
}

func TestWhoHasNoOtherCredentialGoesOnWithoutTheSystem(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	w.run(guide.StepCloseJIT)
	w.box.Rotate("okta")
	ask := w.pauses()
	require.Equal(t, engine.SystemOkta, ask.Systems[0])
	require.Equal(t, "Continue without Okta", ask.Options[1].Label)
	at := w.state.Step
	w.send(guide.Answered{Question: engine.AskSignIn, Value: ask.Options[0].Value, At: w.clock.now()})
	require.Equal(t, engine.SystemOkta, w.pauses().Systems[0], "as it is, it is refused again")
	w.send(guide.Answered{Question: engine.AskSignIn, Value: ask.Options[1].Value, At: w.clock.now()})
	require.Equal(t, at, w.state.Step)
	require.Equal(t, []engine.SystemID{engine.SystemOkta}, w.state.Case.Without)
	require.Equal(t, guide.PhaseDeciding, w.state.Phase)
	if next := w.state.Verdict.Ask; next != nil {
		require.NotEqual(t, engine.AskSignIn, next.ID)
	}
}
