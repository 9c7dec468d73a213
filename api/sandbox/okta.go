package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Scopes of an assignment to an Okta application.
const (
	scopeUser  = "USER"
	scopeGroup = "GROUP"
)

// Names of the application's profile properties for the Docker attributes. They
// are an administrator's choice; what they are for follows from the external name
// in the schema.
const (
	propertyRole = "docker_role"
	propertyTeam = "docker_team"
	propertyOrg  = "docker_org"
)

var (
	errNoUser       = errors.New("no such user")
	errNoGroup      = errors.New("no such group")
	errNoAssignment = errors.New("user is not assigned to the application")
	errByGroup      = errors.New("user is assigned through a group")
)

// okta is the simulated Okta org: its people, groups, applications and log.
type okta struct {
	users       map[string]*oktaUser // by id
	logins      map[string]string    // login in lower case → id
	groups      []*oktaGroup
	apps        []*oktaApp
	assignments map[string]*assignment // to the Docker application, by user id
	assigned    []string               // keys of assignments, sorted
	events      []oktaEvent
	off         bool // provisioning is switched off
	newer       bool // the attribute statements are of the newer kind
	tight       bool // no unassignment while a group grants the application
}

type oktaUser struct {
	id      string
	login   string // also the email address
	first   string
	last    string
	created time.Time
	profile map[string]any // properties beyond login, email and names
}

type oktaGroup struct {
	id      string
	name    string
	members map[string]bool // user ids
	apps    []string        // ids of applications that the group grants
	profile map[string]any  // what the group's assignment to the Docker application sets
}

type oktaApp struct {
	id         string
	name       string
	label      string
	signOnMode string
	features   []string
	created    time.Time
}

type assignment struct {
	scope      string
	externalID string
	syncState  string
	lastSync   time.Time
	created    time.Time
	updated    time.Time
	userName   string
	profile    map[string]any
}

type oktaEvent struct {
	at        time.Time
	eventType string
	userID    string
	result    string // SUCCESS, FAILURE or SKIPPED
	reason    string
}

// oktaID gives an identifier of Okta's shape that is always the same for the same
// thing.
func oktaID(prefix, name string) string {
	return prefix + strings.ReplaceAll(uuidOf(prefix, name), "-", "")[:17]
}

func (k *okta) dockerApp() *oktaApp { return k.apps[0] }

func (k *okta) app(id string) *oktaApp {
	if i := slices.IndexFunc(k.apps, func(a *oktaApp) bool { return a.id == id }); i >= 0 {
		return k.apps[i]
	}
	return nil
}

func (k *okta) group(id string) *oktaGroup {
	if i := slices.IndexFunc(k.groups, func(g *oktaGroup) bool { return g.id == id }); i >= 0 {
		return k.groups[i]
	}
	return nil
}

// user finds by id or login.
func (k *okta) user(ref string) *oktaUser {
	if u := k.users[ref]; u != nil {
		return u
	}
	return k.userByEmail(ref)
}

func (k *okta) userByEmail(email string) *oktaUser { return k.users[k.logins[strings.ToLower(email)]] }

func (k *okta) addUser(login, first, last string, created time.Time, profile map[string]any) *oktaUser {
	u := &oktaUser{id: oktaID("00u", login), login: login, first: first, last: last, created: created, profile: profile}
	k.users[u.id] = u
	k.logins[strings.ToLower(login)] = u.id
	return u
}

func (k *okta) setAssignment(userID string, a *assignment) {
	if k.assignments[userID] == nil {
		i, _ := slices.BinarySearch(k.assigned, userID)
		k.assigned = slices.Insert(k.assigned, i, userID)
	}
	k.assignments[userID] = a
}

func (k *okta) dropAssignment(userID string) {
	delete(k.assignments, userID)
	if i, found := slices.BinarySearch(k.assigned, userID); found {
		k.assigned = slices.Delete(k.assigned, i, i+1)
	}
}

// grants returns the first group of the person that grants the Docker application.
func (k *okta) grants(userID string) *oktaGroup {
	for _, g := range k.groups {
		if g.members[userID] && slices.Contains(g.apps, k.dockerApp().id) {
			return g
		}
	}
	return nil
}

// assign gives a person the Docker application (again) and provisions them. An
// existing assignment is changed instead: its scope and, property by property,
// its profile.
func (o *org) assign(userID, scope, userName string, profile map[string]any) error {
	u := o.okta.users[userID]
	if u == nil {
		return errNoUser
	}
	if o.okta.assignments[userID] != nil {
		return o.updateAssignment(userID, scope, profile)
	}
	if scope == scopeGroup && o.okta.grants(userID) == nil {
		return errNoGroup
	}
	if profile == nil {
		profile = map[string]any{}
	}
	now := o.now()
	a := &assignment{
		scope: cmp.Or(scope, scopeUser), syncState: "SYNCING", created: now, updated: now,
		userName: cmp.Or(userName, u.login), profile: maps.Clone(profile),
	}
	setDefault(a.profile, "email", u.login)
	setDefault(a.profile, "givenName", u.first)
	setDefault(a.profile, "familyName", u.last)
	o.okta.setAssignment(userID, a)
	o.oktaLog("application.user_membership.add", userID, "SUCCESS", "")
	o.push(jobProvision, userID)
	return nil
}

func setDefault(m map[string]any, key, value string) {
	if _, ok := m[key]; !ok {
		m[key] = value
	}
}

// updateAssignment converts between the scopes, or changes the profile and pushes it.
func (o *org) updateAssignment(userID, scope string, profile map[string]any) error {
	a := o.okta.assignments[userID]
	switch {
	case o.okta.users[userID] == nil:
		return errNoUser
	case a == nil:
		return errNoAssignment
	case scope == scopeGroup && o.okta.grants(userID) == nil:
		return errNoGroup
	}
	a.scope, a.updated = cmp.Or(scope, a.scope), o.now()
	if profile == nil {
		return nil
	}
	maps.Copy(a.profile, profile)
	a.syncState = "SYNCING"
	o.push(jobUpdate, userID)
	return nil
}

// unassign takes the Docker application from a person who has it individually,
// which deactivates them over SCIM.
func (o *org) unassign(userID string) error {
	a := o.okta.assignments[userID]
	switch {
	case a == nil:
		return errNoAssignment
	case a.scope == scopeGroup, o.okta.tight && o.okta.grants(userID) != nil:
		return errByGroup
	}
	o.dropAssignment(userID)
	return nil
}

// SwitchOktaProvisioning switches the Docker application's provisioning in
// Okta, as its Provisioning tab does. While it is off nothing is sent.
func (s *Sandbox) SwitchOktaProvisioning(on bool) {
	s.org.lock()
	defer s.org.mu.Unlock()
	s.org.okta.off = !on
}

// AddOktaApp adds an application of that label, to which nobody is assigned and
// which provisions nothing, and returns its id.
func (s *Sandbox) AddOktaApp(label string) string {
	s.org.lock()
	defer s.org.mu.Unlock()
	a := &oktaApp{
		id: oktaID("0oa", fmt.Sprint(label, len(s.org.okta.apps))), name: "dockerhub", label: label, signOnMode: "SAML_2_0",
		features: []string{}, created: s.org.now(),
	}
	s.org.okta.apps = append(s.org.okta.apps, a)
	return a.id
}

// RenameOktaApp gives the Docker application another label.
func (s *Sandbox) RenameOktaApp(label string) {
	s.org.lock()
	defer s.org.mu.Unlock()
	s.org.okta.dockerApp().label = label
}

// SetOktaProfile sets a property of the person's application profile, such as
// "docker_org", as an administrator does at the assignment.
func (s *Sandbox) SetOktaProfile(email, property, value string) error {
	s.org.lock()
	defer s.org.mu.Unlock()
	u := s.org.okta.userByEmail(email)
	if u == nil {
		return errNoUser
	}
	return s.org.updateAssignment(u.id, "", map[string]any{property: value})
}

// MatchSSO makes sign-in carry what SCIM sends about the person, as an
// administrator does in the consoles of Okta and Entra.
func (s *Sandbox) MatchSSO(email string) error {
	s.org.lock()
	defer s.org.mu.Unlock()
	u := s.org.okta.userByEmail(email)
	if u == nil || s.org.okta.assignments[u.id] == nil {
		return errNoAssignment
	}
	p := s.org.okta.assignments[u.id].profile
	u.profile["dockerSsoRole"], u.profile["dockerSsoTeam"] = p[propertyRole], p[propertyTeam]
	if e := s.org.entra.userByMail(email); e != nil {
		e.ssoRole, e.ssoTeam = textOf(p[propertyRole]), textOf(p[propertyTeam])
	}
	return nil
}

// PushByHand assigns the person anew, as an administrator does in the console
// of an identity provider.
func (s *Sandbox) PushByHand(email string) error {
	s.org.lock()
	defer s.org.mu.Unlock()
	u := s.org.okta.userByEmail(email)
	if u == nil || s.org.okta.assignments[u.id] == nil {
		return errNoAssignment
	}
	a := *s.org.okta.assignments[u.id]
	s.org.dropAssignment(u.id)
	return s.org.assign(u.id, a.scope, a.userName, a.profile)
}

// HoldGroupAssignments makes Okta refuse to unassign anybody whose group grants
// the application, even when their assignment is an individual one. Reports of
// Okta's API contradict each other in this.
func (s *Sandbox) HoldGroupAssignments(hold bool) {
	s.org.lock()
	defer s.org.mu.Unlock()
	s.org.okta.tight = hold
}

func (o *org) dropAssignment(userID string) {
	o.okta.dropAssignment(userID)
	o.oktaLog("application.user_membership.remove", userID, "SUCCESS", "")
	o.push(jobDeactivate, userID)
}

// groupFor returns the group, or an error if it or the person does not exist.
func (o *org) groupFor(groupID, userID string) (*oktaGroup, error) {
	g := o.okta.group(groupID)
	switch {
	case g == nil:
		return nil, errNoGroup
	case o.okta.users[userID] == nil:
		return nil, errNoUser
	}
	return g, nil
}

// groupAdd puts a person into a group, and so gives them what it grants.
func (o *org) groupAdd(groupID, userID string) error {
	g, err := o.groupFor(groupID, userID)
	if err != nil || g.members[userID] {
		return err
	}
	g.members[userID] = true
	if slices.Contains(g.apps, o.okta.dockerApp().id) && o.okta.assignments[userID] == nil {
		return o.assign(userID, scopeGroup, "", g.profile)
	}
	return nil
}

func (o *org) groupRemove(groupID, userID string) error {
	g, err := o.groupFor(groupID, userID)
	if err != nil || !g.members[userID] {
		return err
	}
	delete(g.members, userID)
	a := o.okta.assignments[userID]
	if a != nil && a.scope == scopeGroup && o.okta.grants(userID) == nil {
		o.dropAssignment(userID)
	}
	return nil
}

// pushProvision is the POST (or, for a user that SCIM knows, PUT) that Okta sends
// after an assignment.
func (o *org) pushProvision(userID string) {
	a := o.okta.assignments[userID]
	if a == nil {
		return // unassigned again before the push was due
	}
	p := o.personOf(userID, a)
	o.looked(idpOkta, p.email)
	if name, ok := o.byEmail[strings.ToLower(p.email)]; ok && o.scimUsers[name] != nil {
		a.externalID = o.scimUsers[name].id
		o.synced(userID, a, "application.provision.user.reactivate", o.idpUpdate(idpOkta, userID, name, p))
		return
	}
	account, err := o.idpCreate(idpOkta, userID, p)
	if err != nil {
		o.synced(userID, a, "application.provision.user.push", err)
		return
	}
	a.externalID = account.id
	if o.scimUsers[account.username] == nil {
		// Docker says yes and does nothing for a member it does not manage.
		a.syncState, a.lastSync = "SYNCHRONIZED", o.now()
		o.oktaLog("application.provision.user.push", userID, "SKIPPED", "A user with this userName is already present in the application")
		return
	}
	o.synced(userID, a, "application.provision.user.push", nil)
}

// pushUpdate is the PUT that Okta sends after a change of the profile.
func (o *org) pushUpdate(userID string) {
	a := o.okta.assignments[userID]
	if a == nil {
		return
	}
	p := o.personOf(userID, a)
	name := o.byEmail[strings.ToLower(p.email)]
	switch {
	case o.scimUsers[name] != nil:
		o.synced(userID, a, "application.provision.user.push_profile", o.idpUpdate(idpOkta, userID, name, p))
	case o.members[name] != nil: // not managed: accepted, and without effect
		o.synced(userID, a, "application.provision.user.push_profile", nil)
	default:
		o.synced(userID, a, "application.provision.user.push_profile", errSCIMUnknown)
	}
}

// pushDeactivate is the PUT with active false after an unassignment. It reaches
// only a person whom SCIM manages.
func (o *org) pushDeactivate(userID string) {
	u := o.okta.users[userID]
	name := o.byEmail[strings.ToLower(u.login)]
	if scim := o.scimUsers[name]; scim == nil || !scim.active {
		o.oktaLog("application.provision.user.deactivate", userID, "SKIPPED", "The user is not known to the application")
		return
	}
	if err := o.idpDeactivate(idpOkta, userID, name); err != nil {
		o.oktaLog("application.provision.user.deactivate", userID, "FAILURE", err.Error())
		return
	}
	o.oktaLog("application.provision.user.deactivate", userID, "SUCCESS", "")
}

func (o *org) synced(userID string, a *assignment, eventType string, err error) {
	if err != nil {
		a.syncState = "ERROR"
		o.oktaLog(eventType, userID, "FAILURE", fmt.Sprintf("Error reported by the application: %v", err))
		return
	}
	a.syncState, a.lastSync = "SYNCHRONIZED", o.now()
	o.oktaLog(eventType, userID, "SUCCESS", "")
}

// personOf is what Okta sends for an assignment. An organization other than this
// one in the profile is not simulated.
func (o *org) personOf(userID string, a *assignment) person {
	u := o.okta.users[userID]
	return person{
		email:  a.userName,
		given:  cmp.Or(textOf(a.profile["givenName"]), u.first),
		family: cmp.Or(textOf(a.profile["familyName"]), u.last),
		role:   textOf(a.profile[propertyRole]),
		team:   textOf(a.profile[propertyTeam]),
	}
}

func (o *org) oktaLog(eventType, userID, result, reason string) {
	o.okta.events = append(o.okta.events, oktaEvent{at: o.now(), eventType: eventType, userID: userID, result: result, reason: reason})
}

// oktaEvents returns the log about one person or everybody, oldest first, as the
// System Log API does by default.
func (o *org) oktaEvents(userID, eventType string, since, until time.Time) []oktaEvent {
	var out []oktaEvent
	for _, e := range o.okta.events {
		switch {
		case userID != "" && e.userID != userID,
			eventType != "" && e.eventType != eventType,
			!since.IsZero() && e.at.Before(since),
			!until.IsZero() && e.at.After(until):
			continue
		}
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(a, b oktaEvent) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	return out
}

func textOf(v any) string {
	s, _ := v.(string)
	return s
}
