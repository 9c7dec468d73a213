package tui

import (
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// driver runs a window without a program: commands in goroutines, as Bubble Tea
// does, and their messages into Update one at a time. It lives in a synctest
// bubble, so that time passes only when everything waits.
type driver struct {
	pump
	m *Model
}

// pump is what drivers of any window have in common.
type pump struct {
	window tea.Model
	msgs   chan tea.Msg
	quit   bool
}

// start begins to drive a window.
func (d *pump) start(window tea.Model) {
	d.window, d.msgs = window, make(chan tea.Msg, 4096)
	d.run(window.Init())
	d.settle()
}

// lastTicks is how long a window's ticks go on at most after it was left.
const lastTicks = 5 * time.Second

// drive runs a test on a window under fake time.
func drive(t *testing.T, o Options, test func(*testing.T, *driver)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := &driver{m: New(o)}
		d.m.setContext(t.Context())
		switch s := o.Doer.(type) {
		case *scripted:
			s.halted = make(chan struct{}, 8) // of this bubble
		case *asker:
			s.halted = make(chan struct{}, 8)
			s.prompts.waiting = make(chan Pending)
		}
		defer func() {
			d.m.cancel()
			<-time.After(lastTicks)
		}()
		d.start(d.m)
		test(t, d)
	})
}

func (d *pump) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() { d.msgs <- cmd() }()
}

func (d *pump) take(msg tea.Msg) {
	switch msg := msg.(type) {
	case tea.BatchMsg:
		for _, c := range msg {
			d.run(c)
		}
	case tea.QuitMsg:
		d.quit = true
	case nil:
	default:
		_, cmd := d.window.Update(msg)
		d.run(cmd)
	}
}

// settle works off every message that is there without waiting.
func (d *pump) settle() {
	for {
		synctest.Wait()
		select {
		case msg := <-d.msgs:
			d.take(msg)
		default:
			return
		}
	}
}

// after lets time pass, working off messages as they come.
func (d *pump) after(wait time.Duration) {
	const step = 10 * time.Millisecond
	for ; wait > 0; wait -= step {
		<-time.After(step)
		d.settle()
	}
}

// press presses keys one after the other.
func (d *pump) press(keys ...string) {
	for _, k := range keys {
		d.take(press(k))
		d.settle()
	}
}

// text types letters one after the other.
func (d *pump) text(s string) {
	for _, r := range s {
		d.press(string(r))
	}
}

func (d *driver) show(x stop) {
	d.m.state, d.m.live = x.state, x.live
	d.m.enter()
	d.run(d.m.armConfirmation())
	d.settle()
}

// saw counts effects of a kind that reached the doer.
func saw[F guide.Effect](d *scripted) int {
	n := 0
	for _, f := range d.seen() {
		if _, ok := f.(F); ok {
			n++
		}
	}
	return n
}
