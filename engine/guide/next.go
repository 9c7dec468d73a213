package guide

import (
	"slices"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// Next is the state machine: pure, total, without a clock. An event that is
// not allowed in the state, or that answers an effect given up long ago,
// returns the same state and no effect.
func Next(s State, e Event) (State, []Effect) {
	switch e := e.(type) {
	case Begin:
		if s.Seq != 0 {
			return s, nil
		}
		return enter(s, StepSignIn)
	case Observed:
		if s.Phase != PhaseObserving || e.Seq != s.Seq {
			return s, nil
		}
		s.Case = e.Case
		return decide(s)
	case Connected:
		if s.Phase != PhaseConnecting || e.Seq != s.Seq {
			return s, nil
		}
		return connected(s, e)
	case Planned:
		return planned(s, e)
	case Executed:
		return executed(s, e)
	case Verified:
		if s.Phase != PhaseVerifying || e.Seq != s.Seq {
			return s, nil
		}
		return settle(s, e.Check), nil
	case Saved:
		if s.Phase != PhaseSaving || e.Seq != s.Seq {
			return s, nil
		}
		s.Phase, s.Saved = PhaseDeciding, e.Path
		return s, nil
	case Failed:
		if !waiting(s.Phase) || e.Seq != s.Seq {
			return s, nil
		}
		s.Case = s.Case.WithReceipts(e.Receipts...)
		if s.Phase == PhaseRunning { // without a receipt, too: what has failed may have been made
			s.Case = s.Case.WithUnfinished(s.Plan).WithAttempt(e.Change, e.Problem.Title)
		}
		return failed(s, e.Problem), nil
	case Answered:
		return answered(s, e)
	case SignedIn:
		return signedIn(s, e)
	case SignInWanted:
		return signInWanted(s), nil
	case Chosen:
		return chosen(s, e)
	case HandOverChosen:
		return handOverChosen(s, e)
	case Approved:
		return approved(s, e)
	case Continue:
		if s.Phase != PhaseSettled {
			return s, nil
		}
		return enter(s, s.Step)
	case Back:
		return back(s)
	case Retry:
		return retry(s)
	case Cancel:
		return cancel(s)
	case Stop:
		if s.Phase != PhaseRunning && s.Phase != PhaseVerifying {
			return s, nil
		}
		s.Stopping = true
		return s, []Effect{Halt{Seq: s.Seq}}
	case SaveWanted:
		if s.Step != StepReport || s.Phase != PhaseDeciding {
			return s, nil
		}
		s.Seq++
		s.Phase = PhaseSaving
		return s, []Effect{Save{Seq: s.Seq, Case: s.Case}}
	}
	return s, nil
}

// waiting reports whether the phase ends with the answer of an effect.
func waiting(p Phase) bool {
	switch p {
	case PhaseObserving, PhaseConnecting, PhasePlanning, PhaseRunning, PhaseVerifying, PhaseSaving:
		return true
	case PhaseDeciding, PhaseApproving, PhaseSettled, PhaseFailed, PhaseStopped, PhaseDone:
	}
	return false
}

// enter begins a step afresh: its facts are read live, whatever was known.
func enter(s State, id StepID) (State, []Effect) {
	s.Step = id
	s.Seq++
	s.Verdict, s.Choice, s.Plan = engine.Verdict{}, engine.Choice{}, engine.Plan{}
	s.Check, s.Problem, s.FailedIn, s.Stopping = engine.Check{}, engine.Problem{}, "", false
	step, ok := byID[id]
	if !ok {
		s.Phase = PhaseDone
		return s, noted(s)
	}
	if len(step.Reads) == 0 {
		next, effects := decide(s)
		if next.Step == id {
			effects = append(noted(next), effects...)
		}
		return next, effects
	}
	s.Phase = PhaseObserving
	return s, append(noted(s), Observe{Seq: s.Seq, Case: s.Case, Facts: step.Reads})
}

// noted keeps the place of a walk that has changed something, so that it can be
// taken up there again.
func noted(s State) []Effect {
	if s.Case.DryRun || s.Goal.Step != "" || len(s.Case.Receipts)+len(s.Case.Unfinished) == 0 {
		return nil
	}
	return []Effect{Note{Mark: s.Mark(), Case: s.Case, Over: (s.Step == StepReport || s.Step == StepEnd) && !s.Case.Out()}}
}

// goOn takes a resumed walk to where it stood.
func goOn(s State) (State, []Effect) {
	to, trail, plan := s.Goal.Step, s.Goal.Trail, s.Goal.Plan
	s.Goal = Mark{}
	if to == StepRemove && !slices.ContainsFunc(s.Case.Receipts, func(r engine.Receipt) bool { return r.Action == engine.ActionRemove }) {
		// The member's own credential is not kept: without it, what was handed
		// over cannot be seen again, and the step before asks for it.
		to = StepHandOver
		if i := slices.IndexFunc(trail, func(v Visit) bool { return v.Step == StepHandOver }); i >= 0 {
			trail = trail[:i]
		}
	}
	if _, ok := byID[to]; !ok {
		to, trail = StepObserve, nil
	}
	s.Trail = slices.Clip(trail)
	if plan != nil && made(s.Case, *plan) && to != StepHandOver {
		// Everything was done and nobody has seen yet whether it worked: that
		// comes first, lest it be done twice. A hand-over is compared by doing
		// it again, which sends nothing that is there.
		s, _ = enter(s, to)
		s.Plan, s.Choice = *plan, engine.Choice{Action: plan.Action}
		return verify(s)
	}
	return enter(s, to)
}

// made reports whether every change of the plan has its receipt.
func made(c engine.Case, p engine.Plan) bool {
	return len(c.WithUnfinished(p).Remaining(p.Action)) == 0
}

// leave goes over the edge named by outcome.
func leave(s State, outcome engine.Outcome, auto bool) (State, []Effect) {
	to, ok := byID[s.Step].Next[outcome]
	if !ok {
		return s, nil
	}
	if s.Goal.Step != "" && s.Step == StepOrganization {
		return goOn(s)
	}
	if to != s.Step {
		s.Trail = append(slices.Clip(s.Trail), Visit{Step: s.Step, Auto: auto && !answeredIn(s.Case, s.Step)})
	}
	if s.Step == StepReport && to == StepMember {
		s.Case, s.Trail, s.Saved = another(s.Case), nil, ""
	}
	return enter(s, to)
}

// another keeps what belongs to the organization and drops the person.
func another(c engine.Case) engine.Case {
	n := engine.Case{Org: c.Org, DryRun: c.DryRun, Session: c.Session, Roster: c.Roster}
	for _, id := range []engine.QuestionID{engine.AskSignIn, engine.AskApp, engine.AskOrg, engine.AskProvider, engine.AskJIT, engine.AskSCIMTested} {
		if a, ok := c.Answers[id]; ok {
			n = n.WithAnswer(id, a)
		}
	}
	return n
}

func decide(s State) (State, []Effect) {
	s.Verdict = byID[s.Step].Decide(s.Case)
	s.Phase = PhaseDeciding
	if s.Verdict.Ask == nil && s.Verdict.Auto != "" {
		return leave(s, s.Verdict.Auto, true)
	}
	return s, nil
}

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
	if ask.ID == engine.AskOrg {
		s.Case.Org = value
		s.Case = s.Case.WithAnswer(ask.ID, engine.Answer{Value: value, At: e.At})
		return enter(s, s.Step)
	}
	if ask.ID == engine.AskMember {
		if s.Case.Username != value {
			s.Case = another(s.Case)
			s.Case.Username = value
		}
		return decide(s)
	}
	if ask.ID == engine.AskSignIn && s.FailedIn != "" {
		return passedOver(s, value)
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

// stateExpectation takes the owner's word for what no identity provider could
// be read for, once both questions are answered.
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

func chosen(s State, e Chosen) (State, []Effect) {
	if s.Phase != PhaseDeciding || s.Verdict.Ask != nil {
		return s, nil
	}
	c, ok := s.Verdict.Choice(e.Outcome)
	if !ok || c.Disabled != "" {
		return s, nil
	}
	if s.Step == StepDiagnose && c.Outcome != outAgain && len(s.Case.Receipts) == 0 {
		s.Case.Before = engine.Before{Findings: s.Verdict.Findings, Comparison: engine.Compare(s.Case)}
	}
	if c.Action == "" {
		return leave(s, c.Outcome, false)
	}
	s.Choice = c
	return plan(s)
}

func plan(s State) (State, []Effect) {
	s.Seq++
	s.Phase, s.Plan, s.Check = PhasePlanning, engine.Plan{}, engine.Check{}
	return s, []Effect{MakePlan{Seq: s.Seq, Case: s.Case, Action: s.Choice.Action}}
}

func planned(s State, e Planned) (State, []Effect) {
	if s.Phase != PhasePlanning || e.Seq != s.Seq {
		return s, nil
	}
	s.Plan = e.Plan
	if e.Plan.Nothing != "" {
		return settle(s, engine.Check{OK: true, Text: e.Plan.Nothing, At: e.Plan.At}), nil
	}
	s.Phase = PhaseApproving
	return s, nil
}

// approved starts the run; in a dry run it only notes what would have been
// done, so that no Execute effect exists at all.
func approved(s State, e Approved) (State, []Effect) {
	if s.Phase != PhaseApproving || e.Digest != s.Plan.Digest() {
		return s, nil
	}
	if s.Case.DryRun {
		return settle(s, engine.Check{OK: true, Assumed: true, Text: "Dry run: nothing was sent. The walk goes on as if it had been done.", At: e.At}), nil
	}
	if s.Plan.Destructive && e.Typed != s.Plan.Subject {
		return s, nil
	}
	s.Seq++
	s.Phase, s.Stopping = PhaseRunning, false
	return s, []Effect{Execute{Seq: s.Seq, Case: s.Case, Plan: s.Plan, Approval: engine.Approval{Digest: e.Digest, At: e.At}, Mark: s.Mark()}}
}

func executed(s State, e Executed) (State, []Effect) {
	if s.Phase != PhaseRunning || e.Seq != s.Seq {
		return s, nil
	}
	s.Case = s.Case.WithReceipts(e.Receipts...)
	if e.Stopped {
		s.Case = s.Case.WithUnfinished(s.Plan)
		s.Phase, s.FailedIn = PhaseStopped, PhaseRunning
		return s, nil
	}
	s.Case = s.Case.Finished(s.Plan.Action)
	return verify(s)
}

func verify(s State) (State, []Effect) {
	s.Seq++
	s.Phase, s.Stopping = PhaseVerifying, false
	return s, []Effect{Verify{Seq: s.Seq, Case: s.Case, Action: s.Plan.Action}}
}

func settle(s State, k engine.Check) State {
	s.Case = s.Case.WithCheck(s.Choice.Action, k)
	s.Check, s.Phase = k, PhaseSettled
	return s
}

func failed(s State, p engine.Problem) State {
	if s.Phase == PhaseConnecting {
		if again, ok := askedAgain(s, p); ok {
			return again
		}
	}
	s = fail(s, p)
	if p.Refused {
		return signInWanted(s)
	}
	return s
}

func fail(s State, p engine.Problem) State {
	s.FailedIn, s.Problem, s.Phase = s.Phase, p, PhaseFailed
	return s
}

// back leaves a plan for its step, and a step for the last one where somebody
// had a choice. A run in flight must be stopped first.
func back(s State) (State, []Effect) {
	var abort []Effect
	switch s.Phase {
	case PhaseRunning, PhaseVerifying, PhaseSaving, PhaseDone:
		return s, nil
	case PhasePlanning, PhaseApproving, PhaseStopped:
		return enter(s, s.Step)
	case PhaseFailed:
		if s.FailedIn != PhaseObserving {
			return enter(s, s.Step)
		}
	case PhaseObserving, PhaseConnecting:
		abort = []Effect{Abort{}}
	case PhaseDeciding, PhaseSettled:
	}
	if s.Phase == PhaseFailed && s.Step == StepOrganization {
		// The name may be wrong: ask for it again.
		s.Case = reopen(s.Case, s.Step)
		return enter(s, s.Step)
	}
	for i := len(s.Trail) - 1; i >= 0; i-- {
		if s.Trail[i].Auto {
			continue
		}
		to := s.Trail[i].Step
		s.Trail = slices.Clip(s.Trail[:i])
		s.Case = reopen(s.Case, to)
		s, effects := enter(s, to)
		return s, append(abort, effects...)
	}
	return s, nil
}

// answeredIn reports whether a person has answered anything in the step, so
// that going back to it has something to ask again.
func answeredIn(c engine.Case, id StepID) bool {
	return slices.ContainsFunc(byID[id].Asks, func(q engine.QuestionID) bool {
		_, ok := c.Answers[q]
		return ok || q == engine.AskOrg || q == engine.AskMember
	})
}

// reopen drops the answers that would carry the walk straight out of the step
// again.
func reopen(c engine.Case, id StepID) engine.Case {
	c = c.Clone()
	if id == StepHandOver {
		delete(c.Done, engine.ActionHandOver) // what was decided about each repository stays
	}
	for _, q := range byID[id].Asks {
		delete(c.Answers, q)
		if q == engine.AskOrg {
			c.Org = ""
		}
		if q == engine.AskMember {
			c.Username = ""
		}
		if (q == engine.AskRole || q == engine.AskTeams) && c.Expected.Stated {
			c.Expected = engine.Expectation{}
			delete(c.Sources, engine.FactExpectation)
		}
	}
	return c
}

func retry(s State) (State, []Effect) {
	if s.Phase != PhaseFailed && s.Phase != PhaseStopped {
		return s, nil
	}
	from := s.FailedIn
	stale := s.Problem.Stale
	s.Problem, s.FailedIn = engine.Problem{}, ""
	switch from {
	case PhasePlanning:
		return plan(s)
	case PhaseRunning:
		// What was approved is what was seen then; after a failure the world
		// is looked at again and the rest is confirmed anew.
		return plan(s)
	case PhaseVerifying:
		if stale {
			return plan(s)
		}
		return verify(s)
	case PhaseSaving:
		s.Phase = PhaseDeciding
		return Next(s, SaveWanted{})
	case PhaseObserving, PhaseConnecting, PhaseDeciding, PhaseApproving, PhaseSettled, PhaseFailed, PhaseStopped, PhaseDone:
	}
	return enter(s, s.Step)
}

func cancel(s State) (State, []Effect) {
	switch s.Phase {
	case PhaseObserving, PhaseConnecting, PhasePlanning, PhaseSaving:
	case PhaseVerifying, PhaseRunning, PhaseDeciding, PhaseApproving, PhaseSettled, PhaseFailed, PhaseStopped, PhaseDone:
		return s, nil
	}
	s.Seq++ // whatever arrives now is late
	s = failed(s, engine.Problem{
		Title:  "Cancelled",
		Detail: "You cancelled this while it was under way; nothing was changed.",
		Advice: "Try again, or go back.",
	})
	return s, []Effect{Abort{}}
}
