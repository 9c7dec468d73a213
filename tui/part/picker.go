package part

import (
	"fmt"
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Picker selects one person among many with a filter and a list, either of which has
// the focus. Only the visible rows are drawn, so a key takes as long with 50 people as
// with 50,000.
type Picker struct {
	people []engine.Person
	search *search // the people that match the filter
	filter Field
	typing bool // the filter has the focus
	cursor int  // of those
	top    int  // of those: the first row in view
	page   int  // rows in view, as last drawn
	above  int  // lines above the first row, as last drawn
	// insights is true when Docker tells when people were last seen, which it
	// does only where the organization has switched that on.
	insights bool
}

// NewPicker returns a picker over the people, sorted by suspicion. It starts at the
// person with the username selected, if any.
func NewPicker(people []engine.Person, selected string) *Picker {
	insights := slices.ContainsFunc(people, func(p engine.Person) bool { return !p.LastSeen.IsZero() })
	people = suspectsFirst(people, insights)
	p := &Picker{
		people: people, search: newSearch(people), page: 1, insights: insights, typing: true,
		filter: Field{Placeholder: "type a name, an address, a role or a team"},
	}
	if selected != "" {
		p.cursor = max(0, slices.IndexFunc(people, func(x engine.Person) bool { return x.Username == selected }))
	}
	return p
}

// Matching returns the people that match a query, in a picker's order.
func Matching(people []engine.Person, query string) []engine.Person {
	p := NewPicker(people, "")
	p.filter.SetValue(query)
	p.applyFilter()
	p.finish()
	list := make([]engine.Person, p.search.size())
	for i := range list {
		list[i] = p.people[p.search.at(i)]
	}
	return list
}

var pickerKeys = struct{ up, down, pageUp, pageDown, top, bottom, take, clear, filter, list key.Binding }{
	up:       key.NewBinding(key.WithKeys("up", "ctrl+p"), key.WithHelp("↑/↓", "move")),
	down:     key.NewBinding(key.WithKeys("down", "ctrl+n")),
	pageUp:   key.NewBinding(key.WithKeys("pgup", "ctrl+u"), key.WithHelp("pgup/pgdn", "page")),
	pageDown: key.NewBinding(key.WithKeys("pgdown", "ctrl+d")),
	top:      key.NewBinding(key.WithKeys("g", "home"), key.WithHelp("g/G", "first, last")),
	bottom:   key.NewBinding(key.WithKeys("G", "end")),
	take:     key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "choose")),
	clear:    key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "clear the filter")),
	filter:   key.NewBinding(key.WithKeys("/", "shift+tab"), key.WithHelp("/", "filter")),
	list:     key.NewBinding(key.WithKeys("tab"), key.WithHelp("tab", "list")),
}

// vimKeys are the letters that move in the list when it has the focus.
var vimKeys = struct{ up, down key.Binding }{
	up:   key.NewBinding(key.WithKeys("k")),
	down: key.NewBinding(key.WithKeys("j")),
}

// Keys returns the bindings, for the help.
func (p *Picker) Keys() []key.Binding {
	keys := []key.Binding{pickerKeys.up, pickerKeys.take}
	if p.typing {
		keys = append(keys, pickerKeys.list)
	} else {
		keys = append(keys, pickerKeys.filter, pickerKeys.top)
	}
	if p.filter.Value() != "" {
		keys = append(keys, pickerKeys.clear)
	}
	return append(keys, pickerKeys.pageUp)
}

// Typing reports whether the filter has the focus.
func (p *Picker) Typing() bool { return p.typing }

// Takes reports whether the picker handles the key itself: keys that move in the list
// or between list and filter, and esc if there is a filter to clear.
func (p *Picker) Takes(press tea.KeyPressMsg) bool {
	switch {
	case key.Matches(press, pickerKeys.clear):
		return p.filter.Value() != ""
	case p.typing:
		return key.Matches(press, pickerKeys.list, pickerKeys.up, pickerKeys.down, pickerKeys.pageUp, pickerKeys.pageDown)
	}
	return key.Matches(press, pickerKeys.filter, pickerKeys.up, pickerKeys.down, pickerKeys.pageUp, pickerKeys.pageDown,
		pickerKeys.top, pickerKeys.bottom, vimKeys.up, vimKeys.down)
}

// Searching reports whether the search is incomplete. It continues with the next
// Searched.
func (p *Picker) Searching() bool { return len(p.search.left) > 0 }

// Searched makes a picker continue its search.
type Searched struct{}

// finish completes the search.
func (p *Picker) finish() {
	p.search.finish()
}

// Selected returns the selected person, if any.
func (p *Picker) Selected() (engine.Person, bool) {
	if p.cursor < 0 || p.cursor >= p.search.size() {
		return engine.Person{}, false
	}
	return p.people[p.search.at(p.cursor)], true
}

// Update moves the selection or filters. taken is true if enter chose somebody.
func (p *Picker) Update(msg tea.Msg) (taken bool) {
	press, ok := msg.(tea.KeyPressMsg)
	if _, searched := msg.(Searched); searched {
		p.search.step()
		return false
	}
	if !ok {
		p.typed(msg)
		return false
	}
	switch {
	case key.Matches(press, pickerKeys.up), !p.typing && key.Matches(press, vimKeys.up):
		p.Move(-1)
	case key.Matches(press, pickerKeys.down), !p.typing && key.Matches(press, vimKeys.down):
		p.Move(1)
	case key.Matches(press, pickerKeys.pageUp):
		p.Move(-p.page)
	case key.Matches(press, pickerKeys.pageDown):
		p.Move(p.page)
	case !p.typing && key.Matches(press, pickerKeys.top):
		p.Move(-p.search.size())
	case !p.typing && key.Matches(press, pickerKeys.bottom):
		p.Move(p.search.size())
	case key.Matches(press, pickerKeys.filter):
		p.typing = true // no name contains a slash
	case key.Matches(press, pickerKeys.list):
		p.typing = false
	case key.Matches(press, pickerKeys.clear):
		p.filter.SetValue("")
		p.applyFilter()
	case key.Matches(press, pickerKeys.take):
		p.finish()
		_, ok := p.Selected()
		return ok
	default:
		p.typed(msg)
	}
	return false
}

func (p *Picker) typed(msg tea.Msg) {
	if p.typing && p.filter.Update(msg) {
		p.applyFilter()
	}
}

// Move moves the selection down by n.
func (p *Picker) Move(n int) {
	p.finish()
	p.cursor = min(max(0, p.cursor+n), max(0, p.search.size()-1))
}

// Click selects the person on a line. taken is true if they were already selected.
func (p *Picker) Click(line int) (taken bool) {
	p.finish()
	if line == 0 {
		p.typing = true
		return false
	}
	to := p.top + line - p.above
	if line < p.above || to >= min(p.search.size(), p.top+p.page) {
		return false
	}
	before := p.cursor
	p.cursor, p.typing = to, false
	return before == to
}

// applyFilter restricts the list to the people that match the filter.
func (p *Picker) applyFilter() {
	p.search.begin(p.filter.Value())
	p.cursor, p.top = 0, 0
}

// View draws the picker in height lines and returns the position of the text cursor,
// if the filter has the focus.
func (p *Picker) View(t theme.Theme, width, height int) (block string, x int, cursor bool) {
	count := t.Muted.Render(fmt.Sprintf("%d of %d", p.search.size(), len(p.people)))
	if p.Searching() {
		count = t.Muted.Render(fmt.Sprintf("%d%s of %d", p.search.size(), t.Glyph.More, len(p.people)))
	}
	room := width - Width(count) - 2
	if room < 16 {
		room, count = width, ""
	}
	line, x := p.filter.View(t, room, p.typing)
	if count != "" {
		line = Pad(line, room) + "  " + count
	}
	p.above = 1
	switch {
	case height >= 8:
		p.above = 3 // a line of air, and the header
	case height >= 4:
		p.above = 2
	}
	p.page = max(1, height-p.above)
	p.top = min(p.top, p.cursor)
	p.top = max(p.top, p.cursor-p.page+1)
	p.top = max(0, min(p.top, p.search.size()-p.page))
	lines := []string{line}
	if p.search.size() == 0 && !p.Searching() {
		return Lines(append(lines, " ", t.Muted.Render(Fit("  nobody matches; esc clears the filter", width)))...), x, p.typing
	}
	rows := p.rows(t, width)
	switch p.above {
	case 3:
		lines = append(lines, " ")
	case 1:
		rows = rows[1:]
	}
	return Lines(append(lines, rows...)...), x, p.typing
}
