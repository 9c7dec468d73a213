package guide

import (
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// Outcomes of the push step only.
const (
	outOther    engine.Outcome = "do-other"
	outReinvite engine.Outcome = "re-invite"
	// outPushAgain belongs to the step that finds the member out of the organization again.
	outPushAgain engine.Outcome = "push-again"
)

// decidePush never hides that a removed member is not back. Until they are, it says so
// first, with the reason if it is known.
func decidePush(c engine.Case) engine.Verdict {
	last, pushed := c.Pushed()
	pushed = pushed && last.OK && (!last.Assumed || c.DryRun)
	owes, otherOwes := owed(c)
	if pushed && !owes && !otherOwes && (c.Member.Present || c.DryRun) {
		return engine.Verdict{Headline: "They are back", Auto: outNext}
	}
	blocked := engine.PushBlockers(c, false)
	push := engine.Choice{
		Outcome: outDo, Label: "Push from " + c.Expected.Provider, Action: engine.ActionPush, Recommended: blocked == "" && (owes || !otherOwes),
		Why: "SCIM creates the membership with the right role and teams", Disabled: blocked,
	}
	if owes {
		push.Label, push.Why = finishing.Title, finishing.Why
	}
	v := engine.Verdict{Headline: pushHeadline(c), Choices: []engine.Choice{push}}
	if other := secondWay(c); other.Title != "" {
		why := engine.PushBlockers(c, true)
		v.Choices = append(v.Choices, engine.Choice{
			Outcome: outOther, Label: other.Title, Action: engine.ActionPushOther, Why: other.Why, Disabled: why,
			Recommended: !push.Recommended && why == "" && (otherOwes || other.Revives),
		})
	}
	back := engine.Choice{Outcome: outPassedOver, Label: "They are back already: verify", Disabled: notBack(c)}
	back.Recommended = back.Disabled == "" && !c.DryRun && !owes && !otherOwes
	v.Choices = append(v.Choices, reinvite(c), back)
	chosen := slices.ContainsFunc(v.Choices, func(x engine.Choice) bool { return x.Recommended })
	v.Choices = append(v.Choices, engine.Choice{Outcome: outAgain, Label: "Look again", Recommended: !chosen})
	return v
}

// notGivenBack is shown while a push has not given back everything that it took.
func notGivenBack(c engine.Case) string {
	return c.Username + " is back, and not everything that the push took from them"
}

// owed reports which of the two ways has taken something from the person that it has
// not given back.
func owed(c engine.Case) (push, other bool) {
	return len(c.Owed(engine.ActionPush)) > 0, len(c.Owed(engine.ActionPushOther)) > 0
}

// finishing is what is left of a way that was left half-way.
var finishing = engine.PushWay{Title: "Finish the push that was left half-way", Why: "what was taken from them is given back"}

func secondWay(c engine.Case) engine.PushWay {
	switch _, owes := owed(c); {
	case owes:
		return finishing
	case len(c.Expected.Ways) > 1:
		return c.Expected.Ways[1]
	case len(c.Remaining(engine.ActionPushOther)) > 0:
		return finishing
	}
	return engine.PushWay{}
}

// outOf is shown while a removed member is not back.
func outOf(c engine.Case) string {
	return strings.ToUpper(c.Username) + " IS OUT OF " + strings.ToUpper(c.Org)
}

func pushHeadline(c engine.Case) string {
	if owes, other := owed(c); c.Member.Present && (owes || other) {
		return notGivenBack(c)
	}
	if c.Member.Present || c.DryRun {
		return "Bring " + c.Username + " back: push them from " + c.Expected.Provider
	}
	out := outOf(c)
	if k, tried := c.Pushed(); tried && !k.OK {
		return out + " and has not come back. " + k.Text
	}
	if len(c.Invites) > 0 {
		return out + "; an invite is pending. Push them from " + c.Expected.Provider
	}
	return out + ": push them from " + c.Expected.Provider
}

// reinvite is offered while the push has not worked: an invite lets the member work
// again, although SCIM will not manage them.
func reinvite(c engine.Case) engine.Choice {
	ch := engine.Choice{
		Outcome: outReinvite, Action: engine.ActionReinvite, Disabled: engine.ReinviteBlockers(c),
		Label: "Invite them back meanwhile, with their old role and teams",
		Why:   "they can work again at once; SCIM does not manage an invited member, so the push is still to be done",
	}
	if c.Member.Present {
		ch.Label = "Put them on their old teams again"
	}
	return ch
}
