package screen

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// failed shows a problem, or a stopped run, and the choices.
type failed struct {
	defaults
	menu   part.Menu
	events []guide.Event
}

func newFailed(s guide.State) *failed {
	f := &failed{}
	var items []part.Item
	add := func(e guide.Event, label, why string) {
		f.events = append(f.events, e)
		items = append(items, part.Item{Label: label, Why: why})
	}
	retry, why := "Try again", ""
	switch {
	case s.Phase == guide.PhaseStopped:
		retry, why = "Continue with the rest", "you confirm a new plan first"
	case s.Problem.Stale, s.FailedIn == guide.PhaseRunning:
		retry, why = "Make a new plan", "it leaves out the changes already made"
	}
	if s.Problem.System != "" {
		add(guide.SignInWanted{}, "Sign in again", "with another credential for "+systemTitle(s.Case, s.Problem.System))
	}
	add(guide.Retry{}, retry, why)
	add(guide.Back{}, "Go back", "")
	f.menu = part.NewMenu(items, 0)
	return f
}

func systemTitle(c engine.Case, id engine.SystemID) string {
	if s, ok := c.Session.System(id); ok && s.Title != "" {
		return s.Title
	}
	return hint(id, c).Title
}

func (x *failed) Update(msg tea.Msg) Action {
	if chosen(&x.menu, msg) {
		return Walk{x.events[x.menu.Selected()]}
	}
	return nil
}

func (x *failed) Keys() []key.Binding              { return x.menu.Keys() }
func (x *failed) Takes(press tea.KeyPressMsg) bool { return x.menu.Takes(press) }
func (x *failed) Side(f Frame) string              { return known(f) }
func (x *failed) Whole(f Frame) string             { return x.menu.Whole(f.Theme, f.Width) }

func (x *failed) Body(f Frame) string {
	t := f.Theme
	if f.State.Phase == guide.PhaseStopped {
		return part.Stack(
			heading(f, "Stopped"),
			part.Paragraph("The changes made so far remain and are in the journal. Nothing more was sent.", f.Width, t.Text),
			receipts(f, f.State.Plan),
			unmade(f),
		)
	}
	p := f.State.Problem
	return part.Stack(
		heading(f, ""),
		part.Lines(
			part.Hang(t.Bad.Render(t.Glyph.Fail)+" ", part.Clean(p.Title), f.Width, t.Strong),
			part.Paragraph(part.Clean(p.Detail), f.Width, t.Text),
		),
		section(f, "What to do", part.Paragraph(part.Clean(p.Advice), f.Width, t.Text)),
		receipts(f, f.State.Plan),
	)
}

// unmade lists the changes of the plan that were not made.
func unmade(f Frame) string {
	t := f.Theme
	var out []string
	for _, ch := range f.State.Case.Unmade(f.State.Plan) {
		out = append(out, part.Hang(t.Faint.Render(t.Glyph.Todo)+" ", part.Clean(ch.Title), f.Width, t.Text))
	}
	return section(f, "What is left", part.Lines(out...))
}

func (x *failed) Foot(f Frame, height int) Foot {
	return Foot{Block: x.menu.View(f.Theme, f.Width, height)}
}
