package part

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	"charm.land/lipgloss/v2"

	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// ShortHelp draws the help line: as many keys as fit, in order of importance, and
// always the key most.
func ShortHelp(t theme.Theme, width int, keys []key.Binding, most string) string {
	h := help.New()
	h.Styles = t.Help
	h.ShortSeparator = "   "
	shown := make([]bool, len(keys))
	for i, k := range keys {
		shown[i] = slices.Contains(k.Keys(), most)
	}
	line := func() string {
		var list []key.Binding
		for i, k := range keys {
			if shown[i] {
				list = append(list, k)
			}
		}
		return t.Glyph.Keys.Replace(h.ShortHelpView(list))
	}
	for i := range keys {
		if !shown[i] {
			shown[i] = true
			shown[i] = Width(line()) <= width
		}
	}
	return Fit(line(), width)
}

// KeyGroup is a group of related keys.
type KeyGroup struct {
	Title string
	Keys  []key.Binding
}

// FullHelp lists every active key, one per line. The last group gets its own column if
// there is room.
func FullHelp(t theme.Theme, width int, groups []KeyGroup) string {
	wide := 0
	for _, g := range groups {
		for _, k := range g.Keys {
			wide = max(wide, Width(t.Glyph.Keys.Replace(k.Help().Key)))
		}
	}
	var blocks []string
	for _, g := range groups {
		var rows [][]Cell
		for _, k := range g.Keys {
			if name := t.Glyph.Keys.Replace(k.Help().Key); k.Enabled() && name != "" {
				rows = append(rows, []Cell{{name + strings.Repeat(" ", wide-Width(name)), t.Accent}, {Clean(k.Help().Desc), t.Text}})
			}
		}
		if len(rows) > 0 {
			blocks = append(blocks, Lines(t.Muted.Render(Fit(g.Title, width)), Grid(width, rows)))
		}
	}
	if len(blocks) > 1 {
		last := len(blocks) - 1
		left, right := Stack(blocks[:last]...), Indent(blocks[last], 4)
		if lipgloss.Width(left)+lipgloss.Width(right) <= width {
			return lipgloss.JoinHorizontal(lipgloss.Top, left, right)
		}
	}
	return Stack(blocks...)
}
