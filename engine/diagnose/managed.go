package diagnose

import (
	"fmt"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// Verdict says whether SCIM manages the person. No field of Docker's API tells
// it, so it is concluded from signals; SwitchUnknown is an honest answer.
type Verdict struct {
	State    engine.Switch
	Strength engine.Strength
	Evidence []engine.Evidence
}

// Managed weighs the signals. Each is listed whichever way it points.
func Managed(c engine.Case) Verdict {
	var v Verdict
	var against, for_ int // weights: 2 strong, 1 medium
	note := func(id engine.FactID, text string) { v.Evidence = append(v.Evidence, c.Evidence(id, text)) }

	if c.Sources[engine.FactSCIMUser].Known() {
		switch {
		case c.SCIMUser.Found && c.SCIMUser.Active:
			for_++
			note(engine.FactSCIMUser, "SCIM has a record for "+c.SCIMUser.UserName)
		case c.SCIMUser.Found:
			// SCIM took them out, and something else let them in again.
			against++
			note(engine.FactSCIMUser, "SCIM has a record for "+c.SCIMUser.UserName+", but it is deactivated, and yet they are a member")
		default:
			against += 2
			note(engine.FactSCIMUser, "SCIM has no record for "+c.Member.Email)
		}
	} else if m := c.Sources[engine.FactSCIMUser].Missing; m != "" {
		note(engine.FactSCIMUser, "SCIM could not be asked: "+m)
	}

	since := c.Audit.SCIMEnabledSince()
	if !since.IsZero() && !c.Member.Joined.IsZero() {
		if c.Member.Joined.Before(since) {
			against++
			note(engine.FactMember, fmt.Sprintf("joined %s, before SCIM was first switched (%s)", day(c.Member.Joined), day(since)))
		} else {
			for_++
			note(engine.FactMember, fmt.Sprintf("joined %s, after SCIM was first switched (%s)", day(c.Member.Joined), day(since)))
		}
	}

	if c.Sources[engine.FactExpectation].Known() && c.Expected.Assigned && !c.Expected.Stated {
		switch {
		case c.Expected.ExternalID == "" && c.Expected.LinkUnread:
			note(engine.FactExpectation, "the identity provider does not tell whether it is linked to a Docker account")
		case c.Expected.ExternalID == "":
			against++
			note(engine.FactExpectation, "the identity provider has never linked the assignment to a Docker account")
		case c.SCIMUser.Found && c.Expected.ExternalID == c.SCIMUser.ID:
			for_ += 2
			note(engine.FactExpectation, "the identity provider is linked to exactly this SCIM record")
		case c.Sources[engine.FactSCIMUser].Known() && c.Expected.ExternalID != c.SCIMUser.ID:
			against++
			text := "the identity provider refers to a SCIM record that Docker does not have"
			if c.SCIMUser.Found {
				text = "the identity provider is linked to a SCIM record that is not this one"
			}
			note(engine.FactExpectation, text+" ("+c.Expected.ExternalID+"): what it sends goes nowhere")
		}
	}

	switch c.Answers[engine.AskManaged].Value {
	case "yes":
		for_ += 2
		v.Evidence = append(v.Evidence, engine.Evidence{Text: "the owner says that SCIM manages them", Source: "the owner", At: c.Answers[engine.AskManaged].At})
	case "no":
		against += 2
		v.Evidence = append(v.Evidence, engine.Evidence{Text: "the owner says that SCIM does not manage them", Source: "the owner", At: c.Answers[engine.AskManaged].At})
	}

	v.State, v.Strength = weigh(for_, against)
	return v
}

// weigh asks for a clear majority: signals that contradict each other leave
// the question open.
func weigh(yes, no int) (engine.Switch, engine.Strength) {
	switch d := yes - no; {
	case d >= 2 && no == 0:
		return engine.SwitchOn, engine.Certain
	case d >= 2:
		return engine.SwitchOn, engine.Likely
	case d <= -2 && yes == 0 && no >= 3:
		return engine.SwitchOff, engine.Certain
	case d <= -2:
		return engine.SwitchOff, engine.Likely
	}
	return engine.SwitchUnknown, engine.Unknown
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
