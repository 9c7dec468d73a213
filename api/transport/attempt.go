package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

const (
	maxRedirects = 5
	maxErrorBody = 64 << 10
)

// job is an admitted request, with the context that errors about it need.
type job struct {
	kind kind
	call Call
	url  *url.URL
	op   string

	replayable bool // its body can be sent a second time
	renewable  bool // it carries a credential that can be renewed

	sent func() string // the Authorization header of the last attempt; nil before the first
}

// noteAuthorization records the Authorization header that an attempt is sent with.
func (j *job) noteAuthorization(h http.Header) {
	value := h.Get("Authorization")
	j.sent = func() string { return value }
}

// sentAuthorization returns the Authorization header of the last attempt.
func (j *job) sentAuthorization() string {
	if j.sent == nil {
		return ""
	}
	return j.sent()
}

// admit checks a call against the rules. It sends nothing.
func (c *Client) admit(ctx context.Context, call Call) (*job, *Error) {
	e := &Error{System: c.o.System, Op: opOf(ctx), Method: sanitize(call.Method, nil), URL: redactURL(call.URL)}
	u, err := url.Parse(call.URL)
	if err != nil {
		e.Err = errors.New("the address cannot be read")
		return nil, e
	}
	k := c.classify(call.Method, u)
	switch err := checkAddress(u); {
	case call.System != c.o.System:
		e.Err = fmt.Errorf("the call is for %q, this connection leads to %q", call.System, c.o.System)
	case err != nil:
		e.Err = err
	case !c.hosts[originOf(u)]:
		e.Err = c.foreignHost(u)
	case k == read && call.Body != "":
		e.Err = errors.New("a read carries no body")
	default:
		e.Err = c.permit(k, func() bool { return approvalOf(ctx).calls[call] })
	}
	if e.Err != nil {
		return nil, e
	}
	return &job{
		kind: k, call: call, url: u, op: e.Op,
		replayable: true, renewable: k != signIn && c.o.Authorize != nil && c.o.Renew != nil,
	}, nil
}

// attempt sends a job once and reads the whole response. lost reports whether a retry
// may help.
func (c *Client) attempt(ctx context.Context, j *job, n int) (_ *Response, _ *Error, lost bool) {
	if e := c.waitForLimit(ctx, j); e != nil {
		return nil, e, false
	}
	r, err := http.NewRequestWithContext(ctx, j.call.Method, j.url.String(), strings.NewReader(j.call.Body))
	if err != nil {
		return nil, c.newError(j, errors.New("the request cannot be built: check its method")), false
	}
	r.Header.Set("Accept", "application/json, */*;q=0.8")
	r.Header.Set("User-Agent", userAgent)
	if j.call.ContentType != "" {
		r.Header.Set("Content-Type", j.call.ContentType)
	}
	if j.kind != signIn {
		if err := c.authorize(ctx, r); err != nil {
			return nil, c.newError(j, err), false
		}
	}
	j.noteAuthorization(r.Header)
	secrets := secretsIn(r.Header)
	if j.kind == signIn {
		secrets = append(secrets, secretsInBody(j.call.Body)...)
	}

	attemptCtx, cancel := context.WithTimeoutCause(ctx, c.o.Timeout, errIdle)
	defer cancel()
	for hop := 0; ; hop++ {
		began := c.o.Now()
		answer, next, e, lost := c.hop(ctx, attemptCtx, j, r, secrets)
		c.record(j, r.URL, n, began, answer, e)
		if next == nil {
			return answer, e, lost
		}
		if hop == maxRedirects {
			return nil, c.newError(j, fmt.Errorf("more than %d redirects in a row", maxRedirects)), false
		}
		if originOf(next) != originOf(r.URL) || checkAddress(next) != nil {
			return nil, c.newError(j, fmt.Errorf("a redirect: %w", c.foreignHost(next))), false
		}
		r.URL = next
	}
}

// hop sends one request and reads its response. next is the redirect target, if any.
func (c *Client) hop(ctx, attemptCtx context.Context, j *job, r *http.Request, secrets []string) (answer *Response, next *url.URL, e *Error, lost bool) {
	response, unsent, err := c.forward(attemptCtx, r)
	if err != nil {
		e, lost = c.networkError(ctx, attemptCtx, j, err, secrets)
		e.URL = redactURL(r.URL.String())
		e.Unknown = e.Unknown && !unsent
		return nil, nil, e, lost
	}
	defer func() { _ = response.Body.Close() }()
	c.clock.note(response.Header, c.o.Now())
	c.noteLimit(r.URL, response.Header)

	if next := redirection(j, response); next != nil {
		_, _ = io.CopyN(io.Discard, response.Body, 4<<10) // so that the connection can be reused
		return &Response{Status: response.StatusCode}, next, nil, false
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		e := c.statusError(j, response, secrets)
		e.URL = redactURL(r.URL.String())
		return nil, nil, e, false
	}

	body, err := c.readBody(r.Method, response)
	switch {
	case errors.Is(err, ErrTooLarge):
		e = c.newError(j, err)
		e.Unknown = j.kind == change
	case err != nil:
		e, lost = c.networkError(ctx, attemptCtx, j, err, secrets)
	default:
		return &Response{Status: response.StatusCode, Header: response.Header, Body: body}, nil, nil, false
	}
	e.Status, e.URL = response.StatusCode, redactURL(r.URL.String())
	return nil, nil, e, lost
}

func (c *Client) readBody(method string, response *http.Response) ([]byte, error) {
	if method == http.MethodHead {
		return nil, nil
	}
	tooLarge := fmt.Errorf("%w: more than %d bytes", ErrTooLarge, c.o.MaxBody)
	if response.ContentLength > c.o.MaxBody {
		return nil, tooLarge
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, c.o.MaxBody+1))
	if int64(len(body)) > c.o.MaxBody {
		return nil, tooLarge
	}
	return body, err
}

// forward sends a request through the base transport. unsent is true only if nothing
// of the request can have been sent.
func (c *Client) forward(ctx context.Context, r *http.Request) (_ *http.Response, unsent bool, _ error) {
	if ctx.Err() != nil {
		return nil, true, ctx.Err()
	}
	// The request is known to be unsent if a connection was requested and never
	// obtained. Base transports without trace support call neither hook.
	var wanted, had atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { wanted.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { had.Store(true) },
	})
	// Some servers let these headers override the method of a GET.
	for _, name := range []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"} {
		r.Header.Del(name)
	}
	response, err := c.o.Base.RoundTrip(r.WithContext(ctx))
	return response, wanted.Load() && !had.Load(), err
}

// redirection returns the redirect target of a read, or nil.
func redirection(j *job, response *http.Response) *url.URL {
	if j.kind != read {
		return nil
	}
	switch response.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		next, err := response.Location()
		if err != nil {
			return nil
		}
		next.Fragment = ""
		return next
	}
	return nil
}

// authorize adds the credential to the header of r, and changes nothing else.
func (c *Client) authorize(ctx context.Context, r *http.Request) error {
	if c.o.Authorize == nil {
		return nil
	}
	scratch := r.Clone(ctx)
	scratch.Body = nil
	if err := c.o.Authorize(ctx, scratch); err != nil {
		return fmt.Errorf("get the credential: %w", err)
	}
	for name, values := range scratch.Header {
		for _, v := range values {
			if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
				return fmt.Errorf("the credential in %s holds a line break or another control character; enter it again", name)
			}
		}
	}
	r.Header = scratch.Header
	return nil
}

// newError returns an error that did not come from the server.
func (c *Client) newError(j *job, err error) *Error {
	return &Error{System: c.o.System, Op: j.op, Method: j.call.Method, URL: redactURL(j.call.URL), Err: err}
}

// statusError returns the error for a response other than 2xx.
func (c *Client) statusError(j *job, response *http.Response, secrets []string) *Error {
	e := c.newError(j, nil)
	e.Status = response.StatusCode
	e.RetryAfter = retryAfter(response.Header, response.StatusCode, c.o.Now())
	e.Unknown = j.kind == change && mayHaveActed(response.StatusCode)

	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody)) // a partial body is better than none
	code, message := c.o.Explain(response.StatusCode, response.Header, body)
	if code == "" && message == "" {
		message = describe(response.Header, body)
	}
	if j.kind != read && response.StatusCode < 400 && response.Header.Get("Location") != "" {
		message = "it redirects, and only reads are redirected"
	}
	e.Code, e.Message = sanitize(code, secrets), sanitize(message, secrets)
	return e
}

// mayHaveActed reports whether the server may have changed something although it
// responded with a status other than 2xx.
func mayHaveActed(status int) bool {
	switch status {
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return false // the request must be repeated elsewhere
	case http.StatusRequestTimeout:
		return true
	}
	return status >= 500 || status < 400
}

func (c *Client) record(j *job, u *url.URL, n int, began time.Time, answer *Response, e *Error) {
	if c.o.Record == nil {
		return
	}
	x := Exchange{
		At: began, System: c.o.System, Op: j.op, Method: j.call.Method, URL: redactURL(u.String()),
		Attempt: n, Duration: c.o.Now().Sub(began),
	}
	if answer != nil {
		x.Status = answer.Status
	}
	if e != nil {
		x.Status, x.Err = e.Status, e.reason()
	}
	c.o.Record(x)
}
