package part

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Field is a one-line text input. Unlike bubbles/textinput it starts no
// program to reach the clipboard, it can refuse pasted text, and it prints
// itself without its value.
type Field struct {
	Placeholder string
	Masked      bool // a secret: shown as dots
	Typed       bool // must be typed: pasted text is refused
	Limit       int  // longest value in runes, 0 for the default

	value []rune
	at    int
}

const fieldLimit = 4096

var editKeys = struct {
	left, right, home, end, wordLeft, wordRight, back, del, backWord, backAll, rest key.Binding
}{
	left:      key.NewBinding(key.WithKeys("left", "ctrl+b")),
	right:     key.NewBinding(key.WithKeys("right", "ctrl+f")),
	home:      key.NewBinding(key.WithKeys("home", "ctrl+a")),
	end:       key.NewBinding(key.WithKeys("end", "ctrl+e")),
	wordLeft:  key.NewBinding(key.WithKeys("alt+left", "ctrl+left", "alt+b")),
	wordRight: key.NewBinding(key.WithKeys("alt+right", "ctrl+right", "alt+f")),
	back:      key.NewBinding(key.WithKeys("backspace", "ctrl+h")),
	del:       key.NewBinding(key.WithKeys("delete")),
	backWord:  key.NewBinding(key.WithKeys("ctrl+w", "alt+backspace")),
	backAll:   key.NewBinding(key.WithKeys("ctrl+u")),
	rest:      key.NewBinding(key.WithKeys("ctrl+k")),
}

// Value is the text.
func (f *Field) Value() string { return string(f.value) }

// SetValue replaces the text and goes to its end.
func (f *Field) SetValue(s string) {
	f.value = nil
	f.at = 0
	f.insert(s)
}

// Format implements fmt.Formatter: the text may be a secret.
func (f *Field) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[field]") }

// Update takes keys and pasted text, and reports whether the text changed.
func (f *Field) Update(msg tea.Msg) bool {
	switch msg := msg.(type) {
	case tea.PasteMsg:
		if f.Typed {
			return false
		}
		return f.insert(strings.TrimSpace(msg.Content))
	case tea.KeyPressMsg:
		return f.edit(msg)
	}
	return false
}

func (f *Field) edit(msg tea.KeyPressMsg) bool {
	switch {
	case key.Matches(msg, editKeys.left):
		f.at = max(0, f.at-1)
	case key.Matches(msg, editKeys.right):
		f.at = min(len(f.value), f.at+1)
	case key.Matches(msg, editKeys.home):
		f.at = 0
	case key.Matches(msg, editKeys.end):
		f.at = len(f.value)
	case key.Matches(msg, editKeys.wordLeft):
		f.at = f.wordStart()
	case key.Matches(msg, editKeys.wordRight):
		f.at = f.wordEnd()
	case key.Matches(msg, editKeys.back):
		return f.cut(f.at-1, f.at)
	case key.Matches(msg, editKeys.del):
		return f.cut(f.at, f.at+1)
	case key.Matches(msg, editKeys.backWord):
		return f.cut(f.wordStart(), f.at)
	case key.Matches(msg, editKeys.backAll):
		return f.cut(0, f.at)
	case key.Matches(msg, editKeys.rest):
		return f.cut(f.at, len(f.value))
	default:
		return f.insert(msg.Text)
	}
	return false
}

func (f *Field) insert(s string) bool {
	limit := f.Limit
	if limit == 0 {
		limit = fieldLimit
	}
	var add []rune
	for _, r := range s {
		if unicode.IsPrint(r) && len(f.value)+len(add) < limit {
			add = append(add, r)
		}
	}
	if len(add) == 0 {
		return false
	}
	f.value = append(f.value[:f.at:f.at], append(add, f.value[f.at:]...)...)
	f.at += len(add)
	return true
}

func (f *Field) cut(from, to int) bool {
	from, to = max(0, from), min(len(f.value), to)
	if from >= to {
		return false
	}
	f.value = append(f.value[:from:from], f.value[to:]...)
	f.at = from
	return true
}

func (f *Field) wordStart() int {
	i := f.at
	for i > 0 && unicode.IsSpace(f.value[i-1]) {
		i--
	}
	for i > 0 && !unicode.IsSpace(f.value[i-1]) {
		i--
	}
	return i
}

func (f *Field) wordEnd() int {
	i := f.at
	for i < len(f.value) && unicode.IsSpace(f.value[i]) {
		i++
	}
	for i < len(f.value) && !unicode.IsSpace(f.value[i]) {
		i++
	}
	return i
}

// View draws the input in width cells and tells in which cell the cursor
// stands.
func (f *Field) View(t theme.Theme, width int, focused bool) (line string, x int) {
	prompt := t.Faint.Render(t.Glyph.Pointer) + " "
	if focused {
		prompt = t.Accent.Render(t.Glyph.Pointer) + " "
	}
	room := max(1, width-Width(prompt)-1) // a cell for the cursor behind the text
	if len(f.value) == 0 {
		return prompt + t.Faint.Render(Fit(Clean(f.Placeholder), room)), Width(prompt)
	}
	shown := func(r []rune) string {
		if f.Masked {
			return strings.Repeat(string(t.Glyph.Mask), len(r))
		}
		return Clean(string(r))
	}
	// Scroll so far that the cursor is in view.
	from := 0
	for from < f.at && Width(shown(f.value[from:f.at])) > room {
		from++
	}
	text := shown(f.value[from:])
	if cut := Fit(text, room); cut != text {
		text = cut
	}
	return prompt + t.Text.Render(text), Width(prompt) + Width(shown(f.value[from:f.at]))
}
