package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
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
	problem string
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

// start makes a context for an operation and begins to count its time.
func (m *login) start(s stage) (context.Context, tea.Cmd) {
	ctx, cancel := context.WithCancel(m.ctx)
	m.stage, m.flight, m.turn, m.problem, m.scroll = s, cancel, m.turn+1, "", 0
	m.live, m.began = screen.Live{}, time.Time{}
	if m.opts.ReducedMotion {
		m.live.Still = m.theme.Glyph.Current
	}
	return ctx, m.tick()
}

func (m *login) tick() tea.Cmd {
	turn, every := m.turn, 120*time.Millisecond
	if m.opts.ReducedMotion {
		every = time.Second
	}
	return tea.Tick(every, func(at time.Time) tea.Msg { return loginTickMsg{turn, at} })
}

// stop ends the operation in flight; what it still brings is late.
func (m *login) stop() {
	if m.flight != nil {
		m.flight()
		m.flight = nil
	}
	m.turn++
	m.prompt, m.asking = nil, nil
}

func (m *login) open(org string) tea.Cmd {
	ctx, tick := m.start(stageOpening)
	begin, turn := m.opts.Begin, m.turn
	return tea.Batch(tick, func() tea.Msg {
		p, err := begin(ctx, org)
		return beganMsg{turn, p, err}
	})
}

func (m *login) try(c engine.Credential) tea.Cmd {
	ctx, tick := m.start(stageTrying)
	signIn, turn := m.opts.SignIn, m.turn
	return tea.Batch(tick, func() tea.Msg {
		made, err := signIn(ctx, c)
		tried := c
		tried.Secret = engine.Secret{}
		return signedInMsg{turn, made, err, tried}
	})
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
			m.notice = "No browser could be opened; the address is above."
		}
	case tea.KeyPressMsg:
		m.notice = ""
		return m.pressed(msg)
	case tea.PasteMsg:
		return m.typed(msg)
	}
	return nil
}

func (m *login) busy() bool { return m.stage == stageOpening || m.stage == stageTrying }

func (m *login) ticked(msg loginTickMsg) tea.Cmd {
	if msg.turn != m.turn || !m.busy() {
		return nil
	}
	if m.began.IsZero() {
		m.began = msg.at
	}
	m.live.Frame++
	m.live.Elapsed = msg.at.Sub(m.began).Truncate(time.Second)
	return m.tick()
}

func (m *login) opened(msg beganMsg) tea.Cmd {
	if msg.turn != m.turn {
		return nil
	}
	m.stop()
	if msg.err != nil {
		m.fatal = msg.err
		return tea.Quit
	}
	m.profile = msg.profile
	if m.opts.Only == "" {
		m.list()
		return nil
	}
	return m.choose(m.opts.Only)
}

// list shows the systems, standing on the first that is not signed in to.
func (m *login) list() {
	m.stage, m.problem, m.scroll = stageSystems, "", 0
	var items []part.Item
	next := -1
	for i, s := range m.profile.Systems {
		item := part.Item{Label: s.Title, Why: m.profile.Forms[s.ID].Help}
		if s.OK {
			item.Tag = "signed in"
			if s.Who != "" {
				item.Tag += " as " + s.Who
			}
		} else if next < 0 && (s.Required || i > 0) {
			next = i
		}
		items = append(items, item)
	}
	items = append(items, part.Item{Label: "Done"})
	if next < 0 || len(m.done) > 0 && !m.profile.Systems[next].Required && m.provider() && next > 1 {
		next = len(items) - 1
	}
	m.systems = part.NewMenu(items, next)
}

// provider reports whether an identity provider is signed in to: an organization
// has one.
func (m *login) provider() bool {
	for _, s := range m.profile.Systems {
		if s.OK && (s.ID == engine.SystemOkta || s.ID == engine.SystemEntra) {
			return true
		}
	}
	return false
}

// choose shows the form of a system. One that leaves nothing to be said is tried
// at once.
func (m *login) choose(id engine.SystemID) tea.Cmd {
	h := m.profile.Forms[id]
	m.system = engine.System{ID: id, Title: h.Title}
	m.form = screen.NewForm(id, h, "")
	m.stage, m.problem, m.scroll = stageForm, "", 0
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

func (m *login) tried(msg signedInMsg) tea.Cmd {
	if msg.turn != m.turn {
		return nil
	}
	m.stop()
	if msg.made.Title != "" { // accepted, whether or not it could be kept
		m.accept(msg.made)
		if msg.err != nil {
			m.problem = m.words(msg.err)
		}
		return nil
	}
	m.stage = stageForm
	m.form.Again(msg.cred, "")
	m.problem = m.words(msg.err)
	return nil
}

func (m *login) words(err error) string {
	p := m.opts.Explain(err)
	return p.Title + ".\n" + p.Detail + "\n" + p.Advice
}

func (m *login) accept(made SignedIn) {
	m.stage, m.scroll = stageDone, 0
	m.done = append(m.done, made)
	for i := range m.profile.Systems {
		if s := &m.profile.Systems[i]; s.ID == made.System {
			s.OK, s.Who = true, made.Who
		}
	}
	items := []part.Item{{Label: "Go on to the other systems"}, {Label: "Done"}}
	if m.opts.Only != "" {
		items = items[1:]
	}
	m.after = part.NewMenu(items, 0)
}

var loginKeys = struct{ leave, back, stop, quit, open, copy, up, down key.Binding }{
	leave: key.NewBinding(key.WithKeys("ctrl+c", "ctrl+d"), key.WithHelp("ctrl+c", "leave")),
	back:  key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back")),
	stop:  key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "give it up")),
	quit:  key.NewBinding(key.WithKeys("q"), key.WithHelp("q", "leave")),
	open:  key.NewBinding(key.WithKeys("o"), key.WithHelp("o", "open the page")),
	copy:  key.NewBinding(key.WithKeys("y"), key.WithHelp("y", "copy the address")),
	up:    key.NewBinding(key.WithKeys("pgup"), key.WithHelp("pgup", "up")),
	down:  key.NewBinding(key.WithKeys("pgdown", "space"), key.WithHelp("pgdn", "more")),
}

// leave gives up what is under way, and closes the window when nothing is.
func (m *login) leave() tea.Cmd {
	if m.stage == stageTrying {
		m.stop()
		m.stage, m.problem = stageForm, "You gave it up; nothing was kept."
		return nil
	}
	m.stop()
	return tea.Quit
}

func (m *login) pressed(msg tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(msg, loginKeys.leave):
		return m.leave()
	case m.asking != nil && m.prompt.Asks():
		if reply, ok := m.asking.Update(msg).(screen.Reply); ok {
			p := m.prompt
			m.prompt, m.asking = nil, nil
			return func() tea.Msg {
				p.reply(reply)
				return nil
			}
		}
		return nil
	case m.stage == stageForm && m.form.Takes(msg):
		return m.typed(msg)
	case key.Matches(msg, loginKeys.back):
		return m.back()
	case m.prompt != nil && key.Matches(msg, loginKeys.open):
		return m.browse(m.prompt.URL)
	case m.prompt != nil && key.Matches(msg, loginKeys.copy):
		m.notice = "Given to the terminal's clipboard, if it takes that."
		return tea.SetClipboard(m.prompt.URL)
	case m.stage != stageForm && m.stage != stageOrg && key.Matches(msg, loginKeys.quit):
		return m.leave()
	case key.Matches(msg, loginKeys.up):
		m.scroll = max(0, m.scroll-5)
		return nil
	case key.Matches(msg, loginKeys.down) && m.stage != stageForm && m.stage != stageOrg:
		m.scroll += 5 // View stops at the end
		return nil
	}
	return m.typed(msg)
}

func (m *login) browse(url string) tea.Cmd {
	open := m.opts.Open
	return func() tea.Msg {
		if open == nil {
			return openedMsg{url, errNoBrowser}
		}
		return openedMsg{url, open(url)}
	}
}

func (m *login) back() tea.Cmd {
	switch {
	case m.stage == stageTrying:
		return m.leave()
	case m.opts.Only == "" && (m.stage == stageForm || m.stage == stageDone):
		m.list()
		return nil
	}
	m.stop()
	return tea.Quit
}

// typed gives a key or pasted text to what the stage shows.
func (m *login) typed(msg tea.Msg) tea.Cmd {
	press, pressed := msg.(tea.KeyPressMsg)
	enter := pressed && press.Code == tea.KeyEnter
	switch m.stage {
	case stageOrg:
		if org := strings.TrimSpace(m.org.Value()); enter && org != "" {
			return m.open(org)
		}
		m.org.Update(msg)
	case stageSystems:
		if m.systems.Update(msg) {
			if n := m.systems.Selected(); n < len(m.profile.Systems) {
				return m.choose(m.profile.Systems[n].ID)
			}
			return tea.Quit
		}
	case stageForm:
		if done := m.form.Update(msg); done != nil && done.Credential != nil {
			return m.try(*done.Credential)
		}
	case stageDone:
		if m.after.Update(msg) {
			if m.after.Items[m.after.Selected()].Label == "Done" {
				return tea.Quit
			}
			m.list()
		}
	case stageOpening, stageTrying:
		if m.asking != nil { // pasted
			m.asking.Update(msg)
		}
	}
	return nil
}
