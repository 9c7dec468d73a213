package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// Scopes of an organization access token (Docker access token reference).
const (
	ReadScopes   = "scope-member-read, scope-activity-read, scope-group-read, scope-invite-read"
	ChangeScopes = "scope-member-edit, scope-invite-edit"
	CopyScopes   = "scope-repository-list, scope-repository-create, scope-image-pull, scope-image-push"
)

// ErrPersonalToken means that a personal access token was used where only an
// organization access token works. Personal access tokens have no organization
// permissions, whatever their owner's role.
var ErrPersonalToken = errors.New("a personal access token cannot act for an organization; " +
	"make an organization access token (Docker Home, Identity & auth, Access tokens) and sign in with the organization's name; " +
	"it needs " + ReadScopes + ", to change members " + ChangeScopes + ", to copy repositories " + CopyScopes)

// ErrShape means that a complete response does not have the documented form.
var ErrShape = errors.New("the answer does not have the documented form")

// ErrEndless means that a listing does not end.
var ErrEndless = errors.New("the listing does not end")

// ErrName means that a name cannot be used in a path.
var ErrName = errors.New("not usable as a name in a request")

// personalPrefix is the prefix of personal access tokens.
const personalPrefix = "dckr_pat_"

// explain adds ErrPersonalToken to a refusal that a personal access token explains.
func (c *Client) explain(err error) error {
	var refused *transport.Error
	if !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
		return err
	}
	if strings.Contains(refused.Message, "issued from personal access token") {
		return fmt.Errorf("%w: %w", err, ErrPersonalToken)
	}
	// Audit logs refuse personal tokens with a bare "forbidden".
	if organizationRoute(refused.URL) && strings.HasPrefix(c.secret(), personalPrefix) {
		return fmt.Errorf("%w: %w", err, ErrPersonalToken)
	}
	return err
}

// organizationRoute reports whether the route never accepts a personal access token.
func organizationRoute(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	return slices.ContainsFunc([]string{"/v2/orgs/", "/v2/auditlogs/", "/v2/invites/"}, func(prefix string) bool {
		return strings.HasPrefix(u.Path, prefix)
	})
}

// explainBody reads the error bodies of Docker Hub:
//
//	{errinfo, message, detail}          organizations, teams, invites, sign-in
//	{detail, message}                   settings, tags
//	{fields: {name: [text]}, text}      validation
//	{code, message, details}            audit logs
//	{schemas, status, detail, scimType} SCIM routes
//
// and {detail, error} of rate limits. For anything else it returns empty strings.
func explainBody(_ int, _ http.Header, body []byte) (code, message string) {
	var answer struct {
		ErrInfo  json.RawMessage            `json:"errinfo"`
		Message  json.RawMessage            `json:"message"`
		Detail   json.RawMessage            `json:"detail"`
		Text     json.RawMessage            `json:"text"`
		Fields   map[string]json.RawMessage `json:"fields"`
		Code     json.RawMessage            `json:"code"`
		SCIMType string                     `json:"scimType"`
	}
	// Ignore a field of an unexpected type, and use the others.
	var mistyped *json.UnmarshalTypeError
	if err := json.Unmarshal(body, &answer); err != nil && !errors.As(err, &mistyped) {
		return "", ""
	}

	var inner struct {
		Detail json.RawMessage `json:"detail"`
	}
	_ = json.Unmarshal(answer.ErrInfo, &inner) // often null, sometimes the error of an internal service

	var said []string
	say := func(raw json.RawMessage) {
		if s := text(raw); s != "" && !slices.Contains(said, s) {
			said = append(said, s)
		}
	}
	say(answer.Message)
	say(answer.Text)
	say(answer.Detail)
	say(inner.Detail)
	for _, name := range slices.Sorted(maps.Keys(answer.Fields)) {
		if s := text(answer.Fields[name]); s != "" {
			said = append(said, name+": "+s)
		}
	}
	code = answer.SCIMType
	if code == "" {
		code = text(answer.Code)
	}
	return code, strings.Join(said, "; ")
}

// text formats a string, a number or an array of strings.
func text(raw json.RawMessage) string {
	if isNull(raw) {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return strings.TrimSpace(s)
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return strings.Join(list, ", ")
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}
