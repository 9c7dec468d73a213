package cmd

import "github.com/seed-05b3d87e/reprovision/engine"

// listed are the systems that the session tells of. An organization has one
// identity provider, so when one is signed in to, the other is not asked for.
// The caller holds the mutex.
func (s *systems) listed() []engine.SystemID {
	out := []engine.SystemID{engine.SystemHub, engine.SystemSCIM}
	_, okta := s.credentials[engine.SystemOkta]
	_, microsoft := s.credentials[engine.SystemEntra]
	switch {
	case okta && !microsoft:
		return append(out, engine.SystemOkta)
	case microsoft && !okta:
		return append(out, engine.SystemEntra)
	}
	return append(out, engine.SystemOkta, engine.SystemEntra)
}
