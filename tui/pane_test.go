package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

func TestTabGoesThroughThePanesAndBack(t *testing.T) {
	m := showing(find(t, "diagnose"), 120, 24)
	for _, want := range []pane{paneText, paneSide, paneAct} {
		m.Update(press("tab"))
		require.Equal(t, want, m.focus)
	}
	for _, want := range []pane{paneSide, paneText, paneAct} {
		m.Update(press("shift+tab"))
		require.Equal(t, want, m.focus)
	}
}

func TestAQuestionMarkHelpsWhereverNoNameHoldsOne(t *testing.T) {
	m := showing(find(t, "member"), 80, 24)
	m.Update(press("?"))
	require.Equal(t, overlayHelp, m.overlay)
	require.Contains(t, shot(m), "On this screen")
	m.Update(press("esc"))
	require.Contains(t, shot(m), "33 of 33", "nothing was typed")

	m = showing(find(t, "ask-words"), 80, 24)
	m.Update(press("?"))
	require.Equal(t, overlayNone, m.overlay)
}

func TestTheFocusedPaneScrollsByArrowsAndVimKeys(t *testing.T) {
	m := showing(find(t, "diagnose"), 120, 24)
	m.Update(press("shift+tab"))
	require.Equal(t, paneSide, m.focus)
	require.Contains(t, shot(m), "┃ ❯ Evidence", "a sign besides the colour")
	require.NotContains(t, shot(m), "❯ Re-provision", "one pointer at a time")
	text := m.scroll
	over := m.layout().sideOverflow
	require.Positive(t, over)
	for _, x := range []struct {
		keys []string
		at   int
	}{
		{[]string{"j", "down"}, 2},
		{[]string{"k", "up", "up"}, 0},
		{[]string{"G"}, over},
		{[]string{"j"}, over},
		{[]string{"g"}, 0},
	} {
		for _, k := range x.keys {
			m.Update(press(k))
		}
		require.Equal(t, x.at, m.sideScroll, x.keys)
	}
	m.Update(tea.KeyPressMsg{Code: 'd', Mod: tea.ModCtrl})
	require.Positive(t, m.sideScroll)
	m.Update(tea.KeyPressMsg{Code: 'u', Mod: tea.ModCtrl})
	require.Zero(t, m.sideScroll)
	require.Equal(t, text, m.scroll, "the other pane stays")

	m.Update(press("esc"))
	require.Equal(t, paneAct, m.focus)
	require.Contains(t, shot(m), "❯ Re-provision")
	require.Equal(t, guide.PhaseDeciding, m.state.Phase)
}

// What is read must not take what was meant to scroll it.
func TestKeysOfAnotherPaneChooseNothing(t *testing.T) {
	for _, name := range []string{"diagnose", "approve-remove", "approve-request", "ask-words"} {
		m := showing(find(t, name), 120, 14)
		m.Update(press("shift+tab"))
		require.Equal(t, paneSide, m.focus, name)
		before := m.state.Seq
		for _, k := range []string{"enter", "right", "x", "d"} {
			_, cmd := m.Update(press(k))
			require.Nil(t, cmd, name+" "+k)
		}
		m.Update(tea.PasteMsg{Content: "priya-nair"})
		m.Update(press("tab"))
		require.Equal(t, paneAct, m.focus)
		require.Equal(t, before, m.state.Seq)
		require.NotContains(t, shot(m), "❯ x")
	}
}

func TestAPaneThatIsGoneLosesTheFocus(t *testing.T) {
	m := showing(find(t, "diagnose"), 120, 24)
	m.Update(press("shift+tab"))
	m.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	require.Equal(t, paneAct, m.focus)
}

func TestThreeColumnsFrom120(t *testing.T) {
	x := find(t, "diagnose")
	require.NotContains(t, shot(showing(x, 119, 36)), "Evidence")
	require.Contains(t, shot(showing(x, 120, 36)), "Evidence")
	require.NotContains(t, shot(showing(x, 80, 24)), "✓ Organization", "one column")
}

func TestEverythingCanBeSeenInFull(t *testing.T) {
	x := find(t, "approve-copy")
	tag := x.state.Plan.Changes[0].Copy.Tags[0]
	m := showing(x, 80, 200)
	require.NotContains(t, shot(m), tag.Digest)
	m.Update(press("v"))
	require.Contains(t, shot(m), tag.Digest)
	m.Update(press("esc"))
	require.NotContains(t, shot(m), tag.Digest)

	x = find(t, "blocked")
	m = showing(x, 40, 200)
	m.Update(press("v"))
	flat := strings.Join(strings.Fields(shot(m)), " ")
	for _, c := range x.state.Verdict.Choices {
		require.Contains(t, flat, strings.Join(strings.Fields(c.Label), " "))
		require.Contains(t, flat, strings.Join(strings.Fields(c.Disabled), " "))
	}
}

func TestTheMouseIsTheTerminalsUntilAskedFor(t *testing.T) {
	m := showing(find(t, "diagnose"), 120, 24)
	require.Equal(t, tea.MouseModeNone, m.View().MouseMode)
	m.Update(press("m"))
	require.Equal(t, tea.MouseModeCellMotion, m.View().MouseMode)
	m.Update(press("m"))
	require.Equal(t, tea.MouseModeNone, m.View().MouseMode)

	m.Update(tea.MouseWheelMsg{X: 100, Y: 10, Button: tea.MouseWheelDown})
	require.Equal(t, wheelLines, m.sideScroll)
	m.Update(tea.MouseWheelMsg{X: 30, Y: 5, Button: tea.MouseWheelDown})
	require.Equal(t, wheelLines, m.scroll)
	m.Update(tea.MouseWheelMsg{X: 30, Y: 5, Button: tea.MouseWheelUp})
	require.Zero(t, m.scroll)
}

func TestAClickSelectsAndASecondTakes(t *testing.T) {
	m := showing(find(t, "diagnose"), 120, 36)
	click := tea.MouseClickMsg{X: 30, Y: line(t, m, "Look again"), Button: tea.MouseLeft}
	m.Update(click)
	require.Contains(t, shot(m), "❯ Look again")
	click.Y = line(t, m, "Look again")
	m.Update(click)
	require.Equal(t, guide.PhaseObserving, m.state.Phase)

	m = showing(find(t, "approve-request"), 120, 36)
	m.Update(press("right"))
	seq := m.state.Seq
	click.Y = line(t, m, "Run it")
	for range 3 {
		_, cmd := m.Update(click)
		require.Nil(t, cmd, "a click approves nothing")
	}
	require.Equal(t, seq, m.state.Seq)
}

// line is where a text stands on the screen.
func line(t *testing.T, m *Model, text string) int {
	t.Helper()
	for n, l := range strings.Split(shot(m), "\n") {
		if strings.Contains(l, text) {
			return n
		}
	}
	require.FailNow(t, fmt.Sprintf("%q is not on screen", text))
	return 0
}

// Colours and borders are set in tui/theme alone.
func TestNoStyleIsMadeOutsideTheTheme(t *testing.T) {
	made := regexp.MustCompile(`lipgloss\.(Color|NewStyle|LightDark|\w*Border)\b|\.(Foreground|Background|Bold|Italic|Underline|Faint|Reverse|Border\w*)\([^)]`)
	for _, dir := range []string{".", "part", "screen", "../cmd", "../cmd/internal/plain"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			source, err := os.ReadFile(f)
			require.NoError(t, err)
			require.Empty(t, made.FindAllString(string(source), -1), f)
		}
	}
	source, err := os.ReadFile("theme/theme.go")
	require.NoError(t, err)
	require.True(t, made.Match(source), "the pattern finds what it looks for")
}

// What is being read must stay where it is while time passes and facts arrive.
func TestNothingScrollsByItself(t *testing.T) {
	for _, name := range []string{"running-console", "running-copy", "verifying", "observing"} {
		m := showing(find(t, name), 60, 14)
		m.live.Still = "●"
		m.Update(press("pgdown"))
		at := m.scroll
		before := strings.Split(shot(m), "\n")
		m.feed = newFeed()
		for range 5 {
			m.Update(tickMsg{noon})
			m.Update(progressMsg{m.feed, []engine.Progress{{Text: "further", Done: 3, Total: 9, Unit: "tags"}}})
			m.Update(tea.BackgroundColorMsg{})
		}
		require.Equal(t, at, m.scroll, name)
		require.Equal(t, before[:6], strings.Split(shot(m), "\n")[:6], name)
	}
}

func TestEveryWaitTellsWhatAndHowLongAndHowToEndIt(t *testing.T) {
	n := 0
	for _, x := range stops(priya()) {
		m := showing(x, 80, 24)
		if !m.waiting() {
			continue
		}
		n++
		m.live.Elapsed = 83 * time.Second
		screen := shot(m)
		require.Contains(t, screen, "1 min 23 s", x.name)
		require.Regexp(t, `[⠋●] \S+ .+ 1 min 23 s`, screen, "%s: what is under way", x.name)
		require.Regexp(t, `ctrl\+c (cancel|stop)|d stop waiting`, screen, x.name)
	}
	require.Greater(t, n, 6)
}
