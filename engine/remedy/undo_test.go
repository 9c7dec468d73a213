package remedy_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// An undo that is run again does not ask for clicks that were made, unless the log,
// which knows better than who was asked, does not show them.
func TestWhatAnUndoHasSwitchedOnIsNotProposedAgain(t *testing.T) {
	for name, x := range map[string]struct {
		unread, undone, again bool
		proposed              bool
	}{
		"not switched on yet":                                  {unread: true, proposed: true},
		"switched on, and the log cannot be read":              {unread: true, undone: true},
		"switched on, and the log does not show it":            {undone: true, proposed: true},
		"switched on, then off by a later step of the journal": {unread: true, undone: true, again: true, proposed: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "jordan-ito", true)
			if x.unread {
				b.box.Fail(sandbox.Fault{System: "hub", Path: "/v2/auditlogs/", Kind: sandbox.FaultStatus, Status: http.StatusForbidden, Times: -1})
			}
			c := b.observed("jordan-ito")
			at := func(minutes int) time.Time { return b.clock.now().Add(time.Duration(minutes) * time.Minute) }
			off := engine.Receipt{Action: engine.ActionDisableJIT, Change: "toggle", At: at(1)}
			c = c.WithReceipts(off)
			if x.undone {
				c = c.WithReceipts(engine.Receipt{Action: engine.ActionUndo, Change: "jit", At: at(2)})
			}
			if x.again {
				off.At = at(3)
				c = c.WithReceipts(off)
			}
			p, err := b.actions[engine.ActionUndo].Plan(t.Context(), c)
			require.NoError(t, err)
			if !x.proposed {
				require.NotEmpty(t, p.Nothing)
				return
			}
			require.Len(t, p.Changes, 1)
			require.Equal(t, engine.ChangeConsole, p.Changes[0].Kind)
		})
	}
}
