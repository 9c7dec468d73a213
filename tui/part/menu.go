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
	Disabled string // why the item cannot be chosen; it can be selected to read the reason
}

// Menu lets a person choose one of a few items. Disabled items are grey and show their
// reason.
type Menu struct {
	Items     []Item
	cursor    int
	lineItems []int // the item on each line, when last drawn
}

// NewMenu returns a menu with the recommended item selected, or else the first enabled
// one.
func NewMenu(items []Item, recommended int) Menu {
	m := Menu{Items: items, cursor: -1}
	if recommended >= 0 && recommended < len(items) && items[recommended].Disabled == "" {
		m.cursor = recommended
	}
	for i, it := range items {
		if m.cursor < 0 && it.Disabled == "" {
			m.cursor = i
		}
	}
	m.cursor = max(m.cursor, 0)
	return m
}

var menuKeys = struct{ up, down, take key.Binding }{
	up:   key.NewBinding(key.WithKeys("up", "k", "ctrl+p"), key.WithHelp("↑/↓", "move")),
	down: key.NewBinding(key.WithKeys("down", "j", "ctrl+n")),
	take: key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "choose")),
}

// Steps are the bindings that move the selection of a menu.
var Steps = []key.Binding{menuKeys.up, menuKeys.down}

// Keys returns the bindings, for the help.
func (m *Menu) Keys() []key.Binding {
	if len(m.Items) < 2 {
		return []key.Binding{menuKeys.take}
	}
	return []key.Binding{menuKeys.up, menuKeys.take}
}

// Takes reports whether the menu handles the key itself.
func (m *Menu) Takes(press tea.KeyPressMsg) bool {
	return len(m.Items) > 1 && key.Matches(press, menuKeys.up, menuKeys.down)
}

// Selected returns the index of the selected item.
func (m *Menu) Selected() int { return m.cursor }

// Update moves the selection. taken is true if enter chose an enabled item.
func (m *Menu) Update(msg tea.Msg) (taken bool) {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok || len(m.Items) == 0 {
		return false
	}
	switch {
	case key.Matches(press, menuKeys.up):
		m.cursor = (m.cursor - 1 + len(m.Items)) % len(m.Items)
	case key.Matches(press, menuKeys.down):
		m.cursor = (m.cursor + 1) % len(m.Items)
	case key.Matches(press, menuKeys.take):
		return m.Items[m.cursor].Disabled == ""
	}
	return false
}

// Click selects the item on a line. taken is true if it was already selected and is
// enabled.
func (m *Menu) Click(line int) (taken bool) {
	if line < 0 || line >= len(m.lineItems) {
		return false
	}
	before := m.cursor
	m.cursor = m.lineItems[line]
	return m.cursor == before && m.Items[m.cursor].Disabled == ""
}

// View draws the menu in at most height lines: one for each item, and the explanation
// of the selected item below it. If there are too many items, they scroll.
func (m *Menu) View(t theme.Theme, width, height int) string {
	if len(m.Items) == 0 || height <= 0 {
		return ""
	}
	why := m.why(t, m.cursor, width)
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
		from = min(max(0, m.cursor-room/2), len(m.Items)-room)
	}
	to := min(len(m.Items), from+room)
	var lines []string
	m.lineItems = m.lineItems[:0]
	for i := from; i < to; i++ {
		line := m.line(t, i, width-2)
		switch {
		case i == from && from > 0:
			line = Pad(line, width-2) + " " + t.Faint.Render(t.Glyph.Up)
		case i == to-1 && to < len(m.Items):
			line = Pad(line, width-2) + " " + t.Faint.Render(t.Glyph.Down)
		}
		lines = append(lines, Fit(line, width))
		if i == m.cursor {
			lines = append(lines, why...)
		}
		for len(m.lineItems) < len(lines) {
			m.lineItems = append(m.lineItems, i)
		}
	}
	for steady := len(m.Items) + m.reservedLines(t, width); len(lines) < min(steady, height); {
		lines = append(lines, " ")
	}
	return strings.Join(lines, "\n")
}

// Whole lists the items with their explanations.
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
	if i == m.cursor {
		lead = t.Accent.Render(t.Glyph.Pointer) + " "
	}
	switch {
	case it.Disabled != "":
		line := lead + t.Faint.Render(label)
		if i != m.cursor {
			line += t.Faint.Render("  " + t.Glyph.Dash + " " + Clean(it.Disabled))
		}
		return Fit(line, width)
	case i == m.cursor:
		label = t.Focused.Render(label)
	default:
		label = t.Text.Render(label)
	}
	if it.Tag != "" {
		label += "  " + t.OK.Render(Clean(it.Tag))
	}
	return Fit(lead+label, width)
}

// reservedLines returns the number of lines to reserve for explanations, so that the
// menu's height does not change with the selection. Reasons why an item is disabled
// may be long and are rarely read, so they do not count.
func (m *Menu) reservedLines(t theme.Theme, width int) int {
	n := 0
	for i, it := range m.Items {
		if it.Disabled == "" {
			n = max(n, len(m.why(t, i, width)))
		}
	}
	return n
}

// why returns the explanation of an item.
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
