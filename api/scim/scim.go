// Package scim reads Docker's SCIM 2.0 endpoint: it verifies the SCIM token and looks
// up users. It changes nothing; changes come from the identity provider. The wire
// formats follow the SCIM part of the Docker Hub API reference, version 2-beta, and
// RFC 7643 and 7644 where that is silent.
//
// Text in wire types is untrusted and returned as received: it may contain control
// characters and terminal escapes. Sanitize it before printing it.
package scim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// DefaultBaseURL is the base URL that Docker Home shows in Setup SCIM.
const DefaultBaseURL = "https://hub.docker.com/v2/scim/2.0"

const (
	system          = "scim"
	mediaType       = "application/scim+json"
	defaultPageSize = 200 // the documented maximum of count
	defaultMaxPages = 1000
)

// ErrShape means that a complete response does not have the documented form.
var ErrShape = errors.New("the answer does not have the documented form")

// ErrAmbiguous means that the result of a search does not identify one user.
var ErrAmbiguous = errors.New("the answer does not single out one person")

// ErrEndless means that a listing does not end.
var ErrEndless = errors.New("the listing does not end")

// Options configures a Client.
type Options struct {
	BaseURL string // DefaultBaseURL when empty

	// Token returns the SCIM bearer token, which is neither a personal nor an
	// organization access token. It is a function so that formatting the options does
	// not print the value.
	Token func() string

	PageSize int // entries per page, at most 200; 0 means 200
	MaxPages int // maximum pages of a listing, more are an error; 0 means 1000

	// Transport configures the HTTP client. New sets System, BaseURL, Authorize,
	// Renew, SignIn and Explain.
	Transport transport.Options
}

// Client reads one organization's SCIM endpoint. It is safe for concurrent use.
type Client struct {
	client   *transport.Client
	base     string
	pageSize int
	maxPages int
}

// New returns a client. It sends nothing.
func New(o Options) (*Client, error) {
	if o.Token == nil {
		return nil, errors.New("scim client: a token is needed")
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
	t := o.Transport
	t.System = system
	t.BaseURL = o.BaseURL
	t.Renew = nil
	t.SignIn = nil
	t.Explain = explainBody
	t.Authorize = func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+o.Token())
		r.Header.Set("Accept", mediaType+", application/json")
		return nil
	}
	client, err := transport.New(t)
	if err != nil {
		return nil, fmt.Errorf("scim client: %w", err)
	}
	return &Client{client: client, base: strings.TrimRight(o.BaseURL, "/"), pageSize: o.PageSize, maxPages: o.MaxPages}, nil
}

// Prove verifies the token with the cheapest request available and returns the
// server's capabilities (Docker Hub API reference 2-beta, GET
// /v2/scim/2.0/ServiceProviderConfig).
func (c *Client) Prove(ctx context.Context) (ServiceProviderConfig, error) {
	var config ServiceProviderConfig
	err := c.read(ctx, "prove the SCIM token", "/ServiceProviderConfig", nil, &config)
	return config, err
}

// UserByName finds a user by userName, which is the primary email address (Docker Hub
// API reference 2-beta, GET /v2/scim/2.0/Users with a filter). It returns nil if the
// server says that no user matches. Whether Docker lists only users that SCIM
// provisioned is not documented.
//
// If the server answers with other users, such as one that ignores filters, the error
// is ErrAmbiguous.
func (c *Client) UserByName(ctx context.Context, email string) (*User, error) {
	op := fmt.Sprintf("find %q in SCIM", email)
	if email == "" {
		return nil, fmt.Errorf("%s: %w: an empty address", op, ErrAmbiguous)
	}
	var list userList
	query := url.Values{"filter": {nameFilter(email)}, "startIndex": {"1"}, "count": {"10"}}
	if err := c.read(ctx, op, "/Users", query, &list); err != nil {
		return nil, err
	}
	if len(list.Users) == 0 {
		if list.Total > 0 {
			return nil, fmt.Errorf("%s: %w: %d results announced, none given", op, ErrAmbiguous, list.Total)
		}
		return nil, nil
	}
	found := slices.DeleteFunc(slices.Clone(list.Users), func(u User) bool { return !strings.EqualFold(u.UserName, email) })
	if len(found) != 1 {
		return nil, fmt.Errorf("%s: %w: %d results, %d of them of that name", op, ErrAmbiguous, max(list.Total, len(list.Users)), len(found))
	}
	return &found[0], nil
}

// User returns a user by SCIM ID, a UUID with dashes (Docker Hub API reference 2-beta,
// GET /v2/scim/2.0/Users/{id}). The error for an unknown ID is transport.ErrNotFound.
func (c *Client) User(ctx context.Context, id string) (*User, error) {
	op := "read a SCIM user"
	if id == "" || id == "." || id == ".." {
		return nil, fmt.Errorf("%s: %q is not an id", op, id)
	}
	var user User
	if err := c.read(ctx, op, "/Users/"+url.PathEscape(id), nil, &user); err != nil {
		return nil, err
	}
	if user.ID == "" || user.UserName == "" {
		return nil, c.misshapen(op, "/Users/"+url.PathEscape(id), errors.New("no id or no userName"))
	}
	return &user, nil
}

// Users lists all users of the endpoint (Docker Hub API reference 2-beta, GET
// /v2/scim/2.0/Users).
func (c *Client) Users(ctx context.Context) iter.Seq2[User, error] {
	const op = "list the SCIM users"
	return func(yield func(User, error) bool) {
		query := url.Values{"count": {strconv.Itoa(c.pageSize)}, "sortBy": {"userName"}, "sortOrder": {"ascending"}}
		var last userList
		for n, seen := 1, 0; ; n++ {
			if n > c.maxPages {
				yield(User{}, fmt.Errorf("%s: %w: %d pages read", op, ErrEndless, c.maxPages))
				return
			}
			query.Set("startIndex", strconv.Itoa(seen+1))
			var list userList
			if err := c.read(ctx, op, "/Users", query, &list); err != nil {
				yield(User{}, err)
				return
			}
			if n > 1 && len(list.Users) > 0 && list.sum == last.sum {
				yield(User{}, fmt.Errorf("%s: %w: page %d is page %d again", op, ErrEndless, n, n-1))
				return
			}
			for _, u := range list.Users {
				if !yield(u, nil) {
					return
				}
			}
			seen += len(list.Users)
			if seen >= list.Total {
				return
			}
			if len(list.Users) == 0 {
				yield(User{}, fmt.Errorf("%s: %w: the list stops at %d of %d", op, ErrShape, seen, list.Total))
				return
			}
			last = list
		}
	}
}

// read gets one JSON document.
func (c *Client) read(ctx context.Context, op, route string, query url.Values, into any) error {
	var body json.RawMessage
	if err := c.client.GetJSON(transport.WithOp(ctx, op), c.base+route, query, &body); err != nil {
		if errors.Is(err, transport.ErrUnauthorized) {
			return fmt.Errorf("%w; SCIM wants the token that Docker Home shows at Setup SCIM, and refreshing it there voids the former one", err)
		}
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return c.misshapen(op, route, err)
	}
	return nil
}

func (c *Client) misshapen(op, route string, err error) error {
	return &transport.Error{
		System: system, Op: op, Method: http.MethodGet, URL: c.base + route, Status: http.StatusOK,
		Err: fmt.Errorf("%w: %w", ErrShape, err),
	}
}

// nameFilter returns a filter for exactly one userName. The value is a JSON string
// (RFC 7644, section 3.4.2.2), so a quote in an address cannot end it.
func nameFilter(name string) string {
	return "userName eq " + transport.JSON(name)
}
