package transport

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// userAgent identifies this program to servers.
const userAgent = "reprovision (+https://github.com/seed-05b3d87e/reprovision)"

// Client sends requests to one system. It is safe for concurrent use.
type Client struct {
	o     Options // completed by New
	base  *url.URL
	hosts map[origin]bool // where the credential may go

	limits limits
	clock  clock
}

// New returns a client with the given options. It sends nothing.
func New(o Options) (*Client, error) {
	if o.System == "" {
		return nil, errors.New("transport: a system name is needed")
	}
	base, err := url.Parse(o.BaseURL)
	if err != nil {
		// The cause is left out because it quotes the URL, which may contain a password.
		return nil, fmt.Errorf("transport to %s: the base address cannot be read", o.System)
	}
	if err := checkAddress(base); err != nil {
		return nil, fmt.Errorf("transport to %s: base address: %w", o.System, err)
	}
	if base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("transport to %s: base address: a query or a fragment has no place there", o.System)
	}
	if t, ok := o.Base.(*http.Transport); ok && t.TLSClientConfig != nil && t.TLSClientConfig.InsecureSkipVerify {
		return nil, fmt.Errorf("transport to %s: the base transport does not verify certificates", o.System)
	}

	hosts := map[origin]bool{originOf(base): true}
	for _, h := range o.Hosts {
		u, err := url.Parse(base.Scheme + "://" + h)
		if err != nil || u.Host != h {
			return nil, fmt.Errorf("transport to %s: a further host is not of the form host or host:port", o.System)
		}
		if err := checkAddress(u); err != nil {
			return nil, fmt.Errorf("transport to %s: further host %s: %w", o.System, h, err)
		}
		hosts[originOf(u)] = true
	}

	return &Client{o: o.withDefaults(), base: base, hosts: hosts}, nil
}

func (o Options) withDefaults() Options {
	if o.Base == nil {
		o.Base = newBase()
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxBody <= 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.Attempts <= 0 {
		o.Attempts = defaultAttempts
	}
	if o.Sleep == nil {
		o.Sleep = Sleep
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	if o.Explain == nil {
		o.Explain = explain
	}
	return o
}

// newBase returns the default base transport. It does not clone http.DefaultTransport,
// which any package may have modified.
func newBase() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           32,
		MaxIdleConnsPerHost:    16, // at least the requests a copy has in flight, so that no connection is dialled twice
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
}

// URL returns the absolute URL of ref. A ref is relative to BaseURL's path, with or
// without a leading slash, and may have a query of its own; an absolute one is kept.
// Its path segments must be escaped.
func (c *Client) URL(ref string, query url.Values) string {
	address := ref
	switch {
	case isAbsolute(ref):
	case strings.HasPrefix(ref, "//"): // scheme-relative
		address = c.base.Scheme + ":" + ref
	case ref == "" || ref[0] == '?':
		address = c.base.String() + ref
	default:
		address = strings.TrimRight(c.base.String(), "/") + "/" + strings.TrimPrefix(ref, "/")
	}
	if len(query) == 0 {
		return address
	}
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + query.Encode()
}

// CheckLink returns an error that is ErrForeignHost if a link's scheme or host is not
// BaseURL's. Links without a host are accepted.
func (c *Client) CheckLink(ref string) error {
	u, err := url.Parse(ref)
	if err != nil {
		return c.linkError(ref, fmt.Errorf("%w: it cannot be read", ErrForeignHost))
	}
	if u.Scheme == "" && u.Host == "" {
		return nil
	}
	if u.Scheme == "" {
		u.Scheme = c.base.Scheme
	}
	if originOf(u) != originOf(c.base) || u.User != nil {
		return c.linkError(ref, c.foreignHost(u))
	}
	return nil
}

// CloseIdleConnections closes the connections that are kept for later requests.
func (c *Client) CloseIdleConnections() {
	if closer, ok := c.o.Base.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// Do sends a call and reads the response. Allowed are reads, token exchanges, and
// changes that the context approves (Approve); the call must be for this system and
// one of its hosts. Any response but 2xx is an *Error, as is every other failure.
func (c *Client) Do(ctx context.Context, call Call) (*Response, error) {
	j, e := c.admit(ctx, call)
	if e != nil {
		return nil, e
	}
	var response *Response
	e = c.retry(ctx, j, func(n int) (failed *Error, lost bool) {
		response, failed, lost = c.attempt(ctx, j, n)
		return failed, lost
	})
	if e != nil {
		return nil, e
	}
	return response, nil
}

// Get reads ref, which is relative to BaseURL or absolute on the same host; see URL.
// Redirects are followed on that host only.
func (c *Client) Get(ctx context.Context, ref string, query url.Values) (*Response, error) {
	call := Call{System: c.o.System, Method: http.MethodGet, URL: c.URL(ref, query)}
	if err := c.CheckLink(call.URL); err != nil {
		return nil, withCall(ctx, http.MethodGet, err)
	}
	return c.Do(ctx, call)
}

// GetJSON reads ref like Get and decodes the response into the value that into points
// to. If the response is not JSON, or does not fit, the error is an *Error that is
// ErrNotJSON and describes the response.
func (c *Client) GetJSON(ctx context.Context, ref string, query url.Values, into any) error {
	response, err := c.Get(ctx, ref, query)
	if err != nil {
		return err
	}
	if err := response.JSON(into); err != nil {
		return &Error{
			System: c.o.System, Op: opOf(ctx), Method: http.MethodGet, URL: redactURL(c.URL(ref, query)),
			Status: response.Status, Err: err,
		}
	}
	return nil
}

// withCall adds operation and method to an error of CheckLink.
func withCall(ctx context.Context, method string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Op, e.Method = opOf(ctx), method
	}
	return err
}

func (c *Client) linkError(address string, err error) *Error {
	return &Error{System: c.o.System, URL: redactURL(address), Err: err}
}

func (c *Client) foreignHost(u *url.URL) error {
	return fmt.Errorf("%w: %s instead of %s, nothing was sent there", ErrForeignHost,
		sanitize(u.Scheme+"://"+u.Host, nil), c.base.Scheme+"://"+c.base.Host)
}
