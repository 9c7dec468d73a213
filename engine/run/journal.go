package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Journal is an append-only record of a run. Append returns once the entry is on
// stable storage.
type Journal interface {
	Append(Entry) error
	Close() error
}

// ErrBusy says that another run of the same organization holds its lock.
var ErrBusy = errors.New("another run of this organization is under way")

// JournalError says that the journal could not be read or written. No change is
// made without its line in the journal, so the error ends a run.
type JournalError struct {
	Attempt string // the operation that failed: "begin", "write"
	Err     error
}

// Error implements error.
func (e *JournalError) Error() string { return e.Attempt + " the journal: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *JournalError) Unwrap() error { return e.Err }

var unsafeName = regexp.MustCompile(`[^a-zA-Z0-9._-]+`)

// safeName is the organization's name as part of a file name.
func safeName(org string) string {
	return strings.TrimLeft(unsafeName.ReplaceAllString(org, "_"), ".")
}

const (
	folderMode = 0o700
	fileMode   = 0o600
	suffix     = ".jsonl"
	sameSecond = 1000 // how many runs of one organization may begin within a second
)

// fileJournal is a journal in a file. It is the only writer as long as it holds
// the organization's lock.
type fileJournal struct {
	file  *os.File
	lock  *flock.Flock
	size  int64 // of the complete lines
	sum   string
	dirty bool // an incomplete line may follow them
}

// OpenJournal creates a journal below dir for a run of the organization, and
// takes the organization's lock, which the process holds until Close or until it
// ends. Only the owner can read the files.
func OpenJournal(dir, org string, now time.Time) (Journal, error) {
	runs := filepath.Join(dir, "runs")
	if err := makePrivate(dir, runs); err != nil {
		return nil, &JournalError{"begin", err}
	}
	lock, err := takeLock(dir, org)
	if err != nil {
		return nil, err
	}
	file, err := create(runs, safeName(org)+"-"+now.UTC().Format("20060102-150405"))
	if err != nil {
		return nil, errors.Join(&JournalError{"begin", err}, lock.Unlock())
	}
	if err := syncDir(runs); err != nil {
		return nil, errors.Join(&JournalError{"begin", err}, file.Close(), lock.Unlock())
	}
	return &fileJournal{file: file, lock: lock}, nil
}

// makePrivate creates the folders, and takes the access of others away from those
// that exist.
func makePrivate(dirs ...string) error {
	for _, d := range dirs {
		if err := os.MkdirAll(d, folderMode); err != nil {
			return fmt.Errorf("make its folder: %w", err)
		}
		info, err := os.Stat(d)
		if err != nil {
			return fmt.Errorf("look at its folder: %w", err)
		}
		if info.Mode().Perm()&^folderMode == 0 {
			continue
		}
		if err := os.Chmod(d, folderMode); err != nil {
			return fmt.Errorf("close its folder to others: %w", err)
		}
	}
	return nil
}

func takeLock(dir, org string) (*flock.Flock, error) {
	lock := flock.New(filepath.Join(dir, safeName(org)+".lock"), flock.SetPermissions(fileMode))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, &JournalError{"begin", fmt.Errorf("lock the organization %s: %w", org, err)}
	}
	if !locked {
		return nil, fmt.Errorf("%s: %w; wait until it has ended", org, ErrBusy)
	}
	return lock, nil
}

// create creates a new file. Runs that begin in the same second are numbered.
func create(runs, base string) (*os.File, error) {
	name := base
	for n := 2; ; n++ {
		file, err := os.OpenFile(filepath.Join(runs, name+suffix), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, fileMode)
		if !errors.Is(err, os.ErrExist) || n > sameSecond {
			return file, err
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
}

// syncDir makes a new name in the folder survive a power cut. The error of Sync is
// ignored: some systems (Windows) cannot sync a folder.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open its folder: %w", err)
	}
	_ = d.Sync()
	return d.Close()
}

// Reopen takes the lock of a run's organization and opens its journal for
// appending. If a crash left an incomplete last line, Reopen cuts it off.
func Reopen(dir, id string) (Journal, Record, error) {
	rec, err := Read(dir, id)
	if err != nil {
		return nil, Record{}, err
	}
	lock, err := takeLock(dir, rec.Org)
	if err != nil {
		return nil, Record{}, err
	}
	// The last holder of the lock may have written since.
	if rec, err = Read(dir, id); err != nil {
		return nil, Record{}, errors.Join(err, lock.Unlock())
	}
	file, err := os.OpenFile(filepath.Join(dir, "runs", id+suffix), os.O_WRONLY|os.O_APPEND, fileMode)
	if err != nil {
		return nil, Record{}, errors.Join(&JournalError{"open", err}, lock.Unlock())
	}
	j := &fileJournal{file: file, lock: lock, size: rec.size, sum: rec.sum, dirty: rec.Torn}
	if err := j.heal(); err != nil {
		return nil, Record{}, errors.Join(err, j.Close())
	}
	return j, rec, nil
}

// heal cuts off an incomplete last line.
func (j *fileJournal) heal() error {
	if !j.dirty {
		return nil
	}
	if err := j.file.Truncate(j.size); err != nil {
		return &JournalError{"mend", err}
	}
	if err := j.file.Sync(); err != nil {
		return &JournalError{"mend", err}
	}
	j.dirty = false
	return nil
}

// Append implements Journal. After a failed write, the next Append first repairs
// the file, so that only the last line can ever be incomplete.
func (j *fileJournal) Append(e Entry) error {
	raw, own, err := encode(e, j.sum)
	if err != nil {
		return err
	}
	if err := j.heal(); err != nil {
		return err
	}
	j.dirty = true
	if _, err := j.file.Write(raw); err != nil {
		return &JournalError{"write", err}
	}
	if err := j.file.Sync(); err != nil {
		return &JournalError{"write", err}
	}
	j.dirty, j.size, j.sum = false, j.size+int64(len(raw)), own
	return nil
}

// Close implements Journal.
func (j *fileJournal) Close() error { return errors.Join(j.file.Close(), j.lock.Unlock()) }
