package entra

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// claimsPolicy is a claimsMappingPolicy (Microsoft Graph). An application that has one
// sends what the policy says, and ignores the claims configured in the admin center
// (Microsoft, "Claims customization using a policy"). Version 1.0 of Graph does not
// have the latter.
type claimsPolicy struct {
	Name       string   `json:"displayName"`
	Definition []string `json:"definition"` // JSON in a string
}

// claimSchema is an entry of a policy's ClaimsSchema.
type claimSchema struct {
	Value  string `json:"Value"`
	Source string `json:"Source"`
	ID     string `json:"ID"`
	SAML   string `json:"SamlClaimType"`
}

// claims returns what the SSO sign-in would send about the person, as far as Graph has
// it: the values are known only if a policy defines them.
func (c *Client) claims(ctx context.Context, t target, who person) ([]idp.Attribute, error) {
	app, err := c.signIn(ctx, t)
	if err != nil {
		return nil, err
	}
	switch app.SSO {
	case "saml":
	case "oidc":
		return unread(app, "; Docker's documentation names these attributes for SAML only"), nil
	default:
		return unread(principal{Name: "the application for sign-in (" + t.principal.Name + ", or the one beside it)"}, ""), nil
	}
	policy, entries, why := c.policy(ctx, app)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case policy == nil:
		return unread(app, why), nil
	}
	// A claim's roles are those of the sign-in application.
	var roles []string
	if slices.ContainsFunc(entries, func(e claimSchema) bool { return e.assignedRoles() }) {
		if roles, err = c.signInRoles(ctx, app, who); err != nil {
			return nil, err
		}
	}
	var out []idp.Attribute
	for _, name := range idp.Attributes {
		out = append(out, policy.claim(name, entries, app.Name, who, roles))
	}
	return out, nil
}

// policy reads the application's policy. If there is none or it cannot be read, p is
// nil and why says so: the policy only explains differences, so the rest is still
// useful.
func (c *Client) policy(ctx context.Context, app principal) (p *claimsPolicy, entries []claimSchema, why string) {
	policies, err := list[claimsPolicy](ctx, c, path("servicePrincipals", app.ID, "claimsMappingPolicies"), nil)
	switch {
	case errors.Is(err, transport.ErrForbidden):
		return nil, nil, "; a claims mapping policy would decide instead, which the token may not read without Policy.Read.All and Application.ReadWrite.All"
	case err != nil:
		return nil, nil, "; whether a claims mapping policy decides instead could not be read: " + err.Error()
	case len(policies) != 1:
		return nil, nil, ""
	}
	entries, ok := policies[0].entries()
	if !ok {
		return nil, nil, "; the claims mapping policy " + policies[0].Name + " cannot be understood"
	}
	return &policies[0], entries, ""
}

// signIn returns the application that people sign in with: the one that provisions, if
// it does both, or the only candidate that is configured for SSO. It is the zero value
// if neither exists.
func (c *Client) signIn(ctx context.Context, t target) (principal, error) {
	set := func(p principal) bool { return p.SSO == "saml" || p.SSO == "oidc" }
	if set(t.principal) {
		return t.principal, nil
	}
	all, err := c.candidates(ctx)
	if errors.Is(err, transport.ErrNotFound) {
		return principal{}, nil
	}
	if err != nil {
		return principal{}, err
	}
	all = slices.DeleteFunc(all, func(p principal) bool { return !set(p) })
	if len(all) > 1 && all[0].Name == c.name && all[1].Name != c.name {
		all = all[:1] // prefer the exact name
	}
	if len(all) != 1 {
		return principal{}, nil
	}
	return all[0], nil
}

func (p claimsPolicy) entries() ([]claimSchema, bool) {
	var d struct {
		Policy *struct {
			Schema []claimSchema `json:"ClaimsSchema"`
		} `json:"ClaimsMappingPolicy"`
	}
	if len(p.Definition) != 1 || json.Unmarshal([]byte(p.Definition[0]), &d) != nil || d.Policy == nil {
		return nil, false
	}
	return d.Policy.Schema, true
}

func (e claimSchema) assignedRoles() bool {
	return strings.EqualFold(e.Source, "user") && strings.EqualFold(e.ID, "assignedroles")
}

// claim returns one claim of the policy, evaluated for the person. A claim that the
// policy does not have is not sent.
func (p claimsPolicy) claim(name string, entries []claimSchema, app string, who person, roles []string) idp.Attribute {
	out := idp.Attribute{
		Name:  name,
		Where: "the claims mapping policy " + p.Name + " of " + app + " (Microsoft Graph or PowerShell: while an application has one, the admin center neither shows nor changes its claims)",
	}
	i := slices.IndexFunc(entries, func(e claimSchema) bool { return strings.EqualFold(e.SAML, name) })
	if i < 0 {
		out.Resolved = true
		return out
	}
	e := entries[i]
	switch {
	case e.Value != "":
		out.Expression, out.Value, out.Resolved = `"`+e.Value+`"`, e.Value, true
	case e.assignedRoles():
		out.Expression, out.Value, out.Resolved = "user.assignedroles", strings.Join(roles, ", "), true
		out.Where += "; the value: Enterprise applications > " + app + " > Users and groups > the role"
	case strings.EqualFold(e.Source, "user") && e.ID != "":
		out.Expression = "user." + e.ID
		out.Value, out.Resolved = who.property(e.ID)
		out.Where += "; the value: Users > the person > Properties > " + e.ID
	default:
		out.Expression = strings.Trim(e.Source+"."+e.ID, ".")
	}
	return out
}

// property returns a property by its name in policies, which is lower case.
func (u person) property(id string) (string, bool) {
	for name, value := range u.fields {
		if strings.EqualFold(name, id) {
			return value, true
		}
	}
	return u.attribute(strings.Replace(strings.ToLower(id), "extensionattribute", "extensionAttribute", 1))
}

// signInRoles returns the values of the person's roles in the sign-in application.
func (c *Client) signInRoles(ctx context.Context, app principal, who person) ([]string, error) {
	grants, err := list[grant](ctx, c, path("users", who.ID, "appRoleAssignments"), url.Values{"$filter": {"resourceId eq " + app.ID}})
	if err != nil {
		return nil, err
	}
	grants = slices.DeleteFunc(grants, func(g grant) bool { return g.ResourceID != app.ID })
	return target{principal: app}.roles(grants), nil
}

// unread returns entries that say where the sign-in claims can be looked up.
func unread(app principal, more string) []idp.Attribute {
	page := ""
	if app.ID != "" {
		page = consoleURL(app, signOnPage)
	}
	var out []idp.Attribute
	for _, name := range idp.Attributes {
		out = append(out, idp.Attribute{
			Name:  name,
			Where: "Entra admin center > Enterprise applications > " + app.Name + " > Single sign-on > Attributes & Claims (Graph does not tell what is set there" + more + ")",
			Page:  page,
		})
	}
	return out
}
