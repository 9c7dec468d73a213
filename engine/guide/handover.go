package guide

import (
	"fmt"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// handOverChosen records what is to become of a repository. The choice is data
// only; nothing is copied before a plan that follows it is approved.
func handOverChosen(s State, e HandOverChosen) (State, []Effect) {
	if s.Step != StepHandOver || s.Phase != PhaseDeciding || s.Verdict.Ask != nil ||
		engine.ChoiceProblem(s.Case, e.Repository, e.Choice) != "" {
		return s, nil
	}
	s.Case = s.Case.WithChoice(e.Repository, e.Choice)
	s.Verdict = decideHandOver(s.Case)
	if s.Verdict.Auto != "" { // everything is settled; a person led here, so going back comes back
		return leave(s, s.Verdict.Auto, false)
	}
	return s, nil
}

func decideHandOver(c engine.Case) engine.Verdict {
	if v, ask := privateFirst(c); ask {
		return v
	}
	if engine.HandedOver(c) {
		return engine.Verdict{Headline: "Nothing is left to lose", Auto: outNext}
	}
	selected := engine.Selected(c)
	headline := plural(len(selected), "personal repository") + " to hand over"
	if left := len(c.Repositories.Personal) - len(selected); left > 0 {
		headline += fmt.Sprintf(", %d left behind", left)
	}
	return engine.Verdict{
		Headline: headline,
		Choices: []engine.Choice{
			{Outcome: outDo, Label: "Copy them into " + c.Org, Action: engine.ActionHandOver, Recommended: true, Why: "every tag's digest is compared on both sides; the originals stay as they are"},
		},
	}
}

// privateFirst asks about private repositories as long as they could hide
// something.
func privateFirst(c engine.Case) (engine.Verdict, bool) {
	if c.Repositories.PrivateVisible {
		return engine.Verdict{}, false
	}
	private := c.Answers[engine.AskPrivate]
	switch private.Value {
	case engine.PrivateNone:
		return engine.Verdict{}, false
	case engine.PrivateHanded:
		for _, r := range c.Repositories.Personal {
			if r.Handed() {
				return engine.Verdict{}, false
			}
		}
	case engine.PrivateSignIn:
		if tried, ok := c.Answers[engine.AskMemberToken]; !ok || tried.At.Before(private.At) {
			return engine.Verdict{Headline: "Sign in as " + c.Username, Ask: &engine.Question{
				ID: engine.AskMemberToken, Kind: engine.AnswerCredential, Systems: []engine.SystemID{engine.SystemMember},
				Text:    "A personal access token of " + c.Username + " that may read their repositories",
				Why:     "It is used for this walk only and never stored.",
				Options: []engine.Option{{Value: skipSignIn, Label: "Go back"}},
			}}, true
		}
	}
	return engine.Verdict{Headline: "Private repositories cannot be seen", Ask: askPrivate(c)}, true
}

func askPrivate(c engine.Case) *engine.Question {
	var found, handed []string
	for _, r := range c.Repositories.Personal {
		if r.Handed() {
			handed = append(handed, r.Name)
			continue
		}
		found = append(found, r.Name)
	}
	q := &engine.Question{
		ID: engine.AskPrivate, Kind: engine.AnswerChoice,
		Text: "Private repositories under " + c.Username + "/ can be read by nobody but themselves. How do we go on?",
		Why:  fmt.Sprintf("Public ones found: %d.", len(found)),
		Options: []engine.Option{
			{Value: engine.PrivateSignIn, Label: "They are here: sign in as " + c.Username, Why: "their token is used once and never stored"},
			{Value: engine.PrivateNone, Label: "None of them is needed: I take responsibility", Why: "recorded in the report"},
		},
	}
	if len(handed) > 0 {
		q.Options = append(q.Options, engine.Option{
			Value: engine.PrivateHanded, Label: "They copied them themselves: verify that",
			Why: strings.Join(handed, ", ") + "; that these are all rests on their word",
		})
	}
	return q
}
