package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/part"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// LoginOptions is what the window of login needs from the outside. All functions
// but Open are required.
type LoginOptions struct {
	Title string
	Org   string          // asked for first when it is empty and AskOrg is set
	Only  engine.SystemID // the one system to sign in to; empty lets a person choose
	// AskOrg says that the organization has to be known first.
	AskOrg bool
	// Begin opens the profile of an organization.
	Begin func(ctx context.Context, org string) (LoginProfile, error)
	// SignIn proves a credential and keeps it.
	SignIn func(context.Context, engine.Credential) (SignedIn, error)
	// Explain puts an error into words. It must be pure.
	Explain       func(error) engine.Problem
	Prompts       *Prompts
	Open          func(url string) error
	Interrupts    <-chan struct{}
	ReducedMotion bool
	IsDark        bool
}

// LoginProfile is what can be signed in to, in the order of the list.
type LoginProfile struct {
	Org     string
	Systems []engine.System // OK says that a credential is kept
	Forms   map[engine.SystemID]FormHint
}

// SignedIn is how signing in to one system went.
type SignedIn struct {
	System     engine.SystemID
	Title, Who string
	Rights     []engine.Right
	Note       string // what the table of rights leaves out
	Kept       string // a sentence on where it is kept
}

// RunLogin shows the window until it is left, and returns what was signed in to,
// the last problem, and whether anything is left over from it. A window that is
// left before anything was signed in to is context.Canceled.
func RunLogin(ctx context.Context, o LoginOptions, opts ...tea.ProgramOption) ([]SignedIn, error) {
	m := newLogin(ctx, o)
	defer m.cancel()
	opts = append([]tea.ProgramOption{tea.WithContext(ctx), tea.WithoutSignalHandler()}, opts...)
	_, err := tea.NewProgram(m, opts...).Run()
	switch {
	case err != nil && !errors.Is(err, tea.ErrInterrupted):
		return m.done, fmt.Errorf("draw the sign-in: %w", err)
	case m.fatal != nil:
		return m.done, m.fatal
	case len(m.done) == 0:
		return nil, fmt.Errorf("sign in: %w", context.Canceled)
	}
	return m.done, nil
}

// stage is what the window is at.
type stage int

const (
	stageOrg     stage = iota // asking for the organization
	stageOpening              // the profile is being opened
	stageSystems              // the list of systems
	stageForm                 // the form of one
	stageTrying               // a credential is being tried
	stageDone                 // how it went
)

// login is the model of the window.
type login struct {
	opts    LoginOptions
	stage   stage
	profile LoginProfile
	org     part.Field
	systems part.Menu
	form    *screen.Form
	system  engine.System
	after   part.Menu // once one is signed in to
	prompt  *Pending
	asking  *screen.Asking
	problem engine.Problem
	done    []SignedIn
	fatal   error

	ctx    context.Context
	cancel context.CancelFunc
	flight context.CancelFunc
	turn   int // of the operation in flight: what an earlier one brings is dropped
	began  time.Time
	live   screen.Live

	scroll, width, height int
	theme                 theme.Theme
	notice                string
}

func newLogin(ctx context.Context, o LoginOptions) *login {
	m := &login{opts: o, width: 80, height: 24, theme: theme.New(o.IsDark, false)}
	m.ctx, m.cancel = context.WithCancel(ctx)
	return m
}

// Init implements tea.Model.
func (m *login) Init() tea.Cmd {
	cmds := []tea.Cmd{tea.RequestBackgroundColor, m.interrupted(), m.opts.Prompts.next(m.ctx)}
	if m.opts.Org != "" || !m.opts.AskOrg {
		cmds = append(cmds, m.open(m.opts.Org))
	}
	return tea.Batch(cmds...)
}

func (m *login) interrupted() tea.Cmd {
	signals, ctx := m.opts.Interrupts, m.ctx
	if signals == nil {
		return nil
	}
	return func() tea.Msg {
		select {
		case <-signals:
			return interruptMsg{}
		case <-ctx.Done():
			return nil
		}
	}
}

// Update implements tea.Model.
func (m *login) Update(msg tea.Msg) (tea.Model, tea.Cmd) { return m, m.update(msg) }

func (m *login) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.theme = theme.New(msg.IsDark(), m.theme.ASCII)
	case tea.EnvMsg:
		m.theme = theme.New(m.theme.Dark, plainTerminal(msg))
	case interruptMsg: // nobody may be there any more, as at Model.called
		m.stop()
		return tea.Quit
	case promptMsg:
		if m.busy() {
			m.prompt, m.asking, m.scroll = &msg.pending, screen.NewPrompt(msg.pending.Prompt), 0
		}
		return m.opts.Prompts.next(m.ctx)
	case loginTickMsg:
		return m.ticked(msg)
	case beganMsg:
		return m.opened(msg)
	case signedInMsg:
		return m.tried(msg)
	case openedMsg:
		m.notice = "Opened in the browser."
		if msg.err != nil {
			m.notice = "Could not open a browser; the address is above."
		}
	case tea.KeyPressMsg:
		m.notice = ""
		return m.pressed(msg)
	case tea.PasteMsg:
		return m.typed(msg)
	}
	return nil
}

// list shows the systems, standing on the first that is still wanted.
func (m *login) list() {
	m.stage, m.problem, m.scroll = stageSystems, engine.Problem{}, 0
	var items []part.Item
	next := len(m.profile.Systems) // Done
	for i, s := range m.profile.Systems {
		item := part.Item{Label: s.Title, Why: m.profile.Forms[s.ID].For}
		if s.OK {
			item.Tag = "signed in"
			if s.Who != "" {
				item.Tag += " as " + s.Who
			}
		}
		if m.wanted(s) {
			next = min(next, i)
		}
		items = append(items, item)
	}
	m.systems = part.NewMenu(append(items, part.Item{Label: "Done"}), next)
}

// wanted reports whether a system is still to be signed in to. An organization has
// one identity provider, and its registry takes the credential of Docker Hub.
func (m *login) wanted(s engine.System) bool {
	switch s.ID {
	case engine.SystemRegistry:
		return false
	case engine.SystemOkta, engine.SystemEntra:
		return !slices.ContainsFunc(m.profile.Systems, func(s engine.System) bool {
			return s.OK && (s.ID == engine.SystemOkta || s.ID == engine.SystemEntra)
		})
	case engine.SystemHub, engine.SystemSCIM, engine.SystemMember:
	}
	return !s.OK
}

// choose shows the form of a system. One that leaves nothing to be said is tried
// at once.
func (m *login) choose(id engine.SystemID) tea.Cmd {
	h := m.profile.Forms[id]
	m.system = engine.System{ID: id, Title: h.Title}
	m.form = screen.NewForm(id, h, "")
	m.stage, m.problem, m.scroll = stageForm, engine.Problem{}, 0
	if len(h.Ways) != 1 {
		return nil
	}
	c := h.Ways[0].Base
	c.System = id
	for _, f := range h.Ways[0].Fields {
		if f.Is == FieldSecret || f.Value == "" && !f.Optional {
			return nil
		}
		f.Fill(&c, f.Value)
	}
	return m.try(c)
}
