package entra

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// grant is an appRoleAssignment: a role of an application assigned to a user or group.
type grant struct {
	RoleID        string `json:"appRoleId"`
	PrincipalID   string `json:"principalId"`
	PrincipalName string `json:"principalDisplayName"`
	PrincipalType string `json:"principalType"` // User, Group, ServicePrincipal
	ResourceID    string `json:"resourceId"`
}

// Assignment reads whether and how the person with that email address is assigned to
// the application, and what would be sent about them. If they are not assigned, or
// unknown to the directory (UserID is then empty), that is not an error.
func (c *Client) Assignment(ctx context.Context, email string) (idp.Assignment, error) {
	ctx = transport.WithOp(ctx, "read the assignment of "+email)
	t, err := c.target(ctx)
	if err != nil {
		return idp.Assignment{}, err
	}
	out := idp.Assignment{Provider: provider, App: t.application(), LinkUnread: true}
	who, err := c.person(ctx, email)
	if err != nil || who.ID == "" {
		return out, err
	}
	out.UserID, out.Login = who.ID, who.Principal
	if out.SSO, err = c.claims(ctx, t, who); err != nil {
		return idp.Assignment{}, err
	}

	// Only direct members of a group count: Entra does not provision through nested
	// groups either.
	grants, err := list[grant](ctx, c, path("users", who.ID, "appRoleAssignments"), url.Values{"$filter": {"resourceId eq " + t.principal.ID}})
	if err != nil {
		return idp.Assignment{}, err
	}
	grants = slices.DeleteFunc(grants, func(g grant) bool { return g.ResourceID != t.principal.ID })
	c.scope(&out, grants)
	if !out.Assigned {
		return out, nil
	}
	out.Status = "assigned"
	values(&out, t, who, t.roles(grants))
	if !who.Enabled {
		out.OutOf = "their account in Entra is disabled"
	} else {
		out.OutOf = t.mapping.excludes(who)
	}
	if err := c.history(ctx, &out, t); err != nil {
		return idp.Assignment{}, err
	}
	out.Ways = c.ways(t, out)
	return out, nil
}

// scope sets whether and through what the person is assigned.
func (c *Client) scope(out *idp.Assignment, grants []grant) {
	for _, g := range grants {
		switch g.PrincipalType {
		case "User":
			out.Assigned, out.Scope = true, idp.ScopeUser
		case "Group":
			out.Assigned = true
			if out.Scope == idp.ScopeNone {
				out.Scope = idp.ScopeGroup
			}
			if !slices.ContainsFunc(out.Groups, func(x idp.Group) bool { return x.ID == g.PrincipalID }) {
				out.Groups = append(out.Groups, idp.Group{ID: g.PrincipalID, Name: g.PrincipalName})
			}
		}
	}
}

// roles returns the values of the app roles that the grants give, without duplicates.
// The default access role has no value.
func (t target) roles(grants []grant) []string {
	var out []string
	for _, g := range grants {
		for _, r := range t.principal.Roles {
			if r.ID == g.RoleID && r.Value != "" && !slices.Contains(out, r.Value) {
				out = append(out, r.Value)
			}
		}
	}
	return out
}

// values sets what the mappings would send. What only Entra can evaluate is left empty
// and reported as an error.
func values(out *idp.Assignment, t target, who person, roles []string) {
	read := func(what string, into *string, targets ...string) {
		for _, name := range targets {
			v := t.mapping.value(name, who, roles)
			if !v.mapped {
				continue
			}
			if !v.known {
				out.Errors = append(out.Errors, fmt.Sprintf("%s is mapped from the expression %s, which only Entra can evaluate: provision on demand shows its value", what, v.expression))
			}
			*into = v.value
			return
		}
	}
	var team string
	read("userName", &out.UserName, "userName")
	read("the given name", &out.GivenName, "name.givenName")
	read("the family name", &out.FamilyName, "name.familyName")
	read("dockerRole", &out.Role, extension+":dockerRole")
	read("dockerOrg", &out.Org, extension+":dockerOrg")
	read("dockerTeam", &team, extension+":dockerTeam")
	if team != "" {
		out.Teams = []string{team}
	}
	if out.UserName == "" {
		out.Errors = append(out.Errors, "nothing is sent as userName, which Docker requires: fill in its source for this person, or change the mapping")
	}
	for _, a := range t.mapping.Attributes {
		last := a.Target[strings.LastIndex(a.Target, ":")+1:]
		if right := idp.Meant(last); right != "" && a.Target != extension+":"+right {
			out.Errors = append(out.Errors, fmt.Sprintf("a mapping sends %q; Docker reads %s in %s only", a.Target, right, extension))
		}
	}
}
