package transport

import (
	"net/http"
	"sync/atomic"
	"time"
)

// clock estimates the difference between the server's clock and the local one.
type clock struct{ offset atomic.Int64 } // nanoseconds that the server is ahead

// clockTolerance is the difference that is ignored: a Date header has a resolution of
// seconds, and a response takes time.
const clockTolerance = 2 * time.Second

// note records the server's time from a response received at the local time ours.
func (c *clock) note(h http.Header, ours time.Time) {
	ahead := clockOf(h, ours).Sub(ours)
	if ahead.Abs() <= clockTolerance {
		ahead = 0
	}
	c.offset.Store(int64(ahead))
}

// ServerTime converts a local time to the server's clock, as of its last response. Use
// it to compare with times in the server's logs.
func (c *Client) ServerTime(ours time.Time) time.Time {
	return ours.Add(time.Duration(c.clock.offset.Load()))
}

// clockOf returns the server's time from the Date header, or ours if there is none.
// Times that a response names must be compared with it, since the local clock may be
// off by minutes.
func clockOf(h http.Header, ours time.Time) time.Time {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return ours
	}
	return at
}
