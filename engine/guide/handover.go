package guide

import (
	"fmt"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// handOverChosen records the choice for repositories. The choice is only data: nothing
// is copied before a plan based on it is approved. Even if nothing is left to copy, the
// walk stays in the step, because the person may take back the last choice.
func handOverChosen(s State, e HandOverChosen) (State, []Effect) {
	if s.Step != StepHandOver || s.Phase != PhaseDeciding || s.Verdict.Ask != nil || e.Choice.Target != "" && len(e.Repositories) > 1 {
		return s, nil
	}
	for _, name := range e.Repositories {
		if engine.ChoiceProblem(s.Case, name, e.Choice) != "" {
			return s, nil
		}
	}
	s.Case = s.Case.WithChoice(e.Choice, e.Repositories...)
	s.Verdict = HandOver(s.Case)
	return s, nil
}

func decideHandOver(c engine.Case) engine.Verdict {
	if v, ask := privateFirst(c); ask {
		return v
	}
	// If everything was left behind, there is no result to show: going back has to
	// show the choice.
	if engine.HandedOver(c) && (len(engine.Selected(c)) > 0 || len(c.Repositories.Personal) == 0) {
		return engine.Verdict{Headline: "Nothing is left to lose", Auto: outNext}
	}
	return HandOver(c)
}

// HandOver returns the verdict for the present choices, while a person still changes
// them.
func HandOver(c engine.Case) engine.Verdict {
	v := engine.Verdict{Headline: engine.Count(len(c.Repositories.Personal), "personal repository") + " to hand over"}
	if engine.HandedOver(c) {
		v.Choices = []engine.Choice{{Outcome: outNext, Label: "Continue", Recommended: true, Why: "every repository is handed over, or left behind for a recorded reason"}}
		return v
	}
	const why = "every tag's digest is compared on both sides; the originals stay as they are"
	do := engine.Choice{Outcome: outDo, Label: "Copy them into " + c.Org, Action: engine.ActionHandOver, Recommended: true, Why: why}
	selected := engine.Selected(c)
	if left := len(c.Repositories.Personal) - len(selected); left > 0 {
		do.Why = fmt.Sprintf("%d of %d, %d left behind; %s", len(selected), len(c.Repositories.Personal), left, why)
	}
	do.Disabled = blockedBy(c)
	v.Choices = []engine.Choice{do}
	if do.Disabled != "" {
		v.Choices = append(v.Choices, engine.Choice{Outcome: outAgain, Label: "Look again", Why: "after something was changed on Docker Hub"})
	}
	return v
}

// blockedBy sums up the obstacles in one short reason.
func blockedBy(c engine.Case) string {
	const most = 3
	obstacles := engine.Obstacles(c)
	var words []string
	for _, r := range c.Repositories.Personal {
		if o, ok := obstacles[r.Name]; ok && len(words) < most {
			words = append(words, r.Name+": "+o.Problem+": "+o.Advice)
		}
	}
	if more := len(obstacles) - len(words); more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, "; ")
}

// privateFirst asks about private repositories while some may be invisible.
func privateFirst(c engine.Case) (engine.Verdict, bool) {
	if c.Repositories.PrivateVisible {
		return engine.Verdict{}, false
	}
	switch c.Answers[engine.AskPrivate].Value {
	case engine.PrivateNone:
		return engine.Verdict{}, false
	case engine.PrivateHanded:
		for _, r := range c.Repositories.Personal {
			if r.Handed() {
				return engine.Verdict{}, false
			}
		}
	case engine.PrivateSignIn:
		return engine.Verdict{Headline: "Sign in as " + c.Username, Ask: &engine.Question{
			ID: engine.AskMemberToken, Kind: engine.AnswerCredential, Systems: []engine.SystemID{engine.SystemMember},
			Text:    "A personal access token of " + c.Username + " that may read their repositories",
			Why:     "It is used for this walk only and never stored.",
			Options: []engine.Option{{Value: skipSignIn, Label: "Go back"}},
		}}, true
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
		Text: "Nobody but " + c.Username + " can see the private repositories under " + c.Username + "/. How do you want to go on?",
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
