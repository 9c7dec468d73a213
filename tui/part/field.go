package part

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Field is a one-line text input. It uses bubbles/textinput for editing, but draws
// itself, because textinput counts its cursor in characters and not in cells. It does
// not start a program to read the clipboard, can ignore pasted text, and formats
// itself without its value. The zero value is an empty field.
type Field struct {
	Placeholder string
	Masked      bool // a secret, shown as dots
	Typed       bool // ignore pasted text
	Limit       int  // longest value in runes, 0 for the default

	initialized bool
	input       textinput.Model
}

const (
	fieldLimit  = 4096
	secretLimit = 64 << 10 // a truncated secret would be refused without an apparent reason
)

// textinput returns the input, created on first use.
func (f *Field) textinput() *textinput.Model {
	if f.initialized {
		return &f.input
	}
	f.initialized, f.input = true, textinput.New()
	f.input.SetVirtualCursor(false)
	f.input.KeyMap.Paste.SetEnabled(false)
	f.input.CharLimit = fieldLimit
	if f.Limit > 0 {
		f.input.CharLimit = f.Limit
	}
	if f.Masked {
		f.input.CharLimit = secretLimit
		f.input.EchoMode = textinput.EchoPassword
	}
	f.input.Focus()
	return &f.input
}

// Value returns the text.
func (f *Field) Value() string { return f.textinput().Value() }

// SetValue sets the text and moves the cursor to its end.
func (f *Field) SetValue(s string) {
	f.textinput().SetValue(printable(s))
	f.input.CursorEnd()
}

// Format implements fmt.Formatter, because the text may be a secret.
func (f *Field) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[field]") }

// Update handles keys and pasted text, and reports whether the text changed.
func (f *Field) Update(msg tea.Msg) bool {
	switch x := msg.(type) {
	case tea.PasteMsg:
		if f.Typed {
			return false
		}
		x.Content = printable(strings.TrimSpace(x.Content))
		msg = x
	case tea.KeyPressMsg:
		x.Text = printable(x.Text)
		msg = x
	default:
		return false
	}
	before := f.Value()
	f.input, _ = f.input.Update(msg)
	return f.Value() != before
}

// printable drops unprintable runes, including line breaks.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, s)
}

// View draws the input in width cells and returns the cell of the cursor.
func (f *Field) View(t theme.Theme, width int, focused bool) (line string, x int) {
	prompt := t.Faint.Render(t.Glyph.Away) + " "
	if focused {
		prompt = t.Accent.Render(t.Glyph.Pointer) + " "
	}
	room := max(1, width-Width(prompt)-1) // one cell is for the cursor after the text
	value, at := []rune(f.Value()), f.input.Position()
	if len(value) == 0 {
		return prompt + t.Faint.Render(Fit(Clean(f.Placeholder), room)), Width(prompt)
	}
	shown := func(r []rune) string {
		if f.Masked {
			return strings.Repeat(string(t.Glyph.Mask), len(r))
		}
		return Clean(string(r))
	}
	// Scroll to keep the cursor visible.
	from := 0
	for from < at && Width(shown(value[from:at])) > room {
		from++
	}
	text := shown(value[from:])
	if cut := Fit(text, room); cut != text {
		text = cut
	}
	return prompt + t.Text.Render(text), Width(prompt) + Width(shown(value[from:at]))
}
