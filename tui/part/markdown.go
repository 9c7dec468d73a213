package part

import (
	"strings"

	"charm.land/glamour/v2"

	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Markdown draws Markdown and remembers the last pages, since drawing one is
// far dearer than a frame may be.
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
	p := page{text, width, t.Dark, t.Glyph.Rule == "-"}
	if out, ok := m.pages[p]; ok {
		return out
	}
	if m.pages == nil || len(m.pages) >= pages {
		m.pages = map[page]string{}
	}
	out := render(t, text, width)
	m.pages[p] = out
	return out
}

func render(t theme.Theme, text string, width int) string {
	r, err := glamour.NewTermRenderer(glamour.WithStyles(t.Markdown()), glamour.WithWordWrap(width), glamour.WithTableWrap(true))
	if err != nil {
		return Paragraph(Clean(text), width, t.Text)
	}
	out, err := r.Render(cleanLines(text))
	if err != nil {
		return Paragraph(Clean(text), width, t.Text)
	}
	var lines []string
	for l := range strings.SplitSeq(strings.Trim(out, "\n"), "\n") {
		lines = append(lines, Fit(strings.TrimRight(l, " "), width))
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
