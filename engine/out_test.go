package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
)

func TestWhoWasRemovedIsOutUntilTheyAreSeenBack(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 11, 23, 12, minute, 0, 0, time.UTC) }
	seen := func(c engine.Case, minute int, present bool) engine.Case {
		c.Member.Present = present
		return c.WithSource(engine.FactMember, engine.Source{Name: "Docker Hub", At: at(minute)})
	}
	c := seen(engine.Case{}, 1, true)
	require.False(t, c.Out())
	c.Receipts = []engine.Receipt{{Action: engine.ActionRemove, At: at(2)}}
	require.True(t, c.Out(), "what was read before the removal proves nothing")
	require.True(t, seen(c, 3, false).Out())
	require.False(t, seen(c, 3, true).Out())

	pushed := seen(c, 3, false).WithCheck(engine.ActionPush, engine.Check{OK: true, At: at(4)})
	require.False(t, pushed.Out(), "Docker has listed them since")
	require.True(t, seen(pushed, 5, false).Out(), "and does no more")
	require.True(t, seen(c, 3, false).WithCheck(engine.ActionPush, engine.Check{At: at(4)}).Out(), "the push has not worked")
	c.DryRun = true
	require.False(t, c.Out(), "nobody is removed in a dry run")
}
