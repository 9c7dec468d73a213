// Package guide implements Docker's guide "Troubleshoot provisioning" as data: a
// closed table of steps, and one pure function, Next, that walks it. Everything else
// that depends on the order of steps (the progress rail, the guide's page, its
// diagram) is derived from the table.
package guide

import "github.com/seed-05b3d87e/reprovision/engine"

// StepID names a step of the guide.
type StepID string

// The steps, in the order of the longest walk.
const (
	StepSignIn        StepID = "sign-in"
	StepOrganization  StepID = "organization"
	StepMember        StepID = "member"
	StepObserve       StepID = "observe"
	StepDiagnose      StepID = "diagnose"
	StepNothingWrong  StepID = "nothing-wrong"
	StepFixSource     StepID = "fix-source"
	StepMatch         StepID = "match-attributes"
	StepDisableJIT    StepID = "disable-jit"
	StepPushProfile   StepID = "push-profile"
	StepProveSCIM     StepID = "prove-scim"
	StepCancelInvites StepID = "cancel-invites"
	StepCloseJIT      StepID = "close-jit"
	StepAcceptRace    StepID = "accept-race"
	StepSnapshot      StepID = "snapshot"
	StepHandOver      StepID = "hand-over"
	StepRemove        StepID = "remove"
	StepPush          StepID = "push"
	StepVerify        StepID = "verify"
	StepReport        StepID = "report"
	StepEnd           StepID = "end" // not a step: where the last edge leads
)

// Step is one node of the guide: the facts it needs, how it decides, what it offers,
// and where each outcome leads.
type Step struct {
	ID     StepID
	Title  string // a heading
	Short  string // a label of at most 14 characters for the rail
	Doc    string // Markdown: what the guide says, in our words
	Link   string // Docker's page
	Reads  []engine.FactID
	Asks   []engine.QuestionID              // what it may ask: going back to it asks again
	Decide func(engine.Case) engine.Verdict // pure
	Main   engine.Outcome                   // the usual way on, for the rail
	Next   map[engine.Outcome]StepID        // closed: every outcome Decide can name
}

// Steps returns the guide in the order of the longest walk.
func Steps() []Step { return steps }

// Lookup returns the step with that id.
func Lookup(id StepID) (Step, bool) {
	s, ok := byID[id]
	return s, ok
}

var byID = index(steps)

func index(steps []Step) map[StepID]Step {
	m := make(map[StepID]Step, len(steps))
	for _, s := range steps {
		m[s.ID] = s
	}
	return m
}

// Path returns the walk as the rail shows it: the visited steps, the current one, and
// the steps that usually follow.
func Path(s State) (past []StepID, current StepID, future []StepID) {
	seen := map[StepID]bool{s.Step: true}
	for _, v := range s.Trail {
		if !seen[v.Step] {
			seen[v.Step] = true
			past = append(past, v.Step)
		}
	}
	at := s.Step
	out := recommended(s.Verdict)
	for {
		step, ok := byID[at]
		if !ok {
			return past, s.Step, future
		}
		if _, edge := step.Next[out]; !edge {
			out = step.Main // a choice that runs an action comes back to its step first
		}
		at = step.Next[out]
		out = ""
		if at == StepEnd || at == "" || seen[at] {
			return past, s.Step, future
		}
		seen[at] = true
		future = append(future, at)
	}
}

func recommended(v engine.Verdict) engine.Outcome {
	for _, c := range v.Choices {
		if c.Recommended && c.Disabled == "" {
			return c.Outcome
		}
	}
	return ""
}
