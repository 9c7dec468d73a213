package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/seed-05b3d87e/reprovision/tui/part"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

// View implements tea.Model.
func (m *login) View() tea.View {
	v := tea.NewView("")
	v.AltScreen, v.WindowTitle = true, "reprovision · sign in"
	if m.width <= 0 || m.height <= 0 {
		return v
	}
	t := m.theme
	margin := 0
	if m.width >= 60 {
		margin = 2
	}
	width := max(1, min(m.width-2*margin, workMaxWidth))
	head := t.Brand.Render(part.Fit(part.Clean(m.opts.Title), width))
	if org := part.Clean(m.profile.Org); org != "" && part.Width(head)+part.Width(org)+3 < width {
		head += "   " + t.Muted.Render(org)
	}
	lines := []string{head}
	if m.height >= 14 {
		lines = append(lines, "")
	}
	rows := max(1, m.height-len(lines)-1)
	body := strings.Split(m.body(width), "\n")
	foot := m.foot(width, max(1, rows-1-min(len(body), max(1, rows/3))))
	if m.notice != "" {
		foot.Block = part.Lines(foot.Block, t.Muted.Render(part.Fit(m.notice, width)))
	}
	room := max(0, rows-part.Height(foot.Block)-1)
	over := max(0, len(body)-room)
	from := min(m.scroll, over)
	shown := body[from:min(len(body), from+room)]
	lines = append(lines, shown...)
	word := part.More(t, from > 0, from < over)
	rule := t.Faint.Render(strings.Repeat(t.Glyph.Rule, max(0, width-part.Width(word)-1)))
	if word != "" {
		rule += " " + t.Accent.Render(word)
	}
	lines = append(lines, rule)
	top := len(lines)
	lines = append(lines, strings.Split(foot.Block, "\n")...)
	for len(lines) < m.height-1 {
		lines = append(lines, "")
	}
	pad := strings.Repeat(" ", margin)
	lines = append(lines[:m.height-1], part.ShortHelp(t, width, m.keys(over > 0), backKey))
	for i := range lines {
		lines[i] = part.Fit(strings.TrimRight(pad+lines[i], " "), m.width)
	}
	v.Content = strings.Join(lines, "\n")
	if y := top + foot.Y; foot.Cursor && y < m.height-1 {
		c := tea.NewCursor(min(margin+foot.X, m.width-1), y)
		c.Shape, c.Color = tea.CursorBar, t.Cursor()
		v.Cursor = c
	}
	return v
}

func (m *login) body(width int) string {
	t := m.theme
	title := func(s string) string { return part.Paragraph(part.Clean(s), width, t.Title) }
	switch {
	case m.stage == stageOrg:
		return part.Stack(title("Sign in"), part.Paragraph("Each organization has a profile of its own, with what signs in to it. You sign in once; each later run starts signed in.", width, t.Muted))
	case m.asking != nil:
		return part.Stack(title(m.prompt.Title), m.asking.Tell(t, width))
	case m.stage == stageOpening:
		return title("Sign in")
	case m.stage == stageSystems:
		return part.Stack(title("Sign in"), part.Paragraph("Docker Hub is needed. SCIM tells whom your identity provider manages, and the identity provider what it would send; what you do not sign in to, the walk asks you about.", width, t.Muted))
	case m.stage == stageDone:
		made := m.done[len(m.done)-1]
		head := "Signed in to " + made.Title
		if made.Who != "" {
			head += " as " + made.Who
		}
		rights := part.Rights(t, width, made.Rights)
		if made.Note != "" {
			rights = part.Lines(rights, part.Paragraph(part.Clean(made.Note), width, t.Muted))
		}
		return part.Stack(title(head), m.problemView(width), part.Paragraph(part.Clean(made.Kept), width, t.Text), rights)
	}
	return part.Stack(title("Sign in to "+m.system.Title), m.problemView(width))
}

// problemView shows what went wrong with the last attempt, what to do, and what the
// system reported.
func (m *login) problemView(width int) string {
	p, t := m.problem, m.theme
	if p.Title == "" {
		return ""
	}
	said := func(s string, style lipgloss.Style) string {
		return part.Indent(part.Paragraph(part.Clean(s), width-2, style), 2)
	}
	return part.Lines(screen.Warning(t, width, p.Title+"."), said(p.Advice, t.Text), said(p.Detail, t.Faint))
}

func (m *login) foot(width, height int) screen.Foot {
	t := m.theme
	waiting := func(words string) screen.Foot {
		line := t.Accent.Render(m.live.Spin(screen.Frame{Theme: t})) + " " + t.Text.Render(words)
		if m.live.Elapsed > 0 {
			line += t.Faint.Render("  " + part.Elapsed(m.live.Elapsed))
		}
		return screen.Foot{Block: part.Fit(line, width)}
	}
	switch {
	case m.asking != nil && m.prompt.Asks():
		return m.asking.Ask(t, width, height)
	case m.asking != nil:
		return waiting("Waiting for you in the browser; esc gives up")
	}
	switch m.stage {
	case stageOrg:
		text, at := m.org.View(t, width, true)
		return screen.Foot{Block: part.Lines(t.Focused.Render("Docker organization"), text, t.Faint.Render(part.Fit("  Its name in lower case, as in app.docker.com/accounts/NAME.", width))), X: at, Y: 1, Cursor: true}
	case stageOpening:
		return waiting("Opening the profile")
	case stageSystems:
		return screen.Foot{Block: m.systems.View(t, width, height)}
	case stageForm:
		return m.form.Foot(t, width, height)
	case stageTrying:
		return waiting("Checking the credential; nothing is changed")
	case stageDone:
		return screen.Foot{Block: m.after.View(t, width, height)}
	}
	return screen.Foot{}
}
