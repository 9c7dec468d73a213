package screen

import (
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// waiting shows an effect in flight that changes nothing.
type waiting struct{ defaults }

func (*waiting) Update(tea.Msg) Action { return nil }

func (*waiting) Body(f Frame) string {
	facts := ""
	if f.State.Phase == guide.PhaseObserving {
		live := f.Live.Facts
		if live == nil {
			live = map[engine.FactID]part.Reading{}
		}
		facts = part.FactList(f.Theme, f.Width, f.State.Case, f.Step.Reads, live, f.Live.Spin(f))
	}
	headline := ""
	if f.State.Phase == guide.PhasePlanning {
		headline = f.State.Choice.Label
	}
	return part.Stack(heading(f, headline), about(f), facts)
}

func (*waiting) Foot(f Frame, height int) Foot {
	return Foot{Block: progressLine(f, waitingWords(f.State), height)}
}

func waitingWords(s guide.State) string {
	switch s.Phase {
	case guide.PhaseObserving:
		return "Reading, nothing is changed"
	case guide.PhaseConnecting:
		return "Checking the credential"
	case guide.PhasePlanning:
		return "Making the plan, nothing is changed"
	case guide.PhaseSaving:
		return "Writing the report"
	case guide.PhaseRunning:
		if s.Stopping {
			return "Stopping after the change in flight"
		}
		return "Making the change"
	case guide.PhaseVerifying:
		return "Waiting for the result"
	case guide.PhaseDeciding, guide.PhaseApproving, guide.PhaseSettled, guide.PhaseFailed, guide.PhaseStopped, guide.PhaseDone:
	}
	return ""
}

// progressLine draws what is in progress and for how long, with a progress bar if the
// amount of work is known.
func progressLine(f Frame, words string, height int) string {
	t := f.Theme
	line := t.Accent.Render(f.Live.Spin(f)) + " " + t.Text.Render(words)
	if f.Live.Elapsed > 0 {
		line += t.Faint.Render("  " + part.Elapsed(f.Live.Elapsed))
	}
	line = part.Fit(line, f.Width)
	bar := part.Bar(t, f.Width, f.Live.Done, f.Live.Total, f.Live.Unit)
	said := f.Live.latest()
	if ch, ok := Current(f.State, f.Live); ok && f.Live.Text == ch.Title { // which is on screen already
		said = f.Live.Item
	}
	said = part.Clean(said)
	if said != "" && height > 2 {
		line = part.Lines(line, part.Indent(t.Muted.Render(part.Fit(said, f.Width-2)), 2))
	}
	if bar != "" && height > part.Height(line) {
		line = part.Lines(line, part.Indent(bar, 2))
	}
	if more := part.Amounts(f.Live.More, f.Live.Left); more != "" && height > part.Height(line) {
		line = part.Lines(line, part.Indent(t.Muted.Render(part.Fit(more, f.Width-2)), 2))
	}
	return line
}
