package part

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// Cell is one field of a grid.
type Cell struct {
	Text  string // must be clean, see Clean
	Style lipgloss.Style
}

const gutter = 2

// Grid draws rows in aligned columns, wrapping text that is too long for its column.
// Columns are as wide as their longest text if all fit into width; otherwise the
// widest are narrowed.
func Grid(width int, rows [][]Cell) string {
	if len(rows) == 0 {
		return ""
	}
	widths := columnWidths(width, rows)
	var out []string
	for _, row := range rows {
		out = append(out, gridRow(row, widths)...)
	}
	return strings.Join(out, "\n")
}

func gridRow(row []Cell, widths []int) []string {
	cells := make([][]string, len(row))
	height := 1
	for i, c := range row {
		cells[i] = Wrap(c.Text, widths[i])
		height = max(height, len(cells[i]))
	}
	lines := make([]string, height)
	for y := range height {
		var b strings.Builder
		space := 0 // pending before the next text, so that no line ends in spaces
		for i, c := range row {
			text := ""
			if y < len(cells[i]) {
				text = cells[i][y]
			}
			if text != "" {
				b.WriteString(strings.Repeat(" ", space) + c.Style.Render(text))
				space = 0
			}
			space += max(0, widths[i]-Width(text)) + gutter
		}
		lines[y] = b.String()
	}
	return lines
}

// columnWidths returns the width of each column's longest text, capped so that all
// columns fit.
func columnWidths(width int, rows [][]Cell) []int {
	widths := make([]int, len(rows[0]))
	widest := 1
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], Width(c.Text))
			widest = max(widest, widths[i])
		}
	}
	room := width - gutter*(len(widths)-1)
	for limit := widest; limit > 1; limit-- {
		total := 0
		for _, w := range widths {
			total += min(w, limit)
		}
		if total <= room {
			return capWidths(widths, limit)
		}
	}
	return capWidths(widths, 1)
}

func capWidths(widths []int, limit int) []int {
	for i, w := range widths {
		widths[i] = min(w, limit)
	}
	return widths
}
