package transport

import (
	"net/http"
	"sync/atomic"
	"time"
)

// clock is how far the server's clock is ahead of ours, as its answers tell.
type clock struct{ ahead atomic.Int64 }

// alike is how far two clocks can seem apart although they are not: a Date
// header counts whole seconds, and an answer takes its time.
const alike = 2 * time.Second

// note takes the time of an answer.
func (k *clock) note(h http.Header, ours time.Time) {
	ahead := clockOf(h, ours).Sub(ours)
	if ahead.Abs() <= alike {
		ahead = 0
	}
	k.ahead.Store(int64(ahead))
}

// ServerTime is what the server's clock showed at a time of ours, as far as its
// last answer tells: the times in its logs are by its own clock.
func (c *Client) ServerTime(ours time.Time) time.Time {
	return ours.Add(time.Duration(c.clock.ahead.Load()))
}

// clockOf is the time of an answer by the clock of the server, with which the
// times that it names have to be compared: ours may be minutes off. Without a
// Date header it is ours.
func clockOf(h http.Header, ours time.Time) time.Time {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return ours
	}
	return at
}
