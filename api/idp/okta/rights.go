package okta

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// Readings tries to read each kind of data with the smallest request: applications,
// users, groups, profile mappings and the System Log. The permissions are OAuth
// scopes; for an API token its owner's permissions count.
func (c *Client) Readings(ctx context.Context) []idp.Reading {
	var out []idp.Reading
	for _, r := range []struct{ scope, route string }{
		{"okta.apps.read", "apps"},
		{"okta.users.read", "users"},
		{"okta.groups.read", "groups"},
		{"okta.profileMappings.read", "mappings"},
		{"okta.logs.read", "logs"},
	} {
		var body json.RawMessage
		err := c.client.GetJSON(transport.WithOp(ctx, "try "+r.scope), path(r.route), url.Values{"limit": {"1"}}, &body)
		out = append(out, idp.Reading{Permission: r.scope, Err: err})
	}
	return out
}

// Who returns the login of the person that the credential belongs to (Users API, GET
// /api/v1/users/me), or "" for a service.
func (c *Client) Who(ctx context.Context) (string, error) {
	var me struct {
		Profile struct {
			Login string `json:"login"`
		} `json:"profile"`
	}
	err := c.client.GetJSON(transport.WithOp(ctx, "find out who is signed in"), path("users", "me"), nil, &me)
	if errors.Is(err, transport.ErrNotFound) || errors.Is(err, transport.ErrForbidden) {
		return "", nil
	}
	return me.Profile.Login, err
}
