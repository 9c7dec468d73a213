package cmd

import "github.com/seed-05b3d87e/reprovision/engine"

// listed are the systems that the session tells of. An organization has one
// identity provider, so when one is signed in to, the other is not asked for.
// The caller holds the mutex.
func (s *systems) listed() []engine.SystemID {
	out := []engine.SystemID{engine.SystemHub, engine.SystemSCIM}
	okta, microsoft := s.given(engine.SystemOkta), s.given(engine.SystemEntra)
	switch {
	case okta && !microsoft:
		return append(out, engine.SystemOkta)
	case microsoft && !okta:
		return append(out, engine.SystemEntra)
	}
	return append(out, engine.SystemOkta, engine.SystemEntra)
}

// given reports whether somebody signed in there, or is about to.
func (s *systems) given(id engine.SystemID) bool {
	_, ok := s.credentials[id]
	return ok || s.doubts[id] != nil
}
