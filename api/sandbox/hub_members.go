package sandbox

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// wireMember is an entry of GET /v2/orgs/{org}/members. Nothing in it tells
// whether SCIM, JIT or an invitation made the member.
type wireMember struct {
	ID            string   `json:"id"`
	Username      string   `json:"username"`
	FullName      string   `json:"full_name"`
	Email         string   `json:"email"`
	PrimaryEmail  string   `json:"primary_email"`
	Role          string   `json:"role"`
	Groups        []string `json:"groups"`
	IsGuest       bool     `json:"is_guest"`
	Type          string   `json:"type"`
	DateJoined    string   `json:"date_joined"`
	Company       string   `json:"company"`
	Location      string   `json:"location"`
	ProfileURL    string   `json:"profile_url"`
	GravatarURL   string   `json:"gravatar_url"`
	GravatarEmail string   `json:"gravatar_email"`
}

func (s *Sandbox) hubMemberRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v2/orgs/{org}/members", s.orgRoute(s.listMembers))
	mux.HandleFunc("GET /v2/orgs/{org}/members/export", s.orgRoute(s.exportMembers))
	mux.HandleFunc("PUT /v2/orgs/{org}/members/{username}", s.orgRoute(s.putMember))
	mux.HandleFunc("DELETE /v2/orgs/{org}/members/{username}", s.orgRoute(s.deleteMember))
}

func (o *org) wireMember(username string) wireMember {
	a, m := o.accounts[username], o.members[username]
	return wireMember{
		ID: a.trimmedID(), Username: username, FullName: a.fullName(), Email: a.email, PrimaryEmail: a.email,
		Role: capitalised(m.role), Groups: o.teamsOf(username), IsGuest: o.isGuest(a.email), Type: "User",
		// The date in this list is the account's, not the membership's; the CSV has that.
		DateJoined: wireTime(a.registered),
	}
}

func (o *org) wireInvitee(i *invite) wireMember {
	groups := []string{}
	if i.team != "" {
		groups = append(groups, i.team)
	}
	return wireMember{Email: i.invitee, Role: "Invitee", Groups: groups, IsGuest: o.isGuest(i.invitee), Type: "User", DateJoined: wireTime(i.created)}
}

// capitalised: answers say "Editor" where PUT wants "editor".
func capitalised(role string) string { return strings.ToUpper(role[:1]) + role[1:] }

// matches: the term is a part of the username, the full name or the address.
func matches(term, username, fullName, email string) bool {
	term = strings.ToLower(term)
	return term == "" || strings.Contains(strings.ToLower(username), term) ||
		strings.Contains(strings.ToLower(fullName), term) || strings.Contains(strings.ToLower(email), term)
}

func (s *Sandbox) listMembers(w http.ResponseWriter, r *http.Request, _ identity) {
	query := r.URL.Query()
	number, size, ok := s.window(query)
	kind, role := query.Get("type"), query.Get("role")
	invites, err := strconv.ParseBool(cmp.Or(query.Get("invites"), "false"))
	switch {
	case !ok, err != nil,
		kind != "" && kind != "all" && kind != "invitee" && kind != "member",
		role != "" && role != roleOwner && role != roleEditor && role != roleMember:
		hubError(w, http.StatusBadRequest, "bad request", "a query parameter has a value that it does not take")
		return
	}
	var all []listed
	if kind != "invitee" {
		for _, username := range s.org.order {
			a, m := s.org.accounts[username], s.org.members[username]
			if (role == "" || role == m.role) && matches(query.Get("search"), username, a.fullName(), a.email) {
				all = append(all, listed{username: username})
			}
		}
	}
	if role == "" && (invites || kind == "all" || kind == "invitee") {
		for _, i := range s.org.invites {
			if matches(query.Get("search"), "", "", i.invitee) {
				all = append(all, listed{invite: i})
			}
		}
	}
	writeJSON(w, http.StatusOK, slicePage(r, all, number, size, func(l listed) wireMember {
		if l.invite != nil {
			return s.org.wireInvitee(l.invite)
		}
		return s.org.wireMember(l.username)
	}))
}

// listed is one line of the members list before it is written: a member or an invitee.
type listed struct {
	username string
	invite   *invite
}

// exportMembers writes the columns of the reference. Date Joined is when the
// person joined the organization.
func (s *Sandbox) exportMembers(w http.ResponseWriter, _ *http.Request, _ identity) {
	const dateLayout = "2006-01-02 15:04:05.999999999 -0700 MST"
	w.Header().Set("Content-Type", "text/csv")
	w.Header().Set("Content-Disposition",
		fmt.Sprintf("attachment;filename=%q", s.org.name+"-members-"+s.org.now().UTC().Format("20060102150405")+".csv"))
	out := csv.NewWriter(w)
	_ = out.Write([]string{"Name", "Username", "Email", "Type", "Role", "Teams", "Date Joined"})
	for _, username := range s.org.order {
		m := s.org.wireMember(username)
		_ = out.Write([]string{
			m.FullName, username, m.Email, "User", m.Role, strings.Join(m.Groups, ", "),
			s.org.members[username].joined.UTC().Format(dateLayout),
		})
	}
	for _, i := range s.org.invites {
		_ = out.Write([]string{"", "", i.invitee, "Invitee", capitalised(i.role), i.team, i.created.UTC().Format(dateLayout)})
	}
	out.Flush()
}

func (s *Sandbox) putMember(w http.ResponseWriter, r *http.Request, who identity) {
	var body struct{ Role string }
	if !readJSON(w, r, &body) {
		return
	}
	username := r.PathValue("username")
	if err := s.org.setRole(username, body.Role, who.name); err != nil {
		ruleError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, s.org.wireMember(username))
}

func (s *Sandbox) deleteMember(w http.ResponseWriter, r *http.Request, who identity) {
	if err := s.org.remove(r.PathValue("username"), who.name); err != nil {
		ruleError(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
