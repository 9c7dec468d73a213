package transport

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Defaults of Options.
const (
	defaultTimeout  = 30 * time.Second
	defaultMaxBody  = 8 << 20
	defaultAttempts = 4
)

// Options configures a Client. The functions may be called concurrently.
type Options struct {
	System  string   // short name, as in Call.System and in errors
	BaseURL string   // https, or http when the host is loopback
	Hosts   []string // further hosts, host or host:port, that may receive the credential

	// Authorize adds the credential to the header of r; other changes to r are
	// discarded. It is called for BaseURL's host and Hosts only, and not for token
	// exchanges. Nil means anonymous.
	Authorize func(ctx context.Context, r *http.Request) error
	// Renew discards the credential if it is still the one that was refused, whose
	// Authorization header it is given: a concurrent request may already have renewed
	// it. It is called once after a 401; the request is then retried once.
	Renew func(refused string)
	// SignIn lists the complete paths of token exchanges, such as "/v2/auth/token". A
	// POST there needs no approval, is allowed in read-only mode, and is retried like
	// a read.
	SignIn []string

	// ReadOnly refuses every method but GET and HEAD with ErrReadOnly before a byte is
	// sent. It takes precedence over Approve.
	ReadOnly bool

	Base     http.RoundTripper // nil means a new http.Transport that uses the environment's proxies
	Timeout  time.Duration     // of one attempt; 0 means 30 seconds
	MaxBody  int64             // maximum size of a response read by Do; 0 means 8 MiB
	Attempts int               // maximum attempts of one request; 0 means 4

	Sleep func(context.Context, time.Duration) error // nil means Sleep
	Now   func() time.Time                           // nil means time.Now
	Rand  func() float64                             // jitter in [0, 1); nil means math/rand/v2

	// Limit returns the name of the rate limit that a request counts towards, for
	// servers that announce a used-up limit before they refuse
	// (X-Rate-Limit-Remaining). Do then waits until it is reset. Nil means to wait
	// only after a refusal.
	Limit func(*url.URL) string

	// Exhausted reports whether a 429 that names no time is due to a limit that is not
	// reset soon enough to wait for. It is then not retried. Exhausted may read from
	// the body but must leave it complete. Only RoundTripper calls it.
	Exhausted func(*http.Response) bool

	// Explain extracts code and message from the first 64 KiB of the body of a
	// refusal. Nil means a parser of the common forms.
	Explain func(status int, h http.Header, body []byte) (code, message string)

	Record  func(Exchange) // called after every attempt and redirect, and before a wait
	Waiting func(Wait)     // called before a wait
}

// Exchange records one attempt, or, if Wait is not zero, a wait before the next. It
// contains no header and no body.
type Exchange struct {
	At       time.Time // when the attempt, or the wait, began
	System   string
	Op       string // what the client was doing, as in Error.Op
	Method   string
	URL      string // redacted
	Attempt  int    // from 1
	Status   int    // 0 if there was no response
	Duration time.Duration
	Err      string // why the attempt failed, redacted; empty on success
	Wait     time.Duration
}

// Wait announces a wait before a request is sent or retried.
type Wait struct {
	System  string
	Reason  string        // why the attempt failed
	For     time.Duration // length of the wait
	Attempt int           // the attempt that failed, from 1; 0 if nothing was sent yet
}

// Response is a successful response, completely read.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}
