package remedy

import (
	"context"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// lastRun tells when the changes of the action's last plan were made.
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

// events reads the provider's log about the person since a time. A person whom
// it does not know has none.
func (w World) events(ctx context.Context, c engine.Case, since time.Time) (provider string, events []idp.Event, err error) {
	client := w.Systems.Pusher()
	if client == nil {
		return "", nil, nil
	}
	as, err := client.Assignment(ctx, c.Member.Email)
	if err != nil || as.UserID == "" {
		return as.Provider, nil, err
	}
	events, err = client.Events(ctx, as.UserID, since)
	return as.Provider, events, err
}

// failure is the newest thing that the provider's log says of provisioning
// since the last change, if it says that it failed. That the log cannot be
// read proves nothing.
func (w World) failure(ctx context.Context, c engine.Case, id engine.ActionID) idp.Event {
	_, last := lastRun(c, id)
	if last.IsZero() {
		return idp.Event{}
	}
	_, events, err := w.events(ctx, c, last)
	if err != nil {
		return idp.Event{}
	}
	var newest idp.Event
	for _, e := range events {
		if strings.Contains(e.Type, "provision") && !e.At.Before(last) {
			newest = e
		}
	}
	if newest.Result != "FAILURE" {
		return idp.Event{}
	}
	return newest
}

// log is what the provider says that it did since the first change of the last
// run, as evidence. That it cannot be read proves nothing either way.
func (w World) log(ctx context.Context, c engine.Case, id engine.ActionID) []engine.Evidence {
	first, _ := lastRun(c, id)
	if first.IsZero() {
		return nil
	}
	provider, events, err := w.events(ctx, c, first.Add(-time.Minute)) // clocks differ
	if err != nil {
		return append(answers(c, id, provider), engine.Evidence{Text: "its log could not be read: " + err.Error(), Source: provider, At: w.Now()})
	}
	out := answers(c, id, provider)
	for _, e := range events {
		text := e.Type + ": " + e.Result
		if e.Reason != "" {
			text += " (" + e.Reason + ")"
		}
		out = append(out, engine.Evidence{Text: text, Source: provider + " log", At: e.At})
	}
	return out
}

// answers are what the provider said at once, for those whose log is late.
func answers(c engine.Case, id engine.ActionID, provider string) []engine.Evidence {
	first, _ := lastRun(c, id)
	var out []engine.Evidence
	for _, r := range c.Receipts {
		if r.Action == id && r.Note != "" && !r.At.Before(first) {
			out = append(out, engine.Evidence{Text: r.Note, Source: provider + ", its own answer", At: r.At})
		}
	}
	return out
}
