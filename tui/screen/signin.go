package screen

import (
	"fmt"
	"io"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// signIn asks for credentials, one system after the other.
type signIn struct {
	plain
	ask    engine.Question
	c      engine.Case
	forms  map[engine.SystemID]FormHint
	system int // of ask.Systems
	hint   FormHint
	lines  []*line
	focus  int // of lines; then the buttons
	notice string
}

// line is an input of the form.
type line struct {
	is    lineKind
	about Field
	field part.Field
}

type lineKind int

const (
	hostLine lineKind = iota
	identifierLine
	secretLine
)

var formKeys = struct{ next, back, take key.Binding }{
	next: key.NewBinding(key.WithKeys("tab", "down"), key.WithHelp("tab", "next field")),
	back: key.NewBinding(key.WithKeys("shift+tab", "up"), key.WithHelp("shift+tab", "field before")),
	take: key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "go on")),
}

func newSignIn(s guide.State, ask engine.Question, forms map[engine.SystemID]FormHint) *signIn {
	f := &signIn{ask: ask, c: s.Case, forms: forms}
	f.begin(0)
	return f
}

// Format implements fmt.Formatter: the form holds what is being typed.
func (f *signIn) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[sign-in form]") }

// begin shows the form of the n-th system.
func (f *signIn) begin(n int) {
	f.system, f.focus, f.notice, f.lines = n, 0, "", nil
	id := f.ask.Systems[n]
	h, ok := f.forms[id]
	if !ok {
		h = hint(id, f.c)
	}
	if h.Title == "" {
		h.Title = hint(id, f.c).Title
	}
	if h.Secret.Label == "" {
		h.Secret.Label = "Secret"
	}
	f.hint = h
	add := func(is lineKind, about Field) {
		if about.Label == "" {
			return
		}
		l := &line{is: is, about: about, field: part.Field{Placeholder: about.Placeholder, Masked: is == secretLine}}
		if is != secretLine {
			l.field.SetValue(about.Value)
		}
		f.lines = append(f.lines, l)
	}
	add(hostLine, h.Host)
	add(identifierLine, h.Identifier)
	add(secretLine, h.Secret)
	for i, l := range f.lines {
		if l.field.Value() == "" {
			f.focus = i
			break
		}
	}
}

// buttons are what follows the inputs.
func (f *signIn) buttons() []string {
	list := []string{"Sign in"}
	switch {
	case len(f.ask.Options) == 0:
	case f.system < len(f.ask.Systems)-1:
		list = append(list, "Skip "+f.hint.Title)
	default:
		list = append(list, f.ask.Options[0].Label)
	}
	return list
}

func (f *signIn) Keys() []key.Binding {
	return []key.Binding{formKeys.next, formKeys.take}
}

func (f *signIn) Typing() bool { return true }

func (f *signIn) Takes(press tea.KeyPressMsg) bool {
	return key.Matches(press, formKeys.next, formKeys.back)
}

func (f *signIn) Update(msg tea.Msg) Action {
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
		return f.take()
	}
	if f.focus < len(f.lines) && f.lines[f.focus].field.Update(msg) {
		f.notice = ""
	}
	return nil
}

// take goes to the next input, signs in, or skips, depending on the focus.
func (f *signIn) take() Action {
	switch at := f.focus - len(f.lines); {
	case at < -1:
		f.focus++
		return nil
	case at <= 0:
		return f.send()
	case f.system < len(f.ask.Systems)-1:
		f.begin(f.system + 1)
		return nil
	}
	return Answer{f.ask.ID, f.ask.Options[0].Value}
}

func (f *signIn) send() Action {
	c := engine.Credential{System: f.ask.Systems[f.system], Host: f.hint.Host.Value, Identifier: f.hint.Identifier.Value}
	for i, l := range f.lines {
		value := strings.TrimSpace(l.field.Value())
		if value == "" {
			f.focus, f.notice = i, l.about.Label+": this is needed."
			return nil
		}
		switch l.is {
		case hostLine:
			c.Host = value
		case identifierLine:
			c.Identifier = value
		case secretLine:
			c.Secret = engine.NewSecret(value)
		}
	}
	for _, l := range f.lines {
		if l.is == secretLine {
			l.field.SetValue("")
		}
	}
	return Walk{guide.SignedIn{Credential: c}}
}

func (f *signIn) Body(fr Frame) string {
	t := fr.Theme
	return part.Stack(
		heading(fr, fr.State.Verdict.Headline),
		part.Paragraph(part.Clean(f.ask.Text), fr.Width, t.Text),
		note(fr, f.ask.Note),
		f.overview(fr),
		part.Paragraph(part.Clean(f.ask.Why), fr.Width, t.Muted),
		about(fr),
	)
}

// overview lists the systems: signed in, this one, still to come.
func (f *signIn) overview(fr Frame) string {
	t := fr.Theme
	if f.ask.ID != engine.AskSignIn {
		return ""
	}
	var rows [][]part.Cell
	for _, s := range fr.State.Case.Session.Systems {
		sign, style, word := t.Glyph.Todo, t.Faint, "optional"
		if s.Required {
			word = "needed"
		}
		switch {
		case s.OK:
			sign, style, word = t.Glyph.Done, t.OK, "signed in"
			if s.Who != "" {
				word += " as " + part.Clean(s.Who)
			}
		case s.ID == f.ask.Systems[f.system]:
			sign, style = t.Glyph.Current, t.Accent
		}
		rows = append(rows, []part.Cell{
			{Text: sign, Style: style},
			{Text: part.Clean(s.Title), Style: t.Text},
			{Text: part.Clean(s.Host), Style: t.Muted},
			{Text: word, Style: t.Muted},
		})
	}
	return part.Grid(fr.Width, rows)
}

func (f *signIn) Foot(fr Frame, height int) Foot {
	t := fr.Theme
	var rows []string
	top, foot := 0, Foot{} // top is the first row of what has the focus
	add := func(block string) {
		if block != "" {
			rows = append(rows, strings.Split(block, "\n")...)
		}
	}
	add(part.Lines(t.Strong.Render(part.Fit(part.Clean(f.hint.Title), fr.Width)), part.Paragraph(part.Clean(f.hint.Help), fr.Width, t.Muted)))
	add(" ")
	for i, l := range f.lines {
		focused := i == f.focus
		label := t.Muted
		if focused {
			label, top = t.Focused, len(rows)
		}
		add(label.Render(part.Fit(part.Clean(l.about.Label), fr.Width)))
		text, x := l.field.View(t, fr.Width, focused)
		if focused {
			foot.X, foot.Y, foot.Cursor = x, len(rows), true
		}
		add(text)
		if l.about.Hint != "" && (focused || height > 12) {
			add(part.Indent(part.Paragraph(part.Clean(l.about.Hint), fr.Width-2, t.Faint), 2))
		}
	}
	add(note(fr, f.notice))
	add(" ")
	if f.focus >= len(f.lines) {
		top = len(rows)
	}
	add(f.drawButtons(fr))
	return window(rows, top, height, foot)
}

func (f *signIn) drawButtons(fr Frame) string {
	t := fr.Theme
	var out []string
	for i, label := range f.buttons() {
		if i+len(f.lines) == f.focus {
			out = append(out, t.ButtonFocus.Render(t.Glyph.Pointer+" "+part.Clean(label)))
			continue
		}
		out = append(out, t.Button.Render("  "+part.Clean(label)))
	}
	line := strings.Join(out, "  ")
	if part.Width(line) > fr.Width {
		for i := range out {
			out[i] = part.Fit(out[i], fr.Width)
		}
		return part.Lines(out...)
	}
	return line
}

// window keeps the rows from top on in view when there are too many.
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
