// Package part has the components of the screens. Each is a function of its data and a
// width, or a small model with an Update method. All text from outside passes through
// Clean or Visible.
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

// maxRunes is the maximum length of a foreign text on screen, in runes. Names in a
// directory are shorter.
const maxRunes = 600

// maxScan is how much of a text is examined, in bytes.
const maxScan = 8 * maxRunes

// maxMarks is the maximum number of consecutive combining marks that are drawn.
const maxMarks = 2

// Clean makes untrusted text safe to draw on one line: it drops escape sequences,
// control and direction characters and other invisible runes, turns line breaks into
// spaces, and replaces invalid bytes.
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

// Visible is like Clean for text that must be shown exactly as it is sent: nothing is
// dropped, and invisible runes are shown as their codes. Line breaks are kept.
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

// plain reports whether s can be drawn unchanged, which is the usual case.
func plain(s string) bool { return len(s) <= maxRunes && ascii(s) }

// ascii reports whether s consists of printable ASCII characters.
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

// kind classifies a rune by how a terminal draws it. Variation selectors and skin
// tones are hidden because terminals disagree on their width.
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

// Width returns the number of cells that a line takes. Terminals count in two ways; it
// returns the larger number.
func Width(s string) int {
	if n, ok := simpleWidth(s); ok {
		return n
	}
	return max(ansi.StringWidth(s), ansi.StringWidthWc(s))
}

// narrow has the theme's symbols, which are one cell wide in both ways of counting.
const narrow = "…·│┃─━✓●○❯›→✗▲≠↑↓—•"

// simpleWidth counts a line of printable ASCII, styles and the theme's symbols, which
// is the usual case. Otherwise ok is false.
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

// Fit truncates a line to width cells, ending it with "…" if something is missing.
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
		return "" // a single grapheme cluster that is too wide
	}
	return cut
}

// Pad extends or truncates a line to width cells.
func Pad(s string, width int) string {
	s = Fit(s, width)
	return s + strings.Repeat(" ", max(0, width-Width(s)))
}

// nonBreaking is the non-breaking hyphen.
const nonBreaking = "\u2011"

// Wrap breaks text into lines of at most width cells, at spaces if possible. Unlike
// the library, it does not break at the hyphens of names such as scope-member-read, so
// that they can be read and copied.
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

// Paragraph wraps text and styles each line.
func Paragraph(s string, width int, style lipgloss.Style) string {
	lines := Wrap(s, width)
	for i, l := range lines {
		lines[i] = style.Render(l)
	}
	return strings.Join(lines, "\n")
}

// Hang wraps text after lead, indenting the following lines to the width of lead.
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

// Indent indents a block by n cells.
func Indent(block string, n int) string {
	if block == "" {
		return ""
	}
	pad := strings.Repeat(" ", n)
	return pad + strings.ReplaceAll(block, "\n", "\n"+pad)
}

// Stack joins the non-empty blocks with a blank line between them.
func Stack(blocks ...string) string {
	return join("\n\n", blocks)
}

// Lines joins the non-empty blocks.
func Lines(blocks ...string) string {
	return join("\n", blocks)
}

func join(separator string, blocks []string) string {
	blocks = slices.DeleteFunc(slices.Clone(blocks), func(b string) bool { return b == "" })
	return strings.Join(blocks, separator)
}

// More returns a word that says whether there is more above or below, or "".
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

// Height returns the number of lines of a block.
func Height(block string) int {
	if block == "" {
		return 0
	}
	return strings.Count(block, "\n") + 1
}
