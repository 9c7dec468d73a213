package part

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// RailWidth is the width of the rail: a mark and a label of at most 14 characters.
const RailWidth = 16

type stop struct {
	label string
	sign  string
	style lipgloss.Style
	word  lipgloss.Style
}

func railStops(t theme.Theme, s guide.State) (list []stop, here int) {
	if recommendsAction(s.Verdict) {
		// After the action, the walk leaves the step by its usual outcome.
		s.Verdict = engine.Verdict{}
	}
	past, current, future := guide.Path(s)
	add := func(id guide.StepID, sign string, style, word lipgloss.Style) {
		step, ok := guide.Lookup(id)
		if !ok {
			return
		}
		list = append(list, stop{Clean(step.Short), sign, style, word})
	}
	for _, id := range past {
		add(id, t.Glyph.Done, t.OK, t.Muted)
	}
	here = len(list)
	add(current, t.Glyph.Current, t.Accent, t.Focused)
	for _, id := range future {
		add(id, t.Glyph.Todo, t.Faint, t.Faint)
	}
	return list, here
}

// recommendsAction reports whether the recommended choice runs an action and so stays
// on the step.
func recommendsAction(v engine.Verdict) bool {
	return slices.ContainsFunc(v.Choices, func(c engine.Choice) bool {
		return c.Recommended && c.Disabled == "" && c.Action != ""
	})
}

// Rail draws the walk vertically: the steps passed, the current one, and those that
// usually follow. If it is too long, it scrolls with the current step.
func Rail(t theme.Theme, height int, s guide.State) string {
	list, here := railStops(t, s)
	from, to := 0, len(list)
	if to > height {
		from = min(max(0, here-height/3), to-height)
		to = from + height
	}
	var out []string
	for _, x := range list[from:to] {
		out = append(out, x.style.Render(x.sign)+" "+x.word.Render(Fit(x.label, RailWidth-2)))
	}
	return strings.Join(out, "\n")
}

// Track draws the walk on one line: a mark for each step, and the names of the current
// and the next step.
func Track(t theme.Theme, width int, s guide.State) string {
	list, here := railStops(t, s)
	if here >= len(list) {
		return ""
	}
	var marks strings.Builder
	for i, x := range list {
		if i > 0 {
			marks.WriteString(t.Faint.Render(t.Glyph.Rule))
		}
		marks.WriteString(x.style.Render(x.sign))
	}
	words := t.Focused.Render(list[here].label)
	if here+1 < len(list) {
		words += t.Faint.Render("  then " + list[here+1].label)
	}
	line := marks.String() + "  " + words
	if Width(line) > width {
		return Fit(t.Accent.Render(fmt.Sprintf("%d/%d", here+1, len(list)))+" "+words, width)
	}
	return line
}
