package theme

import "strings"

// Glyphs are the symbols of the window. Each is as wide in cells as it has runes, and
// none is an emoji, because terminals disagree on their width.
type Glyphs struct {
	Done, Current, Todo    string // steps and changes
	Pointer, Bullet, Arrow string
	Fail, Warn, Unknown    string
	Same, Differs          string
	Bar, Rule, Dash        string
	Thick                  string // a bar beside the focused pane
	Away                   string // a pointer in a pane without the focus
	Up, Down, More         string
	Mask                   rune
	Full, Empty            string // of a progress bar
	Spinner                []string
	Keys                   *strings.Replacer // replaces the names of keys
}

func glyphs(ascii bool) Glyphs {
	if ascii {
		return Glyphs{
			Done: "+", Current: "*", Todo: "o",
			Pointer: ">", Bullet: "-", Arrow: "->",
			Fail: "x", Warn: "!", Unknown: "?",
			Same: "=", Differs: "!=",
			Bar: "|", Rule: "-", Dash: "-",
			Thick: "#", Away: "-",
			Up: "^", Down: "v", More: "...",
			Mask: '*',
			Full: "#", Empty: "-",
			Spinner: []string{"|", "/", "-", `\`},
			Keys:    strings.NewReplacer("↑/↓", "up/down", "←/→", "left/right", "↑", "up", "↓", "down"),
		}
	}
	return Glyphs{
		Done: "✓", Current: "●", Todo: "○",
		Pointer: "❯", Bullet: "·", Arrow: "→",
		Fail: "✗", Warn: "▲", Unknown: "?",
		Same: "=", Differs: "≠",
		Bar: "│", Rule: "─", Dash: "—",
		Thick: "┃", Away: "›",
		Up: "↑", Down: "↓", More: "…",
		Mask: '•',
		Full: "━", Empty: "─",
		Spinner: []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"},
		Keys:    strings.NewReplacer(),
	}
}

// plain replaces symbols in texts by ASCII characters of the same width.
var plain = strings.NewReplacer("·", "-", "…", "~", "—", "-")

// Screen returns a screen's content in characters that the terminal can show.
func (t Theme) Screen(content string) string {
	if t.ASCII {
		return plain.Replace(content)
	}
	return content
}

// Frame returns the nth frame of the spinner.
func (g Glyphs) Frame(n int) string {
	return g.Spinner[n%len(g.Spinner)]
}
