package part

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Decision is the result of a confirmation.
type Decision int

// The decisions.
const (
	Undecided Decision = iota
	No
	Yes
)

// Confirm asks before something is changed. Its default is no. It ignores keys until
// it is armed, so that a key meant for the previous screen cannot confirm, and always
// ignores pasted text.
type Confirm struct {
	Phrase  string // what must be typed; empty for a choice of no and yes
	YesText string
	NoText  string

	field Field
	yes   bool
	armed bool
	wrong bool
}

// NewConfirm returns a confirmation that is not armed yet. yes preselects yes, which
// must not be used for changes.
func NewConfirm(phrase, noText, yesText string, yes bool) *Confirm {
	return &Confirm{Phrase: phrase, NoText: noText, YesText: yesText, yes: yes, field: Field{Typed: true}}
}

// Arm makes the confirmation accept keys.
func (c *Confirm) Arm() { c.armed = true }

// Typed returns the typed text.
func (c *Confirm) Typed() string { return c.field.Value() }

var confirmKeys = struct{ other, take, submit key.Binding }{
	other:  key.NewBinding(key.WithKeys("left", "right", "h", "l"), key.WithHelp("←/→", "no or yes")),
	take:   key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "choose")),
	submit: key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "confirm")),
}

// Keys returns the bindings, for the help.
func (c *Confirm) Keys() []key.Binding {
	if c.Phrase != "" {
		return []key.Binding{confirmKeys.submit}
	}
	if c.NoText == "" {
		return []key.Binding{confirmKeys.take}
	}
	return []key.Binding{confirmKeys.other, confirmKeys.take}
}

// Update handles keys once the confirmation is armed.
func (c *Confirm) Update(msg tea.Msg) Decision {
	press, ok := msg.(tea.KeyPressMsg)
	if !ok || !c.armed {
		return Undecided
	}
	if c.Phrase != "" {
		return c.typed(press)
	}
	switch {
	case key.Matches(press, confirmKeys.other):
		c.yes = !c.yes || c.NoText == ""
	case key.Matches(press, confirmKeys.take):
		if c.yes {
			return Yes
		}
		return No
	}
	return Undecided
}

func (c *Confirm) typed(press tea.KeyPressMsg) Decision {
	if !key.Matches(press, confirmKeys.submit) {
		if c.field.Update(press) {
			c.wrong = false
		}
		return Undecided
	}
	if c.field.Value() == c.Phrase {
		return Yes
	}
	c.wrong = true
	return Undecided
}

// View draws the confirmation and returns the position of the text cursor, if there is
// one. ask says what to type.
func (c *Confirm) View(t theme.Theme, width int, ask string) (block string, x, y int, cursor bool) {
	if c.Phrase == "" {
		return Lines(c.buttons(t, width), c.hint(t, width)), 0, 0, false
	}
	question := Paragraph(Clean(ask), width, t.Text)
	phrase := Paragraph(Visible(c.Phrase), width, t.Strong)
	if Width(question)+1+Width(phrase) <= width {
		question, phrase = question+" "+phrase, ""
	}
	line, x := c.field.View(t, width, c.armed)
	note := c.hint(t, width)
	if c.wrong {
		note = t.Bad.Render(Fit("That does not match. Type it exactly, or press esc to go back.", width))
	}
	y = Height(question) + Height(phrase)
	return Lines(question, phrase, line, note), x, y, true
}

// hint says whether the confirmation is armed.
func (c *Confirm) hint(t theme.Theme, width int) string {
	if !c.armed {
		return t.Faint.Render(Fit("one moment"+t.Glyph.More, width))
	}
	return t.Muted.Render(Fit("esc goes back; nothing has been sent", width))
}

func (c *Confirm) buttons(t theme.Theme, width int) string {
	switch {
	case c.NoText == "":
		return Buttons(t, width, 0, c.YesText)
	case c.yes:
		return Buttons(t, width, 1, c.NoText, c.YesText)
	}
	return Buttons(t, width, 0, c.NoText, c.YesText)
}
