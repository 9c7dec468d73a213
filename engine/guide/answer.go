package guide

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// Effects of the answers to questions.

func answered(s State, e Answered) (State, []Effect) {
	ask := s.Verdict.Ask
	if s.Phase != PhaseDeciding || ask == nil || ask.ID != e.Question || !allowed(s.Case, *ask, e.Value) {
		return s, nil
	}
	value := strings.TrimSpace(e.Value)
	if id, app, ok := chosenApp(s.Case.Session, value); ok && ask.ID == engine.AskApp {
		s.Seq++
		s.Phase = PhaseConnecting
		return s, []Effect{Connect{Seq: s.Seq, Case: s.Case, Credential: engine.Credential{System: id, App: app}}}
	}
	if ask.ID == engine.AskMemberToken { // the one answer in words is to go back
		return back(s)
	}
	s.Answered = append(slices.Clip(s.Answered), ask.ID)
	if ask.ID == engine.AskOrg {
		value = strings.ToLower(value) // names in Docker have no capital letters
		s.Case.Org = value
		s.Case = s.Case.WithAnswer(ask.ID, engine.Answer{Value: value, At: e.At})
		return enter(s, s.Step)
	}
	if ask.ID == engine.AskMember {
		if s.About != value {
			s = toAnother(s)
		}
		s.Case.Username = value
		return decide(s)
	}
	if ask.ID == engine.AskSignIn && s.FailedIn != "" {
		return continueWithoutSignIn(s, value)
	}
	s.Case = s.Case.WithAnswer(ask.ID, engine.Answer{Value: value, At: e.At})
	if ask.ID == engine.AskRole || ask.ID == engine.AskTeams {
		s.Case = stateExpectation(s.Case, e.At)
	}
	return decide(s)
}

// allowed reports whether value is an answer to the question.
func allowed(c engine.Case, ask engine.Question, value string) bool {
	if slices.ContainsFunc(ask.Options, func(o engine.Option) bool { return o.Value == value }) {
		return true
	}
	switch ask.Kind {
	case engine.AnswerText:
		return ask.ID != engine.AskOrg || strings.TrimSpace(value) != ""
	case engine.AnswerWords:
		return strings.TrimSpace(value) == ask.Phrase
	case engine.AnswerMember:
		return slices.ContainsFunc(c.Roster, func(p engine.Person) bool { return p.Username != "" && p.Username == value })
	case engine.AnswerChoice, engine.AnswerCredential:
	}
	return false
}

// stateExpectation sets the expectation from the owner's answers, once both questions
// are answered. It is used if no identity provider can be read.
func stateExpectation(c engine.Case, at time.Time) engine.Case {
	role, r := c.Answers[engine.AskRole]
	teams, t := c.Answers[engine.AskTeams]
	if !r || !t {
		return c
	}
	c.Expected = engine.Expectation{Provider: "your identity provider", Stated: true, Role: role.Value, Product: c.Answers[engine.AskProvider].Value}
	for _, p := range engine.Products() {
		if p.ID == c.Expected.Product && p.ID != engine.OtherProduct {
			c.Expected.Provider = p.Name
		}
	}
	for team := range strings.FieldsFuncSeq(teams.Value, func(r rune) bool { return r == ',' || r == ' ' }) {
		c.Expected.Teams = append(c.Expected.Teams, team)
	}
	return c.WithSource(engine.FactExpectation, engine.Source{Name: "the owner's word", At: at})
}
