package diagnose

import (
	"fmt"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// Verdict says whether SCIM manages the person. No field of Docker's API says so, so it
// is concluded from signals; State may be SwitchUnknown.
type Verdict struct {
	State    engine.Switch
	Strength engine.Strength
	Evidence []engine.Evidence
}

// Managed weighs the signals. The evidence lists all of them, whichever way they point.
func Managed(c engine.Case) Verdict {
	s := signals{c: c}
	s.record()
	s.joined()
	s.link()
	s.answer()
	state, strength := weigh(s.managed, s.unmanaged)
	return Verdict{State: state, Strength: strength, Evidence: s.evidence}
}

// signals collects the signals of a case. The weights are 2 for a strong signal and 1 for
// a medium one.
type signals struct {
	c                  engine.Case
	managed, unmanaged int // sums of weights
	evidence           []engine.Evidence
}

func (s *signals) note(id engine.FactID, text string) {
	s.evidence = append(s.evidence, s.c.Evidence(id, text))
}

// record weighs the member's record in SCIM.
func (s *signals) record() {
	source, user := s.c.Sources[engine.FactSCIMUser], s.c.SCIMUser
	switch {
	case !source.Known():
		if source.Missing != "" {
			s.note(engine.FactSCIMUser, "SCIM could not be asked: "+source.Missing)
		}
	case user.Found && user.Active:
		s.managed++
		s.note(engine.FactSCIMUser, "SCIM has a record for "+user.UserName)
	case user.Found:
		// SCIM deactivated them, and something else added them again.
		s.unmanaged++
		s.note(engine.FactSCIMUser, "SCIM has a record for "+user.UserName+", but it is deactivated, and yet they are a member")
	default:
		s.unmanaged += 2
		s.note(engine.FactSCIMUser, "SCIM has no record for "+s.c.Member.Email)
	}
}

// joined compares when the member joined with when SCIM was first switched.
func (s *signals) joined() {
	since, joined := s.c.Audit.SCIMEnabledSince(), s.c.Member.Joined
	switch {
	case since.IsZero() || joined.IsZero():
	case joined.Before(since):
		s.unmanaged++
		s.note(engine.FactMember, fmt.Sprintf("joined %s, before SCIM was first switched (%s)", day(joined), day(since)))
	default:
		s.managed++
		s.note(engine.FactMember, fmt.Sprintf("joined %s, after SCIM was first switched (%s)", day(joined), day(since)))
	}
}

// link weighs which SCIM record the identity provider has stored for the member.
func (s *signals) link() {
	e, user := s.c.Expected, s.c.SCIMUser
	if !s.c.Sources[engine.FactExpectation].Known() || !e.Assigned || e.Stated {
		return
	}
	switch {
	case e.ExternalID == "" && e.LinkUnread:
		s.note(engine.FactExpectation, "the identity provider does not tell whether it is linked to a Docker account")
	case e.ExternalID == "":
		s.unmanaged++
		s.note(engine.FactExpectation, "the identity provider has never linked the assignment to a Docker account")
	case user.Found && e.ExternalID == user.ID:
		s.managed += 2
		s.note(engine.FactExpectation, "the identity provider is linked to exactly this SCIM record")
	case s.c.Sources[engine.FactSCIMUser].Known() && e.ExternalID != user.ID:
		s.unmanaged++
		text := "the identity provider refers to a SCIM record that Docker does not have"
		if user.Found {
			text = "the identity provider is linked to a SCIM record that is not this one"
		}
		s.note(engine.FactExpectation, text+" ("+e.ExternalID+"): what it sends goes nowhere")
	}
}

// answer weighs what the owner says.
func (s *signals) answer() {
	var text string
	switch s.c.SaidManaged() {
	case "yes":
		s.managed += 2
		text = "the owner says that SCIM manages them"
	case "no":
		s.unmanaged += 2
		text = "the owner says that SCIM does not manage them"
	default:
		return
	}
	s.evidence = append(s.evidence, engine.Evidence{Text: text, Source: "the owner", At: s.c.Answers[engine.AskManaged].At})
}

// weigh requires a clear majority: contradictory signals give SwitchUnknown.
func weigh(managed, unmanaged int) (engine.Switch, engine.Strength) {
	switch d := managed - unmanaged; {
	case d >= 2 && unmanaged == 0:
		return engine.SwitchOn, engine.Certain
	case d >= 2:
		return engine.SwitchOn, engine.Likely
	case d <= -2 && managed == 0 && unmanaged >= 3:
		return engine.SwitchOff, engine.Certain
	case d <= -2:
		return engine.SwitchOff, engine.Likely
	}
	return engine.SwitchUnknown, engine.Unknown
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
