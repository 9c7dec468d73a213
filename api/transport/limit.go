package transport

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// limits keeps, for each rate limit of a server that is used up, when it is
// reset by our clock.
type limits struct {
	mu    sync.Mutex
	reset map[string]time.Time
}

// noteLimit reads what an answer tells of the limit that it counted towards
// (Okta, "Rate limit headers").
func (c *Client) noteLimit(u *url.URL, h http.Header) {
	if c.o.Limit == nil {
		return
	}
	wait := parseWait(h.Get("X-Rate-Limit-Reset"), clockOf(h, c.o.Now()))
	name, reset := c.o.Limit(u), c.o.Now().Add(wait)
	c.limits.mu.Lock()
	defer c.limits.mu.Unlock()
	noted := c.limits.reset[name]
	switch {
	case wait > 0 && h.Get("X-Rate-Limit-Remaining") == "0":
		if c.limits.reset == nil {
			c.limits.reset = map[string]time.Time{}
		}
		if reset.After(noted) {
			c.limits.reset[name] = reset
		}
	case reset.After(noted.Add(time.Second)):
		// Of a later minute. One of the same minute was sent before the limit was
		// used up, and has come late.
		delete(c.limits.reset, name)
	}
}

// heed waits until the limit that a request counts towards is reset, if it is
// known to be used up. One that lasts longer than a client waits is left for
// the server to refuse.
func (c *Client) heed(ctx context.Context, j *job) *Error {
	if c.o.Limit == nil {
		return nil
	}
	for {
		c.limits.mu.Lock()
		wait := c.limits.reset[c.o.Limit(j.url)].Sub(c.o.Now())
		c.limits.mu.Unlock()
		if wait <= 0 || wait > longestWait {
			return nil
		}
		if c.o.Waiting != nil {
			c.o.Waiting(Wait{System: c.o.System, Reason: "its rate limit is used up", For: wait})
		}
		if err := c.o.Sleep(ctx, wait); err != nil {
			return c.failed(j, fmt.Errorf("while waiting for the rate limit: %w", stop(err)))
		}
		// Another request may have used it up again meanwhile.
	}
}
