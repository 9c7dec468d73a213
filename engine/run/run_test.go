package run

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// deed is an action on a world of two switches.
type deed struct {
	sent   []string        // changes that left
	made   map[string]bool // what the world is like
	fail   error           // of the next Run
	blind  error           // of Made
	before func(string)
	waits  bool // for as long as it may
}

func (*deed) ID() engine.ActionID { return engine.ActionPush }

func (*deed) Offer(engine.Case) engine.Availability { return engine.Availability{} }

func (*deed) Plan(context.Context, engine.Case) (engine.Plan, error)      { return switches(), nil }
func (*deed) Guards(context.Context, engine.Case) ([]engine.Guard, error) { return nil, nil }
func (d *deed) Made(_ context.Context, _ engine.Case, c engine.Change) (bool, error) {
	return d.made[c.ID], d.blind
}

func (d *deed) Run(ctx context.Context, _ engine.Case, c engine.Change, _ func(engine.Progress)) (engine.Receipt, error) {
	if d.before != nil {
		d.before(c.ID)
	}
	if d.waits {
		<-ctx.Done()
		return engine.Receipt{}, ctx.Err()
	}
	d.sent = append(d.sent, c.ID)
	d.made[c.ID] = true
	err := d.fail
	d.fail = nil
	return engine.Receipt{Status: "HTTP 204"}, err
}

func (*deed) Verify(context.Context, engine.Case, func(engine.Progress)) (engine.Check, error) {
	return engine.Check{OK: true}, nil
}

func switches() engine.Plan {
	return engine.Plan{Action: engine.ActionPush, Subject: "priya-nair", Changes: []engine.Change{
		{ID: "unassign", Kind: engine.ChangeRequest, Title: "unassign"}, {ID: "assign", Kind: engine.ChangeRequest, Title: "assign"},
	}}
}

// memory is a journal that fails at one line.
type memory struct {
	entries []Entry
	failAt  int
	n       int
	closed  bool
}

var errFull = errors.New("no space left on device")

func (m *memory) Append(e Entry) error {
	m.n++
	if m.n == m.failAt {
		return &JournalError{"write", errFull}
	}
	m.entries = append(m.entries, e)
	return nil
}

func (m *memory) Close() error { m.closed = true; return nil }

type still struct{}

func (still) Observe(_ context.Context, c engine.Case, _ []engine.FactID, _ func(engine.Progress)) (engine.Case, error) {
	return c, nil
}

func runner(d *deed, j Journal) *Runner {
	return New(Config{
		Observer: still{}, Actions: []engine.Action{d}, Now: func() time.Time { return noon },
		Approve:     func(ctx context.Context, _ []engine.Call, _ []string) context.Context { return ctx },
		Explain:     func(err error) engine.Problem { return engine.Problem{Detail: err.Error()} },
		OpenJournal: func(string, time.Time) (Journal, error) { return j, nil },
	})
}

func subjectCase() engine.Case {
	return engine.Case{Org: "acme", Username: "priya-nair", Session: engine.Session{Systems: []engine.System{{OK: true}}}}
}

func execute(r *Runner) guide.Event {
	p := switches()
	return r.Do(context.Background(), guide.Execute{Case: subjectCase(), Plan: p, Approval: engine.Approval{Digest: p.Digest()}}, nil)
}

func TestNothingIsSentIfTheJournalCannotBeWritten(t *testing.T) {
	for at := 1; at <= 6; at++ {
		j := &memory{failAt: at}
		d := &deed{made: map[string]bool{}}
		d.before = func(id string) {
			require.True(t, slices.ContainsFunc(j.entries, func(e Entry) bool { return e.Kind == EntryIntent && e.Change.ID == id }), "%s at %d", id, at)
		}
		failed, ok := execute(runner(d, j)).(guide.Failed)
		require.True(t, ok, "at %d", at)
		require.Contains(t, failed.Problem.Detail, "no space left")
		require.Len(t, failed.Receipts, len(d.sent), "what was made has its receipt, at %d", at)
	}
}

func TestAChangeThatMayHaveBeenMadeIsObservedBeforeItIsRepeated(t *testing.T) {
	j := &memory{}
	d := &deed{made: map[string]bool{}, fail: errors.New("the connection died"), blind: errors.New("no network")}
	r := runner(d, j)
	_, ok := execute(r).(guide.Failed)
	require.True(t, ok)
	last := j.entries[len(j.entries)-1]
	require.True(t, last.Unknown)
	require.Equal(t, []string{"unassign"}, d.sent)

	_, ok = execute(r).(guide.Failed)
	require.True(t, ok)
	require.Equal(t, []string{"unassign"}, d.sent, "as long as nothing can be seen, nothing is repeated")

	d.blind = nil
	done, ok := execute(r).(guide.Executed)
	require.True(t, ok)
	require.Equal(t, []string{"unassign", "assign"}, d.sent)
	require.Equal(t, statusObserved, done.Receipts[0].Status)
}

func TestWhatADeadProcessLeftUnknownIsSettledOnceSomebodyIsSignedIn(t *testing.T) {
	for name, made := range map[string]bool{"made": true, "not made": false} {
		t.Run(name, func(t *testing.T) {
			dir, id := written(t, story()...)
			j, rec, err := Reopen(dir, id)
			require.NoError(t, err)
			d := &deed{made: map[string]bool{"assign": made}}
			r := runner(d, nil)
			require.NoError(t, r.Continue(j, rec))
			c := rec.Case()
			observed := r.Do(t.Context(), guide.Observe{Case: c}, nil).(guide.Observed)
			require.Len(t, observed.Case.Receipts, 2, "nobody is signed in yet")
			c.Session = subjectCase().Session
			observed = r.Do(t.Context(), guide.Observe{Case: c}, nil).(guide.Observed)
			require.Empty(t, d.sent)
			require.Equal(t, made, len(observed.Case.Receipts) == 3)
			require.Equal(t, made, len(observed.Case.Remaining(engine.ActionPush)) == 0)
			require.NoError(t, r.Drain(t.Context()))
			rec, err = Read(dir, id)
			require.NoError(t, err)
			require.Empty(t, rec.Doubts())
			require.Equal(t, made, len(rec.Case().Remaining(engine.ActionPush)) == 0)
		})
	}
}

func TestAnInterruptStopsBetweenTwoChanges(t *testing.T) {
	d := &deed{made: map[string]bool{}}
	r := runner(d, &memory{})
	d.before = func(string) { r.Do(t.Context(), guide.Halt{}, nil) }
	done, ok := execute(r).(guide.Executed)
	require.True(t, ok)
	require.True(t, done.Stopped)
	require.Equal(t, []string{"unassign"}, d.sent)
}

// numbered is execute as the machine asks for it, with a sequence number.
func numbered(r *Runner, seq int) guide.Event {
	p := switches()
	return r.Do(context.Background(), guide.Execute{Seq: seq, Case: subjectCase(), Plan: p, Approval: engine.Approval{Digest: p.Digest()}}, nil)
}

func TestAnInterruptThatOvertakesTheRunStopsItBeforeItsFirstChange(t *testing.T) {
	d := &deed{made: map[string]bool{}}
	r := runner(d, &memory{})
	r.Do(t.Context(), guide.Halt{Seq: 7}, nil)
	done, ok := numbered(r, 7).(guide.Executed)
	require.True(t, ok)
	require.True(t, done.Stopped)
	require.Empty(t, d.sent)
}

func TestWhoSaysBeforeTheWatchBeginsThatTheirClicksAreDoneIsBelieved(t *testing.T) {
	d := &deed{made: map[string]bool{}, waits: true}
	r := runner(d, &memory{})
	p := switches()
	p.Changes[0].Kind = engine.ChangeConsole
	r.Do(t.Context(), guide.Halt{Seq: 7, Clicked: true}, nil)
	done, ok := r.Do(t.Context(), guide.Execute{Seq: 7, Case: subjectCase(), Plan: p, Approval: engine.Approval{Digest: p.Digest()}}, nil).(guide.Executed)
	require.True(t, ok)
	require.Len(t, done.Receipts, 1)
	require.Equal(t, "the owner ended the watch", done.Receipts[0].Status)
	require.True(t, done.Stopped, "what is not theirs to click stops")
	require.Empty(t, d.sent)
}

// Clicks that are said to be done while a request before them is in flight stop nothing
// that comes before them, and need not be waited for.
func TestWhoSaysDuringTheChangesBeforeThatTheirClicksAreDoneIsBelieved(t *testing.T) {
	d := &deed{made: map[string]bool{}}
	r := runner(d, &memory{})
	p := switches()
	p.Changes = append(p.Changes, engine.Change{ID: "manual", Kind: engine.ChangeConsole})
	d.before = func(id string) {
		r.Do(t.Context(), guide.Halt{Seq: 7, Clicked: true}, nil)
		d.waits = id == "manual"
	}
	done, ok := r.Do(t.Context(), guide.Execute{Seq: 7, Case: subjectCase(), Plan: p, Approval: engine.Approval{Digest: p.Digest()}}, nil).(guide.Executed)
	require.True(t, ok)
	require.False(t, done.Stopped)
	require.Len(t, done.Receipts, 3)
	require.Equal(t, "the owner ended the watch", done.Receipts[2].Status)
}

// Whoever stops a run and then says something about clicks has stopped it.
func TestAStopBeforeTheRunIsNotTakenBackByWhatIsSaidAfter(t *testing.T) {
	d := &deed{made: map[string]bool{}, waits: true}
	r := runner(d, &memory{})
	p := switches()
	p.Changes[0].Kind = engine.ChangeConsole
	r.Do(t.Context(), guide.Halt{Seq: 7}, nil)
	r.Do(t.Context(), guide.Halt{Seq: 7, Clicked: true}, nil)
	done, ok := r.Do(t.Context(), guide.Execute{Seq: 7, Case: subjectCase(), Plan: p, Approval: engine.Approval{Digest: p.Digest()}}, nil).(guide.Executed)
	require.True(t, ok)
	require.True(t, done.Stopped)
	require.Empty(t, done.Receipts)
}

// Who only stops the watch has not said that their clicks are done: what is not seen
// is not made, as far as is known, and is looked at again.
func TestAWatchThatIsStoppedCountsWhatIsSeen(t *testing.T) {
	for name, x := range map[string]struct {
		made     bool
		blind    error
		receipts int
		doubts   int
	}{
		"nothing is seen":      {doubts: 1},
		"the clicks were done": {made: true, receipts: 1},
		"nobody can tell":      {blind: errors.New("the log cannot be read"), doubts: 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := &deed{made: map[string]bool{"unassign": x.made}, blind: x.blind, waits: true}
			j := &memory{}
			r := runner(d, j)
			d.before = func(string) { r.Do(t.Context(), guide.Halt{Seq: 7}, nil) }
			p := switches()
			p.Changes = p.Changes[:1]
			p.Changes[0].Kind = engine.ChangeConsole
			done, ok := r.Do(t.Context(), guide.Execute{Seq: 7, Case: subjectCase(), Plan: p, Approval: engine.Approval{Digest: p.Digest()}}, nil).(guide.Executed)
			require.True(t, ok)
			require.Equal(t, !x.made, done.Stopped)
			require.Len(t, done.Receipts, x.receipts)
			require.Len(t, Record{Entries: j.entries}.Doubts(), x.doubts)
			require.NotContains(t, j.entries[len(j.entries)-1].Error, "context canceled", "those are no words")
		})
	}
}

func TestAnInterruptThatComesLateStopsNoOtherRun(t *testing.T) {
	d := &deed{made: map[string]bool{}}
	r := runner(d, &memory{})
	r.Do(t.Context(), guide.Halt{Seq: 6}, nil)
	done, ok := numbered(r, 7).(guide.Executed)
	require.True(t, ok)
	require.False(t, done.Stopped)
	require.Equal(t, []string{"unassign", "assign"}, d.sent)
}

func TestADrainedRunnerStopsAfterTheChangeInFlightAndBeginsNothing(t *testing.T) {
	d := &deed{made: map[string]bool{}}
	j := &memory{}
	r := runner(d, j)
	drained := make(chan error, 1)
	d.before = func(string) {
		go func() { drained <- r.Drain(context.Background()) }()
		<-r.soft.Done()
	}
	done, ok := numbered(r, 7).(guide.Executed)
	require.True(t, ok)
	require.True(t, done.Stopped)
	require.Equal(t, []string{"unassign"}, d.sent)
	require.NoError(t, <-drained)
	require.True(t, j.closed)

	done, ok = numbered(r, 8).(guide.Executed)
	require.True(t, ok)
	require.True(t, done.Stopped)
	require.Equal(t, []string{"unassign"}, d.sent)
}

func TestTheRunEndsWithTheWalkAndAnotherPersonBeginsAnother(t *testing.T) {
	first, second := &memory{}, &memory{}
	opened := []*memory{first, second}
	d := &deed{made: map[string]bool{}}
	r := runner(d, nil)
	r.cfg.OpenJournal = func(string, time.Time) (Journal, error) {
		j := opened[0]
		opened = opened[1:]
		return j, nil
	}
	execute(r)
	other := subjectCase()
	other.Username = "lena-fischer"
	r.Do(t.Context(), guide.Note{Case: other, Over: true}, nil)
	require.False(t, first.closed, "that is somebody else's walk")
	p := switches()
	r.Do(t.Context(), guide.Execute{Case: other, Plan: p, Approval: engine.Approval{Digest: p.Digest()}}, nil)
	require.True(t, first.closed)
	r.Do(t.Context(), guide.Note{Case: other, Over: true}, nil)
	require.True(t, second.closed)
	require.Equal(t, EntryEnd, second.entries[len(second.entries)-1].Kind)
	require.NoError(t, r.Drain(t.Context()))
}

func TestADryRunAndAnotherPlanAreRefused(t *testing.T) {
	d := &deed{made: map[string]bool{}}
	r := runner(d, &memory{})
	p := switches()
	dry := subjectCase()
	dry.DryRun = true
	for _, f := range []guide.Execute{
		{Case: dry, Plan: p, Approval: engine.Approval{Digest: p.Digest()}},
		{Case: subjectCase(), Plan: p, Approval: engine.Approval{Digest: "else"}},
	} {
		failed, ok := r.Do(t.Context(), f, nil).(guide.Failed)
		require.True(t, ok)
		require.Contains(t, failed.Problem.Detail, "refused")
	}
	require.Empty(t, d.sent)
}
