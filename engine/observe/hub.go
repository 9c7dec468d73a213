package observe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// The SSO switches in Docker's audit catalogue: the key as composed from the
// documented answer of GET /v2/auditlogs/{account}/actions, and the label as
// Docker Home shows it, in case the key differs.
const (
	jitToggleKey    = "enterprise.sso.connection.jit_toggle"
	jitToggleLabel  = "Toggle JIT provisioning"
	scimToggleKey   = "enterprise.sso.connection.scim_toggle"
	scimToggleLabel = "Enforce SCIM"
	tagPushKey      = "repo.tag.push"
)

// maxEvents bounds how many audit events of one kind are kept in a case;
// pushesSince is how far back the member's own pushes matter.
const (
	maxEvents   = 50
	pushesSince = 90 * 24 * time.Hour
)

func person(m hub.Member) engine.Person {
	p := engine.Person{
		Username: m.Username, Name: m.FullName, Email: m.Email, Role: strings.ToLower(m.Role), Teams: m.Teams, Guest: m.Guest,
		LastSeen: m.LastSeen.Time,
	}
	p.Invitee = p.Role == "invitee" || m.Username == ""
	return p
}

func roster(ctx context.Context, client *hub.Client, c *engine.Case, report func(engine.Progress)) error {
	if c.Org == "" {
		return nil // the step asks for it
	}
	var people []engine.Person
	for m, err := range client.Members(ctx, c.Org, hub.MembersQuery{Invites: true}) {
		if err != nil {
			return err
		}
		people = append(people, person(m))
		if len(people)%100 == 0 {
			report(engine.Progress{Fact: engine.FactRoster, Text: "reading members", Done: int64(len(people)), Unit: "members"})
		}
	}
	slices.SortFunc(people, func(a, b engine.Person) int { return strings.Compare(a.Username, b.Username) })
	c.Roster = people
	return nil
}

func member(ctx context.Context, client *hub.Client, c *engine.Case) error {
	if c.Username == "" {
		return errors.New("no member is chosen")
	}
	before := c.Member
	found, err := findMember(ctx, client, c.Org, c.Username)
	switch {
	case err != nil:
		return err
	case !found.Present && found.Invitee:
		c.Member = found
		return nil
	case !found.Present:
		// Keep the name and address: the identity provider is asked by address.
		c.Member = engine.Member{Person: engine.Person{Username: c.Username, Name: before.Name, Email: before.Email}, Joined: before.Joined}
		return nil
	}
	for m, err := range client.Members(ctx, c.Org, hub.MembersQuery{Role: "owner"}) {
		if err != nil {
			return err
		}
		if strings.EqualFold(m.Role, "owner") { // in case the server ignores the filter
			found.Owners++
		}
	}
	c.Username = found.Username // in Docker's spelling, which is used in paths
	teams, err := client.MemberTeams(ctx, c.Org, c.Username)
	if notFound(err) {
		return fmt.Errorf("%w: the member list has %s, and their teams are not found: %w", engine.ErrUnsettled, c.Username, err)
	}
	if err != nil {
		return err
	}
	found.Teams = nil
	for _, t := range teams {
		found.Teams = append(found.Teams, t.Name)
	}
	slices.Sort(found.Teams)
	found.Joined = before.Joined
	if found.Joined.IsZero() || !strings.EqualFold(before.Username, found.Username) || !before.Present {
		if found.Joined, err = joined(ctx, client, c.Org, c.Username); err != nil {
			return err
		}
	}
	c.Member = found
	return nil
}

// findMember finds a person in the member list: as a member, else as an invitee, else the
// zero value.
func findMember(ctx context.Context, client *hub.Client, org, username string) (engine.Member, error) {
	var invited engine.Member
	for m, err := range client.Members(ctx, org, hub.MembersQuery{Search: username, Invites: true}) {
		if err != nil {
			return engine.Member{}, err
		}
		if !strings.EqualFold(m.Username, username) {
			continue // the search also matches parts of names and addresses
		}
		p := person(m)
		if !p.Invitee {
			return engine.Member{Person: p, Present: true}, nil
		}
		invited = engine.Member{Person: p}
	}
	return invited, nil
}

// joined reads the date of joining from the member export, the only place that has it.
// Without the permission to export, it is the zero time.
func joined(ctx context.Context, client *hub.Client, org, username string) (time.Time, error) {
	rows, err := client.ExportMembers(ctx, org)
	if errors.Is(err, transport.ErrForbidden) || notFound(err) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	for _, r := range rows {
		if strings.EqualFold(r.Username, username) {
			return r.DateJoined.Time, nil
		}
	}
	return time.Time{}, nil
}

func invites(ctx context.Context, client *hub.Client, c *engine.Case) error {
	all, err := client.Invites(ctx, c.Org)
	if err != nil {
		return err
	}
	c.Invites = nil
	for _, i := range all {
		if !strings.EqualFold(i.Invitee, c.Username) && (c.Member.Email == "" || !strings.EqualFold(i.Invitee, c.Member.Email)) {
			continue
		}
		invite := engine.Invite{ID: i.ID, Invitee: i.Invitee, Team: i.Team, Role: strings.ToLower(i.Role), Inviter: i.Inviter, CreatedAt: i.CreatedAt.Time}
		c.Invites = append(c.Invites, invite)
		if !slices.ContainsFunc(c.Snapshot.Invites, func(x engine.Invite) bool { return x.ID == i.ID }) {
			c.Snapshot.Invites = append(slices.Clip(c.Snapshot.Invites), invite)
		}
	}
	return nil
}

func audit(ctx context.Context, client *hub.Client, c *engine.Case, now time.Time) error {
	c.Audit = engine.Audit{}
	catalogue, err := client.AuditActions(ctx, c.Org)
	if err != nil {
		return err
	}
	jit, ok := catalogue.Resolve(jitToggleKey, jitToggleLabel)
	if !ok {
		return fmt.Errorf("the audit log's catalogue has no action %q", jitToggleLabel)
	}
	scim, ok := catalogue.Resolve(scimToggleKey, scimToggleLabel)
	if !ok {
		return fmt.Errorf("the audit log's catalogue has no action %q", scimToggleLabel)
	}
	if c.Audit.JIT, err = events(ctx, client, c.Org, catalogue, jit, hub.AuditQuery{}); err != nil {
		return err
	}
	if c.Audit.SCIM, err = events(ctx, client, c.Org, catalogue, scim, hub.AuditQuery{}); err != nil {
		return err
	}
	if pushes, ok := catalogue.Resolve(tagPushKey, ""); ok && c.Username != "" {
		c.Audit.Pushes, err = events(ctx, client, c.Org, catalogue, pushes, hub.AuditQuery{Actor: c.Username, From: now.Add(-pushesSince)})
	}
	return err
}

// events reads the events of one action, newest first. The log's own order is not
// documented.
func events(ctx context.Context, client *hub.Client, org string, catalogue hub.Catalogue, action hub.AuditAction, q hub.AuditQuery) ([]engine.AuditEvent, error) {
	q.Action = action.Key
	var out []engine.AuditEvent
	for e, err := range client.AuditLogs(ctx, org, q) {
		if err != nil {
			return nil, err
		}
		if !action.Matches(e) || (q.Actor != "" && !strings.EqualFold(e.Actor, q.Actor)) {
			continue // in case the server ignores the filter
		}
		out = append(out, engine.AuditEvent{
			Action: e.Action, Name: e.Name, Label: catalogue.Label(e), Actor: e.Actor, Description: e.Description, Data: e.Data, At: e.At.Time,
		})
	}
	slices.SortStableFunc(out, func(a, b engine.AuditEvent) int { return b.At.Compare(a.At) })
	return out[:min(len(out), maxEvents)], nil
}
