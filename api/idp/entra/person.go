package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// personFields are the properties to request for a person: Graph returns them only if
// they are named, and mappings commonly use them.
var personFields = []string{
	"id", "userPrincipalName", "mail", "displayName", "givenName", "surname", "accountEnabled", "department", "jobTitle", "companyName",
	"mailNickname", "usageLocation", "country", "city", "officeLocation", "employeeId", "employeeType", "preferredLanguage", "userType",
	"onPremisesExtensionAttributes",
}

// person is a user of the directory (Microsoft Graph, user).
type person struct {
	ID        string
	Principal string
	Enabled   bool
	fields    map[string]string
}

func (u *person) UnmarshalJSON(raw []byte) error {
	var wire map[string]any
	if err := json.Unmarshal(raw, &wire); err != nil {
		return fmt.Errorf("a user: %w", err)
	}
	u.fields = map[string]string{}
	u.Enabled = true
	for key, v := range wire {
		switch v := v.(type) {
		case string:
			u.fields[key] = v
		case bool:
			u.fields[key] = map[bool]string{true: "True", false: "False"}[v]
			if key == "accountEnabled" {
				u.Enabled = v
			}
		case nil:
			u.fields[key] = ""
		case map[string]any:
			if key != "onPremisesExtensionAttributes" {
				continue
			}
			for name, value := range v {
				text, _ := value.(string)
				u.fields[name] = text
			}
		}
	}
	u.ID, u.Principal = u.fields["id"], u.fields["userPrincipalName"]
	return nil
}

// attribute returns a source attribute by its name in mappings.
func (u person) attribute(name string) (string, bool) {
	switch name {
	case "objectId":
		name = "id"
	case "IsSoftDeleted":
		return "False", true // deleted users are not found
	}
	value, ok := u.fields[name]
	if !ok && strings.HasPrefix(name, "extensionAttribute") {
		return "", true // the containing object is null if none is set
	}
	return value, ok
}

// person finds a person by email address or sign-in name. The ID of the result is
// empty if there is none.
func (c *Client) person(ctx context.Context, email string) (person, error) {
	if strings.TrimSpace(email) == "" {
		return person{}, errors.New("entra: a person is looked up by email address, and none is known")
	}
	found, err := list[person](ctx, c, path("users"), url.Values{
		"$filter": {"mail eq " + quoted(email) + " or userPrincipalName eq " + quoted(email)},
		"$select": {strings.Join(personFields, ",")},
	})
	if err != nil {
		return person{}, err
	}
	switch len(found) {
	case 0:
		return person{}, nil
	case 1:
		return found[0], nil
	}
	var enabled []person
	var logins []string
	for _, u := range found {
		logins = append(logins, u.Principal)
		if u.Enabled {
			enabled = append(enabled, u)
		}
	}
	if len(enabled) == 1 {
		return enabled[0], nil
	}
	return person{}, fmt.Errorf("entra: %d people have the address %s: %s; which one is meant cannot be told", len(found), email, strings.Join(logins, ", "))
}
