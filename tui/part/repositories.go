package part

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/table"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Repositories is the table of what may be lost with a person: their own repositories,
// and those of the organization that may depend on them. Only the visible rows are
// given to the table component.
type Repositories struct {
	rows      []repositoryRow
	haystacks []string
	match     []int // indices of the rows that match the filter
	filter    Field
	typing    bool // letters go to the filter
	cursor    int  // of match
	top       int
	page      int // rows in view, as last drawn
	above     int // lines above the first row, as last drawn
	table     table.Model
	shown     repositoryView
	drawn     int // rises whenever rows or filter change
	org       string
}

// repositoryRow is one row. Only personal repositories can be chosen.
type repositoryRow struct {
	name     string // namespace/name
	personal bool
	standing engine.Standing
	cells    map[string]string // by the title of the column
}

type repositoryView struct {
	top, end, width, drawn int
	dark                   bool
	pointer                string
}

// NewRepositories returns the table of a case. The cursor is on the first repository
// with a problem, if any.
func NewRepositories(c engine.Case) *Repositories {
	p := &Repositories{page: 1, filter: Field{Placeholder: "filter by name, state, visibility or reason"}}
	p.Set(c)
	for i, at := range p.match {
		if p.rows[at].standing == engine.StandingBlocked {
			p.cursor = i
			break
		}
	}
	return p
}

// Set updates the table. It keeps cursor and filter.
func (p *Repositories) Set(c engine.Case) {
	standings := engine.Standings(c)
	p.rows, p.haystacks, p.org = nil, nil, Clean(c.Org)
	for _, r := range c.Repositories.Personal {
		p.add(repositoryRow{name: r.Name, personal: true, standing: standings[r.Name], cells: personalCells(c, r, standings[r.Name])})
	}
	for _, r := range c.Repositories.Organization {
		p.add(repositoryRow{name: r.Name, standing: engine.StandingStays, cells: organizationCells(r)})
	}
	at := p.cursor
	p.applyFilter()
	p.cursor = min(at, max(0, len(p.match)-1))
}

func (p *Repositories) add(r repositoryRow) {
	p.rows = append(p.rows, r)
	var words strings.Builder
	words.WriteString(strings.ToLower(r.name))
	for _, x := range r.cells {
		words.WriteString(" " + strings.ToLower(x))
	}
	p.haystacks = append(p.haystacks, words.String())
}

const (
	columnMark       = ""
	columnRepository = "repository"
	columnTags       = "tags"
	columnSize       = "size"
	columnVisibility = "visible"
	columnPush       = "last push"
	columnWhy        = "why it matters"
	columnTarget     = "copied to"
	columnState      = "state"
)

func personalCells(c engine.Case, r engine.Repository, s engine.Standing) map[string]string {
	mark, target := "[x]", engine.TargetOf(c, r)
	switch s {
	case engine.StandingSkipped:
		mark, target = "[ ]", ""
	case engine.StandingBlocked:
		mark = "[!]"
	case engine.StandingCopied, engine.StandingVerify, engine.StandingCopy, engine.StandingStays:
	}
	why := "outside " + c.Org
	switch {
	case r.Handed():
		why = "they copied it"
	case r.Private:
		why = "theirs alone"
	}
	return map[string]string{
		columnMark: mark, columnRepository: strings.TrimPrefix(r.Name, c.Username+"/"), columnTags: fmt.Sprint(r.Tags),
		columnSize: sizeOf(r.Size), columnVisibility: Visibility(r.Private), columnPush: dayOf(r.Updated),
		columnWhy: why, columnTarget: strings.TrimPrefix(target, c.Org+"/"), columnState: string(s),
	}
}

func organizationCells(r engine.OrgRepository) map[string]string {
	cells := map[string]string{
		columnMark: "   ", columnRepository: r.Name, columnPush: dayOf(r.LastPush), columnState: string(engine.StandingStays),
	}
	if r.Seen {
		cells[columnSize], cells[columnVisibility] = sizeOf(r.Size), Visibility(r.Private)
	}
	if r.Tags > 0 {
		cells[columnTags] = fmt.Sprint(r.Tags)
	}
	switch {
	case r.Pushes > 0:
		cells[columnWhy] = fmt.Sprintf("%d pushes in 90 d", r.Pushes)
	case r.Tags > 0:
		cells[columnWhy] = "they pushed last"
	default:
		cells[columnWhy] = "only their team"
	}
	return cells
}

// repositoryColumns returns as many columns as fit.
func repositoryColumns(width int) []table.Column {
	flex := []int{60, 40}
	titles := []string{columnMark, columnRepository, columnTarget, columnState}
	switch {
	case width >= 100:
		titles = []string{columnMark, columnRepository, columnTags, columnSize, columnVisibility, columnPush, columnWhy, columnTarget, columnState}
		flex = []int{33, 33, 34}
	case width >= 86:
		titles = []string{columnMark, columnRepository, columnTags, columnSize, columnVisibility, columnPush, columnTarget, columnState}
		flex = []int{50, 50}
	case width >= 68:
		titles = []string{columnMark, columnRepository, columnTags, columnSize, columnVisibility, columnTarget, columnState}
		flex = []int{50, 50}
	case width < 46:
		titles = []string{columnMark, columnRepository, columnState}
		flex = []int{100}
	}
	const pad = 2
	fixed := map[string]int{columnMark: 3, columnTags: 4, columnSize: 8, columnVisibility: 7, columnPush: 10, columnState: 7}
	room := width - pad*len(titles)
	for _, t := range titles {
		room -= fixed[t]
	}
	var out []table.Column
	for _, t := range titles {
		w, ok := fixed[t]
		if !ok {
			w, flex = max(1, room*flex[0]/100), flex[1:]
		}
		out = append(out, table.Column{Title: t, Width: w})
	}
	return out
}

var repositoryKeys = struct{ up, down, pageUp, pageDown, top, bottom, filter, done, clear key.Binding }{
	up:       key.NewBinding(key.WithKeys("up", "k", "ctrl+p"), key.WithHelp("↑/↓", "move")),
	down:     key.NewBinding(key.WithKeys("down", "j", "ctrl+n")),
	pageUp:   key.NewBinding(key.WithKeys("pgup"), key.WithHelp("pgup/pgdn", "page")),
	pageDown: key.NewBinding(key.WithKeys("pgdown")),
	top:      key.NewBinding(key.WithKeys("home", "g"), key.WithHelp("g/G", "first, last")),
	bottom:   key.NewBinding(key.WithKeys("end", "G")),
	filter:   key.NewBinding(key.WithKeys("/"), key.WithHelp("/", "filter")),
	done:     key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "to the list")),
	clear:    key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "clear the filter")),
}

// Keys returns the bindings, for the help.
func (p *Repositories) Keys() []key.Binding {
	if p.typing {
		return []key.Binding{repositoryKeys.done, repositoryKeys.clear}
	}
	keys := []key.Binding{repositoryKeys.up, repositoryKeys.filter}
	if p.filter.Value() != "" {
		keys = append(keys, repositoryKeys.clear)
	}
	return keys
}

// Typing reports whether the filter has the focus.
func (p *Repositories) Typing() bool { return p.typing }

// Takes reports whether the table handles the key itself.
func (p *Repositories) Takes(press tea.KeyPressMsg) bool {
	if key.Matches(press, repositoryKeys.clear) {
		return p.typing || p.filter.Value() != ""
	}
	k := repositoryKeys
	return key.Matches(press, k.pageUp, k.pageDown) || !p.typing && key.Matches(press, k.up, k.down, k.top, k.bottom, k.filter)
}

// Update moves the cursor or filters, and reports whether it handled the message.
func (p *Repositories) Update(msg tea.Msg) bool {
	press, isKey := msg.(tea.KeyPressMsg)
	k := repositoryKeys
	switch {
	case !isKey && !p.typing:
		return false
	case isKey && key.Matches(press, k.clear):
		p.typing = false
		p.filter.SetValue("")
		p.applyFilter()
	case isKey && p.typing && key.Matches(press, k.done):
		p.typing = false
	case p.typing && (!isKey || !key.Matches(press, k.pageUp, k.pageDown)):
		if p.filter.Update(msg) {
			p.applyFilter()
		}
	case key.Matches(press, k.filter):
		p.typing = true
	case key.Matches(press, k.up):
		p.Move(-1)
	case key.Matches(press, k.down):
		p.Move(1)
	case key.Matches(press, k.pageUp):
		p.Move(-p.page)
	case key.Matches(press, k.pageDown):
		p.Move(p.page)
	case key.Matches(press, k.top):
		p.Move(-len(p.match))
	case key.Matches(press, k.bottom):
		p.Move(len(p.match))
	default:
		return false
	}
	return true
}

// Pages are the bindings that move by a page.
var Pages = []key.Binding{repositoryKeys.pageUp, repositoryKeys.pageDown}

// Overflows reports whether not all rows are visible.
func (p *Repositories) Overflows() bool { return len(p.match) > p.page }

// AtEnd reports whether the cursor is on the last row.
func (p *Repositories) AtEnd() bool { return p.cursor >= len(p.match)-1 }

// Click selects the repository on a line.
func (p *Repositories) Click(line int) {
	if to := p.top + line - p.above; line >= p.above && to < min(len(p.match), p.top+p.page) {
		p.cursor = to
	}
}

// Move moves the cursor down by n rows.
func (p *Repositories) Move(n int) {
	p.cursor = min(max(0, p.cursor+n), max(0, len(p.match)-1))
}

func (p *Repositories) applyFilter() {
	words := strings.Fields(strings.ToLower(p.filter.Value()))
	p.match = p.match[:0]
	for i, hay := range p.haystacks {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(hay, w) }) {
			p.match = append(p.match, i)
		}
	}
	p.cursor, p.top = 0, 0
	p.drawn++
}

// Selected returns the name of the selected repository, and whether it is the person's
// own.
func (p *Repositories) Selected() (name string, personal bool) {
	if p.cursor < 0 || p.cursor >= len(p.match) {
		return "", false
	}
	r := p.rows[p.match[p.cursor]]
	return r.name, r.personal
}

// Shown returns the person's own repositories that match the filter, with their
// standings.
func (p *Repositories) Shown() (names []string, standings []engine.Standing) {
	for _, i := range p.match {
		if r := p.rows[i]; r.personal {
			names, standings = append(names, r.name), append(standings, r.standing)
		}
	}
	return names, standings
}

// View draws the table in height lines and returns the position of the filter's text
// cursor, if it has the focus.
func (p *Repositories) View(t theme.Theme, width, height int, focused bool) (block string, x int, typing bool) {
	line := ""
	if p.typing || p.filter.Value() != "" {
		count := fmt.Sprintf("%d of %d", len(p.match), len(p.rows))
		room := max(8, width-len(count)-2)
		line, x = p.filter.View(t, room, p.typing)
		line = Pad(line, room) + "  " + t.Muted.Render(count)
		height--
	}
	head := height >= 3
	p.page, p.above = max(1, height), 0
	if head {
		p.page, p.above = height-1, 1
	}
	if line != "" {
		p.above++
	}
	p.top = min(p.top, p.cursor)
	p.top = max(p.top, p.cursor-p.page+1)
	p.top = max(0, min(p.top, len(p.match)-p.page))
	if len(p.match) == 0 {
		return Lines(line, t.Muted.Render(Fit("nothing matches; esc clears the filter", width))), x, p.typing
	}
	shown := p.draw(t, width, focused)
	if !head {
		shown = shown[1:]
	}
	return Lines(append([]string{line}, shown...)...), x, p.typing
}

// draw returns the header and the visible rows.
func (p *Repositories) draw(t theme.Theme, width int, focused bool) []string {
	lead := Width(t.Glyph.Pointer) + 1
	end := min(len(p.match), p.top+p.page)
	want := repositoryView{p.top, end, width, p.drawn, t.Dark, t.Glyph.Pointer}
	if want != p.shown {
		columns := repositoryColumns(width - lead)
		rows := make([]table.Row, 0, end-p.top)
		for _, i := range p.match[p.top:end] {
			row := make(table.Row, len(columns))
			for n, c := range columns {
				row[n] = Clean(p.rows[i].cells[c.Title])
				if c.Title == columnState { // the last column, because its style ends that of the row
					row[n] = standingStyle(t, p.rows[i].standing).Render(row[n])
				}
			}
			rows = append(rows, row)
		}
		p.table = table.New(
			table.WithColumns(columns), table.WithRows(rows), table.WithStyles(repositoryStyles(t)),
			table.WithHeight(len(rows)+1), table.WithWidth(max(1, width-lead)),
		)
		p.shown = want
	}
	if at := p.cursor - p.top; p.table.Cursor() != at {
		p.table.SetCursor(at)
	}
	lines := strings.Split(p.table.View(), "\n")
	for i, l := range lines {
		sign := strings.Repeat(" ", lead)
		if focused && i == p.cursor-p.top+1 { // below the header
			sign = t.Accent.Render(t.Glyph.Pointer) + " "
		}
		lines[i] = sign + l
	}
	return lines
}

func repositoryStyles(t theme.Theme) table.Styles {
	return table.Styles{Header: t.Muted.PaddingRight(2), Cell: t.Text.PaddingRight(2), Selected: t.Focused}
}

func standingStyle(t theme.Theme, s engine.Standing) lipgloss.Style {
	switch s {
	case engine.StandingBlocked:
		return t.Warn
	case engine.StandingCopied:
		return t.OK
	case engine.StandingSkipped, engine.StandingStays:
		return t.Muted
	case engine.StandingCopy, engine.StandingVerify:
	}
	return t.Text
}

// Count describes how many repositories have each standing.
func (p *Repositories) Count() string {
	n := map[engine.Standing]int{}
	for _, r := range p.rows {
		n[r.standing]++
	}
	var words []string
	for _, x := range []struct {
		standing engine.Standing
		words    string
	}{
		{engine.StandingCopy, "to copy"},
		{engine.StandingVerify, "to verify"},
		{engine.StandingBlocked, "with a problem"},
		{engine.StandingSkipped, "left behind"},
		{engine.StandingCopied, "copied"},
		{engine.StandingStays, "in " + p.org + " that may depend on them"},
	} {
		if n[x.standing] > 0 {
			words = append(words, fmt.Sprintf("%d %s", n[x.standing], x.words))
		}
	}
	return strings.Join(words, ", ")
}
