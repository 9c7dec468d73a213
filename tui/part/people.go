package part

import (
	"cmp"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// suspicion is how likely it is, judging by the member list alone, that something is
// wrong with a person; the most likely first. Somebody whose role or team did not
// arrive has what Docker gives to everybody. Guests are outside the guide, and
// invitees have no account yet.
type suspicion int

const (
	suspectNoTeam suspicion = iota
	suspectUnseen
	suspectNothing
	suspectGuest
	suspectInvitee
)

func suspect(p engine.Person, insights bool) suspicion {
	own := slices.ContainsFunc(p.Teams, func(t string) bool { return t != "company" })
	switch {
	case p.Username == "":
		return suspectInvitee
	case p.Guest:
		return suspectGuest
	case !own && p.Role != "owner":
		return suspectNoTeam
	case insights && p.LastSeen.IsZero():
		return suspectUnseen
	}
	return suspectNothing
}

// suspectsFirst returns a copy of the list sorted by suspicion. The sort is stable.
func suspectsFirst(list []engine.Person, insights bool) []engine.Person {
	ranks := make([]suspicion, len(list))
	var next [suspectInvitee + 1]int
	for i, p := range list {
		ranks[i] = suspect(p, insights)
		next[ranks[i]]++
	}
	at := 0
	for r, n := range next {
		next[r], at = at, at+n
	}
	sorted := make([]engine.Person, len(list))
	for i, p := range list {
		sorted[next[ranks[i]]] = p
		next[ranks[i]]++
	}
	return sorted
}

// mark returns a glyph and its meaning, "" if there is nothing to say.
func (s suspicion) mark(t theme.Theme) (mark string, style lipgloss.Style, words string) {
	switch s {
	case suspectNoTeam:
		return t.Glyph.Warn, t.Warn, "on no team of their own"
	case suspectUnseen:
		return t.Glyph.Warn, t.Warn, "never seen in Docker"
	case suspectGuest:
		return t.Glyph.Bullet, t.Faint, "a guest"
	case suspectInvitee:
		return t.Glyph.Bullet, t.Faint, "has not joined yet"
	case suspectNothing:
	}
	return " ", t.Faint, ""
}

// column is a column of the picker with its width in cells.
type column struct {
	title string
	width int
}

// The titles of the picker's columns.
const (
	columnUsername = "username"
	columnName     = "name"
	columnRole     = "role"
	columnTeams    = "teams"
	columnSeen     = "last seen"
	columnAddress  = "address"
	columnSign     = "note"
)

// leadWidth is the width of the pointer and the mark before the first column.
const leadWidth = 4

// rows draws the header and the visible people.
func (p *Picker) rows(t theme.Theme, width int) []string {
	cols := pickerColumns(width-leadWidth, p.insights)
	var head strings.Builder
	for _, c := range cols {
		head.WriteString(Pad(c.title, c.width) + "  ")
	}
	lines := []string{strings.Repeat(" ", leadWidth) + t.Muted.Render(Fit(strings.TrimRight(head.String(), " "), width-leadWidth))}
	for i := p.top; i < min(p.search.size(), p.top+p.page); i++ {
		lines = append(lines, Fit(p.row(t, i, cols), width))
	}
	return lines
}

func (p *Picker) row(t theme.Theme, at int, cols []column) string {
	var b strings.Builder
	x, index := p.people[p.search.at(at)], &p.search.people[p.search.at(at)]
	style := t.Text
	if at == p.cursor {
		style = t.Focused
		b.WriteString(t.Accent.Render(t.Glyph.Pointer) + strings.Repeat(" ", max(1, 2-Width(t.Glyph.Pointer))))
	} else {
		b.WriteString("  ")
	}
	mark, tone, why := suspect(x, p.insights).mark(t)
	b.WriteString(tone.Render(mark) + " ")
	space := 0
	for _, c := range cols {
		text, in := Fit(Clean(personCell(x, c.title)), c.width), style
		if c.title == columnSign {
			text, in = Fit(why, c.width), tone
		}
		b.WriteString(strings.Repeat(" ", space) + highlighted(t, text, index.found(text, p.query(c.title)), in))
		space = c.width - Width(text) + gutter
	}
	return b.String()
}

// query returns the filter if it applies to the column.
func (p *Picker) query(column string) string {
	if column == columnSeen || column == columnSign {
		return ""
	}
	return p.filter.Value()
}

// highlighted draws a text, highlighting the marked bytes.
func highlighted(t theme.Theme, text string, marks []bool, style lipgloss.Style) string {
	if !slices.Contains(marks, true) {
		return style.Render(text)
	}
	var b strings.Builder
	for from := 0; from < len(text); {
		to := from + 1
		for to < len(text) && (text[to]&0xC0 == 0x80 || to < len(marks) && marks[to] == marks[from]) {
			to++
		}
		if from < len(marks) && marks[from] {
			b.WriteString(t.Match.Render(text[from:to]))
		} else {
			b.WriteString(style.Render(text[from:to]))
		}
		from = to
	}
	return b.String()
}

// pickerColumns returns as many columns as fit. The columns for role and date have
// fixed widths; the others share the rest.
func pickerColumns(width int, insights bool) []column {
	const role, day = 8, 10
	shares := []column{{columnUsername, 24}, {columnRole, 0}}
	switch {
	case width >= 116:
		shares = []column{{columnUsername, 20}, {columnName, 20}, {columnRole, 0}, {columnTeams, 22}, {columnAddress, 26}, {columnSign, 24}}
	case width >= 92:
		shares = []column{{columnUsername, 20}, {columnName, 19}, {columnRole, 0}, {columnTeams, 20}, {columnSign, 24}}
	case width >= 64:
		shares = []column{{columnUsername, 22}, {columnName, 20}, {columnRole, 0}, {columnTeams, 20}}
	case width >= 44:
		shares = []column{{columnUsername, 22}, {columnRole, 0}, {columnTeams, 18}}
	}
	if at := slices.IndexFunc(shares, func(c column) bool { return c.title == columnTeams }); at >= 0 && insights && width >= 52 {
		shares = slices.Insert(shares, at+1, column{columnSeen, 0})
	}
	room, total := width-gutter*(len(shares)-1), 0
	for i, c := range shares {
		switch c.title {
		case columnRole:
			room -= role
		case columnSeen:
			room -= day
		}
		total += shares[i].width
	}
	for i, c := range shares {
		switch c.title {
		case columnRole:
			shares[i].width = role
		case columnSeen:
			shares[i].width = day
		default:
			shares[i].width = max(1, room*c.width/total)
		}
	}
	return shares
}

func personCell(x engine.Person, column string) string {
	switch column {
	case columnUsername:
		return cmp.Or(x.Username, x.Email)
	case columnName:
		return x.Name
	case columnRole:
		switch {
		case x.Guest:
			return "guest"
		case x.Invitee:
			return "invited"
		}
		return x.Role
	case columnTeams:
		return strings.Join(x.Teams, ", ")
	case columnSeen:
		switch {
		case !x.LastSeen.IsZero():
			return Day(x.LastSeen)
		case x.Username != "":
			return "never"
		}
	case columnAddress:
		return x.Email
	}
	return ""
}

// Card draws everything that the list says about the selected person.
func (p *Picker) Card(t theme.Theme, width int) string {
	x, ok := p.Selected()
	if !ok {
		return ""
	}
	seen := "not known: Docker Insights is off"
	if p.insights {
		seen = personCell(x, columnSeen)
	}
	rows := [][]Cell{}
	for _, r := range [][2]string{
		{"name", x.Name},
		{"address", x.Email},
		{"role", personCell(x, columnRole)},
		{"teams", cmp.Or(strings.Join(x.Teams, ", "), "none")},
		{"last seen", seen},
	} {
		rows = append(rows, []Cell{{r[0], t.Muted}, {Clean(cmp.Or(r[1], t.Glyph.Dash)), t.Text}})
	}
	why := ""
	if mark, style, words := suspect(x, p.insights).mark(t); words != "" {
		why = Hang(style.Render(mark)+" ", words, width, style)
	}
	return Stack(Lines(Paragraph(Clean(cmp.Or(x.Username, x.Email)), width, t.Strong), why), Grid(width, rows))
}

// Suspects returns the people that a picker puts first, and why.
func Suspects(people []engine.Person) (list []engine.Person, why map[string]string) {
	p := NewPicker(people, "")
	why = map[string]string{}
	for _, x := range p.people {
		if s := suspect(x, p.insights); s <= suspectUnseen {
			list = append(list, x)
			_, _, why[x.Username] = s.mark(theme.Theme{})
		}
	}
	return list, why
}
