package guide

import (
	"fmt"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/diagnose"
)

// The steps of the re-provision branch, in order.

func decideProveSCIM(c engine.Case) engine.Verdict {
	if ask := askSCIM(c, "Only SCIM creates a removed member again. So it is seen to answer before anybody is removed.", "Nobody is removed then."); ask != nil {
		return engine.Verdict{Headline: "Sign in to SCIM first", Ask: ask}
	}
	if c.Expected.Stated && c.SCIM.Proven {
		if _, ok := c.Answers[engine.AskSCIMTested]; !ok {
			return engine.Verdict{Headline: "Is provisioning proven?", Ask: &engine.Question{
				ID: engine.AskSCIMTested, Kind: engine.AnswerChoice,
				Text: "Have you seen your identity provider create somebody in Docker through SCIM, and is " + c.Username + " assigned there?",
				Why:  "Your identity provider cannot be read from here, and a person who is removed but not assigned does not come back.",
				Options: []engine.Option{
					{Value: "yes", Label: "Yes, to both"},
					{Value: "no", Label: "No, or not sure"},
				},
			}}
		}
	}
	var why []string
	if !c.SCIM.Proven {
		why = append(why, "Docker's SCIM service has not answered with our token"+detail(c.Sources[engine.FactSCIM].Missing))
	}
	if !engine.ProvisioningProven(c) {
		why = append(why, "it is not shown that "+c.Expected.Provider+" would create them again: assigned "+
			fmt.Sprint(c.Expected.Assigned)+", provisioning "+orUnknown(c.Expected.Provisioning)+detail(c.Expected.ProvisioningWhy)+detail(c.Expected.OutOf)+detail(engine.Misdirected(c, c.Expected.Org, c.Expected.UserName))+detail(c.Sources[engine.FactExpectation].Missing))
	}
	if len(why) == 0 {
		return engine.Verdict{Headline: "SCIM is proven", Auto: outNext}
	}
	return engine.Verdict{
		Headline: "SCIM is not proven: nobody is removed",
		Choices: []engine.Choice{
			{Outcome: outNext, Label: "Continue", Disabled: strings.Join(why, "; ")},
			{Outcome: outAgain, Label: "Look again", Recommended: true},
			{Outcome: outFix, Label: "See what to change by hand"},
		},
	}
}

func decideCancelInvites(c engine.Case) engine.Verdict {
	if len(c.Invites) == 0 || (c.DryRun && c.Settled(engine.ActionCancelInvites)) {
		return engine.Verdict{Headline: "No invite is pending", Auto: outNext}
	}
	return engine.Verdict{
		Headline: engine.Count(len(c.Invites), "pending invite"),
		Choices: []engine.Choice{
			{Outcome: outDo, Label: "Cancel " + engine.Count(len(c.Invites), "invite"), Action: engine.ActionCancelInvites, Recommended: true, Why: "an invite is accepted at the next sign-in and would let them in unmanaged"},
		},
	}
}

func decideAcceptRace(c engine.Case) engine.Verdict {
	if c.Answers[engine.AskRace].Value == engine.RacePhrase || jitOff(c) {
		return engine.Verdict{Auto: outNext}
	}
	return engine.Verdict{Headline: "JIT stays on", Ask: &engine.Question{
		ID: engine.AskRace, Kind: engine.AnswerWords, Phrase: engine.RacePhrase,
		Text: "Type the words to go on although " + c.Username + " may sign in before the push and be added by JIT again.",
	}}
}

func decideSnapshot(c engine.Case) engine.Verdict {
	if !c.Snapshot.Taken {
		return engine.Verdict{
			Headline: "No snapshot yet",
			Choices: []engine.Choice{
				{Outcome: outNext, Label: "Continue", Disabled: "their role and teams could not be read"},
				{Outcome: outAgain, Label: "Look again", Recommended: true},
			},
		}
	}
	again := engine.Choice{Outcome: outAgain, Label: "Take it again"}
	if !c.Removed().IsZero() {
		again.Disabled = "they were removed since: a new one would hold only what they came back with"
	}
	return engine.Verdict{
		Headline: "Role, teams and invites are noted down",
		Choices: []engine.Choice{
			{Outcome: outNext, Label: "Keep this snapshot and go on", Recommended: true, Why: "removal drops every team; this is what puts them back"},
			again,
		},
	}
}

func decideRemove(c engine.Case) engine.Verdict {
	if (c.Sources[engine.FactMember].Known() && !c.Member.Present) || (c.DryRun && c.Settled(engine.ActionRemove)) {
		return engine.Verdict{Headline: c.Username + " is out of the organization", Auto: outNext}
	}
	if _, said := c.Answers[engine.AskSelf]; c.Operator() == "" && !said {
		return engine.Verdict{Headline: "Is this you?", Ask: &engine.Question{
			ID: engine.AskSelf, Kind: engine.AnswerChoice, Text: "Is " + c.Username + " your own account?",
			Why: "An organization access token does not tell whose hands it is in, and nobody should remove themselves.",
			Options: []engine.Option{
				{Value: "no", Label: "No, somebody else's"},
				{Value: "yes", Label: "Yes, mine"},
			},
		}}
	}
	blocked := engine.RemovalBlockers(c)
	v := engine.Verdict{Headline: "Remove " + c.Username + " from " + c.Org}
	remove := engine.Choice{
		Outcome: outDo, Label: "Remove them", Action: engine.ActionRemove, Recommended: true,
		Why:      "so that SCIM can create the membership anew",
		Disabled: strings.Join(blocked, "; "),
	}
	if returned(c) {
		v.Headline = c.Username + " was removed and is a member again"
		v.Choices = append(v.Choices, engine.Choice{
			Outcome: outNext, Label: "Continue without removing them again", Recommended: true,
			Why: "nothing shows that they came back without SCIM",
		})
		remove.Label, remove.Recommended = "Remove them once more", false
		remove.Why = "only if they came back unmanaged: by an invite, or by JIT"
	}
	v.Choices = append(v.Choices, remove)
	// The preparations may be out of date: an invite came, JIT was switched on, or a
	// repository appeared. Going back skips the steps that are still done.
	if len(blocked) > 0 && len(engine.RemovalRefusals(c)) == 0 {
		v.Choices = append(v.Choices, engine.Choice{Outcome: outReprov, Label: "Go through the preparations again"})
	}
	v.Choices = append(v.Choices,
		engine.Choice{Outcome: outAgain, Label: "Look again"},
		engine.Choice{Outcome: outReport, Label: "Leave them as they are and go to the report"})
	return v
}

// returned reports whether this walk has removed the member, who is there again and,
// as far as anything shows, by SCIM. Somebody who goes back a few steps after the push
// comes to the removal with a member who must not be removed again.
func returned(c engine.Case) bool {
	k, pushed := c.Pushed()
	return !c.Removed().IsZero() && c.Member.Present && (pushed && k.OK || diagnose.Managed(c).State != engine.SwitchOff)
}

func notBack(c engine.Case) string {
	if c.Member.Present {
		return ""
	}
	return "Docker does not list them yet"
}
