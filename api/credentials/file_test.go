package credentials

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const passphrase = "passphrase canary of the test"

// newFile is a file whose passphrase costs next to nothing. Each answer is
// given once, the last one from then on.
func newFile(path string, asked *[]PassphraseRequest, answers ...string) *File {
	f := NewFile(path, func(_ context.Context, r PassphraseRequest) (string, error) {
		if asked != nil {
			*asked = append(*asked, r)
		}
		answer := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		return answer, nil
	})
	f.workFactor = 10
	return f
}

func TestTheEncryptedFileIsAStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "credentials.age")
	f := newFile(path, nil, passphrase)
	conforms(t, f)
	require.False(t, f.Exists(), "the file goes with its last entry")
}

func TestTheFileOutlivesTheProcessAndTellsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials.age")
	var asked []PassphraseRequest
	first := newFile(path, &asked, passphrase)
	require.NoError(t, first.Set(t.Context(), "acme · Docker Hub", canary))
	require.NoError(t, first.Set(t.Context(), "acme · SCIM", "other "+canary))
	require.Equal(t, []PassphraseRequest{{Path: path, New: true}}, asked, "asked for once")

	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(raw), "age-encryption.org/v1")
	require.NotContains(t, string(raw), "canary")
	require.NotContains(t, string(raw), "acme")
	if runtime.GOOS != "windows" {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".credentials-*"))
	require.NoError(t, err)
	require.Empty(t, left)

	second := newFile(path, nil, passphrase)
	got, err := second.Get(t.Context(), "acme · Docker Hub")
	require.NoError(t, err)
	require.Equal(t, canary, got)
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		require.NotContains(t, fmt.Sprintf(format, second), "canary")
	}
}

func TestAWrongPassphraseIsAskedForAgainThreeTimes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials.age")
	require.NoError(t, newFile(path, nil, passphrase).Set(t.Context(), "a", canary))
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	var asked []PassphraseRequest
	got, err := newFile(path, &asked, "wrong", passphrase).Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, canary, got)
	require.Equal(t, []PassphraseRequest{{Path: path}, {Path: path, Again: true}}, asked)

	asked = nil
	wrong := newFile(path, &asked, "wrong")
	_, err = wrong.Get(t.Context(), "a")
	require.ErrorIs(t, err, ErrPassphrase)
	require.Len(t, asked, 3)
	require.ErrorIs(t, wrong.Set(t.Context(), "b", canary), ErrPassphrase)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after, "a wrong passphrase changes nothing")
}

func TestWhoGivesNoPassphraseGetsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials.age")
	require.ErrorContains(t, newFile(path, nil, "").Set(t.Context(), "a", canary), "no passphrase")
	gone := errors.New("end of input")
	f := NewFile(path, func(context.Context, PassphraseRequest) (string, error) { return "", gone })
	require.ErrorIs(t, f.Set(t.Context(), "a", canary), gone)
	require.False(t, f.Exists())
}

func TestADamagedFileIsNotReportedAsAWrongPassphrase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials.age")
	require.NoError(t, newFile(path, nil, passphrase).Set(t.Context(), "a", canary))
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	for name, damaged := range map[string][]byte{
		"empty":     {},
		"text":      []byte("a passphrase list\n"),
		"cut":       raw[:len(raw)-3],
		"bit":       append(append([]byte{}, raw[:len(raw)-1]...), raw[len(raw)-1]^1),
		"too large": make([]byte, maxFile+1),
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, damaged, 0o600))
			f := newFile(path, nil, passphrase)
			_, err := f.Get(t.Context(), "a")
			require.Error(t, err)
			require.NotErrorIs(t, err, ErrPassphrase)
			require.NotErrorIs(t, err, ErrNotFound)
			require.Error(t, f.Set(t.Context(), "b", canary))
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, damaged, after, "it is not overwritten")
		})
	}
}

func TestTwoWritersLoseNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials.age")
	require.NoError(t, newFile(path, nil, passphrase).Set(t.Context(), "first", canary))
	var writers sync.WaitGroup
	for n := range 6 {
		writers.Go(func() {
			if err := newFile(path, nil, passphrase).Set(t.Context(), fmt.Sprint(n), canary); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	f := newFile(path, nil, passphrase)
	for n := range 6 {
		_, err := f.Get(t.Context(), fmt.Sprint(n))
		require.NoError(t, err)
	}
}

func TestTheFileKeepsUpWithAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials.age")
	one, two := newFile(path, nil, passphrase), newFile(path, nil, passphrase)
	require.NoError(t, one.Set(t.Context(), "a", "1"))
	got, err := two.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, "1", got)
	require.NoError(t, one.Set(t.Context(), "a", "longer"))
	got, err = two.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, "longer", got)
}

func TestWhoTypesAPassphraseKeepsNobodyWaiting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials.age")
	other := newFile(path, nil, passphrase)
	slow := NewFile(path, func(ctx context.Context, _ PassphraseRequest) (string, error) {
		return passphrase, other.Set(ctx, "a", "of the other")
	})
	slow.workFactor = 10
	require.NoError(t, slow.Set(t.Context(), "b", "of the slow one"))
	for account, want := range map[string]string{"a": "of the other", "b": "of the slow one"} {
		got, err := other.Get(t.Context(), account)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func FuzzOpen(f *testing.F) {
	sealed, err := seal(map[string]string{"a": canary}, passphrase, 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte("age-encryption.org/v1\n-> scrypt bBNFV8l5Af5ZUgZyaSuV1Q 1\n"))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if content, err := open(sealed, passphrase); err == nil && content["a"] != canary {
			t.Errorf("a changed file opened: %v", len(content))
		}
	})
}
