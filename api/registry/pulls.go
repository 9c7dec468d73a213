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

// PullLimitError says that the registry lets nothing more be pulled for now. It is
// an ErrRateLimited of package transport.
type PullLimitError struct {
	Window time.Duration // over which pulls are counted, 0 where the registry does not say
	Err    *transport.Error
}

func (e *PullLimitError) Error() string { return e.Err.Error() }
func (e *PullLimitError) Unwrap() error { return e.Err }

// exhausted reports whether a refusal is of the pull limit. Docker Hub's says so in
// its body; that of its limit on requests of all kinds, which is counted by the
// minute, is a plain 429 (Docker, "Docker Hub usage and limits"). A registry that
// sends RateLimit-Remaining says it there.
func exhausted(r *http.Response) bool {
	if r.StatusCode != http.StatusTooManyRequests {
		return false
	}
	if left, _, ok := pulls(r.Header.Get("RateLimit-Remaining")); ok && left == 0 {
		return true
	}
	const enough = 4 << 10
	start, _ := io.ReadAll(io.LimitReader(r.Body, enough)) // whoever reads on meets the error, if there is one
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(start), r.Body), r.Body}
	return strings.Contains(strings.ToLower(string(start)), "pull rate limit")
}

// limited is the error that such a refusal is.
func limited(r *http.Response) *PullLimitError {
	defer func() { _ = r.Body.Close() }()
	e := &PullLimitError{Err: &transport.Error{System: system, Op: "read a manifest", Status: r.StatusCode}}
	if refusal, ok := wire.CheckError(r, http.StatusOK).(*wire.Error); ok { //nolint:errorlint // it is made here, and not wrapped
		e.Err = translate(e.Err.Op, refusal)
	}
	for _, name := range []string{"RateLimit-Remaining", "RateLimit-Limit"} {
		if _, window, _ := pulls(r.Header.Get(name)); window > 0 && e.Window == 0 {
			e.Window = window
		}
	}
	return e
}

// pulls reads a number of pulls and the seconds over which they are counted:
// 76;w=21600.
func pulls(header string) (n int, window time.Duration, ok bool) {
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
