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
	firstBackoff   = 500 * time.Millisecond
	longestBackoff = 30 * time.Second
	firstPause     = 10 * time.Second // after a 429 that names no time
	longestPause   = time.Minute
	longestWait    = 5 * time.Minute // a longer one is the caller's to decide on
)

// insist calls try until it succeeds, fails for good, or has used up the attempts.
// Lost reports a failure that another attempt may overcome.
func (c *Client) insist(ctx context.Context, j *job, try func(n int) (e *Error, lost bool)) *Error {
	renewed := false
	for n := 1; ; n++ {
		e, lost := try(n)
		if e == nil {
			return nil
		}
		if e.Status == http.StatusUnauthorized && j.renewable && j.replayable && !renewed {
			renewed = true
			c.o.Renew(j.refused())
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
			wait = pause(n, c.o.Rand())
		default:
			wait = backoff(n, c.o.Rand())
		}
		if wait > longestWait {
			return e
		}
		c.announce(j, e, n, wait)
		if err := c.o.Sleep(ctx, wait); err != nil {
			return c.failed(j, fmt.Errorf("while waiting to repeat it: %w", stop(err)))
		}
	}
}

// repeatable reports whether a failed job may be sent again. A change may only
// when the server says that it did not act.
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

// backoff is the wait after attempt n when the server asks for none: half a
// second, doubled each time, of which up to a half is taken off at random so
// that many clients do not come back at once.
func backoff(n int, random float64) time.Duration {
	d := longestBackoff
	if n < 8 {
		d = min(d, firstBackoff<<(n-1))
	}
	return d - time.Duration(float64(d/2)*random)
}

// pause is the wait after the nth 429 of a server that asks for none. Limits are
// counted over many seconds (5 in 10 at Entra's provisionOnDemand, Okta's by the
// minute), so asking again at once would be refused again; up to a quarter is
// added at random.
func pause(n int, random float64) time.Duration {
	d := longestPause
	if n < 4 {
		d = min(d, firstPause<<(n-1))
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

// Sleep waits for d, or until ctx ends, whose error it then returns. It is what
// Options.Sleep is when it is nil.
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

// retryAfter is how long a server asks to wait, 0 if it does not. Docker Hub
// sends Retry-After in seconds, and an older reference X-Retry-After as unix
// time; both systems tell with a 429 when the rate limit is reset (Docker Hub
// API reference 2-beta, "Rate limiting"; Okta, "Rate limit headers"). Times are
// by the server's clock.
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

// parseWait reads seconds, unix time or an HTTP date. It returns 0 for what it
// cannot read and for times in the past, and at most a year.
func parseWait(value string, now time.Time) time.Duration {
	const (
		year      = 365 * 24 * time.Hour
		unixTime  = 1e9  // as seconds this would be 31 years
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
