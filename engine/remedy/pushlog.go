package remedy

import (
	"context"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// lastRun returns when the changes of the action's last plan were made.
func lastRun(c engine.Case, id engine.ActionID) (first, last time.Time) {
	plan := ""
	for _, r := range c.Receipts {
		if r.Action != id {
			continue
		}
		if r.Plan != plan {
			plan, first = r.Plan, r.At
		}
		last = r.At
	}
	return first, last
}

// pushLog is the provider's log about one person since the action's last run. It lags,
// so an empty or unreadable log proves nothing.
type pushLog struct {
	client      IdP
	c           engine.Case
	id          engine.ActionID
	first, last time.Time

	asked            bool
	provider, userID string // empty for a person whom the provider does not know
}

func (w World) pushLog(c engine.Case, id engine.ActionID) *pushLog {
	l := &pushLog{client: w.Systems.Pusher(), c: c, id: id}
	l.first, l.last = lastRun(c, id)
	return l
}

// events reads the log since a time. It looks up the person's ID there only once.
func (l *pushLog) events(ctx context.Context, since time.Time) ([]idp.Event, error) {
	if l.client == nil || l.last.IsZero() {
		return nil, nil
	}
	if !l.asked {
		as, err := l.client.Assignment(ctx, l.c.Member.Email)
		l.provider = as.Provider
		if err != nil {
			return nil, err
		}
		l.asked, l.userID = true, as.UserID
	}
	if l.userID == "" {
		return nil, nil
	}
	return l.client.Events(ctx, l.userID, since)
}

// newest returns the newest entry about sending the person since the last change, or
// the zero event.
func (l *pushLog) newest(ctx context.Context) idp.Event {
	events, err := l.events(ctx, l.last)
	if err != nil {
		return idp.Event{}
	}
	var newest idp.Event
	for _, e := range events {
		if e.Sends {
			newest = e
		}
	}
	return newest
}

// evidence returns what the provider says it did, in its answers and in its log.
func (l *pushLog) evidence(ctx context.Context, now time.Time) []engine.Evidence {
	if l.client == nil || l.last.IsZero() {
		return nil
	}
	events, err := l.events(ctx, l.first.Add(-time.Minute)) // what the first change led to may be older than its receipt
	out := l.answers()
	switch {
	case err != nil:
		return append(out, engine.Evidence{Text: "its log could not be read: " + err.Error(), Source: l.provider, At: now})
	case len(events) == 0:
		return append(out, engine.Evidence{Text: "its log does not show the push yet, which can take minutes", Source: l.provider + " log", At: now})
	}
	for _, e := range events {
		text := e.Type + ": " + e.Result
		if e.Reason != "" {
			text += " (" + e.Reason + ")"
		}
		out = append(out, engine.Evidence{Text: text, Source: l.provider + " log", At: e.At})
	}
	return out
}

// answers returns the provider's immediate answers.
func (l *pushLog) answers() []engine.Evidence {
	var out []engine.Evidence
	for _, r := range l.c.Receipts {
		if r.Action == l.id && r.Note != "" && !r.At.Before(l.first) {
			out = append(out, engine.Evidence{Text: r.Note, Source: l.provider + ", its own answer", At: r.At})
		}
	}
	return out
}
