package screen

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

var submit = key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "answer"))

// text asks for a line of text.
type text struct {
	defaults
	ask    engine.Question
	field  part.Field
	notice string
}

func newText(ask engine.Question) *text { return &text{ask: ask} }

func (x *text) Update(msg tea.Msg) Action {
	if press, ok := msg.(tea.KeyPressMsg); ok && key.Matches(press, submit) {
		if x.ask.ID == engine.AskOrg && strings.TrimSpace(x.field.Value()) == "" {
			x.notice = "A name is needed."
			return nil
		}
		return Answer{x.ask.ID, x.field.Value()}
	}
	if x.field.Update(msg) {
		x.notice = ""
	}
	return nil
}

func (x *text) Keys() []key.Binding { return []key.Binding{submit} }
func (x *text) Typing() bool        { return true }
func (x *text) Body(f Frame) string { return questionBody(f, x.ask) }
func (x *text) Side(f Frame) string { return sidePanel(f) }

func (x *text) Foot(f Frame, _ int) Foot {
	line, at := x.field.View(f.Theme, f.Width, true)
	return Foot{Block: part.Lines(line, note(f, x.notice)), X: at, Cursor: true}
}

// words asks to type exact words.
type words struct {
	defaults
	ask     engine.Question
	confirm *part.Confirm
}

func newWords(ask engine.Question) *words {
	w := &words{ask: ask, confirm: part.NewConfirm(ask.Phrase, "", "", false)}
	w.confirm.Arm()
	return w
}

func (w *words) Update(msg tea.Msg) Action {
	if w.confirm.Update(msg) == part.Yes {
		return Answer{w.ask.ID, w.confirm.Typed()}
	}
	return nil
}

func (w *words) Keys() []key.Binding { return w.confirm.Keys() }
func (w *words) Typing() bool        { return true }
func (w *words) Body(f Frame) string { return questionBody(f, w.ask) }
func (w *words) Side(f Frame) string { return sidePanel(f) }

func (w *words) Foot(f Frame, _ int) Foot {
	block, x, y, cursor := w.confirm.View(f.Theme, f.Width, "Type these words:")
	return Foot{Block: block, X: x, Y: y, Cursor: cursor}
}

// member asks for a member of the organization.
type member struct {
	ask    engine.Question
	picker *part.Picker
	notice string
}

func newMember(s guide.State, ask engine.Question) *member {
	return &member{ask: ask, picker: part.NewPicker(s.Case.Roster, s.About)}
}

func (m *member) Update(msg tea.Msg) Action {
	m.notice = ""
	taken := false
	switch msg := msg.(type) {
	case Clicked:
		taken = m.picker.Click(msg.Row)
	case Wheeled:
		m.picker.Move(msg.By)
	default:
		taken = m.picker.Update(msg)
	}
	if m.picker.Searching() {
		return Again{part.Searched{}}
	}
	if !taken {
		return nil
	}
	p, _ := m.picker.Selected()
	if p.Username == "" {
		m.notice = "They have not joined yet, so there is no account to look at. Their invite ends when they sign in."
		return nil
	}
	return Answer{m.ask.ID, p.Username}
}

func (m *member) Keys() []key.Binding { return m.picker.Keys() }
func (m *member) Typing() bool        { return m.picker.Typing() }

func (m *member) Takes(press tea.KeyPressMsg) bool { return m.picker.Takes(press) }

func (m *member) Body(f Frame) string {
	t := f.Theme
	hint := ""
	if !f.Terse {
		hint = part.Hang(t.Warn.Render(t.Glyph.Warn)+" ", "marks those on no team of their own, or never seen. They come first.", f.Width, t.Muted)
	}
	return part.Stack(heading(f, f.State.Verdict.Headline), part.Lines(
		part.Paragraph(part.Clean(m.ask.Text), f.Width, t.Text), hint, note(f, m.ask.Note), note(f, m.notice)))
}

func (m *member) Side(f Frame) string  { return m.picker.Card(f.Theme, f.Width) }
func (m *member) Whole(f Frame) string { return m.picker.Card(f.Theme, f.Width) }

func (m *member) Foot(f Frame, height int) Foot {
	block, x, cursor := m.picker.View(f.Theme, f.Width, height)
	return Foot{Block: block, X: x, Cursor: cursor}
}
