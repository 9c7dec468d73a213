package okta

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// statement is one attribute statement of a SAML application
// (settings.signOn.attributeStatements[]).
type statement struct {
	Type        string   `json:"type"` // EXPRESSION or GROUP
	Name        string   `json:"name"`
	Namespace   string   `json:"namespace"`
	Values      []string `json:"values"` // expressions, of type EXPRESSION
	FilterType  string   `json:"filterType"`
	FilterValue string   `json:"filterValue"`
}

// statements are the application's attribute statements, resolved for the
// person with these profiles; nil profiles are nobody's. For a Docker
// attribute without a statement there is an entry with no expression, resolved
// to nothing: sign-in does not carry it. An application whose statements
// cannot be read yields none.
func (a app) statements(user, appUser map[string]any) []idp.Attribute {
	if a.Settings.SignOn.Statements == nil {
		return nil
	}
	var out []idp.Attribute
	for _, s := range a.Settings.SignOn.Statements {
		out = append(out, s.attribute(a.Label, user, appUser))
	}
	for _, name := range idp.Attributes {
		if !slices.ContainsFunc(out, func(x idp.Attribute) bool { return strings.EqualFold(x.Name, name) }) {
			out = append(out, idp.Attribute{Name: name, Resolved: true, Where: where(a.Label) + " (there is none for " + name + ")"})
		}
	}
	return out
}

func where(label string) string {
	return "Okta admin console > Applications > " + label + " > Sign On > Attribute statements"
}

func (s statement) attribute(label string, user, appUser map[string]any) idp.Attribute {
	x := idp.Attribute{Name: s.Name, Namespace: s.Namespace, Expression: strings.Join(s.Values, ", "), Where: where(label)}
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

// reference is an expression that names one property of the person
// (user.dockerRole, user.profile.dockerRole) or of their application profile
// (appuser.role).
var reference = regexp.MustCompile(`^(user(?:\.profile)?|appuser)\.([A-Za-z_][A-Za-z0-9_]*)$`)

// resolve evaluates the two simplest kinds of expression, a string literal and
// a reference. A property that the profile does not hold resolves to nothing:
// Okta then leaves the attribute out. From says where the value is kept.
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

// text renders a value of a profile; several are joined by commas.
func text(v any) string { return strings.Join(texts(v), ", ") }

// texts renders a value of a profile, which may be a list.
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
