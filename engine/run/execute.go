package run

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// execute makes the changes of an approved plan one after the other: guards
// read again, intent journalled, the change made, its outcome journalled.
func (r *Runner) execute(f guide.Execute, report func(engine.Progress)) guide.Event {
	r.changing.Lock()
	defer r.changing.Unlock()

	c, plan := f.Case, f.Plan
	switch {
	case c.DryRun:
		return r.failed(f.Seq, &RefusedError{Action: plan.Action, Reason: "this is a dry run"})
	case plan.Digest() != f.Approval.Digest:
		return r.failed(f.Seq, &RefusedError{Action: plan.Action, Reason: "what was approved is not this plan"})
	}
	a, err := r.action(plan.Action, c)
	if err != nil {
		return r.failed(f.Seq, err)
	}
	if err := r.begin(c); err != nil {
		return r.failed(f.Seq, err)
	}
	if err := r.note(Entry{Kind: EntryPlan, Action: plan.Action, Plan: &plan, Case: &c, Approval: &f.Approval}); err != nil {
		return r.failed(f.Seq, err)
	}

	wait, done := r.waitable(r.hard)
	defer done()
	var receipts []engine.Receipt
	for _, ch := range plan.Changes {
		if r.wasHalted() {
			return guide.Executed{Seq: f.Seq, Receipts: receipts, Stopped: true}
		}
		if err := r.recheck(a, c, plan); err != nil {
			return r.failed(f.Seq, err, receipts...)
		}
		receipt, err := r.change(wait, a, c, plan, ch, report)
		if err != nil {
			if ch.Kind == engine.ChangeCopy && r.wasHalted() && r.hard.Err() == nil {
				return guide.Executed{Seq: f.Seq, Receipts: receipts, Stopped: true}
			}
			return r.failed(f.Seq, err, receipts...)
		}
		receipts = append(receipts, receipt)
		c = c.Clone()
		c.Receipts = append(c.Receipts, receipt)
	}
	return guide.Executed{Seq: f.Seq, Receipts: receipts}
}

// recheck reads the plan's guards live and compares them with what the plan
// was made on.
func (r *Runner) recheck(a engine.Action, c engine.Case, plan engine.Plan) error {
	now, err := a.Guards(r.hard, c)
	if err != nil {
		return fmt.Errorf("read the preconditions of %s again: %w", plan.Action, err)
	}
	for _, g := range plan.Guards {
		i := slices.IndexFunc(now, func(x engine.Guard) bool { return x.ID == g.ID })
		if i < 0 {
			return &StaleError{Guard: g, Now: "no longer there"}
		}
		if now[i].Seen != g.Seen {
			return &StaleError{Guard: g, Now: now[i].Seen}
		}
	}
	if len(now) != len(plan.Guards) {
		return &StaleError{Guard: engine.Guard{Text: "number of preconditions", Seen: fmt.Sprint(len(plan.Guards))}, Now: fmt.Sprint(len(now))}
	}
	return nil
}

// change makes one change. When it fails, the world is observed before
// anything is said about its outcome: a connection that dies after the request
// has left tells nothing.
func (r *Runner) change(wait context.Context, a engine.Action, c engine.Case, plan engine.Plan, ch engine.Change, report func(engine.Progress)) (engine.Receipt, error) {
	if err := r.note(Entry{Kind: EntryIntent, Action: plan.Action, Change: &ch}); err != nil {
		return engine.Receipt{}, err
	}
	ctx := r.hard
	var calls []engine.Call
	var uploads []string
	switch ch.Kind {
	case engine.ChangeRequest:
		calls = []engine.Call{ch.Call}
	case engine.ChangeCopy:
		uploads = []string{ch.Copy.Uploads}
		ctx = wait // a copy goes on where it stopped, so it may be cut off
	case engine.ChangeConsole:
		ctx = wait
	}
	report(engine.Progress{Text: ch.Title})
	receipt, err := a.Run(r.cfg.Approve(ctx, calls, uploads), c, ch, report)
	switch {
	case err == nil:
	case ch.Kind == engine.ChangeConsole && r.wasHalted() && r.hard.Err() == nil:
		receipt, err = engine.Receipt{Status: "the owner ended the watch"}, nil
	case ch.Kind == engine.ChangeCopy && r.wasHalted():
	default:
		receipt, err = r.observed(a, c, ch, err)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", ch.Title, err)
		return engine.Receipt{}, errors.Join(err, r.note(Entry{Kind: EntryOutcome, Action: plan.Action, Change: &ch, Error: err.Error()}))
	}
	receipt.Action, receipt.Change, receipt.Plan, receipt.Title, receipt.Target, receipt.At = plan.Action, ch.ID, plan.Digest(), ch.Title, ch.Target, r.cfg.Now()
	return receipt, r.note(Entry{Kind: EntryOutcome, Action: plan.Action, Change: &ch, Receipt: &receipt})
}

func (r *Runner) observed(a engine.Action, c engine.Case, ch engine.Change, cause error) (engine.Receipt, error) {
	made, err := a.Made(r.hard, c, ch)
	switch {
	case err != nil:
		return engine.Receipt{}, fmt.Errorf("%w (whether it took effect could not be observed either: %w)", cause, err)
	case made:
		return engine.Receipt{Status: "observed", Note: "the answer was lost, but the change is in effect: " + cause.Error()}, nil
	}
	return engine.Receipt{}, cause
}

// begin opens the journal at the first change of a run.
func (r *Runner) begin(c engine.Case) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.journal != nil {
		return nil
	}
	j, err := r.cfg.OpenJournal(c.Org, r.cfg.Now())
	if err != nil {
		return fmt.Errorf("nothing was changed, because no journal could be begun: %w", err)
	}
	r.journal = j
	return nil
}

// note appends to the journal; before a run has begun there is nothing to
// note.
func (r *Runner) note(e Entry) error {
	r.mu.Lock()
	j := r.journal
	r.mu.Unlock()
	if j == nil {
		return nil
	}
	e.At = r.cfg.Now()
	if err := j.Append(e); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}
