package screen

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// running shows a run: the changes made, in progress and to come, and what a person
// has to do meanwhile.
type running struct {
	defaults
	plan    engine.Plan
	verify  bool
	console bool // some change is made by a person
	assist  string
}

func newRunning(s guide.State, o Setup) *running {
	r := &running{plan: s.Plan, verify: s.Phase == guide.PhaseVerifying}
	for _, c := range s.Plan.Changes {
		r.console = r.console || c.Kind == engine.ChangeConsole
	}
	if o.CanAssist && r.console && !s.Case.DryRun && !r.verify {
		r.assist = o.AssistHint
		if r.assist == "" {
			r.assist = "do the clicks for me"
		}
	}
	return r
}

var runKeys = struct{ assist, done, wait key.Binding }{
	assist: key.NewBinding(key.WithKeys("s")),
	done:   key.NewBinding(key.WithKeys("d"), key.WithHelp("d", "done")),
	wait:   key.NewBinding(key.WithKeys("d"), key.WithHelp("d", "stop waiting")),
}

func (r *running) Keys() []key.Binding {
	var keys []key.Binding
	if r.assist != "" {
		k := runKeys.assist
		k.SetHelp("s", r.assist)
		keys = append(keys, k)
	}
	switch {
	case r.verify:
		keys = append(keys, runKeys.wait)
	case r.console:
		keys = append(keys, runKeys.done)
	}
	return keys
}

func (r *running) Update(msg tea.Msg) Action {
	press, ok := msg.(tea.KeyPressMsg)
	switch {
	case !ok:
	case key.Matches(press, runKeys.wait) && r.verify:
		return Walk{guide.Stop{}}
	case key.Matches(press, runKeys.done) && r.console:
		return Walk{guide.Clicked{}}
	case key.Matches(press, runKeys.assist) && r.assist != "":
		return Assist{}
	}
	return nil
}

func (r *running) Body(f Frame) string {
	t := f.Theme
	at := f.Live.Change
	if r.verify {
		at = len(r.plan.Changes)
	}
	from, to := visibleRange(f, at, len(r.plan.Changes))
	list := []string{hiddenCount(f, from, "done before")}
	for i, ch := range r.plan.Changes[from:to] {
		i += from
		sign, style := t.Faint.Render(t.Glyph.Todo), t.Faint
		switch {
		case i < at:
			sign, style = t.OK.Render(t.Glyph.Done), t.Muted
		case i == at:
			sign, style = t.Accent.Render(t.Glyph.Current), t.Strong
		}
		list = append(list, part.Hang(sign+" ", part.Clean(ch.Title), f.Width, style))
		if i == at {
			list = append(list, part.Indent(current(f, ch), 2))
		}
	}
	list = append(list, hiddenCount(f, len(r.plan.Changes)-to, "still to come"))
	headline := r.plan.Title
	if r.verify {
		headline = "Waiting for the result"
	}
	return part.Stack(heading(f, headline), part.Lines(list...))
}

// visibleRange returns the part of a long list of changes to show: the current one,
// and some before and after it.
func visibleRange(f Frame, at, n int) (from, to int) {
	most, before := 12, 3
	if f.Terse {
		most, before = 3, 0
	}
	if n <= most {
		return 0, n
	}
	from = min(max(0, at-before), n-most)
	return from, from + most
}

func hiddenCount(f Frame, n int, words string) string {
	if n <= 0 {
		return ""
	}
	return f.Theme.Faint.Render(part.Fit(fmt.Sprintf("  %d %s", n, words), f.Width))
}

// current draws the details of the current change.
func current(f Frame, ch engine.Change) string {
	width := f.Width - 2
	if ch.Kind != engine.ChangeConsole {
		return part.BeforeAfter(f.Theme, width, ch)
	}
	return "\n" + part.Console(f.Theme, width, ch.Console) + "\n"
}

func (r *running) Side(f Frame) string { return known(f) }

func (r *running) Whole(f Frame) string {
	return part.Paragraph(part.Clean(f.Live.latest()), f.Width, f.Theme.Muted)
}

func (r *running) Foot(f Frame, height int) Foot {
	return Foot{Block: progressLine(f, r.words(f), height)}
}

func (r *running) words(f Frame) string {
	ch, ok := Current(f.State, f.Live)
	switch {
	case ok && ch.Kind == engine.ChangeConsole && !f.State.Stopping:
		return "Waiting for you to do the clicks"
	case ok && ch.Kind == engine.ChangeCopy && f.State.Stopping:
		return "Stopping the copy; it can continue from here later"
	case ok && len(r.plan.Changes) > 1 && !f.State.Stopping:
		return fmt.Sprintf("Making change %d of %d", f.Live.Change+1, len(r.plan.Changes))
	}
	return waitingWords(f.State)
}

// Current returns the change that is being made, if any.
func Current(s guide.State, l Live) (engine.Change, bool) {
	if s.Phase != guide.PhaseRunning || l.Change >= len(s.Plan.Changes) {
		return engine.Change{}, false
	}
	return s.Plan.Changes[l.Change], true
}

// Copied returns what to copy to the clipboard: the requests of the plan on screen, or
// else the URL. Neither contains a credential.
func Copied(s guide.State, l Live) string {
	if s.Phase != guide.PhaseApproving {
		return Link(s, l)
	}
	var out []string
	for _, c := range s.Plan.Calls() {
		text := part.Visible(c.Method) + " " + part.Visible(c.URL)
		if c.Body != "" {
			text += "\n" + part.Visible(c.Body)
		}
		out = append(out, text)
	}
	if len(out) == 0 {
		return Link(s, l)
	}
	return strings.Join(out, "\n")
}

// Link returns the URL for what is on screen: the console's for clicks there,
// otherwise Docker's page about the step.
func Link(s guide.State, l Live) string {
	if ch, ok := Current(s, l); ok && ch.Console.URL != "" {
		return ch.Console.URL
	}
	if s.Phase == guide.PhaseApproving {
		for _, ch := range s.Plan.Changes {
			if ch.Console.URL != "" {
				return ch.Console.URL
			}
		}
	}
	if s.Step == guide.StepFixSource && s.Case.Expected.Console != "" {
		return s.Case.Expected.Console
	}
	step, _ := guide.Lookup(s.Step)
	return step.Link
}
