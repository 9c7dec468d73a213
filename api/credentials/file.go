package credentials

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"filippo.io/age"
	"github.com/gofrs/flock"
)

// ErrPassphrase means that the passphrase does not decrypt the file.
var ErrPassphrase = errors.New("the passphrase does not open the file")

const (
	fileVersion = 1
	maxFile     = 4 << 20
	// workFactor is the binary logarithm of scrypt's cost: about a second per attempt.
	// A file that demands more than maxWorkFactor was not written by this package.
	workFactor    = 18
	maxWorkFactor = 20
	passphrases   = 3 // attempts
	// lockWait is how long to wait for other processes, which may take seconds each, and
	// more on a busy machine.
	lockWait = 3 * time.Minute
)

// PassphraseRequest says what a passphrase is needed for.
type PassphraseRequest struct {
	Path  string
	New   bool // the file does not exist yet; the passphrase will encrypt it
	Again bool // the previous passphrase was wrong
}

// File stores secrets in one file, encrypted with a passphrase in the age format
// (age-encryption.org/v1, scrypt), so that the age tool can decrypt it too. It is safe
// for concurrent use, also by several processes. Use NewFile.
type File struct {
	path       string
	ask        func(context.Context, PassphraseRequest) (string, error)
	workFactor int

	mu         sync.Mutex
	passphrase func() string // a func, so that %v does not print it; nil until known
	content    map[string]string
	read       stamp // of the file when content was read
}

// stamp identifies a state of the file.
type stamp struct {
	at   time.Time
	size int64
}

// NewFile returns the store in path, which need not exist. ask is called when the file
// is first used, and again after a wrong passphrase.
func NewFile(path string, ask func(context.Context, PassphraseRequest) (string, error)) *File {
	return &File{path: path, ask: ask, workFactor: workFactor}
}

// Exists reports whether the file exists.
func (f *File) Exists() bool {
	_, err := os.Stat(f.path)
	return err == nil
}

// Get implements Store.
func (f *File) Get(ctx context.Context, account string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.load(ctx); err != nil {
		return "", fmt.Errorf("read entry %q of %s: %w", account, f.path, err)
	}
	secret, ok := f.content[account]
	if !ok {
		return "", fmt.Errorf("read entry %q of %s: %w", account, f.path, ErrNotFound)
	}
	return secret, nil
}

// Set implements Store.
func (f *File) Set(ctx context.Context, account, secret string) error {
	err := f.change(ctx, true, func(content map[string]string) error {
		content[account] = secret
		return nil
	})
	if err != nil {
		return fmt.Errorf("write entry %q of %s: %w", account, f.path, err)
	}
	return nil
}

// Delete implements Store. Deleting the last entry deletes the file.
func (f *File) Delete(ctx context.Context, account string) error {
	err := f.change(ctx, false, func(content map[string]string) error {
		if _, ok := content[account]; !ok {
			return ErrNotFound
		}
		delete(content, account)
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete entry %q of %s: %w", account, f.path, err)
	}
	return nil
}

// change reads the file, calls do on its content and writes it, holding the lock that
// excludes other processes.
func (f *File) change(ctx context.Context, adds bool, do func(map[string]string) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return err
	}
	// Ask for the passphrase before locking, so that no other process waits for it.
	if err := f.load(ctx); err != nil {
		return err
	}
	if f.passphrase == nil && adds {
		if err := f.askFor(ctx, PassphraseRequest{Path: f.path, New: true}); err != nil {
			return err
		}
	}
	lock := flock.New(f.path + ".lock")
	wait, stop := context.WithTimeout(ctx, lockWait)
	defer stop()
	if _, err := lock.TryLockContext(wait, 20*time.Millisecond); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("another process holds %s.lock: %w", f.path, err)
	}
	defer func() { _ = lock.Unlock() }()
	if err := f.load(ctx); err != nil {
		return err
	}
	if err := do(f.content); err != nil {
		return err
	}
	if len(f.content) == 0 {
		f.read = stamp{}
		if err := os.Remove(f.path); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	return f.save()
}

// load decrypts the file, unless content is up to date.
func (f *File) load(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	info, err := os.Stat(f.path)
	if errors.Is(err, os.ErrNotExist) {
		f.content, f.read = map[string]string{}, stamp{}
		return nil
	}
	if err != nil {
		return err
	}
	if f.content != nil && f.read == (stamp{info.ModTime(), info.Size()}) {
		return nil
	}
	if info.Size() > maxFile {
		return fmt.Errorf("%w: the file is larger than %d bytes", ErrTooLarge, maxFile)
	}
	sealed, err := os.ReadFile(f.path)
	if err != nil {
		return err
	}
	for attempt := range passphrases {
		if f.passphrase == nil {
			if err := f.askFor(ctx, PassphraseRequest{Path: f.path, Again: attempt > 0}); err != nil {
				return err
			}
		}
		content, err := open(sealed, f.passphrase())
		if errors.Is(err, ErrPassphrase) {
			f.passphrase = nil
			continue
		}
		if err != nil {
			return err
		}
		f.content, f.read = content, stamp{info.ModTime(), info.Size()}
		return nil
	}
	return ErrPassphrase
}

func (f *File) askFor(ctx context.Context, r PassphraseRequest) error {
	passphrase, err := f.ask(ctx, r)
	if err != nil {
		return err
	}
	if passphrase == "" {
		return errors.New("no passphrase was given")
	}
	f.passphrase = func() string { return passphrase }
	return nil
}

// save encrypts content into a new file and renames it to path.
func (f *File) save() (err error) {
	sealed, err := seal(f.content, f.passphrase(), f.workFactor)
	if err != nil {
		return err
	}
	// CreateTemp creates files with mode 0600.
	tmp, err := os.CreateTemp(filepath.Dir(f.path), ".credentials-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	_, err = tmp.Write(sealed)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), f.path); err != nil {
		return err
	}
	if info, err := os.Stat(f.path); err == nil {
		f.read = stamp{info.ModTime(), info.Size()}
	}
	return nil
}

// document is the decrypted content of the file.
type document struct {
	Version int               `json:"version"`
	Entries map[string]string `json:"entries"`
}

func seal(content map[string]string, passphrase string, workFactor int) ([]byte, error) {
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, err
	}
	recipient.SetWorkFactor(workFactor)
	plain, err := json.Marshal(document{fileVersion, content})
	if err != nil {
		return nil, err
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, recipient)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return sealed.Bytes(), nil
}

func open(sealed []byte, passphrase string) (map[string]string, error) {
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, err
	}
	identity.SetMaxWorkFactor(maxWorkFactor)
	r, err := age.Decrypt(bytes.NewReader(sealed), identity)
	var mismatch *age.NoIdentityMatchError
	switch {
	case errors.As(err, &mismatch):
		return nil, ErrPassphrase
	case err != nil:
		return nil, fmt.Errorf("it is not a file that a passphrase encrypts: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxFile))
	if err != nil {
		return nil, fmt.Errorf("it was changed or is not whole: %w", err)
	}
	var d document
	// The cause is left out because it might quote a secret.
	if json.Unmarshal(plain, &d) != nil || d.Version != fileVersion {
		return nil, errors.New("its content is not of a version that this program knows")
	}
	if d.Entries == nil {
		d.Entries = map[string]string{}
	}
	return d.Entries, nil
}

// String keeps the secrets out of %v and %+v.
func (f *File) String() string { return "credentials in " + f.path }

// GoString keeps the secrets out of %#v.
func (f *File) GoString() string { return f.String() }
