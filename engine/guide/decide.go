package guide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/diagnose"
)

// The outcomes. Each belongs to the steps that have it in their Next.
const (
	outNext       engine.Outcome = "next"
	outNothing    engine.Outcome = "nothing-wrong"
	outFix        engine.Outcome = "fix-source"
	outDisable    engine.Outcome = "disable-jit"
	outMatch      engine.Outcome = "match-attributes"
	outReprov     engine.Outcome = "re-provision"
	outPush       engine.Outcome = "push-profile"
	outAgain      engine.Outcome = "look-again"
	outDiagnose   engine.Outcome = "diagnose-again"
	outReport     engine.Outcome = "report"
	outAnother    engine.Outcome = "another-member"
	outFinish     engine.Outcome = "finish"
	outRace       engine.Outcome = "accept-race"
	outDo         engine.Outcome = "do"
	outPassedOver engine.Outcome = "pass-over"
)

func decideOrganization(c engine.Case) engine.Verdict {
	if c.Org == "" {
		hub, _ := c.Session.System(engine.SystemHub)
		return engine.Verdict{Headline: "Which organization?", Ask: &engine.Question{
			ID: engine.AskOrg, Kind: engine.AnswerText, Text: "Name of the Docker organization", Default: hub.Who,
		}}
	}
	return engine.Verdict{Headline: c.Org, Auto: outNext}
}

func decideMember(c engine.Case) engine.Verdict {
	ask := &engine.Question{ID: engine.AskMember, Kind: engine.AnswerMember, Text: "Whose role or team is wrong?"}
	if c.Username == "" {
		return engine.Verdict{Headline: "Choose the member", Ask: ask}
	}
	for _, p := range c.Roster {
		if strings.EqualFold(p.Username, c.Username) {
			return engine.Verdict{Headline: c.Username, Auto: outNext}
		}
	}
	ask.Note = fmt.Sprintf("%s has no member %q.", c.Org, c.Username)
	return engine.Verdict{Headline: "Choose the member", Ask: ask}
}

// decideObserve asks for what no system reports: the expectation if no identity
// provider can be read, and the JIT switch, which has no API.
func decideObserve(c engine.Case) engine.Verdict {
	if c.Member.Guest || c.Member.Invitee || !c.Member.Present {
		return engine.Verdict{Auto: outNext}
	}
	if !c.Sources[engine.FactExpectation].Known() {
		if v, ask := askExpectation(c); ask {
			return v
		}
	}
	matters := engine.Differs(c) && (c.Expected.Stated || c.Expected.Assigned) || jitMatters(c, diagnose.Findings(c)[0])
	if matters && !saidJIT(c) {
		return engine.Verdict{Headline: "Is Just-in-Time provisioning on?", Ask: askJIT(c)}
	}
	return engine.Verdict{Headline: "All facts are in", Auto: outNext}
}

func askExpectation(c engine.Case) (engine.Verdict, bool) {
	why := "No identity provider could be read: " + c.Sources[engine.FactExpectation].Missing
	if _, ok := c.Answers[engine.AskProvider]; !ok {
		ask := &engine.Question{
			ID: engine.AskProvider, Kind: engine.AnswerChoice, Text: "Which identity provider does " + c.Org + " use?",
			Why: why + ". The clicks are then told in its own words.",
		}
		for _, p := range engine.Products() {
			ask.Options = append(ask.Options, engine.Option{Value: p.ID, Label: p.Name})
		}
		return engine.Verdict{Headline: "Which identity provider?", Ask: ask}, true
	}
	if _, ok := c.Answers[engine.AskRole]; !ok {
		return engine.Verdict{Headline: "What should they have?", Ask: &engine.Question{
			ID: engine.AskRole, Kind: engine.AnswerChoice, Text: "Which role should " + c.Username + " have?", Why: why,
			Options: []engine.Option{
				{Value: "member", Label: "member", Why: "what an unset dockerRole means"},
				{Value: "editor", Label: "editor"},
				{Value: "owner", Label: "owner"},
			},
		}}, true
	}
	if _, ok := c.Answers[engine.AskTeams]; !ok {
		return engine.Verdict{Headline: "What should they have?", Ask: &engine.Question{
			ID: engine.AskTeams, Kind: engine.AnswerText, Why: why,
			Text: "Which teams should they be on? Separate names with commas; leave it empty for none.",
		}}, true
	}
	return engine.Verdict{}, false
}

// jitMatters reports whether it depends on JIT how long values last that are right: the
// SSO sign-in is known to carry others.
func jitMatters(c engine.Case, lead engine.Finding) bool {
	return lead.ID == engine.FindingNothingWrong && len(diagnose.SignInDiffers(c)) > 0
}

// saidJIT reports whether the owner has said where the switch stands since it was last
// used.
func saidJIT(c engine.Case) bool {
	_, said := c.Answers[engine.AskJIT]
	return said && !staleJIT(c)
}

// staleJIT reports whether the switch was used after the owner last reported its
// position.
func staleJIT(c engine.Case) bool {
	a, ok := c.Answers[engine.AskJIT]
	if !ok {
		return false
	}
	if k, ran := c.Done[engine.ActionDisableJIT]; ran && !k.Assumed && k.At.After(a.At) {
		return true
	}
	return a.Toggle != c.Audit.LastToggle()
}

func askJIT(c engine.Case) *engine.Question {
	q := &engine.Question{
		ID: engine.AskJIT, Kind: engine.AnswerChoice,
		Text: "Look in the console, under Identity & auth > SSO and SCIM.",
		Why:  "Docker has no API for this setting; it is on for every new SSO connection.",
		Options: []engine.Option{
			{Value: string(engine.SwitchOn), Label: "It is on"},
			{Value: string(engine.SwitchOff), Label: "It is off"},
			{Value: "unknown", Label: "I cannot tell"},
		},
	}
	switch {
	case len(c.Audit.JIT) > 0:
		e := c.Audit.JIT[0]
		q.Note = fmt.Sprintf("The audit log's last toggle: %s by %s (%s). It does not say in which position it left the switch.",
			e.At.Format("2006-01-02 15:04"), e.Actor, e.Description)
	case c.Sources[engine.FactAudit].Missing != "":
		q.Note = "The audit log could not be read: " + c.Sources[engine.FactAudit].Missing
	default:
		q.Note = "The audit log shows no toggle as far back as it goes."
	}
	return q
}

func decideDiagnose(c engine.Case) engine.Verdict {
	findings := diagnose.Findings(c)
	lead := findings[0]
	v := engine.Verdict{Headline: lead.Title, Findings: findings}
	again := engine.Choice{Outcome: outAgain, Label: "Look again", Why: "read every fact afresh"}
	if jitMatters(c, lead) && !saidJIT(c) { // taken back, or out of date
		v.Ask = askJIT(c)
		return v
	}
	if lead.ID == engine.FindingNothingWrong {
		v.Choices = append(settleJIT(findings), engine.Choice{Outcome: outNothing, Label: "Continue"}, again)
		v.Choices[0].Recommended = true
		return v
	}
	if c.Out() {
		v.Headline = outOf(c)
		v.Choices = []engine.Choice{
			{Outcome: outPushAgain, Label: "Go on to the push", Recommended: true, Why: "this walk has removed them: they are to be brought back"},
			{Outcome: outFix, Label: "See what to change by hand"},
			again,
		}
		return v
	}
	if slices.Equal(lead.Remedies, []engine.Remedy{engine.RemedyAdvice}) {
		v.Choices = []engine.Choice{{Outcome: outFix, Label: "See what to change by hand", Recommended: true}, again}
		return v
	}
	if lead.ID == engine.FindingUndecided && c.SaidManaged() == "" {
		v.Ask = &engine.Question{
			ID: engine.AskManaged, Kind: engine.AnswerChoice,
			Text: "Was " + c.Username + " created by SCIM, as far as you know?",
			Why:  "No field of Docker's API tells it, and the evidence does not decide it.",
			Options: []engine.Option{
				{Value: "yes", Label: "Yes, SCIM created them"},
				{Value: "no", Label: "No, they were invited or came by JIT"},
				{Value: "unknown", Label: "I do not know"},
			},
		}
		return v
	}
	for _, r := range []struct {
		remedy engine.Remedy
		choice engine.Choice
	}{
		{engine.RemedyDisableJIT, choiceDisable},
		{engine.RemedyMatch, choiceMatch},
		{engine.RemedyPushProfile, engine.Choice{Outcome: outPush, Label: "Send the profile again", Why: "the identity provider repeats its values"}},
		{engine.RemedyReprovision, engine.Choice{Outcome: outReprov, Label: "Re-provision", Why: "hand over repositories, remove, push, and let SCIM create the membership anew"}},
	} {
		ch := r.choice
		ch.Recommended = len(lead.Remedies) > 0 && lead.Remedies[0] == r.remedy && lead.Strength != engine.Unknown
		ch.Disabled = remedyDisabled(c, lead, r.remedy)
		v.Choices = append(v.Choices, ch)
	}
	// The recommended choice first, disabled ones last.
	slices.SortStableFunc(v.Choices, func(a, b engine.Choice) int { return rank(a) - rank(b) })
	v.Choices = append(v.Choices, again)
	return v
}

// The two ways to settle JIT.
var (
	choiceDisable = engine.Choice{Outcome: outDisable, Label: "Disable JIT", Why: "what Docker recommends: SCIM alone then decides role and teams"}
	choiceMatch   = engine.Choice{Outcome: outMatch, Label: "Keep JIT, match the attributes", Why: "make sign-in carry what SCIM sends"}
)

// settleJIT returns the ways to keep the next sign-in from changing what is right, if
// it is known to do so.
func settleJIT(findings []engine.Finding) []engine.Choice {
	if _, ok := diagnose.Overridden(findings); !ok {
		return nil
	}
	return []engine.Choice{choiceDisable, choiceMatch}
}

func rank(c engine.Choice) int {
	switch {
	case c.Disabled != "":
		return 2
	case c.Recommended:
		return 0
	}
	return 1
}

func remedyDisabled(c engine.Case, lead engine.Finding, r engine.Remedy) string {
	if !slices.Contains(lead.Remedies, r) {
		return "does not cure this"
	}
	if lead.ID == engine.FindingUndecided {
		return "whether SCIM manages them is not known, and nobody has said"
	}
	if r != engine.RemedyReprovision {
		return ""
	}
	switch {
	case c.Member.LastOwner():
		return "they are the last owner: make somebody else an owner first"
	case strings.EqualFold(c.Operator(), c.Username):
		return "this is your own account: ask another owner to do it"
	}
	return ""
}

func decideNothingWrong(c engine.Case) engine.Verdict {
	return engine.Verdict{
		Headline: "Nothing is wrong with " + c.Username,
		Findings: diagnose.Findings(c),
		Choices: []engine.Choice{
			{Outcome: outReport, Label: "Continue to the report", Recommended: true},
			{Outcome: outAgain, Label: "Look again", Why: "read every fact afresh"},
		},
	}
}

func decideFixSource(c engine.Case) engine.Verdict {
	return engine.Verdict{
		Headline: "To be changed by hand, at its source",
		Findings: diagnose.Findings(c),
		Choices: []engine.Choice{
			{Outcome: outAgain, Label: "It is changed: look again", Recommended: true},
			{Outcome: outReport, Label: "Continue to the report"},
		},
	}
}

func decideMatch(c engine.Case) engine.Verdict {
	// What matched may differ again since.
	if c.Settled(engine.ActionMatch) && (c.DryRun || len(diagnose.SignInDiffers(c)) == 0) {
		return engine.Verdict{Auto: outNext}
	}
	match := engine.Choice{Outcome: outDo, Label: "Change the SSO attributes", Action: engine.ActionMatch, Recommended: true, Why: "shows each difference and where it is changed"}
	disable := engine.Choice{Outcome: outDisable, Label: "Disable JIT instead", Why: "what Docker recommends"}
	if s := c.Sources[engine.FactExpectation]; !s.Known() {
		match.Disabled = "what the identity provider sends is not known" + detail(s.Missing)
		match.Recommended, disable.Recommended = false, true
	}
	return engine.Verdict{Headline: "Make sign-in carry what SCIM sends", Choices: []engine.Choice{match, disable}}
}

// jitOff reports whether the walk may treat JIT as off.
func jitOff(c engine.Case) bool {
	return c.JIT() == engine.SwitchOff || (c.DryRun && c.Settled(engine.ActionDisableJIT))
}

func decideDisableJIT(c engine.Case) engine.Verdict {
	v, done := decideJIT(c)
	if !done {
		match := engine.Choice{Outcome: outMatch, Label: "Keep JIT, match the attributes instead"}
		if withoutSCIM(c) && !c.SCIM.Proven {
			// To look again would show nothing else.
			match.Recommended, v.Choices[len(v.Choices)-1].Recommended = true, false
		}
		v.Choices = append(v.Choices, match)
	}
	return v
}

func decideCloseJIT(c engine.Case) engine.Verdict {
	v, done := decideJIT(c)
	if !done {
		v.Choices = append(v.Choices, engine.Choice{
			Outcome: outRace, Label: "Leave JIT on and accept the race",
			Why: "if they sign in between removal and push, JIT adds them again, again unmanaged",
		})
	}
	return v
}

// decideJIT is shared by both JIT steps; done means that no choice is left.
func decideJIT(c engine.Case) (v engine.Verdict, done bool) {
	if jitOff(c) {
		return engine.Verdict{Headline: "JIT is off", Auto: outNext}, true
	}
	// Without an answer, too, such as one that was taken back: what is off already must
	// not be switched again.
	if !saidJIT(c) {
		return engine.Verdict{Headline: "Is Just-in-Time provisioning on now?", Ask: askJIT(c)}, true
	}
	if ask := askSCIM(c, "With JIT off, nobody new comes in but by SCIM. So it is seen to answer before JIT is disabled.", "JIT then stays on."); ask != nil {
		return engine.Verdict{Headline: "Sign in to SCIM first", Ask: ask}, true
	}
	const headline = "Disable Just-in-Time provisioning"
	off := engine.Choice{Outcome: outDo, Label: "Disable JIT", Action: engine.ActionDisableJIT, Recommended: true, Why: "a few clicks in the console, which the audit log then proves"}
	if c.SCIM.Proven {
		return engine.Verdict{Headline: headline, Choices: []engine.Choice{off}}, false
	}
	off.Recommended = false
	off.Disabled = "Docker's SCIM service has not answered" + detail(c.Sources[engine.FactSCIM].Missing) + ": with JIT off, nobody new could come in"
	return engine.Verdict{Headline: headline, Choices: []engine.Choice{off, {Outcome: outAgain, Label: "Look again", Recommended: true}}}, false
}

// askSCIM asks for the SCIM token where nothing goes on without it. It returns nil if it
// is there, or the owner continues without it.
func askSCIM(c engine.Case, why, without string) *engine.Question {
	scim, ok := c.Session.System(engine.SystemSCIM)
	if !ok || scim.OK || c.SCIM.Proven || withoutSCIM(c) {
		return nil
	}
	return &engine.Question{
		ID: engine.AskSCIM, Kind: engine.AnswerCredential, Systems: []engine.SystemID{scim.ID},
		Text: "Sign in to Docker's SCIM service", Why: why,
		Options: []engine.Option{{Value: skipSignIn, Label: "Continue without", Why: without}},
	}
}

// withoutSCIM reports whether the owner continues without the SCIM token.
func withoutSCIM(c engine.Case) bool {
	_, skipped := c.Answers[engine.AskSCIM]
	return skipped || slices.Contains(c.Without, engine.SystemSCIM)
}

func decidePushProfile(c engine.Case) engine.Verdict {
	// A sign-in may have overwritten the values since they were sent.
	same := !engine.Differs(c)
	if same && engine.Compare(c) != nil || c.Settled(engine.ActionPushProfile) && (same || c.DryRun) {
		return engine.Verdict{Auto: outNext}
	}
	return engine.Verdict{
		Headline: "Let the identity provider send the values again",
		Choices: []engine.Choice{
			{Outcome: outDo, Label: "Push the profile", Action: engine.ActionPushProfile, Recommended: true, Why: "what JIT overwrote comes back only when it is sent again"},
			{Outcome: outPassedOver, Label: "Wait for the next scheduled sync instead", Why: "continue and check the result"},
		},
	}
}

func decideVerify(c engine.Case) engine.Verdict {
	const staysOpen = "the run stays open; reprovision resume takes it up again"
	report := engine.Choice{Outcome: outReport, Label: "Continue to the report"}
	again := engine.Choice{Outcome: outAgain, Label: "Look again"}
	diagnoseAgain := engine.Choice{Outcome: outDiagnose, Label: "Diagnose again"}
	if c.DryRun {
		report.Recommended = true
		return engine.Verdict{Headline: "Dry run: Docker is as it was", Choices: []engine.Choice{report, again}}
	}
	v := engine.Verdict{Findings: diagnose.Findings(c)}
	if c.Out() {
		report.Label, report.Why = "Leave them out and go to the report", staysOpen
		v.Headline = outOf(c) + ", though they were pushed"
		v.Choices = []engine.Choice{{Outcome: outPushAgain, Label: "Push them again", Recommended: true}, again, report}
		return v
	}
	if owes, other := owed(c); owes || other {
		report.Why = staysOpen
		v.Headline = notGivenBack(c)
		v.Choices = []engine.Choice{{Outcome: outPushAgain, Label: finishing.Title, Recommended: true, Why: finishing.Why}, again, report}
		return v
	}
	fine := v.Findings[0].ID == engine.FindingNothingWrong
	if !c.Removed().IsZero() && diagnose.Managed(c).State == engine.SwitchOff {
		// SCIM's record may be late after a push: only who came back without one is
		// known to have come another way.
		late, pushed := c.Pushed()
		v.Headline = c.Username + " is back, but SCIM does not manage them"
		if pushed && late.OK {
			again.Recommended, again.Why = true, "SCIM's own record may be late"
		}
		v.Choices = []engine.Choice{
			{
				Outcome: outReprov, Label: "Remove and push them once more", Recommended: !again.Recommended,
				Why: "they came back by an invite, or by JIT: what the identity provider sends next would not reach them",
			},
			again, diagnoseAgain, report,
		}
		slices.SortStableFunc(v.Choices, func(a, b engine.Choice) int { return rank(a) - rank(b) })
		return v
	}
	if jitMatters(c, v.Findings[0]) && !saidJIT(c) {
		return engine.Verdict{Headline: "Is Just-in-Time provisioning on now?", Ask: askJIT(c)}
	}
	if fine {
		v.Headline = "Cured: Docker shows what the identity provider sends"
		v.Choices = settleJIT(v.Findings)
		if len(v.Choices) > 0 {
			v.Headline = "Cured until the next SSO sign-in, which may change it again"
			report.Label = "Go to the report as it is"
		}
		v.Choices = append(v.Choices, report, again)
		v.Choices[0].Recommended = true
		return v
	}
	again.Recommended = true
	report.Label = "Go to the report as it is"
	v.Headline = "Not yet as it should be"
	v.Choices = []engine.Choice{again, diagnoseAgain, report}
	return v
}

func decideReport(engine.Case) engine.Verdict {
	return engine.Verdict{
		Headline: "Report",
		Choices: []engine.Choice{
			{Outcome: outFinish, Label: "Finish", Recommended: true},
			{Outcome: outAnother, Label: "Help another member"},
		},
	}
}

func detail(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func orUnknown(s engine.Switch) string {
	if s == engine.SwitchUnknown {
		return "unknown"
	}
	return string(s)
}
