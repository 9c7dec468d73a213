package screen

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// report shows the summary of the walk.
type report struct {
	choices
	text string
}

func newReport(s guide.State, o Setup) *report {
	r := &report{choices: *newChoices(s)}
	for i := range r.menu.Items {
		r.menu.Items[i].Tag = "" // no recommendation is needed here
	}
	if o.Report != nil {
		r.text = o.Report(s.Case)
	}
	return r
}

var save = key.NewBinding(key.WithKeys("w"), key.WithHelp("w", "write it to a file"))

func (r *report) Update(msg tea.Msg) Action {
	if press, ok := msg.(tea.KeyPressMsg); ok && key.Matches(press, save) {
		return Walk{guide.SaveWanted{}}
	}
	return r.choices.Update(msg)
}

func (r *report) Keys() []key.Binding { return append(r.menu.Keys(), save) }

// Side is empty, because the report contains everything.
func (r *report) Side(Frame) string { return "" }

func (r *report) Body(f Frame) string {
	if r.text == "" {
		return part.Stack(heading(f, ""), evidence(f, f.State.Verdict), about(f))
	}
	return f.Markdown.Render(f.Theme, r.text, f.Width)
}

func (r *report) Foot(f Frame, height int) Foot {
	foot := r.choices.Foot(f, height)
	t := f.Theme
	if f.State.Saved != "" {
		saved := part.Hang(t.OK.Render(t.Glyph.Done)+" saved: ", part.Clean(f.State.Saved), f.Width, t.Text)
		if part.Height(saved)+part.Height(foot.Block) <= height {
			foot.Block = part.Lines(saved, foot.Block)
		}
	}
	return foot
}

// done is shown briefly between the last step and the end.
type done struct{ defaults }

func (done) Update(tea.Msg) Action { return nil }

func (done) Body(f Frame) string { return heading(f, "The walk is over") }

func (done) Foot(Frame, int) Foot { return Foot{} }
