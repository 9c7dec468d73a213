package part

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Item is one line of a menu.
type Item struct {
	Label    string
	Why      string
	Tag      string // a word beside the label, such as "recommended"
	Disabled string // the reason; such an item is shown and can be looked at, not taken
}

// Menu lets one of a few items be taken. Those that cannot be are grey, with
// their reason.
type Menu struct {
	Items []Item
	at    int
	drawn []int // the item on each line, as last drawn
}

// NewMenu returns a menu that stands on the first recommended item, or else on
// the first that can be taken.
func NewMenu(items []Item, recommended int) Menu {
	m := Menu{Items: items, at: -1}
	if recommended >= 0 && recommended < len(items) && items[recommended].Disabled == "" {
		m.at = recommended
	}
	for i, it := range items {
		if m.at < 0 && it.Disabled == "" {
			m.at = i
		}
	}
	m.at = max(m.at, 0)
	return m
}

var menuKeys = struct{ up, down, take key.Binding }{
	up:   key.NewBinding(key.WithKeys("up", "k", "ctrl+p"), key.WithHelp("↑/↓", "move")),
	down: key.NewBinding(key.WithKeys("down", "j", "ctrl+n")),
	take: key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "choose")),
}

// Steps are the bindings that move up and down in a menu.
var Steps = []key.Binding{menuKeys.up, menuKeys.down}

// Keys are the menu's bindings, for the help.
func (m *Menu) Keys() []key.Binding {
	if len(m.Items) < 2 {
		return []key.Binding{menuKeys.take}
	}
	return []key.Binding{menuKeys.up, menuKeys.take}
}

// Takes reports whether the menu wants the key.
func (m *Menu) Takes(press tea.KeyPressMsg) bool {
	return len(m.Items) > 1 && key.Matches(press, menuKeys.up, menuKeys.down)
}

// Selected is the number of the item that enter takes.
func (m *Menu) Selected() int { return m.at }

// Update moves the selection; taken is true when enter took an item that can
// be taken.
func (m *Menu) Update(msg tea.Msg) (taken bool) {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok || len(m.Items) == 0 {
		return false
	}
	switch {
	case key.Matches(press, menuKeys.up):
		m.at = (m.at - 1 + len(m.Items)) % len(m.Items)
	case key.Matches(press, menuKeys.down):
		m.at = (m.at + 1) % len(m.Items)
	case key.Matches(press, menuKeys.take):
		return m.Items[m.at].Disabled == ""
	}
	return false
}

// Click selects the item on a line; taken is true when it was selected already
// and can be taken.
func (m *Menu) Click(line int) (taken bool) {
	if line < 0 || line >= len(m.drawn) {
		return false
	}
	before := m.at
	m.at = m.drawn[line]
	return m.at == before && m.Items[m.at].Disabled == ""
}

// View draws the menu in at most height lines: an item on each, and the reason
// of the selected one below it. Where that is too much, the items scroll.
func (m *Menu) View(t theme.Theme, width, height int) string {
	if len(m.Items) == 0 || height <= 0 {
		return ""
	}
	why := m.why(t, m.at, width)
	if over := len(m.Items) + len(why) - height; over > 0 && len(why) > 0 {
		all := len(why)
		why = why[:max(all-over, min(1, height/2))]
		if last := len(why) - 1; last >= 0 && last < all-1 {
			why[last] = Fit(why[last], width-2) + " " + t.Faint.Render(t.Glyph.More)
		}
	}
	room := max(1, height-len(why))
	from := 0
	if len(m.Items) > room {
		from = min(max(0, m.at-room/2), len(m.Items)-room)
	}
	to := min(len(m.Items), from+room)
	var lines []string
	m.drawn = m.drawn[:0]
	for i := from; i < to; i++ {
		line := m.line(t, i, width-2)
		switch {
		case i == from && from > 0:
			line = Pad(line, width-2) + " " + t.Faint.Render(t.Glyph.Up)
		case i == to-1 && to < len(m.Items):
			line = Pad(line, width-2) + " " + t.Faint.Render(t.Glyph.Down)
		}
		lines = append(lines, Fit(line, width))
		if i == m.at {
			lines = append(lines, why...)
		}
		for len(m.drawn) < len(lines) {
			m.drawn = append(m.drawn, i)
		}
	}
	for steady := len(m.Items) + m.reservedLines(t, width); len(lines) < min(steady, height); {
		lines = append(lines, " ")
	}
	return strings.Join(lines, "\n")
}

// Whole lists the items with all that is said of them.
func (m *Menu) Whole(t theme.Theme, width int) string {
	out := []string{t.Muted.Render(Fit("The choices", width))}
	for i, it := range m.Items {
		out = append(out, Hang(t.Faint.Render(t.Glyph.Bullet)+" ", Clean(it.Label), width, t.Strong))
		out = append(out, m.why(t, i, width)...)
	}
	return strings.Join(out, "\n")
}

func (m *Menu) line(t theme.Theme, i, width int) string {
	it := m.Items[i]
	label := Clean(it.Label)
	lead := "  "
	if i == m.at {
		lead = t.Accent.Render(t.Glyph.Pointer) + " "
	}
	switch {
	case it.Disabled != "":
		line := lead + t.Faint.Render(label)
		if i != m.at {
			line += t.Faint.Render("  " + t.Glyph.Dash + " " + Clean(it.Disabled))
		}
		return Fit(line, width)
	case i == m.at:
		label = t.Focused.Render(label)
	default:
		label = t.Text.Render(label)
	}
	if it.Tag != "" {
		label += "  " + t.OK.Render(Clean(it.Tag))
	}
	return Fit(lead+label, width)
}

// reservedLines is how many lines the reasons need at most, so that the menu keeps its
// height while the selection moves. Reasons against an item may be long, and
// are looked at rarely.
func (m *Menu) reservedLines(t theme.Theme, width int) int {
	n := 0
	for i, it := range m.Items {
		if it.Disabled == "" {
			n = max(n, len(m.why(t, i, width)))
		}
	}
	return n
}

// why is what speaks for an item, or against it.
func (m *Menu) why(t theme.Theme, i, width int) []string {
	it := m.Items[i]
	switch {
	case it.Disabled != "":
		return strings.Split(Hang("    "+t.Warn.Render("cannot be taken:")+" ", Clean(it.Disabled), width, t.Warn), "\n")
	case it.Why != "":
		return strings.Split(Hang("    ", Clean(it.Why), width, t.Muted), "\n")
	}
	return nil
}
