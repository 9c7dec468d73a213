package sandbox

import (
	"cmp"
	"fmt"
	"time"
)

// ownerUsername is the organization's only owner, who presses the buttons of the console.
const ownerUsername = "morgan-reyes"

// engineersGroup is the Okta group that grants the Docker application.
const engineersGroup = "Docker Engineers"

// day is a fixed moment of the past. All seeds lie before 2026-11, so that two
// sandboxes begin in the same state whatever their clocks say.
func day(year int, month time.Month, dayOfMonth int) time.Time {
	return time.Date(year, month, dayOfMonth, 9, 30, 0, 0, time.UTC)
}

// scimSince is when the owner switched SCIM on. Whoever joined before is not managed.
var scimSince = day(2024, time.May, 1)

// New makes a sandbox with the seeded organization. What goes wrong while the
// registry is filled is reported by Start.
func New(options Options) *Sandbox {
	if options.Now == nil {
		options.Now = time.Now
	}
	switch {
	case options.Fillers == 0:
		options.Fillers = DefaultFillers
	case options.Fillers < 0:
		options.Fillers = 0
	}
	options.PageSize = cmp.Or(max(options.PageSize, 0), DefaultPageSize)
	s := &Sandbox{
		options: options,
		org:     newOrg(options),
		images:  newImageStore(),
		faults:  &faults{},
		log:     &requestLog{},
		csrf:    newCSRFToken(),
		done:    make(chan struct{}),
	}
	s.sessions.known, s.sessions.steps = map[string]session{}, map[string]identity{}
	s.secrets = newSecrets()
	s.oktaSignIn, s.entraSignIn = s.newOktaSignIn(), s.newEntraSignIn()
	s.seedErr = s.seedRepositories()
	for _, f := range options.Faults {
		s.faults.add(f)
	}
	return s
}

func newOrg(options Options) *org {
	o := &org{
		clock: options.Now, auditDelay: options.AuditDelay, pushDelay: options.PushDelay, logDelay: options.LogDelay,
		name: OrgName, domain: "acme.example", jit: true, scim: true,
		accounts: map[string]*account{}, byEmail: map[string]string{}, members: map[string]*member{},
		teams: map[string]*team{}, scimUsers: map[string]*scimUser{}, repos: map[string]*repo{},
		okta: okta{users: map[string]*oktaUser{}, logins: map[string]string{}, assignments: map[string]*assignment{}},
	}
	o.seedConnection()
	o.seedApps()
	o.seedEntra()
	for _, p := range seededPeople {
		o.seedPerson(p)
	}
	for i := range options.Fillers {
		o.seedPerson(filler(i))
	}
	o.recordAt(day(2026, time.October, 12), "org.member.invite.send", o.name, ownerUsername,
		map[string]string{"invitee": "priya.nair@acme.example", "team": "contractors"}, "invited priya.nair@acme.example")
	o.invite("priya.nair@acme.example", "contractors", roleMember, day(2026, time.October, 12))
	o.recordAt(day(2026, time.November, 16), "org.member.invite.send", o.name, ownerUsername,
		map[string]string{"invitee": "newhire@acme.example"}, "invited newhire@acme.example")
	o.invite("newhire@acme.example", "backend", roleMember, day(2026, time.November, 16))
	return o
}

// seedConnection writes the past of the organization and its SSO connection.
func (o *org) seedConnection() {
	for _, t := range []struct{ name, description string }{
		{teamOwners, "The owners of the organization"},
		{teamCompany, "Everybody whom the identity provider brought in without a team"},
		{"admins", "Keeps the organization running"},
		{"backend", "Services and their images"},
		{"platform", "Clusters and build machines"},
		{"data", "Pipelines and models"},
		{"legacy", "Left from before the reorganization"},
		{"contractors", "People from outside"},
	} {
		o.ensureTeam(t.name).description = t.description
	}
	o.recordAt(day(2020, time.March, 2), "org.create", o.name, ownerUsername, map[string]string{}, "created the organization "+o.name)
	o.recordAt(day(2024, time.April, 10), "org.domain.verify", o.name, ownerUsername, map[string]string{"domain": o.domain}, "verified the domain "+o.domain)
	o.recordAt(day(2024, time.April, 15), "enterprise.sso.connection.create", o.name, ownerUsername,
		map[string]string{"connection": connectionName}, "created the SSO connection "+connectionName)
	o.recordAt(scimSince, "enterprise.sso.connection.scim_toggle", o.name, ownerUsername,
		map[string]string{"connection": connectionName, "scim_enabled": "true"}, "enabled SCIM on the SSO connection "+connectionName)
	o.recordAt(day(2026, time.November, 2), "org.access_token.create", o.name, ownerUsername,
		map[string]string{"label": "reprovision"}, "created the organization access token reprovision")
}

// seedApps makes Okta's applications, the Docker one first, and its groups. A
// second label begins with the same word, as it does in real Okta orgs.
func (o *org) seedApps() {
	created := day(2024, time.April, 12)
	o.okta.apps = []*oktaApp{
		{
			id: oktaID("0oa", "docker"), name: "dockerhub", label: "Docker", signOnMode: "SAML_2_0", created: created,
			features: []string{"PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION", "REACTIVATE_USERS"},
		},
		{id: oktaID("0oa", "docker-desktop"), name: "bookmark", label: "Docker Desktop Downloads", signOnMode: "BOOKMARK", features: []string{}, created: created},
		{id: oktaID("0oa", "jira"), name: "jira_onprem", label: "Jira", signOnMode: "SAML_2_0", features: []string{}, created: created},
	}
	o.okta.groups = []*oktaGroup{
		{
			id: oktaID("00g", "everyone"), name: "Everyone", members: map[string]bool{}, apps: []string{}, profile: map[string]any{},
		},
		{
			id: oktaID("00g", "engineers"), name: engineersGroup, members: map[string]bool{},
			apps:    []string{o.okta.apps[0].id, o.okta.apps[2].id},
			profile: map[string]any{propertyRole: roleEditor, propertyTeam: "platform"},
		},
	}
}

// seed describes a person: what Docker shows, and what Okta would send.
type seed struct {
	username, email, given, family string

	joined time.Time
	role   string
	teams  []string
	origin Origin
	// managed: SCIM provisioned the membership.
	managed bool

	inOkta bool
	scope  string // of the Okta assignment; empty without one
	// pushRole and pushTeam go over SCIM, ssoRole and ssoTeam into the assertion.
	pushRole, pushTeam string
	ssoRole, ssoTeam   string
	// syncState and externalID are what Okta believes of a member who is not managed.
	syncState  string
	externalID bool
}

// seededPeople each tell one story; the first column of comments is what is wrong.
var seededPeople = []seed{
	{ // nothing to be done by SCIM: the last owner, invited before it
		username: ownerUsername, email: "morgan.reyes@acme.example", given: "Morgan", family: "Reyes",
		joined: day(2020, time.March, 2), role: roleOwner, origin: OriginInvite,
		inOkta: true, scope: scopeUser, pushRole: roleOwner, pushTeam: "admins", syncState: "OUT_OF_SYNC",
	},
	{ // nothing: the operator
		username: "alex-kim", email: "alex.kim@acme.example", given: "Alex", family: "Kim",
		joined: day(2024, time.May, 6), role: roleEditor, teams: []string{"admins"}, origin: OriginSCIM, managed: true,
		inOkta: true, scope: scopeUser, pushRole: roleEditor, pushTeam: "admins", ssoRole: roleEditor, ssoTeam: "admins",
	},
	{ // JIT overrides: the assertion carries no values
		username: "jordan-ito", email: "jordan.ito@acme.example", given: "Jordan", family: "Ito",
		joined: day(2024, time.September, 3), role: roleMember, teams: []string{teamCompany}, origin: OriginSCIM, managed: true,
		inOkta: true, scope: scopeUser, pushRole: roleEditor, pushTeam: "platform",
	},
	{ // SCIM does not reach her: invited in 2021; and an invitation is pending
		username: "priya-nair", email: "priya.nair@acme.example", given: "Priya", family: "Nair",
		joined: day(2021, time.June, 14), role: roleMember, teams: []string{"legacy"}, origin: OriginInvite,
		inOkta: true, scope: scopeUser, pushRole: roleEditor, pushTeam: "backend", syncState: "SYNCHRONIZED", externalID: true,
	},
	{ // nothing
		username: "sam-okafor", email: "sam.okafor@acme.example", given: "Sam", family: "Okafor",
		joined: day(2024, time.June, 11), role: roleEditor, teams: []string{"backend"}, origin: OriginSCIM, managed: true,
		inOkta: true, scope: scopeUser, pushRole: roleEditor, pushTeam: "backend", ssoRole: roleEditor, ssoTeam: "backend",
	},
	{ // SCIM does not reach her, and her assignment comes from a group
		username: "lena-fischer", email: "lena.fischer@acme.example", given: "Lena", family: "Fischer",
		joined: day(2022, time.February, 7), role: roleMember, teams: []string{teamCompany}, origin: OriginInvite,
		inOkta: true, scope: scopeGroup, pushRole: roleEditor, pushTeam: "platform", syncState: "OUT_OF_SYNC",
	},
	{ // a guest, whom the IdP does not know
		username: "guest-rivera", email: "guest.rivera@partner.example", given: "Dani", family: "Rivera",
		joined: day(2025, time.January, 20), role: roleMember, teams: []string{"contractors"}, origin: OriginInvite,
	},
	{ // JIT overrides: the assertion carries other values than SCIM
		username: "noor-haddad", email: "noor.haddad@acme.example", given: "Noor", family: "Haddad",
		joined: day(2025, time.March, 17), role: roleMember, teams: []string{"contractors"}, origin: OriginSCIM, managed: true,
		inOkta: true, scope: scopeUser, pushRole: roleEditor, pushTeam: "data", ssoRole: roleMember, ssoTeam: "contractors",
	},
	{ // not assigned in the IdP at all
		username: "theo-brandt", email: "theo.brandt@acme.example", given: "Theo", family: "Brandt",
		joined: day(2023, time.October, 9), role: roleMember, teams: []string{teamCompany}, origin: OriginInvite, inOkta: true,
	},
	{ // invited, not a member yet
		email: "newhire@acme.example", given: "Robin", family: "Vale", inOkta: true,
	},
}

// filler is an ordinary member: managed, and the same in Docker, SCIM and SSO.
func filler(i int) seed {
	teams := []string{"backend", "platform", "data"}
	given := []string{"Ada", "Ben", "Chen", "Dana", "Emil", "Fay", "Gus", "Hana", "Ivo", "June", "Kai", "Lou"}[i%12]
	family := []string{"Abbott", "Berg", "Costa", "Diaz", "Endo", "Frank", "Gupta", "Hall", "Ivanov", "Jansen"}[(i/12+i)%10]
	role := roleMember
	if i%4 == 0 {
		role = roleEditor
	}
	team := teams[i%len(teams)]
	name := fmt.Sprintf("member-%05d", i+1)
	return seed{
		username: name, email: name + "@acme.example", given: given, family: family,
		joined: day(2024, time.May, 7).AddDate(0, 0, i%700), role: role, teams: []string{team}, origin: OriginSCIM, managed: true,
		inOkta: true, scope: scopeUser, pushRole: role, pushTeam: team, ssoRole: role, ssoTeam: team,
	}
}

func (o *org) seedPerson(p seed) {
	if p.username != "" {
		o.seedMember(p)
	}
	if !p.inOkta {
		return
	}
	profile := map[string]any{}
	if p.ssoRole != "" {
		profile["dockerSsoRole"], profile["dockerSsoTeam"] = p.ssoRole, p.ssoTeam
	}
	u := o.okta.addUser(p.email, p.given, p.family, day(2020, time.January, 7), profile)
	o.okta.groups[0].members[u.id] = true
	if p.scope == scopeGroup {
		o.okta.groups[1].members[u.id] = true
	}
	if p.scope != "" {
		o.seedAssignment(p, u)
	}
	o.seedEntraPerson(p)
}

func (o *org) seedMember(p seed) {
	a := o.addAccount(p.username, p.email, p.given, p.family, p.joined.AddDate(-1, 0, 0))
	o.join(p.username, p.role, p.origin, p.joined)
	for _, name := range p.teams {
		o.ensureTeam(name).members[p.username] = true
	}
	actor := ownerUsername
	if p.managed {
		actor = scimActor
		o.scimUsers[p.username] = &scimUser{id: a.id, active: true, created: p.joined, modified: p.joined}
	}
	o.recordAt(p.joined, "org.member.add", o.name, actor, map[string]string{"member": p.username, "email": p.email},
		"added the member "+p.username+" to the organization "+o.name)
}

// seedAssignment gives the Docker application. Okta has a record of creating the
// person in Docker only for those whom SCIM manages.
func (o *org) seedAssignment(p seed, u *oktaUser) {
	assigned := scimSince
	if p.joined.After(scimSince) {
		assigned = p.joined
	}
	a := &assignment{
		scope: p.scope, syncState: cmp.Or(p.syncState, "SYNCHRONIZED"), created: assigned, updated: assigned, userName: p.email,
		profile: map[string]any{"email": p.email, "givenName": p.given, "familyName": p.family, propertyRole: p.pushRole, propertyTeam: p.pushTeam},
	}
	o.okta.setAssignment(u.id, a)
	log := func(eventType, result, reason string) {
		o.okta.events = append(o.okta.events, oktaEvent{at: assigned, eventType: eventType, userID: u.id, result: result, reason: reason})
	}
	log("application.user_membership.add", "SUCCESS", "")
	switch {
	case p.managed:
		a.externalID, a.lastSync = o.scimUsers[p.username].id, assigned
		log("application.provision.user.push", "SUCCESS", "")
	case p.externalID: // Okta believes in a record that SCIM does not list
		a.externalID, a.lastSync = o.accounts[p.username].id, assigned
		log("application.provision.user.push_profile", "SUCCESS", "")
	}
}
