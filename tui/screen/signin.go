package screen

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// signIn asks for credentials, one system after another.
type signIn struct {
	defaults
	ask    engine.Question
	c      engine.Case
	forms  map[engine.SystemID]FormHint
	system int // of ask.Systems
	form   *Form
}

func newSignIn(s guide.State, ask engine.Question, o Setup) *signIn {
	f := &signIn{ask: ask, c: s.Case, forms: o.Forms}
	f.begin(max(0, slices.Index(ask.Systems, o.Tried.System)))
	if o.Tried.System == ask.Systems[f.system] {
		f.form.Again(o.Tried, "")
	}
	return f
}

// again reports whether a system that was signed in to has refused its credential.
func (f *signIn) again(s engine.System) bool { return s.OK && slices.Contains(f.ask.Systems, s.ID) }

// begin shows the form of the nth system.
func (f *signIn) begin(n int) {
	f.system = n
	id := f.ask.Systems[n]
	h := hint(id, f.c)
	if given, ok := f.forms[id]; ok {
		if given.Title == "" {
			given.Title = h.Title
		}
		h = given
	}
	f.form = NewForm(id, h, "", f.buttons(h.Title)...)
	if s, ok := f.c.Session.System(id); ok && f.again(s) {
		f.form.Again(s.Given, "")
	}
}

// buttons returns the labels of the additional buttons: to skip a system, or the
// options of the question.
func (f *signIn) buttons(title string) []string {
	if len(f.ask.Options) > 0 && f.system < len(f.ask.Systems)-1 {
		return []string{"Skip " + title}
	}
	var list []string
	for _, o := range f.ask.Options {
		list = append(list, o.Label)
	}
	return list
}

func (f *signIn) Typing() bool { return f.form.Typing() }

func (f *signIn) Keys() []key.Binding {
	if f.system > 0 && f.form.Typing() {
		return append(f.form.Keys(), formKeys.left)
	}
	return f.form.Keys()
}

func (f *signIn) Takes(press tea.KeyPressMsg) bool { return f.form.Takes(press) || f.toFormer(press) }

// toFormer reports whether a key leads back to the previous system.
func (f *signIn) toFormer(msg tea.Msg) bool {
	press, ok := msg.(tea.KeyPressMsg)
	return ok && f.system > 0 && f.form.Typing() && key.Matches(press, formKeys.left)
}

func (f *signIn) Update(msg tea.Msg) Action {
	if f.toFormer(msg) {
		f.begin(f.system - 1)
		return nil
	}
	done := f.form.Update(msg)
	switch {
	case done == nil:
		return nil
	case done.Credential != nil:
		return Walk{guide.SignedIn{Credential: *done.Credential}}
	case f.system < len(f.ask.Systems)-1:
		f.begin(f.system + 1)
		return nil
	}
	return Answer{f.ask.ID, f.ask.Options[done.Button].Value}
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

// overview lists the systems and whether they are signed in to.
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
		case f.again(s):
			sign, style, word = t.Glyph.Fail, t.Bad, "refuses the credential"
		case s.OK:
			sign, style, word = t.Glyph.Done, t.OK, "signed in"
			if s.Who != "" {
				word += " as " + part.Clean(s.Who)
			}
		case s.ID == f.ask.Systems[f.system]:
			sign, style = t.Glyph.Current, t.Accent
		}
		if missing := engine.Missing(s.Rights); s.OK && len(missing) > 0 && !f.again(s) {
			sign, style, word = t.Glyph.Warn, t.Warn, word+"; may not "+part.Clean(strings.Join(missing, ", "))
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

func (f *signIn) Foot(fr Frame, height int) Foot { return f.form.Foot(fr.Theme, fr.Width, height) }
