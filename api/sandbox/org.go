package sandbox

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"
)

// Roles as the API writes them, and the team names with a meaning of their own.
const (
	roleOwner  = "owner"
	roleEditor = "editor"
	roleMember = "member"

	teamOwners  = "owners"
	teamCompany = "company" // where SCIM and JIT put people who have no other team
)

// Refusals of the rules; the handlers turn them into answers.
var (
	errLastOwner  = errors.New("the last owner of the organization cannot be removed")
	errNotMember  = errors.New("not a member of the organization")
	errNoTeam     = errors.New("no such team")
	errBadRole    = errors.New("no such role")
	errNoInvite   = errors.New("no such invite")
	errTeamExists = errors.New("team exists")
)

// org is the whole world and all its rules. Its methods expect mu to be held
// (see lock), do no I/O and take the time from the injected clock alone.
type org struct {
	mu         sync.Mutex
	clock      func() time.Time
	moment     time.Time // while a push is carried out: when it was due; else zero
	auditDelay time.Duration
	pushDelay  time.Duration
	logDelay   time.Duration

	name     string
	domain   string
	jit      bool
	scim     bool
	accounts map[string]*account // Docker accounts, in the organization or not, by username
	byEmail  map[string]string   // email in lower case → username
	members  map[string]*member
	order    []string // usernames of members, sorted
	teams    map[string]*team
	nextTeam int64
	invites  []*invite

	scimUsers map[string]*scimUser // by username

	repos map[string]*repo // by "namespace/name"
	audit []auditEvent
	okta  okta
	entra entra
	jobs  []job // pushes to Docker that are not due yet, in order

	scimCalls  []SCIMCall // what the identity providers sent
	pushFaults []PushFault
}

// account is a Docker account. It outlives any membership, and so do its
// repositories.
type account struct {
	id         string // UUID with dashes
	username   string
	email      string
	given      string
	family     string
	registered time.Time
}

func (a *account) fullName() string { return strings.TrimSpace(a.given + " " + a.family) }

// trimmedID is the id as the members API writes it.
func (a *account) trimmedID() string { return strings.ReplaceAll(a.id, "-", "") }

type member struct {
	role   string
	origin Origin
	joined time.Time
}

type team struct {
	id          int64
	uuid        string
	description string
	members     map[string]bool
}

type invite struct {
	id      string
	invitee string
	inviter string
	team    string
	role    string
	created time.Time
}

// scimUser links an account to SCIM. A member without one is not managed.
type scimUser struct {
	id       string
	active   bool
	created  time.Time
	modified time.Time
}

// lock takes the mutex and carries out the pushes that are due.
func (o *org) lock() {
	o.mu.Lock()
	o.settle()
}

// now is the time of what is going on: for a push, the time when it was due and
// not the one when the sandbox was looked at next.
func (o *org) now() time.Time {
	if !o.moment.IsZero() {
		return o.moment
	}
	return o.clock()
}

// addAccount makes a Docker account; the id follows from the username, so that a
// re-created member is the same account.
func (o *org) addAccount(username, email, given, family string, registered time.Time) *account {
	a := &account{id: uuidOf("account", username), username: username, email: email, given: given, family: family, registered: registered}
	o.accounts[username] = a
	o.byEmail[strings.ToLower(email)] = username
	return a
}

// accountFor finds the account with the address or makes one, with a generated
// name that ends in digits, as sign-in and SCIM do.
func (o *org) accountFor(email, given, family string) *account {
	if name, ok := o.byEmail[strings.ToLower(email)]; ok {
		a := o.accounts[name]
		a.given, a.family = cmp.Or(given, a.given), cmp.Or(family, a.family)
		return a
	}
	local, _, _ := strings.Cut(strings.ToLower(email), "@")
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, local)
	h := fnv.New32a()
	_, _ = h.Write([]byte(strings.ToLower(email)))
	digits := h.Sum32() % 10000
	username := fmt.Sprintf("%s%04d", clean, digits)
	for o.accounts[username] != nil || username == o.name {
		digits = (digits + 1) % 10000
		username = fmt.Sprintf("%s%04d", clean, digits)
	}
	return o.addAccount(username, email, given, family, o.now())
}

// isGuest: the address lies outside the organization's verified domain.
func (o *org) isGuest(email string) bool {
	return !strings.HasSuffix(strings.ToLower(email), "@"+o.domain)
}

// join makes the account a member without a team.
func (o *org) join(username, role string, origin Origin, at time.Time) {
	o.members[username] = &member{role: roleMember, origin: origin, joined: at}
	i, _ := slices.BinarySearch(o.order, username)
	o.order = slices.Insert(o.order, i, username)
	o.assumeRole(username, role)
}

// assumeRole sets the role and keeps the team of the owners in step.
func (o *org) assumeRole(username, role string) {
	o.members[username].role = role
	if role == roleOwner {
		o.ensureTeam(teamOwners).members[username] = true
		return
	}
	delete(o.ensureTeam(teamOwners).members, username)
}

// setRole is what an owner does by PUT.
func (o *org) setRole(username, role, actor string) error {
	m := o.members[username]
	switch {
	case m == nil:
		return errNotMember
	case role != roleOwner && role != roleEditor && role != roleMember:
		return errBadRole
	case m.role == role:
		return nil
	case m.role == roleOwner && o.owners() == 1:
		return errLastOwner
	}
	before := m.role
	o.assumeRole(username, role)
	o.record("org.member.role.change", o.name, actor, map[string]string{"member": username, "from": before, "to": role},
		"changed the role of "+username+" from "+before+" to "+role)
	return nil
}

// remove takes a member out of the organization: out of all teams, and out of
// SCIM. The account and its repositories stay.
func (o *org) remove(username, actor string) error {
	m := o.members[username]
	if m == nil {
		return errNotMember
	}
	if m.role == roleOwner && o.owners() == 1 {
		return errLastOwner
	}
	for _, t := range o.teams {
		delete(t.members, username)
	}
	delete(o.members, username)
	delete(o.scimUsers, username)
	if i, found := slices.BinarySearch(o.order, username); found {
		o.order = slices.Delete(o.order, i, i+1)
	}
	o.record("org.member.remove", o.name, actor, map[string]string{"member": username, "email": o.accounts[username].email},
		"removed the member "+username+" from the organization "+o.name)
	return nil
}

func (o *org) owners() int {
	n := 0
	for _, m := range o.members {
		if m.role == roleOwner {
			n++
		}
	}
	return n
}

// ensureTeam finds or makes a team, without a trace in the audit log.
func (o *org) ensureTeam(name string) *team {
	if t := o.teams[name]; t != nil {
		return t
	}
	o.nextTeam++
	t := &team{id: 4000 + o.nextTeam, uuid: uuidOf("team", name), members: map[string]bool{}}
	o.teams[name] = t
	return t
}

func (o *org) createTeam(name, description, actor string) error {
	if o.teams[name] != nil {
		return errTeamExists
	}
	o.ensureTeam(name).description = description
	o.record("org.team.create", name, actor, map[string]string{"team": name}, "created the team "+name)
	return nil
}

func (o *org) deleteTeam(name, actor string) error {
	if o.teams[name] == nil || name == teamOwners {
		return errNoTeam
	}
	delete(o.teams, name)
	for _, r := range o.repos {
		delete(r.permissions, name)
	}
	o.record("org.team.delete", name, actor, map[string]string{"team": name}, "deleted the team "+name)
	return nil
}

func (o *org) teamsOf(username string) []string {
	out := []string{}
	for name, t := range o.teams {
		if t.members[username] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (o *org) addToTeam(name, username, actor string) error {
	t := o.teams[name]
	switch {
	case t == nil:
		return errNoTeam
	case o.members[username] == nil:
		return errNotMember
	case t.members[username]:
		return nil
	}
	t.members[username] = true
	if name == teamOwners {
		o.members[username].role = roleOwner
	}
	o.record("org.team.member.add", username, actor, map[string]string{"team": name}, "added "+username+" to the team "+name)
	return nil
}

func (o *org) removeFromTeam(name, username, actor string) error {
	t := o.teams[name]
	switch {
	case t == nil:
		return errNoTeam
	case !t.members[username]:
		return errNotMember
	case name == teamOwners && o.owners() == 1:
		return errLastOwner
	}
	delete(t.members, username)
	if name == teamOwners {
		o.members[username].role = roleMember
	}
	o.record("org.team.member.remove", username, actor, map[string]string{"team": name}, "removed "+username+" from the team "+name)
	return nil
}

// placeExactly puts the member on these teams and no others, the team of the
// owners apart, which follows the role. Missing teams are made.
func (o *org) placeExactly(username string, names ...string) {
	for name, t := range o.teams {
		if name != teamOwners && !slices.Contains(names, name) {
			delete(t.members, username)
		}
	}
	for _, name := range names {
		if name == "" || name == teamOwners {
			continue
		}
		if o.teams[name] == nil {
			_ = o.createTeam(name, "", o.name) // cannot exist: just looked
		}
		o.teams[name].members[username] = true
	}
}

// invite makes a pending invitation by the owner.
func (o *org) invite(email, team, role string, at time.Time) *invite {
	i := &invite{
		id: uuidOf("invite", strings.ToLower(email)+"/"+team), invitee: email, inviter: ownerUsername,
		team: team, role: cmp.Or(role, roleMember), created: at,
	}
	o.invites = append(o.invites, i)
	return i
}

// Invite makes a pending invitation as the owner, past all clients. Unlike the
// API, which answers existing_org_member, it invites members too: such
// invitations exist, left over from before the person came in another way.
func (s *Sandbox) Invite(email, team, role string) {
	s.org.lock()
	defer s.org.mu.Unlock()
	s.org.invite(email, team, role, s.org.now())
	s.org.record("org.member.invite.send", s.org.name, ownerUsername, map[string]string{"invitee": email}, "invited "+email)
}

func (o *org) cancelInvite(id string) error {
	i := slices.IndexFunc(o.invites, func(i *invite) bool { return i.id == id })
	if i < 0 {
		return errNoInvite
	}
	o.invites = slices.Delete(o.invites, i, i+1)
	return nil
}

// takeInvite removes and returns the pending invitation of the address, nil if there is none.
func (o *org) takeInvite(email string) *invite {
	i := slices.IndexFunc(o.invites, func(i *invite) bool { return strings.EqualFold(i.invitee, email) })
	if i < 0 {
		return nil
	}
	found := o.invites[i]
	o.invites = slices.Delete(o.invites, i, i+1)
	return found
}

// setJIT is the switch on the console page; pressing it in the state that it is
// in already changes nothing and leaves no event.
func (o *org) setJIT(on bool, actor string) {
	if o.jit == on {
		return
	}
	o.jit = on
	word := "disabled"
	if on {
		word = "enabled"
	}
	o.record("enterprise.sso.connection.jit_toggle", o.name, actor,
		map[string]string{"connection": connectionName, "jit_enabled": fmt.Sprint(on)},
		word+" JIT provisioning on the SSO connection "+connectionName)
}

// connectionName is the name of the organization's only SSO connection.
const connectionName = "Okta SAML"

// uuidOf gives a version 4 shaped UUID that is always the same for the same
// thing, so that states of two runs can be compared.
func uuidOf(kind, name string) string {
	h := sha256.Sum256([]byte(kind + "\x00" + name))
	h[6] = h[6]&0x0f | 0x40
	h[8] = h[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}
