package run

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// execute makes the changes of an approved plan one after the other. For each, it
// reads the guards again, journals the intent, makes the change, and journals the
// outcome.
func (r *Runner) execute(f guide.Execute, report func(engine.Progress)) guide.Event {
	r.changing.Lock()
	defer r.changing.Unlock()
	wait, done := r.waitable(r.soft, f.Seq)
	defer done()

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
	if err := r.begin(c, f.Mark); err != nil {
		return r.failed(f.Seq, err)
	}
	if err := r.note(Entry{Kind: EntryPlan, Action: plan.Action, Plan: &plan, Case: &c, Approval: &f.Approval, Mark: &f.Mark}); err != nil {
		return r.failed(f.Seq, err)
	}

	var receipts []engine.Receipt
	for i, ch := range plan.Changes {
		if wait.Err() != nil && !r.clickedAhead(wait, plan.Changes[i:]) {
			return guide.Executed{Seq: f.Seq, Receipts: receipts, Stopped: true}
		}
		if err := r.recheck(a, c, plan, ch); err != nil {
			return r.failed(f.Seq, err, receipts...)
		}
		receipt, err := r.change(wait, a, c, plan, ch, report)
		if err != nil {
			if receipt.Change != "" { // made, but not recorded in the journal
				receipts = append(receipts, receipt)
			}
			if ch.Kind != engine.ChangeRequest && wait.Err() != nil && r.hard.Err() == nil {
				return guide.Executed{Seq: f.Seq, Receipts: receipts, Stopped: true}
			}
			failed := r.failed(f.Seq, err, receipts...)
			failed.Change = ch
			return failed
		}
		receipts = append(receipts, receipt)
		c = c.Clone()
		c.Receipts = append(c.Receipts, receipt)
	}
	return guide.Executed{Seq: f.Seq, Receipts: receipts}
}

// clickedAhead reports whether wait has ended because clicks that are still ahead are
// done. The screen asks from the start to say so, which therefore may be before the wait
// for them has begun, and stops nothing that comes before them.
func (r *Runner) clickedAhead(wait context.Context, rest []engine.Change) bool {
	if !errors.Is(context.Cause(wait), errClicked) {
		return false
	}
	theirs := func(ch engine.Change) bool { return ch.Kind == engine.ChangeConsole }
	return theirs(rest[0]) || r.soft.Err() == nil && slices.ContainsFunc(rest, theirs)
}

// recheck reads the guards that the change depends on again, and compares them
// with the values that the plan was made from.
func (r *Runner) recheck(a engine.Action, c engine.Case, plan engine.Plan, ch engine.Change) error {
	var now []engine.Guard
	var err error
	some, byChange := a.(engine.GuardsByChange)
	if byChange {
		now, err = some.GuardsOf(r.hard, c, ch)
	} else {
		now, err = a.Guards(r.hard, c)
	}
	if err != nil {
		return fmt.Errorf("read the preconditions of %s again: %w", plan.Action, err)
	}
	for _, g := range plan.Guards {
		i := slices.IndexFunc(now, func(x engine.Guard) bool { return x.ID == g.ID })
		switch {
		case i < 0 && byChange: // a guard of another change
		case i < 0:
			return &StaleError{Guard: g, Now: "no longer there"}
		case now[i].Seen != g.Seen:
			return &StaleError{Guard: g, Now: now[i].Seen}
		}
	}
	for _, g := range now {
		if !slices.ContainsFunc(plan.Guards, func(x engine.Guard) bool { return x.ID == g.ID }) {
			return &StaleError{Guard: engine.Guard{Text: g.Text, Seen: "not among the preconditions"}, Now: g.Seen}
		}
	}
	return nil
}

// change makes one change. If that fails, change observes whether it took effect:
// a connection that breaks after the request was sent says nothing about the
// outcome. A change that an earlier attempt may have made is observed before it
// is tried again.
func (r *Runner) change(wait context.Context, a engine.Action, c engine.Case, plan engine.Plan, ch engine.Change, report func(engine.Progress)) (engine.Receipt, error) {
	doubt := Doubt{Action: plan.Action, Plan: plan.Digest(), Change: ch}
	if r.doubted(doubt) {
		made, err := a.Made(r.hard, c, ch)
		switch {
		case err == nil && made:
			return r.made(doubt, engine.Receipt{Status: statusObserved, Note: noteEarlier})
		case err != nil && ch.Kind != engine.ChangeConsole: // a person sees the state in the console
			return engine.Receipt{}, fmt.Errorf("%s: whether it was made before could not be observed: %w", ch.Title, err)
		}
	}
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
		uploads = ch.Copy.Uploads
		ctx = wait // a copy continues where it stopped, so it may be cut off
	case engine.ChangeConsole:
		ctx = wait
	}
	report(engine.Progress{Text: ch.Title})
	receipt, err := a.Run(r.cfg.Approve(ctx, calls, uploads), c, ch, report)
	unknown := false
	switch {
	case err == nil:
	case ch.Kind == engine.ChangeConsole && errors.Is(context.Cause(wait), errClicked) && r.hard.Err() == nil:
		receipt, err = engine.Receipt{Status: errClicked.Error()}, nil
	case ch.Kind == engine.ChangeCopy && wait.Err() != nil:
	default:
		if ch.Kind == engine.ChangeConsole && errors.Is(context.Cause(wait), errHalted) {
			err = errHalted
		}
		receipt, unknown, err = r.observed(a, c, ch, err)
		// What was clicked may show late, so the next look decides.
		unknown = unknown || err != nil && ch.Kind == engine.ChangeConsole && wait.Err() != nil
	}
	if err != nil {
		r.doubt(doubt, unknown)
		err = fmt.Errorf("%s: %w", ch.Title, err)
		return engine.Receipt{}, errors.Join(err, r.note(Entry{Kind: EntryOutcome, Action: plan.Action, Change: &ch, Error: err.Error(), Unknown: unknown}))
	}
	return r.made(doubt, receipt)
}

// made records that a change is in effect. The receipt is valid even if it could
// not be written.
func (r *Runner) made(d Doubt, receipt engine.Receipt) (engine.Receipt, error) {
	r.doubt(d, false)
	receipt.Action, receipt.Change, receipt.Plan, receipt.At = d.Action, d.Change.ID, d.Plan, r.cfg.Now()
	receipt.Title, receipt.Target = d.Change.Title, d.Change.Target
	return receipt, r.note(Entry{Kind: EntryOutcome, Action: d.Action, Change: &d.Change, Receipt: &receipt})
}

const (
	statusObserved = "observed"
	noteEarlier    = "an earlier attempt had made it"
	noteByHand     = "it was not made by this tool, and is in effect"
)

// observed checks whether a change that failed is in effect nevertheless. unknown is true
// if that could not be observed either.
func (r *Runner) observed(a engine.Action, c engine.Case, ch engine.Change, cause error) (receipt engine.Receipt, unknown bool, err error) {
	made, err := a.Made(r.hard, c, ch)
	switch {
	case err != nil:
		return engine.Receipt{}, true, fmt.Errorf("%w (whether it took effect could not be observed either: %w)", cause, err)
	case made:
		return engine.Receipt{Status: statusObserved, Note: "the answer was lost, but the change is in effect: " + cause.Error()}, false, nil
	}
	return engine.Receipt{}, false, cause
}
