package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// person is what SCIM or an SSO assertion says about someone. Empty role and team
// mean that the attribute was not sent.
type person struct {
	email  string
	given  string
	family string
	role   string
	team   string
}

var (
	errSCIMExists  = errors.New("a user with this userName already exists")
	errSCIMUnknown = errors.New("no such SCIM user")
)

// scimCreate provisions a person. An existing account is attached to the
// organization; a member whom SCIM did not provision stays untouched and unlinked,
// and the answer does not tell.
func (o *org) scimCreate(p person) (*account, error) {
	if name, ok := o.byEmail[strings.ToLower(p.email)]; ok {
		switch {
		case o.scimUsers[name] != nil:
			return o.accounts[name], errSCIMExists
		case o.members[name] != nil:
			return o.accounts[name], nil
		}
	}
	a := o.accountFor(p.email, p.given, p.family)
	o.scimUsers[a.username] = &scimUser{id: a.id, active: true, created: o.now(), modified: o.now()}
	o.attach(a, p)
	return a, nil
}

// scimUpdate changes a managed person; extension tells whether role and team came
// with the request at all.
func (o *org) scimUpdate(username string, p person, active, extension bool) error {
	u := o.scimUsers[username]
	if u == nil {
		return errSCIMUnknown
	}
	a := o.accounts[username]
	if !active {
		if o.members[username] != nil {
			if err := o.remove(username, scimActor); err != nil {
				return err
			}
		}
		u.active, u.modified = false, o.now()
		o.scimUsers[username] = u // remove dropped it; SCIM can re-activate
		return nil
	}
	a.given, a.family = cmp.Or(p.given, a.given), cmp.Or(p.family, a.family)
	u.active, u.modified = true, o.now()
	switch {
	case o.members[username] == nil:
		o.attach(a, p)
	case extension:
		o.applySCIM(username, p)
	}
	return nil
}

// scimActor is who the audit log names for what SCIM does; the real value is not
// known.
const scimActor = "docker-scim"

// attach makes the account a member that SCIM manages.
func (o *org) attach(a *account, p person) {
	o.join(a.username, roleMember, OriginSCIM, o.now())
	o.applySCIM(a.username, p)
	o.record("org.member.add", o.name, scimActor, map[string]string{"member": a.username, "email": a.email},
		"added the member "+a.username+" to the organization "+o.name)
}

// applySCIM puts the values that SCIM carries in force: no role means member, and
// everybody whom SCIM writes is on the team company.
func (o *org) applySCIM(username string, p person) {
	o.overrideRole(username, p.role)
	o.placeExactly(username, teamCompany, p.team)
}

// overrideRole sets the role that an IdP sent, member if it sent none or one
// that does not exist. The last owner keeps theirs.
func (o *org) overrideRole(username, role string) {
	switch role {
	case roleOwner, roleEditor, roleMember:
	default:
		role = roleMember
	}
	if o.members[username].role == roleOwner && role != roleOwner && o.owners() == 1 {
		return
	}
	o.assumeRole(username, role)
}

// signIn is what happens when a person signs in to Docker through SSO.
func (o *org) signIn(email string) error {
	u := o.okta.userByEmail(email)
	if u == nil || o.okta.assignments[u.id] == nil {
		return fmt.Errorf("SSO sign-in of %s: the identity provider has not assigned this person to the Docker application", email)
	}
	p := person{
		email: email, given: u.first, family: u.last,
		role: textOf(u.profile["dockerSsoRole"]), team: textOf(u.profile["dockerSsoTeam"]),
	}
	if e := o.entra.userByMail(email); e != nil && o.entra.claims != nil {
		p.role, p.team = o.entra.claim("dockerRole", e), o.entra.claim("dockerTeam", e)
	}
	a := o.accountFor(p.email, p.given, p.family)
	m := o.members[a.username]
	invited := o.takeInvite(email)
	switch {
	case m == nil && invited != nil:
		o.join(a.username, invited.role, OriginInvite, o.now())
		o.recordJoin(a, a.username)
	case m == nil && o.jit:
		o.join(a.username, roleMember, OriginJIT, o.now())
		o.recordJoin(a, a.username)
	case m == nil:
		return fmt.Errorf("SSO sign-in: User '%s' is not assigned to this SSO organization. Contact your administrator", a.username)
	}
	if invited != nil && invited.team != "" {
		o.ensureTeam(invited.team).members[a.username] = true
	}
	if o.jit {
		o.overrideRole(a.username, p.role)
		o.placeExactly(a.username, cmp.Or(p.team, teamCompany))
	}
	return nil
}

func (o *org) recordJoin(a *account, actor string) {
	o.record("org.member.add", o.name, actor, map[string]string{"member": a.username, "email": a.email},
		"added the member "+a.username+" to the organization "+o.name)
}

// SSOSignIn signs the person with this address in to Docker through SSO, as of
// now: with JIT on the values of the assertion override role and teams.
func (s *Sandbox) SSOSignIn(email string) error {
	s.org.lock()
	defer s.org.mu.Unlock()
	return s.org.signIn(email)
}

// ToggleJIT switches just-in-time provisioning, as the owner does on the console
// page; the audit log shows it after AuditDelay.
func (s *Sandbox) ToggleJIT(on bool) {
	s.org.lock()
	defer s.org.mu.Unlock()
	s.org.setJIT(on, ownerUsername)
}

// jobKind is what an identity provider asks of Docker.
type jobKind int

const (
	jobProvision jobKind = iota
	jobUpdate
	jobDeactivate
	jobEntraCycle // everybody who waits for Entra's job
)

// job is one push to Docker on its way.
type job struct {
	due    time.Time
	kind   jobKind
	userID string
}

// push sends a job on its way; without a delay it arrives at once. Okta sends
// nothing while its provisioning is off.
func (o *org) push(kind jobKind, userID string) {
	if kind != jobEntraCycle && o.okta.off {
		return
	}
	o.jobs = append(o.jobs, job{due: o.now().Add(o.pushDelay), kind: kind, userID: userID})
	o.settle()
}

// settle carries out what is due. Pushes arrive in the order they were sent.
func (o *org) settle() {
	now := o.now()
	for len(o.jobs) > 0 && !o.jobs[0].due.After(now) {
		j := o.jobs[0]
		o.jobs = slices.Delete(o.jobs, 0, 1)
		o.moment = j.due
		switch j.kind {
		case jobProvision:
			o.pushProvision(j.userID)
		case jobUpdate:
			o.pushUpdate(j.userID)
		case jobDeactivate:
			o.pushDeactivate(j.userID)
		case jobEntraCycle:
			o.entraCycle()
		}
		o.moment = time.Time{}
	}
}
