package transport

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// limits records, for each rate limit that is used up, when it is reset by the local
// clock.
type limits struct {
	mu    sync.Mutex
	reset map[string]time.Time
}

// noteLimit records what a response says about the rate limit of its request (Okta,
// "Rate limit headers").
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
		// A response of a later window. One of the same window is a late response to
		// a request that was counted before the limit was used up.
		delete(c.limits.reset, name)
	}
}

// waitForLimit waits for the reset of the rate limit that a request counts towards, if
// it is known to be used up. It does not wait longer than maxWait; the server then
// refuses the request.
func (c *Client) waitForLimit(ctx context.Context, j *job) *Error {
	if c.o.Limit == nil {
		return nil
	}
	for {
		c.limits.mu.Lock()
		wait := c.limits.reset[c.o.Limit(j.url)].Sub(c.o.Now())
		c.limits.mu.Unlock()
		if wait <= 0 || wait > maxWait {
			return nil
		}
		if c.o.Waiting != nil {
			c.o.Waiting(Wait{System: c.o.System, Reason: "its rate limit is used up", For: wait})
		}
		if err := c.o.Sleep(ctx, wait); err != nil {
			return c.newError(j, fmt.Errorf("while waiting for the rate limit: %w", contextError(err)))
		}
		// Another request may have used up the limit again.
	}
}
