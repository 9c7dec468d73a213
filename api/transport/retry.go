package transport

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	firstBackoff          = 500 * time.Millisecond
	maxBackoff            = 30 * time.Second
	firstRateLimitBackoff = 10 * time.Second // after a 429 that names no time
	maxRateLimitBackoff   = time.Minute
	maxWait               = 5 * time.Minute // longer waits are left to the caller
)

// retry calls try until it succeeds, fails permanently, or the attempts are used up.
// lost reports whether another attempt may help.
func (c *Client) retry(ctx context.Context, j *job, try func(n int) (e *Error, lost bool)) *Error {
	renewed := false
	for n := 1; ; n++ {
		e, lost := try(n)
		if e == nil {
			return nil
		}
		if e.Status == http.StatusUnauthorized && j.renewable && j.replayable && !renewed {
			renewed = true
			c.o.Renew(j.sentAuthorization())
			n--
			continue
		}
		if n >= c.o.Attempts || e.last || !repeatable(j, e.Status, lost) {
			return e
		}
		wait := e.RetryAfter
		switch {
		case wait > 0:
		case e.Status == http.StatusTooManyRequests:
			wait = rateLimitBackoff(n, c.o.Rand())
		default:
			wait = backoff(n, c.o.Rand())
		}
		if wait > maxWait {
			return e
		}
		c.announce(j, e, n, wait)
		if err := c.o.Sleep(ctx, wait); err != nil {
			return c.newError(j, fmt.Errorf("while waiting to repeat it: %w", contextError(err)))
		}
	}
}

// repeatable reports whether a failed job may be sent again. A change may only if the
// server said that it did not act.
func repeatable(j *job, status int, lost bool) bool {
	if !j.replayable {
		return false
	}
	if j.kind == change {
		return status == http.StatusTooManyRequests
	}
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return lost
}

// backoff returns the wait after attempt n if the server does not ask for one: half a
// second, doubled each time, less up to half of it at random so that clients do not
// retry in step.
func backoff(n int, random float64) time.Duration {
	d := maxBackoff
	if n < 8 {
		d = min(d, firstBackoff<<(n-1))
	}
	return d - time.Duration(float64(d/2)*random)
}

// rateLimitBackoff returns the wait after the nth 429 that names no time. Rate limits
// are counted over many seconds (Entra's provisionOnDemand: 5 in 10 seconds; Okta: per
// minute), so an immediate retry would be refused too. Up to a quarter is added at
// random.
func rateLimitBackoff(n int, random float64) time.Duration {
	d := maxRateLimitBackoff
	if n < 4 {
		d = min(d, firstRateLimitBackoff<<(n-1))
	}
	return d + time.Duration(float64(d/4)*random)
}

func (c *Client) announce(j *job, e *Error, n int, wait time.Duration) {
	if c.o.Record != nil {
		c.o.Record(Exchange{
			At: c.o.Now(), System: c.o.System, Op: j.op, Method: j.call.Method, URL: e.URL,
			Attempt: n, Status: e.Status, Err: e.reason(), Wait: wait,
		})
	}
	if c.o.Waiting != nil {
		c.o.Waiting(Wait{System: c.o.System, Reason: e.reason(), For: wait, Attempt: n})
	}
}

// Sleep waits for d. If ctx ends first, it returns ctx's error. It is the default of
// Options.Sleep.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// retryAfter returns how long a server asks to wait, or 0. Docker Hub sends
// Retry-After in seconds; an older reference has X-Retry-After as Unix time. With a
// 429, Docker Hub and Okta also say when the rate limit is reset (Docker Hub API
// reference 2-beta, "Rate limiting"; Okta, "Rate limit headers"). Times are by the
// server's clock.
func retryAfter(h http.Header, status int, now time.Time) time.Duration {
	names := []string{"Retry-After", "X-Retry-After"}
	if status == http.StatusTooManyRequests {
		names = append(names, "X-Ratelimit-Reset", "X-Rate-Limit-Reset")
	}
	now = clockOf(h, now)
	for _, name := range names {
		if wait := parseWait(h.Get(name), now); wait > 0 {
			return wait
		}
	}
	return 0
}

// parseWait parses seconds, Unix time or an HTTP date. It returns 0 for anything else
// and for times in the past, and at most a year.
func parseWait(value string, now time.Time) time.Duration {
	const (
		year      = 365 * 24 * time.Hour
		unixTime  = 1e9  // as a number of seconds, 31 years
		unixMilli = 1e12 // some servers count in milliseconds
	)
	value = strings.TrimSpace(value)
	// ParseFloat also takes "inf", "nan" and hexadecimal.
	if value != "" && strings.Trim(value, "0123456789.") == "" {
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0
		}
		if seconds >= unixMilli {
			seconds /= 1000
		}
		if seconds >= unixTime {
			seconds -= float64(now.UnixNano()) / float64(time.Second)
		}
		return time.Duration(max(0, min(seconds, year.Seconds())) * float64(time.Second)).Round(time.Millisecond)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(0, min(at.Sub(now), year))
}
