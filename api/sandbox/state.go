package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// Origin says how a member came into the organization. Docker tells nobody; a
// test may look.
type Origin string

// The origins of a member.
const (
	OriginInvite Origin = "invite"
	OriginJIT    Origin = "jit"
	OriginSCIM   Origin = "scim"
)

// State is the whole simulated world as a value: all that a change can change,
// and no count or clock of requests. Slices are sorted.
type State struct {
	Org          string
	Connection   Connection
	Members      []Member
	Invites      []Invite
	Teams        []Team
	SCIMUsers    []SCIMUser
	Repositories []Repository
	Assignments  []Assignment
	OktaGroups   []OktaGroup
	OktaOff      bool `json:",omitempty"` // provisioning in Okta is switched off
	Entra        Entra
}

// Entra is the provisioning side of the Entra tenant.
type Entra struct {
	Job    string       // "Active", "Paused" or "Quarantine"
	Grants []EntraGrant // of the application that provisions
}

// EntraGrant is an app role that a person or a group has.
type EntraGrant struct {
	Principal string // user principal name, or the group's name
	Group     bool   `json:",omitempty"`
	Role      string
}

// Connection is the SSO connection of the organization.
type Connection struct {
	JIT  bool
	SCIM bool
}

// Member is a person in the organization. SCIMID is empty for one whom SCIM did
// not provision.
type Member struct {
	Username string
	Email    string
	FullName string
	Role     string // "owner", "editor" or "member"
	Teams    []string
	Origin   Origin
	SCIMID   string `json:",omitempty"`
	Guest    bool   `json:",omitempty"`
	Joined   time.Time
}

// Invite is a pending invitation.
type Invite struct {
	ID      string
	Invitee string // an email address
	Inviter string
	Team    string
	Role    string
	Created time.Time
}

// Team is a team with the usernames on it.
type Team struct {
	ID          int64
	Name        string
	Description string
	Members     []string
}

// SCIMUser is a record that SCIM lists, with dashes in its ID.
type SCIMUser struct {
	ID       string
	UserName string // email address
	Username string // Docker ID
	Active   bool
}

// Repository is a repository of the registry and its Hub page.
type Repository struct {
	Name            string // "namespace/name"
	Private         bool
	Description     string
	FullDescription string
	Tags            map[string]string // tag → digest
	Permissions     map[string]string `json:",omitempty"` // team → read, write or admin
}

// Assignment is a person's assignment to the Docker application in Okta.
type Assignment struct {
	UserID     string
	Login      string
	Scope      string // "USER" or "GROUP"
	ExternalID string
	SyncState  string
	Profile    map[string]any
}

// OktaGroup is an Okta group with the logins in it.
type OktaGroup struct {
	ID      string
	Name    string
	Members []string
}

// State returns the world as it is now, pushes that are due carried out.
func (s *Sandbox) State() State {
	s.org.lock()
	defer s.org.mu.Unlock()
	return s.org.state()
}

// JSON encodes the state canonically: equal states give equal bytes.
func (s State) JSON() []byte {
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil { // profiles came in as JSON, the rest is plain
		panic("sandbox: encode state: " + err.Error())
	}
	return append(out, '\n')
}

func (o *org) state() State {
	out := State{
		Org:         o.name,
		Connection:  Connection{JIT: o.jit, SCIM: o.scim},
		Members:     []Member{},
		Invites:     []Invite{},
		Assignments: []Assignment{},
	}
	for _, name := range o.order {
		m, a := o.members[name], o.accounts[name]
		member := Member{
			Username: name, Email: a.email, FullName: a.fullName(), Role: m.role, Teams: o.teamsOf(name),
			Origin: m.origin, Guest: o.isGuest(a.email), Joined: m.joined.UTC(),
		}
		if u := o.scimUsers[name]; u != nil {
			member.SCIMID = u.id
		}
		out.Members = append(out.Members, member)
	}
	for _, i := range o.invites {
		out.Invites = append(out.Invites, Invite{
			ID: i.id, Invitee: i.invitee, Inviter: i.inviter, Team: i.team, Role: i.role, Created: i.created.UTC(),
		})
	}
	slices.SortFunc(out.Invites, func(a, b Invite) int { return strings.Compare(a.ID, b.ID) })
	for _, name := range slices.Sorted(maps.Keys(o.teams)) {
		t := o.teams[name]
		out.Teams = append(out.Teams, Team{ID: t.id, Name: name, Description: t.description, Members: sortedKeys(t.members)})
	}
	for _, name := range slices.Sorted(maps.Keys(o.scimUsers)) {
		u := o.scimUsers[name]
		out.SCIMUsers = append(out.SCIMUsers, SCIMUser{ID: u.id, UserName: o.accounts[name].email, Username: name, Active: u.active})
	}
	for _, name := range slices.Sorted(maps.Keys(o.repos)) {
		r := o.repos[name]
		repo := Repository{
			Name: name, Private: r.private, Description: r.description, FullDescription: r.fullDescription,
			Tags: make(map[string]string, len(r.tags)), Permissions: maps.Clone(r.permissions),
		}
		for tag, t := range r.tags {
			repo.Tags[tag] = t.digest
		}
		out.Repositories = append(out.Repositories, repo)
	}
	for _, id := range o.okta.assigned {
		a := o.okta.assignments[id]
		out.Assignments = append(out.Assignments, Assignment{
			UserID: id, Login: o.okta.users[id].login, Scope: a.scope, ExternalID: a.externalID,
			SyncState: a.syncState, Profile: maps.Clone(a.profile),
		})
	}
	slices.SortFunc(out.Assignments, func(a, b Assignment) int { return strings.Compare(a.Login, b.Login) })
	for _, g := range o.okta.groups {
		group := OktaGroup{ID: g.id, Name: g.name, Members: []string{}}
		for id := range g.members {
			group.Members = append(group.Members, o.okta.users[id].login)
		}
		slices.Sort(group.Members)
		out.OktaGroups = append(out.OktaGroups, group)
	}
	out.OktaOff, out.Entra = o.okta.off, o.entra.state()
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	out := slices.Sorted(maps.Keys(m))
	if out == nil {
		return []string{}
	}
	return out
}
