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

// Options describe one foreign system. The hooks may be called from several
// goroutines at once.
type Options struct {
	System  string   // short name, as in Call.System and in errors
	BaseURL string   // https, or http when the host is loopback
	Hosts   []string // further hosts, host or host:port, that may get the credential; normally nil

	// Authorize adds the credential to the header of r; changes to anything
	// else of r are dropped. It is called for BaseURL's host and Hosts only,
	// and not for token exchanges. Nil means anonymous.
	Authorize func(ctx context.Context, r *http.Request) error
	// Renew forgets the credential, if it is still the one that was refused, whose
	// Authorization header it is given: another request may have brought a new one
	// meanwhile. It is called once after a 401, then the request is tried once more.
	Renew func(refused string)
	// SignIn lists the paths of token exchanges, whole as in "/v2/auth/token".
	// A POST there needs no approval, passes in read-only mode, and is repeated
	// like a read.
	SignIn []string

	// ReadOnly refuses every method but GET and HEAD with ErrReadOnly before a
	// byte leaves. It wins over Approve.
	ReadOnly bool

	Base     http.RoundTripper // nil means a transport of its own with verified TLS and the proxies of the environment
	Timeout  time.Duration     // of one attempt; 0 means 30 seconds
	MaxBody  int64             // bytes of an answer read by Do; 0 means 8 MiB
	Attempts int               // sends of one request at most; 0 means 4

	Sleep func(context.Context, time.Duration) error // nil means a timer that the context ends
	Now   func() time.Time                           // nil means time.Now
	Rand  func() float64                             // jitter, from 0 up to but not including 1; nil means math/rand

	// Limit names the rate limit that a request counts towards, for servers that
	// tell before a refusal that one is used up (X-Rate-Limit-Remaining): Do
	// then waits until it is reset. Nil means that refusals are waited for.
	Limit func(*url.URL) string

	// Exhausted reports whether a 429 that names no time is of a limit that takes
	// longer to come back than anybody waits: it is then the last word. It may look
	// into the body, and leaves it whole. Only RoundTripper asks it.
	Exhausted func(*http.Response) bool

	// Explain finds code and message in the body of a refusal, of which it gets
	// the first 64 KiB. Nil means a reader of the common shapes.
	Explain func(status int, h http.Header, body []byte) (code, message string)

	Record  func(Exchange) // told of every attempt, redirect and wait
	Waiting func(Wait)     // told before a wait
}

// Exchange is the record of one attempt, or of a wait before the next when
// Wait is not zero. It holds no header and no body.
type Exchange struct {
	At       time.Time // when the attempt, or the wait, began
	System   string
	Op       string // what the client was doing, as in Error.Op
	Method   string
	URL      string // redacted
	Attempt  int    // from 1
	Status   int    // 0 when no answer came
	Duration time.Duration
	Err      string // why the attempt failed, redacted; empty when it did not
	Wait     time.Duration
}

// Wait announces that a request is going to be repeated, or has to wait before
// it is sent at all.
type Wait struct {
	System  string
	Reason  string        // what came in place of an answer
	For     time.Duration // how long the wait will be
	Attempt int           // the one that failed, from 1; 0 when nothing was sent yet
}

// Response is a successful answer, read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}
