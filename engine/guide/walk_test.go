package guide_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// world is a small organization in which a walk's effects take place.
type world struct {
	t         *testing.T
	r         *rand.Rand
	now       time.Time
	present   bool
	lastOwner bool
	guest     bool
	managed   bool
	jitOn     bool
	jitSeen   []engine.AuditEvent
	invites   int
	repos     []string
	copied    map[string]bool
	member    bool // the member signed in here
	right     bool // role and teams are as they should be
	removed   int
	before    bool // they were removed in this walk, whether or not they are back
	dryRun    bool
}

func newWorld(t *testing.T, r *rand.Rand) *world {
	w := &world{t: t, r: r, now: noon, present: true, copied: map[string]bool{}}
	w.lastOwner, w.guest, w.managed, w.jitOn = r.IntN(6) == 0, r.IntN(6) == 0, r.IntN(3) == 0, r.IntN(2) == 0
	w.invites, w.dryRun = r.IntN(2), r.IntN(4) == 0
	for i := range r.IntN(3) {
		w.repos = append(w.repos, user+"/"+string(rune('a'+i)))
	}
	return w
}

func (w *world) tick() time.Time { w.now = w.now.Add(time.Second); return w.now }

func (w *world) observe(c engine.Case, ids []engine.FactID) engine.Case {
	at := w.tick()
	for _, id := range ids {
		c = c.WithSource(id, engine.Source{Name: "world", At: at})
		switch id {
		case engine.FactSession:
			c.Session = engine.Session{Systems: []engine.System{{ID: engine.SystemHub, Required: true, OK: true, Who: "acme"}}}
		case engine.FactRoster:
			c.Roster = []engine.Person{{Username: user}, {Username: "sam"}}
		case engine.FactMember:
			c.Member = engine.Member{Person: engine.Person{Username: user, Email: "p@acme.example"}}
			if w.present {
				c.Member.Present, c.Member.Role, c.Member.Owners, c.Member.Guest = true, "member", 2, w.guest
				if w.lastOwner {
					c.Member.Role, c.Member.Owners = "owner", 1
				}
				if w.right {
					c.Member.Role, c.Member.Teams = "editor", []string{"backend"}
				}
			}
		case engine.FactInvites:
			c.Invites = make([]engine.Invite, w.invites)
		case engine.FactAudit:
			c.Audit.JIT = slices.Clone(w.jitSeen)
		case engine.FactSCIM:
			c.SCIM.Proven = true
		case engine.FactSCIMUser:
			c.SCIMUser = engine.SCIMUser{Found: w.managed, Active: w.managed, ID: "id"}
		case engine.FactExpectation:
			c.Expected = engine.Expectation{Provider: "Okta", Assigned: true, Provisioning: engine.SwitchOn, Role: "editor", Teams: []string{"backend"}}
			if w.managed {
				c.Expected.ExternalID = "id"
			}
		case engine.FactRepositories:
			c.Repositories = engine.Repositories{PrivateVisible: w.member}
			for _, name := range w.repos {
				c.Repositories.Personal = append(c.Repositories.Personal, engine.Repository{Name: name})
			}
		case engine.FactSnapshot:
			if w.present {
				c.Snapshot = engine.Snapshot{Taken: true, At: at, Role: c.Member.Role}
			}
		}
	}
	return c
}

// do carries out an effect, or fails for no reason.
func (w *world) do(f guide.Effect) guide.Event {
	fails := w.r.IntN(8) == 0
	problem := engine.Problem{Title: "the network is down"}
	switch f := f.(type) {
	case guide.Observe:
		if fails {
			return guide.Failed{Seq: f.Seq, Problem: problem}
		}
		return guide.Observed{Seq: f.Seq, Case: w.observe(f.Case, f.Facts)}
	case guide.Connect:
		w.member = true
		return guide.Connected{Seq: f.Seq, Session: f.Case.Session}
	case guide.MakePlan:
		if fails {
			return guide.Failed{Seq: f.Seq, Problem: problem}
		}
		p := engine.Plan{Action: f.Action, Subject: user, Destructive: f.Action == engine.ActionRemove, At: w.tick(), Changes: []engine.Change{{ID: string(f.Action)}}}
		if f.Action == engine.ActionHandOver {
			p.Changes = nil
			for _, r := range f.Case.Repositories.Personal {
				p.Changes = append(p.Changes, engine.Change{ID: engine.CopyChange(r.Name)})
			}
		}
		return guide.Planned{Seq: f.Seq, Plan: p}
	case guide.Execute:
		return w.execute(f, fails)
	case guide.Verify:
		k := engine.Check{OK: !fails, At: w.tick()}
		return guide.Verified{Seq: f.Seq, Check: k}
	case guide.Save:
		return guide.Saved{Seq: f.Seq, Path: "report.md"}
	}
	return nil
}

func (w *world) execute(f guide.Execute, fails bool) guide.Event {
	require.False(w.t, w.dryRun, "a dry run must not change anything")
	require.Equal(w.t, f.Plan.Digest(), f.Approval.Digest)
	if f.Plan.Action == engine.ActionRemove {
		w.requireSafeRemoval(f.Case)
	}
	var receipts []engine.Receipt
	for _, ch := range f.Plan.Changes {
		if fails && w.r.IntN(2) == 0 {
			return guide.Failed{Seq: f.Seq, Problem: engine.Problem{Title: "half-way"}, Receipts: receipts}
		}
		w.apply(f.Plan.Action, ch)
		receipts = append(receipts, engine.Receipt{Action: f.Plan.Action, Change: ch.ID, Plan: f.Plan.Digest(), At: w.tick()})
	}
	return guide.Executed{Seq: f.Seq, Receipts: receipts}
}

func (w *world) apply(a engine.ActionID, ch engine.Change) {
	switch a {
	case engine.ActionDisableJIT:
		w.jitOn = false
		w.jitSeen = append([]engine.AuditEvent{{At: w.tick()}}, w.jitSeen...)
	case engine.ActionCancelInvites:
		w.invites = 0
	case engine.ActionHandOver:
		w.copied[ch.ID] = true
	case engine.ActionRemove:
		w.present, w.managed, w.right, w.before, w.removed = false, false, false, true, w.removed+1
	case engine.ActionReinvite:
		w.invites = 1
	case engine.ActionPush, engine.ActionPushOther:
		w.present, w.managed, w.right, w.removed = true, true, true, 0
	case engine.ActionPushProfile:
		w.right = w.right || w.managed
	case engine.ActionMatch:
	}
}

// signsIn is the member who, every now and then, signs in while they are out.
func (w *world) signsIn() {
	if !w.present && (w.jitOn || w.invites > 0) && w.r.IntN(10) == 0 {
		w.present, w.managed, w.removed, w.invites = true, false, 0, 0
	}
}

// requireSafeRemoval looks at the world, not at what the case believes.
func (w *world) requireSafeRemoval(c engine.Case) {
	w.t.Helper()
	require.True(w.t, w.present, "removed twice")
	require.Zero(w.t, w.removed)
	require.False(w.t, w.lastOwner)
	require.False(w.t, w.guest)
	require.Zero(w.t, w.invites)
	require.True(w.t, c.Snapshot.Taken)
	require.Equal(w.t, "no", c.Answers[engine.AskSelf].Value)
	if w.jitOn {
		require.Equal(w.t, engine.RacePhrase, c.Answers[engine.AskRace].Value, "JIT is on and nobody accepted the race")
	}
	for _, r := range w.repos {
		require.True(w.t, w.copied[engine.CopyChange(r)], "%s was not copied", r)
	}
}

// answer is what a random but honest owner says.
func (w *world) answer(q engine.Question) guide.Event {
	at := w.tick()
	say := func(v string) guide.Event { return guide.Answered{Question: q.ID, Value: v, At: at} }
	switch q.ID {
	case engine.AskMember:
		return say(user)
	case engine.AskOrg:
		return say(org)
	case engine.AskJIT:
		if w.jitOn {
			return say("on")
		}
		return say("off")
	case engine.AskMemberToken, engine.AskSignIn:
		if len(q.Options) > 0 && w.r.IntN(3) == 0 {
			return say(q.Options[0].Value)
		}
		return guide.SignedIn{Credential: engine.Credential{System: q.Systems[0]}}
	case engine.AskRace:
		return say(q.Phrase)
	case engine.AskSelf:
		return say("no")
	}
	if len(q.Options) > 0 {
		return say(q.Options[w.r.IntN(len(q.Options))].Value)
	}
	return say("backend")
}

// act is the next thing that a random owner does.
func (w *world) act(s guide.State) guide.Event {
	if w.r.IntN(12) == 0 {
		return []guide.Event{
			guide.Back{},
			guide.Cancel{},
			guide.Stop{},
			guide.Clicked{},
			guide.Retry{},
			guide.Begin{},
			guide.SaveWanted{},
			guide.SignInWanted{},
			guide.Continue{},
			guide.Observed{Seq: s.Seq - 1},
			guide.Verified{Seq: s.Seq - 1, Check: engine.Check{OK: true}},
			guide.Executed{Seq: s.Seq - 1},
			guide.Planned{Seq: s.Seq - 1},
			guide.Approved{Digest: "else"},
			guide.Chosen{Outcome: "do"},
			guide.Answered{Question: engine.AskSelf, Value: "no"},
		}[w.r.IntN(16)]
	}
	switch s.Phase {
	case guide.PhaseDeciding:
		if s.Verdict.Ask != nil {
			return w.answer(*s.Verdict.Ask)
		}
		if len(s.Verdict.Choices) == 0 {
			return guide.Back{}
		}
		if i := slices.IndexFunc(s.Verdict.Choices, func(c engine.Choice) bool { return c.Recommended }); i >= 0 && w.r.IntN(2) == 0 {
			return guide.Chosen{Outcome: s.Verdict.Choices[i].Outcome}
		}
		return guide.Chosen{Outcome: s.Verdict.Choices[w.r.IntN(len(s.Verdict.Choices))].Outcome}
	case guide.PhaseApproving:
		typed := user
		if w.r.IntN(5) == 0 {
			typed = "somebody else"
		}
		return guide.Approved{Digest: s.Plan.Digest(), Typed: typed, At: w.tick()}
	case guide.PhaseSettled:
		return guide.Continue{}
	case guide.PhaseFailed, guide.PhaseStopped:
		return guide.Retry{}
	case guide.PhaseObserving, guide.PhaseConnecting, guide.PhasePlanning, guide.PhaseRunning, guide.PhaseVerifying, guide.PhaseSaving, guide.PhaseDone:
	}
	return guide.Continue{}
}

func TestRandomWalksKeepEverySafetyRule(t *testing.T) {
	visited := map[guide.StepID]int{}
	phases := map[guide.Phase]int{}
	removals, cured, resumed := 0, 0, 0
	again := map[bool]int{} // how often a walk came back to the removal, by whether SCIM brought them back
	for seed := range uint64(600) {
		w := newWorld(t, rand.New(rand.NewPCG(seed, 7)))
		s := guide.New(engine.Case{Org: org, DryRun: w.dryRun})
		s, effects := guide.Next(s, guide.Begin{})
		for range 300 {
			visited[s.Step]++
			phases[s.Phase]++
			var e guide.Event
			if len(effects) > 0 {
				f := effects[0]
				effects = effects[1:]
				if e = w.do(f); e == nil {
					continue
				}
				if x, ok := f.(guide.Execute); ok && x.Plan.Action == engine.ActionRemove {
					removals++
				}
			} else {
				e = w.act(s)
				w.signsIn()
			}
			if w.r.IntN(25) == 0 { // the program dies, and is started again
				c, m := stored(t, s.Case), s.Mark()
				if s.Phase == guide.PhaseSettled || s.Phase == guide.PhaseDeciding {
					resumed++
					s, effects = guide.Next(guide.Resume(c, m), guide.Begin{})
					continue
				}
			}
			before := s
			var more []guide.Effect
			s, more = guide.Next(s, e)
			require.GreaterOrEqual(t, s.Seq, before.Seq)
			if s.Step == guide.StepRemove && s.Phase == guide.PhaseDeciding && w.before {
				remove, _ := s.Verdict.Choice("do")
				require.Equal(t, w.present && !w.managed && remove.Action != "", remove.Recommended, "who came back by SCIM is not to be removed again: %+v", s.Verdict)
				again[w.managed]++
			}
			effects = append(effects, more...)
			if s.Phase == guide.PhaseDone {
				break
			}
		}
		if w.right && w.managed {
			cured++
		}
	}
	require.Positive(t, resumed, "no walk was ever taken up again")
	t.Logf("removals %d, resumed %d, cured %d of 600, steps %v, phases %v", removals, resumed, cured, visited, phases)
	require.Positive(t, again[true], "no walk went back from the push to the removal")
	require.Positive(t, again[false], "nobody came back without SCIM")
	require.Positive(t, removals, "the walks never got to a removal: the test proves nothing")
	for _, s := range guide.Steps() {
		require.Positive(t, visited[s.ID], "no walk came to %s", s.ID)
	}
	for _, p := range guide.Phases() {
		if p != guide.PhaseDone && p != guide.PhaseStopped { // the first ends a walk before it is counted, the second needs a stop between two changes
			require.Positive(t, phases[p], "no walk came to %s", p)
		}
	}
}

// stored is the case as a journal gives it back.
func stored(t *testing.T, c engine.Case) engine.Case {
	t.Helper()
	raw, err := json.Marshal(c)
	require.NoError(t, err)
	var out engine.Case
	require.NoError(t, json.Unmarshal(raw, &out))
	return out
}

func TestAResumedWalkGoesOnWhereItStood(t *testing.T) {
	signedIn := engine.Session{Systems: []engine.System{{ID: engine.SystemHub, Required: true, OK: true, Who: org}}}
	c := engine.Case{Org: org, Username: user, Session: signedIn}
	at := func(m guide.Mark, c engine.Case) guide.State {
		s, effects := guide.Next(guide.Resume(c, m), guide.Begin{})
		require.Empty(t, s.Case.Session.Systems, "what a dead process was signed in to counts for nothing")
		for s.Goal.Step != "" {
			o, ok := effects[len(effects)-1].(guide.Observe)
			require.True(t, ok)
			read := o.Case
			read.Session = signedIn
			s, effects = guide.Next(s, guide.Observed{Seq: o.Seq, Case: read})
		}
		return s
	}
	trail := []guide.Visit{{Step: guide.StepSnapshot}, {Step: guide.StepHandOver}}
	plan := &engine.Plan{Action: engine.ActionRemove, Changes: []engine.Change{{ID: "remove"}}}
	removed := c.WithReceipts(engine.Receipt{Action: engine.ActionRemove, Change: "remove", Plan: plan.Digest()})

	require.Equal(t, guide.StepPush, at(guide.Mark{Step: guide.StepPush}, c).Step)
	s := at(guide.Mark{Step: guide.StepRemove, Trail: trail}, c)
	require.Equal(t, guide.StepHandOver, s.Step, "the member's own credential is asked for again")
	require.Equal(t, trail[:1], s.Trail)
	require.Equal(t, guide.StepRemove, at(guide.Mark{Step: guide.StepRemove}, removed).Step)
	s = at(guide.Mark{Step: guide.StepRemove, Plan: plan}, removed)
	require.Equal(t, guide.PhaseVerifying, s.Phase, "what was done is looked at before anything else is offered")
	require.Equal(t, guide.PhaseObserving, at(guide.Mark{Step: guide.StepPush, Plan: &engine.Plan{Action: engine.ActionPush, Changes: []engine.Change{{ID: "x"}}}}, c).Phase)
	require.Equal(t, guide.StepObserve, at(guide.Mark{Step: "a step of another version"}, c).Step)
}

func TestARunStaysOpenWhileSomebodyIsOut(t *testing.T) {
	c := engine.Case{Org: org, Username: user, Receipts: []engine.Receipt{{Action: engine.ActionRemove, At: noon}}}
	for _, id := range engine.Facts() {
		c = c.WithSource(id, engine.Source{Name: "world", At: noon.Add(time.Minute)})
	}
	open := func(c engine.Case, out engine.Outcome) (guide.State, bool) {
		s, effects := guide.Next(guide.State{Step: guide.StepVerify, Phase: guide.PhaseObserving, Seq: 7, Case: c}, guide.Observed{Seq: 7, Case: c})
		require.Empty(t, effects)
		s, effects = guide.Next(s, guide.Chosen{Outcome: out})
		for _, f := range effects {
			if n, ok := f.(guide.Note); ok {
				return s, !n.Over
			}
		}
		t.Fatalf("%s: nothing is noted", out)
		return s, false
	}
	s, stays := open(c, "report")
	require.Equal(t, guide.StepReport, s.Step)
	require.True(t, stays, "whoever leaves them out can take it up again")
	s, _ = open(c, "push-again")
	require.Equal(t, guide.StepPush, s.Step)

	c.Member.Present = true
	_, stays = open(c, "report")
	require.False(t, stays, "they are back")

	half := engine.Plan{Action: engine.ActionPush, Changes: []engine.Change{{ID: "unassign"}, {ID: "assign"}}}
	_, stays = open(c.WithUnfinished(half).WithReceipts(engine.Receipt{Action: engine.ActionPush, Change: "unassign", Plan: half.Digest(), At: noon}), "report")
	require.True(t, stays, "what a push has taken is not given back yet")
}
