package cmd

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/diagnose"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/report"
	"github.com/seed-05b3d87e/reprovision/engine/run"
)

// wanderer is an owner who presses whatever the program offers: any open choice, any
// answer, back, look again, another start of the program. Meanwhile the organization
// goes on living.
type wanderer struct {
	*walk
	dice     *rand.Rand
	dir      string
	email    string
	provider string
	born     sandbox.State // the world before
	meek     bool          // chooses only what the program recommends, or to look again
	led      bool          // has chosen nothing else so far
	trace    []string
}

func newWanderer(t *testing.T, seed uint64) *wanderer {
	t.Helper()
	dice := rand.New(rand.NewPCG(seed, 11))
	people := []string{"priya-nair", "lena-fischer", "jordan-ito", "sam-okafor", "noor-haddad", "theo-brandt", "alex-kim", "guest-rivera"}
	username := people[dice.IntN(len(people))]
	x := &wanderer{dice: dice, led: true, meek: dice.IntN(2) == 0}
	x.walk = newWalk(t, username, dice.IntN(8) == 0, func(w *world) { x.dir = w.stateDir })
	x.username = username
	x.born = x.box.State()
	x.email = memberOf(t, x.born, username).Email
	x.console = func(p engine.Plan) {
		require.NoError(t, x.clock.sleep(t.Context(), 2*time.Second))
		switch {
		case p.Action == engine.ActionMatch:
			require.NoError(t, x.box.MatchSSO(x.email))
		case p.Action != engine.ActionDisableJIT:
			_ = x.box.PushByHand(x.email) // refused for somebody who is not assigned
		case x.box.State().Connection.JIT:
			require.NoError(t, x.box.FlipJIT(t.Context(), false))
		}
	}
	if x.provider = []string{"okta", "okta", "entra", "none"}[dice.IntN(4)]; x.provider != "okta" {
		x.restart()
	}
	return x
}

func (x *wanderer) note(format string, a ...any) {
	x.trace = append(x.trace, fmt.Sprintf(format, a...))
}

// event sends what the owner did, and holds what came of it against the rules.
func (x *wanderer) event(e guide.Event) {
	x.t.Helper()
	before, c, removals := x.box.State(), x.state.Case, x.removals()
	x.note("%s %s %s: %#v", x.state.Step, x.state.Phase, x.state.Problem.Detail, e)
	x.send(e)
	if x.removals() > removals {
		x.requireRightRemoval(before, c)
	}
	if x.state.Step == guide.StepVerify && x.state.Phase == guide.PhaseDeciding && strings.HasPrefix(x.state.Verdict.Headline, "Cured") {
		x.requireCured()
	}
	if x.state.Step == guide.StepReport && x.state.Phase == guide.PhaseDeciding {
		text := report.Markdown(x.state.Case)
		present := slices.ContainsFunc(x.box.State().Members, func(m sandbox.Member) bool { return m.Username == x.username })
		if !present && !x.state.Case.Removed().IsZero() {
			require.Contains(x.t, text, "Out of the organization", "%s", x.story())
		}
	}
}

func (x *wanderer) requireRightRemoval(before sandbox.State, c engine.Case) {
	t := x.t
	t.Helper()
	m := memberOf(t, before, x.username)
	owners := 0
	for _, o := range before.Members {
		if o.Role == "owner" {
			owners++
		}
	}
	require.False(t, m.Guest, "%s", x.story())
	require.False(t, m.Role == "owner" && owners < 2, "%s", x.story())
	require.False(t, slices.ContainsFunc(before.Invites, func(i sandbox.Invite) bool { return i.Invitee == m.Email }), "%s", x.story())
	if before.Connection.JIT {
		require.Equal(t, engine.RacePhrase, c.Answers[engine.AskRace].Value, "%s", x.story())
	}
	if x.led {
		require.NotEqual(t, sandbox.OriginSCIM, m.Origin, "%s", x.story())
	}
	for _, r := range before.Repositories {
		name, personal := strings.CutPrefix(r.Name, x.username+"/")
		if !personal {
			continue
		}
		copied := slices.ContainsFunc(before.Repositories, func(o sandbox.Repository) bool {
			return strings.HasPrefix(o.Name, "acme/"+name) && fmt.Sprint(o.Tags) == fmt.Sprint(r.Tags)
		})
		require.True(t, copied, "%s was not copied\n%s", r.Name, x.story())
	}
}

func (x *wanderer) requireCured() {
	t := x.t
	t.Helper()
	s := x.box.State()
	present := slices.ContainsFunc(s.Members, func(m sandbox.Member) bool { return m.Username == x.username })
	require.True(t, present, "they are out\n%s", x.story())
	m := memberOf(t, s, x.username)
	e := x.state.Case.Expected
	require.Equal(t, engine.FindingNothingWrong, diagnose.Findings(x.state.Case)[0].ID)
	require.Equal(t, cmp.Or(e.Role, "member"), m.Role, "%s", x.story())
	for _, team := range e.Teams {
		require.Contains(t, m.Teams, team, "%s", x.story())
	}
}

// requireApproved compares what was sent with what was approved: nothing else, and
// nothing more often.
func (x *wanderer) requireApproved() {
	x.t.Helper()
	approved := map[string]int{}
	at := x.box.Addresses()
	for _, p := range x.plans {
		for _, c := range p.Calls() {
			approved[c.Method+" "+strings.NewReplacer(at.HubURL, "", at.OktaURL, "", strings.TrimSuffix(at.EntraURL, "/v1.0"), "").Replace(c.URL)]++
		}
	}
	if x.state.Case.DryRun {
		require.Empty(x.t, slices.DeleteFunc(x.changing(), func(s string) bool { return strings.HasPrefix(s, "console ") }))
		return
	}
	for _, r := range x.box.Requests() {
		if r.Changing && r.System != "console" && r.System != "registry" {
			key := r.Method + " " + r.Path
			approved[key]--
			require.GreaterOrEqual(x.t, approved[key], 0, "%s\n%s", key, x.story())
		}
	}
}

func (x *wanderer) story() string {
	return strings.Join(x.trace, "\n") + "\n" + strings.Join(x.changing(), "\n") + fmt.Sprintf("\n%+v", x.box.State().Members)
}

// life is what others do meanwhile.
func (x *wanderer) life() {
	switch x.dice.IntN(40) {
	case 0:
		err := x.box.SSOSignIn(x.email)
		x.note("* they sign in: %v", err)
	case 1:
		x.note("* JIT on")
		x.box.ToggleJIT(true)
		require.NoError(x.t, x.clock.sleep(x.t.Context(), 4*time.Second)) // until the audit log has it
	case 2:
		x.note("* invited")
		x.box.Invite(x.email, "", "member")
	case 3:
		x.note("* provisioning off")
		x.box.SwitchOktaProvisioning(false)
	case 4:
		x.note("* push fails")
		x.box.FailPush(sandbox.PushFault{Status: 409, Detail: "no seat left"})
	case 5:
		x.note("* pushed by hand: %v", x.box.PushByHand(x.email))
		require.NoError(x.t, x.clock.sleep(x.t.Context(), 8*time.Second)) // until both halves of it have arrived
		_ = x.box.State()
	case 6, 7, 8:
		x.note("* healed")
		x.box.SwitchOktaProvisioning(true)
		x.box.HealPushes()
	}
}

// turn is one thing that the owner does.
func (x *wanderer) turn() {
	s := x.state
	back := 3
	if s.Step == guide.StepVerify || s.Step == guide.StepPush {
		back = 8 // after the removal, there is most to be done wrong
	}
	switch n := x.dice.IntN(32); {
	case n < back:
		x.event(guide.Back{})
		return
	case n == 30:
		x.restart()
		return
	case n == 31:
		x.event(guide.SaveWanted{})
		return
	}
	switch s.Phase {
	case guide.PhaseDeciding:
		if s.Verdict.Ask != nil {
			x.reply(*s.Verdict.Ask)
			return
		}
		x.pick(s)
	case guide.PhaseApproving:
		x.plans = append(x.plans, s.Plan)
		x.event(guide.Approved{Digest: s.Plan.Digest(), Typed: s.Plan.Subject, At: x.clock.now()})
	case guide.PhaseSettled:
		x.event(guide.Continue{})
	case guide.PhaseFailed, guide.PhaseStopped:
		x.event(guide.Retry{})
	default:
		x.t.Fatalf("nobody is asked at %s, %s\n%s", s.Step, s.Phase, x.story())
	}
}

func (x *wanderer) pick(s guide.State) {
	var open []engine.Choice
	recommended := engine.Choice{}
	for _, c := range s.Verdict.Choices {
		if c.Disabled == "" {
			open = append(open, c)
			if c.Recommended {
				recommended = c
			}
		}
	}
	require.NotEmpty(x.t, open, "%s leaves no way on\n%s", s.Step, x.story())
	choice := open[x.dice.IntN(len(open))]
	if recommended.Outcome != "" && (x.dice.IntN(5) > 0 || x.meek && choice.Outcome != "look-again") {
		choice = recommended
	}
	if !choice.Recommended && choice.Outcome != "look-again" {
		x.led = false
	}
	x.event(guide.Chosen{Outcome: choice.Outcome})
}

func (x *wanderer) reply(q engine.Question) {
	say := func(v string) { x.event(guide.Answered{Question: q.ID, Value: v, At: x.clock.now()}) }
	switch q.ID {
	case engine.AskMemberToken:
		x.event(guide.SignedIn{Credential: engine.Credential{System: engine.SystemMember, Secret: engine.NewSecret(x.secret)}})
	case engine.AskMember:
		say(x.username)
	case engine.AskTeams:
		say([]string{"backend", "platform", ""}[x.dice.IntN(3)])
	case engine.AskOrg:
		say("acme")
	case engine.AskJIT:
		on := "off"
		if x.box.State().Connection.JIT {
			on = "on"
		}
		say(on)
	case engine.AskSelf:
		say("no")
	case engine.AskRace:
		say(q.Phrase)
	case engine.AskPrivate:
		say(engine.PrivateSignIn)
	case engine.AskManaged:
		managed := "no"
		for _, m := range x.box.State().Members {
			if m.Username == x.username && m.Origin == sandbox.OriginSCIM {
				managed = "yes"
			}
		}
		say(managed)
	default:
		require.NotEmpty(x.t, q.Options, "%s\n%s", q.ID, x.story())
		say(q.Options[x.dice.IntN(len(q.Options))].Value)
	}
}

// restart ends the program and starts it again, as resume does if there is a run to
// resume.
func (x *wanderer) restart() {
	t := x.t
	require.NoError(t, x.parts.runner.Drain(context.Background()))
	x.rewire(x.dir, x.provider)
	if rec, ok := unfinished(x.dir, "acme"); ok && !x.state.Case.DryRun {
		x.note("* resumed")
		j, rec, err := run.Reopen(x.dir, rec.ID)
		require.NoError(t, err, "%s", x.story())
		require.NoError(t, x.parts.runner.Continue(j, rec))
		x.state = guide.Resume(rec.Case(), rec.Mark())
	} else {
		x.note("* started anew")
		x.state = guide.New(engine.Case{Org: "acme", Username: x.username, DryRun: x.state.Case.DryRun})
	}
	x.event(guide.Begin{})
}

func TestARandomOwnerHarmsNobody(t *testing.T) {
	for seed := range uint64(randomOwners) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			x := newWanderer(t, seed)
			x.event(guide.Begin{})
			for range 120 {
				if x.state.Phase == guide.PhaseDone {
					break
				}
				x.life()
				x.turn()
			}
			after := x.box.State()
			for _, r := range x.born.Repositories {
				require.Equal(t, r, repositoryOf(t, after, r.Name), "%s", x.story())
			}
			for _, m := range x.born.Members {
				if m.Username != x.username {
					require.Equal(t, m, memberOf(t, after, m.Username), "%s", x.story())
				}
			}
			x.requireApproved()
		})
	}
}
