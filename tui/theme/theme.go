// Package theme defines all styles of the window from a few color tokens. No other
// package of tui names a color or a border. Meaning never depends on color alone: each
// state also has a glyph or a word.
package theme

import (
	"image/color"
	"unicode/utf8"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/progress"
	"charm.land/lipgloss/v2"
)

// Theme is a set of styles for one background.
type Theme struct {
	Glyph Glyphs
	Dark  bool
	ASCII bool // only ASCII characters, and no hyperlinks

	Text     lipgloss.Style // the terminal's default color
	Strong   lipgloss.Style
	Emphasis lipgloss.Style
	Muted    lipgloss.Style // secondary text
	Faint    lipgloss.Style // rules, markers
	Accent   lipgloss.Style
	Title    lipgloss.Style // a headline
	OK       lipgloss.Style
	Warn     lipgloss.Style
	Bad      lipgloss.Style
	Danger   lipgloss.Style // destructive changes
	Link     lipgloss.Style
	Code     lipgloss.Style // requests
	Syntax   Syntax         // of a body in JSON

	Brand       lipgloss.Style
	Badge       lipgloss.Style // the mode of the program
	Focused     lipgloss.Style // the selected choice
	Button      lipgloss.Style
	ButtonFocus lipgloss.Style

	Match lipgloss.Style // letters that match a filter

	Help help.Styles

	tokens tokens
}

// Syntax has the styles of JSON.
type Syntax struct {
	Key, String, Literal, Mark lipgloss.Style
}

// tokens are the colors for one background. The greys are neutral, because tinted
// greys turn green in a palette of 256 colors.
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

// sixteen returns the tokens for a terminal with sixteen colors. The nearest of them
// to the usual tokens would make grey text white on white.
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

// New returns the theme for a dark or light background. If ascii is set, it uses only
// ASCII characters.
func New(dark, ascii bool) Theme { return from(pick(dark), dark, ascii) }

// NewSixteen is like New, for a terminal with sixteen colors.
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

// Cursor returns the color of the text cursor.
func (t Theme) Cursor() color.Color { return t.tokens.accent }

// Bar returns a progress bar of width cells.
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

// Away returns the theme for a pane without the focus: it has another pointer, and no
// accents.
func (t Theme) Away() Theme {
	t.Glyph.Pointer = t.Glyph.Away
	t.Accent, t.Focused = t.Muted, t.Strong
	t.ButtonFocus = t.Button.Bold(true)
	return t
}
