package tui

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/teatest/v2"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// patience is how long a test waits for what is bound to come.
const patience = 2 * time.Minute

// tape keeps everything that a program drew, since teatest's output is gone
// once it was read.
type tape struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (p *tape) waitFor(t *testing.T, out io.Reader, text string) {
	t.Helper()
	teatest.WaitFor(t, out, func(b []byte) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.all.Write(b)
		if strings.Contains(ansi.Strip(p.all.String()), text) {
			p.all.Reset()
			return true
		}
		return false
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
	seen := &tape{}
	out := tm.Output()
	key := func(names ...string) {
		for _, n := range names {
			tm.Send(press(n))
		}
	}
	seen.waitFor(t, out, "Organization access token")
	tm.Type("oat")
	key("enter")
	seen.waitFor(t, out, "SCIM token")
	tm.Type("scim")
	key("enter")
	seen.waitFor(t, out, "Label of the application")
	tm.Type("https://acme.okta.com")
	key("enter", "enter")
	tm.Type("okta")
	key("enter")
	seen.waitFor(t, out, "Choose the member")
	tm.Type("jordan")
	key("enter")
	seen.waitFor(t, out, "It is on")
	key("enter")
	seen.waitFor(t, out, "recommended")
	key("enter")
	seen.waitFor(t, out, "Disable Just-in-Time provisioning")
	key("enter")
	seen.waitFor(t, out, "nothing has been sent")
	key("right", "enter")
	seen.waitFor(t, out, "Waiting for you")
	key("d")
	seen.waitFor(t, out, "verified")
	key("enter")
	seen.waitFor(t, out, "Is Just-in-Time provisioning on now?")
	key("down", "enter")
	seen.waitFor(t, out, "Push the profile")
	key("enter")
	seen.waitFor(t, out, "nothing has been sent")
	key("right", "enter")
	seen.waitFor(t, out, "verified")
	key("q") // half done, so it asks
	seen.waitFor(t, out, "Leave?")
	key("esc", "enter")
	seen.waitFor(t, out, "Cured")
	key("enter")
	seen.waitFor(t, out, "Provisioning report")
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
