package sandbox

import (
	"errors"
	"net/http"
	"strings"
)

// wireTeam is an entry of GET /v2/orgs/{org}/groups.
type wireTeam struct {
	ID          int64  `json:"id"`
	UUID        string `json:"uuid"`
	Name        string `json:"name"`
	Description string `json:"description"`
	MemberCount int    `json:"member_count"`
}

func (s *Sandbox) hubTeamRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v2/orgs/{org}/groups", s.orgRoute(s.listTeams))
	mux.HandleFunc("POST /v2/orgs/{org}/groups", s.orgRoute(s.postTeam))
	mux.HandleFunc("GET /v2/orgs/{org}/groups/{team}", s.orgRoute(s.getTeam))
	mux.HandleFunc("DELETE /v2/orgs/{org}/groups/{team}", s.orgRoute(s.deleteTeam))
	mux.HandleFunc("GET /v2/orgs/{org}/groups/{team}/members", s.orgRoute(s.listTeamMembers))
	mux.HandleFunc("POST /v2/orgs/{org}/groups/{team}/members", s.orgRoute(s.postTeamMember))
	mux.HandleFunc("DELETE /v2/orgs/{org}/groups/{team}/members/{username}", s.orgRoute(s.deleteTeamMember))
}

func (o *org) wireTeam(name string) wireTeam {
	t := o.teams[name]
	return wireTeam{ID: t.id, UUID: t.uuid, Name: name, Description: t.description, MemberCount: len(t.members)}
}

func (s *Sandbox) listTeams(w http.ResponseWriter, r *http.Request, _ identity) {
	query := r.URL.Query()
	number, size, ok := s.window(query)
	if !ok {
		hubError(w, http.StatusBadRequest, "bad request", "page and page_size are positive numbers")
		return
	}
	username, term := query.Get("username"), strings.ToLower(query.Get("search"))
	if username != "" && s.org.members[username] == nil {
		ruleError(w, errNotMember)
		return
	}
	var names []string
	for _, name := range sortedKeys(s.org.teams) {
		if (username == "" || s.org.teams[name].members[username]) && strings.Contains(strings.ToLower(name), term) {
			names = append(names, name)
		}
	}
	writeJSON(w, http.StatusOK, slicePage(r, names, number, size, s.org.wireTeam))
}

func (s *Sandbox) postTeam(w http.ResponseWriter, r *http.Request, who identity) {
	var body struct{ Name, Description string }
	if !readJSON(w, r, &body) {
		return
	}
	if body.Name == "" {
		hubError(w, http.StatusBadRequest, "bad request", "a team has a name")
		return
	}
	if err := s.org.createTeam(body.Name, body.Description, who.name); err != nil {
		ruleError(w, err)
		return
	}
	writeJSON(w, http.StatusCreated, s.org.wireTeam(body.Name))
}

func (s *Sandbox) getTeam(w http.ResponseWriter, r *http.Request, _ identity) {
	if s.org.teams[r.PathValue("team")] == nil {
		ruleError(w, errNoTeam)
		return
	}
	writeJSON(w, http.StatusOK, s.org.wireTeam(r.PathValue("team")))
}

func (s *Sandbox) deleteTeam(w http.ResponseWriter, r *http.Request, who identity) {
	if err := s.org.deleteTeam(r.PathValue("team"), who.name); err != nil {
		ruleError(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sandbox) listTeamMembers(w http.ResponseWriter, r *http.Request, _ identity) {
	t := s.org.teams[r.PathValue("team")]
	number, size, ok := s.window(r.URL.Query())
	switch {
	case t == nil:
		ruleError(w, errNoTeam)
		return
	case !ok:
		hubError(w, http.StatusBadRequest, "bad request", "page and page_size are positive numbers")
		return
	}
	var all []string
	for _, username := range sortedKeys(t.members) {
		if a := s.org.accounts[username]; matches(r.URL.Query().Get("search"), username, a.fullName(), a.email) {
			all = append(all, username)
		}
	}
	writeJSON(w, http.StatusOK, slicePage(r, all, number, size, func(username string) map[string]any {
		a := s.org.accounts[username]
		return map[string]any{
			"id": a.trimmedID(), "username": username, "full_name": a.fullName(), "email": a.email, "type": "User",
			"date_joined": wireTime(a.registered), "company": "", "location": "", "profile_url": "", "gravatar_url": "", "gravatar_email": "",
		}
	}))
}

func (s *Sandbox) postTeamMember(w http.ResponseWriter, r *http.Request, who identity) {
	var body struct{ Member string }
	if !readJSON(w, r, &body) {
		return
	}
	if err := s.org.addToTeam(r.PathValue("team"), body.Member, who.name); err != nil {
		ruleError(w, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (s *Sandbox) deleteTeamMember(w http.ResponseWriter, r *http.Request, who identity) {
	err := s.org.removeFromTeam(r.PathValue("team"), r.PathValue("username"), who.name)
	switch {
	case errors.Is(err, errNotMember):
		hubError(w, http.StatusNotFound, "not found", "not a member of the team")
	case err != nil:
		ruleError(w, err)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
