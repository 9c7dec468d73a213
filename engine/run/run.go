// Package run carries out the effects of a walk: it reads through an Observer,
// plans and changes through the actions that it is given, and keeps the
// journal. It declares the ports that it needs and knows no foreign system, so
// a window on a walk never reaches one either.
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

// Observer reads facts into a case. A fact that could not be read but is not
// needed at any price gets a Source with Missing set; an error means that the
// step cannot go on.
type Observer interface {
	Observe(context.Context, engine.Case, []engine.FactID, func(engine.Progress)) (engine.Case, error)
}

// Connector tries a credential and, when the system accepts it, uses it from
// then on.
type Connector interface {
	Connect(context.Context, engine.Case, engine.Credential) (engine.Session, error)
}

// Config is what a Runner works with. Every field but Journal is required.
type Config struct {
	Observer  Observer
	Connector Connector
	Actions   []engine.Action
	// Approve returns a context in which exactly these calls, and uploads below
	// these URL prefixes, may leave the machine.
	Approve func(ctx context.Context, calls []engine.Call, uploads []string) context.Context
	// Listen tells report of waits that happen below, such as those that a
	// server asks for, until stop is called. It may be nil.
	Listen func(report func(engine.Progress)) (stop func())
	// Explain puts an error into words.
	Explain func(error) engine.Problem
	// OpenJournal begins the journal of a run, at its first change.
	OpenJournal func(org string, now time.Time) (Journal, error)
	// SaveReport writes the report and returns where.
	SaveReport func(engine.Case, time.Time) (string, error)
	Now        func() time.Time
}

// Runner carries out effects. Its methods may be called from several
// goroutines; changes run one at a time.
type Runner struct {
	cfg     Config
	actions map[engine.ActionID]engine.Action

	changing sync.Mutex     // held while changes are made
	inFlight sync.WaitGroup // Execute effects
	hard     context.Context
	kill     context.CancelFunc

	mu      sync.Mutex
	halt    func() // ends what can be ended of the effect in flight
	halted  bool
	journal Journal
	subject subject // whose run the journal is
	doubts  []Doubt // changes of it whose outcome is unknown
}

// New returns a runner.
func New(cfg Config) *Runner {
	r := &Runner{cfg: cfg, actions: map[engine.ActionID]engine.Action{}}
	for _, a := range cfg.Actions {
		r.actions[a.ID()] = a
	}
	r.hard, r.kill = context.WithCancel(context.Background())
	return r
}

// Do carries out one effect and returns the event that ends it, or nil for
// effects that have no answer. It blocks. Reads end when ctx does; changes are
// not cut off by ctx, only by Drain.
func (r *Runner) Do(ctx context.Context, f guide.Effect, report func(engine.Progress)) guide.Event {
	if report == nil {
		report = func(engine.Progress) {}
	}
	if r.cfg.Listen != nil {
		defer r.cfg.Listen(report)()
	}
	switch f := f.(type) {
	case guide.Observe:
		c, err := r.cfg.Observer.Observe(ctx, r.settle(ctx, f.Case), f.Facts, report)
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
		r.inFlight.Add(1)
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
		r.Halt()
	case guide.Abort:
		// Reads are ended by whoever holds their context.
	}
	return nil
}

// Halt asks the run in flight to end after its current change, and ends
// whatever only waits: for a person's clicks, for a copy that can go on later,
// for a result to show.
func (r *Runner) Halt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.halted = true
	if r.halt != nil {
		r.halt()
	}
}

// Drain waits until no change is in flight. When ctx ends first, what is in
// flight is cut off, the journal says that its outcome is unknown, and Drain
// returns the context's error.
func (r *Runner) Drain(ctx context.Context) error {
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

// waitable returns a context that Halt ends, besides its parent.
func (r *Runner) waitable(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.halted, r.halt = false, cancel
	return ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.halt = nil
		cancel()
	}
}

func (r *Runner) wasHalted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.halted
}

func (r *Runner) verify(ctx context.Context, f guide.Verify, report func(engine.Progress)) guide.Event {
	a, ok := r.actions[f.Action]
	if !ok {
		return r.failed(f.Seq, fmt.Errorf("no action %q is known to this program", f.Action))
	}
	wait, done := r.waitable(ctx)
	defer done()
	k, err := a.Verify(wait, f.Case, report)
	switch {
	case err != nil && r.wasHalted() && ctx.Err() == nil:
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

// StaleError says that the world moved after the plan was made.
type StaleError struct {
	Guard engine.Guard
	Now   string
}

// Error implements error.
func (e *StaleError) Error() string {
	return fmt.Sprintf("%s: it was %q when the plan was made and is %q now", e.Guard.Text, e.Guard.Seen, e.Now)
}
