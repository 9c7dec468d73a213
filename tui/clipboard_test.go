package tui

import (
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/stretchr/testify/require"
)

func TestTheRequestOnScreenIsCopied(t *testing.T) {
	m := showing(find(t, "approve-request"), 100, 40)
	_, cmd := m.Update(press("y"))
	require.NotNil(t, cmd)
	text := fmt.Sprint(cmd())
	require.Contains(t, text, m.State().Plan.Changes[0].Call.URL)
	require.NotContains(t, text, "Authorization")
	require.Contains(t, shot(m), "clipboard")
}

func TestALetterForAnInputCopiesNothing(t *testing.T) {
	for _, name := range []string{"approve-remove", "sign-in", "member"} {
		m := showing(find(t, name), 100, 40)
		m.Update(press("y"))
		require.NotContains(t, shot(m), "clipboard", name)
	}
}

func TestOnlyALongWaitRingsAndOnlyWhereThatWasAskedFor(t *testing.T) {
	m := showing(find(t, "verifying"), 100, 40)
	m.live.Elapsed = longWait - time.Second
	m.opts.Bell = true
	require.Nil(t, m.ring())
	m.live.Elapsed = longWait
	require.Equal(t, tea.RawMsg{Msg: "\a"}, m.ring()())
	m.opts.Bell = false
	require.Nil(t, m.ring())
}

func TestAnAddressIsClickableWhereTheTerminalMayTakeIt(t *testing.T) {
	x := find(t, "running-console")
	m := showing(x, 100, 40)
	url := x.state.Plan.Changes[0].Console.URL
	require.Contains(t, m.View().Content, "\x1b]8;;"+url+"\a")
	m.Update(tea.EnvMsg{"TERM=linux"})
	require.NotContains(t, m.View().Content, "\x1b]8;")
}
