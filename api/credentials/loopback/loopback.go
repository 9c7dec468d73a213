// Package loopback receives the redirect at the end of a browser sign-in: the OAuth
// 2.0 authorization code, sent to a loopback address (RFC 8252, OAuth 2.0 for Native
// Apps, section 7.3). It knows no identity provider and sends no requests.
package loopback

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Timeout is how long a person may take in the browser.
const Timeout = 10 * time.Minute

// ErrTimeout means that the browser did not come back within Timeout.
var ErrTimeout = fmt.Errorf("nobody came back from the browser within %s: sign in again", Timeout)

// RefusedError is an error response from the authorization server (RFC 6749, section
// 4.1.2.1).
type RefusedError struct {
	Code        string // "access_denied", …
	Description string // as sent; may be empty
}

// Error implements error.
func (e *RefusedError) Error() string {
	if e.Description == "" {
		return "the sign-in was refused in the browser: " + e.Code
	}
	return "the sign-in was refused in the browser: " + e.Code + ": " + strings.TrimSuffix(e.Description, ".")
}

// Receiver waits at a redirect address for one response. Use Listen.
type Receiver struct {
	address url.URL
	state   func() string // a func, so that %v does not print it
	server  *http.Server
	running sync.WaitGroup
	answers chan answer
}

type answer struct {
	code func() string
	err  error
}

// Listen listens at a redirect address, which must be http on localhost, 127.0.0.1 or
// [::1]. Without a port the system chooses one. The receiver must be closed.
func Listen(ctx context.Context, redirect string) (*Receiver, error) {
	u, err := url.Parse(redirect)
	if err != nil || u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("the redirect address %q must be http on this machine, such as http://127.0.0.1:8484/callback", redirect)
	}
	var first, second string
	switch u.Hostname() {
	case "localhost": // browsers may use either
		first, second = "127.0.0.1", "::1"
	case "127.0.0.1", "::1":
		first = u.Hostname()
	default:
		return nil, fmt.Errorf("the redirect address %q must lead to this machine: localhost, 127.0.0.1 or [::1]", redirect)
	}
	port := u.Port()
	if port == "" {
		port = "0"
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", net.JoinHostPort(first, port))
	if err != nil {
		return nil, fmt.Errorf("wait for the browser at %s: %w; if another program has that port, end it or register and give another redirect address", redirect, err)
	}
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	host := u.Hostname()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	u.Host = host + ":" + port
	state := rand.Text()
	r := &Receiver{address: *u, state: func() string { return state }, answers: make(chan answer, 1)}
	r.server = &http.Server{Handler: http.HandlerFunc(r.receive), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	r.serve(l)
	if second != "" {
		if l, err := listen.Listen(ctx, "tcp", net.JoinHostPort(second, port)); err == nil {
			r.serve(l)
		}
	}
	return r, nil
}

func (r *Receiver) serve(l net.Listener) {
	r.running.Go(func() { _ = r.server.Serve(l) }) // returns ErrServerClosed
}

// RedirectURI returns the redirect address with its port.
func (r *Receiver) RedirectURI() string { return r.address.String() }

// State returns the state parameter, which the authorization server must send back, so
// that no other page can complete this sign-in.
func (r *Receiver) State() string { return r.state() }

// Wait returns the authorization code. It fails when ctx ends, with a *RefusedError,
// or with ErrTimeout after Timeout.
func (r *Receiver) Wait(ctx context.Context) (string, error) {
	ctx, stop := context.WithTimeoutCause(ctx, Timeout, ErrTimeout)
	defer stop()
	select {
	case a := <-r.answers:
		if a.err != nil {
			return "", a.err
		}
		return a.code(), nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// Close stops listening. A page that is being sent is finished first.
func (r *Receiver) Close() error {
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	err := r.server.Shutdown(ctx)
	if err != nil {
		err = r.server.Close()
	}
	r.running.Wait()
	return err
}

// receive handles the redirect. Requests that do not belong to this sign-in get an
// error page and have no effect: the real response may still come.
func (r *Receiver) receive(w http.ResponseWriter, in *http.Request) {
	// The host is checked against DNS rebinding.
	if in.Host != r.address.Host || in.Method != http.MethodGet || in.URL.Path != r.path() {
		page(w, http.StatusNotFound, "There is nothing here.")
		return
	}
	q := in.URL.Query()
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(r.state())) != 1 {
		page(w, http.StatusBadRequest, "This answer belongs to another sign-in, and was not used. Go back to the terminal.")
		return
	}
	a, status, text := answer{}, http.StatusOK, "You are signed in. Close this page and go back to the terminal."
	switch code := q.Get("code"); {
	case q.Get("error") != "":
		a.err = &RefusedError{Code: OneLine(q.Get("error")), Description: OneLine(q.Get("error_description"))}
		text = "The sign-in was refused. Close this page and go back to the terminal."
	case code == "":
		page(w, http.StatusBadRequest, "The answer holds no code, and was not used. Go back to the terminal.")
		return
	default:
		a.code = func() string { return code }
	}
	select {
	case r.answers <- a:
	default:
		status, text = http.StatusConflict, "This sign-in has ended already."
	}
	page(w, status, text)
}

func (r *Receiver) path() string {
	if r.address.Path == "" {
		return "/"
	}
	return r.address.Path
}

func page(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Connection", "close")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}

// OneLine makes text from a browser or an authorization server safe for one line of a
// terminal.
func OneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || (r >= 0x7f && r < 0xa0) {
			return -1
		}
		return r
	}, s)
	const most = 300
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
