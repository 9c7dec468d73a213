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

// Model is the window: the state of the walk, the screen that shows it, and what is in
// flight. All I/O happens in the commands that Update returns.
type Model struct {
	opts    Options
	state   guide.State
	initial []guide.Effect // the effects of Begin, performed by Init

	screen  screen.Screen
	overlay overlay
	leaving part.Menu
	prompt  *Pending          // the current question of the effect in flight
	next    string            // the profile to continue with
	tried   engine.Credential // the last credential entered, without its secret
	scroll  int
	focus   pane
	mouse   bool     // mouse events are enabled
	notice  []string // lines about the last event, until the next key

	ctx          context.Context // parent of the effects' contexts
	cancel       context.CancelFunc
	cancelEffect context.CancelFunc // cancels the effect in flight; may be nil
	feed         *feed
	live         screen.Live
	since        time.Time // time of the first tick of the effect in flight
	ticking      bool

	interrupted bool // ctrl+c was pressed during a change
	cut         bool // ctrl+c was pressed again: left without waiting for the change
	quitting    bool
	ending      bool // a signal was received: quit as soon as nothing is being changed

	sideScroll    int
	width, height int
	theme         theme.Theme
	dark, ascii   bool
	sixteen       bool // the terminal has only sixteen colors
	markdown      part.Markdown
}

// overlay is a page that covers the screen.
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
	m.setContext(context.Background())
	m.state, m.initial = guide.Next(o.Start, guide.Begin{})
	m.enter()
	return m
}

// setContext sets the parent of the effects' contexts.
func (m *Model) setContext(ctx context.Context) {
	if m.cancel != nil {
		m.cancel()
	}
	m.ctx, m.cancel = context.WithCancel(ctx)
}

// State returns the state of the walk.
func (m *Model) State() guide.State { return m.state }

// Init implements tea.Model.
func (m *Model) Init() tea.Cmd {
	cmds := []tea.Cmd{tea.RequestBackgroundColor, nextSignal(m.ctx, m.opts.Interrupts), m.opts.Prompts.next(m.ctx)}
	for _, f := range m.initial {
		cmds = append(cmds, m.perform(f))
	}
	m.initial = nil
	return tea.Batch(append(cmds, m.armConfirmation())...)
}

// position identifies a screen of the walk.
type position struct {
	step     guide.StepID
	phase    guide.Phase
	seq      int
	ask      engine.QuestionID
	headline string
	answered time.Time
}

func (m *Model) position() position {
	p := position{step: m.state.Step, phase: m.state.Phase, seq: m.state.Seq, headline: m.state.Verdict.Headline}
	if ask := m.state.Verdict.Ask; ask != nil {
		p.ask = ask.ID
		p.answered = m.state.Case.Answers[ask.ID].At
	}
	return p
}

// advance applies an event to the walk and performs the resulting effects.
func (m *Model) advance(e guide.Event) tea.Cmd {
	before := m.position()
	next, effects := guide.Next(m.state, e)
	m.state = next
	var cmds []tea.Cmd
	for _, f := range effects {
		cmds = append(cmds, m.perform(f))
	}
	if m.position() != before {
		if m.state.Step != before.step {
			m.scroll = 0
		}
		m.enter()
		cmds = append(cmds, m.armConfirmation())
	}
	if m.state.Phase == guide.PhaseDone {
		cmds = append(cmds, m.quit())
	}
	return tea.Batch(cmds...)
}

// enter shows the screen of a new state.
func (m *Model) enter() {
	m.screen = screen.For(m.state, screen.Setup{
		Forms: m.opts.Forms, Tried: m.tried, Report: m.opts.Report,
		CanAssist: m.opts.Assist != nil, AssistHint: m.opts.AssistHint,
	})
	if m.state.Step != guide.StepReport {
		m.scroll = 0 // keep the position when the report is saved
	}
	m.notice, m.interrupted, m.prompt = nil, false, nil
	m.focus, m.sideScroll = paneAct, 0
	if m.overlay == overlayLeave || m.overlay == overlayProfiles {
		m.overlay = overlayNone // its question is outdated
	}
}

// armConfirmation starts the grace period of a confirmation.
func (m *Model) armConfirmation() tea.Cmd {
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

// changing reports whether changes may be in progress.
func (m *Model) changing() bool {
	return m.state.Phase == guide.PhaseRunning || m.state.Phase == guide.PhaseVerifying
}

// unfinished reports whether leaving now would leave a cure unfinished.
func (m *Model) unfinished() bool {
	c := m.state.Case
	return c.Out() || len(c.HalfWay()) > 0 || len(c.Receipts) > 0 && m.state.Step != guide.StepReport && m.state.Step != guide.StepEnd
}
