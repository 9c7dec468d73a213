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
	// partSize is how many bytes one entry holds. Windows takes 2560, and
	// macOS about 2900 once they are encoded; one figure for all systems lets
	// every system test it.
	partSize = 2400
	maxParts = 16 // nothing that signs in is longer
)

// partsMark begins the entry that tells of parts. It goes on with their
// number and the digest of the whole.
const partsMark = "reprovision-parts:"

var errTorn = errors.New("a part of the entry is missing or of another time: delete it, and sign in again")

// split keeps long secrets, such as a certificate with its key, in several
// entries: "acme · Entra" tells of "acme · Entra (part 1)" and so on.
type split struct {
	backend
	size int
}

func part(account string, n int) string { return account + " (part " + strconv.Itoa(n) + ")" }

// head reads what a first entry tells: how many parts, and the digest of the
// whole.
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
			return "", errTorn
		}
		if err != nil {
			return "", err
		}
		whole.WriteString(piece)
	}
	if digestOf(whole.String()) != digest {
		return "", errTorn
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
	// The entry that tells of the parts comes last: until then a reader finds
	// the old whole, or notices that the digest does not fit.
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

// deleteParts deletes the parts after the first keep, up to last. One that is
// gone already is no error.
func (s split) deleteParts(service, account string, keep, last int) error {
	for n := keep + 1; n <= last; n++ {
		if err := s.backend.Delete(service, part(account, n)); err != nil && !errors.Is(err, keyring.ErrNotFound) {
			return err
		}
	}
	return nil
}
