package tui

import (
	"charm.land/bubbles/v2/key"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

// keyMap holds the keys of the shell. Which of them act depends on whether
// letters go into an input.
type keyMap struct {
	Back, Help, Open, Copy, Quit, Interrupt, Repaint key.Binding
	Up, Down, PageUp, PageDown, Top, Bottom          key.Binding
}

func newKeyMap() keyMap {
	return keyMap{
		Back:      key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back")),
		Help:      key.NewBinding(key.WithKeys("?", "f1"), key.WithHelp("?", "help")),
		Open:      key.NewBinding(key.WithKeys("o"), key.WithHelp("o", "open the page")),
		Copy:      key.NewBinding(key.WithKeys("y"), key.WithHelp("y", "copy the request or the address")),
		Quit:      key.NewBinding(key.WithKeys("q"), key.WithHelp("q", "quit")),
		Interrupt: key.NewBinding(key.WithKeys("ctrl+c"), key.WithHelp("ctrl+c", "stop")),
		Repaint:   key.NewBinding(key.WithKeys("ctrl+l"), key.WithHelp("ctrl+l", "draw again")),
		Up:        key.NewBinding(key.WithKeys("up", "k"), key.WithHelp("↑", "scroll up")),
		Down:      key.NewBinding(key.WithKeys("down", "j"), key.WithHelp("↓", "scroll down")),
		PageUp:    key.NewBinding(key.WithKeys("pgup", "ctrl+b"), key.WithHelp("pgup", "page up")),
		PageDown:  key.NewBinding(key.WithKeys("pgdown", "space"), key.WithHelp("pgdn", "page down")),
		Top:       key.NewBinding(key.WithKeys("home"), key.WithHelp("home", "to the top")),
		Bottom:    key.NewBinding(key.WithKeys("end"), key.WithHelp("end", "to the end")),
	}
}

// typing is the key map while letters go into an input: only keys that no
// input takes are left.
func (k keyMap) typing() keyMap {
	k.Help = key.NewBinding(key.WithKeys("f1"), key.WithHelp("f1", "help"))
	k.Open.SetEnabled(false)
	k.Copy.SetEnabled(false)
	k.Quit.SetEnabled(false)
	k.Up = key.NewBinding(key.WithKeys("up"), key.WithHelp("↑", "scroll up"))
	k.Down = key.NewBinding(key.WithKeys("down"), key.WithHelp("↓", "scroll down"))
	k.PageUp = key.NewBinding(key.WithKeys("pgup"), key.WithHelp("pgup", "page up"))
	k.PageDown = key.NewBinding(key.WithKeys("pgdown"), key.WithHelp("pgdn", "page down"))
	k.Top.SetEnabled(false)
	k.Bottom.SetEnabled(false)
	k.Interrupt.SetHelp("ctrl+c", "quit")
	return k
}

// keys are those that act now.
func (m *Model) keys() keyMap {
	k := newKeyMap()
	if m.overlay == overlayNone && m.screen.Typing() {
		k = k.typing()
	}
	busy := m.state.Phase == guide.PhaseRunning || m.state.Phase == guide.PhaseVerifying
	if !busy && !m.screen.Typing() {
		k.Interrupt.SetHelp("ctrl+c", "quit")
	}
	k.Back.SetEnabled(m.overlay != overlayNone || !busy)
	return k
}

// short are the bindings of the bottom line, the most wanted first.
func (m *Model) short(scrolls bool) []key.Binding {
	k := m.keys()
	if m.overlay != overlayNone {
		return []key.Binding{k.Back}
	}
	list := m.screen.Keys()
	if scrolls {
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
	list = append(list, k.Back, k.Help, k.Quit)
	if !k.Quit.Enabled() || !k.Back.Enabled() {
		list = append(list, k.Interrupt)
	}
	return append(list, k.Open)
}

// full are the groups of the help page.
func (m *Model) full() [][]key.Binding {
	k := m.keys()
	return [][]key.Binding{
		m.screen.Keys(),
		{k.Up, k.Down, k.PageUp, k.PageDown, k.Top, k.Bottom},
		{k.Back, k.Open, k.Copy, k.Help, k.Repaint, k.Quit, k.Interrupt},
	}
}
