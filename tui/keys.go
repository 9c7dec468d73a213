package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

// Keys that are also named elsewhere.
const (
	mouseKey = "m"
	helpKey  = "f1"
	backKey  = "esc"
)

// suspendKey stops the program as a shell's job, where it is one. It goes on with fg;
// a change whose answer is lost meanwhile is observed.
var suspendKey = key.NewBinding(key.WithKeys("ctrl+z"), key.WithHelp("ctrl+z", "to the shell"))

// keyMap holds the window's own keys. Which of them are active depends on whether
// letters go to an input.
type keyMap struct {
	Back, Help, Open, Copy, Quit, Interrupt, Suspend, Repaint key.Binding
	Next, Previous, Whole, Mouse, Profile                     key.Binding
	Up, Down, PageUp, PageDown, Top, Bottom                   key.Binding
	HalfUp, HalfDown                                          key.Binding
}

func newKeyMap() keyMap {
	return keyMap{
		Back:      key.NewBinding(key.WithKeys(backKey), key.WithHelp(backKey, "back")),
		Help:      key.NewBinding(key.WithKeys("?", helpKey), key.WithHelp("?", "help")),
		Open:      key.NewBinding(key.WithKeys("o"), key.WithHelp("o", "open the page")),
		Copy:      key.NewBinding(key.WithKeys("y"), key.WithHelp("y", "copy request or address")),
		Quit:      key.NewBinding(key.WithKeys("q"), key.WithHelp("q", "quit")),
		Interrupt: key.NewBinding(key.WithKeys("ctrl+c"), key.WithHelp("ctrl+c", "stop")),
		Suspend:   suspendKey,
		Repaint:   key.NewBinding(key.WithKeys("ctrl+l"), key.WithHelp("ctrl+l", "redraw")),
		Next:      key.NewBinding(key.WithKeys("tab"), key.WithHelp("tab", "next pane")),
		Previous:  key.NewBinding(key.WithKeys("shift+tab"), key.WithHelp("shift+tab", "previous pane")),
		Whole:     key.NewBinding(key.WithKeys("v", "f2"), key.WithHelp("v", "everything in full")),
		Profile:   key.NewBinding(key.WithKeys("p", "f3"), key.WithHelp("p", "another profile")),
		Mouse:     key.NewBinding(key.WithKeys(mouseKey), key.WithHelp(mouseKey, "mouse on or off")),
		Up:        key.NewBinding(key.WithKeys("up", "k"), key.WithHelp("↑ k", "scroll up")),
		Down:      key.NewBinding(key.WithKeys("down", "j"), key.WithHelp("↓ j", "scroll down")),
		PageUp:    key.NewBinding(key.WithKeys("pgup", "ctrl+b"), key.WithHelp("pgup", "page up")),
		PageDown:  key.NewBinding(key.WithKeys("pgdown", "space", "ctrl+f"), key.WithHelp("pgdn", "page down")),
		HalfUp:    key.NewBinding(key.WithKeys("ctrl+u"), key.WithHelp("ctrl+u", "half a page up")),
		HalfDown:  key.NewBinding(key.WithKeys("ctrl+d"), key.WithHelp("ctrl+d", "half a page down")),
		Top:       key.NewBinding(key.WithKeys("home", "g"), key.WithHelp("g", "to the top")),
		Bottom:    key.NewBinding(key.WithKeys("end", "G"), key.WithHelp("G", "to the end")),
	}
}

// typing returns the key map while letters go to an input, with only the keys that no
// input uses.
func (k keyMap) typing() keyMap {
	k.Help = key.NewBinding(key.WithKeys(helpKey), key.WithHelp(helpKey, "help"))
	k.Open.SetEnabled(false)
	k.Copy.SetEnabled(false)
	k.Quit.SetEnabled(false)
	k.Whole = key.NewBinding(key.WithKeys("f2"), key.WithHelp("f2", "everything in full"))
	k.Profile = key.NewBinding(key.WithKeys("f3"), key.WithHelp("f3", "another profile"))
	k.Up = key.NewBinding(key.WithKeys("up"), key.WithHelp("↑", "scroll up"))
	k.Down = key.NewBinding(key.WithKeys("down"), key.WithHelp("↓", "scroll down"))
	k.PageUp = key.NewBinding(key.WithKeys("pgup"), key.WithHelp("pgup", "page up"))
	k.PageDown = key.NewBinding(key.WithKeys("pgdown"), key.WithHelp("pgdn", "page down"))
	for _, b := range []*key.Binding{&k.HalfUp, &k.HalfDown, &k.Top, &k.Bottom, &k.Mouse} {
		b.SetEnabled(false)
	}
	k.Interrupt.SetHelp("ctrl+c", "quit")
	return k
}

// typing reports whether letters go to an input.
func (m *Model) typing() bool {
	return m.overlay == overlayNone && m.screen.Typing() && m.focus == paneAct
}

// picking reports whether the screen asks for a person.
func (m *Model) picking() bool {
	ask := m.state.Verdict.Ask
	return m.state.Phase == guide.PhaseDeciding && ask != nil && ask.Kind == engine.AnswerMember
}

// keys returns the keys that are active now.
func (m *Model) keys() keyMap {
	k := newKeyMap()
	if m.typing() {
		help := k.Help
		k = k.typing()
		if m.picking() {
			k.Help = help // no name contains a question mark
		}
	}
	busy := m.state.Phase == guide.PhaseRunning || m.state.Phase == guide.PhaseVerifying
	switch {
	case busy:
	case m.waiting():
		k.Interrupt.SetHelp("ctrl+c", "cancel")
	case !m.typing():
		k.Interrupt.SetHelp("ctrl+c", "quit")
	}
	k.Back.SetEnabled(m.overlay != overlayNone || !busy)
	k.Profile.SetEnabled(m.opts.Profile != "")
	k.Suspend.SetEnabled(m.opts.Job)
	return k
}

// shortHelp returns the bindings of the help line, most important first.
func (m *Model) shortHelp(l layout) []key.Binding {
	k := m.keys()
	switch {
	case m.overlayHasMenu():
		return append(m.leaving.Keys(), k.Back)
	case m.overlay != overlayNone && l.overflow == 0:
		return []key.Binding{k.Back}
	}
	if m.overlay != overlayNone || m.focus != paneAct {
		return m.readingHelp(k)
	}
	list := m.screen.Keys()
	if m.waiting() {
		list = append(list, k.Interrupt)
	}
	if len(m.panes(l)) > 1 && !m.screen.Takes(tea.KeyPressMsg{Code: tea.KeyTab}) {
		list = append(list, k.Next)
	} else if l.overflow > 0 {
		more := k.PageDown
		more.SetHelp("pgdn", "more")
		list = append(list, more)
	}
	if ch, ok := screen.Current(m.state, m.live); ok && ch.Kind == engine.ChangeConsole {
		open := k.Open
		open.SetHelp("o", "open the console")
		list = append([]key.Binding{open}, list...)
		k.Open.SetEnabled(false)
	}
	if !m.screen.Takes(tea.KeyPressMsg{Code: tea.KeyEscape}) {
		list = append(list, k.Back)
	}
	list = append(list, k.Help, k.Quit)
	if !m.waiting() && (!k.Quit.Enabled() || !k.Back.Enabled()) {
		list = append(list, k.Interrupt)
	}
	if len(m.otherProfiles()) > 0 {
		list = append(list, k.Profile)
	}
	return append(list, k.Open)
}

// readingHelp returns the bindings of the help line while scrolling.
func (m *Model) readingHelp(k keyMap) []key.Binding {
	move, ends := k.Up, k.Top
	move.SetHelp("↑/↓", "scroll")
	ends.SetHelp("g/G", "top, end")
	list := []key.Binding{move, k.PageDown, ends}
	if m.overlay == overlayNone {
		k.Back.SetHelp("esc", "back to the choice")
		list = append(list, k.Next)
	}
	return append(list, k.Back)
}

// fullHelp returns the groups of the help page.
func (m *Model) fullHelp() []part.KeyGroup {
	k := m.keys()
	return []part.KeyGroup{
		{Title: "On this screen", Keys: m.screen.Keys()},
		{Title: "To read", Keys: []key.Binding{
			k.Next, k.Previous, k.Up, k.Down, k.PageUp, k.PageDown, k.HalfUp, k.HalfDown, k.Top, k.Bottom, k.Whole,
		}},
		{Title: "Everywhere", Keys: []key.Binding{k.Back, k.Open, k.Copy, k.Profile, k.Mouse, k.Help, k.Repaint, k.Suspend, k.Quit, k.Interrupt}},
	}
}
