package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// Invite is a pending invite. It occupies a seat, and is accepted automatically when
// the person next signs in through SSO. Its texts are untrusted.
type Invite struct {
	ID        string `json:"id"`
	Inviter   string `json:"inviter_username"`
	Invitee   string `json:"invitee"` // a Docker ID, or an email address if the person has none
	Org       string `json:"org"`
	Team      string `json:"team"`
	Role      string `json:"role"` // not in the reference; seen in responses
	CreatedAt Time   `json:"created_at"`
}

// Invites lists the pending invites of an organization. The response is not paged
// (Docker Hub API reference 2-beta, GET /v2/orgs/{org_name}/invites).
func (c *Client) Invites(ctx context.Context, org string) ([]Invite, error) {
	var list inviteList
	err := c.read(ctx, fmt.Sprintf("list the invites of %s", shown(org)), route("v2", "orgs", org, "invites"), nil, &list)
	return list, err
}

type inviteList []Invite

func (l *inviteList) UnmarshalJSON(body []byte) error {
	var wire struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return err
	}
	if wire.Data == nil {
		return errors.New(`no "data"`)
	}
	return json.Unmarshal(wire.Data, (*[]Invite)(l))
}

// Known values of InviteResult.Status.
const (
	Invited        = "invited"
	AlreadyMember  = "existing_org_member"
	InvalidInvitee = "invalid_email_or_docker_id"
)

// InviteResult is the outcome for one invitee. Its texts are untrusted.
type InviteResult struct {
	Invitee string  `json:"invitee"`
	Status  string  `json:"status"` // Invited, AlreadyMember, InvalidInvitee, or another
	Invite  *Invite `json:"invite"` // nil if the person was not invited
}

// InviteResults decodes the response to an InviteCall: a status for each invitee. A
// 202 alone does not mean that anyone was invited.
func InviteResults(response *transport.Response) ([]InviteResult, error) {
	results, err := decodeInviteResults(response.Body)
	if err != nil {
		return nil, &transport.Error{
			System: system, Op: "invite", Method: http.MethodPost, Status: response.Status,
			Err: fmt.Errorf("%w: %w", ErrShape, err),
		}
	}
	return results, nil
}

// decodeInviteResults decodes {invitees: [...]}, and {invitees: {invitees: [...]}},
// which is the reference's schema.
func decodeInviteResults(body []byte) ([]InviteResult, error) {
	var outer struct {
		Invitees json.RawMessage `json:"invitees"`
	}
	if err := json.Unmarshal(body, &outer); err != nil {
		return nil, errors.New("not the JSON of invite results")
	}
	var results []InviteResult
	if json.Unmarshal(outer.Invitees, &results) == nil && results != nil {
		return results, nil
	}
	var inner struct {
		Invitees []InviteResult `json:"invitees"`
	}
	if json.Unmarshal(outer.Invitees, &inner) != nil || inner.Invitees == nil {
		return nil, errors.New(`no list of "invitees"`)
	}
	return inner.Invitees, nil
}
