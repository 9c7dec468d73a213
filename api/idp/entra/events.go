package entra

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// historyPeriod is how far back the log is read for the link to Docker. Entra keeps it
// for at most 30 days.
const historyPeriod = 30 * 24 * time.Hour

// logEntry is an entry of the provisioning log (Microsoft Graph,
// provisioningObjectSummary).
type logEntry struct {
	At     idp.Time `json:"activityDateTime"`
	JobID  string   `json:"jobId"`
	Action string   `json:"provisioningAction"` // create, update, disable, other and so on
	Status status   `json:"provisioningStatusInfo"`
	Steps  []step   `json:"provisioningSteps"`
	Source identity `json:"sourceIdentity"`
	Target identity `json:"targetIdentity"`
	By     struct {
		Name string `json:"displayName"`
	} `json:"initiatedBy"`
}

type identity struct {
	ID string `json:"id"`
}

func (e logEntry) reason() string {
	texts := []string{e.Status.reason()}
	for _, s := range e.Steps {
		if s.failed() || strings.EqualFold(s.Status, "skipped") {
			texts = append(texts, s.Description)
		}
	}
	return words("", texts...)
}

// Events returns the provisioning log's entries about a person since a local time,
// oldest first. Entries are minutes late. Results are SUCCESS, FAILURE, SKIPPED and
// WARNING.
func (c *Client) Events(ctx context.Context, userID string, since time.Time) ([]idp.Event, error) {
	ctx = transport.WithOp(ctx, "read the provisioning log")
	t, err := c.target(ctx)
	if err != nil {
		return nil, err
	}
	since = c.client.ServerTime(since)
	entries, err := c.entries(ctx, t, userID, since)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e logEntry) bool { return e.At.Earlier(since) }) // the filter has a resolution of seconds
	var out []idp.Event
	for _, e := range entries {
		out = append(out, idp.Event{
			At: e.At.Time, Type: "provisioning." + strings.ToLower(e.Action), Result: strings.ToUpper(e.Status.Status), Reason: e.reason(), Actor: e.By.Name,
			Sends: !slices.ContainsFunc([]string{"disable", "delete", "stagedDelete"}, func(a string) bool { return strings.EqualFold(a, e.Action) }),
		})
	}
	return out, nil
}

// entries filters by person locally, because it is not documented by which nested
// properties the log can be filtered.
func (c *Client) entries(ctx context.Context, t target, userID string, since time.Time) ([]logEntry, error) {
	all, err := list[logEntry](ctx, c, path("auditLogs", "provisioning"), url.Values{
		"$filter": {"jobId eq " + quoted(t.job.ID) + " and activityDateTime gt " + since.UTC().Format(time.RFC3339)},
	})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(e logEntry) bool { return e.Source.ID != userID || e.JobID != t.job.ID })
	slices.SortStableFunc(all, func(a, b logEntry) int { return a.At.Compare(b.At.Time) })
	return all, nil
}

// history adds what the log says about the person's link to Docker. If the token may
// not read the log, the link stays unread.
func (c *Client) history(ctx context.Context, out *idp.Assignment, t target) error {
	entries, err := c.entries(ctx, t, out.UserID, c.now().Add(-historyPeriod))
	if errors.Is(err, transport.ErrForbidden) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range slices.Backward(entries) {
		if out.ExternalID == "" && e.Target.ID != "" {
			out.ExternalID, out.LinkUnread = e.Target.ID, false
		}
		if strings.EqualFold(e.Status.Status, "success") && out.LastSync.IsZero() {
			out.LastSync = e.At.Time
		}
	}
	if n := len(entries); n > 0 {
		last := entries[n-1]
		out.SyncState = strings.ToUpper(last.Status.Status)
		if strings.EqualFold(last.Status.Status, "failure") {
			out.Failure = last.reason()
			out.Errors = append([]string{out.Failure}, out.Errors...)
		}
	}
	return nil
}
