package tui

import (
	"fmt"
	"image/color"
	"regexp"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/tui/screen"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

var sizes = []struct{ w, h int }{{80, 24}, {40, 12}, {120, 36}, {200, 60}}

var digests = regexp.MustCompile(`plan [0-9a-f]{12}`)

// shot is what the window shows, without colour. Digests are left out: they
// change whenever a plan gains a field.
func shot(m *Model) string {
	return digests.ReplaceAllString(ansi.Strip(m.View().Content), "plan 0123456789ab") + "\n"
}

func TestScreens(t *testing.T) {
	for _, x := range stops(priya()) {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s/%dx%d", x.name, size.w, size.h), func(t *testing.T) {
				m := showing(x, size.w, size.h)
				m.Update(screen.Armed{Seq: x.state.Seq})
				golden.RequireEqual(t, shot(m))
			})
		}
	}
}

func TestPagesOverTheScreen(t *testing.T) {
	for _, size := range sizes {
		t.Run(fmt.Sprintf("help/%dx%d", size.w, size.h), func(t *testing.T) {
			m := showing(find(t, "diagnose"), size.w, size.h)
			m.Update(press("?"))
			golden.RequireEqual(t, shot(m))
		})
		t.Run(fmt.Sprintf("leave/%dx%d", size.w, size.h), func(t *testing.T) {
			m := showing(find(t, "running-copy"), size.w, size.h)
			m.Update(press("q"))
			golden.RequireEqual(t, shot(m))
		})
		t.Run(fmt.Sprintf("full/%dx%d", size.w, size.h), func(t *testing.T) {
			m := showing(find(t, "approve-copy"), size.w, size.h)
			m.Update(press("v"))
			golden.RequireEqual(t, shot(m))
		})
		t.Run(fmt.Sprintf("next-pane/%dx%d", size.w, size.h), func(t *testing.T) {
			m := showing(find(t, "diagnose"), size.w, size.h)
			m.Update(press("shift+tab"))
			m.Update(press("j"))
			golden.RequireEqual(t, shot(m))
		})
	}
}

func TestColoursFollowTheBackground(t *testing.T) {
	for _, name := range []string{"dark", "light"} {
		t.Run(name, func(t *testing.T) {
			m := showing(find(t, "diagnose"), 80, 24)
			m.theme = theme.New(name == "dark", false)
			golden.RequireEqual(t, m.View().Content)
		})
	}
}

// A terminal of sixteen colours is sent those of its own palette that can be
// read on its background: never white or yellow on a light one.
func TestSixteenColours(t *testing.T) {
	for _, x := range []struct {
		background tea.BackgroundColorMsg
		never      string
	}{
		{tea.BackgroundColorMsg{Color: color.White}, `[\[;](33|37|93|97)[;m]`},
		{tea.BackgroundColorMsg{Color: color.Black}, `[\[;](30|34)[;m]`},
	} {
		for _, at := range stops(priya()) {
			m := showing(at, 120, 36)
			m.Update(x.background)
			m.Update(tea.ColorProfileMsg{Profile: colorprofile.ANSI})
			var out strings.Builder
			w := colorprofile.Writer{Forward: &out, Profile: colorprofile.ANSI}
			_, err := w.WriteString(m.View().Content)
			require.NoError(t, err)
			require.Contains(t, out.String(), "\x1b[", at.name)
			for _, style := range regexp.MustCompile(`\x1b\[[0-9;]*m`).FindAllString(out.String(), -1) {
				if !regexp.MustCompile(`[\[;](4[0-7]|10[0-7])[;m]`).MatchString(style) { // without a background of its own
					require.NotRegexp(t, x.never, style, at.name)
				}
			}
		}
	}
}

// What a terminal without colours and without characters beyond ASCII is sent.
func TestScreensWithoutColour(t *testing.T) {
	for _, x := range stops(priya()) {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s/%dx%d", x.name, size.w, size.h), func(t *testing.T) {
				m := showing(x, size.w, size.h)
				m.Update(tea.EnvMsg{"TERM=linux"})
				m.Update(screen.Armed{Seq: x.state.Seq})
				var out strings.Builder
				w := colorprofile.Writer{Forward: &out, Profile: colorprofile.ASCII}
				_, err := w.WriteString(m.View().Content)
				require.NoError(t, err)
				require.NotRegexp(t, `\x1b\[[0-9;]*(3|4|9|10)[0-9][;m]`, out.String(), "a colour")
				golden.RequireEqual(t, digests.ReplaceAllString(ansi.Strip(out.String()), "plan 0123456789ab")+"\n")
			})
		}
	}
}

// Meaning must survive without colour and beyond-ASCII characters.
func TestPlainTerminalsGetASCIIOnly(t *testing.T) {
	for _, x := range stops(priya()) {
		for _, size := range sizes {
			m := showing(x, size.w, size.h)
			m.Update(tea.EnvMsg{"TERM=linux"})
			for n, line := range strings.Split(shot(m), "\n") {
				for _, r := range line {
					if r > '~' {
						t.Fatalf("%s %dx%d line %d: %q in %q", x.name, size.w, size.h, n, r, line)
					}
				}
			}
		}
	}
}

func find(t *testing.T, name string) stop {
	t.Helper()
	for _, x := range stops(priya()) {
		if x.name == name {
			return x
		}
	}
	require.FailNow(t, "no stop "+name)
	return stop{}
}

// press is the message of a key by its name.
func press(name string) tea.KeyPressMsg {
	switch name {
	case "enter":
		return tea.KeyPressMsg{Code: tea.KeyEnter}
	case "esc":
		return tea.KeyPressMsg{Code: tea.KeyEscape}
	case "tab":
		return tea.KeyPressMsg{Code: tea.KeyTab}
	case "shift+tab":
		return tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift}
	case "up":
		return tea.KeyPressMsg{Code: tea.KeyUp}
	case "down":
		return tea.KeyPressMsg{Code: tea.KeyDown}
	case "left":
		return tea.KeyPressMsg{Code: tea.KeyLeft}
	case "right":
		return tea.KeyPressMsg{Code: tea.KeyRight}
	case "pgdown":
		return tea.KeyPressMsg{Code: tea.KeyPgDown}
	case "pgup":
		return tea.KeyPressMsg{Code: tea.KeyPgUp}
	case "space":
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	case "backspace":
		return tea.KeyPressMsg{Code: tea.KeyBackspace}
	case "ctrl+c":
		return tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
	}
	r := []rune(name)
	return tea.KeyPressMsg{Code: r[0], Text: name}
}
