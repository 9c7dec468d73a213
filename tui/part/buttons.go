package part

import (
	"strings"

	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Buttons draws labels side by side, or below each other if they do not fit. The one
// at index focus is highlighted.
func Buttons(t theme.Theme, width, focus int, labels ...string) string {
	out := make([]string, len(labels))
	for i, label := range labels {
		if i == focus {
			out[i] = t.ButtonFocus.Render(t.Glyph.Pointer + " " + Clean(label))
			continue
		}
		out[i] = t.Button.Render("  " + Clean(label))
	}
	line := strings.Join(out, "  ")
	if Width(line) <= width {
		return line
	}
	for i := range out {
		out[i] = Fit(out[i], width)
	}
	return Lines(out...)
}
