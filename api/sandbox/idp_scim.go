package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// SCIMCall is one request that a simulated identity provider made to Docker's
// SCIM service, with the answer's status.
type SCIMCall struct {
	IdP    string // "okta" or "entra"
	Method string
	Path   string // below the SCIM base, with the query
	Body   string // empty for GET
	Status int
}

// SCIMCalls returns what the identity providers have sent, oldest first.
func (s *Sandbox) SCIMCalls() []SCIMCall {
	s.org.lock()
	defer s.org.mu.Unlock()
	return slices.Clone(s.org.scimCalls)
}

// PushFault makes Docker refuse what the identity providers send: a SCIM token
// that was made anew (401), no seat left (400), a server in trouble (503).
type PushFault struct {
	Status int
	Detail string
	Times  int // how many requests are refused; 0 means one, negative all
}

// FailPush adds a fault. Of several, the one added first acts.
func (s *Sandbox) FailPush(f PushFault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.org.lock()
	defer s.org.mu.Unlock()
	s.org.pushFaults = append(s.org.pushFaults, f)
}

// HealPushes removes all faults of FailPush.
func (s *Sandbox) HealPushes() {
	s.org.lock()
	defer s.org.mu.Unlock()
	s.org.pushFaults = nil
}

// pushError is a refusal of Docker's as an identity provider words it.
type pushError struct {
	status int
	detail string
}

func (e *pushError) Error() string {
	return fmt.Sprintf("HTTP %d %s: %s", e.status, http.StatusText(e.status), e.detail)
}

// called notes a request, and returns the fault that befalls it.
func (o *org) called(idp, method, path, body string, status int) error {
	for i := range o.pushFaults {
		f := &o.pushFaults[i]
		if f.Times == 0 || method == http.MethodGet {
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		o.scimCalls = append(o.scimCalls, SCIMCall{IdP: idp, Method: method, Path: path, Body: body, Status: f.Status})
		return &pushError{f.Status, f.Detail}
	}
	o.scimCalls = append(o.scimCalls, SCIMCall{IdP: idp, Method: method, Path: path, Body: body, Status: status})
	return nil
}

// looked notes the search by userName with which a provider begins.
func (o *org) looked(idp, email string) {
	query := url.Values{"filter": {`userName eq "` + email + `"`}}
	if idp == idpOkta {
		query.Set("startIndex", "1")
		query.Set("count", "100")
	}
	_ = o.called(idp, http.MethodGet, "/Users?"+query.Encode(), "", http.StatusOK) // faults spare reads
}

// The identity providers by their system names.
const (
	idpOkta  = "okta"
	idpEntra = "entra"
)

// message is the SCIM user that a provider sends. They differ in small things:
// Okta names a locale and empty groups, Entra a resource type and no groups.
func message(idp, externalID string, p person, active bool) map[string]any {
	m := map[string]any{
		"schemas": []string{scimUserSchema, scimExtensionSchema}, "userName": p.email, "externalId": externalID, "active": active,
		"name":   map[string]string{"givenName": p.given, "familyName": p.family},
		"emails": []map[string]any{{"primary": true, "value": p.email, "type": "work"}},
	}
	extension := map[string]string{}
	if p.role != "" {
		extension["dockerRole"] = p.role
	}
	if p.team != "" {
		extension["dockerTeam"] = p.team
	}
	m[scimExtensionSchema] = extension
	switch idp {
	case idpOkta:
		m["displayName"], m["locale"], m["groups"] = strings.TrimSpace(p.given+" "+p.family), "en-US", []string{}
	case idpEntra:
		m["displayName"], m["meta"] = strings.TrimSpace(p.given+" "+p.family), map[string]string{"resourceType": "User"}
	}
	return m
}

// encoded gives the message as it goes over the wire, and what Docker reads
// out of it.
func encoded(m map[string]any) (raw string, body scimBody) {
	out, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(out, &body)
	}
	if err != nil { // strings, booleans and maps of them
		panic("sandbox: encode a SCIM user: " + err.Error())
	}
	return string(out), body
}

// idpCreate is the POST that creates a person.
func (o *org) idpCreate(idp, externalID string, p person) (*account, error) {
	raw, body := encoded(message(idp, externalID, p, true))
	status := http.StatusCreated
	if name, ok := o.byEmail[strings.ToLower(p.email)]; ok && o.scimUsers[name] != nil {
		status = http.StatusConflict
	}
	if err := o.called(idp, http.MethodPost, "/Users", raw, status); err != nil {
		return nil, err
	}
	return o.scimCreate(body.person())
}

// idpUpdate is how a provider changes a person whom SCIM knows: Okta replaces
// them (PUT), Entra changes what differs (PATCH, RFC 7644, section 3.5.2).
func (o *org) idpUpdate(idp, externalID, username string, p person) error {
	path := "/Users/" + o.scimUsers[username].id
	if idp == idpOkta {
		raw, body := encoded(message(idp, externalID, p, true))
		if err := o.called(idp, http.MethodPut, path, raw, http.StatusOK); err != nil {
			return err
		}
		return o.scimUpdate(username, body.person(), true, true)
	}
	operations := []map[string]any{
		{"op": "Replace", "path": "active", "value": true},
		{"op": "Replace", "path": "name.givenName", "value": p.given},
		{"op": "Replace", "path": "name.familyName", "value": p.family},
	}
	for _, x := range []struct{ name, value string }{{"dockerRole", p.role}, {"dockerTeam", p.team}} {
		if x.value != "" {
			operations = append(operations, map[string]any{"op": "Add", "path": scimExtensionSchema + ":" + x.name, "value": x.value})
		}
	}
	if err := o.called(idp, http.MethodPatch, path, patch(operations), http.StatusOK); err != nil {
		return err
	}
	return o.scimUpdate(username, p, true, true)
}

func patch(operations []map[string]any) string {
	raw, err := json.Marshal(map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": operations})
	if err != nil {
		panic("sandbox: encode a SCIM patch: " + err.Error())
	}
	return string(raw)
}

// idpDeactivate is how Okta ends a person whom SCIM knows.
func (o *org) idpDeactivate(idp, externalID, username string) error {
	a := o.accounts[username]
	raw, _ := encoded(message(idp, externalID, person{email: a.email, given: a.given, family: a.family}, false))
	if err := o.called(idp, http.MethodPut, "/Users/"+o.scimUsers[username].id, raw, http.StatusOK); err != nil {
		return err
	}
	return o.scimUpdate(username, person{}, false, false)
}
