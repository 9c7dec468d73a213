package registry

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	wire "github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// PullLimitError means that the registry's pull limit is used up. It is a
// transport.ErrRateLimited.
type PullLimitError struct {
	Window time.Duration // period over which pulls are counted; 0 if the registry does not say
	Err    *transport.Error
}

func (e *PullLimitError) Error() string { return e.Err.Error() }
func (e *PullLimitError) Unwrap() error { return e.Err }

// exhausted reports whether r is a refusal because of the pull limit. Docker Hub names
// the pull limit in the body; its limit on requests of all kinds, which is counted per
// minute, is a plain 429 (Docker, "Docker Hub usage and limits"). Other registries say
// it in RateLimit-Remaining. The body of r can still be read afterwards.
func exhausted(r *http.Response) bool {
	if r.StatusCode != http.StatusTooManyRequests {
		return false
	}
	if left, _, ok := parsePulls(r.Header.Get("RateLimit-Remaining")); ok && left == 0 {
		return true
	}
	const enough = 4 << 10
	start, _ := io.ReadAll(io.LimitReader(r.Body, enough)) // a read error recurs when the body is read further
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(start), r.Body), r.Body}
	return strings.Contains(strings.ToLower(string(start)), "pull rate limit")
}

// newPullLimitError builds the error for a response for which exhausted is true, and
// closes its body.
func newPullLimitError(r *http.Response) *PullLimitError {
	defer func() { _ = r.Body.Close() }()
	e := &PullLimitError{Err: &transport.Error{System: system, Op: "read a manifest", Status: r.StatusCode}}
	if refusal, ok := wire.CheckError(r, http.StatusOK).(*wire.Error); ok { //nolint:errorlint // CheckError returns it unwrapped
		e.Err = fromWire(e.Err.Op, refusal)
	}
	for _, name := range []string{"RateLimit-Remaining", "RateLimit-Limit"} {
		if _, window, _ := parsePulls(r.Header.Get(name)); window > 0 && e.Window == 0 {
			e.Window = window
		}
	}
	return e
}

// parsePulls parses a number of pulls and the period they are counted over, in
// seconds: "76;w=21600".
func parsePulls(header string) (n int, window time.Duration, ok bool) {
	number, rest, _ := strings.Cut(header, ";")
	n, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil || n < 0 {
		return 0, 0, false
	}
	const longest = 31 * 24 * 60 * 60
	if seconds, found := strings.CutPrefix(strings.TrimSpace(rest), "w="); found {
		if w, err := strconv.Atoi(seconds); err == nil && w > 0 && w <= longest {
			window = time.Duration(w) * time.Second
		}
	}
	return n, window, true
}
