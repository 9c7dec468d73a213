package okta

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// profile is a JSON object that keeps the spelling of numbers, because it is sent back
// unchanged.
type profile map[string]any

func (p *profile) UnmarshalJSON(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode((*map[string]any)(p))
}

// user is a person (Users API, GET /api/v1/users).
type user struct {
	ID     string `json:"id"`
	Status string `json:"status"` // ACTIVE, SUSPENDED, DEPROVISIONED and so on
	Type   struct {
		ID string `json:"id"`
	} `json:"type"`
	Profile profile `json:"profile"`
}

func (u user) login() string { return text(u.Profile["login"]) }

// appUser is a person's assignment to an application (Application Users API,
// GET /api/v1/apps/{appId}/users/{userId}).
type appUser struct {
	ID          string    `json:"id"`
	ExternalID  string    `json:"externalId"`
	Status      string    `json:"status"`
	Scope       string    `json:"scope"`     // USER or GROUP
	SyncState   string    `json:"syncState"` // DISABLED, OUT_OF_SYNC, SYNCING, SYNCHRONIZED, ERROR
	LastSync    idp.Time  `json:"lastSync"`
	Credentials appUserID `json:"credentials"`
	Profile     profile   `json:"profile"`
}

type appUserID struct {
	UserName string `json:"userName"`
}

// group is a group (Groups API), and an assignment of one to an application.
type group struct {
	ID      string `json:"id"`
	Type    string `json:"type"` // OKTA_GROUP, APP_GROUP, BUILT_IN; absent in an assignment
	Profile struct {
		Name string `json:"name"`
	} `json:"profile"`
}

// appGroup is the type of groups that another directory manages. Okta refuses to
// change their members (Groups API).
const appGroup = "APP_GROUP"

// Assignment reads whether and how the person with that email address is assigned to
// the application, and what would be sent about them. If they are not assigned, or
// unknown to Okta (UserID is then empty), that is not an error.
func (c *Client) Assignment(ctx context.Context, email string) (idp.Assignment, error) {
	ctx = transport.WithOp(ctx, "read the assignment of "+email)
	a, err := c.app(ctx)
	if err != nil {
		return idp.Assignment{}, err
	}
	application, err := c.application(ctx, a)
	if err != nil {
		return idp.Assignment{}, err
	}
	out := idp.Assignment{Provider: provider, App: application}

	who, err := c.user(ctx, email)
	if err != nil || who.ID == "" {
		return out, err
	}
	out.UserID, out.Login = who.ID, who.login()
	if err := c.claims(ctx, &a); err != nil {
		return idp.Assignment{}, err
	}
	statements := func(assigned profile) []idp.Attribute {
		all := a.statements(orEmpty(who.Profile), orEmpty(assigned))
		for i := range all {
			all[i].Page = application.ConsoleURL
		}
		return all
	}
	out.SSO = statements(nil)

	var assigned appUser
	err = c.client.GetJSON(ctx, path("apps", a.ID, "users", who.ID), nil, &assigned)
	switch {
	case errors.Is(err, transport.ErrNotFound):
		return out, nil
	case err != nil:
		return idp.Assignment{}, err
	}
	out.SSO = statements(assigned.Profile)
	filled, known, err := c.mapped(ctx, a.ID, who)
	if err != nil {
		return idp.Assignment{}, err
	}
	out.Filled, out.FilledUnread = filled, !known
	return c.describe(ctx, a, assigned, out)
}

// describe adds the details of an assignment.
func (c *Client) describe(ctx context.Context, a app, assigned appUser, out idp.Assignment) (idp.Assignment, error) {
	out.Assigned, out.Status, out.Scope = true, assigned.Status, idp.ScopeUser
	out.ExternalID, out.SyncState, out.LastSync = assigned.ExternalID, assigned.SyncState, assigned.LastSync.Time
	out.UserName, out.Profile = assigned.Credentials.UserName, assigned.Profile

	v, err := c.variables(ctx, a.ID)
	if err != nil {
		return idp.Assignment{}, err
	}
	of := func(variable string) []string {
		if variable == "" {
			return nil
		}
		return texts(assigned.Profile[variable])
	}
	out.Role, out.Org, out.Teams = strings.Join(of(v.role), ", "), strings.Join(of(v.org), ", "), of(v.team)
	out.GivenName, out.FamilyName = strings.Join(of(v.given), " "), strings.Join(of(v.family), " ")
	out.Errors = v.problems

	if assigned.Scope == "GROUP" {
		out.Scope = idp.ScopeGroup
	}
	out.Groups, err = c.groups(ctx, a.ID, out.UserID)
	if err != nil && (out.Scope == idp.ScopeGroup || !errors.Is(err, transport.ErrForbidden)) {
		return idp.Assignment{}, err
	}
	if assigned.SyncState == "ERROR" {
		var reasons []string
		reasons, out.Failure = c.failures(ctx, out.App.Ref, out.UserID)
		out.Errors = append(reasons, out.Errors...)
	}
	out.Ways = c.ways(out)
	return out, nil
}

func orEmpty(p profile) map[string]any {
	if p == nil {
		return map[string]any{}
	}
	return p
}

// user finds a person by email address or login. The ID of the result is empty if
// there is none.
func (c *Client) user(ctx context.Context, email string) (user, error) {
	if strings.TrimSpace(email) == "" {
		return user{}, errors.New("okta: a person is looked up by email address, and none is known")
	}
	found, err := list[user](ctx, c, path("users"), url.Values{"search": {"profile.email eq " + quoted(email)}, "limit": {"200"}})
	if err != nil {
		return user{}, err
	}
	if live := current(found); len(live) > 0 {
		found = live
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return c.userByLogin(ctx, email)
	}
	var logins []string
	for _, u := range found {
		logins = append(logins, u.login()+" ("+strings.ToLower(u.Status)+")")
	}
	return user{}, fmt.Errorf("okta: %d people have the address %s: %s; which one is meant cannot be told", len(found), email, strings.Join(logins, ", "))
}

// current drops deactivated people.
func current(users []user) []user {
	var out []user
	for _, u := range users {
		if u.Status != "DEPROVISIONED" {
			out = append(out, u)
		}
	}
	return out
}

func (c *Client) userByLogin(ctx context.Context, login string) (user, error) {
	var u user
	err := c.client.GetJSON(ctx, path("users", login), nil, &u)
	if errors.Is(err, transport.ErrNotFound) {
		return user{}, nil
	}
	return u, err
}

// groups finds the person's groups that the application is assigned to.
func (c *Client) groups(ctx context.Context, appID, userID string) ([]idp.Group, error) {
	granting, err := list[group](ctx, c, path("apps", appID, "groups"), url.Values{"limit": {"200"}})
	if err != nil {
		return nil, err
	}
	if len(granting) == 0 {
		return nil, nil
	}
	grants := map[string]bool{}
	for _, g := range granting {
		grants[g.ID] = true
	}
	theirs, err := list[group](ctx, c, path("users", userID, "groups"), nil)
	if err != nil {
		return nil, err
	}
	var out []idp.Group
	for _, g := range theirs {
		if !grants[g.ID] {
			continue
		}
		others, err := c.otherApps(ctx, g.ID, appID)
		if err != nil {
			return nil, err
		}
		out = append(out, idp.Group{ID: g.ID, Name: g.Profile.Name, OtherApps: others, Elsewhere: g.Type == appGroup})
	}
	return out, nil
}

func (c *Client) otherApps(ctx context.Context, groupID, appID string) ([]string, error) {
	apps, err := list[app](ctx, c, path("groups", groupID, "apps"), url.Values{"limit": {"200"}})
	if err != nil {
		return nil, err
	}
	var labels []string
	for _, a := range apps {
		if a.ID != appID {
			labels = append(labels, a.Label)
		}
	}
	return labels, nil
}
