package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

// wheel is how many lines one turn of the wheel scrolls.
const wheel = 3

// pointed does what the mouse asks for, which is read only where a person wants
// that: otherwise it is the terminal's, and selects text. A click never
// approves anything.
func (m *Model) pointed(msg tea.Msg) tea.Cmd {
	at := msg.(tea.MouseMsg).Mouse()
	l := m.layout()
	_, footAt := m.work(l)
	row := at.Y - l.top
	beside := l.side > 0 && at.X >= l.left+l.width
	by := wheel
	switch _, click := msg.(tea.MouseClickMsg); {
	case click && (at.Button != tea.MouseLeft || m.overlay != overlayNone):
		return nil
	case click:
		return m.clicked(row, footAt, beside, l)
	case at.Button == tea.MouseWheelUp:
		by = -wheel
	}
	switch {
	case beside:
		m.sideScroll = min(max(0, min(m.sideScroll, l.sideOverflow)+by), l.sideOverflow)
	case m.overlay == overlayNone && l.overflow == 0:
		return m.act(m.screen.Update(screen.Wheeled{By: by}))
	default:
		m.scroll = min(max(0, min(m.scroll, l.overflow)+by), l.overflow)
	}
	return nil
}

func (m *Model) clicked(row, footAt int, beside bool, l layout) tea.Cmd {
	switch {
	case beside:
		m.focus = paneSide
	case row >= footAt:
		m.focus = paneAct
		return m.act(m.screen.Update(screen.Clicked{Row: row - footAt + l.footFrom}))
	case l.overflow > 0:
		m.focus = paneText
	}
	return nil
}
