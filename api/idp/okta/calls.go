package okta

import (
	"maps"
	"net/http"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// The calls below are only built here; Send sends them.

// UnassignCall takes the application from a person who has it individually
// (Application Users API, DELETE /api/v1/apps/{appId}/users/{userId}). Okta
// may send Docker a deactivation. Okta refuses it for an assignment that a
// group makes.
func (c *Client) UnassignCall(a idp.Assignment) transport.Call {
	return c.call(http.MethodDelete, nil, "apps", a.App.ID, "users", a.UserID)
}

// AssignCall gives the application to a person, with the profile that the
// assignment had (Application Users API, POST /api/v1/apps/{appId}/users).
// Okta then creates them over SCIM. What a mapping fills in is left out, as the
// reference advises: Okta applies mappings first, and refuses another value
// with E0000075.
func (c *Client) AssignCall(a idp.Assignment) transport.Call {
	profile := maps.Clone(a.Profile)
	for _, name := range a.Filled {
		delete(profile, name)
	}
	return c.call(http.MethodPost, struct {
		ID          string         `json:"id"`
		Scope       string         `json:"scope"`
		Credentials appUserID      `json:"credentials"`
		Profile     map[string]any `json:"profile,omitempty"`
	}{a.UserID, "USER", appUserID{a.UserName}, profile}, "apps", a.App.ID, "users")
}

// PushProfileCall writes the profile as it is, for Okta to send it again
// (Application Users API, POST /api/v1/apps/{appId}/users/{userId}). Whether
// Okta sends values that did not change is not documented: look at Docker
// afterwards.
func (c *Client) PushProfileCall(a idp.Assignment) transport.Call {
	return c.call(http.MethodPost, struct {
		Profile map[string]any `json:"profile"`
	}{a.Profile}, "apps", a.App.ID, "users", a.UserID)
}

// ConvertToUserCall makes an assignment through a group an individual one, so
// that it can be taken away alone. Of the requests of the reference only an
// assignment carries a scope (Application Users API, POST
// /api/v1/apps/{appId}/users); that it converts one which is there already is
// not said, so it is looked at afterwards.
func (c *Client) ConvertToUserCall(a idp.Assignment) transport.Call {
	return c.call(http.MethodPost, struct {
		ID    string `json:"id"`
		Scope string `json:"scope"`
	}{a.UserID, "USER"}, "apps", a.App.ID, "users")
}

// RemoveFromGroupCall takes a person out of a group, and from them all that it
// grants (Groups API, DELETE /api/v1/groups/{groupId}/users/{userId}).
func (c *Client) RemoveFromGroupCall(groupID, userID string) transport.Call {
	return c.call(http.MethodDelete, nil, "groups", groupID, "users", userID)
}

// AddToGroupCall puts a person into a group (Groups API, PUT
// /api/v1/groups/{groupId}/users/{userId}).
func (c *Client) AddToGroupCall(groupID, userID string) transport.Call {
	return c.call(http.MethodPut, nil, "groups", groupID, "users", userID)
}

func (c *Client) call(method string, body any, segments ...string) transport.Call {
	call := transport.Call{System: system, Method: method, URL: c.client.URL(path(segments...), nil)}
	if body != nil {
		call.ContentType, call.Body = "application/json", transport.JSON(body)
	}
	return call
}
