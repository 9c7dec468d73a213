package part

import (
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Findings draws conclusions with their strength and, if evidence is set, their
// evidence. A title equal to the headline is not repeated.
func Findings(t theme.Theme, width int, list []engine.Finding, headline string, evidence bool) string {
	var blocks []string
	for _, f := range list {
		title := f.Title
		if title == headline {
			title = ""
		}
		card := ""
		if evidence {
			card = evidenceCard(t, width, f)
		}
		blocks = append(blocks, Lines(findingTitle(t, width, f.Strength, title), Paragraph(Clean(f.Detail), width, t.Text), card))
	}
	return Stack(blocks...)
}

// findingTitle draws the strength and title of a conclusion.
func findingTitle(t theme.Theme, width int, s engine.Strength, title string) string {
	word, style := strength(t, s)
	title = Clean(title)
	switch {
	case title == "":
		return style.Render(Fit(word, width))
	case Width(word)+2+Width(title) <= width:
		return style.Render(word) + "  " + t.Strong.Render(title)
	}
	return Lines(style.Render(Fit(word, width)), Paragraph(title, width, t.Strong))
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

// EvidenceCards draws the evidence of findings, one card for each.
func EvidenceCards(t theme.Theme, width int, list []engine.Finding) string {
	var cards []string
	for _, f := range list {
		if len(f.Evidence) == 0 {
			continue
		}
		cards = append(cards, Lines(findingTitle(t, width, f.Strength, f.Title), evidenceCard(t, width, f)))
	}
	return Stack(cards...)
}

// evidenceCard draws the evidence along a bar in the color of the finding's strength.
func evidenceCard(t theme.Theme, width int, f engine.Finding) string {
	list := EvidenceList(t, width-2, f.Evidence)
	if list == "" {
		return ""
	}
	_, style := strength(t, f.Strength)
	bar := style.Render(t.Glyph.Bar) + " "
	return bar + strings.ReplaceAll(list, "\n", "\n"+bar)
}

// EvidenceList draws observations with their sources.
func EvidenceList(t theme.Theme, width int, list []engine.Evidence) string {
	var out []string
	for _, e := range list {
		lines := strings.Split(Hang(t.Faint.Render(t.Glyph.Bullet)+" ", Clean(e.Text), width, t.Text), "\n")
		if source := Clean(stamp(e.Source, e.At)); source != "" {
			last := len(lines) - 1
			if Width(lines[last])+2+Width(source) <= width {
				lines[last] += "  " + t.Faint.Render(source)
			} else {
				lines = append(lines, Hang("  ", source, width, t.Faint))
			}
		}
		out = append(out, lines...)
	}
	return strings.Join(out, "\n")
}
