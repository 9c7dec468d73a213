package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// pane is a part of the screen that can have the keys.
type pane int

const (
	paneAct  pane = iota // what is chosen or typed, below the text
	paneText             // the text of the screen, where it is longer than its place
	paneSide             // the evidence beside it
)

// panes are those that tab goes through.
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

// refocus takes the keys back from a pane that is gone.
func (m *Model) refocus() {
	if m.focus != paneAct && !slices.Contains(m.panes(m.layout()), m.focus) {
		m.focus = paneAct
	}
}

// turned gives the keys to the next pane, or to the one before, and reports
// whether there is another one.
func (m *Model) turned(by int) bool {
	list := m.panes(m.layout())
	if len(list) == 1 {
		return false
	}
	at := slices.Index(list, m.focus)
	m.focus = list[(at+by+len(list))%len(list)]
	return true
}

// scrolled moves the pane that has the keys, or the text, and reports whether
// the key was for that.
func (m *Model) scrolled(msg tea.KeyPressMsg, k keyMap) bool {
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

// side is the column of evidence with its title, and the line that says
// whether there is more of it.
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

// wall stands between the work and the evidence.
func (m *Model) wall() string {
	t := m.theme
	if m.overlay == overlayNone && m.focus == paneSide {
		return " " + t.Accent.Render(t.Glyph.Thick) + " "
	}
	return " " + t.Faint.Render(t.Glyph.Bar) + " "
}

// rule divides body and foot, says whether there is more above or below, and
// bears the sign of the text that has the keys.
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
