package tui

import (
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

// stop is a place of the walk to look at.
type stop struct {
	name  string
	state guide.State
	live  screen.Live
}

// observed marks every fact of the case as read.
func observed(c engine.Case) engine.Case {
	for _, id := range engine.Facts() {
		c = c.WithSource(id, engine.Source{Name: sourceName(id), At: noon})
	}
	c.SCIM = engine.SCIMService{Proven: true, Detail: "answers with our token"}
	c.Snapshot = engine.Snapshot{Taken: true, At: noon, Role: c.Member.Role, Teams: c.Member.Teams}
	return c
}

func says(c engine.Case, id engine.QuestionID, value string) engine.Case {
	return c.WithAnswer(id, engine.Answer{Value: value, At: noon})
}

// standing is the walk at a step, in a phase, as its Decide sees the case.
func standing(id guide.StepID, p guide.Phase, c engine.Case) guide.State {
	step, _ := guide.Lookup(id)
	s := guide.State{Step: id, Phase: p, Seq: 7, Case: c}
	for _, v := range []guide.StepID{guide.StepSignIn, guide.StepOrganization, guide.StepMember} {
		if v != id {
			s.Trail = append(s.Trail, guide.Visit{Step: v, Auto: v != guide.StepMember})
		}
	}
	switch p {
	case guide.PhaseObserving, guide.PhaseDone:
	default:
		s.Verdict = step.Decide(c)
	}
	return s
}

// stops is one of everything that the window can show, made from a case.
func stops(c engine.Case) []stop {
	var list []stop
	add := func(name string, s guide.State, live ...screen.Live) {
		x := stop{name: name, state: s}
		if len(live) > 0 {
			x.live = live[0]
		}
		list = append(list, x)
	}
	blank := c
	blank.Session, blank.Username, blank.Sources = systems(false), "", nil
	some := c
	some.Session = systems(false)
	some.Session.Systems[0].OK = true
	known := says(observed(c), engine.AskJIT, "on")
	dry := known
	dry.DryRun = true
	unknown := known.WithSource(engine.FactExpectation, engine.Source{Name: "Okta", Missing: "nobody has signed in to it"})

	add("sign-in", standing(guide.StepSignIn, guide.PhaseDeciding, blank))
	add("sign-in-optional", standing(guide.StepSignIn, guide.PhaseDeciding, some))
	add("connecting", standing(guide.StepSignIn, guide.PhaseConnecting, blank), screen.Live{Elapsed: 3 * time.Second})
	nowhere := blank
	nowhere.Org = ""
	add("organization", standing(guide.StepOrganization, guide.PhaseDeciding, nowhere))
	nobody := c
	nobody.Username = ""
	add("member", standing(guide.StepMember, guide.PhaseDeciding, nobody))
	add("observing", standing(guide.StepObserve, guide.PhaseObserving, c), screen.Live{
		Elapsed: 2 * time.Second,
		Facts: map[engine.FactID]part.Reading{
			engine.FactMember:  {Started: true, Read: true},
			engine.FactInvites: {Started: true, Text: "page 2"},
		},
	})
	add("ask-choice", standing(guide.StepObserve, guide.PhaseDeciding, observed(c)))
	add("ask-choice-unknown", standing(guide.StepObserve, guide.PhaseDeciding, unknown))
	add("ask-text", standing(guide.StepObserve, guide.PhaseDeciding, says(says(unknown, engine.AskProvider, "onelogin"), engine.AskRole, "editor")))
	add("diagnose", standing(guide.StepDiagnose, guide.PhaseDeciding, known))
	add("ask-words", standing(guide.StepAcceptRace, guide.PhaseDeciding, known))
	add("blocked", standing(guide.StepRemove, guide.PhaseDeciding, says(known, engine.AskSelf, "no")))
	add("hand-over", standing(guide.StepHandOver, guide.PhaseDeciding, known))
	list = append(list, planStops(known, dry)...)
	cured := known
	cured.Member.Role, cured.Member.Teams = c.Expected.WantedRole(), c.Expected.Teams
	add("cured-for-now", standing(guide.StepVerify, guide.PhaseDeciding, cured))
	add("cured", standing(guide.StepVerify, guide.PhaseDeciding, says(cured, engine.AskJIT, "off")))

	failed := standing(guide.StepObserve, guide.PhaseFailed, known)
	failed.FailedIn = guide.PhaseObserving
	failed.Problem = engine.Problem{
		Title: "Docker Hub refused the credential", Detail: "GET /v2/orgs/acme/members answered 401: " + c.Member.Name,
		Advice: "Sign in with an organization access token that may read members.", System: engine.SystemHub,
	}
	add("failed", failed)
	add("report", standing(guide.StepReport, guide.PhaseDeciding, known))
	saving := standing(guide.StepReport, guide.PhaseSaving, known)
	add("saving", saving)
	saved := standing(guide.StepReport, guide.PhaseDeciding, known)
	saved.Saved = "/home/alex/reprovision-report-" + c.Username + ".md"
	add("saved", saved)
	add("done", standing(guide.StepEnd, guide.PhaseDone, known))
	return list
}

// planStops are the places around a plan.
func planStops(known, dry engine.Case) []stop {
	planned := func(step guide.StepID, p guide.Phase, c engine.Case, id engine.ActionID) guide.State {
		s := standing(step, p, c)
		s.Plan = planFor(c, id)
		s.Choice = engine.Choice{Outcome: "do", Label: "Do it", Action: id}
		return s
	}
	receipt := func(s guide.State) guide.State {
		ch := s.Plan.Changes[0]
		s.Case = s.Case.Clone()
		s.Case.Receipts = []engine.Receipt{{
			Action: s.Plan.Action, Change: ch.ID, Plan: s.Plan.Digest(), Title: ch.Title, Status: "201 Created", At: noon, Tags: ch.Copy.Tags,
		}}
		return s
	}
	planning := planned(guide.StepRemove, guide.PhasePlanning, known, engine.ActionRemove)
	planning.Plan = engine.Plan{}
	copying := planned(guide.StepHandOver, guide.PhaseRunning, known, engine.ActionHandOver)
	stopping := copying
	stopping.Stopping = true
	settled := receipt(planned(guide.StepHandOver, guide.PhaseSettled, known, engine.ActionHandOver))
	settled.Check = engine.Check{OK: true, Text: "Every digest is equal on both sides.", At: noon, Evidence: []engine.Evidence{{Text: "5 tags compared", Source: "registry", At: noon}}}
	unsure := planned(guide.StepDisableJIT, guide.PhaseSettled, known, engine.ActionDisableJIT)
	unsure.Check = engine.Check{Text: "You stopped waiting; the result has not been seen yet.", At: noon}
	assumed := planned(guide.StepRemove, guide.PhaseSettled, dry, engine.ActionRemove)
	assumed.Check = engine.Check{OK: true, Assumed: true, Text: "Dry run: nothing was sent. The walk goes on as if it had been done.", At: noon}
	stopped := receipt(planned(guide.StepHandOver, guide.PhaseStopped, known, engine.ActionHandOver))
	stopped.FailedIn = guide.PhaseRunning
	live := screen.Live{Text: "copying " + copying.Plan.Changes[0].Copy.Source, Done: 13_000_000, Total: 42_000_000, Unit: "bytes", Elapsed: 83 * time.Second}
	return []stop{
		{name: "planning", state: planning},
		{name: "approve-remove", state: planned(guide.StepRemove, guide.PhaseApproving, known, engine.ActionRemove)},
		{name: "approve-console", state: planned(guide.StepDisableJIT, guide.PhaseApproving, known, engine.ActionDisableJIT)},
		{name: "approve-copy", state: planned(guide.StepHandOver, guide.PhaseApproving, known, engine.ActionHandOver)},
		{name: "approve-request", state: planned(guide.StepPush, guide.PhaseApproving, known, engine.ActionPush)},
		{name: "approve-dry", state: planned(guide.StepRemove, guide.PhaseApproving, dry, engine.ActionRemove)},
		{name: "running-console", state: planned(guide.StepDisableJIT, guide.PhaseRunning, known, engine.ActionDisableJIT)},
		{name: "running-copy", state: copying, live: live},
		{name: "running-stopping", state: stopping, live: live},
		{name: "verifying", state: planned(guide.StepDisableJIT, guide.PhaseVerifying, known, engine.ActionDisableJIT), live: screen.Live{Text: "reading the audit log"}},
		{name: "settled", state: settled},
		{name: "settled-unsure", state: unsure},
		{name: "settled-assumed", state: assumed},
		{name: "stopped", state: stopped},
	}
}

// showing is the window at a stop.
func showing(x stop, width, height int) *Model {
	m := New(options(newScripted(x.state.Case), fresh()))
	m.opts.Assist = nil
	m.state, m.live, m.width, m.height = x.state, x.live, width, height
	m.enter()
	return m
}
