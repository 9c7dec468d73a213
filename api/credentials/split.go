package credentials

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/zalando/go-keyring"
)

const (
	// partSize is the maximum size of one entry in bytes. Windows allows 2560, and
	// macOS about 2900 after encoding; the same limit everywhere makes it testable
	// everywhere.
	partSize = 2400
	maxParts = 16 // no credential is longer
)

// partsMark is the prefix of an entry that refers to parts. It is followed by their
// number and the digest of the whole secret.
const partsMark = "reprovision-parts:"

var errIncomplete = errors.New("a part of the entry is missing or of another time: delete it, and sign in again")

// split stores long secrets, such as a certificate with its key, in several entries:
// "acme · Entra" refers to "acme · Entra (part 1)" and so on.
type split struct {
	backend
	size int
}

func part(account string, n int) string { return account + " (part " + strconv.Itoa(n) + ")" }

// head parses a first entry: the number of parts, and the digest of the whole secret.
func head(entry string) (parts int, digest string, ok bool) {
	rest, ok := strings.CutPrefix(entry, partsMark)
	if !ok {
		return 0, "", false
	}
	number, digest, _ := strings.Cut(rest, ":")
	parts, err := strconv.Atoi(number)
	if err != nil || parts < 1 || parts > maxParts {
		return 0, "", false
	}
	return parts, digest, true
}

func digestOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func (s split) Get(service, account string) (string, error) {
	first, err := s.backend.Get(service, account)
	if err != nil {
		return "", err
	}
	parts, digest, ok := head(first)
	if !ok {
		return first, nil
	}
	var whole strings.Builder
	for n := range parts {
		piece, err := s.backend.Get(service, part(account, n+1))
		if errors.Is(err, keyring.ErrNotFound) {
			return "", errIncomplete
		}
		if err != nil {
			return "", err
		}
		whole.WriteString(piece)
	}
	if digestOf(whole.String()) != digest {
		return "", errIncomplete
	}
	return whole.String(), nil
}

func (s split) Set(service, account, secret string) error {
	old := 0
	if first, err := s.backend.Get(service, account); err == nil {
		old, _, _ = head(first)
	}
	first, parts := secret, 0
	if len(secret) > s.size || strings.HasPrefix(secret, partsMark) {
		parts = (len(secret) + s.size - 1) / s.size
		if parts > maxParts {
			return fmt.Errorf("%w: %d bytes, of %d at most", ErrTooLarge, len(secret), maxParts*s.size)
		}
		first = partsMark + strconv.Itoa(parts) + ":" + digestOf(secret)
		for n := range parts {
			piece := secret[n*s.size : min((n+1)*s.size, len(secret))]
			if err := s.backend.Set(service, part(account, n+1), piece); err != nil {
				return err
			}
		}
	}
	// The first entry is written last: until then a reader finds the old secret, or
	// detects that the digest does not match.
	if err := s.backend.Set(service, account, first); err != nil {
		return err
	}
	return s.deleteParts(service, account, parts, old)
}

func (s split) Delete(service, account string) error {
	first, err := s.backend.Get(service, account)
	if err != nil {
		return err
	}
	parts, _, _ := head(first)
	if err := s.deleteParts(service, account, 0, parts); err != nil {
		return err
	}
	return s.backend.Delete(service, account)
}

// deleteParts deletes the parts after the first keep, up to last. A missing part is
// not an error.
func (s split) deleteParts(service, account string, keep, last int) error {
	for n := keep + 1; n <= last; n++ {
		if err := s.backend.Delete(service, part(account, n)); err != nil && !errors.Is(err, keyring.ErrNotFound) {
			return err
		}
	}
	return nil
}
