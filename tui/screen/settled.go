package screen

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// settled shows the result of an action.
type settled struct {
	defaults
	menu part.Menu
}

func newSettled(s guide.State) *settled {
	item := part.Item{Label: "Continue"}
	if !s.Check.OK {
		item = part.Item{Label: "Continue from here", Why: "the step reads again and shows what can be done"}
	}
	return &settled{menu: part.NewMenu([]part.Item{item}, 0)}
}

func (s *settled) Update(msg tea.Msg) Action {
	if chosen(&s.menu, msg) {
		return Walk{guide.Continue{}}
	}
	return nil
}

func (s *settled) Keys() []key.Binding { return s.menu.Keys() }
func (s *settled) Whole(f Frame) string {
	return part.WholeTags(f.Theme, f.Width, f.State.Plan)
}

// Side shows the facts from before the action. The step will read them again.
func (s *settled) Side(f Frame) string { return knownAs(f, "Known before the change") }

func (s *settled) Body(f Frame) string {
	t := f.Theme
	k := f.State.Check
	sign, word, style := t.Glyph.Done, "verified", t.OK
	switch {
	case k.Assumed:
		sign, word, style = t.Glyph.Bullet, "previewed only", t.Warn
	case !k.OK:
		sign, word, style = t.Glyph.Warn, "not confirmed yet", t.Warn
	}
	result := part.Lines(
		style.Render(part.Fit(sign+" "+word, f.Width)),
		part.Paragraph(part.Clean(k.Text), f.Width, t.Text),
		part.EvidenceList(t, f.Width, k.Evidence),
	)
	headline := f.State.Plan.Title
	if headline == "" {
		headline = f.State.Choice.Label
	}
	// The values of the case are from before the action, so they are not shown here.
	return part.Stack(heading(f, headline), result, receipts(f, f.State.Plan))
}

func (s *settled) Foot(f Frame, height int) Foot {
	return Foot{Block: s.menu.View(f.Theme, f.Width, height)}
}

// receipts lists the changes of the plan that were made.
func receipts(f Frame, p engine.Plan) string {
	t := f.Theme
	var out []string
	for _, r := range f.State.Case.ReceiptsOf(p) {
		text := part.Clean(r.Title)
		if r.Status != "" {
			text += ": " + part.Clean(r.Status)
		}
		if r.Note != "" {
			text += " (" + part.Clean(r.Note) + ")"
		}
		if !r.At.IsZero() {
			text += ", " + part.Clock(r.At)
		}
		out = append(out, part.Hang(t.OK.Render(t.Glyph.Done)+" ", text, f.Width, t.Text), part.Indent(part.Tags(t, f.Width-2, r.Tags), 2))
	}
	return section(f, "What was done", part.Lines(out...))
}
