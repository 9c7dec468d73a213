package theme

import "strings"

// Glyphs are the signs of the window. Each is as wide as its string is long in
// cells, and none is an emoji: terminals disagree on the width of those.
type Glyphs struct {
	Done, Current, Todo    string // steps and changes
	Pointer, Bullet, Arrow string
	Fail, Warn, Unknown    string
	Same, Differs          string
	Bar, Rule, Dash        string
	Thick                  string // a bar beside what has the keys
	Away                   string // a pointer in a pane that has not the keys
	Up, Down, More         string
	Mask                   rune
	Full, Empty            string // of a progress bar
	Spinner                []string
	Keys                   *strings.Replacer // the names of keys
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

// plain turns the signs of texts into plain characters of the same width.
var plain = strings.NewReplacer("·", "-", "…", "~", "—", "-")

// Screen is a whole screen as the theme's terminal can show it.
func (t Theme) Screen(content string) string {
	if t.ASCII {
		return plain.Replace(content)
	}
	return content
}

// Frame is the spinner's picture number n.
func (g Glyphs) Frame(n int) string {
	return g.Spinner[n%len(g.Spinner)]
}
