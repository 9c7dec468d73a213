package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/part"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

type (
	beganMsg struct {
		turn    int
		profile LoginProfile
		err     error
	}
	signedInMsg struct {
		turn int
		made SignedIn
		err  error
		cred engine.Credential // without its secret
	}
	loginTickMsg struct {
		turn int
		at   time.Time
	}
)

// start starts an operation and its clock.
func (m *login) start(s stage) (context.Context, tea.Cmd) {
	ctx, cancel := context.WithCancel(m.ctx)
	m.stage, m.cancelAttempt, m.attempt, m.problem, m.scroll = s, cancel, m.attempt+1, engine.Problem{}, 0
	m.live, m.began = screen.Live{}, time.Time{}
	if m.opts.ReducedMotion {
		m.live.Still = m.theme.Glyph.Current
	}
	return ctx, m.tick()
}

func (m *login) tick() tea.Cmd {
	turn := m.attempt
	return tea.Tick(tickInterval(m.opts.ReducedMotion), func(at time.Time) tea.Msg { return loginTickMsg{turn, at} })
}

// stop cancels the operation in flight. Its result will be dropped.
func (m *login) stop() {
	if m.cancelAttempt != nil {
		m.cancelAttempt()
		m.cancelAttempt = nil
	}
	m.attempt++
	m.prompt, m.asking = nil, nil
}

func (m *login) open(org string) tea.Cmd {
	ctx, tick := m.start(stageOpening)
	begin, turn := m.opts.Begin, m.attempt
	return tea.Batch(tick, func() tea.Msg {
		p, err := begin(ctx, org)
		return beganMsg{turn, p, err}
	})
}

func (m *login) try(c engine.Credential) tea.Cmd {
	ctx, tick := m.start(stageTrying)
	signIn, turn := m.opts.SignIn, m.attempt
	return tea.Batch(tick, func() tea.Msg {
		made, err := signIn(ctx, c)
		tried := c
		tried.Secret = engine.Secret{}
		return signedInMsg{turn, made, err, tried}
	})
}

func (m *login) busy() bool { return m.stage == stageOpening || m.stage == stageTrying }

func (m *login) handleTick(msg loginTickMsg) tea.Cmd {
	if msg.turn != m.attempt || !m.busy() {
		return nil
	}
	if m.began.IsZero() {
		m.began = msg.at
	}
	m.live.Frame++
	m.live.Elapsed = msg.at.Sub(m.began).Truncate(time.Second)
	return m.tick()
}

func (m *login) handleBegan(msg beganMsg) tea.Cmd {
	if msg.turn != m.attempt {
		return nil
	}
	m.stop()
	if msg.err != nil {
		m.fatal = msg.err
		return tea.Quit
	}
	m.profile = msg.profile
	if m.opts.Only == "" {
		m.showSystems()
		return nil
	}
	return m.showForm(m.opts.Only)
}

func (m *login) handleSignedIn(msg signedInMsg) tea.Cmd {
	if msg.turn != m.attempt {
		return nil
	}
	m.stop()
	if msg.made.Title != "" { // accepted, even if it could not be stored
		m.accept(msg.made)
		if msg.err != nil {
			m.problem = m.opts.Explain(msg.err)
		}
		return nil
	}
	m.stage = stageForm
	m.form.Again(msg.cred, "")
	m.problem = m.opts.Explain(msg.err)
	return nil
}

func (m *login) accept(made SignedIn) {
	m.stage, m.scroll = stageDone, 0
	m.done = append(m.done, made)
	for i := range m.profile.Systems {
		if s := &m.profile.Systems[i]; s.ID == made.System {
			s.OK, s.Who = true, made.Who
		}
	}
	items := []part.Item{{Label: "Continue with the other systems"}, {Label: "Done"}}
	if m.opts.Only != "" {
		items = items[1:]
	}
	m.after = part.NewMenu(items, 0)
}
