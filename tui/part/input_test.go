package part

import (
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

func special(code rune, mod ...tea.KeyMod) tea.KeyPressMsg {
	k := tea.KeyPressMsg{Code: code}
	for _, m := range mod {
		k.Mod |= m
	}
	return k
}

func typed(f *Field, s string) {
	for _, r := range s {
		f.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
}

func TestAFieldIsEdited(t *testing.T) {
	var f Field
	typed(&f, "hello wrld")
	for range 3 {
		f.Update(special(tea.KeyLeft))
	}
	typed(&f, "o")
	require.Equal(t, "hello world", f.Value())
	f.Update(special(tea.KeyEnd))
	f.Update(special('w', tea.ModCtrl))
	require.Equal(t, "hello ", f.Value())
	f.Update(special(tea.KeyHome))
	f.Update(special(tea.KeyDelete))
	require.Equal(t, "ello ", f.Value())
	f.Update(special(tea.KeyRight, tea.ModAlt))
	f.Update(special('k', tea.ModCtrl))
	require.Equal(t, "ello", f.Value())
	f.Update(special(tea.KeyBackspace))
	f.Update(special('u', tea.ModCtrl))
	require.Equal(t, "", f.Value())
	require.False(t, f.Update(special(tea.KeyBackspace)))
}

func TestPastedTextLosesItsLineBreaks(t *testing.T) {
	var f Field
	f.Update(tea.PasteMsg{Content: " token\n"})
	require.Equal(t, "token", f.Value())
}

func TestATypedFieldRefusesPaste(t *testing.T) {
	f := Field{Typed: true}
	require.False(t, f.Update(tea.PasteMsg{Content: "priya-nair"}))
	require.Equal(t, "", f.Value())
}

func TestASecretIsNeitherDrawnNorPrinted(t *testing.T) {
	f := &Field{Masked: true}
	typed(f, "canary")
	line, x := f.View(theme.New(true, true), 40, true)
	require.Equal(t, "> ******", ansi.Strip(line))
	require.Equal(t, 8, x)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		require.NotContains(t, fmt.Sprintf(verb, f), "canary")
	}
}

func TestALongValueScrollsWithTheCursor(t *testing.T) {
	f := &Field{}
	typed(f, "0123456789abcdefghij")
	line, x := f.View(theme.New(true, true), 12, true)
	require.Equal(t, "> bcdefghij", ansi.Strip(line))
	require.Equal(t, 11, x)
	f.Update(special(tea.KeyHome))
	line, x = f.View(theme.New(true, true), 12, true)
	require.LessOrEqual(t, Width(line), 12)
	require.Equal(t, 2, x)
}

func TestAMenuStandsOnWhatIsRecommended(t *testing.T) {
	m := NewMenu([]Item{{Label: "a", Disabled: "no"}, {Label: "b"}, {Label: "c"}}, 2)
	require.Equal(t, 2, m.Selected())
	m = NewMenu([]Item{{Label: "a", Disabled: "no"}, {Label: "b"}}, 0)
	require.Equal(t, 1, m.Selected())
	m.Update(special(tea.KeyUp))
	require.Equal(t, 0, m.Selected())
	require.False(t, m.Update(special(tea.KeyEnter)))
	m.Update(special(tea.KeyDown))
	require.True(t, m.Update(special(tea.KeyEnter)))
}

func TestAMenuKeepsTheSelectionInView(t *testing.T) {
	items := make([]Item, 40)
	for i := range items {
		items[i] = Item{Label: fmt.Sprintf("item %02d", i), Why: "because"}
	}
	m := NewMenu(items, -1)
	for i := range items {
		for height := 1; height < 8; height++ {
			block := m.View(theme.New(true, false), 30, height)
			require.LessOrEqual(t, Height(block), height)
			require.Contains(t, ansi.Strip(block), fmt.Sprintf("item %02d", i))
		}
		m.Update(special(tea.KeyDown))
	}
}

func TestThePickerFindsByEveryWord(t *testing.T) {
	people := []engine.Person{
		{Email: "invited@acme.example", Invitee: true},
		{Username: "sam-okafor", Name: "Sam Okafor", Teams: []string{"backend"}},
		{Username: "kim-sam", Name: "Kim", Teams: []string{"data"}},
	}
	p := NewPicker(people, "")
	first, _ := p.Selected()
	require.Equal(t, "sam-okafor", first.Username, "invitees come last")
	for _, r := range "SAM" {
		p.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	require.Equal(t, 2, p.search.size())
	for _, r := range " data" {
		p.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	one, ok := p.Selected()
	require.True(t, ok)
	require.Equal(t, "kim-sam", one.Username)
	p.Update(tea.KeyPressMsg{Code: 'x', Text: "x"})
	_, ok = p.Selected()
	require.False(t, ok)
	require.False(t, p.Update(special(tea.KeyEnter)))
	p.Update(special(tea.KeyBackspace))
	require.True(t, p.Update(special(tea.KeyEnter)))
}

func TestThePickerBeginsWithTheSuspicious(t *testing.T) {
	seen := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	people := []engine.Person{
		{Email: "invited@acme.example", Invitee: true},
		{Username: "guest", Guest: true, LastSeen: seen},
		{Username: "fine", Role: "editor", Teams: []string{"backend", "company"}, LastSeen: seen},
		{Username: "the-owner", Role: "owner", LastSeen: seen},
		{Username: "never", Role: "editor", Teams: []string{"backend"}},
		{Username: "bare", Role: "member", Teams: []string{"company"}, LastSeen: seen},
	}
	var order []string
	for _, p := range NewPicker(people, "").people {
		order = append(order, p.Username)
	}
	require.Equal(t, []string{"bare", "never", "fine", "the-owner", "guest", ""}, order)
	require.Equal(t, "invited@acme.example", people[0].Email, "the list itself keeps its order")
}

func TestWhenPeopleWereSeenIsShownWhereItIsKnown(t *testing.T) {
	people := []engine.Person{{Username: "a", Teams: []string{"x"}}, {Username: "b"}}
	block, _, _ := NewPicker(people, "").View(theme.New(true, true), 100, 10)
	require.NotContains(t, block, "last seen")
	people[0].LastSeen = time.Date(2026, 11, 1, 12, 0, 0, 0, time.Local)
	block, _, _ = NewPicker(people, "").View(theme.New(true, true), 100, 10)
	require.Contains(t, block, "last seen")
	require.Contains(t, block, "2026-11-01")
	require.Contains(t, block, "never")
}

func TestACursorStandsBehindWideLetters(t *testing.T) {
	f := &Field{}
	typed(f, "日本")
	_, x := f.View(theme.New(true, true), 40, true)
	require.Equal(t, 6, x)
}

func TestThePickerKeepsTheSelectionInView(t *testing.T) {
	people := make([]engine.Person, 200)
	for i := range people {
		people[i].Username = fmt.Sprintf("user-%03d", i)
	}
	p := NewPicker(people, "user-150")
	th := theme.New(true, false)
	for _, height := range []int{1, 2, 3, 4, 10, 30} {
		block, _, _ := p.View(th, 60, height)
		require.LessOrEqual(t, Height(block), max(2, height))
		if height > 1 {
			require.Contains(t, ansi.Strip(block), "user-150")
		}
	}
	for range 10 {
		p.Update(special(tea.KeyPgDown))
		p.View(th, 60, 10)
	}
	last, _ := p.Selected()
	block, _, _ := p.View(th, 60, 10)
	require.Contains(t, ansi.Strip(block), last.Username)
}

func TestAConfirmationDoesNothingBeforeItIsArmed(t *testing.T) {
	c := NewConfirm("", "no", "yes", true)
	require.Equal(t, Undecided, c.Update(special(tea.KeyEnter)))
	c.Arm()
	require.Equal(t, Yes, c.Update(special(tea.KeyEnter)))
}

func TestAGridKeepsToItsWidth(t *testing.T) {
	th := theme.New(true, false)
	rows := [][]Cell{
		{{"a", th.Text}, {"some longer text that has to be wrapped", th.Text}, {"end", th.Text}},
		{{"wide 日本語テキスト", th.Text}, {"b", th.Text}, {"", th.Text}},
	}
	for width := 12; width < 90; width++ {
		for line := range splitLines(Grid(width, rows)) {
			require.LessOrEqual(t, Width(line), width)
		}
	}
}

func splitLines(s string) map[string]bool {
	m := map[string]bool{}
	start := 0
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == '\n' {
			m[s[start:i]] = true
			start = i + 1
		}
	}
	return m
}
