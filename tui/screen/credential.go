package screen

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/part"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Form is the sign-in form of one system, in one of its ways. It is used by the walk
// and the sign-in window. Use NewForm.
type Form struct {
	system engine.SystemID
	hint   FormHint
	extra  []string // labels of additional buttons
	way    int
	ways   *part.Menu // while a way is being chosen
	lines  []*line
	focus  int // of lines; then the buttons
	notice string
}

// line is an input of the form.
type line struct {
	about Field
	field part.Field
}

// Done is the result of a form: a credential, or the index of an additional button.
type Done struct {
	Credential *engine.Credential
	Button     int
}

var formKeys = struct{ next, back, take, left key.Binding }{
	next: key.NewBinding(key.WithKeys("tab", "down"), key.WithHelp("tab", "next field")),
	back: key.NewBinding(key.WithKeys("shift+tab", "up"), key.WithHelp("shift+tab", "field before")),
	take: key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "continue")),
	left: key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back")),
}

// NewForm returns the form of a system with its usual way. notice says what was wrong
// with the last attempt; extra are the labels of additional buttons.
func NewForm(id engine.SystemID, h FormHint, notice string, more ...string) *Form {
	if len(h.Ways) == 0 {
		h.Ways = hint(id, engine.Case{}).Ways
	}
	f := &Form{system: id, hint: h, extra: more}
	f.setWay(0)
	f.notice = notice
	return f
}

// Format implements fmt.Formatter, because the form may contain a secret.
func (f *Form) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[sign-in form]") }

// Again shows the way that a credential was entered in, filled in except for the
// secret, and what was wrong with it.
func (f *Form) Again(c engine.Credential, notice string) {
	for i, w := range f.hint.Ways {
		if w.Base.Method != c.Method {
			continue
		}
		f.hint.Ways = slices.Clone(f.hint.Ways)
		f.hint.Ways[i].Base = c // keep what the form does not ask for
		f.hint.Ways[i].Base.Secret, f.hint.Ways[i].Base.App = engine.Secret{}, engine.App{}
		f.setWay(i)
		break
	}
	for _, l := range f.lines {
		if at := l.about.Of(&c); at != nil && *at != "" {
			l.field.SetValue(*at)
		}
	}
	f.focusFirstEmpty()
	f.notice = notice
}

// setWay shows the fields of a way.
func (f *Form) setWay(way int) {
	f.way, f.ways, f.lines, f.notice = way, nil, nil, ""
	for _, about := range f.hint.Ways[way].Fields {
		l := &line{about: about, field: part.Field{Placeholder: about.placeholder(), Masked: about.Is == FieldSecret}}
		if about.Is != FieldSecret {
			l.field.SetValue(about.Value)
		}
		f.lines = append(f.lines, l)
	}
	f.focusFirstEmpty()
}

// focusFirstEmpty focuses the first empty required field, or else the button.
func (f *Form) focusFirstEmpty() {
	f.focus = len(f.lines)
	for i, l := range f.lines {
		if l.field.Value() == "" && !l.about.Optional {
			f.focus = i
			return
		}
	}
}

const anotherWay = "Another way"

// buttons returns the labels of the buttons.
func (f *Form) buttons() []string {
	list := []string{"Sign in"}
	if len(f.hint.Ways) > 1 {
		list = append(list, anotherWay)
	}
	return append(list, f.extra...)
}

// Keys returns the bindings, for the help.
func (f *Form) Keys() []key.Binding {
	if f.ways != nil {
		return f.ways.Keys()
	}
	return []key.Binding{formKeys.next, formKeys.take}
}

// Takes reports whether the form handles a key that the window would otherwise use.
func (f *Form) Takes(press tea.KeyPressMsg) bool {
	if f.ways != nil {
		return f.ways.Takes(press) || key.Matches(press, formKeys.left)
	}
	return key.Matches(press, formKeys.next, formKeys.back)
}

// Typing reports whether letters go to an input.
func (f *Form) Typing() bool { return f.ways == nil }

// Update handles keys and pasted text. It returns the result when the form ends, or
// nil.
func (f *Form) Update(msg tea.Msg) *Done {
	if f.ways != nil {
		f.choose(msg)
		return nil
	}
	stops := len(f.lines) + len(f.buttons())
	press, ok := msg.(tea.KeyPressMsg)
	switch {
	case !ok:
	case key.Matches(press, formKeys.next), f.focus >= len(f.lines) && press.Code == tea.KeyRight:
		f.focus = (f.focus + 1) % stops
		return nil
	case key.Matches(press, formKeys.back), f.focus >= len(f.lines) && press.Code == tea.KeyLeft:
		f.focus = (f.focus - 1 + stops) % stops
		return nil
	case key.Matches(press, formKeys.take):
		return f.submit()
	}
	if f.focus < len(f.lines) && f.lines[f.focus].field.Update(msg) {
		f.notice = ""
	}
	return nil
}

// choose handles the keys of the menu of ways.
func (f *Form) choose(msg tea.Msg) {
	if press, ok := msg.(tea.KeyPressMsg); ok && key.Matches(press, formKeys.left) {
		f.ways = nil
		return
	}
	if f.ways.Update(msg) {
		f.setWay(f.ways.Selected())
	}
}

// complete reports whether the focus is on the secret and only optional fields follow.
func (f *Form) complete() bool {
	return f.lines[f.focus].about.Is == FieldSecret &&
		!slices.ContainsFunc(f.lines[f.focus+1:], func(l *line) bool { return !l.about.Optional })
}

// submit moves to the next input, or activates the focused button.
func (f *Form) submit() *Done {
	at := f.focus - len(f.lines)
	if at < -1 && !f.complete() {
		f.focus++
		return nil
	}
	if at <= 0 {
		return f.send()
	}
	if f.buttons()[at] == anotherWay && len(f.hint.Ways) > 1 {
		items := make([]part.Item, len(f.hint.Ways))
		for i, w := range f.hint.Ways {
			items[i] = part.Item{Label: w.Label, Why: w.Why}
		}
		menu := part.NewMenu(items, (f.way+1)%len(items))
		f.ways = &menu
		return nil
	}
	return &Done{Button: at - len(f.buttons()) + len(f.extra)}
}

func (f *Form) send() *Done {
	c := f.hint.Ways[f.way].Base
	c.System = f.system
	for i, l := range f.lines {
		value := strings.TrimSpace(l.field.Value())
		if value == "" && !l.about.Optional {
			f.focus, f.notice = i, l.about.Label+": this is needed."
			return nil
		}
		l.about.Fill(&c, value)
	}
	for _, l := range f.lines {
		if l.about.Is == FieldSecret {
			l.field.SetValue("")
		}
	}
	return &Done{Credential: &c}
}

// Foot draws the form in at most height lines.
func (f *Form) Foot(t theme.Theme, width, height int) Foot {
	way := f.hint.Ways[f.way]
	var rows []string
	top, foot := 0, Foot{} // top is the first row of the focused input
	add := func(block string) {
		if block != "" {
			rows = append(rows, strings.Split(block, "\n")...)
		}
	}
	title := part.Clean(f.hint.Title)
	if f.ways != nil {
		head := t.Strong.Render(part.Fit("How do you sign in to "+title+"?", width))
		return Foot{Block: part.Lines(head, f.ways.View(t, width, max(1, height-1)))}
	}
	if len(f.hint.Ways) > 1 {
		title += ", with " + part.Clean(way.Label)
	}
	help := way.Help
	if help == "" {
		help = f.hint.Help
	}
	add(part.Lines(t.Strong.Render(part.Fit(title, width)), part.Paragraph(part.Clean(help), width, t.Muted)))
	add(" ")
	for i, l := range f.lines {
		focused := i == f.focus
		label := t.Muted
		if focused {
			label, top = t.Focused, len(rows)
		}
		add(label.Render(part.Fit(part.Clean(l.about.Label), width)))
		text, x := l.field.View(t, width, focused)
		if focused {
			foot.X, foot.Y, foot.Cursor = x, len(rows), true
		}
		add(text)
		if l.about.Hint != "" && (focused || height > 4*len(f.lines)+8) {
			add(part.Indent(part.Paragraph(part.Clean(l.about.Hint), width-2, t.Faint), 2))
		}
	}
	add(Warning(t, width, f.notice))
	add(" ")
	if f.focus >= len(f.lines) {
		top = len(rows)
	}
	add(part.Buttons(t, width, f.focus-len(f.lines), f.buttons()...))
	return window(rows, top, height, foot)
}

// window returns height rows from top on, if there are more.
func window(rows []string, top, height int, foot Foot) Foot {
	from := 0
	if len(rows) > height {
		from = min(top, len(rows)-height)
		if foot.Cursor {
			from = max(from, foot.Y-height+1)
		}
	}
	end := min(len(rows), from+height)
	foot.Block = strings.Join(rows[from:end], "\n")
	foot.Y -= from
	return foot
}
