package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// AuditEvent is one event of an audit log. Its texts are untrusted.
type AuditEvent struct {
	Account     string            `json:"account"`
	Action      string            `json:"action"` // category and name, such as "repo.tag.push"
	Name        string            `json:"name"`   // a repository, an organization, or for team events a username
	Actor       string            `json:"actor"`  // "dockersupport" for Docker's own staff
	Data        map[string]string `json:"-"`      // its content is not documented
	At          Time              `json:"timestamp"`
	Description string            `json:"action_description"`
	Raw         string            `json:"-"` // the event as received
}

// UnmarshalJSON also keeps the raw event, and accepts data of any type although the
// reference promises only strings.
func (e *AuditEvent) UnmarshalJSON(body []byte) error {
	type plain AuditEvent
	var wire struct {
		plain
		Data map[string]json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return err
	}
	*e = AuditEvent(wire.plain)
	e.Raw = string(body)
	for key, raw := range wire.Data {
		if e.Data == nil {
			e.Data = make(map[string]string, len(wire.Data))
		}
		var s string
		if json.Unmarshal(raw, &s) != nil {
			s = string(raw)
		}
		e.Data[key] = s
	}
	return nil
}

// AuditQuery filters an audit log. The zero value selects everything that the server
// keeps: 30 or 90 days, depending on which of Docker's pages is right.
type AuditQuery struct {
	Action string // AuditAction.Key
	Name   string
	Actor  string // a username
	From   time.Time
	To     time.Time
}

// auditPageSize is the documented default page size of audit logs. The reference names
// no maximum.
const auditPageSize = 25

// AuditLogs lists the events of an account in the server's order, apparently newest
// first (Docker Hub API reference 2-beta, GET /v2/auditlogs/{account}). Events appear
// with an undocumented delay.
func (c *Client) AuditLogs(ctx context.Context, account string, q AuditQuery) iter.Seq2[AuditEvent, error] {
	op := fmt.Sprintf("read the audit log of %s", shown(account))
	ref := route("v2", "auditlogs", account)
	query := c.paging()
	for key, value := range map[string]string{"action": q.Action, "name": q.Name, "actor": q.Actor} {
		if value != "" {
			query.Set(key, value)
		}
	}
	for key, at := range map[string]time.Time{"from": q.From, "to": q.To} {
		if !at.IsZero() {
			query.Set(key, at.UTC().Format(time.RFC3339))
		}
	}
	return func(yield func(AuditEvent, error) bool) {
		// A page has neither a total nor a next link, and the server may choose the
		// page size. So only an empty page, or one shorter than the page before it, is
		// taken for the last: a missed event would seem never to have happened.
		var previous []AuditEvent
		for n := 1; ; n++ {
			if n > c.maxPages {
				yield(AuditEvent{}, fmt.Errorf("%s: %w: %d pages read", op, ErrEndless, c.maxPages))
				return
			}
			query.Set("page", strconv.Itoa(n))
			var p auditPage
			err := c.read(ctx, op, ref, query, &p)
			if n > 1 && errors.Is(err, transport.ErrNotFound) {
				return
			}
			if err != nil {
				yield(AuditEvent{}, err)
				return
			}
			if n > 1 && len(p) > 0 && slices.EqualFunc(p, previous, sameEvent) {
				if len(p) < auditPageSize {
					return // a short log from a server that ignores the page number
				}
				yield(AuditEvent{}, fmt.Errorf("%s: %w: page %d is page %d again", op, ErrEndless, n, n-1))
				return
			}
			for _, e := range p {
				// Events written meanwhile shift older ones to the next page, where
				// they are repeated.
				if slices.ContainsFunc(previous, func(x AuditEvent) bool { return sameEvent(x, e) }) {
					continue
				}
				if !yield(e, nil) {
					return
				}
			}
			if len(p) == 0 || len(p) < len(previous) {
				return
			}
			previous = p
		}
	}
}

// sameEvent compares the raw events, because events have no ID.
func sameEvent(a, b AuditEvent) bool { return a.Raw == b.Raw }

type auditPage []AuditEvent

// UnmarshalJSON accepts an empty object as an empty page, because servers of this kind
// (a gateway to protocol buffers) may omit empty lists. It rejects an object with
// other content.
func (p *auditPage) UnmarshalJSON(body []byte) error {
	var wire map[string]json.RawMessage
	if err := json.Unmarshal(body, &wire); err != nil {
		return err
	}
	logs, ok := wire["logs"]
	if !ok {
		if wire == nil || len(wire) > 0 {
			return errors.New(`no "logs"`)
		}
		return nil
	}
	return json.Unmarshal(logs, (*[]AuditEvent)(p))
}

// AuditAction is a kind of event that an account's audit log can hold.
type AuditAction struct {
	Key           string // category and name joined by a dot, as in AuditEvent.Action
	Category      string // "org", "enterprise", …
	CategoryLabel string
	Name          string // the key without its category
	Label         string // what Docker Home shows; several actions may share one
	Description   string
}

// Matches reports whether an event is of this kind. That an event's action is category
// and name is documented by a single example only, so the bare name matches too.
func (a AuditAction) Matches(e AuditEvent) bool { return e.Action == a.Key || e.Action == a.Name }

// Catalogue lists all kinds of events of an account's audit log, sorted by key. Docker
// does not promise stable keys, so they are looked up at run time.
type Catalogue []AuditAction

// Resolve finds an action by its key, else by its name in any category, else by its
// label. An ambiguous name or label finds none: Docker's own list has "Organization
// Created" twice.
func (c Catalogue) Resolve(key, label string) (AuditAction, bool) {
	_, name, _ := strings.Cut(key, ".")
	for _, fits := range []func(AuditAction) bool{
		func(a AuditAction) bool { return a.Key == key },
		func(a AuditAction) bool { return name != "" && a.Name == name },
		func(a AuditAction) bool { return label != "" && strings.EqualFold(a.Label, label) },
	} {
		found := -1
		for i, a := range c {
			if !fits(a) {
				continue
			}
			if found >= 0 {
				found = -1
				break
			}
			found = i
		}
		if found >= 0 {
			return c[found], true
		}
	}
	return AuditAction{}, false
}

// Label returns the label of an event's action, or the action itself if the catalogue
// does not have it.
func (c Catalogue) Label(e AuditEvent) string {
	for _, a := range c {
		if a.Matches(e) && a.Label != "" {
			return a.Label
		}
	}
	return e.Action
}

// AuditActions reads the kinds of events of an account (Docker Hub API reference
// 2-beta, GET /v2/auditlogs/{account}/actions).
func (c *Client) AuditActions(ctx context.Context, account string) (Catalogue, error) {
	var list Catalogue
	err := c.read(ctx, fmt.Sprintf("list the audit actions of %s", shown(account)), route("v2", "auditlogs", account, "actions"), nil, &list)
	return list, err
}

// UnmarshalJSON reads {actions: {category: {label, actions: [{name,
// description, label}]}}}.
func (c *Catalogue) UnmarshalJSON(body []byte) error {
	var wire struct {
		Actions map[string]struct {
			Label   string `json:"label"`
			Actions []struct {
				Name        string `json:"name"`
				Label       string `json:"label"`
				Description string `json:"description"`
			} `json:"actions"`
		} `json:"actions"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return err
	}
	if wire.Actions == nil {
		return errors.New(`no "actions"`)
	}
	*c = nil
	for _, category := range slices.Sorted(maps.Keys(wire.Actions)) {
		group := wire.Actions[category]
		for _, a := range group.Actions {
			*c = append(*c, AuditAction{
				Key: category + "." + a.Name, Category: category, CategoryLabel: group.Label,
				Name: a.Name, Label: a.Label, Description: a.Description,
			})
		}
	}
	slices.SortStableFunc(*c, func(a, b AuditAction) int { return strings.Compare(a.Key, b.Key) })
	return nil
}
