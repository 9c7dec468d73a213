package hub

import (
	"context"
	"fmt"
	"iter"
)

// Member is one entry of an organization's member list. No field says whether JIT,
// SCIM or an invite added the member. Its texts are untrusted.
type Member struct {
	ID          string   `json:"id"` // a UUID without dashes
	Username    string   `json:"username"`
	FullName    string   `json:"full_name"`
	Email       string   `json:"email"`
	Role        string   `json:"role"`     // capitalized ("Owner"), or a custom role
	Teams       []string `json:"groups"`   // team names
	Guest       bool     `json:"is_guest"` // the address is outside the organization's verified domains
	Type        string   `json:"type"`     // "User" or "Org"
	DateJoined  Time     `json:"date_joined"`
	Company     string   `json:"company"`
	Location    string   `json:"location"`
	ProfileURL  string   `json:"profile_url"`
	LastLogin   Time     `json:"last_logged_in_at"`    // only if insights are enabled
	LastSeen    Time     `json:"last_seen_at"`         // only if insights are enabled
	LastDesktop string   `json:"last_desktop_version"` // only if insights are enabled
}

// MemberType filters a member list.
type MemberType string

// The member types of the reference.
const (
	AnyType      MemberType = "all"
	OnlyMembers  MemberType = "member"
	OnlyInvitees MemberType = "invitee"
)

// MembersQuery filters a member list. The zero value uses the server's defaults.
type MembersQuery struct {
	Search  string // a term: name, username or address
	Type    MemberType
	Role    string // "owner", "editor" or "member"
	Invites bool   // list invitees too
}

// Members lists the members of an organization (Docker Hub API reference 2-beta, GET
// /v2/orgs/{org_name}/members). DateJoined may be the date of the account; the export
// has the date of joining.
func (c *Client) Members(ctx context.Context, org string, q MembersQuery) iter.Seq2[Member, error] {
	query := c.paging()
	if q.Search != "" {
		query.Set("search", q.Search)
	}
	if q.Type != "" {
		query.Set("type", string(q.Type))
	}
	if q.Role != "" {
		query.Set("role", q.Role)
	}
	if q.Invites {
		query.Set("invites", "true")
	}
	return pages[Member](ctx, c, fmt.Sprintf("list the members of %s", shown(org)), route("v2", "orgs", org, "members"), query)
}

// Team is a team (the API says group) of an organization. Its texts are
// untrusted.
type Team struct {
	ID          int64  `json:"id"`
	UUID        string `json:"uuid"`
	Name        string `json:"name"`
	Description string `json:"description"`
	MemberCount int    `json:"member_count"`
}

// Teams lists the teams of an organization (Docker Hub API reference 2-beta,
// GET /v2/orgs/{org_name}/groups).
func (c *Client) Teams(ctx context.Context, org string) ([]Team, error) {
	return collect(pages[Team](ctx, c, fmt.Sprintf("list the teams of %s", shown(org)), route("v2", "orgs", org, "groups"), c.paging()))
}

// MemberTeams lists the teams that one member is on (the same route with
// username=).
func (c *Client) MemberTeams(ctx context.Context, org, username string) ([]Team, error) {
	op := fmt.Sprintf("list the teams of %s in %s", shown(username), shown(org))
	if username == "" {
		// An empty filter would list all teams.
		return nil, fmt.Errorf("%s: %w: an empty username", op, ErrName)
	}
	query := c.paging()
	query.Set("username", username)
	return collect(pages[Team](ctx, c, op, route("v2", "orgs", org, "groups"), query))
}
