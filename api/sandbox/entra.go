package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The applications of the Entra tenant. Sign-in is by OIDC, so provisioning
// needs an application of its own (Docker, "Set up SCIM").
const (
	entraSignInApp = "Docker"
	entraSCIMApp   = "Docker SCIM"
	entraOtherApp  = "Docker Desktop Downloads"
)

// entra is the simulated Entra tenant: its people, groups, the application
// that provisions Docker, its job and the job's log. The people are Okta's.
type entra struct {
	users      []*entraUser
	groups     []*entraGroup
	grants     []*entraGrant
	events     []entraEvent
	stopped    bool
	quarantine *entraQuarantine
	filter     *entraFilter
	claims     map[string]string // of the claims mapping policy: claim → property of the user; nil without one
	demands    []time.Time       // when provisionOnDemand was called, oldest first
}

type entraUser struct {
	id         string
	principal  string // also the mail address
	first      string
	last       string
	department string
	team       string // extensionAttribute1
	ssoRole    string // extensionAttribute2
	ssoTeam    string // extensionAttribute3
	linked     string // the SCIM id that the job knows
}

type entraGroup struct {
	id      string
	name    string
	members map[string]bool // user ids
}

// entraGrant gives an app role to a person or a group.
type entraGrant struct {
	id        string
	principal string // id of a user or group
	group     bool
	role      string // value of the app role
}

type entraQuarantine struct{ reason, code, message string }

// entraFilter is the only clause of the scoping filter.
type entraFilter struct{ attribute, value string }

// entraEvent is an entry of the provisioning log.
type entraEvent struct {
	at, visible time.Time
	user        *entraUser
	target      string // SCIM id
	outcome     entraOutcome
}

// entraOutcome is how the provisioning of one person went.
type entraOutcome struct {
	result string // Success, Skipped, Failure
	action string // Create, Update, Other
	code   string
	reason string
	steps  []entraStep
}

type entraStep struct{ name, kind, status, description string }

func (t *entra) user(id string) *entraUser {
	i := slices.IndexFunc(t.users, func(u *entraUser) bool { return u.id == id })
	if i < 0 {
		return nil
	}
	return t.users[i]
}

func (t *entra) userByMail(mail string) *entraUser {
	i := slices.IndexFunc(t.users, func(u *entraUser) bool { return strings.EqualFold(u.principal, mail) })
	if i < 0 {
		return nil
	}
	return t.users[i]
}

func (t *entra) group(id string) *entraGroup {
	i := slices.IndexFunc(t.groups, func(g *entraGroup) bool { return g.id == id })
	if i < 0 {
		return nil
	}
	return t.groups[i]
}

// grantsOf are a person's own, and those of groups that they are in directly.
func (t *entra) grantsOf(u *entraUser) []*entraGrant {
	var out []*entraGrant
	for _, g := range t.grants {
		if g.principal == u.id || (g.group && t.group(g.principal).members[u.id]) {
			out = append(out, g)
		}
	}
	return out
}

func (t *entra) jobCode() string {
	switch {
	case t.quarantine != nil:
		return "Quarantine"
	case t.stopped:
		return "Paused"
	}
	return "Active"
}

func (t *entra) state() Entra {
	out := Entra{Job: t.jobCode(), Grants: []EntraGrant{}}
	for _, g := range t.grants {
		grant := EntraGrant{Group: g.group, Role: g.role}
		if g.group {
			grant.Principal = t.group(g.principal).name
		} else {
			grant.Principal = t.user(g.principal).principal
		}
		out.Grants = append(out.Grants, grant)
	}
	slices.SortFunc(out.Grants, func(a, b EntraGrant) int { return strings.Compare(a.Principal, b.Principal) })
	return out
}

func (o *org) seedEntra() {
	o.entra.groups = []*entraGroup{{id: uuidOf("entra-group", engineersGroup), name: engineersGroup, members: map[string]bool{}}}
	o.entra.grants = []*entraGrant{{id: uuidOf("entra-grant", engineersGroup), principal: o.entra.groups[0].id, group: true, role: roleEditor}}
}

// seedEntraPerson mirrors somebody whom Okta knows: the same assignment, the
// same values.
func (o *org) seedEntraPerson(p seed) {
	u := &entraUser{id: uuidOf("entra-user", p.email), principal: p.email, first: p.given, last: p.family, department: "Engineering", team: p.pushTeam, ssoRole: p.ssoRole, ssoTeam: p.ssoTeam}
	o.entra.users = append(o.entra.users, u)
	if p.managed {
		u.linked = o.scimUsers[p.username].id
	}
	switch p.scope {
	case scopeUser:
		o.entra.grants = append(o.entra.grants, &entraGrant{id: uuidOf("entra-grant", p.email), principal: u.id, role: p.pushRole})
	case scopeGroup:
		o.entra.groups[0].members[u.id] = true
	}
}

// Quarantine puts Entra's provisioning job into quarantine for a reason of
// Graph's list, such as EncounteredQuarantineException, with its error. An
// empty reason lifts it.
func (s *Sandbox) Quarantine(reason, code, message string) {
	s.org.lock()
	defer s.org.mu.Unlock()
	s.org.entra.quarantine = nil
	if reason != "" {
		s.org.entra.quarantine = &entraQuarantine{reason, code, message}
	}
}

// StopEntraJob switches Entra's provisioning off, or on again.
func (s *Sandbox) StopEntraJob(stop bool) {
	s.org.lock()
	defer s.org.mu.Unlock()
	s.org.entra.stopped = stop
}

// ScopeEntra sets a scoping filter: only people of whom the attribute
// ("department" or "userPrincipalName") equals the value are provisioned. An
// empty attribute removes it.
func (s *Sandbox) ScopeEntra(attribute, value string) {
	s.org.lock()
	defer s.org.mu.Unlock()
	s.org.entra.filter = nil
	if attribute != "" {
		s.org.entra.filter = &entraFilter{attribute, value}
	}
}

// AssignEntraClaims gives the application for sign-in a claims mapping policy:
// each claim of SAML with the property of the user that it carries, such as
// "extensionattribute2", or with a constant after "=". People sign in by SAML then, with these claims. Nil
// takes the policy away.
func (s *Sandbox) AssignEntraClaims(claims map[string]string) {
	s.org.lock()
	defer s.org.mu.Unlock()
	s.org.entra.claims = claims
}

// claim is what the policy puts into the person's assertion.
func (t *entra) claim(name string, u *entraUser) string {
	if constant, ok := strings.CutPrefix(t.claims[name], "="); ok {
		return constant
	}
	switch strings.ToLower(t.claims[name]) {
	case "extensionattribute1":
		return u.team
	case "extensionattribute2":
		return u.ssoRole
	case "extensionattribute3":
		return u.ssoTeam
	}
	return ""
}

// lets reports whether the scoping filter lets the person through.
func (f *entraFilter) lets(u *entraUser) bool {
	switch {
	case f == nil:
		return true
	case f.attribute == "department":
		return u.department == f.value
	}
	return u.principal == f.value
}

// The limit of provisionOnDemand (Microsoft Graph).
const (
	entraDemandMost   = 5
	entraDemandWithin = 10 * time.Second
)

// demand counts a provisionOnDemand, and says how long to wait if it is one
// too many.
func (o *org) demand() time.Duration {
	now := o.now()
	t := &o.entra
	for len(t.demands) > 0 && now.Sub(t.demands[0]) >= entraDemandWithin {
		t.demands = t.demands[1:]
	}
	if len(t.demands) >= entraDemandMost {
		return entraDemandWithin - now.Sub(t.demands[0])
	}
	t.demands = append(t.demands, now)
	return 0
}

// provision is what the provisioning service does for one person, with each
// step told, and an entry in the log that arrives late.
func (o *org) provision(u *entraUser) entraOutcome {
	out := o.provisionSteps(u)
	o.entra.events = append(o.entra.events, entraEvent{at: o.now(), visible: o.now().Add(o.logDelay), user: u, target: u.linked, outcome: out})
	return out
}

func (o *org) provisionSteps(u *entraUser) entraOutcome {
	out := entraOutcome{action: "Other"}
	step := func(name, kind, status, description string) {
		out.steps = append(out.steps, entraStep{name, kind, status, description})
	}
	end := func(result, code, reason string) entraOutcome {
		out.result, out.code, out.reason = result, code, reason
		return out
	}
	step("EntryImport", "Import", "Success", "Retrieved User '"+u.principal+"' from Microsoft Entra ID")
	if q := o.entra.quarantine; q != nil {
		step("EntryImport", "Matching", "Failure", "The target system could not be reached: the job is in quarantine")
		return end("Failure", q.code, "The job is in quarantine ("+q.reason+"): "+q.message)
	}
	grants := o.entra.grantsOf(u)
	switch {
	case len(grants) == 0:
		step("EntrySynchronizationScoping", "Scoping", "Skipped", "The User is not assigned to the application")
		return end("Skipped", "NotEffectivelyEntitled", "This object is not assigned to the application, so it does not have the required entitlement for provisioning.")
	case !o.entra.filter.lets(u):
		f := o.entra.filter
		step("EntrySynchronizationScoping", "Scoping", "Skipped", "The User does not pass the scoping filter "+f.attribute+" EQUALS "+f.value)
		return end("Skipped", "NotInScope", "This object does not pass the scoping filter.")
	}
	step("EntrySynchronizationScoping", "Scoping", "Success", "The User is in scope")

	p := person{email: u.principal, given: u.first, family: u.last, team: u.team, role: grants[0].role}
	o.looked(idpEntra, p.email)
	username := o.byEmail[strings.ToLower(p.email)]
	var err error
	if known := o.scimUsers[username]; known != nil {
		out.action, u.linked = "Update", known.id
		step("EntryImport", "Matching", "Success", "Retrieved '"+u.principal+"' from customappsso")
		if o.sameAsSent(username, p) {
			step("EntrySynchronizationSkip", "Export", "Skipped", "The state of the user in both the source and target systems already match")
			return end("Skipped", "RedundantExport", "The state of the user in both the source and target systems already match.")
		}
		err = o.idpUpdate(idpEntra, u.id, username, p)
	} else {
		out.action = "Create"
		step("EntrySynchronizationAdd", "Matching", "Success", "No matching User was found in customappsso; it will be created")
		var a *account
		if a, err = o.idpCreate(idpEntra, u.id, p); err == nil {
			u.linked = a.id
		}
	}
	if err != nil {
		step("EntryExport", "Export", "Failure", "Failed to write User '"+u.principal+"' in customappsso")
		return end("Failure", entraCode(err), "The application answered with an error: "+err.Error())
	}
	step("EntryExport", "Export", "Success", "User '"+u.principal+"' was written in customappsso")
	return end("Success", "", "")
}

// sameAsSent reports whether Docker has what a push would write.
func (o *org) sameAsSent(username string, p person) bool {
	m, a := o.members[username], o.accounts[username]
	if m == nil || a.given != p.given || a.family != p.family || m.role != cmp.Or(p.role, roleMember) {
		return false
	}
	return p.team == "" || o.teams[p.team] != nil && o.teams[p.team].members[username]
}

func entraCode(err error) string {
	var refused *pushError
	switch {
	case !errors.As(err, &refused):
		return "SystemForCrossDomainIdentityManagementBadResponse"
	case refused.status == http.StatusUnauthorized:
		return "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable"
	}
	return fmt.Sprintf("SystemForCrossDomainIdentityManagementStatus%d", refused.status)
}

// startEntra starts the job: it clears a quarantine and processes whoever
// waits, after the usual delay.
func (o *org) startEntra() {
	o.entra.quarantine, o.entra.stopped = nil, false
	o.push(jobEntraCycle, "")
}

// entraCycle provisions everybody in scope who is not a member. Docker's not
// taking the token puts the job into quarantine.
func (o *org) entraCycle() {
	for _, u := range o.entra.users {
		name := o.byEmail[strings.ToLower(u.principal)]
		if len(o.entra.grantsOf(u)) == 0 || o.members[name] != nil {
			continue
		}
		if out := o.provision(u); strings.Contains(out.code, "Credential") {
			o.entra.quarantine = &entraQuarantine{"EncounteredQuarantineException", out.code, out.reason}
			return
		}
	}
}
