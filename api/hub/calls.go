package hub

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// RemoveMemberCall removes a member from the organization and thereby from all its
// teams; the response is 204 (Docker Hub API reference 2-beta, DELETE
// /v2/orgs/{org_name}/members/{username}). Docker refuses to remove the last owner. It
// accepts only a username, not an email address.
func (c *Client) RemoveMemberCall(org, username string) transport.Call {
	return c.call(http.MethodDelete, nil, "v2", "orgs", org, "members", username)
}

// SetRoleCall gives a member a role: "owner", "editor", "member", or the name
// of a custom role, not its label (Docker Hub API reference 2-beta, PUT
// /v2/orgs/{org_name}/members/{username}).
func (c *Client) SetRoleCall(org, username, role string) transport.Call {
	return c.call(http.MethodPut, struct {
		Role string `json:"role"`
	}{role}, "v2", "orgs", org, "members", username)
}

// AddToTeamCall adds a member to a team (Docker Hub API reference 2-beta, POST
// /v2/orgs/{org_name}/groups/{group_name}/members).
func (c *Client) AddToTeamCall(org, team, username string) transport.Call {
	return c.call(http.MethodPost, struct {
		Member string `json:"member"`
	}{username}, "v2", "orgs", org, "groups", team, "members")
}

// CancelInviteCall cancels a pending invite; the response is 204 (Docker Hub API
// reference 2-beta, DELETE /v2/invites/{id}).
func (c *Client) CancelInviteCall(id string) transport.Call {
	return c.call(http.MethodDelete, nil, "v2", "invites", id)
}

// InviteCall invites people by Docker ID or email address; team and role may be empty.
// With dryRun the server only validates, which is still a POST and needs an approval
// too. Decode the response with InviteResults (Docker Hub API reference 2-beta, POST
// /v2/invites/bulk).
func (c *Client) InviteCall(org, team, role string, invitees []string, dryRun bool) transport.Call {
	return c.call(http.MethodPost, struct {
		Org      string   `json:"org"`
		Team     string   `json:"team,omitempty"`
		Role     string   `json:"role,omitempty"`
		Invitees []string `json:"invitees"`
		DryRun   bool     `json:"dry_run,omitempty"`
	}{org, team, role, append([]string{}, invitees...), dryRun}, "v2", "invites", "bulk")
}

// NewRepository describes a repository to create.
type NewRepository struct {
	Namespace       string // user or organization
	Name            string // 2 to 255 of a-z, 0-9 and single . _ - between them
	Description     string // at most 100 characters
	FullDescription string // Markdown, at most 25,000 characters
	Private         bool
}

// CreateRepositoryCall creates an empty repository; the response is 201 (Docker Hub
// API reference 2-beta, POST /v2/namespaces/{namespace}/repositories). An organization
// access token needs scope-repository-create.
func (c *Client) CreateRepositoryCall(r NewRepository) transport.Call {
	return c.call(http.MethodPost, struct {
		Name            string `json:"name"`
		Namespace       string `json:"namespace"`
		Description     string `json:"description,omitempty"`
		FullDescription string `json:"full_description,omitempty"`
		Private         bool   `json:"is_private"`
	}{r.Name, r.Namespace, r.Description, r.FullDescription, r.Private}, "v2", "namespaces", r.Namespace, "repositories")
}

// call builds a call. The body is one line of JSON with its fields in a fixed order,
// so that equal arguments give equal calls.
func (c *Client) call(method string, body any, segments ...string) transport.Call {
	call := transport.Call{System: system, Method: method, URL: c.client.URL(route(segments...), nil)}
	if body == nil {
		return call
	}
	call.ContentType = "application/json"
	call.Body = transport.JSON(body)
	return call
}

// operation describes a call for error messages.
func operation(call transport.Call) string {
	u, err := url.Parse(call.URL)
	if err != nil {
		return call.Method
	}
	words := strings.Split(strings.TrimPrefix(u.Path, "/v2/"), "/")
	switch {
	case len(words) == 4 && words[2] == "members" && call.Method == http.MethodDelete:
		return fmt.Sprintf("remove %s from %s", words[3], words[1])
	case len(words) == 4 && words[2] == "members" && call.Method == http.MethodPut:
		return fmt.Sprintf("set the role of %s in %s", words[3], words[1])
	case len(words) == 5 && words[2] == "groups" && call.Method == http.MethodPost:
		return fmt.Sprintf("add to the team %s of %s", words[3], words[1])
	case len(words) == 2 && words[0] == "invites" && call.Method == http.MethodDelete:
		return "cancel the invite " + words[1]
	case len(words) == 2 && words[0] == "invites":
		return "invite"
	case len(words) == 3 && words[2] == "repositories":
		return "create a repository in " + words[1]
	}
	return call.Method
}
