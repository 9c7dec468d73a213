package screen

import (
	"fmt"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// Armed ends the grace period of a confirmation. Seq is the state's Seq at its start.
type Armed struct{ Seq int }

// approving shows a plan and asks for approval.
type approving struct {
	defaults
	seq     int
	digest  string
	dry     bool
	confirm *part.Confirm
}

func newApproving(s guide.State) *approving {
	a := &approving{seq: s.Seq, digest: s.Plan.Digest(), dry: s.Case.DryRun}
	switch {
	case a.dry:
		a.confirm = part.NewConfirm("", "", "Continue", true)
	case s.Plan.Destructive:
		a.confirm = part.NewConfirm(s.Plan.Subject, "", "", false)
	default:
		a.confirm = part.NewConfirm("", "No, go back", "Run it", false)
	}
	return a
}

func (a *approving) Update(msg tea.Msg) Action {
	if armed, ok := msg.(Armed); ok {
		if armed.Seq == a.seq {
			a.confirm.Arm()
		}
		return nil
	}
	switch a.confirm.Update(msg) {
	case part.Yes:
		return Approve{a.digest, a.confirm.Typed()}
	case part.No:
		return Walk{guide.Back{}}
	case part.Undecided:
	}
	return nil
}

func (a *approving) Keys() []key.Binding { return a.confirm.Keys() }
func (a *approving) Typing() bool        { return a.confirm.Phrase != "" }
func (a *approving) Body(f Frame) string {
	t := f.Theme
	p := f.State.Plan
	word := "change"
	if p.Destructive {
		word = "destructive change"
	}
	summary := fmt.Sprintf("%d %ss, in this order", len(p.Changes), word)
	if len(p.Changes) == 1 {
		summary = "One " + word
	}
	switch {
	case a.dry:
		summary = t.Warn.Render(part.Fit("Dry run: nothing will be sent. This is a preview.", f.Width))
	case p.Destructive:
		summary = part.Hang(t.Danger.Render(t.Glyph.Warn)+" ", summary, f.Width, t.Danger)
	default:
		summary = t.Muted.Render(part.Fit(summary, f.Width))
	}
	checks := ""
	if !f.Wide {
		checks = part.Guards(t, f.Width, p.Guards)
	}
	return part.Stack(part.Lines(heading(f, p.Title), summary), part.Plan(t, f.Width, p), checks, part.PlanStamp(t, f.Width, p))
}

func (a *approving) Side(f Frame) string {
	return part.Stack(part.Guards(f.Theme, f.Width, f.State.Plan.Guards), known(f))
}

func (a *approving) Whole(f Frame) string {
	return part.WholeTags(f.Theme, f.Width, f.State.Plan)
}

func (a *approving) Foot(f Frame, _ int) Foot {
	block, x, y, cursor := a.confirm.View(f.Theme, f.Width, "To run this, type the username:")
	return Foot{Block: block, X: x, Y: y, Cursor: cursor}
}
