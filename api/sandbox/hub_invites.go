package sandbox

import (
	"net/http"
	"net/mail"
	"strings"
)

// wireInvite is an entry of GET /v2/orgs/{org}/invites.
type wireInvite struct {
	ID        string `json:"id"`
	Inviter   string `json:"inviter_username"`
	Invitee   string `json:"invitee"`
	Org       string `json:"org"`
	Team      string `json:"team"`
	Role      string `json:"role"`
	CreatedAt string `json:"created_at"`
}

func (s *Sandbox) hubInviteRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v2/orgs/{org}/invites", s.orgRoute(s.listInvites))
	mux.HandleFunc("DELETE /v2/invites/{id}", s.orgRoute(s.deleteInvite))
	mux.HandleFunc("PATCH /v2/invites/{id}/resend", s.orgRoute(s.resendInvite))
	mux.HandleFunc("POST /v2/invites/bulk", s.orgRoute(s.bulkInvite))
}

func (o *org) wireInvite(i *invite) wireInvite {
	return wireInvite{ID: i.id, Inviter: i.inviter, Invitee: i.invitee, Org: o.name, Team: i.team, Role: i.role, CreatedAt: wireTime(i.created)}
}

func (s *Sandbox) listInvites(w http.ResponseWriter, _ *http.Request, _ identity) {
	data := make([]wireInvite, 0, len(s.org.invites))
	for _, i := range s.org.invites {
		data = append(data, s.org.wireInvite(i))
	}
	writeJSON(w, http.StatusOK, map[string]any{"data": data})
}

func (s *Sandbox) deleteInvite(w http.ResponseWriter, r *http.Request, _ identity) {
	if err := s.org.cancelInvite(r.PathValue("id")); err != nil {
		ruleError(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sandbox) resendInvite(w http.ResponseWriter, r *http.Request, _ identity) {
	for _, i := range s.org.invites {
		if i.id == r.PathValue("id") {
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	ruleError(w, errNoInvite)
}

// bulkInvite is the one Hub route with a dry run of its own: it validates and
// changes nothing.
func (s *Sandbox) bulkInvite(w http.ResponseWriter, r *http.Request, who identity) {
	var body struct {
		Org, Team, Role string
		Invitees        []string
		DryRun          bool `json:"dry_run"`
	}
	if !readJSON(w, r, &body) {
		return
	}
	switch {
	case body.Org != s.org.name:
		hubError(w, http.StatusForbidden, "You don't have permission to perform this action.", "")
		return
	case len(body.Invitees) == 0,
		body.Team != "" && s.org.teams[body.Team] == nil,
		body.Role != "" && body.Role != roleOwner && body.Role != roleEditor && body.Role != roleMember:
		hubError(w, http.StatusBadRequest, "bad request", "invitees, an existing team and a role are wanted")
		return
	}
	type result struct {
		Invitee string      `json:"invitee"`
		Status  string      `json:"status"`
		Invite  *wireInvite `json:"invite,omitempty"`
	}
	results := make([]result, 0, len(body.Invitees))
	for _, invitee := range body.Invitees {
		email, status := s.org.invitable(invitee)
		entry := result{Invitee: invitee, Status: status}
		if status == "invited" && !body.DryRun {
			s.org.takeInvite(email) // a second invitation replaces the first
			i := s.org.invite(email, body.Team, body.Role, s.org.now())
			s.org.record("org.member.invite.send", s.org.name, who.name, map[string]string{"invitee": email}, "invited "+email)
			wire := s.org.wireInvite(i)
			entry.Invite = &wire
		}
		results = append(results, entry)
	}
	writeJSON(w, http.StatusAccepted, map[string]any{"invitees": results})
}

// invitable resolves a Docker ID or address and tells the status of the answer.
func (o *org) invitable(invitee string) (email, status string) {
	email = invitee
	if a := o.accounts[invitee]; a != nil {
		email = a.email
	} else if parsed, err := mail.ParseAddress(invitee); err != nil || parsed.Address != invitee {
		return "", "invalid_email_or_docker_id"
	}
	if name, ok := o.byEmail[strings.ToLower(email)]; ok && o.members[name] != nil {
		return email, "existing_org_member"
	}
	return email, "invited"
}
