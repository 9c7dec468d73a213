package screen

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
)

func TestAFactThatHasArrivedStaysArrived(t *testing.T) {
	var l Live
	l = l.With(engine.Progress{Fact: engine.FactMember}, nil)
	require.True(t, l.Facts[engine.FactMember].Started)
	require.False(t, l.Facts[engine.FactMember].Read)
	l = l.With(engine.Progress{Fact: engine.FactMember, Read: true}, nil)
	l = l.With(engine.Progress{Fact: engine.FactMember, Text: "page 3"}, nil)
	require.True(t, l.Facts[engine.FactMember].Read)
}

func TestTheTitleOfAChangeSaysWhichOneIsBeingMade(t *testing.T) {
	titles := []string{"one", "two", "two", "three"}
	var l Live
	for _, step := range []struct {
		text string
		want int
	}{{"one", 0}, {"copying", 0}, {"two", 1}, {"copying", 1}, {"three", 3}, {"one", 3}} {
		l = l.With(engine.Progress{Text: step.text, Done: 1, Total: 2}, titles)
		require.Equal(t, step.want, l.Change, step.text)
	}
}

func TestANewChangeBeginsItsOwnCount(t *testing.T) {
	titles := []string{"one", "two"}
	var l Live
	l = l.With(engine.Progress{Text: "one"}, titles)
	l = l.With(engine.Progress{Text: "copying", Done: 5, Total: 10, Unit: "bytes"}, titles)
	l = l.With(engine.Progress{Text: "two"}, titles)
	require.Zero(t, l.Total)
}
