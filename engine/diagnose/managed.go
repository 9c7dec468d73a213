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
	var v Verdict
	var managed, unmanaged int // sums of weights: 2 for a strong signal, 1 for a medium one
	note := func(id engine.FactID, text string) { v.Evidence = append(v.Evidence, c.Evidence(id, text)) }

	if c.Sources[engine.FactSCIMUser].Known() {
		switch {
		case c.SCIMUser.Found && c.SCIMUser.Active:
			managed++
			note(engine.FactSCIMUser, "SCIM has a record for "+c.SCIMUser.UserName)
		case c.SCIMUser.Found:
			// SCIM deactivated them, and something else added them again.
			unmanaged++
			note(engine.FactSCIMUser, "SCIM has a record for "+c.SCIMUser.UserName+", but it is deactivated, and yet they are a member")
		default:
			unmanaged += 2
			note(engine.FactSCIMUser, "SCIM has no record for "+c.Member.Email)
		}
	} else if m := c.Sources[engine.FactSCIMUser].Missing; m != "" {
		note(engine.FactSCIMUser, "SCIM could not be asked: "+m)
	}

	since := c.Audit.SCIMEnabledSince()
	if !since.IsZero() && !c.Member.Joined.IsZero() {
		if c.Member.Joined.Before(since) {
			unmanaged++
			note(engine.FactMember, fmt.Sprintf("joined %s, before SCIM was first switched (%s)", day(c.Member.Joined), day(since)))
		} else {
			managed++
			note(engine.FactMember, fmt.Sprintf("joined %s, after SCIM was first switched (%s)", day(c.Member.Joined), day(since)))
		}
	}

	if c.Sources[engine.FactExpectation].Known() && c.Expected.Assigned && !c.Expected.Stated {
		switch {
		case c.Expected.ExternalID == "" && c.Expected.LinkUnread:
			note(engine.FactExpectation, "the identity provider does not tell whether it is linked to a Docker account")
		case c.Expected.ExternalID == "":
			unmanaged++
			note(engine.FactExpectation, "the identity provider has never linked the assignment to a Docker account")
		case c.SCIMUser.Found && c.Expected.ExternalID == c.SCIMUser.ID:
			managed += 2
			note(engine.FactExpectation, "the identity provider is linked to exactly this SCIM record")
		case c.Sources[engine.FactSCIMUser].Known() && c.Expected.ExternalID != c.SCIMUser.ID:
			unmanaged++
			text := "the identity provider refers to a SCIM record that Docker does not have"
			if c.SCIMUser.Found {
				text = "the identity provider is linked to a SCIM record that is not this one"
			}
			note(engine.FactExpectation, text+" ("+c.Expected.ExternalID+"): what it sends goes nowhere")
		}
	}

	switch c.SaidManaged() {
	case "yes":
		managed += 2
		v.Evidence = append(v.Evidence, engine.Evidence{Text: "the owner says that SCIM manages them", Source: "the owner", At: c.Answers[engine.AskManaged].At})
	case "no":
		unmanaged += 2
		v.Evidence = append(v.Evidence, engine.Evidence{Text: "the owner says that SCIM does not manage them", Source: "the owner", At: c.Answers[engine.AskManaged].At})
	}

	v.State, v.Strength = weigh(managed, unmanaged)
	return v
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
