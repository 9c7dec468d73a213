package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	wire "github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// Errors returned by this package besides those of package transport.
var (
	ErrOccupied  = errors.New("the target has tags with other content")           // see CopyRequest.Replace
	ErrFormat    = errors.New("the image has a format that registries gave up")   // to be built again
	ErrUnknown   = errors.New("the image has a format that is not known here")    // perhaps a newer one
	ErrMalformed = errors.New("the manifest is malformed")                        // nobody can use it
	ErrMismatch  = errors.New("the target does not hold what was sent")           // found by reading it again
	ErrMoved     = errors.New("a tag has moved")                                  // since CopyRequest.Pinned was read
	ErrDamaged   = errors.New("the original lacks a part that it names")          // nobody can pull it whole
	errEndless   = errors.New("the list of tags does not end, or repeats itself") // a broken registry
	errSame      = errors.New("source and target are the same repository")        //
	errTooDeep   = fmt.Errorf("%w: indexes are nested deeper than in any sound image", ErrMalformed)
)

// explain converts an error of go-containerregistry: to a *transport.Error where
// possible, otherwise to one that starts with what was being done.
func explain(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if limit, ok := errors.AsType[*PullLimitError](err); ok {
		return limit
	}
	if sent, ok := errors.AsType[*transport.Error](err); ok {
		return sent
	}
	if refusal, ok := errors.AsType[*wire.Error](err); ok {
		return fromWire(doing, refusal)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("registry: %s: %w", doing, context.Cause(ctx))
	}
	// The text of a *url.Error contains the whole URL, and with it the state of an upload.
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return fmt.Errorf("registry: %s: %w", doing, sanitized{err})
}

// sanitized wraps an error of a library, which may quote a server, with a text that is
// safe to print on a terminal.
type sanitized struct{ err error }

func (e sanitized) Error() string { return oneLine(e.err.Error()) }
func (e sanitized) Unwrap() error { return e.err }

// DeniedError means that a credential was refused. It says for which repository,
// because a copy uses two credentials: the source's and the target's.
type DeniedError struct {
	Repository string // namespace/name
	Err        error
}

func (e *DeniedError) Error() string { return e.Err.Error() }
func (e *DeniedError) Unwrap() error { return e.Err }

// explain is like the function explain, for a request about this repository.
func (rd *reader) explain(ctx context.Context, doing string, err error) error {
	err = explain(ctx, doing, err)
	if errors.Is(err, transport.ErrUnauthorized) || errors.Is(err, transport.ErrForbidden) {
		return &DeniedError{Repository: rd.repo.RepositoryStr(), Err: err}
	}
	return err
}

func fromWire(doing string, refusal *wire.Error) *transport.Error {
	e := &transport.Error{System: system, Op: doing, Status: refusal.StatusCode}
	if r := refusal.Request; r != nil {
		e.Method = r.Method
		e.URL = (&url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host, Path: r.URL.Path}).String()
		e.Unknown = changes(r.Method) && e.Status >= 500
	}
	var words []string
	for _, d := range refusal.Errors {
		if e.Code == "" {
			e.Code = oneLine(string(d.Code))
		}
		words = append(words, oneLine(d.Message))
	}
	e.Message = oneLine(strings.Join(words, "; "))
	if e.Message == "" && e.Status == http.StatusUnauthorized {
		e.Message = "the credential may not do this; a private repository is open to its own namespace's credential only"
	}
	return e
}

func changes(method string) bool { return method != http.MethodGet && method != http.MethodHead }

// oneLine makes server text safe for a terminal: one line, no control characters, at
// most 300 runes.
func oneLine(words string) string {
	const most = 300
	words = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Co):
			return -1
		}
		return r
	}, words)
	words = strings.Join(strings.Fields(words), " ")
	if runes := []rune(words); len(runes) > most {
		words = string(runes[:most-1]) + "…"
	}
	return words
}

const (
	maxAttempts  = 6
	firstBackoff = time.Second
	maxBackoff   = 16 * time.Second
)

// retry repeats one step of a copy after a transient error. This is safe even for
// requests that package transport must not repeat by itself: each step first checks
// whether the target has the content, and content is addressed by digest.
func (c *Client) retry(ctx context.Context, try func() error) error {
	for n, rest := 1, firstBackoff; ; n, rest = n+1, min(rest*2, maxBackoff) {
		err := try()
		if err == nil || n == maxAttempts || ctx.Err() != nil || !transient(err) {
			return err
		}
		if c.o.Waiting != nil {
			c.o.Waiting(transport.Wait{System: system, Reason: err.Error(), For: rest, Attempt: n})
		}
		if c.o.Sleep(ctx, rest) != nil {
			return err
		}
	}
}

func transient(err error) bool {
	var e *transport.Error
	if !errors.As(err, &e) {
		return false
	}
	switch {
	case e.Unknown, errors.Is(err, transport.ErrServer), errors.Is(err, transport.ErrUnreachable), errors.Is(err, transport.ErrTimeout):
		return true
	}
	// The registry has lost the upload session.
	return e.Code == string(wire.BlobUploadInvalidErrorCode) || e.Code == string(wire.BlobUploadUnknownErrorCode)
}
