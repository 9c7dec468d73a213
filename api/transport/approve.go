package transport

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

type approvalKey struct{}

// approval is the set of changes that a context allows.
type approval struct {
	calls   map[Call]bool
	uploads []*url.URL
}

// Approve returns a context in which exactly these calls may be sent: system, method,
// URL, content type and body must all be equal. Below each of the upload prefixes,
// absolute URLs such as "https://registry.example/v2/acme/tool/", any POST, PATCH and
// PUT may be sent, but no DELETE. A prefix matches whole path segments only, and one
// without a path is ignored. Without an approval, every method but GET and HEAD fails
// with ErrNotApproved, except token exchanges. An approval replaces one that ctx
// already has.
func Approve(ctx context.Context, calls []Call, uploads []string) context.Context {
	a := &approval{calls: make(map[Call]bool, len(calls))}
	for _, call := range calls {
		a.calls[call] = true
	}
	for _, prefix := range uploads {
		u, err := url.Parse(prefix)
		if err != nil || checkAddress(u) != nil || strings.Trim(u.Path, "/") == "" {
			continue
		}
		a.uploads = append(a.uploads, u)
	}
	return context.WithValue(ctx, approvalKey{}, a)
}

func approvalOf(ctx context.Context) *approval {
	if a, ok := ctx.Value(approvalKey{}).(*approval); ok {
		return a
	}
	return &approval{}
}

// upload reports whether u is below an approved prefix.
func (a *approval) upload(method string, u *url.URL) bool {
	if method != http.MethodPost && method != http.MethodPatch && method != http.MethodPut {
		return false
	}
	return slices.ContainsFunc(a.uploads, func(prefix *url.URL) bool {
		if originOf(prefix) != originOf(u) {
			return false
		}
		rest, ok := strings.CutPrefix(u.EscapedPath(), strings.TrimRight(prefix.EscapedPath(), "/"))
		return ok && (rest == "" || rest[0] == '/')
	})
}

// bodyLimit returns the length of the longest approved body for a call that otherwise
// equals like, or -1 if there is none.
func (a *approval) bodyLimit(like Call) int {
	limit := -1
	for call := range a.calls {
		body := call.Body
		call.Body = like.Body
		if call == like {
			limit = max(limit, len(body))
		}
	}
	return limit
}

// kind determines the rules that apply to a request.
type kind int

const (
	read   kind = iota + 1 // GET, HEAD
	signIn                 // a token exchange
	change
)

// classify returns the kind of a request. permit decides whether a change is allowed.
func (c *Client) classify(method string, u *url.URL) kind {
	switch {
	case method == http.MethodGet || method == http.MethodHead:
		return read
	case method == http.MethodPost && c.hosts[originOf(u)] && slices.Contains(c.o.SignIn, u.EscapedPath()):
		return signIn
	}
	return change
}

// permit checks the rules for changes. approved is called last.
func (c *Client) permit(k kind, approved func() bool) error {
	switch {
	case k != change:
		return nil
	case c.o.ReadOnly:
		return ErrReadOnly
	case !approved():
		return ErrNotApproved
	}
	return nil
}
