package tui

import (
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Update implements tea.Model. Keys go to the overlay, the window and the screen, in
// this order.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) { return m, m.update(msg) }

func (m *Model) update(msg tea.Msg) tea.Cmd {
	cmd := m.handle(msg)
	m.refocus()
	if m.ending && !m.changing() && !m.quitting {
		return tea.Batch(cmd, m.quit())
	}
	return cmd
}

func (m *Model) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case interruptMsg:
		return tea.Batch(m.handleSignal(), nextSignal(m.ctx, m.opts.Interrupts))
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		return nil
	case tea.MouseWheelMsg, tea.MouseClickMsg:
		return m.handleMouse(msg)
	case tea.BackgroundColorMsg:
		m.dark = msg.IsDark()
		m.restyle()
		return nil
	case tea.EnvMsg:
		m.ascii = plainTerminal(msg)
		m.restyle()
		return nil
	case tea.ColorProfileMsg:
		m.sixteen = msg.Profile == colorprofile.ANSI
		m.restyle()
		return nil
	case eventMsg:
		if _, ok := msg.event.(guide.Connected); ok {
			m.tried = engine.Credential{}
		}
		return tea.Batch(m.ring(), m.advance(msg.event))
	case progressMsg:
		return m.handleProgress(msg)
	case tickMsg:
		return m.handleTick(msg)
	case openedMsg:
		m.notice = []string{"Opened in the browser:", msg.url}
		if msg.err != nil {
			m.notice = []string{"Could not open a browser. The address is:", msg.url}
		}
		return nil
	case promptMsg:
		return m.showPrompt(msg)
	case assistedMsg:
		m.notice = []string{"The clicks are done. Waiting for their effect."}
		if msg.err != nil {
			m.notice = []string{"The clicks could not be done: " + msg.err.Error()}
		}
		return nil
	case tea.KeyPressMsg:
		return m.handleKey(msg)
	case tea.PasteMsg, screen.Armed, part.Searched:
		if _, pasted := msg.(tea.PasteMsg); pasted && (m.overlay != overlayNone || m.focus != paneAct) {
			return nil
		}
		return m.act(m.screen.Update(msg))
	}
	return nil
}

// restyle creates the theme for the known properties of the terminal.
func (m *Model) restyle() {
	m.theme = theme.New(m.dark, m.ascii)
	if m.sixteen {
		m.theme = theme.NewSixteen(m.dark, m.ascii)
	}
}

// plainTerminal reports whether the terminal should get only ASCII characters: the
// Linux console has few others, or the locale says so.
func plainTerminal(env tea.EnvMsg) bool {
	if t := env.Getenv("TERM"); t == "linux" || t == "dumb" {
		return true
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(env.Getenv(name)); v != "" {
			return !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8")
		}
	}
	return false
}

func (m *Model) handleProgress(msg progressMsg) tea.Cmd {
	if msg.feed != m.feed {
		return nil // from a canceled effect
	}
	titles := make([]string, len(m.state.Plan.Changes))
	for i, c := range m.state.Plan.Changes {
		titles[i] = c.Title
	}
	for _, p := range msg.news {
		m.live = m.live.With(p, titles)
	}
	return msg.feed.next(progressInterval)
}

func (m *Model) handleTick(msg tickMsg) tea.Cmd {
	if !m.waiting() {
		m.ticking = false
		return nil
	}
	if m.since.IsZero() {
		m.since = msg.at
	}
	m.live.Frame++
	m.live.Elapsed = msg.at.Sub(m.since).Truncate(time.Second)
	return m.nextTick()
}

func (m *Model) handleKey(msg tea.KeyPressMsg) tea.Cmd {
	k := m.keys()
	switch {
	case key.Matches(msg, k.Interrupt):
		return m.interrupt()
	case key.Matches(msg, k.Suspend):
		return tea.Suspend
	case key.Matches(msg, k.Repaint):
		return tea.ClearScreen
	case m.overlay != overlayNone:
		return m.handleOverlayKey(msg, k)
	}
	m.notice = nil
	away := m.focus != paneAct
	if !away && m.screen.Takes(msg) {
		return m.act(m.screen.Update(msg))
	}
	switch {
	case away && key.Matches(msg, k.Back):
		m.focus = paneAct
		return nil
	case key.Matches(msg, k.Back):
		return m.back()
	case key.Matches(msg, k.Help):
		m.openOverlay(overlayHelp)
		return nil
	case key.Matches(msg, k.Whole):
		m.openOverlay(overlayWhole)
		return nil
	case key.Matches(msg, k.Quit):
		return m.leave()
	case key.Matches(msg, k.Open):
		return openURL(m.opts.Open, m.link())
	case key.Matches(msg, k.Profile):
		return m.switchProfile()
	case key.Matches(msg, k.Copy):
		return m.copy()
	case key.Matches(msg, k.Mouse):
		m.mouse = !m.mouse
		m.notice = []string{"The mouse now scrolls and chooses. Press " + mouseKey + " to select text with it again."}
		if !m.mouse {
			m.notice = []string{"The mouse selects text again."}
		}
		return nil
	case key.Matches(msg, k.Next) && m.cycleFocus(1), key.Matches(msg, k.Previous) && m.cycleFocus(-1), m.scrollByKey(msg, k), away:
		return nil
	}
	return m.act(m.screen.Update(msg))
}

// openOverlay opens a page over the screen.
func (m *Model) openOverlay(o overlay) { m.overlay, m.scroll = o, 0 }

// link returns the URL for what is on screen.
func (m *Model) link() string {
	if m.prompt != nil && m.prompt.URL != "" {
		return m.prompt.URL
	}
	return screen.Link(m.state, m.live)
}

// copy puts what is on screen into the terminal's clipboard (OSC 52), which also works
// over SSH.
func (m *Model) copy() tea.Cmd {
	text := screen.Copied(m.state, m.live)
	if m.prompt != nil && m.prompt.URL != "" {
		text = m.prompt.URL
	}
	if text == "" {
		return nil
	}
	first, _, _ := strings.Cut(text, "\n")
	m.notice = []string{"Copied to the clipboard, if the terminal supports it:", first}
	return tea.SetClipboard(text)
}

// longWait is the minimum length of a wait whose end rings the bell.
const longWait = 10 * time.Second

// ring rings the terminal's bell after a long wait, if enabled.
func (m *Model) ring() tea.Cmd {
	if !m.opts.Bell || !m.waiting() || m.live.Elapsed < longWait {
		return nil
	}
	return tea.Raw("\a")
}

// handleOverlayKey handles the keys of an overlay.
func (m *Model) handleOverlayKey(msg tea.KeyPressMsg, k keyMap) tea.Cmd {
	switch {
	case key.Matches(msg, k.Back), !m.overlayHasMenu() && key.Matches(msg, k.Help, k.Whole, k.Quit):
		m.openOverlay(overlayNone)
		return nil
	case m.overlayHasMenu() && m.leaving.Update(msg):
		if m.overlay == overlayProfiles {
			return m.confirmSwitch()
		}
		return m.confirmLeave()
	case !m.overlayHasMenu():
		m.scrollByKey(msg, k)
	}
	return nil
}

// overlayHasMenu reports whether the overlay is a menu of ways to leave.
func (m *Model) overlayHasMenu() bool {
	return m.overlay == overlayLeave || m.overlay == overlayProfiles
}

// act carries out what a screen requested.
func (m *Model) act(a screen.Action) tea.Cmd {
	switch a := a.(type) {
	case screen.Walk:
		if _, ok := a.Event.(guide.Back); ok {
			return m.back()
		}
		if given, ok := a.Event.(guide.SignedIn); ok {
			m.tried = given.Credential
			m.tried.Secret = engine.Secret{}
		}
		return m.advance(a.Event)
	case screen.Answer:
		return m.stamped(func(at time.Time) guide.Event {
			return guide.Answered{Question: a.Question, Value: a.Value, At: at}
		})
	case screen.Approve:
		return m.stamped(func(at time.Time) guide.Event {
			return guide.Approved{Digest: a.Digest, Typed: a.Typed, At: at}
		})
	case screen.Again:
		return func() tea.Msg { return a.Msg }
	case screen.Choose:
		return m.stamped(func(at time.Time) guide.Event {
			a.Choice.At = at
			return guide.HandOverChosen{Repositories: a.Repositories, Choice: a.Choice}
		})
	case screen.Reply:
		return m.answerPrompt(a)
	case screen.Assist:
		if ch, ok := screen.Current(m.state, m.live); ok && m.opts.Assist != nil && !m.state.Case.DryRun {
			return m.assist(ch)
		}
	}
	return nil
}

// back goes one step back. If there is no step to go back to, it cancels reading
// effects.
func (m *Model) back() tea.Cmd {
	before := m.position()
	cmd := m.advance(guide.Back{})
	if m.position() != before {
		return cmd
	}
	if m.waiting() && !m.changing() {
		return m.advance(guide.Cancel{})
	}
	m.notice = []string{"This is the first step. Press q to quit."}
	if m.screen.Typing() {
		m.notice = []string{"This is the first step. Press ctrl+c to quit."}
	}
	return cmd
}

// interrupt handles ctrl+c and signals: the first one stops what is in progress, the
// second one leaves.
func (m *Model) interrupt() tea.Cmd {
	switch {
	case m.changing() && !m.interrupted:
		cmd := m.advance(guide.Stop{})
		m.overlay, m.interrupted = overlayNone, true
		m.notice = []string{"Stopping after the change in flight. ctrl+c again leaves at once; the journal then says what is unknown."}
		return cmd
	case m.waiting() && !m.changing():
		return m.advance(guide.Cancel{})
	case m.changing():
		m.cut = true
		return m.quit()
	case m.overlay == overlayLeave:
		return m.quit()
	}
	return m.leave()
}

// handleSignal handles a signal, such as after the terminal was closed. Nobody may be
// there to answer a question, so the walk ends after the change in flight.
func (m *Model) handleSignal() tea.Cmd {
	m.ending = true
	if m.changing() {
		return m.interrupt()
	}
	return nil
}

// leave quits, after a question if something is unfinished.
func (m *Model) leave() tea.Cmd {
	if !m.changing() && !m.unfinished() {
		return m.quit()
	}
	items := []part.Item{{Label: "Stay"}}
	if m.changing() {
		items = append(items, part.Item{Label: "Stop after the change in flight", Why: "you can make the rest later"})
	}
	items = append(items, part.Item{Label: "Leave now", Why: "the journal holds the changes made, and you can resume the walk"})
	m.leaving = part.NewMenu(items, 0)
	m.openOverlay(overlayLeave)
	return nil
}

// confirmLeave carries out the choice made on the page that leave opened.
func (m *Model) confirmLeave() tea.Cmd {
	m.openOverlay(overlayNone)
	switch m.leaving.Selected() {
	case 0:
		return nil
	case len(m.leaving.Items) - 1:
		return m.quit()
	}
	return m.advance(guide.Stop{})
}
