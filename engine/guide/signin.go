package guide

import (
	"slices"
	"strconv"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// skipSignIn is the answer with which the owner continues without the optional
// systems.
const skipSignIn = "skip"

func decideSignIn(c engine.Case) engine.Verdict {
	var missing []engine.SystemID
	var note []string
	required := false
	var doubt *engine.System
	for _, s := range c.Session.Systems {
		if s.OK || slices.Contains(c.Without, s.ID) {
			continue
		}
		if len(s.Apps) > 0 {
			doubt = &s
			continue
		}
		missing = append(missing, s.ID)
		required = required || s.Required
		if s.Problem != "" {
			note = append(note, s.Title+": "+s.Problem)
		}
	}
	skipped := c.Answers[engine.AskSignIn].Value == skipSignIn
	if !required && doubt != nil && c.Answers[engine.AskApp].Value != skipSignIn {
		return engine.Verdict{Headline: "Which application?", Ask: askApp(*doubt)}
	}
	if len(missing) == 0 || (!required && skipped) {
		return engine.Verdict{Headline: "Signed in", Auto: outNext}
	}
	ask := &engine.Question{
		ID: engine.AskSignIn, Kind: engine.AnswerCredential, Systems: missing,
		Text: "Sign in to what the guide needs to see",
		Why:  "Docker Hub needs an organization access token; SCIM's own token proves who SCIM manages; the identity provider tells what it would send.",
		Note: strings.Join(note, "\n"),
	}
	if !required {
		ask.Options = []engine.Option{{Value: skipSignIn, Label: "Continue without", Why: "The tool asks you for what it cannot read."}}
	}
	return engine.Verdict{Headline: "Sign in", Ask: ask}
}

// askApp asks the owner which application is Docker's. A wrong guess would push from
// the wrong one.
func askApp(s engine.System) *engine.Question {
	ask := &engine.Question{
		ID: engine.AskApp, Kind: engine.AnswerChoice, Text: "Which application of " + s.Title + " provisions Docker?",
		Why: "It is remembered, and looked at again each time.", Note: s.Problem,
	}
	for i, a := range s.Apps {
		ask.Options = append(ask.Options, engine.Option{Value: appValue(i), Label: a.Label, Why: a.Detail})
	}
	ask.Options = append(ask.Options, engine.Option{Value: skipSignIn, Label: "Continue without " + s.Title, Why: "The tool asks you for what it cannot read."})
	return ask
}

// appValue returns the answer that names an application by its index in the list.
func appValue(i int) string { return "application " + strconv.Itoa(i+1) }

// chosenApp returns the application that an answer to askApp names.
func chosenApp(s engine.Session, value string) (engine.SystemID, engine.App, bool) {
	for _, x := range s.Systems {
		for i, a := range x.Apps {
			if !x.OK && value == appValue(i) {
				return x.ID, a, true
			}
		}
	}
	return "", engine.App{}, false
}

func signedIn(s State, e SignedIn) (State, []Effect) {
	ask := s.Verdict.Ask
	if s.Phase != PhaseDeciding || ask == nil || ask.Kind != engine.AnswerCredential || !slices.Contains(ask.Systems, e.Credential.System) {
		return s, nil
	}
	s.Seq++
	s.Phase = PhaseConnecting
	return s, []Effect{Connect{Seq: s.Seq, Case: s.Case, Credential: e.Credential}}
}

// askAgain shows the form again, with the problem of the last attempt.
func askAgain(s State, p engine.Problem) (State, bool) {
	if s.Verdict.Ask == nil || s.Verdict.Ask.Kind != engine.AnswerCredential {
		return s, false
	}
	ask := *s.Verdict.Ask
	ask.Note = p.Title + ".\n" + p.Detail
	if p.Advice != "" && p.System != "" {
		ask.Note += "\n" + p.Advice
	}
	s.Phase, s.Verdict.Ask = PhaseDeciding, &ask
	return s, true
}

// connected continues where the walk was.
func connected(s State, e Connected) (State, []Effect) {
	s.Case.Session = e.Session
	for _, x := range e.Session.Systems {
		if x.OK {
			s.Case = s.Case.WithSystem(x.ID)
		}
	}
	return enter(s, s.Step)
}

// The answers to a sign-in form in the middle of a walk.
const (
	againSignIn   = "again"
	withoutSignIn = "without"
)

// signInWanted pauses the walk to sign in to the system that refused its credential.
// It keeps what failed, and continues there after the sign-in.
func signInWanted(s State) State {
	if s.Phase != PhaseFailed || s.Problem.System == "" {
		return s
	}
	s.Phase = PhaseDeciding
	ask := &engine.Question{
		ID: engine.AskSignIn, Kind: engine.AnswerCredential, Text: s.Problem.Title,
		Systems: []engine.SystemID{s.Problem.System}, Note: s.Problem.Detail, Why: s.Problem.Advice,
	}
	ask.Options = append(ask.Options, engine.Option{Value: againSignIn, Label: "Try again as it is"})
	if x, ok := s.Case.Session.System(s.Problem.System); ok && !x.Required {
		ask.Options = append(ask.Options, engine.Option{Value: withoutSignIn, Label: "Continue without " + x.Title})
	}
	s.Verdict = engine.Verdict{Headline: "Sign in again", Ask: ask}
	return s
}

// continueWithoutSignIn continues after such a pause without signing in.
func continueWithoutSignIn(s State, value string) (State, []Effect) {
	if value == withoutSignIn {
		s.Case = s.Case.WithoutSystem(s.Problem.System)
	}
	return enter(s, s.Step)
}
