package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

func (s *Sandbox) oktaAppRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/apps", s.oktaListApps)
	mux.HandleFunc("GET /api/v1/apps/{app}", s.oktaApp(func(w http.ResponseWriter, _ *http.Request, a *oktaApp) {
		writeJSON(w, http.StatusOK, s.wireOktaApp(a))
	}))
	mux.HandleFunc("GET /api/v1/apps/{app}/features/USER_PROVISIONING", s.oktaDocker(s.oktaFeature))
	mux.HandleFunc("GET /api/v1/apps/{app}/federated-claims", s.oktaApp(s.oktaClaims))
	mux.HandleFunc("GET /api/v1/apps/{app}/groups", s.oktaApp(s.oktaAppGroups))
	mux.HandleFunc("GET /api/v1/apps/{app}/users", s.oktaDocker(s.oktaListAssignments))
	mux.HandleFunc("POST /api/v1/apps/{app}/users", s.oktaDocker(s.oktaAssign))
	mux.HandleFunc("GET /api/v1/apps/{app}/users/{user}", s.oktaDocker(s.oktaGetAssignment))
	mux.HandleFunc("POST /api/v1/apps/{app}/users/{user}", s.oktaDocker(s.oktaUpdateAssignment))
	mux.HandleFunc("DELETE /api/v1/apps/{app}/users/{user}", s.oktaDocker(s.oktaUnassign))
	mux.HandleFunc("GET /api/v1/mappings", s.oktaListMappings)
	mux.HandleFunc("GET /api/v1/mappings/{mapping}", s.oktaGetMapping)
	mux.HandleFunc("GET /api/v1/meta/schemas/apps/{app}/default", s.oktaDocker(s.oktaSchema))
}

// oktaApp finds the application of the path or answers 404.
func (s *Sandbox) oktaApp(handle func(http.ResponseWriter, *http.Request, *oktaApp)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a := s.org.okta.app(r.PathValue("app"))
		if a == nil {
			oktaNotFound(w, r.PathValue("app"), "AppInstance")
			return
		}
		handle(w, r, a)
	}
}

// oktaDocker is oktaApp for routes that only the Docker application has here.
func (s *Sandbox) oktaDocker(handle http.HandlerFunc) http.HandlerFunc {
	return s.oktaApp(func(w http.ResponseWriter, r *http.Request, a *oktaApp) {
		if a != s.org.okta.dockerApp() {
			oktaNotFound(w, a.id, "AppInstance")
			return
		}
		handle(w, r)
	})
}

func (s *Sandbox) wireOktaApp(a *oktaApp) any {
	features := a.features
	if s.org.okta.off {
		features = []string{}
	}
	out := map[string]any{
		"id": a.id, "name": a.name, "label": a.label, "status": "ACTIVE", "signOnMode": a.signOnMode,
		"features": features, "created": oktaTime(a.created), "lastUpdated": oktaTime(a.created),
		"settings": map[string]any{"signOn": map[string]any{}},
	}
	if a == s.org.okta.dockerApp() {
		statements := []any{}
		if !s.org.okta.newer {
			for _, x := range oktaStatements {
				statements = append(statements, attributeStatement(x[0], "user."+x[1]))
			}
		}
		out["settings"] = map[string]any{"signOn": map[string]any{"attributeStatements": statements}}
	}
	return out
}

// oktaStatements are what Docker's application puts into an assertion, and the
// property of the person that each takes.
var oktaStatements = [][2]string{{"dockerRole", "dockerSsoRole"}, {"dockerTeam", "dockerSsoTeam"}}

// oktaClaims lists the attribute statements of the newer kind.
func (s *Sandbox) oktaClaims(w http.ResponseWriter, _ *http.Request, a *oktaApp) {
	out := []any{}
	if a == s.org.okta.dockerApp() && s.org.okta.newer {
		for _, x := range oktaStatements {
			out = append(out, map[string]any{
				"id": "ofc" + strings.ReplaceAll(uuidOf("claim", x[0]), "-", "")[:17], "name": x[0], "expression": "user.profile." + x[1],
				"created": oktaTime(a.created), "lastUpdated": oktaTime(a.created),
			})
		}
	}
	writeJSON(w, http.StatusOK, out)
}

// RenewOktaStatements sets the application's attribute statements by the newer
// kind, as an administrator who migrates them does.
func (s *Sandbox) RenewOktaStatements() {
	s.org.lock()
	defer s.org.mu.Unlock()
	s.org.okta.newer = true
}

func attributeStatement(name, expression string) any {
	return map[string]any{
		"type": "EXPRESSION", "name": name, "namespace": "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified",
		"values": []string{expression},
	}
}

func (s *Sandbox) oktaListApps(w http.ResponseWriter, r *http.Request) {
	all := oktaQuery(r, s.org.okta.apps, func(a *oktaApp) string { return a.label })
	oktaPage(w, r, all, 200, func(i int) string { return all[i].id }, s.wireOktaApp)
}

func (s *Sandbox) oktaFeature(w http.ResponseWriter, _ *http.Request) {
	status := "ENABLED"
	if s.org.okta.off {
		status = "DISABLED"
	}
	enabled := map[string]any{"status": status}
	writeJSON(w, http.StatusOK, map[string]any{
		"name": "USER_PROVISIONING", "status": status, "description": "User provisioning settings from Okta to a downstream application",
		"capabilities": map[string]any{
			"create": map[string]any{"lifecycleCreate": enabled},
			"update": map[string]any{"profile": enabled, "lifecycleDeactivate": enabled, "password": map[string]any{"status": "DISABLED"}},
		},
	})
}

func (s *Sandbox) oktaAppGroups(w http.ResponseWriter, r *http.Request, a *oktaApp) {
	var all []*oktaGroup
	for _, g := range s.org.okta.groups {
		if slices.Contains(g.apps, a.id) {
			all = append(all, g)
		}
	}
	oktaPage(w, r, all, 200, func(i int) string { return all[i].id }, func(g *oktaGroup) any {
		profile := map[string]any{}
		if a == s.org.okta.dockerApp() {
			profile = g.profile
		}
		return map[string]any{"id": g.id, "priority": 0, "profile": profile, "lastUpdated": oktaTime(a.created)}
	})
}

func (s *Sandbox) wireAssignment(userID string) any {
	a := s.org.okta.assignments[userID]
	status := "PROVISIONED"
	var externalID any
	if a.externalID != "" {
		externalID = a.externalID
	} else {
		status = "ACTIVE"
	}
	return map[string]any{
		"id": userID, "externalId": externalID, "status": status, "statusChanged": oktaTime(a.created), "scope": a.scope,
		"syncState": a.syncState, "lastSync": oktaTime(a.lastSync), "created": oktaTime(a.created), "lastUpdated": oktaTime(a.updated),
		"credentials": map[string]any{"userName": a.userName}, "profile": a.profile,
	}
}

func (s *Sandbox) oktaListAssignments(w http.ResponseWriter, r *http.Request) {
	ids := s.org.okta.assigned
	oktaPage(w, r, ids, 500, func(i int) string { return ids[i] }, s.wireAssignment)
}

func (s *Sandbox) oktaGetAssignment(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("user")
	if s.org.okta.assignments[id] == nil {
		oktaRuleError(w, r, errNoAssignment)
		return
	}
	writeJSON(w, http.StatusOK, s.wireAssignment(id))
}

// appUserBody is an assignment as a client sends it; absent fields stay as they are.
type appUserBody struct {
	ID          string `json:"id"`
	Scope       string `json:"scope"`
	Credentials struct{ UserName string }
	Profile     map[string]any `json:"profile"`
}

func (s *Sandbox) oktaAssign(w http.ResponseWriter, r *http.Request) {
	var body appUserBody
	if !readOkta(w, r, &body) || !s.profileFits(w, body.ID, body) {
		return
	}
	if err := s.org.assign(body.ID, body.Scope, body.Credentials.UserName, body.Profile); err != nil {
		oktaRuleError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, s.wireAssignment(body.ID))
}

func (s *Sandbox) oktaUpdateAssignment(w http.ResponseWriter, r *http.Request) {
	var body appUserBody
	if !readOkta(w, r, &body) || !s.profileFits(w, r.PathValue("user"), body) {
		return
	}
	id := r.PathValue("user")
	// The reference knows no scope here: what is sent of it has no effect.
	if err := s.org.updateAssignment(id, "", body.Profile); err != nil {
		oktaRuleError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, s.wireAssignment(id))
}

func (s *Sandbox) oktaUnassign(w http.ResponseWriter, r *http.Request) {
	if err := s.org.unassign(r.PathValue("user")); err != nil {
		oktaRuleError(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// appProperties are the properties of the Docker application's profile. The
// first field is the administrator's name, the others what SCIM calls it.
var appProperties = []struct{ variable, title, externalName, externalNamespace string }{
	{"email", "Email", "email", scimUserSchema},
	{"givenName", "Given name", "name.givenName", scimUserSchema},
	{"familyName", "Family name", "name.familyName", scimUserSchema},
	{propertyRole, "Docker role", "dockerRole", scimExtensionSchema},
	{propertyOrg, "Docker organization", "dockerOrg", scimExtensionSchema},
	{propertyTeam, "Docker team", "dockerTeam", scimExtensionSchema},
}

// mappedProperties are filled in from the person's own profile.
var mappedProperties = map[string]func(*oktaUser) string{
	"email":      func(u *oktaUser) string { return u.login },
	"givenName":  func(u *oktaUser) string { return u.first },
	"familyName": func(u *oktaUser) string { return u.last },
}

var mappedExpressions = map[string]string{"email": "user.email", "givenName": "user.firstName", "familyName": "user.lastName"}

var (
	oktaMappingID  = oktaID("prm", "docker")
	oktaUserTypeID = oktaID("oty", "user")
)

func (s *Sandbox) wireMapping() map[string]any {
	return map[string]any{
		"id":     oktaMappingID,
		"source": map[string]string{"id": oktaUserTypeID, "name": "user", "type": "user"},
		"target": map[string]string{"id": s.org.okta.dockerApp().id, "name": s.org.okta.dockerApp().name, "type": "appuser"},
	}
}

func (s *Sandbox) oktaListMappings(w http.ResponseWriter, r *http.Request) {
	all := []any{}
	if target := r.URL.Query().Get("targetId"); target == "" || target == s.org.okta.dockerApp().id {
		all = append(all, s.wireMapping())
	}
	oktaPage(w, r, all, 200, func(int) string { return oktaMappingID }, func(m any) any { return m })
}

func (s *Sandbox) oktaGetMapping(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("mapping") != oktaMappingID {
		oktaNotFound(w, r.PathValue("mapping"), "ProfileMapping")
		return
	}
	m, properties := s.wireMapping(), map[string]any{}
	for name, expression := range mappedExpressions {
		properties[name] = map[string]string{"expression": expression, "pushStatus": "PUSH"}
	}
	m["properties"] = properties
	writeJSON(w, http.StatusOK, m)
}

// profileFits refuses a scope or a property that the application does not have,
// and a value that contradicts its mapping.
func (s *Sandbox) profileFits(w http.ResponseWriter, userID string, body appUserBody) bool {
	for _, name := range sortedKeys(mappedProperties) {
		given, sent := body.Profile[name]
		if u := s.org.okta.users[userID]; sent && u != nil && given != mappedProperties[name](u) {
			oktaError(w, http.StatusForbidden, "E0000075", "Cannot modify the "+name+" attribute because it has a field mapping and profile push is enabled.")
			return false
		}
	}
	if body.Scope != "" && body.Scope != scopeUser && body.Scope != scopeGroup {
		oktaError(w, http.StatusBadRequest, "E0000001", "Api validation failed: scope", "scope: USER or GROUP")
		return false
	}
	for key := range body.Profile {
		known := false
		for _, p := range appProperties {
			known = known || p.variable == key
		}
		if !known {
			oktaError(w, http.StatusBadRequest, "E0000001", "Api validation failed: profile", key+": is not a property of the application's schema")
			return false
		}
	}
	return true
}

func (s *Sandbox) oktaSchema(w http.ResponseWriter, r *http.Request) {
	base, custom := map[string]any{}, map[string]any{}
	for _, p := range appProperties {
		property := map[string]any{
			"title": p.title, "type": "string", "scope": "NONE", "externalName": p.externalName, "externalNamespace": p.externalNamespace,
		}
		if p.externalNamespace == scimExtensionSchema {
			custom[p.variable] = property
		} else {
			base[p.variable] = property
		}
	}
	part := func(id string, properties map[string]any) any {
		return map[string]any{"id": id, "type": "object", "properties": properties, "required": []string{}}
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"id": "http://" + r.Host + r.URL.Path, "$schema": "http://json-schema.org/draft-04/schema#", "name": "Docker User",
		"title": "Docker User", "type": "object", "definitions": map[string]any{"base": part("#base", base), "custom": part("#custom", custom)},
		"properties": map[string]any{"profile": map[string]any{"allOf": []any{
			map[string]string{"$ref": "#/definitions/custom"}, map[string]string{"$ref": "#/definitions/base"},
		}}},
	})
}
