package okta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// statement is an attribute statement of a SAML application, either its own
// (settings.signOn.attributeStatements[]) or the catalogue's
// (configuredAttributeStatements[]).
type statement struct {
	Type        string   `json:"type"` // EXPRESSION or GROUP
	Name        string   `json:"name"`
	Namespace   string   `json:"namespace"`
	Values      []string `json:"values"` // expressions, of type EXPRESSION
	FilterType  string   `json:"filterType"`
	FilterValue string   `json:"filterValue"`
}

// claim is a statement of the newer kind, which the admin console has on the same page
// (Application Federated Claims API, GET /api/v1/apps/{appId}/federated-claims).
type claim struct {
	Name       string `json:"name"`
	Expression string `json:"expression"`
}

// claims reads the statements of the newer kind of a SAML application. Not every
// organization has them, and not every token the permission.
func (c *Client) claims(ctx context.Context, a *app) error {
	if !a.saml() {
		return nil
	}
	var err error
	a.claims, err = list[claim](ctx, c, path("apps", a.ID, "federated-claims"), nil)
	if errors.Is(err, transport.ErrForbidden) {
		a.claimsUnread, err = true, nil
	}
	if errors.Is(err, transport.ErrNotFound) {
		err = nil
	}
	return err
}

func (a app) saml() bool {
	return a.Settings.SignOn.Statements != nil || a.Settings.SignOn.Configured != nil
}

// statements returns the attribute statements, evaluated for the person with these
// profiles; nil profiles leave them unevaluated. A Docker attribute without a
// statement gets an entry without an expression and with an empty value, because the
// SSO sign-in does not send it. An attribute with two statements is not evaluated,
// because which one counts is not documented. It returns nil if the statements cannot
// be read.
func (a app) statements(user, appUser map[string]any) []idp.Attribute {
	if !a.saml() {
		return nil
	}
	page := "Okta admin console > Applications > " + a.Label + " > Sign On > Attribute statements"
	older := page + " (under \"Show legacy configuration\", where that is)"
	var out []idp.Attribute
	for _, s := range slices.Concat(a.Settings.SignOn.Statements, a.Settings.SignOn.Configured) {
		out = append(out, s.attribute(older, user, appUser))
	}
	for _, x := range a.claims {
		out = append(out, statement{Name: x.Name, Values: []string{x.Expression}}.attribute(page, user, appUser))
	}
	for _, name := range idp.Attributes {
		named := func(x idp.Attribute) bool { return strings.EqualFold(x.Name, name) }
		switch first := slices.IndexFunc(out, named); {
		case first < 0 && a.claimsUnread:
			out = append(out, idp.Attribute{Name: name, Where: page + " (the token may not read those of the newer kind)"})
		case first < 0:
			out = append(out, idp.Attribute{Name: name, Resolved: true, Where: page})
		case slices.ContainsFunc(out[first+1:], named):
			out[first].Value, out[first].Resolved = "", false
			out[first].Where = page + ", where several have this name"
		}
	}
	return out
}

func (s statement) attribute(where string, user, appUser map[string]any) idp.Attribute {
	x := idp.Attribute{Name: s.Name, Namespace: s.Namespace, Expression: strings.Join(s.Values, ", "), Where: where}
	if s.Type == "GROUP" {
		x.Expression = fmt.Sprintf("groups whose name %s %q", strings.ToLower(strings.ReplaceAll(s.FilterType, "_", " ")), s.FilterValue)
		return x
	}
	var values []string
	for _, expression := range s.Values {
		value, from, ok := resolve(expression, user, appUser)
		if !ok {
			return x
		}
		if value != "" {
			values = append(values, value)
		}
		if from != "" {
			x.Where += "; the value: " + from
		}
	}
	x.Value, x.Resolved = strings.Join(values, ", "), true
	return x
}

// reference matches an expression that names one property of the user
// (user.dockerRole, user.profile.dockerRole) or of their application profile
// (appuser.role).
var reference = regexp.MustCompile(`^(user(?:\.profile)?|appuser)\.([A-Za-z_][A-Za-z0-9_]*)$`)

// resolve evaluates the two simplest kinds of expression, a string literal and a
// reference. A property that the profile lacks evaluates to "": Okta then omits the
// attribute. from says where the value is stored.
func resolve(expression string, user, appUser map[string]any) (value, from string, ok bool) {
	expression = strings.TrimSpace(expression)
	if strings.HasPrefix(expression, `"`) {
		err := json.Unmarshal([]byte(expression), &value)
		return value, "", err == nil
	}
	parts := reference.FindStringSubmatch(expression)
	if parts == nil {
		return "", "", false
	}
	profile, from := user, "Directory > People > the person > Profile > "+parts[2]
	if parts[1] == "appuser" {
		profile, from = appUser, "the person's assignment in the application > "+parts[2]
	}
	if profile == nil {
		return "", "", false
	}
	return text(profile[parts[2]]), from, true
}

// text formats a profile value; several values are joined by commas.
func text(v any) string { return strings.Join(texts(v), ", ") }

// texts formats a profile value, which may be a list.
func texts(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		if v == "" {
			return nil
		}
		return []string{v}
	case []any:
		var out []string
		for _, item := range v {
			out = append(out, texts(item)...)
		}
		return out
	case map[string]any:
		return []string{transport.JSON(v)}
	}
	return []string{fmt.Sprint(v)}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
