package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// Record is a run as recorded in its journal.
type Record struct {
	ID      string
	Org     string
	Begun   time.Time
	Last    time.Time // of the last line
	Entries []Entry
	Torn    bool // a crash left an incomplete last line, which is ignored

	size int64
	sum  string
}

// Doubt is a change whose outcome the journal does not know.
type Doubt struct {
	Action engine.ActionID
	Plan   string // digest
	Change engine.Change
}

// Status is the state of a run.
type Status string

// The statuses.
const (
	StatusUnfinished Status = "unfinished"
	StatusEnded      Status = "ended"
	StatusUndoing    Status = "undo unfinished" // an undo was begun
	StatusUndone     Status = "undone"
	StatusClosed     Status = "closed" // by a person, without being finished
)

// ErrNoRun says that no journal has that ID.
var ErrNoRun = errors.New("there is no such run")

// Read reads the journal of one run below dir. It takes no lock, so it can read
// a run in progress.
func Read(dir, id string) (Record, error) {
	if id == "" || id != safeName(id) {
		return Record{}, fmt.Errorf("%q: %w", id, ErrNoRun)
	}
	file, err := os.Open(filepath.Join(dir, "runs", id+suffix))
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, fmt.Errorf("%s: %w", id, ErrNoRun)
	}
	if err != nil {
		return Record{}, &JournalError{"read", err}
	}
	defer func() { _ = file.Close() }() // it was only read
	got, err := read(file)
	if err != nil {
		return Record{}, &JournalError{"read", fmt.Errorf("%s: %w", id, err)}
	}
	rec := Record{ID: id, Entries: got.entries, Torn: got.torn, size: got.size, sum: got.sum}
	if len(rec.Entries) == 0 {
		return rec, nil
	}
	rec.Org = rec.Case().Org
	rec.Begun, rec.Last = rec.Entries[0].At, rec.Entries[len(rec.Entries)-1].At
	return rec, nil
}

// List reads every journal below dir, newest first. Besides those that could be
// read, it returns the errors of the others, joined.
func List(dir string) ([]Record, error) {
	files, err := os.ReadDir(filepath.Join(dir, "runs"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &JournalError{"list", err}
	}
	var records []Record
	var problems []error
	for _, f := range files {
		id, ok := strings.CutSuffix(f.Name(), suffix)
		if !ok {
			continue
		}
		rec, err := Read(dir, id)
		switch {
		case err != nil:
			problems = append(problems, err)
		case len(rec.Entries) > 0: // nothing was ever approved in an empty one
			records = append(records, rec)
		}
	}
	slices.SortStableFunc(records, func(a, b Record) int { return b.Begun.Compare(a.Begun) })
	return records, errors.Join(problems...)
}

// Case returns the case at the end of the journal: the last one recorded, with
// every receipt and check since.
func (r Record) Case() engine.Case {
	var c engine.Case
	for _, e := range r.Entries {
		if e.Case != nil {
			c = e.Case.Clone()
		}
		switch e.Kind {
		case EntryPlan:
			if e.Plan != nil {
				c = c.WithUnfinished(*e.Plan)
			}
		case EntryOutcome:
			if e.Receipt != nil {
				c = c.WithReceipts(*e.Receipt)
			}
			if len(c.Remaining(e.Action)) == 0 {
				c = c.Finished(e.Action)
			}
		case EntryCheck:
			if e.Check != nil {
				c = c.WithCheck(e.Action, *e.Check)
			}
		case EntryBegin, EntryIntent, EntryMark, EntryEnd:
		}
	}
	return c
}

// Mark returns where the walk stood last.
func (r Record) Mark() guide.Mark {
	var m guide.Mark
	var unseen *engine.Plan
	for _, e := range r.Entries {
		if e.Mark != nil && (e.Mark.Seq >= m.Seq || e.Kind == EntryPlan || e.Kind == EntryBegin) {
			m = *e.Mark
		}
		switch e.Kind {
		case EntryPlan:
			unseen = e.Plan
		case EntryCheck:
			unseen = nil
		case EntryMark: // the walk went on, or back
			unseen = nil
		case EntryBegin, EntryIntent, EntryOutcome, EntryEnd:
		}
	}
	m.Plan = unseen
	return m
}

// Doubts lists the changes whose outcome is unknown.
func (r Record) Doubts() []Doubt {
	var doubts []Doubt
	digest := ""
	for _, e := range r.Entries {
		switch {
		case e.Kind == EntryPlan && e.Plan != nil:
			digest = e.Plan.Digest()
		case e.Change == nil:
		case e.Kind == EntryIntent, e.Kind == EntryOutcome:
			d := Doubt{Action: e.Action, Plan: digest, Change: *e.Change}
			doubts = slices.DeleteFunc(doubts, d.same)
			if e.Kind == EntryIntent || e.Unknown {
				doubts = append(doubts, d)
			}
		}
	}
	return doubts
}

// same reports whether both are the same change, in whichever plan.
func (d Doubt) same(x Doubt) bool { return d.Action == x.Action && d.Change.ID == x.Change.ID }

// matters reports whether a run stays open because of the doubt. What somebody did or did
// not do in a web console, they know.
func (d Doubt) matters() bool { return d.Change.Kind != engine.ChangeConsole }

// Status returns the state of the run.
func (r Record) Status() Status {
	s := StatusUnfinished
	for _, e := range r.Entries {
		switch e.Kind {
		case EntryEnd:
			s = StatusEnded
			if e.Action == engine.ActionUndo {
				s = StatusUndone
			}
			if e.Text == endClosed {
				s = StatusClosed
			}
		case EntryPlan:
			s = StatusUnfinished
			if e.Action == engine.ActionUndo {
				s = StatusUndoing
			}
		case EntryBegin, EntryIntent, EntryOutcome, EntryCheck, EntryMark:
		}
	}
	return s
}

// Open reports whether a run or its undo is unfinished.
func (r Record) Open() bool { return r.Status() == StatusUnfinished || r.Status() == StatusUndoing }
