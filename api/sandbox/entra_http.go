package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// graphVersion is the first segment of Graph's paths.
const graphVersion = "/v1.0"

// entraHandler serves the part of Microsoft Graph that provisioning needs.
func (s *Sandbox) entraHandler() http.Handler {
	mux := http.NewServeMux()
	jobs := graphVersion + "/servicePrincipals/{app}/synchronization/jobs"
	mux.HandleFunc("GET "+graphVersion+"/servicePrincipals", s.entraListApps)
	mux.HandleFunc("GET "+graphVersion+"/servicePrincipals/{app}", s.entraGetApp)
	mux.HandleFunc("GET "+graphVersion+"/servicePrincipals/{app}/appRoleAssignedTo", s.entraAssignedTo)
	mux.HandleFunc("GET "+graphVersion+"/servicePrincipals/{app}/claimsMappingPolicies", s.entraClaims)
	mux.HandleFunc("GET "+jobs, s.entraListJobs)
	mux.HandleFunc("GET "+jobs+"/{job}", s.entraJob(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.wireEntraJob()) }))
	mux.HandleFunc("GET "+jobs+"/{job}/schema", s.entraJob(s.entraSchema))
	mux.HandleFunc("POST "+jobs+"/{job}/provisionOnDemand", s.entraJob(s.entraOnDemand))
	mux.HandleFunc("POST "+jobs+"/{job}/start", s.entraJob(func(w http.ResponseWriter, _ *http.Request) {
		s.org.startEntra()
		w.WriteHeader(http.StatusNoContent)
	}))
	mux.HandleFunc("GET "+graphVersion+"/users", s.entraListUsers)
	mux.HandleFunc("GET "+graphVersion+"/users/{user}/appRoleAssignments", s.entraUserRoles)
	mux.HandleFunc("GET "+graphVersion+"/auditLogs/provisioning", s.entraLog)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		graphError(w, http.StatusNotFound, "ResourceNotFound", "Resource not found for the segment '"+r.URL.Path+"'.")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !same(token, s.secrets.of("entra")) && !s.entraSignIn.accepts(token) {
			graphError(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty, expired or not valid.")
			return
		}
		s.org.lock()
		defer s.org.mu.Unlock()
		mux.ServeHTTP(w, r)
	})
}

// graphError writes Graph's error body.
func graphError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]any{
		"code": code, "message": message,
		"innerError": map[string]string{"request-id": uuidOf("graph-error", code+message), "client-request-id": uuidOf("graph-client", code)},
	}})
}

func graphNotFound(w http.ResponseWriter, id string) {
	graphError(w, http.StatusNotFound, "Request_ResourceNotFound", "Resource '"+id+"' does not exist or one of its queried reference-property objects are not present.")
}

// graphPage cuts a page by $top and a skip token, and links the next one.
func graphPage[T any](s *Sandbox, w http.ResponseWriter, r *http.Request, all []T, show func(T) any) {
	query := r.URL.Query()
	top := min(s.options.PageSize, 100)
	if n, err := strconv.Atoi(query.Get("$top")); err == nil && n > 0 {
		top = min(n, top)
	}
	from := 0
	if token := query.Get("$skiptoken"); token != "" {
		n, err := strconv.Atoi(token)
		if err != nil || n < 0 || n > len(all) {
			graphError(w, http.StatusBadRequest, "Directory_ExpiredPageToken", "The specified page token value has expired.")
			return
		}
		from = n
	}
	to := min(from+top, len(all))
	out := []any{}
	for _, v := range all[from:to] {
		out = append(out, show(v))
	}
	body := map[string]any{"@odata.context": "http://" + r.Host + graphVersion + "/$metadata", "value": out}
	if to < len(all) {
		query.Set("$skiptoken", strconv.Itoa(to))
		body["@odata.nextLink"] = "http://" + r.Host + r.URL.EscapedPath() + "?" + query.Encode()
	}
	writeJSON(w, http.StatusOK, body)
}

func entraAppID(name string) string { return uuidOf("entra-app", name) }

var entraJobID = "customappsso." + strings.ReplaceAll(uuidOf("entra-tenant", "acme"), "-", "") + "." + uuidOf("entra-job", "docker")

var entraApps = []string{entraOtherApp, entraSCIMApp, entraSignInApp, "Jira"}

var entraRoles = []string{roleMember, roleEditor, roleOwner}

func (s *Sandbox) wireEntraApp(name string) any {
	roles := []map[string]any{}
	if name == entraSCIMApp {
		for _, r := range entraRoles {
			roles = append(roles, map[string]any{"id": entraRoleID(r), "displayName": "Docker " + r, "value": r, "isEnabled": true})
		}
	}
	var sso any
	if name == entraSignInApp {
		sso = "oidc"
		if s.org.entra.claims != nil {
			sso = "saml"
		}
	}
	return map[string]any{
		"id": entraAppID(name), "appId": uuidOf("entra-client", name), "displayName": name, "accountEnabled": true,
		"preferredSingleSignOnMode": sso, "appRoles": roles,
	}
}

func entraRoleID(role string) string { return uuidOf("entra-role", role) }

var graphNameFilter = regexp.MustCompile(`^(?:startswith\(displayName,\s*'((?:[^']|'')*)'\)|displayName eq '((?:[^']|'')*)')$`)

func (s *Sandbox) entraListApps(w http.ResponseWriter, r *http.Request) {
	found := entraApps
	if filter := r.URL.Query().Get("$filter"); filter != "" {
		m := graphNameFilter.FindStringSubmatch(filter)
		if m == nil {
			graphError(w, http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause.")
			return
		}
		prefix, exact := strings.ToLower(unquoteOData(m[1])), strings.ToLower(unquoteOData(m[2]))
		found = slices.DeleteFunc(slices.Clone(found), func(name string) bool {
			name = strings.ToLower(name)
			return !strings.HasPrefix(name, prefix) || (exact != "" && name != exact)
		})
	}
	graphPage(s, w, r, found, func(name string) any { return s.wireEntraApp(name) })
}

func unquoteOData(s string) string { return strings.ReplaceAll(s, "''", "'") }

// entraApp finds the application of the path or answers 404.
func entraApp(w http.ResponseWriter, r *http.Request) (string, bool) {
	for _, name := range entraApps {
		if entraAppID(name) == r.PathValue("app") {
			return name, true
		}
	}
	graphNotFound(w, r.PathValue("app"))
	return "", false
}

func (s *Sandbox) entraGetApp(w http.ResponseWriter, r *http.Request) {
	if name, ok := entraApp(w, r); ok {
		writeJSON(w, http.StatusOK, s.wireEntraApp(name))
	}
}

func (s *Sandbox) entraListJobs(w http.ResponseWriter, r *http.Request) {
	name, ok := entraApp(w, r)
	if !ok {
		return
	}
	jobs := []any{}
	if name == entraSCIMApp {
		jobs = append(jobs, s.wireEntraJob())
	}
	graphPage(s, w, r, jobs, func(v any) any { return v })
}

// entraJob admits the only job there is.
func (s *Sandbox) entraJob(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name, ok := entraApp(w, r)
		if !ok {
			return
		}
		if name != entraSCIMApp || r.PathValue("job") != entraJobID {
			graphNotFound(w, r.PathValue("job"))
			return
		}
		handle(w, r)
	}
}

func (s *Sandbox) wireEntraJob() any {
	t := &s.org.entra
	state := "Active"
	if t.stopped {
		state = "Paused"
	}
	var quarantine any
	if q := t.quarantine; q != nil {
		quarantine = map[string]any{"reason": q.reason, "error": map[string]any{"code": q.code, "message": q.message, "tenantActionable": true}}
	}
	return map[string]any{
		"id": entraJobID, "templateId": "customappsso", "schedule": map[string]any{"state": state, "interval": "PT40M"},
		"status": map[string]any{"code": t.jobCode(), "quarantine": quarantine, "countSuccessiveCompleteFailures": 0},
	}
}

func (s *Sandbox) entraAssignedTo(w http.ResponseWriter, r *http.Request) {
	name, ok := entraApp(w, r)
	if !ok {
		return
	}
	var grants []*entraGrant
	if name == entraSCIMApp {
		grants = s.org.entra.grants
	}
	graphPage(s, w, r, grants, s.wireEntraGrant)
}

func (s *Sandbox) wireEntraGrant(g *entraGrant) any {
	var kind, name string
	if g.group {
		kind, name = "Group", s.org.entra.group(g.principal).name
	} else {
		u := s.org.entra.user(g.principal)
		kind, name = "User", u.first+" "+u.last
	}
	return map[string]any{
		"id": g.id, "appRoleId": entraRoleID(g.role), "principalId": g.principal, "principalType": kind, "principalDisplayName": name,
		"resourceId": entraAppID(entraSCIMApp), "resourceDisplayName": entraSCIMApp, "createdDateTime": scimSince.Format(time.RFC3339),
	}
}

// entraProperties are those of a user, as Graph knows them; it refuses others.
func entraProperties(u *entraUser) map[string]any {
	extension := map[string]any{}
	for i := range 15 {
		extension[fmt.Sprintf("extensionAttribute%d", i+1)] = nil
	}
	for name, value := range map[string]string{"extensionAttribute1": u.team, "extensionAttribute2": u.ssoRole, "extensionAttribute3": u.ssoTeam} {
		if value != "" {
			extension[name] = value
		}
	}
	out := map[string]any{
		"id": u.id, "userPrincipalName": u.principal, "mail": u.principal, "displayName": u.first + " " + u.last, "givenName": u.first,
		"surname": u.last, "accountEnabled": true, "department": u.department, "userType": "Member", "onPremisesExtensionAttributes": extension,
	}
	local, _, _ := strings.Cut(u.principal, "@")
	out["mailNickname"] = local
	for _, name := range []string{
		"jobTitle", "companyName", "usageLocation", "country", "city", "officeLocation", "employeeId", "employeeType", "preferredLanguage",
		"businessPhones", "mobilePhone",
	} {
		out[name] = nil
	}
	return out
}

// entraDefaults are what Graph gives when nothing is selected.
var entraDefaults = []string{
	"businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation", "preferredLanguage", "surname", "userPrincipalName",
}

var graphUserFilter = regexp.MustCompile(`^mail eq '((?:[^']|'')*)'(?: or userPrincipalName eq '((?:[^']|'')*)')?$`)

func (s *Sandbox) entraListUsers(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	found := s.org.entra.users
	if filter := query.Get("$filter"); filter != "" {
		m := graphUserFilter.FindStringSubmatch(filter)
		if m == nil {
			graphError(w, http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause.")
			return
		}
		found = slices.DeleteFunc(slices.Clone(found), func(u *entraUser) bool {
			return !strings.EqualFold(u.principal, unquoteOData(m[1])) && !strings.EqualFold(u.principal, unquoteOData(m[2]))
		})
	}
	fields := entraDefaults
	if selected := query.Get("$select"); selected != "" {
		fields = strings.Split(selected, ",")
	}
	known := entraProperties(&entraUser{})
	for _, f := range fields {
		if _, ok := known[f]; !ok {
			graphError(w, http.StatusBadRequest, "BadRequest", "Parsing OData Select and Expand failed: Could not find a property named '"+f+"' on type 'microsoft.graph.user'.")
			return
		}
	}
	graphPage(s, w, r, found, func(u *entraUser) any {
		all, out := entraProperties(u), map[string]any{}
		for _, f := range fields {
			out[f] = all[f]
		}
		return out
	})
}

func (s *Sandbox) entraUserRoles(w http.ResponseWriter, r *http.Request) {
	u := s.org.entra.user(r.PathValue("user"))
	if u == nil {
		graphNotFound(w, r.PathValue("user"))
		return
	}
	grants := s.org.entra.grantsOf(u)
	if filter := r.URL.Query().Get("$filter"); filter != "" {
		id, ok := strings.CutPrefix(filter, "resourceId eq ")
		if !ok {
			graphError(w, http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause.")
			return
		}
		if id != entraAppID(entraSCIMApp) {
			grants = nil
		}
	}
	graphPage(s, w, r, grants, s.wireEntraGrant)
}

// entraOnDemand provisions one person and tells how it went: JSON in two
// strings of a JSON object.
func (s *Sandbox) entraOnDemand(w http.ResponseWriter, r *http.Request) {
	if wait := s.org.demand(); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		graphError(w, http.StatusTooManyRequests, "TooManyRequests", "Too many requests: 5 in 10 seconds are allowed.")
		return
	}
	var body struct {
		Parameters []struct {
			RuleID   string `json:"ruleId"`
			Subjects []struct {
				ObjectID   string `json:"objectId"`
				ObjectType string `json:"objectTypeName"`
			} `json:"subjects"`
		} `json:"parameters"`
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(raw, &body)
	}
	if err != nil || len(body.Parameters) != 1 || len(body.Parameters[0].Subjects) != 1 ||
		body.Parameters[0].RuleID != entraRuleID || body.Parameters[0].Subjects[0].ObjectType != "User" {
		graphError(w, http.StatusBadRequest, "BadRequest", "One parameter with the id of a rule and one subject of the type User are wanted.")
		return
	}
	u := s.org.entra.user(body.Parameters[0].Subjects[0].ObjectID)
	if u == nil {
		graphNotFound(w, body.Parameters[0].Subjects[0].ObjectID)
		return
	}
	out := s.org.provision(u)
	details := map[string]any{}
	if out.code != "" {
		details = map[string]any{"errorCode": out.code, "errorMessage": out.reason}
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"@odata.context": "http://" + r.Host + graphVersion + "/$metadata#microsoft.graph.stringKeyStringValuePair",
		"key":            jsonText(map[string]any{"result": out.result, "details": details}),
		"value": jsonText(map[string]any{
			"action": out.action, "provisioningSteps": wireSteps(out.steps, "type", ""), "reportableIdentifier": u.principal,
			"statusInfo":     map[string]any{"status": out.result, "errorCode": nilIfEmpty(out.code), "reason": nilIfEmpty(out.reason)},
			"sourceIdentity": map[string]any{"id": u.id, "type": "User"}, "targetIdentity": map[string]any{"id": u.linked, "type": scimUserSchema},
			"startTime": s.org.now().UTC().Format(time.RFC3339), "endTime": s.org.now().UTC().Format(time.RFC3339),
		}),
	})
}

func wireSteps(steps []entraStep, kind, spelling string) []any {
	out := []any{}
	for _, x := range steps {
		status, typ := x.status, x.kind
		if spelling == "lower" {
			status, typ = strings.ToLower(status), strings.ToLower(typ)
		}
		out = append(out, map[string]any{"name": x.name, kind: typ, "status": status, "description": x.description, "details": map[string]any{}})
	}
	return out
}

func nilIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func jsonText(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("sandbox: encode JSON into a string: " + err.Error())
	}
	return string(raw)
}

var graphLogFilter = regexp.MustCompile(`^jobId eq '((?:[^']|'')*)'(?: and activityDateTime gt ([0-9TZ:.+-]+))?$`)

// entraLog serves the provisioning log, newest first, without what has not
// arrived yet.
func (s *Sandbox) entraLog(w http.ResponseWriter, r *http.Request) {
	var since time.Time
	job := ""
	if filter := r.URL.Query().Get("$filter"); filter != "" {
		m := graphLogFilter.FindStringSubmatch(filter)
		if m == nil {
			graphError(w, http.StatusBadRequest, "BadRequest", "Invalid filter clause")
			return
		}
		job = unquoteOData(m[1])
		var ok bool
		if since, ok = optionalTime(m[2]); !ok {
			graphError(w, http.StatusBadRequest, "BadRequest", "Invalid filter clause")
			return
		}
	}
	var found []entraEvent
	now := s.org.now()
	for _, e := range slices.Backward(s.org.entra.events) {
		if e.visible.After(now) || !since.IsZero() && !e.at.After(since) || (job != "" && job != entraJobID) {
			continue
		}
		found = append(found, e)
	}
	graphPage(s, w, r, found, func(e entraEvent) any {
		var information any
		if e.outcome.code != "" {
			information = map[string]any{"errorCode": e.outcome.code, "reason": e.outcome.reason}
		}
		return map[string]any{
			"id": uuidOf("entra-event", e.user.id+e.at.String()), "activityDateTime": e.at.UTC().Format(time.RFC3339Nano), "jobId": entraJobID,
			"provisioningAction":     strings.ToLower(e.outcome.action),
			"provisioningStatusInfo": map[string]any{"status": strings.ToLower(e.outcome.result), "errorInformation": information},
			"provisioningSteps":      wireSteps(e.outcome.steps, "provisioningStepType", "lower"),
			"servicePrincipal":       map[string]any{"id": entraAppID(entraSCIMApp), "displayName": entraSCIMApp},
			"initiatedBy":            map[string]any{"initiatorType": "system", "displayName": "Azure AD Provisioning Service"},
			"sourceIdentity":         map[string]any{"id": e.user.id, "identityType": "User", "displayName": e.user.principal},
			"targetIdentity":         map[string]any{"id": e.target, "identityType": "User", "displayName": ""},
			"modifiedProperties":     []any{},
		}
	})
}
