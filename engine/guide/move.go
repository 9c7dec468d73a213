package guide

import (
	"slices"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// Functions that move the walk from step to step, back, and to where it was resumed.

// enter starts a step. It reads the step's facts live, even if they are known.
func enter(s State, id StepID) (State, []Effect) {
	if s.Step != id {
		s.Answered = nil
	}
	if s.Case.Username != "" {
		s.About = s.Case.Username
	}
	s.Step = id
	s.Seq++
	s.Verdict, s.Choice, s.Plan = engine.Verdict{}, engine.Choice{}, engine.Plan{}
	s.Check, s.Problem, s.FailedIn, s.Stopping = engine.Check{}, engine.Problem{}, "", false
	step, ok := byID[id]
	if !ok {
		s.Phase = PhaseDone
		return s, markEffects(s)
	}
	if len(step.Reads) == 0 {
		next, effects := decide(s)
		if next.Step == id {
			effects = append(markEffects(next), effects...)
		}
		return next, effects
	}
	s.Phase = PhaseObserving
	return s, append(markEffects(s), Observe{Seq: s.Seq, Case: s.Case, Facts: step.Reads})
}

func decide(s State) (State, []Effect) {
	s.Verdict = byID[s.Step].Decide(s.Case)
	s.Phase = PhaseDeciding
	if s.Verdict.Ask == nil && s.Verdict.Auto != "" {
		return leave(s, s.Verdict.Auto, true)
	}
	return s, nil
}

// leave follows the edge of the given outcome.
func leave(s State, outcome engine.Outcome, auto bool) (State, []Effect) {
	to, ok := byID[s.Step].Next[outcome]
	if !ok {
		return s, nil
	}
	if s.Goal.Step != "" && s.Step == StepOrganization {
		return resumeAtGoal(s)
	}
	if to != s.Step {
		s.Trail = append(slices.Clip(s.Trail), Visit{Step: s.Step, Auto: auto && !answeredIn(s.Case, s.Step), Answered: s.Answered})
	}
	if s.Step == StepReport && to == StepMember {
		s.Trail = nil
		s = toAnother(s)
	}
	return enter(s, to)
}

// toAnother turns the walk to another member. It does not forget who was left out of
// the organization.
func toAnother(s State) State {
	if s.Case.Out() {
		s.LeftOut = append(slices.Clip(s.LeftOut), s.About)
	}
	s.Case, s.Saved = forAnotherMember(s.Case), ""
	return s
}

// forAnotherMember keeps what belongs to the organization and drops the member.
func forAnotherMember(c engine.Case) engine.Case {
	n := engine.Case{Org: c.Org, DryRun: c.DryRun, Session: c.Session, Roster: c.Roster, Without: c.Without, Answers: map[engine.QuestionID]engine.Answer{}}
	for _, id := range []engine.QuestionID{engine.AskSignIn, engine.AskApp, engine.AskOrg, engine.AskProvider, engine.AskJIT} {
		a, ok := c.Answers[id]
		if !ok || id == engine.AskJIT && staleJIT(c) {
			continue
		}
		n.Answers[id] = a // with what was the last toggle in the log then
	}
	return n
}

// back goes from a plan to its step, from a question to the previous one, and from a step
// to the last one at which a person had a choice. A run in flight must be stopped first.
func back(s State) (State, []Effect) {
	phase := s.Phase
	if paused(s) {
		if !s.Problem.Refused { // the person asked to sign in on the failure page
			s.Phase, s.Verdict = PhaseFailed, engine.Verdict{}
			return s, nil
		}
		phase = PhaseFailed
	}
	switch phase {
	case PhaseRunning, PhaseVerifying, PhaseSaving, PhaseDone:
		return s, nil
	case PhaseConnecting:
		s.Seq++
		s.Phase = PhaseDeciding
		if again, ok := askAgain(s, cancelled); ok {
			s = again
		}
		return s, []Effect{Abort{}}
	case PhasePlanning, PhaseApproving, PhaseStopped:
		return enter(s, s.Step)
	case PhaseFailed:
		if s.FailedIn != PhaseObserving {
			return enter(s, s.Step)
		}
		if s.Step == StepOrganization {
			// The name may be wrong: ask for it again.
			s.Case, _ = reopen(s.Case, Visit{Step: s.Step})
			return enter(s, s.Step)
		}
	case PhaseObserving, PhaseDeciding:
		if asked, effects, ok := takeBackAnswer(s); ok {
			return asked, effects
		}
	case PhaseSettled:
	}
	return stepBack(s)
}

// paused reports whether the walk waits on a sign-in for what has failed.
func paused(s State) bool {
	ask := s.Verdict.Ask
	return s.Phase == PhaseDeciding && s.FailedIn != "" && ask != nil && ask.ID == engine.AskSignIn
}

// takeBackAnswer takes the last answer of this step back, so that its question is
// asked again.
func takeBackAnswer(s State) (State, []Effect, bool) {
	now := engine.QuestionID("")
	if s.Verdict.Ask != nil {
		now = s.Verdict.Ask.ID
	}
	if now == engine.AskMemberToken && len(s.Answered) == 0 {
		s.Answered = []engine.QuestionID{engine.AskPrivate} // answered before the walk was taken up again
	}
	for n, q := range slices.Backward(s.Answered) {
		s.Answered, s.Case = slices.Clip(s.Answered[:n]), forget(s.Case, q)
		if s.Phase == PhaseObserving {
			asked, effects := enter(s, s.Step)
			return asked, append([]Effect{Abort{}}, effects...), true
		}
		if v := byID[s.Step].Decide(s.Case); v.Ask != nil && v.Ask.ID == q && q != now {
			s.Seq++
			s.Verdict = v
			return s, nil, true
		}
	}
	return s, nil, false
}

// stepBack goes to the last step where somebody has something to decide, if there
// is one.
func stepBack(s State) (State, []Effect) {
	var abort []Effect
	if s.Phase == PhaseObserving {
		abort = []Effect{Abort{}}
	}
	for i, visit := range slices.Backward(s.Trail) {
		if visit.Auto {
			continue
		}
		c, answered := reopen(s.Case, visit)
		if leadsOut(c, visit.Step) { // it would only throw the walk forward again
			continue
		}
		s.Trail, s.Case = slices.Clip(s.Trail[:i]), c
		s, effects := enter(s, visit.Step)
		if s.Step == visit.Step {
			s.Answered = answered
		}
		return s, append(abort, effects...)
	}
	return s, nil
}

// answeredIn reports whether a person answered a question in the step, so that going
// back to it can ask again.
func answeredIn(c engine.Case, id StepID) bool {
	return slices.ContainsFunc(byID[id].Asks, func(q engine.QuestionID) bool {
		_, ok := c.Answers[q]
		return ok || q == engine.AskOrg || q == engine.AskMember
	})
}

// reopen drops the answers that would carry the walk straight out of the step again,
// the last one first, and returns those of this visit that are left. A step that was
// left by a choice shows that choice again, and keeps its answers.
func reopen(c engine.Case, v Visit) (engine.Case, []engine.QuestionID) {
	c = c.Clone()
	if v.Step == StepHandOver {
		delete(c.Done, engine.ActionHandOver) // what was decided about each repository stays
	}
	answered := v.Answered
	for len(answered) > 0 && leadsOut(c, v.Step) {
		c = forget(c, answered[len(answered)-1])
		answered = slices.Clip(answered[:len(answered)-1])
	}
	if leadsOut(c, v.Step) { // they were given on an earlier visit
		for _, q := range byID[v.Step].Asks {
			c = forget(c, q)
		}
	}
	return c, answered
}

// leadsOut reports whether the step, as far as is known, shows nothing and goes on.
func leadsOut(c engine.Case, id StepID) bool {
	v := byID[id].Decide(c)
	return v.Ask == nil && v.Auto != ""
}

// forget drops an answer, and what follows from it.
func forget(c engine.Case, q engine.QuestionID) engine.Case {
	c = c.Clone()
	delete(c.Answers, q)
	switch {
	case q == engine.AskOrg:
		c.Org = ""
	case q == engine.AskMember:
		c.Username = ""
	case (q == engine.AskRole || q == engine.AskTeams) && c.Expected.Stated:
		c.Expected = engine.Expectation{}
		delete(c.Sources, engine.FactExpectation)
	}
	return c
}

// markEffects returns the effects that record the place of a walk that has changed something, so
// that the walk can be resumed there. The run stays open as long as a plan is half-way,
// because what the plan took away may have to be restored.
func markEffects(s State) []Effect {
	if s.Case.DryRun || s.Goal.Step != "" || len(s.Case.Receipts)+len(s.Case.Unfinished) == 0 {
		return nil
	}
	return []Effect{Note{Mark: s.Mark(), Case: s.Case, Over: (s.Step == StepReport || s.Step == StepEnd) && !s.Case.Out() && len(s.Case.HalfWay()) == 0}}
}

// resumeAtGoal takes a resumed walk to its recorded place.
func resumeAtGoal(s State) (State, []Effect) {
	to, trail, plan := s.Goal.Step, s.Goal.Trail, s.Goal.Plan
	s.Goal = Mark{}
	if to == StepReport || to == StepEnd {
		to = leftOpen(s.Case, to)
	}
	if to == StepRemove && !slices.ContainsFunc(s.Case.Receipts, func(r engine.Receipt) bool { return r.Action == engine.ActionRemove }) {
		// The member's own credential is not stored. Without it, the copies cannot
		// be verified again, and the step before asks for it.
		to = StepHandOver
		if i := slices.IndexFunc(trail, func(v Visit) bool { return v.Step == StepHandOver }); i >= 0 {
			trail = trail[:i]
		}
	}
	if _, ok := byID[to]; !ok {
		to, trail = StepObserve, nil
	}
	s.Trail = slices.Clip(trail)
	if plan != nil && len(s.Case.Unmade(*plan)) == 0 && to != StepHandOver {
		// All changes were made but not verified. Verify first, so that nothing is
		// done twice. A hand-over is verified by running it again, which sends
		// nothing that is already there.
		s, _ = enter(s, to)
		s.Plan, s.Choice = *plan, engine.Choice{Action: plan.Action}
		return verify(s)
	}
	return enter(s, to)
}

// leftOpen returns the step where a run goes on that is not over although its walk
// came to the report.
func leftOpen(c engine.Case, at StepID) StepID {
	if c.Out() {
		return StepPush
	}
	for _, x := range []struct {
		action engine.ActionID
		step   StepID
	}{
		{engine.ActionPush, StepPush},
		{engine.ActionPushOther, StepPush},
		{engine.ActionReinvite, StepPush},
		{engine.ActionHandOver, StepHandOver},
		{engine.ActionCancelInvites, StepCancelInvites},
	} {
		if len(c.HalfDone(x.action)) > 0 {
			return x.step
		}
	}
	return at
}
