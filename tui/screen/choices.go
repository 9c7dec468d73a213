package screen

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// choices shows a verdict and its choices. It works for any step.
type choices struct {
	defaults
	menu part.Menu
	list []engine.Choice
}

func newChoices(s guide.State) *choices {
	c := &choices{list: s.Verdict.Choices}
	c.menu = choiceMenu(c.list)
	return c
}

func choiceMenu(list []engine.Choice) part.Menu {
	items := make([]part.Item, len(list))
	best := -1
	for i, x := range list {
		items[i] = part.Item{Label: x.Label, Why: x.Why, Disabled: x.Disabled}
		if x.Recommended && x.Disabled == "" && best < 0 && len(list) > 1 {
			best = i
			items[i].Tag = "recommended"
		}
	}
	return part.NewMenu(items, best)
}

func (c *choices) Update(msg tea.Msg) Action {
	if chosen(&c.menu, msg) {
		return Walk{guide.Chosen{Outcome: c.list[c.menu.Selected()].Outcome}}
	}
	return nil
}

// chosen reports whether a key, or a click on the selected item, chooses it.
func chosen(m *part.Menu, msg tea.Msg) bool {
	if click, ok := msg.(Clicked); ok {
		return m.Click(click.Row)
	}
	return m.Update(msg)
}

func (c *choices) Keys() []key.Binding { return c.menu.Keys() }

func (c *choices) Takes(press tea.KeyPressMsg) bool { return c.menu.Takes(press) }

func (c *choices) Body(f Frame) string {
	v := f.State.Verdict
	side := part.Stack(known(f))
	if f.Wide {
		side = ""
	}
	return part.Stack(heading(f, v.Headline), blocked(f, v), evidence(f, v), about(f), side)
}

// blocked explains in full why the recommended action is disabled.
func blocked(f Frame, v engine.Verdict) string {
	for _, c := range v.Choices {
		if c.Disabled != "" && c.Action != "" && c.Recommended {
			return section(f, part.Clean(c.Label)+": not now, because", note(f, strings.ReplaceAll(c.Disabled, "; ", "\n")))
		}
	}
	return ""
}

// evidence draws the basis of the verdict: the compared values and the findings.
func evidence(f Frame, v engine.Verdict) string {
	compare := ""
	if showsValues(f.State) {
		compare = part.Comparison(f.Theme, f.Width, f.State.Case)
	}
	return part.Stack(compare, part.Findings(f.Theme, f.Width, v.Findings, v.Headline, !f.Wide))
}

// sidePanel draws the evidence of the findings, and the known facts.
func sidePanel(f Frame) string {
	return part.Stack(part.EvidenceCards(f.Theme, f.Width, f.State.Verdict.Findings), known(f))
}

// valueSteps are the steps at which the compared values are shown.
var valueSteps = []guide.StepID{
	guide.StepObserve, guide.StepDiagnose, guide.StepNothingWrong, guide.StepFixSource, guide.StepMatch,
	guide.StepPushProfile, guide.StepPush, guide.StepVerify,
}

func showsValues(s guide.State) bool { return slices.Contains(valueSteps, s.Step) }

func (c *choices) Side(f Frame) string  { return sidePanel(f) }
func (c *choices) Whole(f Frame) string { return c.menu.Whole(f.Theme, f.Width) }

func (c *choices) Foot(f Frame, height int) Foot {
	return Foot{Block: c.menu.View(f.Theme, f.Width, height)}
}

// question asks for one of a few answers.
type question struct {
	defaults
	ask  engine.Question
	menu part.Menu
}

func newQuestion(ask engine.Question) *question {
	q := &question{ask: ask}
	items := make([]part.Item, len(ask.Options))
	for i, o := range ask.Options {
		items[i] = part.Item{Label: o.Label, Why: o.Why}
	}
	q.menu = part.NewMenu(items, -1)
	return q
}

func (q *question) Update(msg tea.Msg) Action {
	if chosen(&q.menu, msg) {
		return Answer{q.ask.ID, q.ask.Options[q.menu.Selected()].Value}
	}
	return nil
}

func (q *question) Keys() []key.Binding { return q.menu.Keys() }

func (q *question) Takes(press tea.KeyPressMsg) bool { return q.menu.Takes(press) }

func (q *question) Body(f Frame) string { return questionBody(f, q.ask) }

func (q *question) Side(f Frame) string  { return sidePanel(f) }
func (q *question) Whole(f Frame) string { return q.menu.Whole(f.Theme, f.Width) }

func (q *question) Foot(f Frame, height int) Foot {
	return Foot{Block: q.menu.View(f.Theme, f.Width, height)}
}

// questionBody draws the text around a question: what is asked, why it cannot be read,
// notes, and what is known.
func questionBody(f Frame, ask engine.Question) string {
	t := f.Theme
	v := f.State.Verdict
	side := known(f)
	if f.Wide {
		side = ""
	}
	return part.Stack(
		heading(f, v.Headline),
		part.Lines(
			part.Paragraph(part.Clean(ask.Text), f.Width, t.Text),
			part.Paragraph(part.Clean(ask.Why), f.Width, t.Muted),
		),
		note(f, ask.Note),
		evidence(f, v),
		about(f),
		side,
	)
}

// note draws text that must be read before answering, such as what was wrong with the
// last answer.
func note(f Frame, text string) string { return Warning(f.Theme, f.Width, text) }

// Warning draws text with a warning sign.
func Warning(t theme.Theme, width int, text string) string {
	if text == "" {
		return ""
	}
	var out []string
	for l := range strings.SplitSeq(text, "\n") {
		out = append(out, part.Hang(t.Warn.Render(t.Glyph.Warn)+" ", part.Clean(l), width, t.Text))
	}
	return part.Lines(out...)
}
