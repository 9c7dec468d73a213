package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// pane is a part of the screen that can have the focus.
type pane int

const (
	paneAct  pane = iota // the foot, where a person chooses or types
	paneText             // the body, if it scrolls
	paneSide             // the evidence column
)

// panes returns the panes that tab cycles through.
func (m *Model) panes(l layout) []pane {
	list := []pane{paneAct}
	if l.overflow > 0 {
		list = append(list, paneText)
	}
	if len(l.sideBody) > 0 {
		list = append(list, paneSide)
	}
	return list
}

// refocus resets the focus if its pane no longer exists.
func (m *Model) refocus() {
	if m.focus != paneAct && !slices.Contains(m.panes(m.layout()), m.focus) {
		m.focus = paneAct
	}
}

// cycleFocus moves the focus by one pane, and reports whether there is another one.
func (m *Model) cycleFocus(by int) bool {
	list := m.panes(m.layout())
	if len(list) == 1 {
		return false
	}
	at := slices.Index(list, m.focus)
	m.focus = list[(at+by+len(list))%len(list)]
	return true
}

// scrollByKey scrolls the focused pane, and reports whether the key was a scrolling
// key.
func (m *Model) scrollByKey(msg tea.KeyPressMsg, k keyMap) bool {
	if !key.Matches(msg, k.Up, k.Down, k.PageUp, k.PageDown, k.HalfUp, k.HalfDown, k.Top, k.Bottom) {
		return false
	}
	l := m.layout()
	at, over, page := &m.scroll, l.overflow, l.bodyHeight
	if m.overlay == overlayNone && m.focus == paneSide {
		at, over, page = &m.sideScroll, l.sideOverflow, l.rows-2
	}
	to := min(*at, over)
	switch {
	case key.Matches(msg, k.Up):
		to--
	case key.Matches(msg, k.Down):
		to++
	case key.Matches(msg, k.PageUp):
		to -= max(1, page-1)
	case key.Matches(msg, k.PageDown):
		to += max(1, page-1)
	case key.Matches(msg, k.HalfUp):
		to -= max(1, page/2)
	case key.Matches(msg, k.HalfDown):
		to += max(1, page/2)
	case key.Matches(msg, k.Top):
		to = 0
	case key.Matches(msg, k.Bottom):
		to = over
	}
	*at = min(max(0, to), over)
	return true
}

// side returns the lines of the evidence column, with its title and whether there is
// more.
func (m *Model) side(l layout) []string {
	if len(l.sideBody) == 0 {
		return nil
	}
	t := m.theme
	focused := m.overlay == overlayNone && m.focus == paneSide
	title := "  " + t.Muted.Render("Evidence")
	if focused {
		title = t.Accent.Render(t.Glyph.Pointer) + " " + t.Focused.Render("Evidence")
	}
	from := min(m.sideScroll, l.sideOverflow)
	word := part.More(t, from > 0, from < l.sideOverflow)
	if word != "" {
		title = part.Pad(title, max(0, l.side-part.Width(word)-1)) + " " + t.Accent.Render(word)
	}
	lines := []string{part.Fit(title, l.side), ""}
	return append(lines, l.sideBody[from:min(len(l.sideBody), from+max(1, l.rows-2))]...)
}

// divider returns the line between work and evidence.
func (m *Model) divider() string {
	t := m.theme
	if m.overlay == overlayNone && m.focus == paneSide {
		return " " + t.Accent.Render(t.Glyph.Thick) + " "
	}
	return " " + t.Faint.Render(t.Glyph.Bar) + " "
}

// rule returns the line between body and foot. It says whether the body has more above
// or below, and marks the body if it has the focus.
func (m *Model) rule(l layout, from int) string {
	t := m.theme
	word := part.More(t, from > 0, from < l.overflow)
	lead, style, dash := "", t.Faint, t.Glyph.Rule
	if m.overlay == overlayNone && m.focus == paneText {
		lead, style, dash = t.Glyph.Pointer+" Text ", t.Accent, t.Glyph.Full
	}
	switch {
	case word == "" && l.rows < 8:
		return ""
	case word == "":
		return style.Render(strings.Repeat(dash, l.width))
	}
	line := strings.Repeat(dash, max(0, l.width-part.Width(word)-part.Width(lead)-1))
	if line != "" {
		line = style.Render(lead+line) + " "
	}
	return part.Fit(line+t.Accent.Render(word), l.width)
}
