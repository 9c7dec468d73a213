package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/gofrs/flock"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// EntryKind says what a journal line records.
type EntryKind string

// The kinds.
const (
	EntryPlan    EntryKind = "plan"    // an approved plan, with the case it was made on
	EntryIntent  EntryKind = "intent"  // a change is about to be made
	EntryOutcome EntryKind = "outcome" // it was made, or why not
	EntryCheck   EntryKind = "check"   // what was seen afterwards
)

// Entry is one line of the journal. An intent without an outcome is a change
// whose outcome is unknown.
type Entry struct {
	Version  int              `json:"v"`
	At       time.Time        `json:"at"`
	Kind     EntryKind        `json:"kind"`
	Action   engine.ActionID  `json:"action"`
	Approval *engine.Approval `json:"approval,omitempty"`
	Plan     *engine.Plan     `json:"plan,omitempty"`
	Case     *engine.Case     `json:"case,omitempty"`
	Change   *engine.Change   `json:"change,omitempty"`
	Receipt  *engine.Receipt  `json:"receipt,omitempty"`
	Check    *engine.Check    `json:"check,omitempty"`
	Error    string           `json:"error,omitempty"`
}

// Journal is an append-only record. Append returns only when the entry is
// safe on disk.
type Journal interface {
	Append(Entry) error
	Close() error
}

// ErrBusy says that another run of the same organization is under way.
var ErrBusy = errors.New("another run of this organization is under way")

const journalVersion = 1

var unsafeName = regexp.MustCompile(`[^a-zA-Z0-9._-]+`)

type fileJournal struct {
	file *os.File
	lock *flock.Flock
}

// OpenJournal begins a journal for a run of the organization below dir, and
// takes the organization's lock, which ends with the process. Files are
// readable by their owner only.
func OpenJournal(dir, org string, now time.Time) (Journal, error) {
	name := unsafeName.ReplaceAllString(org, "_")
	runs := filepath.Join(dir, "runs")
	if err := os.MkdirAll(runs, 0o700); err != nil {
		return nil, fmt.Errorf("make the journal's folder: %w", err)
	}
	lock := flock.New(filepath.Join(dir, name+".lock"), flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the organization %s: %w", org, err)
	}
	if !locked {
		return nil, fmt.Errorf("%s: %w; wait until it has ended", org, ErrBusy)
	}
	path := filepath.Join(runs, fmt.Sprintf("%s-%s.jsonl", name, now.UTC().Format("20060102T150405.000000000Z")))
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("begin the journal: %w", err), lock.Unlock())
	}
	if err := syncDir(runs); err != nil {
		return nil, errors.Join(err, file.Close(), lock.Unlock())
	}
	return &fileJournal{file: file, lock: lock}, nil
}

// syncDir makes a new name in the folder survive a power cut. Systems that
// cannot sync a folder (Windows) say so by an error of their own, which is no
// reason not to go on.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open the journal's folder: %w", err)
	}
	_ = d.Sync()
	return d.Close()
}

// Append implements Journal.
func (j *fileJournal) Append(e Entry) error {
	e.Version = journalVersion
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode a journal line: %w", err)
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return err
	}
	return j.file.Sync()
}

// Close implements Journal.
func (j *fileJournal) Close() error { return errors.Join(j.file.Close(), j.lock.Unlock()) }
