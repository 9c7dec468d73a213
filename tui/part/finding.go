package part

import (
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Findings shows conclusions, each with how sure it is and what it rests on.
// When the first one's title is on screen already as the headline, it is not
// repeated.
func Findings(t theme.Theme, width int, list []engine.Finding, headline string) string {
	var blocks []string
	for _, f := range list {
		word, style := strength(t, f.Strength)
		head := style.Render(word)
		if f.Title != headline {
			head += t.Strong.Render("  " + Clean(f.Title))
		}
		blocks = append(blocks, Lines(
			Fit(head, width),
			Paragraph(Clean(f.Detail), width, t.Text),
			EvidenceList(t, width, f.Evidence),
		))
	}
	return Stack(blocks...)
}

func strength(t theme.Theme, s engine.Strength) (string, lipgloss.Style) {
	switch s {
	case engine.Certain:
		return t.Glyph.Current + " certain", t.OK
	case engine.Likely:
		return t.Glyph.Current + " likely", t.Warn
	case engine.Unknown:
		return t.Glyph.Unknown + " unknown", t.Warn
	}
	return Clean(string(s)), t.Muted
}

// EvidenceList shows observations with their sources.
func EvidenceList(t theme.Theme, width int, list []engine.Evidence) string {
	var out []string
	for _, e := range list {
		lead := "  " + t.Faint.Render(t.Glyph.Bullet) + " "
		text, source := Clean(e.Text), Clean(stamp(e.Source, e.At))
		if source == "" {
			out = append(out, Hang(lead, text, width, t.Text))
			continue
		}
		lines := strings.Split(Hang(lead, text, width, t.Text), "\n")
		last := len(lines) - 1
		if Width(lines[last])+2+Width(source) <= width {
			lines[last] += "  " + t.Faint.Render(source)
		} else {
			lines = append(lines, Hang("    ", source, width, t.Faint))
		}
		out = append(out, lines...)
	}
	return strings.Join(out, "\n")
}
