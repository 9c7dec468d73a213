package screen

import (
	"fmt"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// How the screen of the hand-over is drawn.

func (h *handOver) Body(f Frame) string {
	if h.details && !f.Wide {
		name, _ := h.table.Selected()
		return part.Stack(heading(f, f.State.Verdict.Headline), part.RepositoryDetails(f.Theme, f.Width, h.c, name))
	}
	return part.Stack(heading(f, f.State.Verdict.Headline), part.Paragraph(h.table.Count(), f.Width, f.Theme.Muted), about(f), h.dependencies(f))
}

// dependencies says what else may depend on the member.
func (h *handOver) dependencies(f Frame) string {
	r := h.c.Repositories
	var out []string
	for _, team := range r.SoleTeams {
		out = append(out, h.c.Username+" is the only member of the team "+team)
	}
	if r.Note != "" {
		out = append(out, r.Note)
	}
	if len(out) == 0 {
		return ""
	}
	return section(f, "What else to know", note(f, strings.Join(out, "\n")))
}

// besideFrom is the least width of the side column, in cells. A narrower one costs
// the table more than it is worth.
const besideFrom = 60

func (h *handOver) Side(f Frame) string {
	if f.Width < besideFrom {
		return ""
	}
	name, _ := h.table.Selected()
	return part.RepositoryDetails(f.Theme, f.Width, h.c, name)
}

// Whole shows everything about the repository under the cursor, and what prevents
// copies.
func (h *handOver) Whole(f Frame) string {
	name, _ := h.table.Selected()
	var against []string
	for _, r := range h.c.Repositories.Personal {
		if o, ok := h.obstacles[r.Name]; ok {
			against = append(against, r.Name+": "+o.Problem+": "+o.Advice)
		}
	}
	return part.Stack(part.RepositoryDetails(f.Theme, f.Width, h.c, name), section(f, "What prevents a copy", note(f, strings.Join(against, "\n"))), h.dependencies(f))
}

// Foot shows the table, a line about the repository under the cursor or the input,
// and the actions.
func (h *handOver) Foot(f Frame, height int) Foot {
	if h.asking != askedNothing {
		return h.input(f, height)
	}
	menu, line := h.dimmedAction(f), h.description(f)
	if h.inMenu {
		menu = h.menu.View(f.Theme, f.Width, max(2, height/2))
	}
	room := height - part.Height(menu)
	switch {
	case h.details && !f.Wide: // the details above need the room
		line, room = "", min(room, max(detailedRows, height/3))
	case room-part.Height(line) < 3:
		line = ""
	}
	table, x, typing := h.table.View(f.Theme, f.Width, max(1, room-part.Height(line)), !h.inMenu)
	if room > part.Height(table)+part.Height(line) && line != "" {
		line += "\n " // a blank line above the actions, where there is room
	}
	h.menuAt = part.Height(table) + part.Height(line)
	return Foot{Block: part.Lines(table, line, menu), X: x, Cursor: typing}
}

// detailedRows is the least number of table lines while a row's details are shown.
const detailedRows = 4

// dimmedAction shows the first action, dimmed, while the table has the focus.
func (h *handOver) dimmedAction(f Frame) string {
	t, first := f.Theme, h.choices[0]
	if first.Disabled != "" {
		return part.Fit("  "+t.Faint.Render(part.Clean(first.Label)+"  "+t.Glyph.Dash+" not while a repository has a problem"), f.Width)
	}
	return part.Fit("  "+t.Text.Render(part.Clean(first.Label)), f.Width)
}

// description describes the repository under the cursor: what prevents its copy and what
// to do, or else why the repository matters.
func (h *handOver) description(f Frame) string {
	t := f.Theme
	name, personal := h.table.Selected()
	if h.notice != "" {
		return part.Hang(t.Accent.Render(t.Glyph.Bullet)+" ", part.Clean(h.notice), f.Width, t.Text)
	}
	if name == "" {
		return ""
	}
	if o, ok := h.obstacles[name]; ok {
		return part.Hang(t.Warn.Render(t.Glyph.Warn)+" ", part.Clean(o.Problem+": "+o.Advice+" (r, space)"), f.Width, t.Text)
	}
	text := ""
	switch choice := h.c.Choices[name]; {
	case !personal:
		for _, r := range h.c.Repositories.Organization {
			if r.Name == name {
				text = strings.Join(r.Why, "; ")
			}
		}
	case choice.Skipped():
		text = "left behind: " + choice.Skip
	default:
		for _, r := range h.c.Repositories.Personal {
			if r.Name != name {
				continue
			}
			if failed := engine.Failed(h.c, r); failed != "" {
				return part.Hang(t.Warn.Render(t.Glyph.Warn)+" ", part.Clean(failed), f.Width, t.Text)
			}
			if text = engine.Proposed(h.c, r); text == "" {
				text = r.Matters()
			}
		}
	}
	return part.Hang(t.Faint.Render(t.Glyph.Bullet)+" ", part.Clean(text), f.Width, t.Muted)
}

// input shows the line for a name or a reason, and what is wrong with it.
func (h *handOver) input(f Frame, height int) Foot {
	t := f.Theme
	question, verdict := "Why leave "+h.of[0]+" behind?", ""
	if len(h.of) > 1 {
		question = fmt.Sprintf("Why leave these %d behind?", len(h.of))
	}
	switch problem := h.problem(); {
	case h.notice != "":
		verdict = note(f, h.notice)
	case h.asking == askedReason:
	case problem != "":
		verdict = note(f, problem)
	default:
		target := h.wanted().Target
		if target == "" {
			target = "the proposed name"
		}
		verdict = part.Hang(t.OK.Render(t.Glyph.Done)+" ", part.Clean(target)+" can be used", f.Width, t.Text)
	}
	if h.asking == askedName {
		question = "What should the copy of " + h.of[0] + " be called in " + h.c.Org + "?"
	}
	prompt := part.Paragraph(part.Clean(question), f.Width, t.Strong)
	line, x := h.field.View(t, f.Width, true)
	block := part.Lines(prompt, line, verdict)
	y := part.Height(prompt)
	if room := height - part.Height(block) - 1; room >= 2 {
		table, _, _ := h.table.View(t, f.Width, room, true)
		block = part.Lines(table, " ", block)
		y += part.Height(table) + 1
	}
	return Foot{Block: block, X: x, Y: y, Cursor: true}
}
