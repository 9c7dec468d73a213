package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

// wheelLines is the number of lines one turn of the wheel scrolls.
const wheelLines = 3

// handleMouse handles mouse events. They are received only if enabled, because
// otherwise the terminal uses the mouse to select text. A click never approves
// anything.
func (m *Model) handleMouse(msg tea.Msg) tea.Cmd {
	at := msg.(tea.MouseMsg).Mouse()
	l := m.layout()
	_, footAt := m.work(l)
	row := at.Y - l.top
	beside := l.side > 0 && at.X >= l.left+l.width
	by := wheelLines
	switch _, click := msg.(tea.MouseClickMsg); {
	case click && (at.Button != tea.MouseLeft || m.overlay != overlayNone):
		return nil
	case click:
		return m.handleClick(row, footAt, beside, l)
	case at.Button == tea.MouseWheelUp:
		by = -wheelLines
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

func (m *Model) handleClick(row, footAt int, beside bool, l layout) tea.Cmd {
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
