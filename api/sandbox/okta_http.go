package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// oktaHandler serves the part of Okta's API that assignments need.
func (s *Sandbox) oktaHandler() http.Handler {
	mux := http.NewServeMux()
	s.oktaAppRoutes(mux)
	s.oktaPeopleRoutes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		oktaError(w, http.StatusNotFound, "E0000022", "The endpoint does not support the provided HTTP method or does not exist: "+r.URL.Path)
	})
	windows := &oktaWindows{limit: cmp.Or(s.options.OktaRateLimit, unlimited), of: map[string]*rateWindow{}}
	signIn := s.oktaSignInHandler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !windows.count(w, r.URL.Path, s.options.Now()) {
			oktaError(w, http.StatusTooManyRequests, "E0000047", "API call exceeded rate limit due to too many requests.")
			return
		}
		if strings.HasPrefix(r.URL.Path, "/oauth2/") || r.URL.Path == activatePath {
			signIn.ServeHTTP(w, r)
			return
		}
		token, found := strings.CutPrefix(r.Header.Get("Authorization"), "SSWS ")
		bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if (!found || !same(token, s.secrets.of("okta"))) && !s.oktaSignIn.accepts(bearer) {
			oktaError(w, http.StatusUnauthorized, "E0000011", "Invalid token provided")
			return
		}
		s.org.lock()
		defer s.org.mu.Unlock()
		mux.ServeHTTP(w, r)
	})
}

// oktaWindows count requests a minute, for each kind of resource by itself, and
// write Okta's rate-limit headers, which are spelled unlike Docker's.
type oktaWindows struct {
	limit int
	mu    sync.Mutex
	of    map[string]*rateWindow
}

// count reports whether the request is within the limit.
func (l *oktaWindows) count(w http.ResponseWriter, path string, now time.Time) bool {
	kind, _, _ := strings.Cut(strings.TrimPrefix(path, "/api/v1/"), "/")
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[kind] == nil {
		l.of[kind] = &rateWindow{}
	}
	x := l.of[kind]
	if minute := now.Truncate(time.Minute); !minute.Equal(x.minute) {
		x.minute, x.used = minute, 0
	}
	x.used++
	w.Header().Set("X-Rate-Limit-Limit", strconv.Itoa(l.limit))
	w.Header().Set("X-Rate-Limit-Remaining", strconv.Itoa(max(l.limit-x.used, 0)))
	w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(x.minute.Add(time.Minute).Unix(), 10))
	return x.used <= l.limit
}

// oktaError writes Okta's error body.
func oktaError(w http.ResponseWriter, status int, code, summary string, causes ...string) {
	list := []map[string]string{}
	for _, cause := range causes {
		list = append(list, map[string]string{"errorSummary": cause})
	}
	writeJSON(w, status, map[string]any{
		"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oae" + strings.ReplaceAll(uuidOf("error", summary), "-", "")[:20],
		"errorCauses": list,
	})
}

func oktaNotFound(w http.ResponseWriter, id, kind string) {
	oktaError(w, http.StatusNotFound, "E0000007", fmt.Sprintf("Not found: Resource not found: %s (%s)", id, kind))
}

// oktaRuleError answers a refusal of the rules.
func oktaRuleError(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, errNoUser):
		oktaNotFound(w, cmp.Or(r.PathValue("user"), "user"), "User")
	case errors.Is(err, errNoGroup):
		oktaNotFound(w, cmp.Or(r.PathValue("group"), "group"), "UserGroup")
	case errors.Is(err, errNoAssignment):
		oktaNotFound(w, r.PathValue("user"), "AppUser")
	case errors.Is(err, errByGroup):
		// The code is of Okta's list of error codes; the cause as clients of the API report it.
		oktaError(w, http.StatusForbidden, "E0000046", "Deactivate application for user forbidden.",
			"The application cannot be unassigned from the user while their group memberships grant them access")
	default:
		oktaError(w, http.StatusBadRequest, "E0000001", "Api validation failed", err.Error())
	}
}

func readOkta(w http.ResponseWriter, r *http.Request, into any) bool {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		oktaError(w, http.StatusBadRequest, "E0000003", "The request body was not well-formed.")
		return false
	}
	return true
}

// oktaPage cuts a page by limit and after, the key of the last entry seen, and
// links the next one.
func oktaPage[T any](w http.ResponseWriter, r *http.Request, all []T, most int, key func(int) string, show func(T) any) {
	query := r.URL.Query()
	limit := most
	if n, err := strconv.Atoi(query.Get("limit")); err == nil && n > 0 {
		limit = min(n, most)
	}
	from := 0
	if after := query.Get("after"); after != "" {
		for i := range all {
			if key(i) == after {
				from = i + 1
				break
			}
		}
	}
	to := min(from+limit, len(all))
	out := []any{}
	for _, v := range all[from:to] {
		out = append(out, show(v))
	}
	self := "http://" + r.Host + r.URL.EscapedPath()
	w.Header().Add("Link", fmt.Sprintf("<%s?%s>; rel=\"self\"", self, query.Encode()))
	if to < len(all) && to > 0 {
		query.Set("after", key(to-1))
		query.Set("limit", strconv.Itoa(limit))
		w.Header().Add("Link", fmt.Sprintf("<%s?%s>; rel=\"next\"", self, query.Encode()))
	}
	writeJSON(w, http.StatusOK, out)
}

// oktaQuery returns the entries whose name starts with the parameter q, ignoring case.
func oktaQuery[T any](r *http.Request, all []T, name func(T) string) []T {
	q := strings.ToLower(r.URL.Query().Get("q"))
	var out []T
	for _, x := range all {
		if strings.HasPrefix(strings.ToLower(name(x)), q) {
			out = append(out, x)
		}
	}
	return out
}

// oktaTime is the spelling of times in Okta's answers; the zero time is null.
func oktaTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func (s *Sandbox) oktaPeopleRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/users", s.oktaListUsers)
	mux.HandleFunc("GET /api/v1/users/{user}", s.oktaGetUser)
	mux.HandleFunc("GET /api/v1/users/{user}/groups", s.oktaUserGroups)
	mux.HandleFunc("GET /api/v1/groups", s.oktaListGroups)
	mux.HandleFunc("GET /api/v1/groups/{group}", s.oktaGetGroup)
	mux.HandleFunc("GET /api/v1/groups/{group}/users", s.oktaGroupUsers)
	mux.HandleFunc("GET /api/v1/groups/{group}/apps", s.oktaGroupApps)
	mux.HandleFunc("PUT /api/v1/groups/{group}/users/{user}", s.oktaGroupChange((*org).groupAdd))
	mux.HandleFunc("DELETE /api/v1/groups/{group}/users/{user}", s.oktaGroupChange((*org).groupRemove))
	mux.HandleFunc("GET /api/v1/logs", s.oktaLogs)
}

func wireOktaUser(u *oktaUser) any {
	profile := map[string]any{"login": u.login, "email": u.login, "firstName": u.first, "lastName": u.last}
	maps.Copy(profile, u.profile)
	return map[string]any{
		"id": u.id, "status": "ACTIVE", "created": oktaTime(u.created), "activated": oktaTime(u.created),
		"lastUpdated": oktaTime(u.created), "type": map[string]string{"id": oktaUserTypeID}, "profile": profile,
	}
}

var (
	emailSearch = regexp.MustCompile(`^profile\.(?:email|login) eq "((?:[^"\\]|\\.)*)"$`)
	logFilter   = regexp.MustCompile(`^(target\.id|eventType) eq "([^"\\]*)"$`)
)

func (s *Sandbox) oktaListUsers(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	var all []*oktaUser
	switch search := query.Get("search"); {
	case search != "":
		found := emailSearch.FindStringSubmatch(search)
		if found == nil {
			oktaError(w, http.StatusBadRequest, "E0000031", "Invalid search criteria.")
			return
		}
		if u := s.org.okta.userByEmail(strings.ReplaceAll(found[1], `\`, "")); u != nil {
			all = append(all, u)
		}
	default:
		for _, id := range sortedKeys(s.org.okta.users) {
			u, q := s.org.okta.users[id], strings.ToLower(query.Get("q"))
			if strings.HasPrefix(strings.ToLower(u.login), q) || strings.HasPrefix(strings.ToLower(u.first), q) || strings.HasPrefix(strings.ToLower(u.last), q) {
				all = append(all, u)
			}
		}
	}
	oktaPage(w, r, all, 200, func(i int) string { return all[i].id }, wireOktaUser)
}

// userOf finds the person of the path or answers 404. "me" is whom the credential
// belongs to: the administrator, who signs in here and has made the API token, or
// nobody where it is a service's.
func (s *Sandbox) userOf(w http.ResponseWriter, r *http.Request) *oktaUser {
	ref := r.PathValue("user")
	if bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ref == "me" && !s.oktaSignIn.isService(bearer) {
		ref = "alex.kim@" + s.org.domain
	}
	u := s.org.okta.user(ref)
	if u == nil {
		oktaNotFound(w, ref, "User")
	}
	return u
}

func (s *Sandbox) oktaGetUser(w http.ResponseWriter, r *http.Request) {
	if u := s.userOf(w, r); u != nil {
		writeJSON(w, http.StatusOK, wireOktaUser(u))
	}
}

func wireOktaGroup(g *oktaGroup) any {
	return map[string]any{"id": g.id, "type": "OKTA_GROUP", "profile": map[string]any{"name": g.name, "description": ""}}
}

func (s *Sandbox) oktaUserGroups(w http.ResponseWriter, r *http.Request) {
	u := s.userOf(w, r)
	if u == nil {
		return
	}
	var all []*oktaGroup
	for _, g := range s.org.okta.groups {
		if g.members[u.id] {
			all = append(all, g)
		}
	}
	oktaPage(w, r, all, 200, func(i int) string { return all[i].id }, wireOktaGroup)
}

func (s *Sandbox) oktaListGroups(w http.ResponseWriter, r *http.Request) {
	all := oktaQuery(r, s.org.okta.groups, func(g *oktaGroup) string { return g.name })
	oktaPage(w, r, all, 10000, func(i int) string { return all[i].id }, wireOktaGroup)
}

// groupOf finds the group of the path or answers 404.
func (s *Sandbox) groupOf(w http.ResponseWriter, r *http.Request) *oktaGroup {
	g := s.org.okta.group(r.PathValue("group"))
	if g == nil {
		oktaNotFound(w, r.PathValue("group"), "UserGroup")
	}
	return g
}

func (s *Sandbox) oktaGetGroup(w http.ResponseWriter, r *http.Request) {
	if g := s.groupOf(w, r); g != nil {
		writeJSON(w, http.StatusOK, wireOktaGroup(g))
	}
}

func (s *Sandbox) oktaGroupUsers(w http.ResponseWriter, r *http.Request) {
	if g := s.groupOf(w, r); g != nil {
		ids := sortedKeys(g.members)
		oktaPage(w, r, ids, 200, func(i int) string { return ids[i] }, func(id string) any { return wireOktaUser(s.org.okta.users[id]) })
	}
}

func (s *Sandbox) oktaGroupApps(w http.ResponseWriter, r *http.Request) {
	if g := s.groupOf(w, r); g != nil {
		oktaPage(w, r, g.apps, 200, func(i int) string { return g.apps[i] }, func(id string) any { return s.wireOktaApp(s.org.okta.app(id)) })
	}
}

func (s *Sandbox) oktaGroupChange(change func(*org, string, string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := change(s.org, r.PathValue("group"), r.PathValue("user")); err != nil {
			oktaRuleError(w, r, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// oktaLogs serves the System Log, oldest first. The filter takes target.id and
// eventType, joined by "and".
func (s *Sandbox) oktaLogs(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	var userID, eventType string
	if filter := query.Get("filter"); filter != "" {
		for part := range strings.SplitSeq(filter, " and ") {
			found := logFilter.FindStringSubmatch(strings.TrimSpace(part))
			if found == nil {
				oktaError(w, http.StatusBadRequest, "E0000053", "Invalid filter '"+filter+"'")
				return
			}
			if found[1] == "target.id" {
				userID = found[2]
			} else {
				eventType = found[2]
			}
		}
	}
	since, okSince := optionalTime(query.Get("since"))
	until, okUntil := optionalTime(query.Get("until"))
	if !okSince || !okUntil {
		oktaError(w, http.StatusBadRequest, "E0000001", "Api validation failed: since and until are RFC 3339 times")
		return
	}
	all := s.org.oktaEvents(userID, eventType, since, until)
	key := func(i int) string { return fmt.Sprintf("%d_%d", all[i].at.UnixMilli(), i) }
	oktaPage(w, r, all, 100, key, func(e oktaEvent) any {
		u := s.org.okta.users[e.userID]
		var reason any
		if e.reason != "" {
			reason = e.reason
		}
		app := s.org.okta.dockerApp()
		return map[string]any{
			"uuid": uuidOf("event", e.eventType+e.userID+e.at.String()), "published": oktaTime(e.at), "eventType": e.eventType,
			"severity": "INFO", "displayMessage": e.eventType,
			"actor":   map[string]any{"id": "system", "type": "SystemPrincipal", "alternateId": "system@okta.com", "displayName": "Okta System"},
			"outcome": map[string]any{"result": e.result, "reason": reason},
			"target": []map[string]any{
				{"id": u.id, "type": "User", "alternateId": u.login, "displayName": u.first + " " + u.last},
				{"id": app.id, "type": "AppInstance", "alternateId": app.label, "displayName": app.label},
			},
		}
	})
}
