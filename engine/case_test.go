package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
)

func TestWithLeavesTheOriginalAsItWas(t *testing.T) {
	want := filled[engine.Case](t)
	var id engine.ActionID
	for id = range want.Unfinished {
		break
	}
	for name, with := range map[string]func(engine.Case) engine.Case{
		"an answer":      func(c engine.Case) engine.Case { return answer(c, engine.AskJIT, "off") },
		"a check":        func(c engine.Case) engine.Case { return c.WithCheck(engine.ActionRemove, engine.Check{OK: true}) },
		"a source":       func(c engine.Case) engine.Case { return without(c, engine.FactMember) },
		"an unfinished":  func(c engine.Case) engine.Case { return c.WithUnfinished(engine.Plan{Action: engine.ActionPush}) },
		"a finished one": func(c engine.Case) engine.Case { return c.Finished(id) },
		"a further receipt": func(c engine.Case) engine.Case {
			c = c.Clone()
			c.Receipts = append(c.Receipts, engine.Receipt{Title: "one more"})
			return c
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := filled[engine.Case](t)
			require.NotEqual(t, want, with(c), "it does something")
			require.Equal(t, want, c)
			require.Len(t, c.Receipts[:cap(c.Receipts)], 8)
			require.Zero(t, c.Receipts[:3][2], "nor was anything written into the room behind")
		})
	}
}

func TestTwoCopiesOfOneCaseDoNotSeeEachOther(t *testing.T) {
	c := filled[engine.Case](t)
	yes, no := answer(c, engine.AskSelf, "yes"), answer(c, engine.AskSelf, "no")
	require.Equal(t, "yes", yes.Answers[engine.AskSelf].Value)
	require.Equal(t, "no", no.Answers[engine.AskSelf].Value)
	require.NotContains(t, c.Answers, engine.AskSelf)

	a, b := c.Clone(), c.Clone()
	a.Receipts = append(a.Receipts, engine.Receipt{Title: "a"})
	b.Receipts = append(b.Receipts, engine.Receipt{Title: "b"})
	require.Equal(t, "a", a.Receipts[2].Title)
}

func TestTheZeroCaseTakesEverything(t *testing.T) {
	c := answer(engine.Case{}, engine.AskJIT, "on").
		WithCheck(engine.ActionPush, engine.Check{OK: true}).
		WithSource(engine.FactMember, engine.Source{Name: "test", At: noon}).
		WithUnfinished(engine.Plan{Action: engine.ActionPush})
	require.Equal(t, engine.SwitchOn, c.JIT())
	require.True(t, c.Settled(engine.ActionPush))
	require.True(t, c.Sources[engine.FactMember].Known())
	require.Empty(t, c.Finished(engine.ActionPush).Unfinished)
	require.Empty(t, engine.Case{}.Finished(engine.ActionPush).Unfinished)
}

func TestAnActionIsSettledWhenItWasCheckedAndInADryRunWhenItWouldHaveBeen(t *testing.T) {
	for name, x := range map[string]struct {
		check  engine.Check
		dryRun bool
		want   bool
	}{
		"done and verified":             {engine.Check{OK: true}, false, true},
		"done and not verified":         {engine.Check{}, false, false},
		"assumed in a dry run":          {engine.Check{OK: true, Assumed: true}, true, true},
		"assumed in what was a dry run": {engine.Check{OK: true, Assumed: true}, false, false},
	} {
		c := engine.Case{DryRun: x.dryRun}.WithCheck(engine.ActionHandOver, x.check)
		require.Equal(t, x.want, c.Settled(engine.ActionHandOver), name)
		require.False(t, c.Settled(engine.ActionRemove), name)
	}
}

func TestTheOwnersWordOnJITHoldsUntilTheLogShowsALaterToggle(t *testing.T) {
	old := []engine.AuditEvent{{At: noon.AddDate(-1, 0, 0), Actor: "morgan-reyes"}}
	newer := append([]engine.AuditEvent{{At: noon, Actor: "morgan-reyes"}}, old...)
	for name, x := range map[string]struct {
		value       string
		known, then []engine.AuditEvent
		want        engine.Switch
	}{
		"on, no toggle ever":             {"on", nil, nil, engine.SwitchOn},
		"off, the same toggles":          {"off", old, old, engine.SwitchOff},
		"cannot tell":                    {"unknown", old, old, engine.SwitchUnknown},
		"off, then another toggle":       {"off", old, newer, engine.SwitchUnknown},
		"on, then the first toggle ever": {"on", nil, old, engine.SwitchUnknown},
	} {
		c := engine.Case{Audit: engine.Audit{JIT: x.known}}
		c = answer(c, engine.AskJIT, x.value)
		c.Audit.JIT = x.then
		require.Equal(t, x.want, c.JIT(), name)
	}
	require.Equal(t, engine.SwitchUnknown, engine.Case{}.JIT(), "nobody has said anything")
}

func TestRemainingAreTheChangesThatHaveNoReceiptOfThisPlan(t *testing.T) {
	plan := engine.Plan{Action: engine.ActionPush, Changes: []engine.Change{{ID: "unassign"}, {ID: "assign"}}}
	c := engine.Case{}.WithUnfinished(plan)
	require.Len(t, c.Remaining(engine.ActionPush), 2)
	require.Empty(t, c.Remaining(engine.ActionRemove))

	c.Receipts = []engine.Receipt{
		{Plan: "another plan", Change: "assign"},
		{Plan: plan.Digest(), Change: "unassign"},
	}
	require.Equal(t, []engine.Change{{ID: "assign"}}, c.Remaining(engine.ActionPush))
	require.Len(t, c.Unfinished[engine.ActionPush].Changes, 2, "asking does not shorten the plan")
}

func TestTheOperatorIsKnownOnlyFromAPersonalCredential(t *testing.T) {
	hub := func(who string) engine.Session {
		return engine.Session{Systems: []engine.System{{ID: engine.SystemOkta, Who: "Docker"}, {ID: engine.SystemHub, Who: who}}}
	}
	for name, x := range map[string]struct {
		session engine.Session
		want    string
	}{
		"the organization's token": {hub("Acme"), ""},
		"a personal token":         {hub("alex-kim"), "alex-kim"},
		"nobody is signed in":      {engine.Session{}, ""},
		"the profile says it":      {engine.Session{User: "alex-kim", Systems: hub("acme").Systems}, "alex-kim"},
	} {
		require.Equal(t, x.want, engine.Case{Org: "acme", Session: x.session}.Operator(), name)
	}
}

func TestASessionIsReadyWhenEveryRequiredSystemAccepts(t *testing.T) {
	require.False(t, engine.Session{}.Ready(), "no system is no session")
	require.True(t, engine.Session{Systems: []engine.System{{Required: true, OK: true}, {OK: false}}}.Ready())
	require.False(t, engine.Session{Systems: []engine.System{{Required: true}, {OK: true}}}.Ready())
}

func TestEvidenceCarriesTheSourceAndTheTimeOfItsFact(t *testing.T) {
	c := engine.Case{}.WithSource(engine.FactMember, engine.Source{Name: "Docker Hub", At: noon})
	require.Equal(t, engine.Evidence{Text: "a guest", Fact: engine.FactMember, Source: "Docker Hub", At: noon}, c.Evidence(engine.FactMember, "a guest"))
	require.Zero(t, c.Evidence(engine.FactSCIM, "never read").At)
}

func TestAFactIsKnownWhenItWasReadAndNotMissing(t *testing.T) {
	require.True(t, engine.Source{At: noon}.Known())
	require.False(t, engine.Source{At: noon, Missing: "403"}.Known())
	require.False(t, engine.Source{Name: "never read"}.Known())
}

func TestEveryFactHasATitleInWords(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range engine.Facts() {
		require.NotEqual(t, string(id), id.Title())
		require.False(t, seen[id.Title()], "%s says what another fact says", id)
		seen[id.Title()] = true
	}
	require.Equal(t, "weather", engine.FactID("weather").Title())
}

func TestTheOldestSCIMSwitchIsWhenItBegan(t *testing.T) {
	require.Zero(t, engine.Audit{}.SCIMEnabledSince())
	a := engine.Audit{SCIM: []engine.AuditEvent{{At: noon}, {At: noon.AddDate(-2, 0, 0)}}}
	require.Equal(t, noon.AddDate(-2, 0, 0), a.SCIMEnabledSince())
}
