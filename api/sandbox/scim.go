package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Names of SCIM schemas (RFC 7643) and of Docker's extension.
const (
	scimUserSchema      = "urn:ietf:params:scim:schemas:core:2.0:User"
	scimListSchema      = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	scimErrorSchema     = "urn:ietf:params:scim:api:messages:2.0:Error"
	scimExtensionSchema = "urn:ietf:params:scim:schemas:extension:docker:2.0:User"

	scimMediaType = "application/scim+json"
	scimMaxCount  = 200
)

func (s *Sandbox) scimRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+scimBase+"/ServiceProviderConfig", s.scimRoute(func(w http.ResponseWriter, _ *http.Request) {
		writeAs(w, scimMediaType, http.StatusOK, scimProviderConfig)
	}))
	mux.HandleFunc("GET "+scimBase+"/ResourceTypes", s.scimRoute(func(w http.ResponseWriter, _ *http.Request) {
		s.scimList(w, []any{scimResourceType}, 1, 1)
	}))
	mux.HandleFunc("GET "+scimBase+"/Schemas", s.scimRoute(func(w http.ResponseWriter, _ *http.Request) {
		s.scimList(w, []any{scimSchema}, 1, 1)
	}))
	mux.HandleFunc("GET "+scimBase+"/ResourceTypes/{id}", s.scimRoute(scimOne(scimResourceType, "User")))
	mux.HandleFunc("GET "+scimBase+"/Schemas/{id}", s.scimRoute(scimOne(scimSchema, scimUserSchema)))
	mux.HandleFunc("GET "+scimBase+"/Users", s.scimRoute(s.scimListUsers))
	mux.HandleFunc("POST "+scimBase+"/Users", s.scimRoute(s.scimPostUser))
	mux.HandleFunc("GET "+scimBase+"/Users/{id}", s.scimRoute(s.scimGetUser))
	mux.HandleFunc("PUT "+scimBase+"/Users/{id}", s.scimRoute(s.scimPutUser))
	mux.HandleFunc(scimBase+"/", s.scimRoute(func(w http.ResponseWriter, _ *http.Request) {
		scimError(w, http.StatusNotFound, "", "no such resource")
	}))
}

// scimOne serves the only resource of a list by its name.
func scimOne(resource any, id string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") != id {
			scimError(w, http.StatusNotFound, "", "no such resource")
			return
		}
		writeAs(w, scimMediaType, http.StatusOK, resource)
	}
}

// scimProviderConfig is the newest example of the reference: PATCH is said to be
// supported, although no such operation is described.
var scimProviderConfig = map[string]any{
	"schemas":          []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
	"documentationUri": "",
	"patch":            map[string]bool{"supported": true},
	"bulk":             map[string]any{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
	"filter":           map[string]any{"supported": true, "maxResults": scimMaxCount},
	"changePassword":   map[string]bool{"supported": false},
	"sort":             map[string]bool{"supported": true},
	"etag":             map[string]bool{"supported": false},
	"authenticationSchemes": map[string]string{
		"name": "OAuth 2.0 Bearer Token", "type": "oauthbearertoken",
		"description": "The OAuth 2.0 Bearer Token Authentication scheme.", "specUri": "http://tools.ietf.org/html/rfc6750",
	},
}

var scimResourceType = map[string]any{
	"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"},
	"id":      "User", "name": "User", "description": "User", "endpoint": "/Users", "schema": scimUserSchema,
}

var scimSchema = map[string]any{
	"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Schema"},
	"id":      scimUserSchema, "name": "User", "description": "User Account", "attributes": []any{},
}

// scimRoute admits the SCIM token alone, and runs with the world locked.
func (s *Sandbox) scimRoute(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !same(token, s.secrets.of("scim")) {
			scimError(w, http.StatusUnauthorized, "", "invalid or missing SCIM token")
			return
		}
		s.org.lock()
		defer s.org.mu.Unlock()
		handle(w, r)
	}
}

// scimError writes the error of RFC 7644: the status is a string.
func scimError(w http.ResponseWriter, status int, scimType, detail string) {
	body := map[string]any{"schemas": []string{scimErrorSchema}, "status": strconv.Itoa(status), "detail": detail}
	if scimType != "" {
		body["scimType"] = scimType
	}
	writeAs(w, scimMediaType, status, body)
}

func (s *Sandbox) scimList(w http.ResponseWriter, resources []any, total, start int) {
	key := "Resources"
	if s.options.OldSCIMLists {
		key = "resources"
	}
	writeAs(w, scimMediaType, http.StatusOK, map[string]any{
		"schemas": []string{scimListSchema}, "totalResults": total, "startIndex": start, "itemsPerPage": len(resources), key: resources,
	})
}

// wireSCIMUser is a user; displayName is the Docker ID.
func (s *Sandbox) wireSCIMUser(r *http.Request, username string) map[string]any {
	a, u := s.org.accounts[username], s.org.scimUsers[username]
	return s.wireSCIM(r, a, u.active, u.created, u.modified)
}

func (s *Sandbox) wireSCIM(r *http.Request, a *account, active bool, created, modified time.Time) map[string]any {
	groups := []map[string]string{}
	for _, name := range s.org.teamsOf(a.username) {
		groups = append(groups, map[string]string{"value": name, "display": name})
	}
	return map[string]any{
		"schemas": []string{scimUserSchema}, "id": a.id, "userName": a.email, "displayName": a.username, "active": active,
		"name":   map[string]string{"givenName": a.given, "familyName": a.family},
		"emails": []map[string]any{{"value": a.email, "display": a.email, "primary": true}}, "groups": groups,
		"meta": map[string]string{
			"resourceType": "User", "location": "http://" + r.Host + scimBase + "/Users/" + a.id,
			"created": created.UTC().Format(time.RFC3339), "lastModified": modified.UTC().Format(time.RFC3339),
		},
	}
}

// scimListUsers lists those whom SCIM provisioned, and nobody else.
func (s *Sandbox) scimListUsers(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	start, errStart := strconv.Atoi(cmp.Or(query.Get("startIndex"), "1"))
	count, errCount := strconv.Atoi(cmp.Or(query.Get("count"), "100"))
	if errStart != nil || errCount != nil || start < 1 || count < 1 || count > scimMaxCount {
		scimError(w, http.StatusBadRequest, "invalidValue", "startIndex begins at 1, count lies between 1 and 200")
		return
	}
	filter, err := parseSCIMFilter(query.Get("filter"))
	if err != nil {
		scimError(w, http.StatusBadRequest, "invalidFilter", err.Error())
		return
	}
	sortBy := strings.ToLower(cmp.Or(query.Get("sortBy"), "userName"))
	if !scimAttributes[sortBy] {
		scimError(w, http.StatusBadRequest, "invalidPath", "cannot sort by that attribute")
		return
	}
	type found struct{ username, key string }
	var all []found
	for username, u := range s.org.scimUsers {
		a := s.org.accounts[username]
		attributes := map[string]string{
			"id": u.id, "username": a.email, "displayname": username, "active": strconv.FormatBool(u.active),
			"emails": a.email, "emails.value": a.email, "name.givenname": a.given, "name.familyname": a.family,
			"meta.created": u.created.UTC().Format(time.RFC3339), "meta.lastmodified": u.modified.UTC().Format(time.RFC3339),
		}
		if filter(attributes) {
			all = append(all, found{username, attributes[sortBy] + "\x00" + a.email})
		}
	}
	slices.SortFunc(all, func(a, b found) int { return strings.Compare(a.key, b.key) })
	if strings.EqualFold(query.Get("sortOrder"), "descending") {
		slices.Reverse(all)
	}
	first := min(start-1, len(all))
	resources := []any{}
	for _, f := range all[first:min(first+count, len(all))] {
		resources = append(resources, onlyAttributes(s.wireSCIMUser(r, f.username), query.Get("attributes")))
	}
	s.scimList(w, resources, len(all), start)
}

// onlyAttributes keeps the attributes of a comma list, and what is always sent.
func onlyAttributes(user map[string]any, list string) map[string]any {
	if list == "" {
		return user
	}
	keep := map[string]bool{"schemas": true, "id": true}
	for name := range strings.SplitSeq(strings.ToLower(list), ",") {
		name, _, _ = strings.Cut(strings.TrimSpace(name), ".")
		keep[name] = true
	}
	for key := range user {
		if !keep[strings.ToLower(key)] {
			delete(user, key)
		}
	}
	return user
}

// byScimID finds the username of a SCIM record.
func (o *org) byScimID(id string) (string, bool) {
	for username, u := range o.scimUsers {
		if u.id == id {
			return username, true
		}
	}
	return "", false
}

func (s *Sandbox) scimGetUser(w http.ResponseWriter, r *http.Request) {
	username, ok := s.org.byScimID(r.PathValue("id"))
	if !ok {
		scimError(w, http.StatusNotFound, "", "user not found")
		return
	}
	writeAs(w, scimMediaType, http.StatusOK, onlyAttributes(s.wireSCIMUser(r, username), r.URL.Query().Get("attributes")))
}

// scimBody is a user as an IdP sends it.
type scimBody struct {
	Schemas  []string `json:"schemas"`
	UserName string   `json:"userName"`
	Name     struct {
		GivenName  string `json:"givenName"`
		FamilyName string `json:"familyName"`
	} `json:"name"`
	Active    bool `json:"active"`
	Extension *struct {
		Role string `json:"dockerRole"`
		Team string `json:"dockerTeam"`
	} `json:"urn:ietf:params:scim:schemas:extension:docker:2.0:User"`
}

func (b scimBody) person() person {
	p := person{email: b.UserName, given: b.Name.GivenName, family: b.Name.FamilyName}
	if b.Extension != nil {
		p.role, p.team = b.Extension.Role, b.Extension.Team
	}
	return p
}

func readSCIM(w http.ResponseWriter, r *http.Request) (scimBody, bool) {
	var body scimBody
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(raw, &body)
	}
	switch {
	case err != nil:
		scimError(w, http.StatusBadRequest, "invalidSyntax", "the body is no SCIM user")
		return body, false
	case !slices.Contains(body.Schemas, scimUserSchema):
		scimError(w, http.StatusBadRequest, "invalidValue", "schemas lacks "+scimUserSchema)
		return body, false
	}
	if address, err := mail.ParseAddress(body.UserName); err != nil || address.Address != body.UserName {
		scimError(w, http.StatusBadRequest, "invalidValue", fmt.Sprintf("userName %q is no email address", body.UserName))
		return body, false
	}
	return body, true
}

func (s *Sandbox) scimPostUser(w http.ResponseWriter, r *http.Request) {
	body, ok := readSCIM(w, r)
	if !ok {
		return
	}
	a, err := s.org.scimCreate(body.person())
	switch {
	case err != nil:
		scimError(w, http.StatusConflict, "uniqueness", err.Error())
	case s.org.scimUsers[a.username] == nil: // a member that SCIM does not manage: no change, no word
		writeAs(w, scimMediaType, http.StatusCreated, s.wireSCIM(r, a, true, a.registered, a.registered))
	default:
		writeAs(w, scimMediaType, http.StatusCreated, s.wireSCIMUser(r, a.username))
	}
}

// scimPutUser replaces a user; without active they are deactivated.
func (s *Sandbox) scimPutUser(w http.ResponseWriter, r *http.Request) {
	body, ok := readSCIM(w, r)
	if !ok {
		return
	}
	username, found := s.org.byScimID(r.PathValue("id"))
	if !found {
		scimError(w, http.StatusNotFound, "", "user not found")
		return
	}
	err := s.org.scimUpdate(username, body.person(), body.Active, body.Extension != nil)
	switch {
	case errors.Is(err, errLastOwner):
		scimError(w, http.StatusBadRequest, "mutability", err.Error())
	case err != nil:
		scimError(w, http.StatusInternalServerError, "", err.Error())
	default:
		writeAs(w, scimMediaType, http.StatusOK, s.wireSCIMUser(r, username))
	}
}
