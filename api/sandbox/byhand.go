package sandbox

import (
	"maps"
	"slices"
)

// AssignByHand assigns a person who is not assigned, as an administrator does in
// Okta's console, with these values of the profile.
func (s *Sandbox) AssignByHand(email string, profile map[string]any) error {
	s.org.lock()
	defer s.org.mu.Unlock()
	u := s.org.okta.userByEmail(email)
	if u == nil {
		return errNoUser
	}
	return s.org.assign(u.id, scopeUser, "", maps.Clone(profile))
}

// AddOktaGroup adds a group that grants the Docker application with the values of the
// engineers' group, puts the person into it, and returns its id. Nothing is pushed if
// they are assigned already.
func (s *Sandbox) AddOktaGroup(name, email string) (string, error) {
	s.org.lock()
	defer s.org.mu.Unlock()
	engineers := s.org.okta.group(oktaID("00g", "engineers"))
	g := &oktaGroup{
		id: oktaID("00g", name), name: name, members: map[string]bool{},
		apps: []string{s.org.okta.dockerApp().id}, profile: maps.Clone(engineers.profile),
	}
	s.org.okta.groups = append(slices.Clip(s.org.okta.groups), g)
	u := s.org.okta.userByEmail(email)
	if u == nil {
		return g.id, errNoUser
	}
	return g.id, s.org.groupAdd(g.id, u.id)
}
