package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

// From these widths on there is room for the upright rail, and for a column of
// evidence beside the work.
const (
	railFrom = 100
	sideFrom = 120
	workMost = 104
	sideMost = 64
	between  = 3

	// sideIndent keeps the evidence's own bars off the wall.
	sideIndent = 2
)

// layout is where things are on the screen, and what is in them.
type layout struct {
	margin   int
	rail     bool
	side     int // width of the evidence column, 0 for none
	width    int // of the work column
	left     int // where it begins
	header   []string
	top      int // the first line of the work column
	rows     int // its height
	body     []string
	foot     screen.Foot
	footFrom int // lines of the foot that are cut off above
	notice   []string
	overflow int // lines of the body that do not fit

	bodyHeight   int
	sideBody     []string
	sideOverflow int
}

// layout divides the screen: a header, the work (rail, body and foot,
// evidence), the help. The foot always stays in view; the body scrolls.
func (m *Model) layout() layout {
	l := layout{}
	switch {
	case m.width >= 60:
		l.margin = 2
	case m.width >= 30:
		l.margin = 1
	}
	l.rail = m.width >= railFrom
	l.left = l.margin
	l.width = m.width - 2*l.margin
	if l.rail {
		l.left += part.RailWidth + between
		l.width -= part.RailWidth + between
	}
	l.header = m.header(l)
	l.top = len(l.header)
	l.rows = max(1, m.height-l.top-1)
	if m.height >= 16 {
		l.rows-- // air above the help
	}
	m.fillSide(&l)
	l.width = max(1, min(l.width, workMost))
	m.fill(&l)
	return l
}

// fillSide draws the evidence where there is room, and some of it; a page over
// the screen has the room to itself.
func (m *Model) fillSide(l *layout) {
	if m.width < sideFrom || m.overlay != overlayNone {
		return
	}
	width := min(sideMost, l.width*2/5)
	if block := m.screen.Side(m.frame(width-sideIndent, true)); block != "" {
		l.side = width
		l.width -= width + between
		l.sideBody = strings.Split(part.Indent(block, sideIndent), "\n")
		l.sideOverflow = max(0, len(l.sideBody)-max(1, l.rows-2))
	}
}

func (m *Model) frame(width int, wide bool) screen.Frame {
	step, _ := guide.Lookup(m.state.Step)
	return screen.Frame{
		Theme: m.theme, Width: width, Wide: wide, Terse: m.height < 14, State: m.state, Step: step, Live: m.live, Markdown: &m.markdown,
	}
}

// fill draws body and foot and shares the rows between them: the foot gets
// what it needs as long as a third is left for the body.
func (m *Model) fill(l *layout) {
	body := m.body(*l)
	l.body = strings.Split(body, "\n")
	l.notice = part.Toast(m.theme, l.width, max(1, l.rows/3), m.notice)
	room := l.rows - len(l.notice)
	rule := 1
	most := max(1, room-rule-min(len(l.body), max(1, room/3)))
	l.foot = m.foot(*l, most)
	l.foot, l.footFrom = cut(l.foot, most)
	if room > len(l.body)+rule+part.Height(l.foot.Block)+1 && l.foot.Block != "" {
		l.body = append(l.body, "") // air above the rule
	}
	l.bodyHeight = room
	if h := part.Height(l.foot.Block); h > 0 {
		l.bodyHeight = max(0, room-h-rule)
	} else if len(l.body) > room {
		l.bodyHeight = max(0, room-rule)
	}
	l.overflow = max(0, len(l.body)-l.bodyHeight)
	l.bodyHeight = min(l.bodyHeight, len(l.body))
}

// cut keeps height lines of a foot, those around the text cursor, and tells
// how many there are above them.
func cut(f screen.Foot, height int) (foot screen.Foot, from int) {
	lines := strings.Split(f.Block, "\n")
	if len(lines) <= height {
		return f, 0
	}
	if f.Cursor {
		from = min(max(0, f.Y-height+1), len(lines)-height)
	}
	f.Block = strings.Join(lines[from:from+height], "\n")
	f.Y -= from
	return f, from
}

func (m *Model) body(l layout) string {
	t := m.theme
	switch m.overlay {
	case overlayHelp:
		step, _ := guide.Lookup(m.state.Step)
		guideSays := ""
		if step.Doc != "" {
			guideSays = part.Lines(
				t.Accent.Render(part.Fit("What the guide says: "+step.Title, l.width)),
				m.markdown.Render(t, step.Doc, l.width),
				part.Link(t, l.width, step.Link),
			)
		}
		return part.Stack(t.Title.Render("Keys"), part.FullHelp(t, l.width, m.full()), guideSays)
	case overlayWhole:
		f := m.frame(l.width, false)
		return part.Stack(
			part.Hang(t.Title.Render("In full")+"  ", subject(m.state.Case), l.width, t.Muted), m.screen.Whole(f), m.screen.Body(f))
	case overlayLeave:
		return m.leavingBody("Leave?", l.width)
	case overlayProfiles:
		if m.unfinished() {
			return m.leavingBody("Switch to another profile?", l.width)
		}
		return part.Stack(t.Title.Render("Which profile?"), part.Paragraph(
			"Another profile starts a new walk. This walk stops here, with no change half done.", l.width, t.Text))
	case overlayNone:
	}
	return m.screen.Body(m.frame(l.width, l.side > 0))
}

// leavingBody says what is left half done by who leaves now.
func (m *Model) leavingBody(title string, width int) string {
	t := m.theme
	why := "Changes were made and the walk is not finished. They are in the journal."
	if m.opts.Resume == "" {
		why = "Changes were made and the walk is not finished."
	}
	if c := m.state.Case; c.Out() {
		title += " " + strings.ToUpper(part.Clean(c.Username)) + " IS OUT OF " + strings.ToUpper(part.Clean(c.Org))
		why = "They were removed and are not back: they cannot work with Docker until somebody pushes them or invites them. Their role and teams are in the journal."
	}
	if m.opts.Resume != "" {
		why += " \"" + m.opts.Resume + "\" continues the walk from here."
	}
	if m.changing() {
		why = "Something is still running. If you leave now, you will not see how it ends."
	}
	return part.Stack(part.Paragraph(title, width, t.Title), part.Paragraph(why, width, t.Text))
}

func (m *Model) foot(l layout, height int) screen.Foot {
	switch m.overlay {
	case overlayHelp, overlayWhole:
		return screen.Foot{}
	case overlayLeave, overlayProfiles:
		return screen.Foot{Block: m.leaving.View(m.theme, l.width, height)}
	case overlayNone:
	}
	f := m.frame(l.width, l.side > 0)
	if m.focus != paneAct {
		f.Theme = f.Theme.Away()
	}
	return m.screen.Foot(f, height)
}

// header is the name, whom it is about, and the mode; below it the walk on one
// line where there is no rail.
func (m *Model) header(l layout) []string {
	t := m.theme
	room := m.width - 2*l.margin
	badge := ""
	if m.state.Case.DryRun {
		badge = t.Badge.Render("DRY RUN")
	}
	left := part.Clean(m.opts.Title)
	if left == "" {
		left = "reprovision"
	}
	if part.Width(left)+part.Width(badge)+2 > room {
		if _, mode, ok := strings.Cut(left, " · "); ok {
			left = mode
		}
	}
	left = part.Fit(left, max(1, room-part.Width(badge)-1))
	line := t.Brand.Render(left)
	who := subject(m.state.Case)
	if p := part.Clean(m.opts.Profile); p != "" && p != part.Clean(m.state.Case.Org) {
		who += " (profile " + p + ")"
	}
	if who != "" {
		if space := room - part.Width(left) - part.Width(badge) - 5; space > 8 {
			line += "   " + t.Muted.Render(part.Fit(who, space))
		}
	}
	if badge != "" {
		line = part.Pad(line, room-part.Width(badge)) + badge
	}
	lines := []string{line}
	if m.height >= 14 {
		lines = append(lines, "")
	}
	if !l.rail && m.width >= 30 && m.height >= 11 {
		lines = append(lines, part.Track(t, room, m.state))
		if m.height >= 16 {
			lines = append(lines, "")
		}
	}
	return lines
}

func subject(c engine.Case) string {
	switch {
	case c.Org == "":
		return ""
	case c.Username == "":
		return part.Clean(c.Org)
	}
	return part.Clean(c.Org) + " / " + part.Clean(c.Username)
}

// View implements tea.Model.
func (m *Model) View() tea.View {
	v := tea.NewView("")
	v.AltScreen = true
	if m.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	v.WindowTitle = m.windowTitle()
	v.ProgressBar = m.progressBar()
	v.ProgramStatus = m.programStatus()
	if m.width <= 0 || m.height <= 0 {
		return v
	}
	l := m.layout()
	work, footAt := m.work(l)
	lines := append([]string{}, indentAll(l.header, l.margin)...)
	lines = append(lines, indentAll(m.columns(l, work), l.margin)...)
	for len(lines) < m.height-1 {
		lines = append(lines, "")
	}
	most := helpKey
	if m.overlay != overlayNone || m.focus != paneAct {
		most = backKey
	}
	help := part.ShortHelp(m.theme, m.width-2*l.margin, m.short(l), most)
	lines = append(lines[:m.height-1:m.height-1], strings.Repeat(" ", l.margin)+help)
	for i := range lines {
		lines[i] = part.Fit(strings.TrimRight(lines[i], " "), m.width)
	}
	v.Content = m.theme.Screen(strings.Join(lines, "\n"))
	if y := l.top + footAt + l.foot.Y; l.foot.Cursor && y < m.height-1 && m.overlay == overlayNone && m.focus == paneAct {
		c := tea.NewCursor(min(l.left+l.foot.X, m.width-1), y)
		c.Shape, c.Color = tea.CursorBar, m.theme.Cursor()
		v.Cursor = c
	}
	return v
}

// work is the middle column: the part of the body in view, a rule that says
// whether there is more, the foot, and a notice. footAt is the foot's line.
func (m *Model) work(l layout) (lines []string, footAt int) {
	from := min(m.scroll, l.overflow)
	lines = append(lines, l.body[from:from+l.bodyHeight]...)
	if l.foot.Block != "" || l.overflow > 0 {
		lines = append(lines, m.rule(l, from))
	}
	footAt = len(lines)
	if l.foot.Block != "" {
		lines = append(lines, strings.Split(l.foot.Block, "\n")...)
	}
	lines = append(lines, l.notice...)
	for i := range lines {
		lines[i] = part.Fit(lines[i], l.width)
	}
	return lines, footAt
}

// columns puts rail, work and evidence side by side.
func (m *Model) columns(l layout, work []string) []string {
	if !l.rail {
		return work
	}
	rail := strings.Split(part.Rail(m.theme, l.rows, m.state), "\n")
	side := m.side(l)
	height := max(len(rail), len(work))
	if len(side) > 0 {
		height = max(height, l.rows)
	}
	lines := make([]string, height)
	gap := strings.Repeat(" ", between)
	wall := m.wall()
	for i := range lines {
		lines[i] = part.Pad(at(rail, i), part.RailWidth) + gap + part.Pad(at(work, i), l.width)
		if len(side) > 0 {
			lines[i] += wall + at(side, i)
		}
	}
	return lines
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

func indentAll(lines []string, n int) []string {
	pad := strings.Repeat(" ", n)
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = pad + l
	}
	return out
}
