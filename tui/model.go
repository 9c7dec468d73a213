package tui

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

var errNoBrowser = errors.New("no browser is available")

// Model is the window: the state of the walk, the screen that shows it, and
// what is in flight. All I/O happens in the commands that Update returns.
type Model struct {
	opts  Options
	state guide.State
	first []guide.Effect // of Begin, performed by Init

	screen  screen.Screen
	overlay overlay
	leaving part.Menu
	prompt  *Pending          // what the effect in flight asks or shows, while it does
	next    string            // the profile to go on with
	tried   engine.Credential // the last one that was given, without its secret
	scroll  int
	focus   pane     // that has the keys
	mouse   bool     // the mouse is read
	notice  []string // lines on what just happened, gone with the next key

	ctx     context.Context // parent of every effect's
	cancel  context.CancelFunc
	flight  context.CancelFunc // ends the effect in flight
	feed    *feed
	live    screen.Live
	since   time.Time // the first tick of the effect in flight
	ticking bool

	interrupted bool // a first ctrl+c asked the run to stop
	cut         bool // a second one left without waiting for it
	quitting    bool
	ending      bool // a signal from outside: quit as soon as nothing is being changed

	sideScroll    int
	width, height int
	theme         theme.Theme
	dark, ascii   bool
	sixteen       bool // colours, and no more
	markdown      part.Markdown
}

// overlay is a page over the screen.
type overlay int

const (
	overlayNone overlay = iota
	overlayHelp
	overlayWhole
	overlayLeave
	overlayProfiles
)

// New returns the window on a walk that begins now.
func New(o Options) *Model {
	m := &Model{opts: o, width: 80, height: 24, mouse: o.Mouse, dark: o.IsDark, theme: theme.New(o.IsDark, false)}
	m.under(context.Background())
	m.state, m.first = guide.Next(o.Start, guide.Begin{})
	m.enter()
	return m
}

// under makes ctx the parent of every effect.
func (m *Model) under(ctx context.Context) {
	if m.cancel != nil {
		m.cancel()
	}
	m.ctx, m.cancel = context.WithCancel(ctx)
}

// State is where the walk stands.
func (m *Model) State() guide.State { return m.state }

// Init implements tea.Model.
func (m *Model) Init() tea.Cmd {
	cmds := []tea.Cmd{tea.RequestBackgroundColor, m.interrupts(), m.opts.Prompts.next(m.ctx)}
	for _, f := range m.first {
		cmds = append(cmds, m.perform(f))
	}
	m.first = nil
	return tea.Batch(append(cmds, m.arm())...)
}

// place tells one screen from the next.
type place struct {
	step     guide.StepID
	phase    guide.Phase
	seq      int
	ask      engine.QuestionID
	headline string
	answered time.Time
}

func (m *Model) place() place {
	p := place{step: m.state.Step, phase: m.state.Phase, seq: m.state.Seq, headline: m.state.Verdict.Headline}
	if ask := m.state.Verdict.Ask; ask != nil {
		p.ask = ask.ID
		p.answered = m.state.Case.Answers[ask.ID].At
	}
	return p
}

// walk takes an event into the walk and performs what follows from it.
func (m *Model) walk(e guide.Event) tea.Cmd {
	before := m.place()
	next, effects := guide.Next(m.state, e)
	m.state = next
	var cmds []tea.Cmd
	for _, f := range effects {
		cmds = append(cmds, m.perform(f))
	}
	if m.place() != before {
		if m.state.Step != before.step {
			m.scroll = 0
		}
		m.enter()
		cmds = append(cmds, m.arm())
	}
	if m.state.Phase == guide.PhaseDone {
		cmds = append(cmds, m.quit())
	}
	return tea.Batch(cmds...)
}

// enter shows the screen of the state that was just reached.
func (m *Model) enter() {
	m.screen = screen.For(m.state, screen.Setup{
		Forms: m.opts.Forms, Tried: m.tried, Report: m.opts.Report,
		CanAssist: m.opts.Assist != nil, AssistHint: m.opts.AssistHint,
	})
	if m.state.Step != guide.StepReport {
		m.scroll = 0 // saving the report leaves the reader where they were
	}
	m.notice, m.interrupted, m.prompt = nil, false, nil
	m.focus, m.sideScroll = paneAct, 0
	if m.overlay == overlayLeave || m.overlay == overlayProfiles {
		m.overlay = overlayNone // what it asked about has passed
	}
}

// arm starts the time after which a confirmation takes keys.
func (m *Model) arm() tea.Cmd {
	if m.state.Phase != guide.PhaseApproving {
		return nil
	}
	seq := m.state.Seq
	return tea.Tick(grace, func(time.Time) tea.Msg { return screen.Armed{Seq: seq} })
}

func (m *Model) quit() tea.Cmd {
	m.quitting = true
	m.cancel()
	return tea.Quit
}

// waiting reports whether an effect is in flight.
func (m *Model) waiting() bool {
	switch m.state.Phase {
	case guide.PhaseObserving, guide.PhaseConnecting, guide.PhasePlanning, guide.PhaseRunning, guide.PhaseVerifying, guide.PhaseSaving:
		return true
	case guide.PhaseDeciding, guide.PhaseApproving, guide.PhaseSettled, guide.PhaseFailed, guide.PhaseStopped, guide.PhaseDone:
	}
	return false
}

// changing reports whether the outside world may be changing right now.
func (m *Model) changing() bool {
	return m.state.Phase == guide.PhaseRunning || m.state.Phase == guide.PhaseVerifying
}

// unfinished reports whether leaving now would leave a cure half done.
func (m *Model) unfinished() bool {
	return m.state.Case.Out() || len(m.state.Case.Receipts) > 0 && m.state.Step != guide.StepReport && m.state.Step != guide.StepEnd
}
