package okta

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// errorsSince is how far back the log is searched for errors. Okta keeps it for 90
// days.
const errorsSince = 30 * 24 * time.Hour

// provisionEvent is the prefix of the event types about provisioning.
const provisionEvent = "application.provision."

// logEvent is an entry of the log (System Log API, GET /api/v1/logs).
type logEvent struct {
	Published idp.Time `json:"published"`
	EventType string   `json:"eventType"`
	Actor     struct {
		AlternateID string `json:"alternateId"`
		DisplayName string `json:"displayName"`
	} `json:"actor"`
	Outcome struct {
		Result string `json:"result"` // SUCCESS, FAILURE, SKIPPED and so on
		Reason string `json:"reason"`
	} `json:"outcome"`
	Target []struct {
		ID          string `json:"id"`
		Type        string `json:"type"`
		AlternateID string `json:"alternateId"`
		DisplayName string `json:"displayName"`
	} `json:"target"`
}

// concerns reports whether the event is about the application. Labels are not unique,
// so it compares IDs if they are known.
func (e logEvent) concerns(app idp.Ref) bool {
	for _, t := range e.Target {
		if t.Type != "AppInstance" {
			continue
		}
		byLabel := app.ID == "" || t.ID == ""
		if !byLabel && t.ID == app.ID || byLabel && (t.DisplayName == app.Label || t.AlternateID == app.Label) {
			return true
		}
	}
	return false
}

// Events returns the log's events about a person and the application since a local
// time, oldest first: application.provision.user.push, .push_profile, .sync,
// .reactivate, .deactivate, application.user_membership.add, .remove and so on. Events
// may be some seconds late.
func (c *Client) Events(ctx context.Context, userID string, since time.Time) ([]idp.Event, error) {
	app := c.Used()
	if app.ID == "" {
		app.Label = c.label
	}
	return c.events(ctx, app, userID, c.client.ServerTime(since))
}

// events reads the log since a time by Okta's clock.
func (c *Client) events(ctx context.Context, app idp.Ref, userID string, since time.Time) ([]idp.Event, error) {
	ctx = transport.WithOp(ctx, "read the system log")
	all, err := list[logEvent](ctx, c, path("logs"), url.Values{
		"since":  {since.UTC().Format(time.RFC3339)},
		"filter": {"target.id eq " + quoted(userID)},
		"limit":  {"200"},
	})
	if err != nil {
		return nil, err
	}
	var out []idp.Event
	for _, e := range all {
		if !e.concerns(app) || e.Published.Earlier(since) { // the filter has a resolution of seconds
			continue
		}
		actor := e.Actor.DisplayName
		if actor == "" {
			actor = e.Actor.AlternateID
		}
		out = append(out, idp.Event{
			At: e.Published.Time, Type: e.EventType, Result: e.Outcome.Result, Reason: e.Outcome.Reason, Actor: actor,
			Sends: strings.HasPrefix(e.EventType, provisionEvent) && !strings.HasSuffix(e.EventType, ".deactivate"),
		})
	}
	slices.SortStableFunc(out, func(a, b idp.Event) int { return a.At.Compare(b.At) })
	return out, nil
}

// failures returns the reasons of failed provisioning, newest first, and the last
// reason alone. It is called if Okta reports a failure, so all is never empty.
func (c *Client) failures(ctx context.Context, app idp.Ref, userID string) (all []string, last string) {
	events, err := c.events(ctx, app, userID, c.now().Add(-errorsSince))
	if err != nil {
		return []string{"Okta could not synchronize the person; why is in its system log, which could not be read: " + err.Error()}, ""
	}
	for _, e := range slices.Backward(events) {
		if e.Failed() && strings.HasPrefix(e.Type, provisionEvent) {
			all = append(all, strings.TrimSuffix(e.Type+": "+e.Reason, ": "))
			last = cmp.Or(last, e.Reason)
		}
	}
	if len(all) == 0 {
		return []string{"Okta could not synchronize the person; its system log of the last 30 days does not say why"}, ""
	}
	return append(all, "Okta waits until the failed task is resolved (Dashboard > Tasks) before it updates them again"), last
}
