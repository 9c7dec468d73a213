package tui

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

// nasty is everything at once that a server might answer with.
const nasty = "\x1b[2J\x1b[31mred\x1b]0;owned\x07\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\" +
	"\u202eesrever\u2066\u200f\u200b\ufeff\x00\x7f\x9b31m\r\n\tنص 日本語テキスト 🧑🏽‍💻🇩🇪 क्षि e\u0301\u0301\u0301\u0301\u0301\xff\u2028end"

// hostile is a case in which every foreign text is nasty, and some are endless.
func hostile() engine.Case {
	long := strings.Repeat("x", 10_000)
	wide := strings.Repeat("漢", 3_000)
	c := priya()
	c.Org = "acme" + nasty
	c.Member.Email, c.Member.Role, c.Member.Teams = nasty, nasty, []string{long, wide, nasty}
	c.Member.Name = nasty + wide
	c.Expected.Provider, c.Expected.Role, c.Expected.Teams = nasty, wide, []string{nasty, long}
	c.Expected.Application = long
	c.Expected.SSO = []engine.Attribute{{Name: "dockerRole", Value: nasty + long, Resolved: true}}
	c.Invites[0].Team, c.Invites[0].Inviter = nasty, long
	c.Repositories.LastPushed = []string{nasty, wide}
	c.Repositories.Personal = []engine.Repository{
		{Name: nasty, Description: wide, Target: wide, Place: engine.Place{Foreign: []string{nasty, wide}}},
		{Name: wide, Description: nasty, Target: nasty, Pulls: 1},
		{Name: "skipped", Target: "acme/skipped"},
	}
	c.Repositories.Organization = []engine.OrgRepository{{Name: nasty, Why: []string{wide, nasty}}}
	c.Repositories.SoleTeams, c.Repositories.Note = []string{nasty, wide}, nasty
	c = c.WithChoice(engine.HandOverChoice{Skip: nasty + wide}, "skipped")
	c.SCIMUser = engine.SCIMUser{Found: true, UserName: long + nasty}
	c.Audit.JIT = []engine.AuditEvent{{Actor: nasty, Description: long, At: noon.AddDate(0, 0, -1)}}
	for i := range c.Session.Systems {
		s := &c.Session.Systems[i]
		s.Title, s.Host, s.Who, s.Problem = s.Title+nasty, long, nasty, nasty+wide
	}
	c.Roster = append([]engine.Person{
		{Username: "evil" + nasty, Name: wide, Email: long, Role: nasty, Teams: []string{nasty}},
	}, c.Roster...)
	return c
}

// hostileStops adds nasty texts where the engine's own stand.
func hostileStops() []stop {
	list := stops(hostile())
	long := strings.Repeat("wort ", 2_000)
	for i := range list {
		s := &list[i].state
		s.Saved += nasty
		s.Problem.Title, s.Problem.Detail, s.Problem.Advice = nasty, long+nasty, nasty
		s.Check.Text += nasty + long
		s.Check.Evidence = append(s.Check.Evidence, engine.Evidence{Text: nasty + long, Source: nasty, At: noon})
		if s.Verdict.Ask != nil {
			ask := *s.Verdict.Ask
			ask.Text, ask.Why, ask.Note = ask.Text+nasty, nasty+long, nasty+"\n"+long
			ask.Options = append([]engine.Option{}, ask.Options...)
			for n := range ask.Options {
				ask.Options[n].Label, ask.Options[n].Why = nasty, long
			}
			s.Verdict.Ask = &ask
		}
		for n := range s.Verdict.Choices {
			s.Verdict.Choices[n].Label += nasty
			s.Verdict.Choices[n].Why, s.Verdict.Choices[n].Disabled = long, nasty+long
		}
		for n := range s.Plan.Changes {
			ch := &s.Plan.Changes[n]
			ch.Title, ch.Before, ch.After = nasty, long, nasty
			ch.Call.URL += nasty + strings.Repeat("y", 3_000)
			ch.Call.Body = `{"a":"` + "\u202e" + strings.Repeat("z", 5_000) + `"}`
			ch.Copy.Source, ch.Copy.Target = nasty, strings.Repeat("r", 4_000)
			ch.Console.URL, ch.Console.Watch = "https://evil.example/"+nasty, nasty
			ch.Console.Ways = [][]string{{nasty, long}, {long}}
			ch.Copy.Tags = []engine.TagRef{{Name: nasty, Digest: nasty}, {Name: strings.Repeat("t", 500), Digest: strings.Repeat("d", 500), Size: 1 << 60}}
		}
		if len(s.Plan.Changes) > 0 {
			s.Plan.Subject, s.Plan.Title = nasty, nasty+long
			s.Plan.Notes = append(s.Plan.Notes, nasty+long)
			s.Plan.Guards = append(s.Plan.Guards, engine.Guard{Text: nasty, Seen: long})
		}
		list[i].live.Text = nasty + long
		list[i].live.Unit = nasty
	}
	return list
}

// Whatever the servers say and however small the terminal is: no line is wider
// than the terminal, there are no more lines than it has, and nothing reaches
// it that it would obey.
func TestNothingLeavesTheScreen(t *testing.T) {
	widths := []int{20, 21, 29, 30, 40, 59, 60, 74, 80, 99, 100, 149, 150, 200, 250}
	heights := []int{6, 8, 12, 15, 16, 24, 80}
	for n, x := range hostileStops() {
		t.Run(x.name, func(t *testing.T) {
			m := showing(x, 80, 24)
			for i, w := range widths {
				if (i+n)%3 != 0 {
					continue // every width meets every kind of screen all the same
				}
				h := heights[i%len(heights)]
				m.Update(tea.WindowSizeMsg{Width: w, Height: h})
				harmless(t, m, w, h)
				m.Update(press("pgdown"))
				harmless(t, m, w, h)
			}
			for _, size := range []tea.WindowSizeMsg{{Width: 20, Height: 6}, {Width: 7, Height: 3}, {Width: 1, Height: 1}} {
				m.Update(size)
				harmless(t, m, size.Width, size.Height)
			}
			m.Update(tea.WindowSizeMsg{Width: 60, Height: 10})
			m.overlay = overlayHelp
			harmless(t, m, 60, 10)
			m.overlay = overlayNone
			m.notice = []string{nasty, strings.Repeat("n", 9_000)}
			harmless(t, m, 60, 10)
		})
	}
}

func harmless(t *testing.T, m *Model, w, h int) {
	t.Helper()
	v := m.View()
	lines := strings.Split(v.Content, "\n")
	require.LessOrEqual(t, len(lines), h, "%dx%d has too many lines", w, h)
	for n, line := range lines {
		plain := ansi.Strip(line)
		if got := max(ansi.StringWidth(plain), ansi.StringWidthWc(plain)); got > w {
			t.Fatalf("%dx%d: line %d is %d wide: %q", w, h, n, got, plain)
		}
		for _, r := range plain {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Fatalf("%dx%d: line %d holds %U: %q", w, h, n, r, plain)
			}
		}
		onlyStyles(t, line)
	}
	for _, r := range v.WindowTitle {
		require.False(t, unicode.IsControl(r), "window title")
	}
	if v.Cursor != nil {
		require.Less(t, v.Cursor.X, w)
		require.Less(t, v.Cursor.Y, h)
		require.GreaterOrEqual(t, v.Cursor.Y, 0)
	}
}

// onlyStyles asserts that the only escape sequences in a line are colours and
// the like.
func onlyStyles(t *testing.T, line string) {
	t.Helper()
	for i := 0; i < len(line); i++ {
		if line[i] != '\x1b' {
			continue
		}
		if strings.HasPrefix(line[i:], "\x1b]8;;") {
			target, _, ok := strings.Cut(line[i+5:], "\x07")
			require.True(t, ok && !strings.ContainsFunc(target, func(r rune) bool { return r <= ' ' || r > '~' }), "link in %q", line)
			require.True(t, target == "" || strings.HasPrefix(target, "http"), "link in %q", line)
			continue
		}
		end := strings.IndexByte(line[i:], 'm')
		require.True(t, strings.HasPrefix(line[i:], "\x1b[") && end > 0, "escape sequence in %q", line)
		require.Equal(t, "", strings.Trim(line[i+2:i+end], "0123456789;:"), "escape sequence in %q", line)
	}
}

// Every size from 20x6 to 250x80. Each meets one kind of screen, and each kind
// of screen meets every width and every height.
func TestNothingLeavesTheScreenAtAnySize(t *testing.T) {
	list := hostileStops()
	for part := range 4 {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			windows := make([]*Model, len(list))
			for w := 20 + part; w <= 250; w += 4 {
				for h := 6 + w%sizeStride; h <= 80; h += sizeStride {
					n := (w + h) % len(list)
					if windows[n] == nil {
						windows[n] = showing(list[n], w, h)
					}
					windows[n].Update(tea.WindowSizeMsg{Width: w, Height: h})
					harmless(t, windows[n], w, h)
				}
			}
		})
	}
}

func TestThePreviewShowsHiddenCharactersOfACall(t *testing.T) {
	x := find(t, "approve-request")
	x.state.Plan.Changes[0].Call.Body = "{\"team\":\"a\u202eb\"}"
	m := showing(x, 100, 40)
	require.Contains(t, shot(m), `"team": "a\u202eb"`)
}

// The phases and kinds of questions that the engine knows are all among the
// stops of these tests.
func TestEveryPhaseAndQuestionHasAScreen(t *testing.T) {
	phases := map[guide.Phase]bool{}
	kinds := map[engine.QuestionKind]bool{}
	for _, x := range stops(priya()) {
		phases[x.state.Phase] = true
		if x.state.Verdict.Ask != nil {
			kinds[x.state.Verdict.Ask.Kind] = true
		}
		require.NotNil(t, screen.For(x.state, screen.Setup{}), x.name)
	}
	for _, p := range guide.Phases() {
		require.True(t, phases[p], "no stop shows the phase %s", p)
	}
	for _, k := range []engine.QuestionKind{engine.AnswerChoice, engine.AnswerText, engine.AnswerMember, engine.AnswerCredential, engine.AnswerWords} {
		require.True(t, kinds[k], fmt.Sprintf("no stop asks a question of the kind %s", k))
	}
}
