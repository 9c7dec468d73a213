package part

import (
	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"

	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// ShortHelp is the line at the bottom of the screen.
func ShortHelp(t theme.Theme, width int, keys []key.Binding) string {
	h := help.New()
	h.Styles = t.Help
	h.ShortSeparator = "   "
	h.Ellipsis = t.Glyph.More
	h.SetWidth(width)
	return Fit(t.Glyph.Keys.Replace(h.ShortHelpView(keys)), width)
}

// FullHelp lists every key that does something now, one on a line.
func FullHelp(t theme.Theme, width int, groups ...[]key.Binding) string {
	var rows [][]Cell
	for i, g := range groups {
		if i > 0 && len(g) > 0 && len(rows) > 0 {
			rows = append(rows, []Cell{{"", t.Text}, {"", t.Text}})
		}
		for _, k := range g {
			if k.Enabled() && k.Help().Key != "" {
				rows = append(rows, []Cell{{t.Glyph.Keys.Replace(k.Help().Key), t.Accent}, {Clean(k.Help().Desc), t.Text}})
			}
		}
	}
	return Grid(width, rows)
}
