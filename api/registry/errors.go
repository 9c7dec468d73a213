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

// What an error can be, for errors.Is, besides those of package transport.
var (
	ErrOccupied = errors.New("the target has tags with other content")            // see CopyRequest.Replace
	ErrFormat   = errors.New("the image has a format that registries gave up")    // to be built again
	ErrMismatch = errors.New("the target does not hold what was sent")            // found by reading it again
	ErrMoved    = errors.New("a tag has moved")                                   // since CopyRequest.Pinned was read
	ErrDamaged  = errors.New("the original lacks a part that it names")           // nobody can pull it whole
	errEndless  = errors.New("the list of tags does not end, or repeats itself")  // a broken registry
	errSame     = errors.New("source and target are the same repository")         //
	errTooDeep  = errors.New("indexes are nested deeper than any sound image is") //
)

// explain makes an error of go-containerregistry one of package transport.
func explain(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if limit, ok := errors.AsType[*PullLimitError](err); ok {
		return limit
	}
	if door, ok := errors.AsType[*transport.Error](err); ok {
		return door
	}
	if refusal, ok := errors.AsType[*wire.Error](err); ok {
		return translate(doing, refusal)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("registry: %s: %w", doing, context.Cause(ctx))
	}
	// Its text would quote the whole address, and in it the state of an upload.
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return fmt.Errorf("registry: %s: %w", doing, tidied{err})
}

// tidied is an error in words that are fit for a terminal: a library quotes what
// a server has sent.
type tidied struct{ err error }

func (e tidied) Error() string { return oneLine(e.err.Error()) }
func (e tidied) Unwrap() error { return e.err }

// DeniedError says at which repository a credential was refused: a copy uses two,
// the original's and the organization's.
type DeniedError struct {
	Repository string // namespace/name
	Err        error
}

func (e *DeniedError) Error() string { return e.Err.Error() }
func (e *DeniedError) Unwrap() error { return e.Err }

// explain is explain, for a request about this repository.
func (f *forest) explain(ctx context.Context, doing string, err error) error {
	err = explain(ctx, doing, err)
	if errors.Is(err, transport.ErrUnauthorized) || errors.Is(err, transport.ErrForbidden) {
		return &DeniedError{Repository: f.repo.RepositoryStr(), Err: err}
	}
	return err
}

func translate(doing string, refusal *wire.Error) *transport.Error {
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

// oneLine makes words of a server fit for a terminal.
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
	attempts  = 6
	firstRest = time.Second
	mostRest  = 16 * time.Second
)

// insist repeats a step of a copy that failed for a reason which may pass.
// This is safe where the door itself must not repeat: every step looks first
// whether the target has the content, and content is named by its digest.
func (c *Client) insist(ctx context.Context, try func() error) error {
	for n, rest := 1, firstRest; ; n, rest = n+1, min(rest*2, mostRest) {
		err := try()
		if err == nil || n == attempts || ctx.Err() != nil || !passing(err) {
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

func passing(err error) bool {
	var e *transport.Error
	if !errors.As(err, &e) {
		return false
	}
	switch {
	case e.Unknown, errors.Is(err, transport.ErrServer), errors.Is(err, transport.ErrUnreachable), errors.Is(err, transport.ErrTimeout):
		return true
	}
	// The registry lost the upload that was under way.
	return e.Code == string(wire.BlobUploadInvalidErrorCode) || e.Code == string(wire.BlobUploadUnknownErrorCode)
}
