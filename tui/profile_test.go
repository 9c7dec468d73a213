package tui

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
)

func profiles(names ...string) Options {
	o := options(newScripted(priya()), fresh())
	o.Profiles, o.Profile = names, "acme"
	return o
}

func TestOneKeySwitchesBetweenTwoProfiles(t *testing.T) {
	drive(t, profiles("acme", "globex"), func(t *testing.T, w *driver) {
		w.show(find(t, "diagnose"))
		w.m.width = 140
		require.Contains(t, shot(w.m), "another profile")
		w.press("p")
		require.True(t, w.quit)
		require.Equal(t, "globex", w.m.next)
	})
	drive(t, profiles("acme", "globex"), func(t *testing.T, w *driver) {
		w.show(find(t, "member")) // where letters are for searching
		w.press("p")
		require.False(t, w.quit)
		w.press("f3")
		require.True(t, w.quit)
		require.Equal(t, "globex", w.m.next)
	})
}

func TestAmongSeveralProfilesOneIsChosen(t *testing.T) {
	drive(t, profiles("acme", "globex", "initech"), func(t *testing.T, w *driver) {
		w.show(find(t, "diagnose"))
		w.press("p")
		require.Contains(t, shot(w.m), "❯ globex")
		require.Contains(t, shot(w.m), "Stay with acme")
		w.press("esc", "p", "down", "enter")
		require.True(t, w.quit)
		require.Equal(t, "initech", w.m.next)
	})
}

func TestAWalkThatIsHalfDoneIsNotLeftByOneKey(t *testing.T) {
	drive(t, profiles("acme", "globex"), func(t *testing.T, w *driver) {
		x := find(t, "diagnose")
		x.state.Case.Receipts = []engine.Receipt{{Title: "Cancel the invite"}}
		w.show(x)
		w.press("p")
		require.False(t, w.quit)
		require.Contains(t, shot(w.m), "Changes were made")
		require.Contains(t, shot(w.m), "choose")
		w.press("enter") // stay
		require.False(t, w.quit)
		w.press("p", "down", "enter")
		require.Equal(t, "globex", w.m.next)
	})
	drive(t, profiles("acme", "globex"), func(t *testing.T, w *driver) {
		w.show(find(t, "running-copy"))
		w.press("p")
		require.False(t, w.quit)
		require.Contains(t, shot(w.m), "Stop it with ctrl+c")
	})
}

func TestWithoutAnotherProfileTheKeySaysSo(t *testing.T) {
	drive(t, profiles("acme"), func(t *testing.T, w *driver) {
		w.show(find(t, "diagnose"))
		require.NotContains(t, shot(w.m), "another profile")
		w.press("p")
		require.Contains(t, shot(w.m), "There is no other profile")
	})
}
