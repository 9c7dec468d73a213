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

// LoginOptions configures the sign-in window. All functions but Open are required.
type LoginOptions struct {
	Title  string
	Org    string          // asked for if empty and AskOrg is set
	Only   engine.SystemID // the only system to sign in to; empty lets a person choose
	AskOrg bool            // the organization is required
	// Begin opens the profile of an organization.
	Begin func(ctx context.Context, org string) (LoginProfile, error)
	// SignIn verifies a credential and stores it.
	SignIn func(context.Context, engine.Credential) (SignedIn, error)
	// Explain describes an error to a person. It must be pure.
	Explain       func(error) engine.Problem
	Prompts       *Prompts
	Open          func(url string) error
	Interrupts    <-chan struct{}
	ReducedMotion bool
	IsDark        bool
	Job           bool // of a shell, which takes the terminal back at ctrl+z
}

// LoginProfile lists the systems to sign in to.
type LoginProfile struct {
	Org     string
	Systems []engine.System // OK is set if a credential is stored
	Forms   map[engine.SystemID]FormHint
}

// SignedIn is the result of signing in to one system.
type SignedIn struct {
	System     engine.SystemID
	Title, Who string
	Rights     []engine.Right
	Note       string // a note on the table of rights
	Kept       string // a sentence that says where the credential is stored
}

// RunLogin shows the window until it is left, and returns the systems that were signed
// in to. If there are none, the error is context.Canceled.
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

// stage is the current page of the window.
type stage int

const (
	stageOrg     stage = iota // asking for the organization
	stageOpening              // the profile is being opened
	stageSystems              // the list of systems
	stageForm                 // the form of one system
	stageTrying               // a credential is being tried
	stageDone                 // the result
)

// login is the model of the sign-in window.
type login struct {
	opts    LoginOptions
	stage   stage
	profile LoginProfile
	org     part.Field
	systems part.Menu
	form    *screen.Form
	system  engine.System
	after   part.Menu // shown after signing in to a system
	prompt  *Pending
	asking  *screen.Asking
	problem engine.Problem
	done    []SignedIn
	fatal   error

	ctx           context.Context
	cancel        context.CancelFunc
	cancelAttempt context.CancelFunc
	attempt       int // number of the operation in flight; results of others are dropped
	began         time.Time
	live          screen.Live

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
	cmds := []tea.Cmd{tea.RequestBackgroundColor, nextSignal(m.ctx, m.opts.Interrupts), m.opts.Prompts.next(m.ctx)}
	if m.opts.Org != "" || !m.opts.AskOrg {
		cmds = append(cmds, m.open(m.opts.Org))
	}
	return tea.Batch(cmds...)
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
	case interruptMsg: // nobody may be there to answer, see Model.handleSignal
		m.stop()
		return tea.Quit
	case promptMsg:
		if m.busy() {
			m.prompt, m.asking, m.scroll = &msg.pending, screen.NewPrompt(msg.pending.Prompt), 0
		}
		return m.opts.Prompts.next(m.ctx)
	case loginTickMsg:
		return m.handleTick(msg)
	case beganMsg:
		return m.handleBegan(msg)
	case signedInMsg:
		return m.handleSignedIn(msg)
	case openedMsg:
		m.notice = "Opened in the browser."
		if msg.err != nil {
			m.notice = "Could not open a browser; the address is above."
		}
	case tea.KeyPressMsg:
		m.notice = ""
		return m.handleKey(msg)
	case tea.PasteMsg:
		return m.handleInput(msg)
	}
	return nil
}

// showSystems shows the list of systems, with the first wanted one selected.
func (m *login) showSystems() {
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

// wanted reports whether a system is still to be signed in to. An organization has one
// identity provider, and the registry uses Docker Hub's credential.
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

// showForm shows the form of a system. A form without anything to enter is submitted
// at once.
func (m *login) showForm(id engine.SystemID) tea.Cmd {
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
