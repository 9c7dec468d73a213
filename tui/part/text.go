// Package part holds the pieces that screens are made of. Each is a function
// of its data and a width, or a small model with an Update of its own. All
// text that comes from outside passes Clean or Visible on its way in.
package part

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// maxRunes is how many runes of one foreign text are drawn: nothing that a
// directory holds is longer, and a screen full of one name helps nobody.
const maxRunes = 600

// maxScan is how far into a text its characters are looked for.
const maxScan = 8 * maxRunes

// maxMarks is how many combining marks in a row are drawn.
const maxMarks = 2

// Clean makes foreign text harmless on one line: escape sequences, control and
// direction characters and everything else without a picture are dropped, line
// breaks become spaces, invalid bytes a replacement character.
func Clean(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	row, n := 0, 0
	for _, r := range ansi.Strip(s[:min(len(s), maxScan)]) {
		switch kind(r) {
		case blank:
			r = ' '
		case hidden:
			continue
		case mark:
			if row++; row > maxMarks {
				continue
			}
		case drawn:
			row = 0
		}
		if n++; n > maxRunes {
			b.WriteRune('…')
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Visible is Clean for what must be seen exactly as it is sent: nothing is
// dropped, what has no picture is written as its code. Line breaks stay.
func Visible(s string) string {
	if ascii(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n', r == ' ', kind(r) == drawn:
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += size
	}
	return b.String()
}

// plain reports whether s can be drawn as it is, which is nearly always so.
func plain(s string) bool { return len(s) <= maxRunes && ascii(s) }

// ascii reports whether s holds nothing but printable ASCII.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

type runeKind int

const (
	drawn runeKind = iota
	blank
	mark
	hidden
)

// kind sorts runes by what a terminal does with them. Variation selectors and
// skin tones are hidden because terminals disagree on the width they give.
func kind(r rune) runeKind {
	switch {
	case r == '\n', r == '\r', r == '\t', unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp):
		return blank
	case r == utf8.RuneError:
		return drawn
	case r >= 0xFE00 && r <= 0xFE0F, r >= 0x1F3FB && r <= 0x1F3FF, r >= 0x1F1E6 && r <= 0x1F1FF:
		return hidden
	case unicode.In(r, unicode.Mn, unicode.Me):
		return mark
	case unicode.IsGraphic(r):
		return drawn
	}
	return hidden
}

// Width is the number of cells that a line of text takes. Terminals count in
// one of two ways; the larger number is the safe one.
func Width(s string) int {
	if n, ok := simpleWidth(s); ok {
		return n
	}
	return max(ansi.StringWidth(s), ansi.StringWidthWc(s))
}

// narrow are the theme's signs: one cell in both ways of counting.
const narrow = "…·│┃─━✓●○❯›→✗▲≠↑↓—•"

// simpleWidth counts a line of printable ASCII, styles and the theme's signs,
// which nearly every line is.
func simpleWidth(s string) (n int, ok bool) {
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c >= ' ' && c <= '~':
			i++
			n++
		case c == '\x1b' && strings.HasPrefix(s[i:], "\x1b["):
			i += 2
			for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == ';' || s[i] == ':') {
				i++
			}
			if i == len(s) || s[i] != 'm' {
				return 0, false
			}
			i++
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			if !strings.ContainsRune(narrow, r) {
				return 0, false
			}
			i += size
			n++
		}
	}
	return n, true
}

// Fit cuts a line to width cells, with a mark where something is missing.
func Fit(s string, width int) string {
	if width <= 0 {
		return ""
	}
	if Width(s) <= width {
		return s
	}
	cut := ansi.Truncate(s, width, "…")
	for n := width - 1; n > 0 && Width(cut) > width; n-- {
		cut = ansi.Truncate(cut, n, "…")
	}
	if Width(cut) > width {
		return "" // a single cluster that one way of counting holds for wider
	}
	return cut
}

// Pad fills a line up to width cells, and cuts it there.
func Pad(s string, width int) string {
	s = Fit(s, width)
	return s + strings.Repeat(" ", max(0, width-Width(s)))
}

// nonBreaking is a hyphen at which no line ends.
const nonBreaking = "\u2011"

// Wrap breaks text into lines of at most width cells: at spaces where it can,
// anywhere where it must. Names such as scope-member-read and the numbers of
// records stay whole, so that they can be read and copied; the library would end
// a line at their hyphens.
func Wrap(s string, width int) []string {
	if width <= 0 {
		return nil
	}
	whole := s
	if strings.Contains(s, "-") && !strings.Contains(s, nonBreaking) {
		words := strings.Split(s, " ")
		for i, w := range words {
			if Width(w) <= width {
				words[i] = strings.ReplaceAll(w, "-", nonBreaking)
			}
		}
		whole = strings.Join(words, " ")
	}
	lines := strings.Split(ansi.Wrap(whole, width, ""), "\n")
	if slices.ContainsFunc(lines, func(l string) bool { return Width(l) > width }) {
		lines = strings.Split(ansi.WrapWc(whole, width, ""), "\n")
	}
	for i, l := range lines {
		if whole != s {
			l = strings.ReplaceAll(l, nonBreaking, "-")
		}
		lines[i] = Fit(strings.TrimRight(l, " "), width)
	}
	return lines
}

// Paragraph wraps text and styles each of its lines.
func Paragraph(s string, width int, style lipgloss.Style) string {
	lines := Wrap(s, width)
	for i, l := range lines {
		lines[i] = style.Render(l)
	}
	return strings.Join(lines, "\n")
}

// Hang wraps text after a lead, with the further lines below the text.
func Hang(lead, s string, width int, style lipgloss.Style) string {
	in := Width(lead)
	lines := Wrap(s, max(1, width-in))
	for i, l := range lines {
		if i == 0 {
			lines[i] = lead + style.Render(l)
			continue
		}
		lines[i] = strings.Repeat(" ", in) + style.Render(l)
	}
	return strings.Join(lines, "\n")
}

// Indent moves a block to the right.
func Indent(block string, n int) string {
	if block == "" {
		return ""
	}
	pad := strings.Repeat(" ", n)
	return pad + strings.ReplaceAll(block, "\n", "\n"+pad)
}

// Stack puts blocks below each other with an empty line between; empty blocks
// take no room.
func Stack(blocks ...string) string {
	var keep []string
	for _, b := range blocks {
		if b != "" {
			keep = append(keep, b)
		}
	}
	return strings.Join(keep, "\n\n")
}

// Lines puts blocks directly below each other; empty blocks take no room.
func Lines(blocks ...string) string {
	var keep []string
	for _, b := range blocks {
		if b != "" {
			keep = append(keep, b)
		}
	}
	return strings.Join(keep, "\n")
}

// More says whether there is more above or below, and is empty where there is
// neither.
func More(t theme.Theme, above, below bool) string {
	switch {
	case above && below:
		return t.Glyph.Up + t.Glyph.Down + " more"
	case below:
		return t.Glyph.Down + " more"
	case above:
		return t.Glyph.Up + " more"
	}
	return ""
}

// Height is the number of lines of a block.
func Height(block string) int {
	if block == "" {
		return 0
	}
	return strings.Count(block, "\n") + 1
}
