package part

import (
	"testing"

	"charm.land/bubbles/v2/key"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

func TestTheKeyThatTellsOfTheOthersIsNeverCut(t *testing.T) {
	bind := func(name, what string) key.Binding {
		return key.NewBinding(key.WithKeys(name), key.WithHelp(name, what))
	}
	keys := []key.Binding{bind("enter", "choose"), bind("tab", "to the list"), bind("esc", "back"), bind("?", "help"), bind("q", "quit")}
	for width, want := range map[int]string{
		80: "enter choose   tab to the list   esc back   ? help   q quit",
		50: "enter choose   tab to the list   esc back   ? help",
		34: "enter choose   esc back   ? help",
		12: "? help",
	} {
		require.Equal(t, want, ansi.Strip(ShortHelp(theme.New(true, false), width, keys, "?")), "%d columns", width)
	}
}
