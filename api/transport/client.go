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

// userAgent lets the other side see who calls.
const userAgent = "reprovision (+https://github.com/seed-05b3d87e/reprovision)"

// Client sends requests to one system. It is safe for concurrent use.
type Client struct {
	o     Options // completed by New
	base  *url.URL
	hosts map[origin]bool // where the credential may go

	limits limits
	clock  clock
}

// New checks the options and makes a client. It sends nothing.
func New(o Options) (*Client, error) {
	if o.System == "" {
		return nil, errors.New("transport: a system name is needed")
	}
	base, err := url.Parse(o.BaseURL)
	if err != nil {
		// The cause would quote the address, and a password in it.
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
	return &Client{o: o, base: base, hosts: hosts}, nil
}

// newBase makes the transport below a client. It does not start from
// http.DefaultTransport, which any package may have changed.
func newBase() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           32,
		MaxIdleConnsPerHost:    16, // as many as a copy has in flight: any above would be dialled anew each time
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
}

// URL is the absolute address of ref, for building calls. A ref is relative to
// BaseURL's path, with or without a slash in front, and may hold a query of its
// own; an absolute one stays as it is. Its path segments must be escaped.
func (c *Client) URL(ref string, query url.Values) string {
	address := ref
	switch {
	case isAbsolute(ref):
	case strings.HasPrefix(ref, "//"): // a host of its own: let it be seen as one
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

// Same returns ErrForeignHost for a link that leaves scheme and host of
// BaseURL. Links without a host never do.
func (c *Client) Same(ref string) error {
	u, err := url.Parse(ref)
	if err != nil {
		return c.refuse(ref, fmt.Errorf("%w: it cannot be read", ErrForeignHost))
	}
	if u.Scheme == "" && u.Host == "" {
		return nil
	}
	if u.Scheme == "" {
		u.Scheme = c.base.Scheme
	}
	if originOf(u) != originOf(c.base) || u.User != nil {
		return c.refuse(ref, c.foreign(u))
	}
	return nil
}

// CloseIdleConnections closes the connections that are kept for later requests.
func (c *Client) CloseIdleConnections() {
	if closer, ok := c.o.Base.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// Do sends one call and reads its answer. Reads, token exchanges, and changes
// that the context approves (Approve) pass; the call must be for this system
// and one of its hosts. Any answer but 2xx is an *Error, as is every other
// failure.
func (c *Client) Do(ctx context.Context, call Call) (*Response, error) {
	j, e := c.admit(ctx, call)
	if e != nil {
		return nil, e
	}
	var response *Response
	e = c.insist(ctx, j, func(n int) (failed *Error, lost bool) {
		response, failed, lost = c.attempt(ctx, j, n)
		return failed, lost
	})
	if e != nil {
		return nil, e
	}
	return response, nil
}

// Get reads ref, which is relative to BaseURL or absolute on the same host;
// see URL. Redirects are followed on that host.
func (c *Client) Get(ctx context.Context, ref string, query url.Values) (*Response, error) {
	call := Call{System: c.o.System, Method: http.MethodGet, URL: c.URL(ref, query)}
	if err := c.Same(call.URL); err != nil {
		return nil, named(ctx, http.MethodGet, err)
	}
	return c.Do(ctx, call)
}

// GetJSON reads ref like Get and decodes the answer into the value that into
// points to. If the answer is not JSON, or does not fit, the error is an *Error
// that is ErrNotJSON and describes the answer.
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

// named completes an error of Same.
func named(ctx context.Context, method string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Op, e.Method = opOf(ctx), method
	}
	return err
}

func (c *Client) refuse(address string, err error) *Error {
	return &Error{System: c.o.System, URL: redactURL(address), Err: err}
}

func (c *Client) foreign(u *url.URL) error {
	return fmt.Errorf("%w: %s instead of %s, nothing was sent there", ErrForeignHost,
		tidy(u.Scheme+"://"+u.Host, nil), c.base.Scheme+"://"+c.base.Host)
}
