//go:build !windows

package cmd

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/report"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// window is the real window in a pseudo-terminal, on the real runner, over HTTP
// to a sandbox in this process: only the time is the test's.
type window struct {
	*terminal

	box   *sandbox.Sandbox
	clock *clock
	world world
	hold  sync.Mutex    // while it is held, nobody who waits for something gets on
	done  chan struct{} // closed when the window is, and nothing is being changed any more
	end   guide.State   // from then on
	jit   bool          // is left on
}

// atEntra signs in to Entra instead of Okta, byHand to no identity provider.
func atEntra(w *window) { w.world.use(w.box, "entra") }
func byHand(w *window)  { w.world.use(w.box, "none") }

// openWindow begins a walk for somebody. JIT is off already, so that a story
// begins with what it is about.
func openWindow(t *testing.T, username string, adjust ...func(*window)) *window {
	t.Helper()
	w := &window{clock: &clock{at: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}}
	w.box = sandbox.New(sandbox.Options{Now: w.clock.now, AuditDelay: 3 * time.Second, PushDelay: 3 * time.Second, LogDelay: 4 * time.Minute})
	require.NoError(t, w.box.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, w.box.Close()) })
	w.world = sandboxWorld(w.box, false, t.TempDir())
	w.world.now, w.world.reportDir = w.clock.now, t.TempDir()
	w.world.sleep = func(ctx context.Context, d time.Duration) error {
		w.hold.Lock()
		defer w.hold.Unlock()
		return w.clock.sleep(ctx, d)
	}
	for _, a := range adjust {
		a(w)
	}
	if !w.jit {
		require.NoError(t, w.box.FlipJIT(t.Context(), false))
		require.NoError(t, w.clock.sleep(t.Context(), time.Minute))
	}
	w.open(t, guide.New(engine.Case{Org: w.box.Credentials().Org, Username: username}), func(parts) {})
	return w
}

// open draws the walk; ready is called before it begins.
func (w *window) open(t *testing.T, start guide.State, ready func(parts)) {
	t.Helper()
	p, err := wire(w.world)
	require.NoError(t, err)
	ready(p)
	ours, theirs, err := pty.Open()
	require.NoError(t, err)
	require.NoError(t, pty.Setsize(ours, &pty.Winsize{Rows: terminalHeight, Cols: terminalWidth}))
	w.terminal = newTerminal(t, ours)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	w.done = make(chan struct{})
	go func() {
		defer close(w.done)
		defer func() { _ = theirs.Close() }()
		end, err := tui.Run(ctx, tui.Options{
			Start: start, Doer: p.runner, Now: w.clock.now, Report: report.Markdown, Title: "reprovision", Resume: resumeCommand,
			Forms: forms("acme"), IsDark: true,
		}, tea.WithInput(theirs), tea.WithOutput(theirs), tea.WithEnvironment([]string{"TERM=xterm-256color", "LANG=C.UTF-8"}))
		if err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		w.end = end.State
		if err := p.runner.Drain(context.Background()); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	}()
	done := w.done
	w.show(func() {
		cancel()
		<-done
	})
}

// pushed holds what changed something at the identity provider against how the
// requests begin and end.
func (w *window) pushed(want ...string) {
	w.t.Helper()
	got := pushes(w.box)
	require.Len(w.t, got, len(want), "%q", got)
	for i, x := range want {
		begins, ends, _ := strings.Cut(x, "…")
		require.True(w.t, strings.HasPrefix(got[i], begins) && strings.HasSuffix(got[i], ends), "%s is not %s", got[i], x)
	}
}

// skip leaves a sign-in form by its last button, which is that many keys back.
func (w *window) skip(button string, back int) {
	w.t.Helper()
	w.see(button)
	w.press(strings.Repeat("\x1b[Z", back) + enter)
}

// yes confirms the plan on screen, which shows all of this.
func (w *window) yes(shows ...string) {
	w.t.Helper()
	w.see(shows...)
	w.confirm()
}

// verified goes on from an action that worked.
func (w *window) verified(shows ...string) {
	w.t.Helper()
	w.see(append(shows, "verified", "❯ Continue")...)
	w.press(enter)
}

// toDiagnosis goes to the cause.
func (w *window) toDiagnosis() {
	w.t.Helper()
	w.see("Is Just-in-Time provisioning on?")
	w.take("It is off")
}

// toPush walks from the beginning to where somebody is out and has to come
// back.
func (w *window) toPush(username string) {
	w.t.Helper()
	w.toDiagnosis()
	w.see("SCIM does not manage this account")
	w.take("Re-provision")
	w.fromInvites(username)
}

// fromInvites walks on from where pending invites are looked at.
func (w *window) fromInvites(username string) {
	w.t.Helper()
	if username == "priya-nair" {
		w.take("Cancel 1 invite")
		w.yes("/v2/invites/")
		w.verified("No invite is pending any more.")
	}
	w.take("Keep this snapshot and go on")
	w.take("None of them is needed: I take responsibility")
	if username == "priya-nair" {
		w.take("Copy them into acme")
		w.confirm()
		w.verified("Every copy equals its original.")
	}
	w.take("Remove them")
	w.see("/v2/orgs/acme/members/"+username, "To run this, type", armed)
	w.press(username)
	w.see("❯ " + username)
	w.press(enter)
	w.verified("Docker no longer lists " + username)
	w.see(strings.ToUpper(username) + " IS OUT OF ACME")
}

// cured reads the end from the screen, and its proof from the sandbox.
func (w *window) cured(username, team string) {
	w.t.Helper()
	w.verified("Docker lists them again as editor on ", team)
	w.see("Cured: Docker shows what the identity provider sends")
	w.take("Continue to the report")
	w.take("Finish")
	w.over()
	m := memberOf(w.t, w.box.State(), username)
	require.Equal(w.t, sandbox.OriginSCIM, m.Origin, "SCIM created the membership anew")
	require.Equal(w.t, "editor", m.Role)
	require.Contains(w.t, m.Teams, team)
	require.NotEmpty(w.t, m.SCIMID)
	require.Equal(w.t, guide.PhaseDone, w.end.Phase)
}

// over waits until the window is closed.
func (w *window) over() {
	w.t.Helper()
	select {
	case <-w.done:
	case <-time.After(patience):
		w.t.Fatalf("the window does not close:\n%s", w.text())
	}
}
