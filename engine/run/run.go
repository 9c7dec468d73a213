// Package run carries out the effects of a walk. It reads through an Observer,
// plans and makes changes through the actions that it is given, and keeps a
// journal of each run. It imports no client of a foreign system, so that the
// windows, which import it, depend on none either.
package run

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// Observer reads facts into a case. A fact that could not be read gets a Source
// with Missing set if the step can do without it; an error means that the step
// cannot continue.
type Observer interface {
	Observe(context.Context, engine.Case, []engine.FactID, func(engine.Progress)) (engine.Case, error)
}

// Connector tries a credential and, if its system accepts it, uses it from then
// on.
type Connector interface {
	Connect(context.Context, engine.Case, engine.Credential) (engine.Session, error)
}

// Config holds what a Runner works with. Every field but Listen is required.
type Config struct {
	Observer  Observer
	Connector Connector
	Actions   []engine.Action
	// Approve returns a context in which exactly these calls, and uploads below
	// these URL prefixes, may leave the machine.
	Approve func(ctx context.Context, calls []engine.Call, uploads []string) context.Context
	// Listen reports waits inside the clients, such as those that a server asks
	// for, until stop is called. It may be nil.
	Listen func(report func(engine.Progress)) (stop func())
	// Explain describes an error to a person.
	Explain func(error) engine.Problem
	// OpenJournal begins the journal of a run, at its first change.
	OpenJournal func(org string, now time.Time) (Journal, error)
	// SaveReport writes the report and returns its path.
	SaveReport func(engine.Case, time.Time) (string, error)
	Now        func() time.Time
}

// Runner carries out effects. Its methods may be called from several
// goroutines; changes run one at a time.
type Runner struct {
	cfg     Config
	actions map[engine.ActionID]engine.Action

	changing sync.Mutex      // held while changes are made
	inFlight sync.WaitGroup  // Execute effects
	soft     context.Context // ends when Drain begins: no further change is made
	stop     context.CancelFunc
	hard     context.Context // ends when Drain may wait no longer; parent of soft
	kill     context.CancelFunc

	mu      sync.Mutex
	halted  map[int]error                   // why, by the sequence numbers that a Halt named
	waiting map[int]context.CancelCauseFunc // ends the waits of an effect in flight
	journal Journal
	subject subject // whose run the journal is
	doubts  []Doubt // changes of it whose outcome is unknown
}

// New returns a Runner.
func New(cfg Config) *Runner {
	r := &Runner{cfg: cfg, actions: map[engine.ActionID]engine.Action{}, halted: map[int]error{}, waiting: map[int]context.CancelCauseFunc{}}
	for _, a := range cfg.Actions {
		r.actions[a.ID()] = a
	}
	r.hard, r.kill = context.WithCancel(context.Background())
	r.soft, r.stop = context.WithCancel(r.hard)
	return r
}

// Do carries out one effect and returns the event that ends it, or nil if the
// effect has no answer. It blocks. Canceling ctx ends reads, but not changes:
// only Drain cuts those off.
func (r *Runner) Do(ctx context.Context, f guide.Effect, report func(engine.Progress)) guide.Event {
	if report == nil {
		report = func(engine.Progress) {}
	}
	if r.cfg.Listen != nil {
		defer r.cfg.Listen(report)()
	}
	switch f := f.(type) {
	case guide.Observe:
		c, err := r.cfg.Observer.Observe(ctx, r.resolveDoubts(ctx, f.Case), f.Facts, report)
		if err != nil {
			return r.failed(f.Seq, err)
		}
		return guide.Observed{Seq: f.Seq, Case: c}
	case guide.Connect:
		s, err := r.cfg.Connector.Connect(ctx, f.Case, f.Credential)
		if err != nil {
			return r.failed(f.Seq, err)
		}
		return guide.Connected{Seq: f.Seq, Session: s}
	case guide.MakePlan:
		return r.makePlan(ctx, f)
	case guide.Execute:
		if !r.startRun() {
			return guide.Executed{Seq: f.Seq, Stopped: true}
		}
		defer r.inFlight.Done()
		return r.execute(f, report)
	case guide.Verify:
		return r.verify(ctx, f, report)
	case guide.Save:
		path, err := r.cfg.SaveReport(f.Case, r.cfg.Now())
		if err != nil {
			return r.failed(f.Seq, err)
		}
		return guide.Saved{Seq: f.Seq, Path: path}
	case guide.Note:
		r.mark(f)
	case guide.Halt:
		r.halt(f)
	case guide.Abort:
		// The caller ends reads by their context.
	}
	return nil
}

// halt stops an effect after its current change, or at once if it only waits:
// for a person's clicks, for a copy that can be continued later, for a result to
// show. Effects are carried out concurrently, so halt may be called before the
// effect that it names has started.
func (r *Runner) halt(f guide.Halt) {
	why := errHalted
	if f.Clicked {
		why = errClicked
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.halted[f.Seq] == nil { // what was said first counts
		r.halted[f.Seq] = why
	}
	if end, ok := r.waiting[f.Seq]; ok {
		end(why)
	}
}

// startRun counts one more run as in flight. It returns false after Drain was called.
func (r *Runner) startRun() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.soft.Err() != nil {
		return false
	}
	r.inFlight.Add(1)
	return true
}

// Drain shuts the runner down: the run in flight stops after its current change,
// and no further run starts. Drain waits for that change. If ctx ends first, the
// change is cut off, the journal records that its outcome is unknown, and Drain
// returns the error of ctx.
func (r *Runner) Drain(ctx context.Context) error {
	r.mu.Lock() // so that startRun counts before or fails after
	r.stop()
	r.mu.Unlock()
	done := make(chan struct{})
	go func() { r.inFlight.Wait(); close(done) }()
	select {
	case <-done:
		return r.closeJournal()
	case <-ctx.Done():
		r.kill()
		<-done
		return errors.Join(ctx.Err(), r.closeJournal())
	}
}

func (r *Runner) failed(seq int, err error, receipts ...engine.Receipt) guide.Failed {
	return guide.Failed{Seq: seq, Problem: r.cfg.Explain(err), Receipts: receipts}
}

func (r *Runner) makePlan(ctx context.Context, f guide.MakePlan) guide.Event {
	a, err := r.action(f.Action, f.Case)
	if err != nil {
		return r.failed(f.Seq, err)
	}
	p, err := a.Plan(ctx, f.Case)
	if err != nil {
		return r.failed(f.Seq, fmt.Errorf("plan %s for %s: %w", f.Action, f.Case.Username, err))
	}
	p.At = r.cfg.Now()
	return guide.Planned{Seq: f.Seq, Plan: p}
}

// action returns the action if the case still allows it.
func (r *Runner) action(id engine.ActionID, c engine.Case) (engine.Action, error) {
	a, ok := r.actions[id]
	if !ok {
		return nil, fmt.Errorf("no action %q is known to this program", id)
	}
	if offer := a.Offer(c); !offer.Enabled() {
		return nil, &RefusedError{Action: id, Reason: offer.Reason}
	}
	return a, nil
}

// The causes of a context that a Halt has ended.
var (
	errHalted  = errors.New("stopped waiting")
	errClicked = errors.New("the owner ended the watch") // since the clicks are done
)

// waitable returns a context that ends with parent, or with one of these causes at a
// Halt of that sequence number.
func (r *Runner) waitable(parent context.Context, seq int) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting[seq] = cancel
	if why := r.halted[seq]; why != nil {
		cancel(why)
	}
	return ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.waiting, seq)
		delete(r.halted, seq)
		cancel(nil)
	}
}

func (r *Runner) verify(ctx context.Context, f guide.Verify, report func(engine.Progress)) guide.Event {
	a, ok := r.actions[f.Action]
	if !ok {
		return r.failed(f.Seq, fmt.Errorf("no action %q is known to this program", f.Action))
	}
	wait, done := r.waitable(ctx, f.Seq)
	defer done()
	k, err := a.Verify(wait, f.Case, report)
	switch {
	case err != nil && wait.Err() != nil && ctx.Err() == nil:
		k = engine.Check{Text: "You stopped waiting; the result has not been seen yet."}
	case err != nil:
		return r.failed(f.Seq, fmt.Errorf("verify %s for %s: %w", f.Action, f.Case.Username, err))
	}
	k.At = r.cfg.Now()
	if err := r.note(Entry{Kind: EntryCheck, Action: f.Action, Check: &k}); err != nil {
		return r.failed(f.Seq, err)
	}
	return guide.Verified{Seq: f.Seq, Check: k}
}

// RefusedError says that a safety rule forbids the action in this case.
type RefusedError struct {
	Action engine.ActionID
	Reason string
}

// Error implements error.
func (e *RefusedError) Error() string { return fmt.Sprintf("%s is refused: %s", e.Action, e.Reason) }

// StaleError says that something changed after the plan was made.
type StaleError struct {
	Guard engine.Guard
	Now   string
}

// Error implements error.
func (e *StaleError) Error() string {
	return fmt.Sprintf("%s: it was %q when the plan was made and is %q now", e.Guard.Text, e.Guard.Seen, e.Now)
}
