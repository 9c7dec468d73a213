package credentials

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/zalando/go-keyring"
)

const canary = "dckr_oat_canary"

// conforms is what every Store does.
func conforms(t *testing.T, s Store) {
	t.Helper()
	ctx := t.Context()
	hub, scim := Account("acme", "Docker Hub"), Account("acme", "SCIM")

	_, err := s.Get(ctx, hub)
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorContains(t, err, "acme · Docker Hub")
	require.ErrorIs(t, s.Delete(ctx, hub), ErrNotFound)

	require.NoError(t, s.Set(ctx, hub, canary))
	require.NoError(t, s.Set(ctx, scim, "another"))
	got, err := s.Get(ctx, hub)
	require.NoError(t, err)
	require.Equal(t, canary, got)

	require.NoError(t, s.Set(ctx, hub, "renewed äöü\n"))
	got, err = s.Get(ctx, hub)
	require.NoError(t, err)
	require.Equal(t, "renewed äöü\n", got)

	require.NoError(t, s.Delete(ctx, hub))
	_, err = s.Get(ctx, hub)
	require.ErrorIs(t, err, ErrNotFound)
	got, err = s.Get(ctx, scim)
	require.NoError(t, err)
	require.Equal(t, "another", got)

	ended, end := context.WithCancel(ctx)
	end()
	_, err = s.Get(ended, scim)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, s.Set(ended, scim, canary), context.Canceled)
	require.ErrorIs(t, s.Delete(ended, scim), context.Canceled)
	got, err = s.Get(ctx, scim)
	require.NoError(t, err)
	require.Equal(t, "another", got)
	require.NoError(t, s.Delete(ctx, scim))
}

func TestTheKeyringIsAStore(t *testing.T) {
	keyring.MockInit()
	conforms(t, NewKeyring())
}

func TestEntriesAreKeptUnderNamesThatAPersonRecognises(t *testing.T) {
	keyring.MockInit()
	require.NoError(t, NewKeyring().Set(t.Context(), Account("acme", "Docker Hub"), canary))
	got, err := keyring.Get("reprovision", "acme · Docker Hub")
	require.NoError(t, err)
	require.Equal(t, canary, got)
}

func TestAMachineWithoutAKeyringSaysWhatToDo(t *testing.T) {
	cause := errors.New("The name org.freedesktop.secrets was not provided by any .service files")
	keyring.MockInitWithError(cause)
	defer keyring.MockInit()
	k := NewKeyring()
	_, err := k.Get(t.Context(), "acme · SCIM")
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorIs(t, err, cause)
	require.ErrorContains(t, err, `read keyring entry "acme · SCIM"`)
	require.ErrorContains(t, err, "for this run only")

	err = k.Set(t.Context(), "acme · SCIM", canary)
	require.ErrorIs(t, err, ErrUnavailable)
	require.NotContains(t, err.Error(), canary)
	require.ErrorIs(t, k.Delete(t.Context(), "acme · SCIM"), ErrUnavailable)
}

func TestASecretThatIsTooLongHasItsOwnError(t *testing.T) {
	keyring.MockInitWithError(keyring.ErrSetDataTooBig)
	defer keyring.MockInit()
	err := NewKeyring().Set(t.Context(), "acme · SCIM", strings.Repeat("x", 3000))
	require.ErrorIs(t, err, ErrTooLarge)
	require.NotErrorIs(t, err, ErrUnavailable)
}

// hanging is a Secret Service that waits for someone to unlock it.
type hanging struct{ unlocked chan struct{} }

func (h hanging) Get(string, string) (string, error) { <-h.unlocked; return canary, nil }
func (h hanging) Set(string, string, string) error   { <-h.unlocked; return nil }
func (h hanging) Delete(string, string) error        { <-h.unlocked; return nil }

func TestALockedKeyringIsNotWaitedForLongerThanTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hanging{make(chan struct{})}
		k := &Keyring{h, Timeout}
		for name, use := range map[string]func() error{
			"read":   func() error { _, err := k.Get(t.Context(), "acme · SCIM"); return err },
			"write":  func() error { return k.Set(t.Context(), "acme · SCIM", canary) },
			"delete": func() error { return k.Delete(t.Context(), "acme · SCIM") },
		} {
			began := time.Now()
			err := use()
			require.ErrorIs(t, err, ErrTimeout)
			require.ErrorContains(t, err, name)
			require.ErrorContains(t, err, "unlock it")
			require.Equal(t, 2*time.Second, time.Since(began))
		}
		close(h.unlocked) // late answers go nowhere, and the goroutines end
		synctest.Wait()
	})
}

func TestTheContextEndsTheWaitForALockedKeyring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hanging{make(chan struct{})}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		_, err := (&Keyring{h, Timeout}).Get(ctx, "acme · SCIM")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		close(h.unlocked)
	})
}

func TestAnAnswerJustInTimeCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hanging{make(chan struct{})}
		time.AfterFunc(Timeout-time.Millisecond, func() { close(h.unlocked) })
		got, err := (&Keyring{h, Timeout}).Get(t.Context(), "acme · SCIM")
		require.NoError(t, err)
		require.Equal(t, canary, got)
	})
}
