package screen

import (
	"strconv"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/tui/part"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Prompt is a question of an operation in flight, or something that it shows while it
// waits.
type Prompt struct {
	Title string
	Text  string
	// URL is a page to open, and Code the code to enter there.
	URL, Code string
	// Label is the label of an input. Without a label and options, nothing is asked.
	Label  string
	Masked bool
	// Options are the possible answers. The answer is the index of one, from "0".
	Options []PromptOption
}

// PromptOption is one possible answer.
type PromptOption struct{ Label, Why string }

// Asks reports whether the prompt expects an answer.
func (p Prompt) Asks() bool { return p.Label != "" || len(p.Options) > 0 }

// Reply answers a prompt. Declined means that there is no answer.
type Reply struct {
	Value    string
	Declined bool
}

func (Reply) action() {}

// Asking shows a prompt. Use NewPrompt.
type Asking struct {
	defaults
	prompt Prompt
	field  part.Field
	menu   part.Menu
	notice string
}

// NewPrompt returns the screen of a prompt.
func NewPrompt(p Prompt) *Asking {
	x := &Asking{prompt: p, field: part.Field{Masked: p.Masked}}
	var items []part.Item
	for _, o := range p.Options {
		items = append(items, part.Item{Label: o.Label, Why: o.Why})
	}
	x.menu = part.NewMenu(items, 0)
	return x
}

var promptKeys = struct{ take, leave key.Binding }{
	take:  key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "continue")),
	leave: key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "not now")),
}

// Keys implements Screen.
func (x *Asking) Keys() []key.Binding {
	switch {
	case len(x.prompt.Options) > 0:
		return x.menu.Keys()
	case x.prompt.Asks():
		return []key.Binding{promptKeys.take, promptKeys.leave}
	}
	return nil
}

// Typing implements Screen.
func (x *Asking) Typing() bool { return x.prompt.Label != "" }

// Takes implements Screen. Esc declines to answer.
func (x *Asking) Takes(press tea.KeyPressMsg) bool {
	return x.prompt.Asks() && key.Matches(press, promptKeys.leave) || len(x.prompt.Options) > 0 && x.menu.Takes(press)
}

// Update implements Screen.
func (x *Asking) Update(msg tea.Msg) Action {
	press, pressed := msg.(tea.KeyPressMsg)
	switch {
	case !x.prompt.Asks():
		return nil
	case pressed && key.Matches(press, promptKeys.leave):
		return Reply{Declined: true}
	case len(x.prompt.Options) > 0:
		if x.menu.Update(msg) {
			return Reply{Value: strconv.Itoa(x.menu.Selected())}
		}
	case pressed && key.Matches(press, promptKeys.take):
		value := strings.TrimSpace(x.field.Value())
		if value == "" {
			x.notice = "This is needed."
			return nil
		}
		x.field.SetValue("")
		return Reply{Value: value}
	case x.field.Update(msg):
		x.notice = ""
	}
	return nil
}

// Body implements Screen.
func (x *Asking) Body(f Frame) string {
	return part.Stack(heading(f, x.prompt.Title), x.Tell(f.Theme, f.Width))
}

// Tell draws the text of the prompt.
func (x *Asking) Tell(t theme.Theme, width int) string {
	p := x.prompt
	code := ""
	if p.Code != "" {
		code = part.Lines(t.Muted.Render("The code to type there"), t.Strong.Render(part.Visible(p.Code)))
	}
	page := ""
	if p.URL != "" {
		page = part.Link(t, width, p.URL)
	}
	return part.Stack(part.Paragraph(part.Clean(p.Text), width, t.Text), page, code)
}

// Foot implements Screen.
func (x *Asking) Foot(f Frame, height int) Foot {
	if !x.prompt.Asks() {
		return Foot{Block: progressLine(f, "Waiting for you in the browser; esc gives up", height)}
	}
	return x.Ask(f.Theme, f.Width, height)
}

// Ask draws the input or the options.
func (x *Asking) Ask(t theme.Theme, width, height int) Foot {
	if len(x.prompt.Options) > 0 {
		return Foot{Block: x.menu.View(t, width, height)}
	}
	text, at := x.field.View(t, width, true)
	head := t.Focused.Render(part.Fit(part.Clean(x.prompt.Label), width))
	return Foot{Block: part.Lines(head, text, Warning(t, width, x.notice)), X: at, Y: 1, Cursor: true}
}
