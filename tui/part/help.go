package part

import (
	"strings"

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
	return Fit(h.ShortHelpView(keys), width)
}

// FullHelp lists every key that does something now, one on a line.
func FullHelp(t theme.Theme, width int, groups ...[]key.Binding) string {
	var blocks []string
	for _, g := range groups {
		var rows [][]Cell
		for _, k := range g {
			if k.Enabled() {
				rows = append(rows, []Cell{{k.Help().Key, t.Accent}, {k.Help().Desc, t.Text}})
			}
		}
		blocks = append(blocks, Grid(width, rows))
	}
	return Stack(blocks...)
}

// Scroll shows the part of a block that fits into height lines from offset on,
// and says whether there is more above and below.
func Scroll(block string, offset, height int) (shown []string, above, below bool) {
	lines := strings.Split(block, "\n")
	offset = min(max(0, offset), max(0, len(lines)-height))
	end := min(len(lines), offset+height)
	return lines[offset:end], offset > 0, end < len(lines)
}
