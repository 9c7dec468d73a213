package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

// owner is priya with repositories of every kind, and more of them.
func owner(more int) engine.Case {
	c := observed(priya())
	push := noon.AddDate(0, -1, -3)
	c.Repositories.Personal = []engine.Repository{
		{Name: "priya-nair/build-cache", Tags: 2, Size: 62_300_000, Updated: push, Pulls: 4812, Stars: 2, Description: "Cached layers of the nightly builds", Target: "acme/build-cache"},
		{Name: "priya-nair/deploy-tool", Private: true, Tags: 3, Size: 91_000_000, Updated: push.AddDate(0, 0, 9), Pulls: 391, Target: "acme/deploy-tool"},
		{
			Name: "priya-nair/storefront", Tags: 1, Size: 8_400_000, Updated: push, Target: "acme/storefront",
			Place: engine.Place{Exists: true, Tags: 14, Foreign: []string{"2026.10", "2026.11", "latest", "next"}},
		},
	}
	for i := range more {
		c.Repositories.Personal = append(c.Repositories.Personal, engine.Repository{
			Name: fmt.Sprintf("priya-nair/service-%04d", i), Private: i%3 == 0, Tags: 1 + i%40, Size: int64(i+1) * 1_000_000, Updated: push,
			Target: fmt.Sprintf("acme/service-%04d", i),
		})
	}
	c.Repositories.Taken = []string{"acme/storefront", "acme/billing-api"}
	c.Repositories.SoleTeams = []string{"legacy"}
	c.Repositories.Organization = []engine.OrgRepository{
		{
			Name: "acme/billing-api", Seen: true, Private: true, Tags: 3, Size: 210_000_000, LastPush: push, Pushes: 12,
			Why: []string{"they were the last to push 3 of its tags", "12 pushes of theirs in the last 90 days, last on 2026-10-20: a CI job may sign in as them"},
		},
		{Name: "acme/ledger", Seen: true, Size: 5_000_000, Why: []string{"only the team legacy may administer it, and they are its only member"}},
	}
	return c
}

// choosing is the window at the hand-over of a case.
func choosing(t *testing.T, c engine.Case, width, height int) *Model {
	t.Helper()
	s := standing(guide.StepHandOver, guide.PhaseDeciding, c)
	require.Nil(t, s.Verdict.Ask)
	return showing(stop{name: "hand-over", state: s}, width, height)
}

// presses gives keys to the window and lets what they choose happen.
func presses(m *Model, keys ...string) {
	for _, k := range keys {
		cmd := m.update(press(k))
		for cmd != nil {
			e, ok := cmd().(eventMsg)
			if !ok {
				break
			}
			cmd = m.update(e)
		}
	}
}

func types(m *Model, text string) {
	for _, r := range text {
		presses(m, string(r))
	}
}

// handOverScreens are the faces of the hand-over, with the keys that lead there.
var handOverScreens = []struct {
	name string
	do   func(*Model)
}{
	{"table", func(*Model) {}},
	{"details", func(m *Model) { presses(m, "up", "up", "enter") }},
	{"stays", func(m *Model) { presses(m, "down", "enter") }},
	{"rename", func(m *Model) { presses(m, "r", "tab") }},
	{"rename-wrong", func(m *Model) {
		presses(m, "r")
		types(m, "--X")
	}},
	{"reason", func(m *Model) { presses(m, "space", "enter") }},
	{"left", func(m *Model) {
		presses(m, "space")
		types(m, "the shop has its own")
		presses(m, "enter")
	}},
	{"filter", func(m *Model) {
		presses(m, "/")
		types(m, "private")
	}},
	{"ready", func(m *Model) { presses(m, "r", "tab", "enter", "c") }},
}

func TestTheHandOverIsChosenInATable(t *testing.T) {
	for _, x := range handOverScreens {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s/%dx%d", x.name, size.w, size.h), func(t *testing.T) {
				m := choosing(t, owner(0), size.w, size.h)
				x.do(m)
				golden.RequireEqual(t, shot(m))
			})
		}
		t.Run(x.name+"/no-colour", func(t *testing.T) {
			m := choosing(t, owner(0), 80, 24)
			m.Update(tea.EnvMsg{"TERM=linux"})
			x.do(m)
			var out strings.Builder
			w := colorprofile.Writer{Forward: &out, Profile: colorprofile.ASCII}
			_, err := w.WriteString(m.View().Content)
			require.NoError(t, err)
			require.NotRegexp(t, `\x1b\[[0-9;]*(3|4|9|10)[0-9][;m]`, out.String(), "a colour")
			golden.RequireEqual(t, ansi.Strip(out.String())+"\n")
		})
	}
}

func TestARepositoryWithAProblemHoldsTheCopyUpUntilItIsSettled(t *testing.T) {
	m := choosing(t, owner(0), 100, 30)
	require.Contains(t, shot(m), "acme/storefront already exists with other content (tags 2026.10, 2026.11,")
	presses(m, "c", "up", "enter")
	require.Equal(t, guide.PhaseDeciding, m.state.Phase, "nothing is planned while one is in the way")
	require.Contains(t, shot(m), "cannot be taken: priya-nair/storefront")
	presses(m, "up", "r", "enter")
	require.Empty(t, m.state.Case.Choices, "the same name is in the way still")
	for range "storefront" {
		presses(m, "backspace")
	}
	types(m, "deploy-tool")
	require.Contains(t, shot(m), "the copy of priya-nair/deploy-tool already has this name")
	presses(m, "enter")
	require.Empty(t, m.state.Case.Choices)
	types(m, "-shop")
	require.Contains(t, shot(m), "acme/deploy-tool-shop can be used")
	presses(m, "enter")
	require.Equal(t, engine.HandOverChoice{Target: "acme/deploy-tool-shop", At: noon}, m.state.Case.Choices["priya-nair/storefront"])
	presses(m, "c", "enter")
	require.Equal(t, guide.PhasePlanning, m.state.Phase)
}

func TestARepositoryIsLeftBehindOnlyForAReason(t *testing.T) {
	m := choosing(t, owner(0), 80, 24)
	presses(m, "up", "space", "enter")
	require.Contains(t, shot(m), "A reason is needed")
	presses(m, "space", "space", "enter")
	require.Empty(t, m.state.Case.Choices, "spaces are no reason")
	presses(m, "esc")
	require.Equal(t, guide.StepHandOver, m.state.Step, "esc leaves the question and not the step")
	presses(m, "space")
	types(m, "it is built anew every night")
	presses(m, "enter")
	require.Equal(t, engine.HandOverChoice{Skip: "it is built anew every night", At: noon}, m.state.Case.Choices["priya-nair/deploy-tool"])
	require.Contains(t, shot(m), "left behind: it is built anew every night")
	presses(m, "space")
	require.False(t, m.state.Case.Choices["priya-nair/deploy-tool"].Skipped(), "taken in again")

	presses(m, "a", "enter") // the last reason is offered again
	require.Empty(t, engine.Selected(m.state.Case))
	require.Contains(t, shot(m), "Continue")
	require.Equal(t, guide.StepHandOver, m.state.Step, "the last choice can be taken back")
	presses(m, "a")
	require.Len(t, engine.Selected(m.state.Case), 3)
}

func TestWhatIsRenamedKeepsItsNameWhenItIsTakenInAgain(t *testing.T) {
	m := choosing(t, owner(0), 80, 24)
	presses(m, "r", "tab", "enter")
	target := m.state.Case.Choices["priya-nair/storefront"].Target
	require.Equal(t, "acme/priya-nair-storefront", target)
	presses(m, "space")
	types(m, "not now")
	presses(m, "enter", "space")
	require.Equal(t, target, m.state.Case.Choices["priya-nair/storefront"].Target)
}

func TestTheOrganizationsOwnRepositoriesAreOnlyShown(t *testing.T) {
	m := choosing(t, owner(0), 100, 30)
	presses(m, "down", "space")
	require.Contains(t, shot(m), "It stays in acme")
	presses(m, "r")
	require.Contains(t, shot(m), "It stays in acme")
	presses(m, "enter")
	require.Contains(t, shot(m), "12 pushes of theirs in the last 90 days")
	require.Empty(t, m.state.Case.Choices)
}

func TestAThousandRepositoriesAreFilteredAndLeftBehindAtOnce(t *testing.T) {
	m := choosing(t, owner(1000), 120, 36)
	presses(m, "/")
	types(m, "service private")
	require.Contains(t, shot(m), "334 of 1005")
	presses(m, "enter", "a")
	types(m, "old")
	presses(m, "enter")
	require.Len(t, engine.Selected(m.state.Case), 1003-334)
	presses(m, "esc")
	require.Contains(t, shot(m), "334 left behind")
}

// BenchmarkHandOverKey is the time from a key to the frame it draws.
func BenchmarkHandOverKey(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprintf("%d repositories", n), func(b *testing.B) {
			s := standing(guide.StepHandOver, guide.PhaseDeciding, owner(n))
			m := showing(stop{state: s}, 120, 36)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				k := "down"
				if i%8 > 3 {
					k = "up"
				}
				m.Update(press(k))
				_ = m.View()
			}
		})
	}
	b.Run("choose among 1000", func(b *testing.B) {
		s := standing(guide.StepHandOver, guide.PhaseDeciding, owner(1000))
		m := showing(stop{state: s}, 120, 36)
		presses(m, "up")
		b.ReportAllocs()
		for b.Loop() {
			presses(m, "space", "x", "enter", "space")
			_ = m.View()
		}
	})
}

// copying is the window in the middle of a run of many copies.
func copying(changes int) stop {
	s := standing(guide.StepHandOver, guide.PhaseRunning, owner(0))
	s.Plan = planFor(s.Case, engine.ActionHandOver)
	ch := s.Plan.Changes[1]
	for i := range changes {
		ch.ID, ch.Title = fmt.Sprint(i), fmt.Sprintf("Copy priya-nair/service-%04d to acme/service-%04d", i, i)
		s.Plan.Changes = append(s.Plan.Changes, ch)
	}
	live := screen.Live{Elapsed: 83 * time.Second, Change: changes / 2}
	titles := make([]string, len(s.Plan.Changes))
	for i, c := range s.Plan.Changes {
		titles[i] = c.Title
	}
	live = live.With(engine.Progress{Text: titles[changes/2]}, titles)
	return stop{name: "copying", state: s, live: live.With(engine.Progress{
		Text: titles[changes/2], Item: "tag 2026.11", Done: 13_000_000, Total: 42_000_000, Unit: "bytes", Left: 12 * time.Second,
		More: []engine.Amount{{Done: 4, Total: 9, Unit: "layers"}, {Done: 1, Total: 3, Unit: "tags"}},
	}, titles)}
}

func TestACopyShowsHowFarItIs(t *testing.T) {
	for _, size := range sizes {
		t.Run(fmt.Sprintf("%dx%d", size.w, size.h), func(t *testing.T) {
			golden.RequireEqual(t, shot(showing(copying(40), size.w, size.h)))
		})
	}
	m := showing(copying(1998), 80, 24)
	require.Contains(t, shot(m), "Making change 1000 of 2000")
	require.Contains(t, shot(m), "4 of 9 layers, 1 of 3 tags, about 12 s left")
	m.interrupt()
	require.Contains(t, shot(m), "Stopping the copy; it can continue from here later")
}
