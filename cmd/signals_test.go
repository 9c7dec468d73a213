//go:build unix

package cmd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/run"
)

// endBySignal is the child that is told to end while it removes somebody: it
// has the program's own handling of signals, and a script instead of a window.
func endBySignal(t *testing.T, w *walk) {
	t.Helper()
	interrupts, done := watchSignals()
	defer done()
	w.run(guide.StepRemove)
	w.act() // choose, and plan
	s, effects := guide.Next(w.state, guide.Approved{Digest: w.state.Plan.Digest(), Typed: w.state.Plan.Subject, At: w.clock.now()})
	require.Equal(t, guide.PhaseRunning, s.Phase)
	answered := make(chan guide.Event, 1)
	go func() { answered <- w.parts.runner.Do(context.Background(), effects[0], nil) }()
	_, _ = fmt.Fprintln(os.Stdout, "REMOVING")
	<-interrupts
	w.parts.runner.Do(context.Background(), guide.Halt{Seq: s.Seq}, nil) // as the window does at the first
	_, _ = fmt.Fprintln(os.Stdout, "STOPPING")
	err := drain(w.parts.runner, false, interrupts, io.Discard)
	<-answered
	_, _ = fmt.Fprintln(os.Stdout, "ENDED", err)
}

func TestSignalsFinishTheChangeInFlightAndASecondOneCutsItOff(t *testing.T) {
	for name, signal := range map[string]os.Signal{"ctrl-c": os.Interrupt, "SIGTERM": syscall.SIGTERM, "a closed terminal": syscall.SIGHUP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, "lena-fischer")
			s.box.Fail(sandbox.Fault{System: "hub", Method: http.MethodDelete, Path: "/v2/orgs/acme/members/", Kind: sandbox.FaultHang})
			o := s.orders
			o.Drain = true
			c := s.child(o)
			stdout, err := c.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, c.Start())
			lines := bufio.NewScanner(stdout)
			awaitLine(t, lines, "REMOVING")
			s.awaitRequest(http.MethodDelete, "/v2/orgs/acme/members/lena-fischer")
			require.NoError(t, c.Process.Signal(signal))
			awaitLine(t, lines, "STOPPING")
			require.NoError(t, c.Process.Signal(signal))
			awaitLine(t, lines, "ENDED")
			require.NoError(t, c.Wait())

			requireEveryChangeWasJournalled(t, s)
			rec, ok := unfinished(s.dir, "acme")
			require.True(t, ok, "what was left half-way is told at the next start")
			require.Len(t, rec.Doubts(), 1)
			require.Equal(t, engine.ActionRemove, rec.Doubts()[0].Action)

			w := s.takeUp()
			w.run(guide.StepReport)
			require.Equal(t, sandbox.OriginSCIM, memberOf(t, s.box.State(), "lena-fischer").Origin)
		})
	}
}

func awaitLine(t *testing.T, lines *bufio.Scanner, prefix string) {
	t.Helper()
	var seen []string
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), prefix) {
			return
		}
		seen = append(seen, lines.Text())
	}
	t.Fatalf("the child never said %s: %s", prefix, strings.Join(seen, "\n"))
}

// awaitRequest returns as soon as the sandbox has the request.
func (s *stage) awaitRequest(method, path string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		for _, r := range s.box.Requests() {
			if r.Method == method && r.Path == path {
				return true
			}
		}
		return false
	}, childPatience, childTick)
}

func TestAFullDiskStopsTheRunBeforeAnythingIsSentWithoutItsLine(t *testing.T) {
	calm := newStage(t, "lena-fischer")
	_, killed := calm.live(calm.orders)
	require.False(t, killed)
	records, err := run.List(calm.dir)
	require.NoError(t, err)
	info, err := os.Stat(journalPath(t, calm.dir))
	require.NoError(t, err)
	whole := uint64(info.Size())
	require.NotEmpty(t, records)

	const samples = 12
	var stopped atomic.Int64
	t.Cleanup(func() {
		require.Greater(t, stopped.Load(), int64(samples/2), "the disk was hardly ever full when it mattered")
	})
	for i := range uint64(samples) {
		size := whole * (2*i + 1) / (2 * samples)
		t.Run(fmt.Sprintf("%d of %d bytes", size, whole), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, "lena-fischer")
			o := s.orders
			o.FileSize = size
			out, err := s.child(o).CombinedOutput()
			if err != nil { // a walk that only could not note down where it stands goes on
				require.Contains(t, string(out), "The journal cannot be written")
				stopped.Add(1)
			}
			requireEveryChangeWasJournalled(t, s)

			w := s.takeUp() // there is room again
			w.run(guide.StepReport)
			require.Equal(t, calm.world(), s.world())
			require.Equal(t, calm.carriedOut(), s.carriedOut())
		})
	}
}

func TestAReadOnlyHomeRefusesBeforeAnythingIsSent(t *testing.T) {
	w := newWalk(t, "lena-fischer", false, func(w *world) { w.stateDir = os.DevNull + "/reprovision" })
	p := w.fails()
	require.Equal(t, "The journal cannot be written", p.Title)
	require.Contains(t, p.Advice, "XDG_STATE_HOME")
	require.Empty(t, slices.DeleteFunc(w.changing(), func(s string) bool { return strings.HasPrefix(s, "console ") }))

	var out bytes.Buffer
	require.Error(t, runRuns(&runsOptions{dir: w.world.stateDir}, &out))
	require.Empty(t, out.String(), "whether a run has changed anything is not known")
}

func TestOneRunPerOrganizationAtATime(t *testing.T) {
	var dir string
	w := newWalk(t, "lena-fischer", false, func(w *world) { dir = w.stateDir })
	w.run(guide.StepRemove)
	rec, ok := unfinished(dir, "acme")
	require.True(t, ok)
	_, _, err := run.Reopen(dir, rec.ID)
	require.ErrorIs(t, err, run.ErrBusy)
	_, err = run.OpenJournal(dir, "acme", w.clock.now())
	require.ErrorIs(t, err, run.ErrBusy)
	require.Equal(t, "Another run is under way", explain(err).Title)
	require.NoError(t, w.parts.runner.Drain(context.Background()))
	j, _, err := run.Reopen(dir, rec.ID)
	require.NoError(t, errors.Join(err, j.Close()))
}
