package part

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

func named(list []engine.Person) []string {
	var names []string
	for _, p := range list {
		names = append(names, cmp.Or(p.Username, p.Email))
	}
	return names
}

func TestBetterWaysOfBeingFoundComeFirst(t *testing.T) {
	team := []string{"data"}
	people := []engine.Person{
		{Username: "xannax", Name: "X", Teams: team},                    // within
		{Username: "a-n-n-a", Name: "Y", Teams: team},                   // letters in their order
		{Username: "joanna", Name: "Jo Anna", Teams: team},              // a word of the name begins with it
		{Username: "anna-lee", Name: "Lee", Teams: team},                // begins with it
		{Username: "anna", Name: "Anna Q", Teams: team},                 // it is it
		{Username: "kim", Name: "Kim", Email: "k@b", Teams: team},       // not at all
		{Username: "bo", Name: "Bo", Teams: []string{"anna-friends"}},   // a word of a team begins with it
		{Username: "annabel", Name: "B", Role: "member"},                // begins with it, and is suspicious
		{Username: "", Email: "anna-new@acme.example", Invitee: true},   // begins with it, and is nobody yet
		{Username: "guest-anna", Name: "Z", Guest: true, Teams: team},   // a word begins with it
		{Username: "alan-norma", Name: "Alan Norma Adams", Teams: team}, // letters in their order
	}
	require.Equal(t, []string{
		"anna",
		"annabel", "anna-lee", "anna-new@acme.example",
		"joanna", "bo", "guest-anna",
		"xannax",
		"a-n-n-a", "alan-norma",
	}, named(Matching(people, "anna")))
	require.Equal(t, []string{"bo"}, named(Matching(people, " BO  anna ")), "every word, in any field")
	require.Empty(t, Matching(people, "anna zzz"))
}

func TestLettersInTheirOrderFindANameAndNotACoincidence(t *testing.T) {
	people := []engine.Person{
		{Username: "priya-nair", Name: "Priya Nair", Email: "priya.nair@acme.example", Role: "member", Teams: []string{"legacy"}},
		{Username: "pat-stone", Name: "Pat Stone", Email: "pat.stone@acme.example", Role: "member", Teams: []string{"near"}},
	}
	require.Equal(t, []string{"priya-nair"}, named(Matching(people, "prynr")))
	require.Empty(t, Matching(people, "memace"), "not across fields, and not in roles or teams")
}

// Going on with a query, and taking letters back, must find what looking anew
// finds, however much of the last search was left.
func TestASearchThatGoesOnFindsWhatANewOneFinds(t *testing.T) {
	people := make([]engine.Person, 3*stride+17)
	random := rand.New(rand.NewPCG(1, 2))
	const alphabet = "abcde1-. é"
	text := func() string {
		var b strings.Builder
		for range 3 + random.IntN(8) {
			r := []rune(alphabet)
			b.WriteRune(r[random.IntN(len(r))])
		}
		return b.String()
	}
	for i := range people {
		people[i] = engine.Person{Username: text(), Name: text(), Email: text() + "@b", Role: "member", Teams: []string{text()}}
	}
	s, fresh := newSearch(people), newSearch(people)
	query := ""
	for range 150 {
		r := []rune(query)
		if random.IntN(3) == 0 && len(r) > 0 {
			query = string(r[:len(r)-1])
		} else {
			a := []rune(alphabet)
			query += string(a[random.IntN(len(a))])
		}
		if len(query) > 6 {
			query = ""
		}
		s.begin(query)
		if random.IntN(2) == 0 {
			s.finish()
			fresh.begin("\n") // nothing goes on from this
			fresh.begin(query)
			fresh.finish()
			require.Equal(t, results(fresh), results(s), "%q", query)
		}
	}
}

func TestOneKeyLooksAtABoundedNumberOfPeople(t *testing.T) {
	people := make([]engine.Person, 3*stride)
	for i := range people {
		people[i].Username = fmt.Sprintf("user-%05d", i)
	}
	p := NewPicker(people, "")
	p.Update(letter('u'))
	require.True(t, p.Searching())
	require.Equal(t, stride, p.search.size())
	p.Update(Searched{})
	require.Equal(t, 2*stride, p.search.size())
	p.Update(Searched{})
	require.False(t, p.Searching())
	require.Equal(t, 3*stride, p.search.size())
}

// Whoever is chosen must not depend on how far the search has come.
func TestEnterTakesTheBestOfAll(t *testing.T) {
	people := make([]engine.Person, 3*stride)
	for i := range people {
		people[i] = engine.Person{Username: fmt.Sprintf("user-%05d", i), Name: "Zoe X"}
	}
	people[len(people)-1].Username = "zoe"
	p := NewPicker(people, "")
	for _, r := range "zoe" {
		p.Update(letter(r))
	}
	require.True(t, p.Searching())
	require.True(t, p.Update(special(tea.KeyEnter)))
	x, _ := p.Selected()
	require.Equal(t, "zoe", x.Username)
}

func TestWhatWasFoundIsMarked(t *testing.T) {
	th := theme.New(true, false)
	marked := func(text, query string) string {
		s := newSearch([]engine.Person{{Username: text}})
		var b strings.Builder
		for i, m := range s.people[0].found(text, query) {
			if m {
				b.WriteByte(text[i])
			}
		}
		return b.String()
	}
	require.Equal(t, "iya", marked("priya-nair", "IYA"))
	require.Equal(t, "pryn", marked("priya-nair", "pryn"))
	require.Equal(t, "prnair", marked("priya-nair", "nair pr"))
	require.Equal(t, "é", marked("renée", "é"))

	p := NewPicker([]engine.Person{{Username: "renée-日本", Name: "Renée", Teams: []string{"data"}}}, "")
	p.filter.SetValue("née")
	p.applyFilter()
	block, _, _ := p.View(th, 90, 8)
	require.Contains(t, ansi.Strip(block), "renée-日本")
	require.Contains(t, block, th.Match.Render("née"))
}

func TestASlashGoesToTheFilterAndTabToTheList(t *testing.T) {
	people := make([]engine.Person, 30)
	for i := range people {
		people[i] = engine.Person{Username: fmt.Sprintf("jk-%02d", i), Teams: []string{"x"}}
	}
	p := NewPicker(people, "")
	p.View(theme.New(true, false), 80, 12)
	at := func() string { x, _ := p.Selected(); return x.Username }

	require.True(t, p.Typing(), "whoever begins to type, finds")
	p.Update(letter('/'))
	p.Update(letter('j'))
	require.Equal(t, "j", p.filter.Value())
	p.Update(special(tea.KeyTab))
	require.False(t, p.Typing())
	for _, x := range []struct{ key, at string }{
		{"j", "jk-01"}, {"j", "jk-02"}, {"k", "jk-01"}, {"G", "jk-29"}, {"j", "jk-29"}, {"g", "jk-00"}, {"x", "jk-00"},
	} {
		p.Update(letter([]rune(x.key)[0]))
		require.Equal(t, x.at, at(), x.key)
	}
	require.Equal(t, "j", p.filter.Value())
	p.Update(letter('/'))
	p.Update(letter('k'))
	require.Equal(t, "jk", p.filter.Value())
	require.True(t, p.Takes(special(tea.KeyEscape)))
	p.Update(special(tea.KeyEscape))
	require.Empty(t, p.filter.Value())
	require.False(t, p.Takes(special(tea.KeyEscape)), "then it goes back")
}

func TestSuspicionIsASignWithWords(t *testing.T) {
	people := []engine.Person{{Username: "bare", Role: "member", Teams: []string{"company"}}, {Username: "fine", Teams: []string{"data"}}}
	p := NewPicker(people, "")
	block, _, _ := p.View(theme.New(true, false), 100, 10)
	require.Regexp(t, `❯ ▲ bare .* on no team of their own`, ansi.Strip(block))
	require.Contains(t, ansi.Strip(p.Card(theme.New(true, false), 38)), "▲ on no team of their own")
	suspects, why := Suspects(people)
	require.Equal(t, people[:1], suspects)
	require.Equal(t, "on no team of their own", why["bare"])
}

func letter(r rune) tea.KeyPressMsg { return tea.KeyPressMsg{Code: r, Text: string(r)} }

func results(s *search) []int32 {
	list := make([]int32, s.size())
	for i := range list {
		list[i] = s.at(i)
	}
	return list
}
