package part

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/table"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Picker finds one person among many. Letters go to the filter, arrows to the
// list. The table is given only the rows in view, so that a key costs the same
// in an organization of fifty as in one of fifty thousand.
type Picker struct {
	people []engine.Person
	hay    []string // what the filter looks in, lower case, one for each person
	match  []int    // indices of the people that the filter lets through
	filter Field
	query  string
	at     int // of match
	top    int // of match: the first row in view
	page   int // rows in view, as last drawn
	// insights is true when Docker tells when people were last seen, which it
	// does only where the organization has switched that on.
	insights bool
	table    table.Model
	shown    view // what the table holds
}

// suspicion ranks people by what the list alone tells, the likeliest first: a
// role or team that did not arrive leaves somebody with what Docker gives to
// everybody. Guests are outside the guide, and invitees have no account yet.
func suspicion(p engine.Person, insights bool) int {
	own := slices.ContainsFunc(p.Teams, func(t string) bool { return t != "company" })
	switch {
	case p.Username == "":
		return 4
	case p.Guest:
		return 3
	case !own && p.Role != "owner":
		return 0
	case insights && p.LastSeen.IsZero():
		return 1
	}
	return 2
}

// NewPicker returns a picker over the people: the suspicious first, and otherwise
// in their order. selected is the
// username it starts on, if there is one.
func NewPicker(people []engine.Person, selected string) *Picker {
	insights := slices.ContainsFunc(people, func(p engine.Person) bool { return !p.LastSeen.IsZero() })
	people = slices.SortedStableFunc(slices.Values(people), func(a, b engine.Person) int {
		return cmp.Compare(suspicion(a, insights), suspicion(b, insights))
	})
	p := &Picker{
		people: people, hay: make([]string, len(people)), page: 1, insights: insights,
		filter: Field{Placeholder: "type to filter by name, address, role or team"},
	}
	for i, x := range people {
		p.hay[i] = strings.ToLower(x.Username + " " + x.Name + " " + x.Email + " " + x.Role + " " + strings.Join(x.Teams, " "))
		if selected != "" && x.Username == selected {
			p.at = i
		}
	}
	p.match = all(len(people))
	return p
}

// Matching are the people that match every word of the query, as a picker with
// that filter shows them.
func Matching(people []engine.Person, query string) []engine.Person {
	p := NewPicker(people, "")
	p.filter.SetValue(query)
	p.narrow()
	found := make([]engine.Person, len(p.match))
	for i, at := range p.match {
		found[i] = p.people[at]
	}
	return found
}

func all(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

var pickerKeys = struct{ up, down, pageUp, pageDown, take, clear key.Binding }{
	up:       key.NewBinding(key.WithKeys("up", "ctrl+p"), key.WithHelp("↑/↓", "move")),
	down:     key.NewBinding(key.WithKeys("down", "ctrl+n")),
	pageUp:   key.NewBinding(key.WithKeys("pgup"), key.WithHelp("pgup/pgdn", "page")),
	pageDown: key.NewBinding(key.WithKeys("pgdown")),
	take:     key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "choose")),
	clear:    key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "clear the filter")),
}

// Keys are the picker's bindings, for the help.
func (p *Picker) Keys() []key.Binding {
	keys := []key.Binding{pickerKeys.up, pickerKeys.pageUp, pickerKeys.take}
	if p.query != "" {
		keys = append(keys, pickerKeys.clear)
	}
	return keys
}

// Takes reports whether the picker wants the key: those that move in the list,
// and esc as long as there is a filter to clear.
func (p *Picker) Takes(press tea.KeyPressMsg) bool {
	if key.Matches(press, pickerKeys.clear) {
		return p.filter.Value() != ""
	}
	return key.Matches(press, pickerKeys.up, pickerKeys.down, pickerKeys.pageUp, pickerKeys.pageDown)
}

// Selected is the person that enter takes.
func (p *Picker) Selected() (engine.Person, bool) {
	if p.at < 0 || p.at >= len(p.match) {
		return engine.Person{}, false
	}
	return p.people[p.match[p.at]], true
}

// Update moves the selection or filters; taken is true when enter took
// somebody.
func (p *Picker) Update(msg tea.Msg) (taken bool) {
	if press, ok := msg.(tea.KeyPressMsg); ok {
		switch {
		case key.Matches(press, pickerKeys.up):
			p.move(-1)
			return false
		case key.Matches(press, pickerKeys.down):
			p.move(1)
			return false
		case key.Matches(press, pickerKeys.pageUp):
			p.move(-p.page)
			return false
		case key.Matches(press, pickerKeys.pageDown):
			p.move(p.page)
			return false
		case key.Matches(press, pickerKeys.take):
			_, ok := p.Selected()
			return ok
		case key.Matches(press, pickerKeys.clear):
			p.filter.SetValue("")
			p.narrow()
			return false
		}
	}
	if p.filter.Update(msg) {
		p.narrow()
	}
	return false
}

func (p *Picker) move(n int) {
	p.at = min(max(0, p.at+n), max(0, len(p.match)-1))
}

// narrow keeps the people that match every word of the filter, those whose
// username begins with it first.
func (p *Picker) narrow() {
	query := strings.ToLower(p.filter.Value())
	among := p.match
	if !strings.HasPrefix(query, p.query) {
		among = all(len(p.people))
	}
	words := strings.Fields(query)
	lead := strings.TrimSpace(query)
	var first, rest []int
	for _, i := range among {
		switch {
		case !containsAll(p.hay[i], words):
		case lead != "" && strings.HasPrefix(p.hay[i], lead):
			first = append(first, i)
		default:
			rest = append(rest, i)
		}
	}
	p.match = append(first, rest...)
	p.query, p.at, p.top = query, 0, 0
}

func containsAll(hay string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(hay, w) {
			return false
		}
	}
	return true
}

// View draws the picker in height lines and tells where the text cursor
// stands.
func (p *Picker) View(t theme.Theme, width, height int) (block string, x, y int) {
	count := t.Muted.Render(fmt.Sprintf("%d of %d", len(p.match), len(p.people)))
	room := width - Width(count) - 2
	if room < 16 {
		room, count = width, ""
	}
	line, x := p.filter.View(t, room, true)
	line = Pad(line, room)
	if count != "" {
		line += "  " + count
	}
	p.page = max(1, height-3)
	if height < 4 {
		p.page = max(1, height-1)
	}
	p.top = min(p.top, p.at)
	p.top = max(p.top, p.at-p.page+1)
	p.top = max(0, min(p.top, len(p.match)-p.page))
	if len(p.match) == 0 {
		return Lines(line, " ", t.Muted.Render(Fit("  nobody matches; esc clears the filter", width))), x, 0
	}
	shown := p.rows(t, width)
	if height < 4 {
		_, shown, _ = strings.Cut(shown, "\n") // no room for a header
		return Lines(line, shown), x, 0
	}
	return Lines(line, " ", shown), x, 0
}

// view tells whether the table holds the rows that are wanted, so that a move
// within them only moves its cursor.
type view struct {
	top, end, width int
	dark            bool
	query           string
	pointer         string
}

func (p *Picker) rows(t theme.Theme, width int) string {
	lead := Width(t.Glyph.Pointer) + 2
	end := min(len(p.match), p.top+p.page)
	want := view{p.top, end, width, t.Dark, p.query, t.Glyph.Pointer}
	if want != p.shown {
		cols := pickerColumns(width-lead, p.insights)
		rows := make([]table.Row, 0, end-p.top)
		for _, i := range p.match[p.top:end] {
			rows = append(rows, pickerRow(p.people[i], cols))
		}
		p.table = table.New(
			table.WithColumns(cols), table.WithRows(rows), table.WithStyles(t.Table),
			table.WithHeight(len(rows)+1), table.WithWidth(max(1, width-lead)),
		)
		p.shown = want
	}
	if at := p.at - p.top; p.table.Cursor() != at {
		p.table.SetCursor(at)
	}
	lines := strings.Split(p.table.View(), "\n")
	for i, l := range lines {
		sign := strings.Repeat(" ", lead)
		if i == p.at-p.top+1 { // below the header
			sign = t.Accent.Render(t.Glyph.Pointer) + "  "
		}
		lines[i] = sign + l
	}
	return strings.Join(lines, "\n")
}

// pickerColumns are as many as the width holds; the username is always whole
// where that is possible.
func pickerColumns(width int, insights bool) []table.Column {
	const pad, role, seen = 2, 8, 10
	shares := []table.Column{{Title: "username", Width: 38}, {Title: "name", Width: 32}, {Title: "role"}, {Title: "teams", Width: 30}}
	switch {
	case width < 53:
		return []table.Column{{Title: "username", Width: max(1, width-role-2*pad)}, {Title: "role", Width: role}}
	case width >= 93:
		shares = []table.Column{{Title: "username", Width: 25}, {Title: "name", Width: 22}, {Title: "role"}, {Title: "teams", Width: 23}, {Title: "address", Width: 30}}
	}
	fixed := role
	if insights && width >= 66 {
		shares = slices.Insert(shares, 4, table.Column{Title: "last seen"})
		fixed += seen
	}
	room := width - fixed - pad*len(shares)
	for i, c := range shares {
		switch c.Title {
		case "role":
			shares[i].Width = role
		case "last seen":
			shares[i].Width = seen
		default:
			shares[i].Width = max(1, room*c.Width/100)
		}
	}
	return shares
}

func pickerRow(x engine.Person, columns []table.Column) table.Row {
	row := make(table.Row, len(columns))
	for i, c := range columns {
		row[i] = Clean(pickerCell(x, c.Title))
	}
	return row
}

func pickerCell(x engine.Person, column string) string {
	switch column {
	case "username":
		return orDefault(x.Username, x.Email)
	case "name":
		return x.Name
	case "role":
		switch {
		case x.Guest:
			return "guest"
		case x.Invitee:
			return "invited"
		}
		return x.Role
	case "teams":
		return strings.Join(x.Teams, ", ")
	case "last seen":
		switch {
		case !x.LastSeen.IsZero():
			return Day(x.LastSeen)
		case x.Username != "":
			return "never"
		}
	case "address":
		return x.Email
	}
	return ""
}
