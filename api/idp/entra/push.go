package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// startDuration is the time a started job may take to reach one person: a cycle starts
// every 20 to 40 minutes, and the first one immediately.
const startDuration = 45 * time.Minute

// ways returns the ways to make Entra create the person again: provision on demand
// and, if the job is stopped, start the job.
func (c *Client) ways(t target, a idp.Assignment) []idp.Way {
	who := a.Login + " in " + a.App.Label
	through := ""
	if a.Scope == idp.ScopeGroup {
		through = " Their assignment comes from a group, which is not touched."
	}
	ways := []idp.Way{{
		Title: "Provision on demand", Why: "Entra provisions this one person now and tells each step",
		Changes: []idp.Change{{
			ID: idp.ChangeProvision, Title: "Provision " + a.Login + " on demand", Target: who, Before: "not in Docker", After: a.Carries(), Call: c.provisionCall(t, a.UserID),
		}},
		Notes: []string{"Nobody else is provisioned, and no assignment is changed." + through},
	}}
	if t.job.startable() {
		ways = append(ways, idp.Way{
			Title: "Start the provisioning job", Why: "it clears a quarantine and goes on where it stopped; mend the reason first", Takes: startDuration,
			Changes: []idp.Change{{
				ID: idp.ChangeStart, Title: "Start the provisioning job of " + a.App.Label, Target: a.App.Label, Before: t.job.off(), After: "running", Call: c.startCall(t),
			}},
			Notes: []string{
				"The job then processes everybody who is waiting, not this person alone: others may be created, changed or deactivated in Docker.",
				"It can take up to 40 minutes until it comes to this person.",
			},
		})
	}
	return ways
}

// Resend returns the way that provisions a linked person on demand, which updates what
// differs.
func (c *Client) Resend(a idp.Assignment) idp.Way {
	w := idp.Way{Title: "Provision on demand", Why: "Entra compares the person with Docker's record and sends what differs"}
	for _, way := range a.Ways {
		for _, ch := range way.Changes {
			if ch.ID == idp.ChangeProvision {
				ch.ID, ch.Before = idp.ChangeProfile, ""
				w.Changes = append(w.Changes, ch)
			}
		}
	}
	w.Notes = []string{"Entra sends only what differs from Docker's SCIM record; where that record has the right values already, it skips the person as redundant."}
	return w
}

// provisionCall builds the call that provisions one person (Microsoft Graph,
// synchronizationJob: provisionOnDemand). At most 5 such requests are allowed in 10
// seconds.
func (c *Client) provisionCall(t target, userID string) transport.Call {
	type subject struct {
		ID   string `json:"objectId"`
		Type string `json:"objectTypeName"`
	}
	type parameter struct {
		Rule     string    `json:"ruleId"`
		Subjects []subject `json:"subjects"`
	}
	return c.call(t, onDemand, struct {
		Parameters []parameter `json:"parameters"`
	}{[]parameter{{t.rule.ID, []subject{{userID, "User"}}}}})
}

// startCall builds the call that starts the job, which also clears a quarantine
// (Microsoft Graph, synchronizationJob: start).
func (c *Client) startCall(t target) transport.Call { return c.call(t, "start", nil) }

const onDemand = "provisionOnDemand"

func (c *Client) call(t target, action string, body any) transport.Call {
	call := transport.Call{
		System: system, Method: http.MethodPost,
		URL: c.client.URL(path("servicePrincipals", t.principal.ID, "synchronization", "jobs", t.job.ID, action), nil),
	}
	if body == nil {
		return call
	}
	call.ContentType, call.Body = "application/json", transport.JSON(body)
	return call
}

// Made always returns false: Entra has no state that shows whether a change took
// effect before its log does, so check Docker instead.
func (*Client) Made(context.Context, idp.Assignment, string) (bool, error) { return false, nil }

// The rate limit of provisionOnDemand (Microsoft Graph).
const (
	onDemandLimit  = 5
	onDemandPeriod = 10 * time.Second
)

// pace waits until another provisionOnDemand is allowed. A request counts from its
// response (see answered), because the time it reaches the server is not known.
func (c *Client) pace(ctx context.Context) error {
	for {
		c.mu.Lock()
		now := c.now()
		for len(c.pushes) > 0 && now.Sub(c.pushes[0]) >= onDemandPeriod {
			c.pushes = c.pushes[1:]
		}
		if len(c.pushes) < onDemandLimit {
			c.pushes = append(c.pushes, now)
			c.mu.Unlock()
			return nil
		}
		wait := onDemandPeriod - now.Sub(c.pushes[0])
		c.mu.Unlock()
		if err := c.sleep(ctx, wait); err != nil {
			return fmt.Errorf("wait for Entra's limit of on-demand provisioning: %w", err)
		}
	}
}

// answered sets the time of the newest provisionOnDemand to that of its response.
func (c *Client) answered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.pushes); n > 0 {
		c.pushes[n-1] = c.now()
	}
}

// Push sends an approved change. The response to provisionOnDemand contains the
// result, so a failed or skipped provisioning is a RefusalError.
func (c *Client) Push(ctx context.Context, call transport.Call) (idp.Result, error) {
	demand := strings.HasSuffix(call.URL, "/"+onDemand)
	if demand {
		if err := c.pace(ctx); err != nil {
			return idp.Result{}, err
		}
	}
	response, err := c.client.Do(ctx, call)
	if demand {
		c.answered()
	}
	var e *transport.Error
	if errors.As(err, &e) && e.Status == http.StatusBadRequest {
		return idp.Result{}, &idp.RefusalError{Provider: provider, Reason: words(e.Code, e.Message), Advice: idp.Advise(e.Code + " " + e.Message), Err: err}
	}
	if err != nil {
		return idp.Result{}, err
	}
	out := idp.Result{Status: fmt.Sprintf("HTTP %d", response.Status)}
	if !demand {
		return out, nil
	}
	o, err := decode(response.Body)
	if err != nil {
		return out, err
	}
	out.Note = o.steps()
	if !o.accepted() {
		reason := o.reason()
		return out, &idp.RefusalError{Provider: provider, Reason: reason, Advice: idp.Advise(reason)}
	}
	return out, nil
}
