package guide_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// questions is a case in which most of what can be asked is asked.
func questions() engine.Case {
	c := engine.Case{Org: org, Username: user}
	c.Session = engine.Session{Systems: []engine.System{
		{ID: engine.SystemHub, Required: true, OK: true, Who: org},
		{ID: engine.SystemSCIM, Title: "Docker SCIM"},
		{ID: engine.SystemOkta, Title: "Okta", Apps: []engine.App{{ID: "1", Label: "Docker"}, {ID: "2", Label: "Docker (old)"}}},
	}}
	c.Roster = []engine.Person{{Username: user}}
	c.Member = engine.Member{Present: true, Owners: 2, Person: engine.Person{Username: user, Email: "p@acme.example", Role: "member"}}
	c.Repositories.Personal = []engine.Repository{{Name: user + "/a", HandedBy: user}}
	for _, id := range engine.Facts() {
		c = c.WithSource(id, engine.Source{Name: "world", At: noon})
	}
	return c.WithSource(engine.FactExpectation, engine.Source{Name: "world", Missing: "nobody has signed in to it"})
}

// Back leads from whatever an answer led to, to that question, and nothing of the
// answer is left.
func TestBackLeadsToTheQuestionBefore(t *testing.T) {
	at := noon
	led := map[engine.QuestionID]int{} // how many answers led on
	var walk func(t *testing.T, s guide.State, depth int)
	walk = func(t *testing.T, s guide.State, depth int) {
		t.Helper()
		ask := s.Verdict.Ask
		if s.Phase != guide.PhaseDeciding || ask == nil || depth == 0 {
			return
		}
		var answers []guide.Event
		say := func(v string) {
			at = at.Add(time.Second)
			answers = append(answers, guide.Answered{Question: ask.ID, Value: v, At: at})
		}
		for _, o := range ask.Options {
			say(o.Value)
		}
		switch ask.Kind {
		case engine.AnswerText:
			say("backend")
		case engine.AnswerWords:
			say(ask.Phrase)
		case engine.AnswerCredential:
			answers = append(answers, guide.SignedIn{Credential: engine.Credential{System: ask.Systems[0]}})
		case engine.AnswerMember:
			say(user)
		case engine.AnswerChoice:
		}
		for _, e := range answers {
			next, _ := guide.Next(s, e)
			a, spoken := e.(guide.Answered)
			same := next.Verdict.Ask != nil && next.Verdict.Ask.ID == ask.ID && next.Phase == guide.PhaseDeciding
			if same || spoken && a.Question == engine.AskMemberToken {
				continue
			}
			if next.Step != s.Step {
				requireBackInto(t, s, next)
				led[ask.ID]++
				continue
			}
			before, _ := guide.Next(next, guide.Back{})
			require.Equal(t, guide.PhaseDeciding, before.Phase, "%s, %v", ask.ID, e)
			require.NotNil(t, before.Verdict.Ask, "%s, %v", ask.ID, e)
			require.Equal(t, ask.ID, before.Verdict.Ask.ID, "%v", e)
			require.Len(t, before.Answered, len(s.Answered))
			require.Len(t, before.Case.Answers, len(s.Case.Answers), "%s, %v: the answer is taken back", ask.ID, e)
			require.Greater(t, before.Seq, next.Seq, "a late answer is dropped, and the window sees that it moved")
			led[ask.ID]++
			walk(t, next, depth-1)
		}
	}
	for _, step := range guide.Steps() {
		if len(step.Asks) == 0 {
			continue
		}
		unknown := questions()
		known := unknown.WithSource(engine.FactExpectation, engine.Source{Name: "world", At: noon})
		known.Expected = engine.Expectation{Provider: "Okta", Assigned: true, Provisioning: engine.SwitchOn, Role: "editor"}
		known.SCIMUser = engine.SCIMUser{Found: true, Active: true}
		known.SCIM.Proven = true
		for name, c := range map[string]engine.Case{"unknown": unknown, "known": known} {
			switch step.ID {
			case guide.StepMember:
				c.Username = ""
			case guide.StepProveSCIM:
				c.Expected.Stated = true
			}
			t.Run(string(step.ID)+" "+name, func(t *testing.T) {
				s := guide.State{Step: step.ID, Phase: guide.PhaseObserving, Seq: 7, Case: c, Trail: []guide.Visit{{Step: guide.StepReport}}}
				s, _ = guide.Next(s, guide.Observed{Seq: 7, Case: c})
				walk(t, s, 6)
			})
		}
	}
	t.Logf("%v", led)
	for _, q := range []engine.QuestionID{
		engine.AskSignIn, engine.AskApp, engine.AskMember, engine.AskJIT, engine.AskRace, engine.AskSCIMTested, engine.AskProvider, engine.AskRole, engine.AskTeams, engine.AskPrivate, engine.AskMemberToken, engine.AskSelf,
	} {
		require.Positive(t, led[q], "no answer to %s led on", q)
	}
}

// requireBackInto goes back from where an answer led out of its step.
func requireBackInto(t *testing.T, s, next guide.State) {
	t.Helper()
	before, _ := guide.Next(next, guide.Back{})
	if before.Phase == guide.PhaseObserving {
		before, _ = guide.Next(before, guide.Observed{Seq: before.Seq, Case: before.Case})
	}
	require.Equal(t, s.Step, before.Step)
	require.NotNil(t, before.Verdict.Ask)
	require.Equal(t, s.Verdict.Ask.ID, before.Verdict.Ask.ID)
	require.Len(t, before.Answered, len(s.Answered))
	require.Len(t, before.Case.Answers, len(s.Case.Answers), "earlier answers stay")
}

// The switch was used, its position is asked again, and the answer was a slip.
func TestASlipAboutTheSwitchIsTakenBack(t *testing.T) {
	c := questions().WithAnswer(engine.AskJIT, engine.Answer{Value: "on", At: noon})
	c.SCIM.Proven = true
	c.Audit.JIT = []engine.AuditEvent{{At: noon.Add(time.Minute)}}
	for _, step := range []guide.StepID{guide.StepDisableJIT, guide.StepCloseJIT} {
		s := guide.State{Step: step, Phase: guide.PhaseObserving, Seq: 7, Case: c, Trail: []guide.Visit{{Step: guide.StepDiagnose}}}
		s, _ = guide.Next(s, guide.Observed{Seq: 7, Case: c})
		require.Equal(t, engine.AskJIT, s.Verdict.Ask.ID)
		slip, _ := guide.Next(s, guide.Answered{Question: engine.AskJIT, Value: "on", At: noon.Add(2 * time.Minute)})
		require.Equal(t, step, slip.Step)
		require.Nil(t, slip.Verdict.Ask)
		back, _ := guide.Next(slip, guide.Back{})
		require.Equal(t, step, back.Step)
		require.NotNil(t, back.Verdict.Ask)
		off, _ := guide.Next(back, guide.Answered{Question: engine.AskJIT, Value: "off", At: noon.Add(3 * time.Minute)})
		require.NotEqual(t, step, off.Step)
	}
}

// The only answer in words to the request for the member's token is to go back.
func TestGoBackIsTheSameAsBack(t *testing.T) {
	c := questions()
	s := guide.State{Step: guide.StepHandOver, Phase: guide.PhaseObserving, Seq: 7, Case: c, Trail: []guide.Visit{{Step: guide.StepSnapshot}}}
	s, _ = guide.Next(s, guide.Observed{Seq: 7, Case: c})
	first := s
	s, _ = guide.Next(s, guide.Answered{Question: engine.AskPrivate, Value: engine.PrivateSignIn, At: noon})
	require.Equal(t, engine.AskMemberToken, s.Verdict.Ask.ID)
	byKey, _ := guide.Next(s, guide.Back{})
	byButton, _ := guide.Next(s, guide.Answered{Question: engine.AskMemberToken, Value: s.Verdict.Ask.Options[0].Value, At: noon})
	require.Equal(t, byKey, byButton)
	require.Equal(t, first.Verdict, byKey.Verdict)

	again, _ := guide.Next(byKey, guide.Back{})
	require.Equal(t, guide.StepSnapshot, again.Step, "the question was the first of its step")

	s.Answered = nil // answered before the walk was taken up again
	resumed, _ := guide.Next(s, guide.Back{})
	require.Equal(t, engine.AskPrivate, resumed.Verdict.Ask.ID)
}

// A sign-in that was wanted for what has failed leads back to that; one that came
// by itself, to what there was before.
func TestBackFromASignInDuringTheWalk(t *testing.T) {
	c := questions()
	problem := engine.Problem{Title: "refused", System: engine.SystemHub}
	failing := guide.State{Step: guide.StepPush, Phase: guide.PhasePlanning, Seq: 7, Case: c, Trail: []guide.Visit{{Step: guide.StepRemove}}}
	failed, _ := guide.Next(failing, guide.Failed{Seq: 7, Problem: problem})
	require.Equal(t, guide.PhaseFailed, failed.Phase)
	s, _ := guide.Next(failed, guide.SignInWanted{})
	require.Equal(t, engine.AskSignIn, s.Verdict.Ask.ID)
	s, _ = guide.Next(s, guide.Back{})
	require.Equal(t, guide.PhaseFailed, s.Phase)
	require.Equal(t, problem, s.Problem)

	problem.Refused = true
	s, _ = guide.Next(failing, guide.Failed{Seq: 7, Problem: problem})
	require.Equal(t, engine.AskSignIn, s.Verdict.Ask.ID)
	s, _ = guide.Next(s, guide.Back{})
	require.Equal(t, guide.StepPush, s.Step, "what could not be planned is shown again")
}

// Back into a step that was left by a choice shows the choice again; only one more
// takes back the answer that led to it.
func TestBackFromAChoiceAsksNothingTwice(t *testing.T) {
	c := questions()
	c.Expected, c.SCIM.Proven = engine.Expectation{Provider: "Okta", Stated: true}, true
	reads := func(s guide.State) guide.State {
		if s.Phase == guide.PhaseObserving {
			s, _ = guide.Next(s, guide.Observed{Seq: s.Seq, Case: s.Case})
		}
		return s
	}
	s := reads(guide.State{Step: guide.StepProveSCIM, Phase: guide.PhaseObserving, Seq: 7, Case: c, Trail: []guide.Visit{{Step: guide.StepDiagnose}}})
	require.Equal(t, engine.AskSCIMTested, s.Verdict.Ask.ID)
	s, _ = guide.Next(s, guide.Answered{Question: engine.AskSCIMTested, Value: "no", At: noon})
	choice := s.Verdict
	require.Nil(t, choice.Ask)
	s, _ = guide.Next(s, guide.Chosen{Outcome: "fix-source"})
	require.Equal(t, guide.StepFixSource, reads(s).Step)

	s, _ = guide.Next(reads(s), guide.Back{})
	s = reads(s)
	require.Equal(t, choice, s.Verdict)
	s, _ = guide.Next(s, guide.Back{})
	require.Equal(t, engine.AskSCIMTested, s.Verdict.Ask.ID)
	s, _ = guide.Next(s, guide.Back{})
	require.Equal(t, guide.StepDiagnose, s.Step)
}

// Another member is of the same organization: who went on without a system is not asked
// for it again, and nothing of the first member is left.
func TestAnotherMemberKeepsWhatBelongsToTheOrganization(t *testing.T) {
	c := questions().WithoutSystem(engine.SystemOkta)
	c = c.WithAnswer(engine.AskProvider, engine.Answer{Value: "okta", At: noon}).WithAnswer(engine.AskRole, engine.Answer{Value: "owner", At: noon})
	c.Snapshot = engine.Snapshot{Taken: true}
	s := guide.State{Step: guide.StepVerify, Phase: guide.PhaseObserving, Seq: 7, Case: c, Saved: "report.md"}
	s, _ = guide.Next(s, guide.Observed{Seq: 7, Case: c})
	s, _ = guide.Next(s, guide.Chosen{Outcome: "report"})
	require.Equal(t, guide.StepReport, s.Step)
	s, _ = guide.Next(s, guide.Chosen{Outcome: "another-member"})
	require.Equal(t, engine.AskMember, s.Verdict.Ask.ID)
	want := engine.Case{Org: org, Session: c.Session, Roster: c.Roster, Without: []engine.SystemID{engine.SystemOkta}}
	want = want.WithAnswer(engine.AskProvider, engine.Answer{Value: "okta", At: noon})
	require.Equal(t, want, s.Case)
	require.Empty(t, s.Saved)
	require.Empty(t, s.Trail)
}

// The switch belongs to the organization, too: its position is not asked again for the
// next member, unless it is in doubt.
func TestAnotherMemberKeepsThePositionOfTheSwitch(t *testing.T) {
	toggle := []engine.AuditEvent{{At: noon, Actor: "alex-kim"}}
	for name, x := range map[string]struct {
		log    []engine.AuditEvent
		now    []engine.AuditEvent // when the next member is looked at
		clicks bool                // after the answer, unseen by the log
		want   engine.Switch
	}{
		"the log shows the toggle that was answered after":  {log: toggle, now: toggle, want: engine.SwitchOff},
		"the log shows no toggle":                           {want: engine.SwitchOff},
		"the log shows another since":                       {now: toggle},
		"the log shows none any more":                       {log: toggle},
		"the clicks were made since, and the log is silent": {clicks: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := questions()
			c.Audit.JIT = x.log
			c = c.WithAnswer(engine.AskJIT, engine.Answer{Value: "off", At: noon})
			if x.clicks {
				c = c.WithCheck(engine.ActionDisableJIT, engine.Check{At: noon.Add(time.Minute)})
			}
			s := guide.State{Step: guide.StepVerify, Phase: guide.PhaseObserving, Seq: 7, Case: c, About: user}
			s, _ = guide.Next(s, guide.Observed{Seq: 7, Case: c})
			s, _ = guide.Next(s, guide.Chosen{Outcome: "report"})
			s, _ = guide.Next(s, guide.Chosen{Outcome: "another-member"})
			s.Case.Audit.JIT = x.now
			require.Equal(t, x.want, s.Case.JIT())
		})
	}
}

// Whether the next member is assigned, too, is not known from what was said about the
// one before: who is removed without being assigned does not come back.
func TestAnotherMemberIsNotTakenForAssigned(t *testing.T) {
	c := questions().WithAnswer(engine.AskSCIMTested, engine.Answer{Value: "yes", At: noon})
	s := guide.State{Step: guide.StepVerify, Phase: guide.PhaseObserving, Seq: 7, Case: c, About: user}
	s, _ = guide.Next(s, guide.Observed{Seq: 7, Case: c})
	s, _ = guide.Next(s, guide.Chosen{Outcome: "report"})
	s, _ = guide.Next(s, guide.Chosen{Outcome: "another-member"})
	next := s.Case
	next.Username, next.SCIM.Proven = "sam", true
	next.Expected = engine.Expectation{Provider: "OneLogin", Stated: true}
	s = guide.State{Step: guide.StepProveSCIM, Phase: guide.PhaseObserving, Seq: 7, Case: next}
	s, _ = guide.Next(s, guide.Observed{Seq: 7, Case: next})
	require.Equal(t, guide.StepProveSCIM, s.Step)
	require.NotNil(t, s.Verdict.Ask)
	require.Equal(t, engine.AskSCIMTested, s.Verdict.Ask.ID)
	require.Contains(t, s.Verdict.Ask.Text, "is sam assigned there")
}
