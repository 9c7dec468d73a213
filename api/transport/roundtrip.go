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

// RoundTripper puts the door under a library that wants a transport. The rules
// are those of Do, with these differences: answers of any status are returned
// as they are (after the repeats that are due) and not bounded in size; the
// time limit is for silence, not for the whole, because layers are large; and
// other hosts may be visited, since redirects are the library's business, but
// Authorization and Cookie are taken out of what goes there.
func (c *Client) RoundTripper() http.RoundTripper { return roundTripper{c} }

type roundTripper struct{ c *Client }

// RoundTrip sends a request of a library. An error is an *Error.
func (t roundTripper) RoundTrip(in *http.Request) (*http.Response, error) {
	bodies := newBodies(in)
	defer bodies.close()

	j, e := t.c.admitRequest(in, bodies)
	if e != nil {
		return nil, e
	}
	var response *http.Response
	e = t.c.insist(in.Context(), j, func(n int) (failed *Error, lost bool) {
		if response != nil {
			discard(response)
		}
		response, failed, lost = t.c.stream(in, j, bodies, n) //nolint:bodyclose // the library closes what it gets, discard the others
		return failed, lost
	})
	switch {
	case e == nil:
		return response, nil
	case response != nil && e.Status != 0: // the server's last word; the library reads it
		return response, nil
	case response != nil: // stopped while waiting to repeat it
		discard(response)
	}
	return nil, e
}

// admitRequest lets a request of a library pass, or says why it may not.
// Nothing has been sent yet.
func (c *Client) admitRequest(in *http.Request, b *bodies) (*job, *Error) {
	ctx := in.Context()
	call := Call{System: c.o.System, Method: in.Method, ContentType: in.Header.Get("Content-Type")}
	if call.Method == "" {
		call.Method = http.MethodGet
	}
	if in.URL != nil {
		call.URL = in.URL.String()
	}
	e := &Error{System: c.o.System, Op: opOf(ctx), Method: tidy(call.Method, nil), URL: redactURL(call.URL)}
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

// authorizes reports whether the credential of this client goes with a request:
// to its own hosts, unless the library brings one.
func (c *Client) authorizes(r *http.Request) bool {
	return c.o.Authorize != nil && c.hosts[originOf(r.URL)] && r.Header.Get("Authorization") == ""
}

// stream sends a request of a library once. It returns an error along with the
// response when the status calls for a repeat.
func (c *Client) stream(in *http.Request, j *job, b *bodies, n int) (_ *http.Response, _ *Error, lost bool) {
	ctx := in.Context()
	body, err := b.next()
	if err != nil {
		return nil, c.failed(j, fmt.Errorf("read the body again: %w", err)), false
	}
	r := in.Clone(ctx)
	r.Method, r.Body, r.GetBody = j.call.Method, body, nil
	r.Host = "" // the host is the address's, which the rules were applied to
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
			return nil, c.failed(j, err), false
		}
	}

	j.authorized(r.Header)
	limited, cancel := context.WithCancelCause(ctx)
	silence := newSilence(c.o.Timeout, func() { cancel(errSilence) })
	if body != http.NoBody {
		r.Body = &sending{ReadCloser: body, silence: silence}
	}
	began := c.o.Now()
	response, unsent, err := c.forward(limited, r)
	silence.end()
	if err != nil {
		e, lost := c.broken(ctx, limited, j, err, secretsIn(r.Header))
		e.Unknown = e.Unknown && !unsent
		c.record(j, r.URL, n, began, nil, e)
		cancel(nil)
		return nil, e, lost
	}
	response.Request = in
	response.Body = &receiving{ReadCloser: response.Body, c: c, ctx: ctx, limited: limited, cancel: cancel, job: j}

	var e *Error
	switch s := response.StatusCode; {
	case s == http.StatusUnauthorized, s == http.StatusTooManyRequests, s >= 500:
		e = c.failed(j, nil)
		e.Status = s
		e.RetryAfter = retryAfter(response.Header, s, c.o.Now())
		e.last = s == http.StatusTooManyRequests && e.RetryAfter == 0 && c.o.Exhausted != nil && c.o.Exhausted(response)
	}
	c.record(j, r.URL, n, began, &Response{Status: response.StatusCode}, e)
	return response, e, false
}

// discard gives up a response so that, if it is short, its connection can be
// used again.
func discard(response *http.Response) {
	_, _ = io.CopyN(io.Discard, response.Body, 4<<10)
	_ = response.Body.Close()
}

// bodies hands out the body of a request once per attempt.
type bodies struct {
	none  bool
	first io.ReadCloser // nil once handed out
	again func() (io.ReadCloser, error)
}

func newBodies(r *http.Request) *bodies {
	return &bodies{none: r.Body == nil || r.Body == http.NoBody, first: r.Body, again: r.GetBody}
}

func (b *bodies) replayable() bool { return b.none || b.again != nil }

func (b *bodies) next() (io.ReadCloser, error) {
	if b.none {
		return http.NoBody, nil
	}
	if body := b.first; body != nil {
		b.first = nil
		return body, nil
	}
	return b.again()
}

// approved reports whether the call with this body is among the approved ones.
// The bytes that were compared are the bytes that will be sent.
func (b *bodies) approved(a *approval, call Call) bool {
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
	b.again = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(call.Body)), nil }
	b.first, _ = b.again()
	return true
}

func (b *bodies) close() { closeBody(b.first) }

func closeBody(body io.Closer) {
	if body != nil {
		_ = body.Close() // nothing was written to it
	}
}

// silence calls a function when nothing has happened for too long.
type silence struct {
	mu    sync.Mutex
	timer *time.Timer // nil once ended
	limit time.Duration
}

func newSilence(limit time.Duration, then func()) *silence {
	return &silence{timer: time.AfterFunc(limit, then), limit: limit}
}

func (s *silence) pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
}

func (s *silence) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Reset(s.limit)
	}
}

func (s *silence) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}

// sending is a request body that counts what the server takes as a sign of
// life. How long its own source needs is not the server's silence.
type sending struct {
	io.ReadCloser
	silence *silence
}

func (s *sending) Read(p []byte) (int, error) {
	s.silence.pause()
	defer s.silence.resume()
	return s.ReadCloser.Read(p)
}

// receiving is a response body that ends when the server falls silent in the
// middle of it.
type receiving struct {
	io.ReadCloser
	c            *Client
	ctx, limited context.Context
	cancel       context.CancelCauseFunc
	job          *job
}

func (r *receiving) Read(p []byte) (int, error) {
	timer := time.AfterFunc(r.c.o.Timeout, func() { r.cancel(errSilence) })
	n, err := r.ReadCloser.Read(p)
	timer.Stop()
	if err == nil || err == io.EOF {
		return n, err
	}
	_, cause := r.c.cause(r.ctx, r.limited, err, nil)
	return n, r.c.failed(r.job, cause)
}

func (r *receiving) Close() error {
	err := r.ReadCloser.Close()
	r.cancel(nil)
	return err
}
