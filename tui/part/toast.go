package part

import (
	"strings"

	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Toast shows what has just happened, in at most height lines. It stays until the next
// key, so that nobody has to hurry.
func Toast(t theme.Theme, width, height int, words []string) []string {
	var lines []string
	for i, w := range words {
		lead := "  "
		if i == 0 {
			lead = t.Accent.Render(t.Glyph.Bar) + " "
		}
		lines = append(lines, strings.Split(Hang(lead, Clean(w), width, t.Text), "\n")...)
	}
	return lines[:min(len(lines), height)]
}
