package credentials

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/zalando/go-keyring"
)

// entries is a keyring that refuses what Windows refuses.
type entries map[string]string

func (e entries) Get(_, account string) (string, error) {
	secret, ok := e[account]
	if !ok {
		return "", keyring.ErrNotFound
	}
	return secret, nil
}

func (e entries) Set(_, account, secret string) error {
	if len(secret) > 2560 {
		return keyring.ErrSetDataTooBig
	}
	e[account] = secret
	return nil
}

func (e entries) Delete(_, account string) error {
	if _, ok := e[account]; !ok {
		return keyring.ErrNotFound
	}
	delete(e, account)
	return nil
}

func TestASecretLongerThanAnEntryIsKeptInParts(t *testing.T) {
	e := entries{}
	k := &Keyring{split{e, partSize}, Timeout}
	ctx, account := t.Context(), Account("acme", "Entra")
	for _, length := range []int{1, 2400, 2401, 2560, 2561, 7200, 7201, 38400, 5, 4801, 0} {
		secret := strings.Repeat("canary-", length/7+1)[:length]
		require.NoError(t, k.Set(ctx, account, secret))
		got, err := k.Get(ctx, account)
		require.NoError(t, err)
		require.Equal(t, secret, got)
		if length > partSize {
			require.Len(t, e, 1+(length+partSize-1)/partSize, "no part of a longer one is left behind")
			require.NotContains(t, e[account], "canary")
			require.Contains(t, e, account+" (part 1)")
		} else {
			require.Equal(t, []string{account}, slices.Collect(maps.Keys(e)))
		}
	}
	require.ErrorIs(t, k.Set(ctx, account, strings.Repeat("x", maxParts*partSize+1)), ErrTooLarge)
	require.NoError(t, k.Set(ctx, account, strings.Repeat("x", 9000)))
	require.NoError(t, k.Delete(ctx, account))
	require.Empty(t, e)
}

func TestASecretThatLooksLikeAHeadOfPartsIsKeptAsItIs(t *testing.T) {
	k := &Keyring{split{entries{}, partSize}, Timeout}
	require.NoError(t, k.Set(t.Context(), "a", partsMark+"3:feed"))
	got, err := k.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, partsMark+"3:feed", got)
}

func TestTornPartsAreNoticedAndCanBeDeleted(t *testing.T) {
	e := entries{}
	k := &Keyring{split{e, partSize}, Timeout}
	ctx := t.Context()
	require.NoError(t, k.Set(ctx, "a", strings.Repeat("x", 5000)))
	e["a (part 2)"] = strings.Repeat("y", 2400)
	_, err := k.Get(ctx, "a")
	require.ErrorContains(t, err, "sign in again")
	delete(e, "a (part 2)")
	_, err = k.Get(ctx, "a")
	require.ErrorIs(t, err, errIncomplete)
	require.NotErrorIs(t, err, ErrNotFound)
	require.NoError(t, k.Delete(ctx, "a"))
	require.Empty(t, e)
}

func FuzzHead(f *testing.F) {
	f.Add(partsMark + "3:abc")
	f.Add(partsMark + "-1:")
	f.Add(partsMark + "99999999999999999999:")
	f.Add("dckr_oat_x")
	f.Fuzz(func(t *testing.T, entry string) {
		parts, _, ok := head(entry)
		if ok != (parts >= 1 && parts <= maxParts) {
			t.Errorf("head(%q) = %d, %v", entry, parts, ok)
		}
	})
}
