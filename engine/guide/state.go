package guide

import (
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// Phase is what a step is doing.
type Phase string

// The phases.
const (
	PhaseObserving  Phase = "observing"  // facts are being read
	PhaseDeciding   Phase = "deciding"   // the verdict is shown; a person answers or chooses
	PhaseConnecting Phase = "connecting" // a credential is being tried
	PhasePlanning   Phase = "planning"   // the plan is being made
	PhaseApproving  Phase = "approving"  // the plan is shown; a person confirms
	PhaseRunning    Phase = "running"    // changes are being made
	PhaseVerifying  Phase = "verifying"  // the result is being looked for
	PhaseSettled    Phase = "settled"    // the result is shown
	PhaseSaving     Phase = "saving"     // the report is being written
	PhaseFailed     Phase = "failed"     // something did not work; Problem says what
	PhaseStopped    Phase = "stopped"    // a person stopped a run between two changes
	PhaseDone       Phase = "done"       // the walk is over
)

// Phases lists every phase.
func Phases() []Phase {
	return []Phase{
		PhaseObserving, PhaseDeciding, PhaseConnecting, PhasePlanning, PhaseApproving, PhaseRunning,
		PhaseVerifying, PhaseSettled, PhaseSaving, PhaseFailed, PhaseStopped, PhaseDone,
	}
}

// State is the state of a walk. It is a plain value without secrets, clocks or handles:
// it can be stored, compared and printed.
type State struct {
	Step     StepID
	Phase    Phase
	Seq      int // rises with every effect; an answer with another number is late, and dropped
	Case     engine.Case
	Verdict  engine.Verdict
	Choice   engine.Choice // what the person chose, from planning on
	Plan     engine.Plan
	Check    engine.Check
	Problem  engine.Problem
	FailedIn Phase  // what Retry repeats
	Saved    string // where the report was written
	Stopping bool   // a stop was asked for while running
	Trail    []Visit
	Answered []engine.QuestionID // in this step, since it was come to: Back takes the last one back
	About    string              // whom the case is about, also while that is asked again
	LeftOut  []string            // who was removed and not seen back when the walk turned to another member
	Goal     Mark                // of a resumed walk: where it goes on as soon as it is signed in
}

// Visit is a step that the walk has left.
type Visit struct {
	Step StepID `json:"step"`
	Auto bool   `json:"auto,omitempty"` // left without anybody's choice: going back passes it by

	Answered []engine.QuestionID `json:"answered,omitempty"` // there, in this order
}

// Mark is a place in a walk. Together with the case it is enough to return there.
type Mark struct {
	Seq   int     `json:"seq"` // of two marks of one walk, the higher is the later
	Step  StepID  `json:"step"`
	Trail []Visit `json:"trail,omitempty"`
	// Plan is a plan that was approved there but not yet verified.
	Plan *engine.Plan `json:"-"`
}

// Mark returns the present place of the walk.
func (s State) Mark() Mark { return Mark{Seq: s.Seq, Step: s.Step, Trail: s.Trail} }

// Resume returns the state before Begin of a walk that continues from m. It signs in
// again first, and reads every fact live, as in any walk.
func Resume(c engine.Case, m Mark) State {
	c = c.Clone()
	c.Session, c.Roster = engine.Session{}, nil
	s := New(c)
	s.Goal = m
	return s
}

// New returns the state before Begin.
func New(c engine.Case) State {
	c.Org = strings.ToLower(c.Org) // names in Docker have no capital letters
	return State{Step: StepSignIn, Phase: PhaseDeciding, Case: c}
}

// Event is something that happened: a person's input or the end of an effect.
type Event interface{ event() }

type (
	// Begin starts the walk.
	Begin struct{}
	// Observed ends Observe.
	Observed struct {
		Seq  int
		Case engine.Case
	}
	// Connected ends Connect: the credential was accepted.
	Connected struct {
		Seq     int
		Session engine.Session
	}
	// Planned ends MakePlan.
	Planned struct {
		Seq  int
		Plan engine.Plan
	}
	// Executed ends Execute: every change has its receipt, or the run was
	// stopped between two.
	Executed struct {
		Seq      int
		Receipts []engine.Receipt
		Stopped  bool
	}
	// Verified ends Verify.
	Verified struct {
		Seq   int
		Check engine.Check
	}
	// Saved ends Save.
	Saved struct {
		Seq  int
		Path string
	}
	// Failed ends any effect that failed. Receipts are those of the changes made
	// before the failure. Change is the one that failed, if it was a change.
	Failed struct {
		Seq      int
		Problem  engine.Problem
		Receipts []engine.Receipt
		Change   engine.Change
	}

	// Answered is a person's answer to the question on screen.
	Answered struct {
		Question engine.QuestionID
		Value    string
		At       time.Time
	}
	// SignedIn is a completed sign-in form. It goes straight into an effect and
	// never into the State.
	SignedIn struct{ Credential engine.Credential }
	// SignInWanted asks for the sign-in form in the middle of a walk.
	SignInWanted struct{}
	// Chosen is a person's choice.
	Chosen struct{ Outcome engine.Outcome }
	// HandOverChosen is a person's decision about repositories, at the hand-over:
	// copy them, copy one under another name, or leave them behind for a reason.
	// It applies to all of them or, if it is not allowed for one, to none.
	HandOverChosen struct {
		Repositories []string
		Choice       engine.HandOverChoice
	}
	// Approved is a person's yes to the plan with that digest. Typed is what
	// they typed, which a destructive plan compares with its subject.
	Approved struct {
		Digest string
		Typed  string
		At     time.Time
	}
	// Continue leaves a settled action.
	Continue struct{}
	// Back goes one step back, or out of a plan.
	Back struct{}
	// Retry repeats what failed or was stopped.
	Retry struct{}
	// Cancel abandons a reading effect.
	Cancel struct{}
	// Stop asks a run to stop after the change in flight.
	Stop struct{}
	// Clicked is a person's word that the clicks in a console, which the run waits
	// for, are done.
	Clicked struct{}
	// SaveWanted asks for the report to be written.
	SaveWanted struct{}
)

func (Begin) event()          {}
func (Observed) event()       {}
func (Connected) event()      {}
func (Planned) event()        {}
func (Executed) event()       {}
func (Verified) event()       {}
func (Saved) event()          {}
func (Failed) event()         {}
func (Answered) event()       {}
func (SignedIn) event()       {}
func (SignInWanted) event()   {}
func (Chosen) event()         {}
func (HandOverChosen) event() {}
func (Approved) event()       {}
func (Continue) event()       {}
func (Back) event()           {}
func (Retry) event()          {}
func (Cancel) event()         {}
func (Stop) event()           {}
func (Clicked) event()        {}
func (SaveWanted) event()     {}

// Effect is something for run.Runner.Do to do in the outside world. An effect with a Seq
// is answered by an event with the same number.
type Effect interface{ effect() }

type (
	// Observe reads facts into the case.
	Observe struct {
		Seq   int
		Case  engine.Case
		Facts []engine.FactID
	}
	// Connect tries a credential.
	Connect struct {
		Seq        int
		Case       engine.Case
		Credential engine.Credential
	}
	// MakePlan asks an action for its plan. It reads only.
	MakePlan struct {
		Seq    int
		Case   engine.Case
		Action engine.ActionID
	}
	// Execute makes the approved changes. No other effect changes anything.
	Execute struct {
		Seq      int
		Case     engine.Case
		Plan     engine.Plan
		Approval engine.Approval
		Mark     Mark
	}
	// Verify checks whether the action had its effect.
	Verify struct {
		Seq    int
		Case   engine.Case
		Action engine.ActionID
	}
	// Save writes the report to a file for the owner.
	Save struct {
		Seq  int
		Case engine.Case
	}
	// Note records the place of the walk in the journal; it has no answer. Over says
	// that nothing is left to do.
	Note struct {
		Mark Mark
		Case engine.Case
		Over bool
	}
	// Abort cancels the reading effect in flight. Its answer will be dropped.
	Abort struct{}
	// Halt asks the Execute with that number to end after the change in flight, or
	// an Execute or Verify to stop waiting for a person. It may arrive before them;
	// it has no answer. Clicked says that the clicks for which an Execute waits are done:
	// without it, they count as made only if their effect is seen.
	Halt struct {
		Seq     int
		Clicked bool
	}
)

func (Observe) effect()  {}
func (Connect) effect()  {}
func (MakePlan) effect() {}
func (Execute) effect()  {}
func (Verify) effect()   {}
func (Save) effect()     {}
func (Note) effect()     {}
func (Abort) effect()    {}
func (Halt) effect()     {}
