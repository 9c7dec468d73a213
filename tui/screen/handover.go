package screen

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// handOver asks what to do with each repository: copy it, copy it under another
// name, or leave it behind for a recorded reason.
type handOver struct {
	// c is the case with the decisions made on this screen. The walk checks them
	// by the same rules (engine.ChoiceProblem), so the two agree.
	c         engine.Case
	table     *part.Repositories
	menu      part.Menu
	choices   []engine.Choice
	obstacles map[string]engine.Obstacle // what prevents a copy, by repository
	inMenu    bool
	menuAt    int // the menu's first line in the foot, as last drawn
	details   bool

	asking  asked
	of      []string // the repositories that the question is about
	field   part.Field
	offer   int // index into the names that tab cycles through
	notice  string
	reason  string            // the last one given: it often applies to the next repository
	renamed map[string]string // the name chosen for a copy before its repository was left behind
}

// asked is what the input line is for.
type asked int

const (
	askedNothing asked = iota
	askedName
	askedReason
)

func newHandOver(s guide.State) *handOver {
	h := &handOver{c: s.Case, table: part.NewRepositories(s.Case), renamed: map[string]string{}}
	h.decide(s.Verdict)
	h.inMenu = h.choices[0].Disabled == ""
	return h
}

func (h *handOver) decide(v engine.Verdict) {
	h.choices, h.menu, h.obstacles = v.Choices, choiceMenu(v.Choices), engine.Obstacles(h.c)
}

var handOverKeys = struct{ leave, name, all, details, jump, table, record, cancel, other key.Binding }{
	leave:   key.NewBinding(key.WithKeys("space", "x"), key.WithHelp("space", "copy or not")),
	name:    key.NewBinding(key.WithKeys("r"), key.WithHelp("r", "rename")),
	all:     key.NewBinding(key.WithKeys("a"), key.WithHelp("a", "all in view")),
	details: key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "details")),
	jump:    key.NewBinding(key.WithKeys("c"), key.WithHelp("c", "to the action")),
	table:   key.NewBinding(key.WithKeys("up"), key.WithHelp("↑", "to the repositories")),
	record:  key.NewBinding(key.WithKeys("enter"), key.WithHelp("enter", "confirm")),
	cancel:  key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "cancel")),
	other:   key.NewBinding(key.WithKeys("tab"), key.WithHelp("tab", "another free name")),
}

func (h *handOver) Keys() []key.Binding {
	k := handOverKeys
	switch {
	case h.asking == askedName:
		return []key.Binding{k.record, k.other}
	case h.asking == askedReason:
		return []key.Binding{k.record}
	case h.table.Typing():
		return h.table.Keys()
	case h.inMenu:
		return append(h.menu.Keys(), k.table)
	}
	return append([]key.Binding{k.leave, k.name, k.details, k.jump, k.all}, h.table.Keys()...)
}

func (h *handOver) Typing() bool { return h.asking != askedNothing || h.table.Typing() }

func (h *handOver) Takes(press tea.KeyPressMsg) bool {
	k := handOverKeys
	switch {
	case h.asking != askedNothing:
		return key.Matches(press, k.cancel, k.other)
	case h.table.Typing():
		return h.table.Takes(press)
	case h.inMenu:
		return key.Matches(press, part.Steps...)
	case key.Matches(press, k.leave):
		return true
	case key.Matches(press, k.cancel):
		return h.details || h.table.Takes(press)
	case key.Matches(press, part.Pages...):
		return !h.details && h.table.Overflows() // else they scroll what is above
	}
	return h.table.Takes(press)
}

func (h *handOver) Update(msg tea.Msg) Action {
	press, isKey := msg.(tea.KeyPressMsg)
	click, clicked := msg.(Clicked)
	wheel, wheeled := msg.(Wheeled)
	switch {
	case h.asking != askedNothing:
		return h.answer(msg)
	case wheeled:
		h.table.Move(wheel.By)
		return nil
	case clicked:
		return h.clicked(click.Row)
	case h.table.Typing():
		h.table.Update(msg)
		return nil
	case !isKey:
		return nil
	}
	h.notice = ""
	k := handOverKeys
	up, down := part.Steps[0], part.Steps[1]
	switch {
	case h.inMenu && key.Matches(press, up) && h.menu.Selected() == 0:
		h.inMenu = false
	case h.inMenu:
		if h.menu.Update(msg) {
			return Walk{guide.Chosen{Outcome: h.choices[h.menu.Selected()].Outcome}}
		}
	case key.Matches(press, down) && h.table.AtEnd():
		h.inMenu = true
	case key.Matches(press, k.jump):
		h.inMenu = true
	case key.Matches(press, k.details):
		h.details = !h.details
	case key.Matches(press, k.cancel) && h.details:
		h.details = false
	case key.Matches(press, k.leave):
		return h.leave()
	case key.Matches(press, k.all):
		return h.all()
	case key.Matches(press, k.name):
		h.rename()
	default:
		h.table.Update(msg)
	}
	return nil
}

// clicked selects a row of the table or an action. A click on the selected action
// takes it.
func (h *handOver) clicked(row int) Action {
	if h.inMenu = row >= h.menuAt; !h.inMenu {
		h.table.Click(row)
		return nil
	}
	if h.menu.Click(row - h.menuAt) {
		return Walk{guide.Chosen{Outcome: h.choices[h.menu.Selected()].Outcome}}
	}
	return nil
}

// leave asks why to leave the repository behind, or includes it again.
func (h *handOver) leave() Action {
	name, personal := h.table.Selected()
	switch {
	case !personal:
		h.notice = "It stays in " + h.c.Org + ", so there is nothing to choose."
		return nil
	case h.c.Choices[name].Skipped():
		return h.choose([]string{name}, engine.HandOverChoice{Target: h.formerTarget(name)})
	}
	h.askReason([]string{name})
	return nil
}

// formerTarget returns the name that was chosen for the copy before the repository was left
// behind, or "" if that name can no longer be used.
func (h *handOver) formerTarget(name string) string {
	choice := engine.HandOverChoice{Target: h.renamed[name]}
	if engine.ChoiceProblem(h.c, name, choice) != "" {
		return ""
	}
	return choice.Target
}

// all leaves every repository in view behind. If none of them is to be copied, it
// includes them all again.
func (h *handOver) all() Action {
	names, standings := h.table.Shown()
	var in []string
	for i, name := range names {
		if standings[i] != engine.StandingSkipped {
			in = append(in, name)
		}
	}
	switch {
	case len(names) == 0:
		return nil
	case len(in) == 0:
		return h.choose(names, engine.HandOverChoice{})
	}
	h.askReason(in)
	return nil
}

func (h *handOver) askReason(names []string) {
	h.asking, h.of, h.notice = askedReason, names, ""
	h.field = part.Field{Placeholder: "why it is not needed, for the report", Limit: 200}
	h.field.SetValue(h.reason)
}

func (h *handOver) rename() {
	name, personal := h.table.Selected()
	switch {
	case !personal:
		h.notice = "It stays in " + h.c.Org + ": nothing is copied."
		return
	case h.c.Choices[name].Skipped():
		h.notice = "It is left behind. Press space to include it again."
		return
	}
	for _, r := range h.c.Repositories.Personal {
		if r.Name == name && r.Handed() {
			h.notice = "The member has already copied it, to the name in the plan."
			return
		}
		if r.Name == name {
			h.asking, h.of, h.offer, h.notice = askedName, []string{name}, -1, ""
			h.field = part.Field{Placeholder: "a name in " + h.c.Org, Limit: 300}
			h.field.SetValue(strings.TrimPrefix(engine.TargetOf(h.c, r), h.c.Org+"/"))
		}
	}
}

// answer handles a message while the input line is open.
func (h *handOver) answer(msg tea.Msg) Action {
	press, isKey := msg.(tea.KeyPressMsg)
	k := handOverKeys
	switch {
	case isKey && key.Matches(press, k.cancel):
		h.asking, h.notice = askedNothing, ""
	case isKey && key.Matches(press, k.record):
		return h.record()
	case isKey && h.asking == askedName && key.Matches(press, k.other):
		if free := engine.FreeNames(h.c, h.of[0]); len(free) > 0 {
			h.offer = (h.offer + 1) % len(free)
			h.field.SetValue(strings.TrimPrefix(free[h.offer], h.c.Org+"/"))
		}
	default:
		if h.field.Update(msg) {
			h.notice = ""
		}
	}
	return nil
}

func (h *handOver) record() Action {
	choice := h.wanted()
	if h.asking == askedReason && choice.Skip == "" {
		h.notice = "A reason is needed. It goes into the report."
		return nil
	}
	if h.problem() != "" {
		return nil // the screen shows it
	}
	if h.asking == askedReason {
		h.reason = choice.Skip
		for _, name := range h.of {
			h.renamed[name] = h.c.Choices[name].Target
		}
	}
	h.asking = askedNothing
	return h.choose(h.of, choice)
}

// wanted returns the content of the input line as a choice.
func (h *handOver) wanted() engine.HandOverChoice {
	typed := strings.TrimSpace(h.field.Value())
	if h.asking == askedReason {
		return engine.HandOverChoice{Skip: typed}
	}
	if typed == "" {
		return engine.HandOverChoice{}
	}
	return engine.HandOverChoice{Target: h.c.Org + "/" + typed}
}

// problem says what is wrong with the content of the input line, "" if nothing is.
func (h *handOver) problem() string { return engine.ChoiceProblem(h.c, h.of[0], h.wanted()) }

func (h *handOver) choose(names []string, choice engine.HandOverChoice) Action {
	h.c = h.c.WithChoice(choice, names...)
	h.table.Set(h.c)
	h.decide(guide.HandOver(h.c))
	return Choose{Repositories: names, Choice: choice}
}
