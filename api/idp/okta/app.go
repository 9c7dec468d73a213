package okta

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/scim"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// app is an application (Apps API, GET /api/v1/apps).
type app struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"` // its kind, part of the console URL
	Label      string   `json:"label"`
	Status     string   `json:"status"` // ACTIVE, INACTIVE
	SignOnMode string   `json:"signOnMode"`
	Created    string   `json:"created"`
	Features   []string `json:"features"` // PUSH_NEW_USERS and so on; nil if absent
	Settings   struct {
		SignOn struct {
			Statements []statement `json:"attributeStatements"` // SAML applications only
			Configured []statement `json:"configuredAttributeStatements"`
		} `json:"signOn"`
	} `json:"settings"`

	claims       []claim // the statements of the newer kind, once read
	claimsUnread bool    // the credential may not read them
}

// Application finds the application: the one found before, if it still exists under
// the same label, or else the only one with the configured label. If that is
// ambiguous, the error is an idp.ChoiceError.
func (c *Client) Application(ctx context.Context) (idp.Application, error) {
	ctx = transport.WithOp(ctx, "find application "+c.label)
	a, err := c.app(ctx)
	if err != nil {
		return idp.Application{}, err
	}
	return c.application(ctx, a)
}

func (c *Client) application(ctx context.Context, a app) (idp.Application, error) {
	provisioning, err := c.provisioning(ctx, a)
	if err != nil {
		return idp.Application{}, err
	}
	if a.Status == "INACTIVE" && provisioning.Known {
		provisioning.Enabled, provisioning.Why = false, "the application is deactivated"
	}
	return idp.Application{
		Ref: idp.Ref{ID: a.ID, Label: a.Label}, Status: a.Status, SignOnMode: a.SignOnMode, ConsoleURL: c.consoleURL(a),
		Provisioning: provisioning,
	}, nil
}

func (c *Client) app(ctx context.Context) (app, error) {
	known := c.Used()
	if known.ID == "" {
		return c.search(ctx)
	}
	var a app
	err := c.client.GetJSON(ctx, path("apps", known.ID), nil, &a)
	var why string
	var found []app
	switch {
	case errors.Is(err, transport.ErrNotFound):
		why = "the application " + strings.TrimSpace(known.Label+" "+known.ID) + " is not there any more"
	case err != nil:
		return app{}, err
	case known.Label != "" && a.Label != known.Label:
		why = fmt.Sprintf("the application %s was called %q and is called %q now", known.ID, known.Label, a.Label)
		found = append(found, a)
	default:
		return a, nil
	}
	others, listErr := c.searchApps(ctx)
	if listErr != nil {
		return app{}, listErr
	}
	for _, o := range others {
		if o.ID != known.ID {
			found = append(found, o)
		}
	}
	if len(found) == 0 {
		return app{}, fmt.Errorf("okta: %s, and no other is called %q: %w", why, c.label, transport.ErrNotFound)
	}
	return app{}, choice(why, found, err)
}

// searchApps lists the applications whose label starts with the configured one,
// including deactivated ones.
func (c *Client) searchApps(ctx context.Context) ([]app, error) {
	return list[app](ctx, c, path("apps"), url.Values{"q": {c.label}, "limit": {"200"}, "includeNonDeleted": {"true"}})
}

// search finds the application by its label or ID.
func (c *Client) search(ctx context.Context) (app, error) {
	if appID.MatchString(c.label) {
		var a app
		err := c.client.GetJSON(ctx, path("apps", c.label), nil, &a)
		return a, err
	}
	found, err := c.searchApps(ctx)
	if err != nil {
		return app{}, err
	}
	same := slices.DeleteFunc(slices.Clone(found), func(a app) bool { return a.Label != c.label || a.ID == "" })
	if active := slices.DeleteFunc(slices.Clone(same), func(a app) bool { return a.Status != "ACTIVE" }); len(active) == 1 {
		return active[0], nil // a deactivated application assigns nobody
	}
	switch {
	case len(same) == 1:
		return same[0], nil
	case len(same) > 1:
		return app{}, choice(fmt.Sprintf("%d applications are called %q", len(same), c.label), same, nil)
	case len(found) > 0:
		return app{}, choice(fmt.Sprintf("no application is called exactly %q", c.label), found, transport.ErrNotFound)
	}
	return app{}, fmt.Errorf("okta: no application is called %q; give the label that the admin console shows under Applications: %w", c.label, transport.ErrNotFound)
}

// appID matches an application's ID.
var appID = regexp.MustCompile(`^0oa[0-9A-Za-z]{17}$`)

func choice(why string, apps []app, err error) error {
	e := &idp.ChoiceError{Provider: provider, Why: why, Err: err}
	for _, a := range apps {
		detail := a.ID + ", " + strings.ToLower(a.Status)
		if day, _, ok := strings.Cut(a.Created, "T"); ok {
			detail += ", made " + day
		}
		e.Found = append(e.Found, idp.Candidate{Ref: idp.Ref{ID: a.ID, Label: a.Label}, Detail: detail})
	}
	return e
}

// feature is the provisioning configuration (Application Features API, GET
// /api/v1/apps/{appId}/features/USER_PROVISIONING).
type feature struct {
	Status       string `json:"status"`
	Capabilities struct {
		Create struct {
			LifecycleCreate setting `json:"lifecycleCreate"`
		} `json:"create"`
		Update struct {
			Profile             setting `json:"profile"`
			LifecycleDeactivate setting `json:"lifecycleDeactivate"`
		} `json:"update"`
	} `json:"capabilities"`
}

type setting struct {
	Status string `json:"status"` // ENABLED, DISABLED
}

func (s setting) on() bool { return s.Status == "ENABLED" }

func (c *Client) provisioning(ctx context.Context, a app) (idp.Provisioning, error) {
	var f feature
	err := c.client.GetJSON(ctx, path("apps", a.ID, "features", "USER_PROVISIONING"), nil, &f)
	switch {
	case err == nil:
		return because(idp.Provisioning{
			Known:      true,
			Enabled:    f.Status == "ENABLED",
			Create:     f.Capabilities.Create.LifecycleCreate.on(),
			Update:     f.Capabilities.Update.Profile.on(),
			Deactivate: f.Capabilities.Update.LifecycleDeactivate.on(),
		}), nil
	case errors.Is(err, transport.ErrNotFound), errors.Is(err, transport.ErrForbidden), errors.Is(err, transport.ErrRefused):
		// Not every application has the resource, and not every token the permission.
		return a.listed(), nil
	}
	return idp.Provisioning{}, err
}

// listed derives the configuration from the application's list of features.
func (a app) listed() idp.Provisioning {
	p := idp.Provisioning{
		Known:      a.Features != nil,
		Create:     slices.Contains(a.Features, "PUSH_NEW_USERS"),
		Update:     slices.Contains(a.Features, "PUSH_PROFILE_UPDATES"),
		Deactivate: slices.Contains(a.Features, "PUSH_USER_DEACTIVATION"),
	}
	p.Enabled = p.Create || p.Update || p.Deactivate
	return because(p)
}

// because sets Why to what is off.
func because(p idp.Provisioning) idp.Provisioning {
	switch {
	case !p.Known:
	case !p.Enabled:
		p.Why = "provisioning to the application is off (its Provisioning tab)"
	case !p.Create:
		p.Why = "\"Create Users\" is off (the application's Provisioning tab > To App)"
	}
	return p
}

// schema is the application's user schema (Schemas API,
// GET /api/v1/meta/schemas/apps/{appId}/default).
type schema struct {
	Definitions map[string]struct {
		Properties map[string]property `json:"properties"`
	} `json:"definitions"` // "base" and "custom"
}

type property struct {
	ExternalName      string `json:"externalName"`
	ExternalNamespace string `json:"externalNamespace"`
}

// variables are the profile property names that the administrator mapped to SCIM
// attributes; "" if an attribute has none.
type variables struct {
	role, org, team, given, family string
	problems                       []string // attributes that Docker does not read, and why
}

func (s schema) variables() variables {
	var v variables
	docker := map[string]*string{"dockerRole": &v.role, "dockerOrg": &v.org, "dockerTeam": &v.team}
	core := map[string]*string{"name.givenName": &v.given, "name.familyName": &v.family, "givenName": &v.given, "familyName": &v.family}
	for _, part := range sorted(s.Definitions) {
		properties := s.Definitions[part].Properties
		for _, name := range sorted(properties) {
			p := properties[name]
			into := docker[p.ExternalName]
			switch {
			case into != nil && p.ExternalNamespace == scim.ExtensionURN:
				*into = name
			case into != nil, idp.Meant(p.ExternalName) != "":
				v.problems = append(v.problems, fmt.Sprintf(
					"profile property %s is sent as %q in namespace %q; Docker reads dockerRole, dockerOrg and dockerTeam, spelled like this, in %s only",
					name, p.ExternalName, p.ExternalNamespace, scim.ExtensionURN))
			case core[p.ExternalName] != nil && *core[p.ExternalName] == "":
				*core[p.ExternalName] = name
			}
		}
	}
	return v
}

func (c *Client) variables(ctx context.Context, appID string) (variables, error) {
	var s schema
	if err := c.client.GetJSON(ctx, path("meta", "schemas", "apps", appID, "default"), nil, &s); err != nil {
		return variables{}, err
	}
	return s.variables(), nil
}
