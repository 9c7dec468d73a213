package guide

import "github.com/seed-05b3d87e/reprovision/engine"

// An action is chosen, planned, approved, carried out, verified and settled, or it
// fails.

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

// approved starts the run. In a dry run it only records what would have been done,
// and there is no Execute effect at all.
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
	s.Case = s.Case.Repeating(s.Plan)
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
		if again, ok := askAgain(s, p); ok {
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
