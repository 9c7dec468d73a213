package okta

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// wireMapping is a profile mapping from Okta users to the application (Profile
// Mappings API, GET /api/v1/mappings/{mappingId}). The list omits the properties.
type wireMapping struct {
	ID     string `json:"id"`
	Source struct {
		ID string `json:"id"` // of the user type
	} `json:"source"`
	Properties map[string]struct {
		Expression string `json:"expression"`
	} `json:"properties"`
}

// mapped returns the properties of the application profile that Okta sets from the
// user's profile. known is false if they could not be read: an OAuth access token
// needs okta.profileMappings.read.
func (c *Client) mapped(ctx context.Context, appID string, who user) (names []string, known bool, err error) {
	all, err := list[wireMapping](ctx, c, path("mappings"), url.Values{"targetId": {appID}, "limit": {"200"}})
	if err == nil {
		if len(all) > 1 { // one for each user type
			all = slices.DeleteFunc(all, func(m wireMapping) bool { return m.Source.ID != who.Type.ID })
		}
		if len(all) != 1 {
			return nil, len(all) == 0, nil
		}
		err = c.client.GetJSON(ctx, path("mappings", all[0].ID), nil, &all[0])
	}
	switch {
	case errors.Is(err, transport.ErrForbidden), errors.Is(err, transport.ErrNotFound):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	}
	for _, name := range sorted(all[0].Properties) {
		if all[0].Properties[name].Expression != "" {
			names = append(names, name)
		}
	}
	return names, true, nil
}
