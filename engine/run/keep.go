package run

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// How a run began or ended, as recorded in the journal.
const (
	textResumed = "taken up again"
	textReport  = "the walk came to its report"
	endClosed   = "closed by hand"
	textUndone  = "put back as far as it can be"
)

// subject is the person a run is about.
type subject struct{ org, username string }

func subjectOf(c engine.Case) subject { return subject{c.Org, c.Username} }

// begin opens the journal at the first change of a run. A run is about one
// person; a change for another person begins another journal.
func (r *Runner) begin(c engine.Case, m guide.Mark) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.journal != nil && r.subject == subjectOf(c) {
		return nil
	}
	if err := r.releaseJournal(); err != nil {
		return err
	}
	now := r.cfg.Now()
	j, err := r.cfg.OpenJournal(c.Org, now)
	if err != nil {
		return fmt.Errorf("nothing was changed, because nothing is changed without a journal: %w", err)
	}
	r.journal, r.subject = j, subjectOf(c)
	return j.Append(Entry{At: now, Kind: EntryBegin, Case: &c, Mark: &m})
}

// Continue appends to the journal of an earlier run instead of beginning one.
// Changes whose outcome that run left unknown are observed before the walk
// continues.
func (r *Runner) Continue(j Journal, rec Record) error {
	c, m := rec.Case(), rec.Mark()
	m.Seq = 0
	r.mu.Lock()
	defer r.mu.Unlock()
	r.journal, r.subject, r.doubts = j, subjectOf(c), rec.Doubts()
	return j.Append(Entry{At: r.cfg.Now(), Kind: EntryBegin, Mark: &m, Text: textResumed})
}

// note appends to the journal, if a run has begun.
func (r *Runner) note(e Entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.journal == nil {
		return nil
	}
	e.At = r.cfg.Now()
	return r.journal.Append(e)
}

// mark records the place of the walk, and ends the run if nothing is left to do. An error
// is ignored: a walk that resumes a step too early finds that step done.
func (r *Runner) mark(f guide.Note) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.journal == nil || r.subject != subjectOf(f.Case) {
		return
	}
	if r.journal.Append(Entry{At: r.cfg.Now(), Kind: EntryMark, Mark: &f.Mark, Case: &f.Case}) != nil || !f.Over || slices.ContainsFunc(r.doubts, Doubt.matters) {
		return
	}
	_ = r.end("", textReport)
}

// EndUndo ends the journal of a run that was undone.
func (r *Runner) EndUndo() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.journal == nil {
		return nil
	}
	return r.end(engine.ActionUndo, textUndone)
}

// end closes the journal with its last line.
func (r *Runner) end(action engine.ActionID, text string) error {
	if err := r.journal.Append(Entry{At: r.cfg.Now(), Kind: EntryEnd, Action: action, Text: text}); err != nil {
		return err
	}
	return r.releaseJournal()
}

// releaseJournal closes the journal and releases the organization's lock.
func (r *Runner) releaseJournal() error {
	j := r.journal
	r.journal, r.subject, r.doubts = nil, subject{}, nil
	if j == nil {
		return nil
	}
	return j.Close()
}

func (r *Runner) closeJournal() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.releaseJournal()
}

// Close records that a person closed the run at that time, as it is.
func Close(j Journal, at time.Time) error {
	return j.Append(Entry{At: at, Kind: EntryEnd, Text: endClosed})
}

func (r *Runner) doubted(d Doubt) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.doubts, d.same)
}

// doubt records whether the outcome of a change is unknown.
func (r *Runner) doubt(d Doubt, unknown bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.doubts = slices.DeleteFunc(r.doubts, d.same)
	if unknown {
		r.doubts = append(r.doubts, d)
	}
}

// resolveDoubts observes the changes of this person's run whose outcome is unknown, and
// adds receipts for those that were made. A change that cannot be observed now
// stays in doubt, and is observed again before it would be repeated. What somebody has
// given back by hand gets its receipt, too.
func (r *Runner) resolveDoubts(ctx context.Context, c engine.Case) engine.Case {
	r.mu.Lock()
	doubts := slices.Clone(r.doubts)
	if r.subject != subjectOf(c) || !c.Session.Ready() {
		doubts = nil
	}
	r.mu.Unlock()
	for _, d := range doubts {
		a, ok := r.actions[d.Action]
		if !ok {
			continue
		}
		made, err := a.Made(ctx, c, d.Change)
		switch {
		case err != nil:
		case made:
			receipt, err := r.made(d, engine.Receipt{Status: statusObserved, Note: noteEarlier})
			if err != nil {
				r.doubt(d, true) // the journal could not be written
			}
			c = c.WithReceipts(receipt)
			if len(c.Remaining(d.Action)) == 0 {
				c = c.Finished(d.Action)
			}
		default:
			if r.note(Entry{Kind: EntryOutcome, Action: d.Action, Change: &d.Change, Error: "observed later: it was not made"}) == nil {
				r.doubt(d, false)
			}
		}
	}
	return r.givenBack(ctx, c)
}

// givenBack adds receipts for what a plan that was left half-way still had to give
// back, and somebody has given back by hand since.
func (r *Runner) givenBack(ctx context.Context, c engine.Case) engine.Case {
	r.mu.Lock()
	ours := r.subject == subjectOf(c) && c.Session.Ready()
	r.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(c.Unfinished)) {
		a, ok := r.actions[id]
		if !ok || !ours {
			continue
		}
		digest := c.Unfinished[id].Digest()
		for _, ch := range c.Owed(id) {
			if made, err := a.Made(ctx, c, ch); err != nil || !made {
				continue
			}
			receipt, _ := r.made(Doubt{Action: id, Plan: digest, Change: ch}, engine.Receipt{Status: statusObserved, Note: noteByHand})
			c = c.WithReceipts(receipt)
		}
		if len(c.Remaining(id)) == 0 {
			c = c.Finished(id)
		}
	}
	return c
}
