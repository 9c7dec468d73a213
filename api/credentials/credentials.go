// Package credentials stores secrets in the operating system's keyring: the macOS
// keychain, the Windows credential manager, or the Secret Service of a Linux desktop.
// If there is none, File stores them in a file encrypted with a passphrase. Stored
// secrets are long-lived (an access token, a SCIM token, an Okta API token), never
// tokens derived from them.
//
// The subpackages exchange a stored credential for short-lived OAuth tokens: oktatoken
// for Okta, entratoken for Microsoft Entra ID.
package credentials

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/zalando/go-keyring"
)

// Service is the service name of all keyring entries.
const Service = "reprovision"

// Timeout is how long a keyring operation may take. The library has no contexts, and a
// Secret Service that is locked or whose D-Bus hangs may never respond. It is too
// short for typing a password: after unlocking the keyring, try again.
const Timeout = 2 * time.Second

// Errors returned by stores.
var (
	ErrNotFound    = errors.New("no such entry")
	ErrTimeout     = errors.New("the keyring did not answer")
	ErrUnavailable = errors.New("the keyring cannot be used")
	ErrLocked      = errors.New("the keyring is locked")
	ErrTooLarge    = errors.New("the secret is too long for the keyring")
)

// Store stores secrets by account name; see Account. It is safe for concurrent use.
type Store interface {
	// Get returns a secret, or ErrNotFound.
	Get(ctx context.Context, account string) (string, error)
	// Set adds an entry or replaces its secret.
	Set(ctx context.Context, account, secret string) error
	// Delete removes an entry, or returns ErrNotFound.
	Delete(ctx context.Context, account string) error
}

// Account returns the account name of an entry as the keyring's own user interface
// shows it: "acme · Docker Hub".
func Account(org, system string) string { return org + " · " + system }

// backend is the interface of the keyring library.
type backend interface {
	Get(service, account string) (string, error)
	Set(service, account, secret string) error
	Delete(service, account string) error
}

type operatingSystem struct{}

func (operatingSystem) Get(service, account string) (string, error) {
	return keyring.Get(service, account)
}

func (operatingSystem) Set(service, account, secret string) error {
	return keyring.Set(service, account, secret)
}

func (operatingSystem) Delete(service, account string) error {
	return keyring.Delete(service, account)
}

// Keyring is the operating system's keyring. Use NewKeyring.
type Keyring struct {
	backend backend
	timeout time.Duration
}

// NewKeyring returns the operating system's keyring. If there is none, the first
// operation fails.
func NewKeyring() *Keyring { return &Keyring{split{operatingSystem{}, partSize}, Timeout} }

// Get implements Store.
func (k *Keyring) Get(ctx context.Context, account string) (string, error) {
	return k.within(ctx, "read", account, func() (string, error) { return k.backend.Get(Service, account) })
}

// Set implements Store. After ErrTimeout the entry may have been written nevertheless.
func (k *Keyring) Set(ctx context.Context, account, secret string) error {
	_, err := k.within(ctx, "write", account, func() (string, error) { return "", k.backend.Set(Service, account, secret) })
	return err
}

// Delete implements Store. After ErrTimeout the entry may have been deleted
// nevertheless.
func (k *Keyring) Delete(ctx context.Context, account string) error {
	_, err := k.within(ctx, "delete", account, func() (string, error) { return "", k.backend.Delete(Service, account) })
	return err
}

// within calls the library and waits at most the timeout. The goroutine of a call that
// never returns is leaked.
func (k *Keyring) within(ctx context.Context, verb, account string, call func() (string, error)) (string, error) {
	fail := func(err error) (string, error) {
		return "", fmt.Errorf("%s keyring entry %q of %s: %w", verb, account, Service, err)
	}
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	type answer struct {
		secret string
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			// The library panics if a D-Bus service returns unexpected types.
			if r := recover(); r != nil {
				a = answer{err: errors.New("it answers in a way that the Secret Service does not document")}
			}
			answers <- a
		}()
		a.secret, a.err = call()
	}()
	timer := time.NewTimer(k.timeout)
	defer timer.Stop()
	select {
	case a := <-answers:
		if a.err != nil {
			return fail(explain(a.err))
		}
		return a.secret, nil
	case <-ctx.Done():
		return fail(ctx.Err())
	case <-timer.C:
		return fail(fmt.Errorf("%w within %s: unlock it, and try again", ErrTimeout, k.timeout))
	}
}

func explain(err error) error {
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return ErrNotFound
	case errors.Is(err, keyring.ErrSetDataTooBig):
		return ErrTooLarge
	case errors.Is(err, errIncomplete), errors.Is(err, ErrTooLarge):
		return err
	case strings.Contains(err.Error(), "failed to unlock"), strings.Contains(err.Error(), "Secret.Error.IsLocked"):
		return fmt.Errorf("%w: unlock it, and try again", ErrLocked)
	}
	return fmt.Errorf("%w: %w; start a keyring service, or sign in for this run only", ErrUnavailable, err)
}

// Reason returns a sentence on why the keyring cannot be used, or "" if err has
// another cause.
func Reason(err error) string {
	switch {
	case errors.Is(err, ErrTimeout):
		return "The keyring did not answer within " + Timeout.String() + ": it waits to be unlocked, or its D-Bus hangs."
	case errors.Is(err, ErrLocked):
		return "The keyring is locked and was not unlocked."
	case errors.Is(err, ErrUnavailable):
		return "There is no keyring here that can be used, as on servers, in containers and over SSH."
	}
	return ""
}
