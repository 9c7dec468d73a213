package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Errors that an *Error can be; use errors.Is.
var (
	ErrUnauthorized = errors.New("the credential was not accepted")                // 401
	ErrForbidden    = errors.New("the credential does not allow this")             // 403
	ErrNotFound     = errors.New("not found")                                      // 404
	ErrConflict     = errors.New("in conflict with the present state")             // 409
	ErrRateLimited  = errors.New("too many requests")                              // 429
	ErrServer       = errors.New("the server failed")                              // 5xx
	ErrRefused      = errors.New("the server found the request invalid")           // 400, 422
	ErrNotJSON      = errors.New("the answer is not the JSON that was expected")   // with any 2xx
	ErrTooLarge     = errors.New("the answer is larger than allowed")              // nothing of it is used
	ErrReadOnly     = errors.New("read-only mode: nothing was sent")               // dry run
	ErrNotApproved  = errors.New("not among the approved calls: nothing was sent") // see Approve
	ErrForeignHost  = errors.New("the address leads to another host")              // no credential goes there
	ErrTimeout      = errors.New("no answer in time")                              // of one attempt, or of the context
	ErrUnreachable  = errors.New("no connection, or it was lost")                  // nothing, or half an answer, came
)

// Error is a failed request. It contains no secret: the URL is redacted, and Code and
// Message, which come from the server, are stripped of control characters and of the
// credential that was sent, and truncated.
type Error struct {
	System  string
	Op      string // what the client was doing, such as "remove member"; see WithOp
	Method  string
	URL     string
	Status  int    // 0 if there was no response
	Code    string // the server's code for the error, if any
	Message string // the server's message, or ours if there is none; at most 300 runes

	RetryAfter time.Duration // how long the server asked to wait; 0 if it did not
	Unknown    bool          // a change may have taken effect: check before repeating it
	Err        error         // the cause; nil if the status is the cause

	last bool // not to be retried, see Options.Exhausted
}

// Error says what was attempted and why it failed.
func (e *Error) Error() string {
	var b strings.Builder
	for _, s := range []string{e.System, e.Op} {
		if s != "" {
			b.WriteString(s + ": ")
		}
	}
	request := strings.TrimSpace(e.Method + " " + e.URL)
	b.WriteString(request)
	if reason := e.reason(); reason != "" {
		if request != "" {
			b.WriteString(": ")
		}
		b.WriteString(reason)
	}
	if e.RetryAfter > 0 {
		b.WriteString("; try again in " + e.RetryAfter.Round(time.Second).String())
	}
	if e.Unknown {
		b.WriteString("; whether it took effect is not known, look before repeating it")
	}
	return b.String()
}

// reason says why it failed.
func (e *Error) reason() string {
	var parts []string
	if e.Status != 0 && (e.Status < 200 || e.Status > 299) {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))))
	}
	if e.Code != "" {
		parts = append(parts, e.Code)
	}
	if e.Message != "" {
		parts = append(parts, e.Message)
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	return strings.Join(parts, ": ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the error for e's status.
func (e *Error) Is(target error) bool {
	switch e.Status {
	case http.StatusUnauthorized:
		return target == ErrUnauthorized
	case http.StatusForbidden:
		return target == ErrForbidden
	case http.StatusNotFound:
		return target == ErrNotFound
	case http.StatusConflict:
		return target == ErrConflict
	case http.StatusTooManyRequests:
		return target == ErrRateLimited
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return target == ErrRefused
	}
	return e.Status >= 500 && target == ErrServer
}

type opKey struct{}

// WithOp names the operation that the requests of ctx belong to, such as "remove
// member", for errors and records.
func WithOp(ctx context.Context, op string) context.Context {
	return context.WithValue(ctx, opKey{}, op)
}

func opOf(ctx context.Context) string {
	op, _ := ctx.Value(opKey{}).(string)
	return op
}
