package theme

import (
	"fmt"
	"image/color"

	"charm.land/glamour/v2/ansi"
)

// Markdown is the theme as glamour wants it: no margins, since the window sets
// its own, and no more emphasis than the rest of the screen.
func (t Theme) Markdown() ansi.StyleConfig {
	accent, muted := hex(t.tokens.accent), hex(t.tokens.muted)
	yes := true
	zero, two := uint(0), uint(2)
	bar, column := t.Glyph.Bar+" ", t.Glyph.Bar
	heading := ansi.StyleBlock{StylePrimitive: ansi.StylePrimitive{Bold: &yes, BlockSuffix: "\n"}}
	first := heading
	first.Color = &accent
	return ansi.StyleConfig{
		Document:   ansi.StyleBlock{Margin: &zero},
		BlockQuote: ansi.StyleBlock{Indent: &zero, IndentToken: &bar, StylePrimitive: ansi.StylePrimitive{Color: &muted}},
		List:       ansi.StyleList{LevelIndent: two},
		Heading:    heading, H1: first, H2: heading, H3: heading,
		H4: heading, H5: heading, H6: heading,
		Emph:           ansi.StylePrimitive{Italic: &yes},
		Strong:         ansi.StylePrimitive{Bold: &yes},
		HorizontalRule: ansi.StylePrimitive{Color: &muted, Format: "\n" + t.Glyph.Rule + t.Glyph.Rule + "\n"},
		Item:           ansi.StylePrimitive{BlockPrefix: t.Glyph.Bullet + " "},
		Enumeration:    ansi.StylePrimitive{BlockPrefix: ". "},
		Task:           ansi.StyleTask{Ticked: "[x] ", Unticked: "[ ] "},
		Link:           ansi.StylePrimitive{Color: &accent, Underline: &yes},
		LinkText:       ansi.StylePrimitive{Color: &accent},
		Image:          ansi.StylePrimitive{Color: &accent},
		Code:           ansi.StyleBlock{StylePrimitive: ansi.StylePrimitive{Color: &accent}},
		CodeBlock:      ansi.StyleCodeBlock{StyleBlock: ansi.StyleBlock{StylePrimitive: ansi.StylePrimitive{Color: &accent}, Margin: &two}},
		Table:          ansi.StyleTable{CenterSeparator: &column, ColumnSeparator: &column, RowSeparator: &t.Glyph.Rule},
	}
}

func hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
