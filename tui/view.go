package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

// Layout dimensions in cells. The rail and the evidence column appear from a minimum
// width of the screen.
const (
	railMinWidth = 100
	sideMinWidth = 120
	workMaxWidth = 104
	sideMaxWidth = 64
	columnGap    = 3

	// sideIndent separates the evidence's own bars from the divider.
	sideIndent = 2
)

// layout says where things are on the screen, and has their content.
type layout struct {
	margin   int
	rail     bool
	side     int // width of the evidence column, 0 for none
	width    int // of the work column
	left     int // its first column
	header   []string
	top      int // the first line of the work column
	rows     int // its height
	body     []string
	foot     screen.Foot
	footFrom int // lines of the foot that are cut off at the top
	notice   []string
	overflow int // lines of the body that do not fit

	bodyHeight   int
	sideBody     []string
	sideOverflow int
}

// layout divides the screen into a header, the work (rail, body and foot, evidence)
// and the help line. The foot is always visible; the body scrolls.
func (m *Model) layout() layout {
	l := layout{}
	switch {
	case m.width >= 60:
		l.margin = 2
	case m.width >= 30:
		l.margin = 1
	}
	l.rail = m.width >= railMinWidth
	l.left = l.margin
	l.width = m.width - 2*l.margin
	if l.rail {
		l.left += part.RailWidth + columnGap
		l.width -= part.RailWidth + columnGap
	}
	l.header = m.header(l)
	l.top = len(l.header)
	l.rows = max(1, m.height-l.top-1)
	if m.height >= 16 {
		l.rows-- // a blank line above the help
	}
	m.fillSide(&l)
	l.width = max(1, min(l.width, workMaxWidth))
	m.fill(&l)
	return l
}

// fillSide lays out the evidence column, if there is room for it and no overlay.
func (m *Model) fillSide(l *layout) {
	if m.width < sideMinWidth || m.overlay != overlayNone {
		return
	}
	width := min(sideMaxWidth, l.width*2/5)
	if block := m.screen.Side(m.frame(width-sideIndent, true)); block != "" {
		l.side = width
		l.width -= width + columnGap
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

// fill lays out body and foot: the foot gets what it needs, as long as a third of the
// rows is left for the body.
func (m *Model) fill(l *layout) {
	body := m.body(*l)
	l.body = strings.Split(body, "\n")
	l.notice = part.Toast(m.theme, l.width, max(1, l.rows/3), m.notice)
	room := l.rows - len(l.notice)
	rule := 1
	most := max(1, room-rule-min(len(l.body), max(1, room/3)))
	l.foot = m.foot(*l, most)
	l.foot, l.footFrom = clipFoot(l.foot, most)
	if room > len(l.body)+rule+part.Height(l.foot.Block)+1 && l.foot.Block != "" {
		l.body = append(l.body, "") // a blank line above the rule
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

// clipFoot reduces a foot to height lines around the text cursor, and returns the
// number of lines cut off above them.
func clipFoot(f screen.Foot, height int) (foot screen.Foot, from int) {
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
		return part.Stack(t.Title.Render("Keys"), part.FullHelp(t, l.width, m.fullHelp()), guideSays)
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

// leavingBody says what remains unfinished when leaving now.
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

// header shows the program, the member and the mode, and the track of the walk if
// there is no rail.
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
	help := part.ShortHelp(m.theme, m.width-2*l.margin, m.shortHelp(l), most)
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

// work returns the lines of the middle column: the visible part of the body, a rule
// that says whether there is more, the foot, and a notice. footAt is the index of the
// foot's first line.
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
	gap := strings.Repeat(" ", columnGap)
	wall := m.divider()
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
