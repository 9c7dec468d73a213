package part

import (
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Rights draws a table of permissions: what each is needed for, whether it was
// granted, and how to get it.
func Rights(t theme.Theme, width int, rights []engine.Right) string {
	if len(rights) == 0 {
		return ""
	}
	cell := func(s string) Cell { return Cell{Text: Clean(s), Style: t.Muted} }
	rows := [][]Cell{{cell(""), cell("May it"), cell("Needed for"), cell(""), cell("How to get it")}}
	details := []string{}
	for _, r := range rights {
		sign, style := t.Glyph.Todo, t.Faint
		switch r.Granted {
		case engine.Granted:
			sign, style = t.Glyph.Done, t.OK
		case engine.Denied:
			sign, style = t.Glyph.Fail, t.Bad
		case engine.NotKnown:
			sign, style = t.Glyph.Warn, t.Warn
		case engine.NotTried:
		}
		rows = append(rows, []Cell{
			{Text: sign, Style: style},
			{Text: Clean(r.Capability), Style: t.Text},
			cell(r.For),
			{Text: string(r.Granted), Style: style},
			cell(r.How),
		})
		if r.Detail != "" {
			details = append(details, Hang("  ", Clean(r.Capability+": "+r.Detail), width, t.Muted))
		}
	}
	if width < 60 { // a column for each is too much
		for i, row := range rows {
			rows[i] = []Cell{row[0], row[1], row[3]}
		}
	}
	return Lines(Grid(width, rows), strings.Join(details, "\n"))
}
