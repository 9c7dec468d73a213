package part

import (
	"cmp"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Comparison draws what the identity provider sends, what the SSO sign-in carries and
// what Docker shows side by side. It returns "" if there is nothing to compare.
func Comparison(t theme.Theme, width int, c engine.Case) string {
	rows := engine.Compare(c)
	if rows == nil {
		return ""
	}
	sends := Clean(c.Expected.Provider) + " sends"
	if c.Expected.Stated {
		sends = "you expect"
	}
	if width < 56 {
		return stacked(t, width, rows, sends)
	}
	carries := "sign-in carries"
	if width < 64 {
		carries = "at sign-in"
	}
	grid := [][]Cell{{
		{"", t.Muted},
		{sends, t.Muted},
		{carries, t.Muted},
		{"Docker shows", t.Muted},
		{"", t.Muted},
	}}
	for _, r := range rows {
		word, style := verdict(t, r)
		grid = append(grid, []Cell{
			{r.Attribute, t.Strong},
			{none(r.IdP), t.Text},
			{signIn(r), t.Muted},
			{none(r.Docker), style},
			{word, style},
		})
	}
	return Lines(Grid(width, grid), extra(t, width, rows))
}

func stacked(t theme.Theme, width int, rows []engine.Comparison, sends string) string {
	var out []string
	for _, r := range rows {
		word, style := verdict(t, r)
		out = append(out,
			t.Strong.Render(r.Attribute)+"  "+style.Render(word),
			Indent(Grid(width-2, [][]Cell{
				{{sends, t.Muted}, {none(r.IdP), t.Text}},
				{{"sign-in carries", t.Muted}, {signIn(r), t.Muted}},
				{{"Docker shows", t.Muted}, {none(r.Docker), style}},
			}), 2))
	}
	return Lines(append(out, extra(t, width, rows))...)
}

// extra explains why additional teams do not count as a difference.
func extra(t theme.Theme, width int, rows []engine.Comparison) string {
	var also []string
	for _, r := range rows {
		if r.Extra != "" && r.Same {
			also = append(also, Clean(r.Extra))
		}
	}
	if len(also) == 0 {
		return ""
	}
	return Paragraph("Further teams are allowed: "+strings.Join(also, ", "), width, t.Faint)
}

func signIn(r engine.Comparison) string {
	if !r.SSOKnown {
		return "not known"
	}
	return none(r.SSO)
}

func none(s string) string { return cmp.Or(Clean(s), "none") }

func verdict(t theme.Theme, r engine.Comparison) (word string, style lipgloss.Style) {
	if r.Same {
		return t.Glyph.Same + " same", t.OK
	}
	return t.Glyph.Differs + " differs", t.Bad
}
