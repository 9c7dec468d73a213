//go:build !windows

package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// TestASecretIsTypedOnceAndSeenNowhere signs in at a terminal as a person does,
// and then starts the walk, which is signed in.
func TestASecretIsTypedOnceAndSeenNowhere(t *testing.T) {
	box := startBox(t)
	s := newShell(t, t.TempDir(), nowhere, "REPROVISION_PASSPHRASE=passphrase-canary")
	x := openTerminalIn(t, s.home, s.env, "login", "hub", "--org", "acme", "--host", box.Addresses().HubURL)
	x.see("Docker Hub, with an access token", "Organization name", "acme", "scope-member-read")
	cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", x.command.Process.Pid))
	if err == nil {
		require.NotContains(t, string(cmdline), "canary")
	}
	secret := box.Credentials().HubSecret
	x.press("\x1b[200~\r\n" + secret[:9] + "\r\n" + secret[9:] + "\n\x1b[201~") // pasted, with line breaks
	x.see("••••")
	x.press(enter)
	x.see("Signed in to Docker Hub as acme", "There is no keyring here", "Kept in the", "encrypted file as", "read the audit log")
	x.press(enter)
	require.Zero(t, x.end())
	x.see("Signed in to Docker Hub as acme", "GRANTED", "in profile acme") // stays in the scrollback
	x.requireNoCanary()

	walk := openTerminalIn(t, s.home, s.env, "--docker-id", "alex-kim")
	walk.see("signed in as acme") // of the sign-in screen for the optional systems
	walk.press("\x03")
	walk.press("\x03")
	x.requireNoCanary()
	s.noCanary()
}

func (x *terminal) requireNoCanary() {
	x.t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	require.NotContains(x.t, x.raw.String(), "canary")
}

// TestNoSecretIsWrittenAnywhere walks through cures and failures and looks for
// the sandbox's credentials in the journals, the reports, and every printed form
// of what the program holds. The demo's screen is left out: it tells the
// member's token on purpose.
func TestNoSecretIsWrittenAnywhere(t *testing.T) {
	for name, story := range map[string]func(*walk){
		"cured":   func(w *walk) { w.run(guide.StepReport) },
		"dry run": func(w *walk) { w.run(guide.StepReport) },
		"failing": func(w *walk) {
			for _, system := range []string{"hub", "scim", "okta", "registry"} {
				for _, f := range []sandbox.Fault{
					{Kind: sandbox.FaultStatus, Status: http.StatusBadRequest, Body: `{"message":"no"}`},
					{Kind: sandbox.FaultHTML},
					{Kind: sandbox.FaultDropAfter},
					{Kind: sandbox.FaultStatus, Status: http.StatusUnauthorized},
				} {
					f.System, f.Skip, f.Times = system, 7, 1
					w.box.Fail(f)
				}
			}
			w.stumble()
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			w := newWalk(t, "priya-nair", name == "dry run", func(w *world) { w.stateDir, w.reportDir = t.TempDir(), t.TempDir() })
			w.secret = w.box.Credentials().Members["priya-nair"]
			state, reports := w.world.stateDir, w.world.reportDir
			story(w)
			w.send(guide.SaveWanted{})

			slog.New(slog.NewTextHandler(&log, nil)).Info("state", "state", w.state, "systems", w.parts.systems)
			raw, err := json.Marshal(w.state.Case)
			require.NoError(t, err)
			for _, said := range []string{
				string(raw), log.String(), fmt.Sprintf("%v %+v %#v", w.state, w.state, w.state),
				fmt.Sprintf("%v %+v %#v", *w.parts.systems.Hub(), w.parts.systems.credentials, w.parts.systems.credentials),
				fmt.Sprintf("%+v %#v", w.world.credentials, w.world.credentials),
			} {
				require.NotContains(t, said, "canary")
			}
			requireNoCanary(t, state)
			requireNoCanary(t, reports)
		})
	}
}

// stumble goes on through whatever fails, by trying again, as long as the walk
// lets it.
func (w *walk) stumble() {
	w.t.Helper()
	w.answers[engine.AskProvider] = "okta"
	w.answers[engine.AskRole], w.answers[engine.AskTeams], w.answers[engine.AskManaged] = "editor", "backend", "no"
	w.send(guide.Begin{})
	failures := 0
	for range 300 {
		switch {
		case w.state.Phase == guide.PhaseDone || w.state.Step == guide.StepReport && w.state.Phase == guide.PhaseDeciding:
			require.Positive(w.t, failures)
			return
		case w.state.Phase == guide.PhaseFailed:
			failures++
			p := w.state.Problem
			require.NotContains(w.t, p.Title+p.Detail+p.Advice, "canary")
			if failures > 40 {
				return
			}
			w.send(guide.Retry{})
		case w.state.Verdict.Ask != nil && w.state.Verdict.Ask.ID == engine.AskSignIn && w.state.Phase == guide.PhaseDeciding:
			w.send(guide.SignedIn{Credential: w.world.credentials[0]})
		case w.state.Phase == guide.PhaseDeciding && w.state.Verdict.Ask != nil && w.answers[w.state.Verdict.Ask.ID] == "" &&
			w.state.Verdict.Ask.Kind != engine.AnswerCredential:
			require.Positive(w.t, failures)
			return // the faults have led to a question that this owner cannot answer
		default:
			w.act()
		}
	}
}

func TestAnExpiringTokenIsRenewedWithoutAskingAnybody(t *testing.T) {
	w := newWalk(t, "lena-fischer", false)
	w.run(guide.StepRemove)
	require.NoError(t, w.clock.sleep(t.Context(), 11*time.Minute))
	w.goOn(guide.StepReport)
	exchanges := 0
	for _, r := range w.box.Requests() {
		if r.Path == "/v2/auth/token" {
			exchanges++
		}
		require.NotEqual(t, http.StatusUnauthorized, r.Status, "%+v", r)
	}
	require.Greater(t, exchanges, 1)
}

// TestOAuthLeavesNoTraceInAWalk walks to the report with an Okta that is signed in
// to in the browser, whose access token ends on the way, and looks for every code,
// token and code verifier.
func TestOAuthLeavesNoTraceInAWalk(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	c := w.box.Credentials()
	var kept []engine.Credential
	browser := w.box.Browser()
	w.parts.systems.person = person{
		tell: func(ctx context.Context, q tui.Prompt) { browser.Visit(context.WithoutCancel(ctx), q.URL, true) },
		keep: func(_ context.Context, c engine.Credential) error { kept = append(kept, c); return nil },
	}
	require.NoError(t, w.parts.systems.prove(t.Context(), engine.Credential{
		System: engine.SystemOkta, Host: w.box.Addresses().OktaURL, Identifier: c.OktaAppLabel, Method: engine.MethodBrowser,
		Client: engine.Client{ID: c.OktaClientID, Redirect: "http://127.0.0.1/callback"},
	}))
	_, err := browser.Wait()
	require.NoError(t, err)
	w.run(guide.StepSnapshot)
	require.Empty(t, kept, "nothing was changed yet")
	w.box.ExpireAccess()
	w.goOn(guide.StepReport)
	w.cured("priya-nair", "backend")
	require.NotEmpty(t, kept, "what it goes on with was changed, and handed on to be kept")
	w.send(guide.SaveWanted{})

	raw, err := json.Marshal(w.state.Case)
	require.NoError(t, err)
	require.Len(t, w.box.Verifiers(), 1)
	for _, secret := range append(w.box.Verifiers(), "canary") {
		for _, said := range []string{
			string(raw), fmt.Sprintf("%v %+v %#v", w.state, w.state, w.state), fmt.Sprintf("%v %+v %#v", kept, kept, kept),
			fmt.Sprintf("%+v %#v", w.parts.systems.credentials, w.parts.systems.credentials),
		} {
			require.NotContains(t, said, secret)
		}
		for _, folder := range []string{w.world.stateDir, w.world.reportDir} {
			requireNone(t, folder, secret)
		}
	}
}
