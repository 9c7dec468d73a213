// Package theme turns a few colour tokens into every style that the window
// uses. No other package of tui names a colour or a border. Meaning never rests
// on colour alone: each state has a glyph or a word as well.
package theme

import (
	"image/color"
	"unicode/utf8"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/progress"
	"charm.land/lipgloss/v2"
)

// Theme is the set of ready styles for one background.
type Theme struct {
	Glyph Glyphs
	Dark  bool
	ASCII bool // plain characters only, and no links

	Text     lipgloss.Style // the terminal's own colour
	Strong   lipgloss.Style
	Emphasis lipgloss.Style
	Muted    lipgloss.Style // secondary text
	Faint    lipgloss.Style // rules, markers
	Accent   lipgloss.Style
	Title    lipgloss.Style // a headline
	OK       lipgloss.Style
	Warn     lipgloss.Style
	Bad      lipgloss.Style
	Danger   lipgloss.Style // what takes something away
	Link     lipgloss.Style
	Code     lipgloss.Style // what goes over the wire
	Syntax   Syntax         // of a body in JSON

	Brand       lipgloss.Style
	Badge       lipgloss.Style // a mode of the program, always in view
	Focused     lipgloss.Style // the choice that enter takes
	Button      lipgloss.Style
	ButtonFocus lipgloss.Style

	Match lipgloss.Style // letters that a filter found

	Help help.Styles

	tokens tokens
}

// Syntax is how the parts of a JSON text are drawn.
type Syntax struct {
	Key, String, Literal, Mark lipgloss.Style
}

// tokens are the colours of one background. The greys are neutral, because
// tinted ones turn green where a terminal has 256 colours.
type tokens struct {
	muted, faint, accent, ok, warn, bad, onAccent, onBadge, literal color.Color
}

func pick(dark bool) tokens {
	choose := lipgloss.LightDark(dark)
	c := func(light, dark string) color.Color { return choose(lipgloss.Color(light), lipgloss.Color(dark)) }
	return tokens{
		muted:    c("#5F5F5F", "#A8A8A8"),
		faint:    c("#8A8A8A", "#767676"),
		accent:   c("#1D63ED", "#5B9BFF"),
		ok:       c("#147D4A", "#5CCB98"),
		warn:     c("#8F5B00", "#E8B94A"),
		bad:      c("#AF0000", "#FF8787"),
		onAccent: c("#FFFFFF", "#08172E"),
		onBadge:  c("#FFFFFF", "#231A00"),
		literal:  c("#7A3E9D", "#C3A6FF"),
	}
}

// sixteen are the tokens of a terminal that has only its own palette. The
// nearest of those colours would make grey text white on white.
func sixteen(dark bool) tokens {
	if dark {
		return tokens{
			muted: lipgloss.White, faint: lipgloss.BrightBlack, accent: lipgloss.BrightBlue, ok: lipgloss.BrightGreen, warn: lipgloss.BrightYellow,
			bad: lipgloss.BrightRed, onAccent: lipgloss.Black, onBadge: lipgloss.Black, literal: lipgloss.BrightMagenta,
		}
	}
	return tokens{
		muted: lipgloss.BrightBlack, faint: lipgloss.BrightBlack, accent: lipgloss.Blue, ok: lipgloss.Green, warn: lipgloss.Magenta,
		bad: lipgloss.Red, onAccent: lipgloss.BrightWhite, onBadge: lipgloss.BrightWhite, literal: lipgloss.Magenta,
	}
}

// New returns the theme for a dark or light background, drawn with plain
// characters when ascii is set.
func New(dark, ascii bool) Theme { return from(pick(dark), dark, ascii) }

// NewSixteen is New for a terminal of sixteen colours.
func NewSixteen(dark, ascii bool) Theme { return from(sixteen(dark), dark, ascii) }

func from(k tokens, dark, ascii bool) Theme {
	base := lipgloss.NewStyle()
	t := Theme{
		Glyph: glyphs(ascii), Dark: dark, ASCII: ascii, tokens: k,
		Text:     base,
		Strong:   base.Bold(true),
		Emphasis: base.Italic(true),
		Muted:    base.Foreground(k.muted),
		Faint:    base.Foreground(k.faint),
		Accent:   base.Foreground(k.accent),
		Title:    base.Bold(true),
		OK:       base.Foreground(k.ok),
		Warn:     base.Foreground(k.warn),
		Bad:      base.Foreground(k.bad),
		Danger:   base.Bold(true).Foreground(k.bad),
		Link:     base.Foreground(k.accent).Underline(true),
		Code:     base.Foreground(k.accent),
		Syntax: Syntax{
			Key: base.Foreground(k.accent), String: base.Foreground(k.ok),
			Literal: base.Foreground(k.literal), Mark: base.Foreground(k.faint),
		},

		Brand:       base.Bold(true).Foreground(k.accent),
		Badge:       base.Bold(true).Foreground(k.onBadge).Background(k.warn).Padding(0, 1),
		Focused:     base.Bold(true).Foreground(k.accent),
		Button:      base.Foreground(k.muted).Padding(0, 1),
		Match:       base.Bold(true).Underline(true).Foreground(k.accent),
		ButtonFocus: base.Bold(true).Foreground(k.onAccent).Background(k.accent).Padding(0, 1),
	}
	t.Help = help.Styles{
		Ellipsis: t.Faint, ShortKey: t.Text, ShortDesc: t.Muted, ShortSeparator: t.Faint,
		FullKey: t.Text, FullDesc: t.Muted, FullSeparator: t.Faint,
	}
	return t
}

// Cursor is the colour of the text cursor.
func (t Theme) Cursor() color.Color { return t.tokens.accent }

// Bar is a progress bar of that many cells.
func (t Theme) Bar(width int) progress.Model {
	full, _ := utf8.DecodeRuneInString(t.Glyph.Full)
	empty, _ := utf8.DecodeRuneInString(t.Glyph.Empty)
	m := progress.New(
		progress.WithWidth(width), progress.WithoutPercentage(),
		progress.WithFillCharacters(full, empty), progress.WithColors(t.tokens.accent),
	)
	m.EmptyColor = t.tokens.faint
	return m
}

// Away is the theme of a pane that has not the keys: its pointer is another
// sign, and nothing in it calls.
func (t Theme) Away() Theme {
	t.Glyph.Pointer = t.Glyph.Away
	t.Accent, t.Focused = t.Muted, t.Strong
	t.ButtonFocus = t.Button.Bold(true)
	return t
}
