package guide

import (
	"slices"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// Next is the state machine. It is pure and total, and uses no clock. For an event that
// is not allowed in the state, or that answers an abandoned effect, it returns the same
// state and no effect.
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
		if s.Case.Member.Present { // whoever helped them back
			s.LeftOut = slices.DeleteFunc(slices.Clone(s.LeftOut), func(u string) bool { return u == s.Case.Username })
		}
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
	case Clicked:
		if s.Phase != PhaseRunning {
			return s, nil
		}
		return s, []Effect{Halt{Seq: s.Seq, Clicked: true}}
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

// waiting reports whether the phase waits for the answer of an effect.
func waiting(p Phase) bool {
	switch p {
	case PhaseObserving, PhaseConnecting, PhasePlanning, PhaseRunning, PhaseVerifying, PhaseSaving:
		return true
	case PhaseDeciding, PhaseApproving, PhaseSettled, PhaseFailed, PhaseStopped, PhaseDone:
	}
	return false
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
		// The approval covers only what was known then. After a failure, the facts
		// are read again and the rest needs a new approval.
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
	return failed(s, cancelled), []Effect{Abort{}}
}

var cancelled = engine.Problem{
	Title:  "Cancelled",
	Detail: "You cancelled this while it was under way; nothing was changed.",
	Advice: "Try again, or go back.",
}
