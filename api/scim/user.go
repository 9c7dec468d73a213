package scim

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// ExtensionURN is the schema of Docker's own attributes.
const ExtensionURN = "urn:ietf:params:scim:schemas:extension:docker:2.0:User"

// errorURN is the schema of SCIM errors.
const errorURN = "urn:ietf:params:scim:api:messages:2.0:Error"

// User is a user of Docker's SCIM endpoint. Its texts are untrusted.
type User struct {
	ID          string   `json:"id"` // a UUID with dashes, unrelated to the ID in the member list
	ExternalID  string   `json:"externalId"`
	UserName    string   `json:"userName"`    // the primary address
	DisplayName string   `json:"displayName"` // the Docker ID, which links a SCIM user to a member
	Name        Name     `json:"name"`
	Active      *bool    `json:"active"` // nil if absent
	Emails      []Email  `json:"emails"`
	Groups      []Group  `json:"groups"`
	Meta        Meta     `json:"meta"`
	Schemas     []string `json:"schemas"`

	// Docker holds the extension attributes. It is nil if the response does not have
	// them, which is not documented.
	Docker *Extension `json:"urn:ietf:params:scim:schemas:extension:docker:2.0:User"`
}

// Deactivated reports whether the server says that the user is not active.
func (u User) Deactivated() bool { return u.Active != nil && !*u.Active }

// Name is a user's name.
type Name struct {
	GivenName  string `json:"givenName"`
	FamilyName string `json:"familyName"`
}

// Email is an email address of a user.
type Email struct {
	Value   string `json:"value"`
	Display string `json:"display"`
	Primary bool   `json:"primary"`
}

// Group is a team of a user.
type Group struct {
	Value   string `json:"value"`
	Display string `json:"display"`
}

// Meta says when the record was created and modified.
type Meta struct {
	ResourceType string `json:"resourceType"`
	Location     string `json:"location"`
	Created      Time   `json:"created"`
	LastModified Time   `json:"lastModified"`
}

// Extension holds Docker's own attributes.
type Extension struct {
	Role string `json:"dockerRole"` // member, editor or owner
	Org  string `json:"dockerOrg"`
	Team string `json:"dockerTeam"`
}

// Time is a time in RFC 3339. It is the zero time if the field was empty or in another
// format; Raw keeps the original text (untrusted).
type Time struct {
	time.Time
	Raw string
}

// UnmarshalJSON accepts any JSON value.
func (t *Time) UnmarshalJSON(raw []byte) error {
	*t = Time{}
	if string(raw) == "null" {
		return nil
	}
	if json.Unmarshal(raw, &t.Raw) != nil {
		t.Raw = string(raw)
	}
	if at, err := time.Parse(time.RFC3339, t.Raw); err == nil {
		t.Time = at.UTC()
	}
	return nil
}

// ServiceProviderConfig describes the server's capabilities.
type ServiceProviderConfig struct {
	Schemas []string  `json:"schemas"`
	Patch   Supported `json:"patch"`
	Bulk    Supported `json:"bulk"`
	Filter  struct {
		Supported  bool `json:"supported"`
		MaxResults int  `json:"maxResults"`
	} `json:"filter"`
	Sort           Supported `json:"sort"`
	ETag           Supported `json:"etag"`
	ChangePassword Supported `json:"changePassword"`
}

// Supported says whether the server has an optional capability.
type Supported struct {
	Supported bool `json:"supported"`
}

// UnmarshalJSON rejects an object that is not a service provider configuration, so
// that arbitrary JSON does not verify the token.
func (s *ServiceProviderConfig) UnmarshalJSON(body []byte) error {
	type plain ServiceProviderConfig
	if err := json.Unmarshal(body, (*plain)(s)); err != nil {
		return err
	}
	isConfig := func(urn string) bool { return strings.HasSuffix(urn, ":ServiceProviderConfig") }
	if !slices.ContainsFunc(s.Schemas, isConfig) {
		return errors.New("the schema is not ServiceProviderConfig")
	}
	return nil
}

// userList is a page of users.
type userList struct {
	Total int
	Users []User
	sum   [sha256.Size]byte // of the users as received
}

// UnmarshalJSON accepts the array as "Resources", as in RFC 7644, and as "resources",
// as in an older reference. It may be absent if nothing was found. An object without
// totalResults is rejected.
func (l *userList) UnmarshalJSON(body []byte) error {
	var wire struct {
		Total     *int            `json:"totalResults"`
		Resources json.RawMessage `json:"Resources"` // encoding/json ignores the case of keys
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return err
	}
	if wire.Total == nil {
		return errors.New("no totalResults")
	}
	*l = userList{Total: *wire.Total, sum: sha256.Sum256(wire.Resources)}
	if wire.Resources == nil {
		return nil
	}
	return json.Unmarshal(wire.Resources, &l.Users)
}

// explainBody decodes a SCIM error, whose status is a string, and the error form of
// Docker Hub's other routes, which a gateway in front may use.
func explainBody(_ int, _ http.Header, body []byte) (code, message string) {
	var answer struct {
		Schemas  []string `json:"schemas"`
		Detail   string   `json:"detail"`
		SCIMType string   `json:"scimType"`
		Message  string   `json:"message"`
	}
	var mistyped *json.UnmarshalTypeError
	if err := json.Unmarshal(body, &answer); err != nil && !errors.As(err, &mistyped) {
		return "", ""
	}
	if slices.Contains(answer.Schemas, errorURN) || answer.Message == "" || answer.Message == answer.Detail {
		return answer.SCIMType, answer.Detail
	}
	if answer.Detail == "" {
		return answer.SCIMType, answer.Message
	}
	return answer.SCIMType, answer.Message + "; " + answer.Detail
}
