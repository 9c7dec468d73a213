package sandbox

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// Request is one line of the sandbox's log. It holds no header and no body, so no
// credential either.
type Request struct {
	System   string // "hub", "scim", "okta", "entra", "console" or "registry"
	Method   string
	Path     string // with the query; values that look secret are replaced
	Status   int    // as sent; 0 when a fault dropped or held the connection
	Changing bool   // neither GET, HEAD or OPTIONS, nor a token exchange
}

// Requests returns all requests so far, oldest first.
func (s *Sandbox) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	out := make([]Request, len(s.log.lines))
	copy(out, s.log.lines)
	return out
}

type requestLog struct {
	mu    sync.Mutex
	lines []Request
}

// add writes the line when the request arrives, so that a request which never
// gets an answer is seen too; the returned function adds the status.
func (l *requestLog) add(system string, r *http.Request) func(status int) {
	line := Request{System: system, Method: r.Method, Path: redactedPath(r.URL), Changing: changing(r)}
	l.mu.Lock()
	defer l.mu.Unlock()
	index := len(l.lines)
	l.lines = append(l.lines, line)
	return func(status int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.lines[index].Status = status
	}
}

func changing(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	switch r.URL.Path {
	case "/v2/auth/token", "/v2/users/login", "/v2/users/2fa-login":
		return false
	}
	return r.URL.Path != activatePath && !strings.Contains(r.URL.Path, "/oauth2/")
}

func redactedPath(u *url.URL) string {
	if u.RawQuery == "" {
		return u.EscapedPath()
	}
	query := u.Query()
	for key, values := range query {
		lower := strings.ToLower(key)
		for _, word := range []string{"token", "secret", "password", "csrf", "key"} {
			if strings.Contains(lower, word) {
				for i := range values {
					values[i] = "REDACTED"
				}
			}
		}
	}
	return u.EscapedPath() + "?" + query.Encode()
}
