package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// RoundTripper returns an http.RoundTripper for libraries. The rules are those of Do,
// with these differences: responses of any status are returned unchanged (after the
// retries) and not limited in size; the timeout is for inactivity, not for the whole
// request, because layers are large; and other hosts are allowed, because the library
// decides about redirects, but Authorization and Cookie headers are removed from
// requests to them.
func (c *Client) RoundTripper() http.RoundTripper { return roundTripper{c} }

type roundTripper struct{ c *Client }

// RoundTrip sends a request of a library. An error is an *Error.
func (t roundTripper) RoundTrip(in *http.Request) (*http.Response, error) {
	bodies := newBodySource(in)
	defer bodies.close()

	j, e := t.c.admitRequest(in, bodies)
	if e != nil {
		return nil, e
	}
	var response *http.Response
	e = t.c.retry(in.Context(), j, func(n int) (failed *Error, lost bool) {
		if response != nil {
			discard(response)
		}
		response, failed, lost = t.c.stream(in, j, bodies, n) //nolint:bodyclose // closed by the caller or by discard
		return failed, lost
	})
	switch {
	case e == nil:
		return response, nil
	case response != nil && e.Status != 0: // the last response, which the library handles
		return response, nil
	case response != nil: // canceled while waiting to retry
		discard(response)
	}
	return nil, e
}

// admitRequest checks a library's request against the rules. It sends nothing.
func (c *Client) admitRequest(in *http.Request, b *bodySource) (*job, *Error) {
	ctx := in.Context()
	call := Call{System: c.o.System, Method: in.Method, ContentType: in.Header.Get("Content-Type")}
	if call.Method == "" {
		call.Method = http.MethodGet
	}
	if in.URL != nil {
		call.URL = in.URL.String()
	}
	e := &Error{System: c.o.System, Op: opOf(ctx), Method: sanitize(call.Method, nil), URL: redactURL(call.URL)}
	if in.URL == nil {
		e.Err = errors.New("the request has no address")
		return nil, e
	}
	k := c.classify(call.Method, in.URL)
	switch err := checkAddress(in.URL); {
	case err != nil:
		e.Err = err
	case in.URL.Scheme != c.base.Scheme && in.URL.Scheme == "http":
		e.Err = errors.New("it would leave https for plain http")
	case k == read && !b.none:
		e.Err = errors.New("a read carries no body")
	default:
		e.Err = c.permit(k, func() bool {
			a := approvalOf(ctx)
			return a.upload(call.Method, in.URL) || b.approved(a, call)
		})
	}
	if e.Err != nil {
		return nil, e
	}
	return &job{
		kind: k, call: call, url: in.URL, op: e.Op, replayable: b.replayable(),
		renewable: k != signIn && c.o.Renew != nil && c.authorizes(in),
	}, nil
}

// authorizes reports whether this client's credential is added to a request: on its
// own hosts, unless the library has set one.
func (c *Client) authorizes(r *http.Request) bool {
	return c.o.Authorize != nil && c.hosts[originOf(r.URL)] && r.Header.Get("Authorization") == ""
}

// stream sends a library's request once. Along with the response it returns an error
// if the status may be retried.
func (c *Client) stream(in *http.Request, j *job, b *bodySource, n int) (_ *http.Response, _ *Error, lost bool) {
	ctx := in.Context()
	body, err := b.next()
	if err != nil {
		return nil, c.newError(j, fmt.Errorf("read the body again: %w", err)), false
	}
	r := in.Clone(ctx)
	r.Method, r.Body, r.GetBody = j.call.Method, body, nil
	r.Host = "" // the rules were checked for the URL's host
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if !c.hosts[originOf(in.URL)] {
		r.Header.Del("Authorization")
		r.Header.Del("Cookie")
	}
	if j.kind != signIn && c.authorizes(in) {
		if err := c.authorize(ctx, r); err != nil {
			closeBody(body)
			return nil, c.newError(j, err), false
		}
	}

	j.noteAuthorization(r.Header)
	attemptCtx, cancel := context.WithCancelCause(ctx)
	idle := newIdleTimer(c.o.Timeout, func() { cancel(errIdle) })
	if body != http.NoBody {
		r.Body = &uploadBody{ReadCloser: body, idle: idle}
	}
	began := c.o.Now()
	response, unsent, err := c.forward(attemptCtx, r)
	idle.stop()
	if err != nil {
		e, lost := c.networkError(ctx, attemptCtx, j, err, secretsIn(r.Header))
		e.Unknown = e.Unknown && !unsent
		c.record(j, r.URL, n, began, nil, e)
		cancel(nil)
		return nil, e, lost
	}
	response.Request = in
	response.Body = &responseBody{ReadCloser: response.Body, c: c, ctx: ctx, attemptCtx: attemptCtx, cancel: cancel, job: j}

	var e *Error
	switch s := response.StatusCode; {
	case s == http.StatusUnauthorized, s == http.StatusTooManyRequests, s >= 500:
		e = c.newError(j, nil)
		e.Status = s
		e.RetryAfter = retryAfter(response.Header, s, c.o.Now())
		e.last = s == http.StatusTooManyRequests && e.RetryAfter == 0 && c.o.Exhausted != nil && c.o.Exhausted(response)
	}
	c.record(j, r.URL, n, began, &Response{Status: response.StatusCode}, e)
	return response, e, false
}

// discard closes a response, reading a short one to the end so that its connection can
// be reused.
func discard(response *http.Response) {
	_, _ = io.CopyN(io.Discard, response.Body, 4<<10)
	_ = response.Body.Close()
}

// bodySource supplies the body of a request for each attempt.
type bodySource struct {
	none   bool
	first  io.ReadCloser // nil once used
	reopen func() (io.ReadCloser, error)
}

func newBodySource(r *http.Request) *bodySource {
	return &bodySource{none: r.Body == nil || r.Body == http.NoBody, first: r.Body, reopen: r.GetBody}
}

func (b *bodySource) replayable() bool { return b.none || b.reopen != nil }

func (b *bodySource) next() (io.ReadCloser, error) {
	if b.none {
		return http.NoBody, nil
	}
	if body := b.first; body != nil {
		b.first = nil
		return body, nil
	}
	return b.reopen()
}

// approved reports whether the call with this body is approved. It then keeps the
// bytes that were compared as the body to send.
func (b *bodySource) approved(a *approval, call Call) bool {
	limit := a.bodyLimit(call)
	if limit < 0 {
		return false
	}
	if b.none {
		return a.calls[call]
	}
	body, err := io.ReadAll(io.LimitReader(b.first, int64(limit)+1))
	if err != nil {
		return false
	}
	call.Body = string(body)
	if !a.calls[call] {
		return false
	}
	b.close()
	b.reopen = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(call.Body)), nil }
	b.first, _ = b.reopen()
	return true
}

func (b *bodySource) close() { closeBody(b.first) }

func closeBody(body io.Closer) {
	if body != nil {
		_ = body.Close() // opened for reading
	}
}

// idleTimer calls a function after a period of inactivity.
type idleTimer struct {
	mu    sync.Mutex
	timer *time.Timer // nil once stopped
	limit time.Duration
}

func newIdleTimer(limit time.Duration, then func()) *idleTimer {
	return &idleTimer{timer: time.AfterFunc(limit, then), limit: limit}
}

func (s *idleTimer) pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
}

func (s *idleTimer) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Reset(s.limit)
	}
}

func (s *idleTimer) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}

// uploadBody is a request body that restarts the idle timer with each read by the
// connection. The time that the body's own source takes does not count.
type uploadBody struct {
	io.ReadCloser
	idle *idleTimer
}

func (s *uploadBody) Read(p []byte) (int, error) {
	s.idle.pause()
	defer s.idle.resume()
	return s.ReadCloser.Read(p)
}

// responseBody is a response body whose reads fail after the timeout.
type responseBody struct {
	io.ReadCloser
	c               *Client
	ctx, attemptCtx context.Context
	cancel          context.CancelCauseFunc
	job             *job
}

func (r *responseBody) Read(p []byte) (int, error) {
	timer := time.AfterFunc(r.c.o.Timeout, func() { r.cancel(errIdle) })
	n, err := r.ReadCloser.Read(p)
	timer.Stop()
	if err == nil || err == io.EOF {
		return n, err
	}
	_, cause := r.c.classifyNetworkError(r.ctx, r.attemptCtx, err, nil)
	return n, r.c.newError(r.job, cause)
}

func (r *responseBody) Close() error {
	err := r.ReadCloser.Close()
	r.cancel(nil)
	return err
}
