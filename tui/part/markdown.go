package part

import (
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Markdown draws Markdown and caches the last pages, because drawing one takes longer
// than a frame may.
type Markdown struct {
	pages map[page]string
}

type page struct {
	text        string
	width       int
	dark, ascii bool
}

const pages = 16

// Render draws text in width cells.
func (m *Markdown) Render(t theme.Theme, text string, width int) string {
	p := page{text, width, t.Dark, t.ASCII}
	if out, ok := m.pages[p]; ok {
		return out
	}
	if m.pages == nil || len(m.pages) >= pages {
		m.pages = map[page]string{}
	}
	out := document(t, text, width)
	m.pages[p] = out
	return out
}

// wrapStyled wraps styled text so that no style continues on the next line.
func wrapStyled(lead, styled string, width int) string {
	in := Width(lead)
	lines := strings.Split(lipgloss.Wrap(styled, max(1, width-in), ""), "\n")
	for i, l := range lines {
		if i > 0 {
			lead = strings.Repeat(" ", in)
		}
		lines[i] = Fit(lead+strings.TrimRight(l, " "), width)
	}
	return strings.Join(lines, "\n")
}

func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = Clean(l)
	}
	return strings.Join(lines, "\n")
}
