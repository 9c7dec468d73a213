//go:build !windows

package cmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

func (s *shell) remembers(id engine.SystemID) remembered {
	s.t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.home, "reprovision", "settings.json"))
	require.NoError(s.t, err)
	var got settings
	require.NoError(s.t, json.Unmarshal(raw, &got))
	return got.Profiles["acme"].Apps[id]
}

func TestTheApplicationIsRememberedInTheProfileAndLookedAtEachTime(t *testing.T) {
	box := startBox(t)
	at, c := box.Addresses(), box.Credentials()
	s := newShell(t, t.TempDir(), nowhere, "REPROVISION_PASSPHRASE=a long enough passphrase")
	s.ok(c.HubSecret, "login", "hub", "--org", "acme", "--host", at.HubURL, "--token-stdin")
	s.ok(c.OktaToken, "login", "okta", "--host", at.OktaURL, "--app", "Docker", "--token-stdin")
	was := s.remembers(engine.SystemOkta)
	require.Equal(t, "Docker", was.Label)
	require.True(t, strings.HasPrefix(was.ID, "0oa"))

	// A namesake changes nothing for who has been here before.
	other := box.AddOktaApp("Docker")
	got, code := s.status()
	require.Zero(t, code, "%+v", got)

	// Who has not is told of both, and nothing is guessed.
	login := []string{"login", "okta", "--host", at.OktaURL, "--token-stdin", "--app"}
	out, code := s.run(c.OktaToken, append(login, "Docker")...)
	require.NotZero(t, code)
	require.Contains(t, out, "2 applications are called \"Docker\"")
	require.Contains(t, out, was.ID)
	require.Contains(t, out, other)

	// One that is called otherwise now may be another's.
	box.RenameOktaApp("Docker (until 2025)")
	got, code = s.status()
	require.Equal(t, exitAuth, code)
	require.Contains(t, got.Systems[1].Problem, was.ID+" was called \"Docker\" and is called \"Docker (until 2025)\" now")
	require.Contains(t, got.Systems[1].Problem, other)

	// The id in place of the name settles it.
	s.ok(c.OktaToken, append(login, was.ID)...)
	require.Equal(t, "Docker (until 2025)", s.remembers(engine.SystemOkta).Label)
	_, code = s.status()
	require.Zero(t, code)

	s.ok("", "logout", "okta")
	require.Empty(t, s.remembers(engine.SystemOkta).ID)
	s.noCanary()
}

func TestEntrasApplicationAndItsJobAreRemembered(t *testing.T) {
	box := startBox(t)
	at, c := box.Addresses(), box.Credentials()
	s := newShell(t, t.TempDir(), nowhere, "REPROVISION_PASSPHRASE=a long enough passphrase")
	s.ok(c.HubSecret, "login", "hub", "--org", "acme", "--host", at.HubURL, "--token-stdin")
	s.ok(c.EntraToken, "login", "entra", "--host", at.EntraURL, "--app", "Docker", "--token-stdin")
	was := s.remembers(engine.SystemEntra)
	require.Equal(t, "Docker", was.Asked, "the name that sign-in by OIDC has taken")
	require.Equal(t, "Docker SCIM", was.Label)
	require.True(t, strings.HasPrefix(was.Job, "customappsso."))
	searches := len(box.Requests())
	_, code := s.status()
	require.Zero(t, code)
	for _, r := range box.Requests()[searches:] {
		require.NotContains(t, r.Path, "startswith", "it is not searched for again")
	}
}

func TestWhichApplicationIsMeantIsAskedAndNotGuessed(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	w.box.AddOktaApp("Docker")
	w.send(guide.Begin{})
	require.Equal(t, engine.AskApp, w.state.Verdict.Ask.ID)
	require.Len(t, w.state.Verdict.Ask.Options, 3, "the two, and to go on without Okta")
	require.Contains(t, w.state.Verdict.Ask.Note, "2 applications are called")
	require.Equal(t, guide.PhaseDeciding, w.state.Phase)
	w.answers[engine.AskApp] = w.state.Verdict.Ask.Options[0].Value
	w.goOn(guide.StepReport)
	w.cured("priya-nair", "backend")

	t.Run("and who goes on without it is asked what they know", func(t *testing.T) {
		w := newWalk(t, "priya-nair", false)
		w.box.AddOktaApp("Docker")
		w.send(guide.Begin{})
		w.answers[engine.AskApp] = "skip"
		w.act()
		require.Equal(t, engine.AskProvider, w.state.Verdict.Ask.ID)
	})
	t.Run("and one that is renamed in the middle stops what relies on it", func(t *testing.T) {
		w := newWalk(t, "priya-nair", false)
		w.run(guide.StepPush)
		w.box.RenameOktaApp("Docker (old)")
		w.send(guide.Chosen{Outcome: "do"})
		require.Equal(t, guide.PhaseFailed, w.state.Phase)
		require.Equal(t, "It is not clear which application is Docker's", w.state.Problem.Title)
		require.Empty(t, w.pushes())
		w.box.RenameOktaApp("Docker")
		w.send(guide.Retry{})
		w.goOn(guide.StepReport)
		w.cured("priya-nair", "backend")
	})
}
