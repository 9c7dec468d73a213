// Package hub is a client for the part of the Docker Hub API that concerns
// provisioning: members, teams, invites, audit logs and repositories of one
// organization. The wire formats follow the Docker Hub API reference, version 2-beta.
//
// Reading methods send GET requests and return wire types. Changing requests are built
// by pure methods whose names end in Call and are sent by [Client.Send], so that a
// preview and the request are the same value.
//
// Text in wire types (names, descriptions, team names, audit data) is untrusted and
// returned as received: it may contain control characters and terminal escapes.
// Sanitize it before printing it.
package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// DefaultBaseURL is the base URL of Docker Hub.
const DefaultBaseURL = "https://hub.docker.com"

const (
	system          = "hub"
	defaultPageSize = 100      // the documented maximum where there is one
	defaultMaxPages = 2000     // 200,000 members
	defaultMaxBody  = 64 << 20 // the member export of a large organization is one response
)

// Options configures a Client.
type Options struct {
	BaseURL string // DefaultBaseURL when empty

	// Identifier is the organization's name when Secret is an organization
	// access token, and a username for a personal access token or a password.
	Identifier string

	// Secret returns the token or password. It is a function so that formatting the
	// options does not print the value.
	Secret func() string

	PageSize int // entries per page, at most 100; 0 means 100
	MaxPages int // maximum pages of a listing, more are an error; 0 means 2000

	// Transport configures the HTTP client. New sets System, BaseURL, Authorize,
	// Renew, SignIn and Explain.
	Transport transport.Options
}

// Client is a client of Docker Hub. It is safe for concurrent use.
type Client struct {
	client   *transport.Client
	session  *session
	secret   func() string
	pageSize int
	maxPages int
}

// New returns a client. It sends nothing; the first call, or SignIn, does.
func New(o Options) (*Client, error) {
	if o.Identifier == "" || o.Secret == nil {
		return nil, errors.New("docker hub client: an identifier and a secret are needed")
	}
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	if o.PageSize <= 0 || o.PageSize > defaultPageSize {
		o.PageSize = defaultPageSize
	}
	if o.MaxPages <= 0 {
		o.MaxPages = defaultMaxPages
	}

	shared := o.Transport
	shared.System = system
	shared.BaseURL = o.BaseURL
	shared.Explain = explainBody
	if shared.MaxBody == 0 {
		shared.MaxBody = defaultMaxBody
	}
	if shared.Now == nil {
		shared.Now = time.Now
	}

	// The client does not authorize token exchanges, so it can send the exchange
	// that its own requests wait for.
	var client *transport.Client
	signed := &session{
		now: shared.Now,
		exchange: func(ctx context.Context) (func() string, error) {
			return exchangeToken(ctx, client, o.Identifier, o.Secret)
		},
	}
	shared.SignIn = []string{signInPath}
	shared.Authorize = signed.authorize
	shared.Renew = signed.forget
	client, err := transport.New(shared)
	if err != nil {
		return nil, fmt.Errorf("docker hub client: %w", err)
	}
	return &Client{client: client, session: signed, secret: o.Secret, pageSize: o.PageSize, maxPages: o.MaxPages}, nil
}

// SignIn verifies the identifier and the secret by exchanging them for a token, which
// later calls use (Docker Hub API reference 2-beta, POST /v2/auth/token). It does not
// verify any permission: a personal access token signs in too, and is refused by the
// organization's routes with ErrPersonalToken.
func (c *Client) SignIn(ctx context.Context) error {
	c.session.forget("")
	_, err := c.session.token(ctx)
	return err
}

// Send sends a call that one of the Call methods built. The context must carry its
// approval (transport.Approve). If the error is a *transport.Error with Unknown set,
// the change may have happened: check before repeating it.
func (c *Client) Send(ctx context.Context, call transport.Call) (*transport.Response, error) {
	if call.System != system {
		return nil, fmt.Errorf("send to docker hub: the call is for %q", call.System)
	}
	if err := c.client.CheckLink(call.URL); err != nil {
		return nil, fmt.Errorf("send to docker hub: %w", err)
	}
	if err := checkPath(call.URL); err != nil {
		return nil, fmt.Errorf("send to docker hub: %s: %w", call.Method, err)
	}
	response, err := c.client.Do(transport.WithOp(ctx, operation(call)), call)
	if err != nil {
		return nil, c.explain(err)
	}
	return response, nil
}

// read gets one JSON document.
func (c *Client) read(ctx context.Context, op, ref string, query url.Values, into any) error {
	if err := checkPath(c.client.URL(ref, nil)); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return c.follow(ctx, op, ref, query, into)
}

// follow is like read, for a link that the server itself gave.
func (c *Client) follow(ctx context.Context, op, ref string, query url.Values, into any) error {
	var body json.RawMessage
	if err := c.client.GetJSON(transport.WithOp(ctx, op), ref, query, &body); err != nil {
		return c.explain(err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return c.misshapen(op, ref, err)
	}
	return nil
}

// misshapen returns the error for a complete response that does not have the
// documented form.
func (c *Client) misshapen(op, ref string, err error) error {
	address, _, _ := strings.Cut(c.client.URL(ref, nil), "?") // without the cursor
	return &transport.Error{
		System: system, Op: op, Method: http.MethodGet, URL: address, Status: http.StatusOK,
		Err: fmt.Errorf("%w: %w", ErrShape, err),
	}
}

// route joins path segments, each escaped.
func route(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	return b.String()
}

// checkPath rejects a URL with a path segment that would lead to another route:
// "DELETE …/members/.." must never be sent.
func checkPath(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("%w: not a URL", ErrName)
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(u.EscapedPath(), "/"), "/") {
		name, err := url.PathUnescape(segment)
		if err != nil {
			return fmt.Errorf("%w: %q", ErrName, segment)
		}
		if name == "" || name == "." || name == ".." || strings.ContainsFunc(name, unsafeInPath) {
			return fmt.Errorf("%w: %q in %s", ErrName, name, u.EscapedPath())
		}
	}
	return nil
}

func unsafeInPath(r rune) bool { return r == '/' || r == '\\' || unicode.IsControl(r) }

// shown returns a name safe for an error message: names from a server may contain
// terminal escapes.
func shown(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

// isNull reports whether a field is absent or null.
func isNull(raw json.RawMessage) bool {
	trimmed := bytes.TrimSpace(raw)
	return len(trimmed) == 0 || bytes.Equal(trimmed, []byte("null"))
}
