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

// Update implements tea.Model. The order is: interrupts, reports of the
// terminal, ends of effects, keys of the page on top, keys of the shell, keys
// of the screen.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) { return m, m.update(msg) }

func (m *Model) update(msg tea.Msg) tea.Cmd {
	cmd := m.received(msg)
	m.refocus()
	if m.ending && !m.changing() && !m.quitting {
		return tea.Batch(cmd, m.quit())
	}
	return cmd
}

func (m *Model) received(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case interruptMsg:
		return tea.Batch(m.called(), m.interrupts())
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		return nil
	case tea.MouseWheelMsg, tea.MouseClickMsg:
		return m.pointed(msg)
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
		return tea.Batch(m.ring(), m.walk(msg.event))
	case progressMsg:
		return m.progress(msg)
	case tickMsg:
		return m.ticked(msg)
	case openedMsg:
		m.notice = []string{"Opened in the browser:", msg.url}
		if msg.err != nil {
			m.notice = []string{"Could not open a browser. The address is:", msg.url}
		}
		return nil
	case promptMsg:
		return m.asked(msg)
	case assistedMsg:
		m.notice = []string{"The clicks are done. Waiting for their effect."}
		if msg.err != nil {
			m.notice = []string{"The clicks could not be done: " + msg.err.Error()}
		}
		return nil
	case tea.KeyPressMsg:
		return m.pressed(msg)
	case tea.PasteMsg, screen.Armed, part.Searched:
		if _, pasted := msg.(tea.PasteMsg); pasted && (m.overlay != overlayNone || m.focus != paneAct) {
			return nil
		}
		return m.act(m.screen.Update(msg))
	}
	return nil
}

// restyle makes the theme for what is known of the terminal.
func (m *Model) restyle() {
	m.theme = theme.New(m.dark, m.ascii)
	if m.sixteen {
		m.theme = theme.NewSixteen(m.dark, m.ascii)
	}
}

// plainTerminal reports whether the terminal should be spared characters
// beyond ASCII: the Linux console has few, and a locale may say so.
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

func (m *Model) progress(msg progressMsg) tea.Cmd {
	if msg.feed != m.feed {
		return nil // of an effect that was given up
	}
	titles := make([]string, len(m.state.Plan.Changes))
	for i, c := range m.state.Plan.Changes {
		titles[i] = c.Title
	}
	for _, p := range msg.news {
		m.live = m.live.With(p, titles)
	}
	return msg.feed.next(pace)
}

func (m *Model) ticked(msg tickMsg) tea.Cmd {
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

func (m *Model) pressed(msg tea.KeyPressMsg) tea.Cmd {
	k := m.keys()
	switch {
	case key.Matches(msg, k.Interrupt):
		return m.interrupt()
	case key.Matches(msg, k.Repaint):
		return tea.ClearScreen
	case m.overlay != overlayNone:
		return m.pressedOver(msg, k)
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
		m.over(overlayHelp)
		return nil
	case key.Matches(msg, k.Whole):
		m.over(overlayWhole)
		return nil
	case key.Matches(msg, k.Quit):
		return m.leave()
	case key.Matches(msg, k.Open):
		return m.open(m.link())
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
	case key.Matches(msg, k.Next) && m.turned(1), key.Matches(msg, k.Previous) && m.turned(-1), m.scrolled(msg, k), away:
		return nil
	}
	return m.act(m.screen.Update(msg))
}

// over opens a page over the screen.
func (m *Model) over(o overlay) { m.overlay, m.scroll = o, 0 }

// link is the address that belongs to what is on screen.
func (m *Model) link() string {
	if m.prompt != nil && m.prompt.URL != "" {
		return m.prompt.URL
	}
	return screen.Link(m.state, m.live)
}

// copy puts what is on screen into the terminal's clipboard (OSC 52), which
// works over SSH and needs no program.
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

// longWait is from when on the end of a wait is worth a bell.
const longWait = 10 * time.Second

// ring is the terminal's bell when a long wait ends, for whoever asked for it.
func (m *Model) ring() tea.Cmd {
	if !m.opts.Bell || !m.waiting() || m.live.Elapsed < longWait {
		return nil
	}
	return tea.Raw("\a")
}

// pressedOver takes the keys of the page over the screen.
func (m *Model) pressedOver(msg tea.KeyPressMsg, k keyMap) tea.Cmd {
	switch {
	case key.Matches(msg, k.Back), !m.leafing() && key.Matches(msg, k.Help, k.Whole, k.Quit):
		m.over(overlayNone)
		return nil
	case m.leafing() && m.leaving.Update(msg):
		if m.overlay == overlayProfiles {
			return m.switched()
		}
		return m.left()
	case !m.leafing():
		m.scrolled(msg, k)
	}
	return nil
}

// leafing reports whether the page over the screen is a list of ways to leave.
func (m *Model) leafing() bool { return m.overlay == overlayLeave || m.overlay == overlayProfiles }

// act does what a screen asked for.
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
		return m.walk(a.Event)
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
		return m.replied(a)
	case screen.Assist:
		if ch, ok := screen.Current(m.state, m.live); ok && m.opts.Assist != nil && !m.state.Case.DryRun {
			return m.assist(ch)
		}
	}
	return nil
}

// back goes one step back. What is only being read is given up where there is
// nothing to go back to.
func (m *Model) back() tea.Cmd {
	before := m.place()
	cmd := m.walk(guide.Back{})
	if m.place() != before {
		return cmd
	}
	if m.waiting() && !m.changing() {
		return m.walk(guide.Cancel{})
	}
	m.notice = []string{"This is the first step. Press q to quit."}
	if m.screen.Typing() {
		m.notice = []string{"This is the first step. Press ctrl+c to quit."}
	}
	return cmd
}

// interrupt is ctrl+c, or a signal from outside: it stops what is under way
// first, and leaves second.
func (m *Model) interrupt() tea.Cmd {
	switch {
	case m.changing() && !m.interrupted:
		cmd := m.walk(guide.Stop{})
		m.overlay, m.interrupted = overlayNone, true
		m.notice = []string{"Stopping after the change in flight. ctrl+c again leaves at once; the journal then says what is unknown."}
		return cmd
	case m.waiting() && !m.changing():
		return m.walk(guide.Cancel{})
	case m.changing():
		m.cut = true
		return m.quit()
	case m.overlay == overlayLeave:
		return m.quit()
	}
	return m.leave()
}

// called is a signal from outside, such as that the terminal was closed. Nobody
// may be there to answer a question: the walk ends, after the change in flight.
func (m *Model) called() tea.Cmd {
	m.ending = true
	if m.changing() {
		return m.interrupt()
	}
	return nil
}

// leave quits, after a question where something would be left half done.
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
	m.over(overlayLeave)
	return nil
}

// left does what was taken on the page that leave opened.
func (m *Model) left() tea.Cmd {
	m.over(overlayNone)
	switch m.leaving.Selected() {
	case 0:
		return nil
	case len(m.leaving.Items) - 1:
		return m.quit()
	}
	return m.walk(guide.Stop{})
}
