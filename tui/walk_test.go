package tui

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/exp/teatest/v2"
	"github.com/charmbracelet/x/vt"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// patience is how long a test waits for what is bound to come.
const patience = 2 * time.Minute

// display is the screen that a program draws on. Its text counts, and not what was
// written: how much of a frame is written anew depends on the frames before, and so
// on how busy the machine is.
type display struct{ *vt.SafeEmulator }

func newDisplay(t *testing.T, width, height int) display {
	t.Helper()
	d := display{vt.NewSafeEmulator(width, height)}
	answered := make(chan struct{})
	go func() { // what a terminal answers to the program's questions
		defer close(answered)
		_, _ = io.Copy(io.Discard, d)
	}()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("\n" + d.String())
		}
		// The emulator may not be closed while it is read from.
		if pipe, ok := d.InputPipe().(io.Closer); ok {
			_ = pipe.Close()
			<-answered
		}
		_ = d.Close()
	})
	return d
}

// waitFor waits until the screen shows all of this at once. What is waited for after
// a key has to be new: the screen before it may still be there.
func (d display) waitFor(t *testing.T, out io.Reader, wanted ...string) {
	t.Helper()
	drawn := 0
	teatest.WaitFor(t, out, func(b []byte) bool {
		_, _ = d.Write(bytes.ReplaceAll(b[drawn:], []byte("\n"), []byte("\r\n"))) // as a terminal does
		drawn = len(b)
		shown := d.String()
		return !slices.ContainsFunc(wanted, func(w string) bool { return !strings.Contains(shown, w) })
	}, teatest.WithDuration(patience), teatest.WithCheckInterval(20*time.Millisecond))
}

// A whole walk in a real program: from sign-in to the report.
func TestAWalkFromStartToReport(t *testing.T) {
	world := jordan()
	world.Session = systems(false)
	d := newScripted(world)
	o := options(d, fresh())
	// Each look at the clock is a minute later than the one before.
	var minutes atomic.Int64
	clock := func() time.Time { return noon.Add(time.Duration(minutes.Add(1)) * time.Minute) }
	d.now, o.Now = clock, clock
	tm := teatest.NewTestModel(t, New(o), teatest.WithInitialTermSize(110, 40))
	seen := newDisplay(t, 110, 40)
	out := tm.Output()
	key := func(names ...string) {
		for _, n := range names {
			tm.Send(press(n))
		}
	}
	seen.waitFor(t, out, "Organization access token")
	tm.Type("oat")
	key("enter")
	seen.waitFor(t, out, "The API token of Docker's SCIM service")
	tm.Type("scim")
	key("enter")
	seen.waitFor(t, out, "Label of the application")
	tm.Type("https://acme.okta.com")
	key("enter", "enter")
	tm.Type("okta")
	key("enter")
	seen.waitFor(t, out, "Whose role or team is wrong?", "33 of 33")
	tm.Type("jordan")
	key("enter")
	seen.waitFor(t, out, "❯ It is on")
	key("enter")
	seen.waitFor(t, out, "❯ Disable JIT  recommended")
	key("enter")
	seen.waitFor(t, out, "a few clicks in the console")
	key("enter")
	seen.waitFor(t, out, "nothing has been sent")
	key("right", "enter")
	seen.waitFor(t, out, "Waiting for you")
	key("d")
	seen.waitFor(t, out, "verified", "❯ Continue")
	key("enter")
	seen.waitFor(t, out, "Is Just-in-Time provisioning on now?", "❯ It is on")
	key("down", "enter")
	seen.waitFor(t, out, "❯ Push the profile")
	key("enter")
	seen.waitFor(t, out, "nothing has been sent")
	key("right", "enter")
	seen.waitFor(t, out, "verified", "❯ Continue")
	key("q") // half done, so it asks
	seen.waitFor(t, out, "Leave?")
	key("esc", "enter")
	seen.waitFor(t, out, "Cured", "❯ Continue to the report")
	key("enter")
	seen.waitFor(t, out, "Provisioning report", "❯ Finish")
	key("w")
	seen.waitFor(t, out, "saved:")
	key("enter")
	tm.WaitFinished(t, teatest.WithFinalTimeout(patience))
	end, ok := tm.FinalModel(t).(*Model)
	require.True(t, ok)
	require.Equal(t, guide.PhaseDone, end.State().Phase)
	require.Equal(t, 2, saw[guide.Execute](d))
}

var _ tea.Model = (*Model)(nil)
