package okta

import (
	"maps"
	"net/http"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// The Call methods build calls for Send.

// UnassignCall removes a person's individual assignment (Application Users API, DELETE
// /api/v1/apps/{appId}/users/{userId}). Okta may send Docker a deactivation. It
// refuses the call for an assignment through a group.
func (c *Client) UnassignCall(a idp.Assignment) transport.Call {
	return c.call(http.MethodDelete, nil, "apps", a.App.ID, "users", a.UserID)
}

// AssignCall assigns a person with the profile of the former assignment, whereupon
// Okta creates them over SCIM (Application Users API, POST
// /api/v1/apps/{appId}/users). Properties that a mapping sets are left out, as the
// reference advises: Okta applies mappings first, and refuses other values with
// E0000075.
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

// PushProfileCall writes the unchanged profile, so that Okta sends it again
// (Application Users API, POST /api/v1/apps/{appId}/users/{userId}). Whether Okta
// sends unchanged values is not documented, so check Docker afterwards.
func (c *Client) PushProfileCall(a idp.Assignment) transport.Call {
	return c.call(http.MethodPost, struct {
		Profile map[string]any `json:"profile"`
	}{a.Profile}, "apps", a.App.ID, "users", a.UserID)
}

// ConvertToUserCall turns an assignment through a group into an individual one, so
// that it can be removed by itself (Application Users API, POST
// /api/v1/apps/{appId}/users). In the reference only an assignment has a scope; that
// it converts an existing one is not documented, so check it afterwards.
func (c *Client) ConvertToUserCall(a idp.Assignment) transport.Call {
	return c.call(http.MethodPost, struct {
		ID    string `json:"id"`
		Scope string `json:"scope"`
	}{a.UserID, "USER"}, "apps", a.App.ID, "users")
}

// RemoveFromGroupCall removes a person from a group, and thereby everything that it
// grants (Groups API, DELETE /api/v1/groups/{groupId}/users/{userId}).
func (c *Client) RemoveFromGroupCall(groupID, userID string) transport.Call {
	return c.call(http.MethodDelete, nil, "groups", groupID, "users", userID)
}

// AddToGroupCall adds a person to a group (Groups API, PUT
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
