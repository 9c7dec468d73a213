package cmd

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// clock is a time that passes only when somebody sleeps. One that is shared
// with another process lies in shared memory, as nanoseconds.
type clock struct {
	mu     sync.Mutex
	at     time.Time
	shared *atomic.Int64
}

func (c *clock) now() time.Time {
	if c.shared != nil {
		return time.Unix(0, c.shared.Add(int64(time.Millisecond))).UTC()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Millisecond)
	return c.at
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	if c.shared != nil {
		c.shared.Add(int64(d))
		return ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	return ctx.Err()
}

// walk is a walk through the guide over real HTTP on the sandbox, with an
// owner who answers by a script.
type walk struct {
	t       *testing.T
	box     *sandbox.Sandbox
	parts   parts
	world   world
	clock   *clock
	state   guide.State
	plans   []engine.Plan // those that were approved
	visited []guide.StepID
	trail   []string // what patient saw, turn by turn

	answers map[engine.QuestionID]string
	choices map[guide.StepID]engine.Outcome // instead of the recommended one
	secret  string                          // the member's own
	console func(engine.Plan)               // what the owner does in a web console

	username string              // whose case it is
	keys     []engine.Credential // to sign in again with
}

func newWalk(t *testing.T, username string, dryRun bool, adjust ...func(*world)) *walk {
	t.Helper()
	c := &clock{at: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	box := sandbox.New(sandbox.Options{Now: c.now, AuditDelay: 3 * time.Second, PushDelay: 3 * time.Second})
	require.NoError(t, box.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, box.Close()) })
	w := sandboxWorld(box, dryRun, t.TempDir())
	w.now, w.sleep, w.reportDir = c.now, c.sleep, t.TempDir()
	for _, a := range adjust {
		a(&w)
	}
	p, err := wire(w)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.runner.Drain(context.Background())) })
	walk := &walk{
		t: t, box: box, parts: p, world: w, clock: c,
		answers: map[engine.QuestionID]string{engine.AskJIT: "on", engine.AskPrivate: engine.PrivateSignIn},
		choices: map[guide.StepID]engine.Outcome{},
		secret:  box.Credentials().Members[username],
	}
	walk.console = func(p engine.Plan) {
		require.Equal(t, engine.ActionDisableJIT, p.Action)
		require.NoError(t, box.FlipJIT(t.Context(), false))
		walk.answers[engine.AskJIT] = "off"
	}
	walk.state = guide.New(engine.Case{Org: box.Credentials().Org, Username: username, DryRun: dryRun})
	return walk
}

// now is the time on the machine of the program, whose clock may be wrong.
func (w *walk) now() time.Time {
	if w.world.now != nil {
		return w.world.now()
	}
	return w.clock.now()
}

// send gives the machine an event, carries out what it asks for, and goes on
// until a person is needed.
func (w *walk) send(e guide.Event) {
	w.t.Helper()
	queue := []guide.Event{e}
	for len(queue) > 0 {
		var effects []guide.Effect
		w.state, effects = guide.Next(w.state, queue[0])
		queue = queue[1:]
		if n := len(w.visited); n == 0 || w.visited[n-1] != w.state.Step {
			w.visited = append(w.visited, w.state.Step)
		}
		for _, f := range effects {
			if x, ok := f.(guide.Execute); ok && x.Plan.Changes[0].Kind == engine.ChangeConsole {
				w.console(x.Plan)
			}
			if answer := w.parts.runner.Do(w.t.Context(), f, nil); answer != nil {
				queue = append(queue, answer)
			}
		}
	}
}

// run walks until the step is reached where the owner stops, or the end.
func (w *walk) run(until guide.StepID) {
	w.t.Helper()
	w.send(guide.Begin{})
	w.goOn(until)
}

func (w *walk) goOn(until guide.StepID) {
	w.t.Helper()
	for range 200 {
		if w.state.Phase == guide.PhaseDone || (w.state.Step == until && w.state.Phase == guide.PhaseDeciding) {
			return
		}
		w.act()
	}
	w.t.Fatalf("the walk does not come to %s; it is at %s, %s", until, w.state.Step, w.state.Phase)
}

// backTo goes back, step by step.
func (w *walk) backTo(step guide.StepID) {
	w.t.Helper()
	for range 40 {
		if w.state.Step == step {
			return
		}
		w.send(guide.Back{})
	}
	w.t.Fatalf("going back does not lead to %s; it is at %s, %s", step, w.state.Step, w.state.Phase)
}

func (w *walk) act() {
	w.t.Helper()
	s := w.state
	switch s.Phase {
	case guide.PhaseDeciding:
		w.decide()
	case guide.PhaseApproving:
		w.plans = append(w.plans, s.Plan)
		w.send(guide.Approved{Digest: s.Plan.Digest(), Typed: s.Plan.Subject, At: w.now()})
	case guide.PhaseSettled:
		w.send(guide.Continue{})
	case guide.PhaseFailed:
		w.t.Fatalf("%s failed: %s: %s", s.Step, s.Problem.Title, s.Problem.Detail)
	case guide.PhaseObserving, guide.PhaseConnecting, guide.PhasePlanning, guide.PhaseRunning, guide.PhaseVerifying,
		guide.PhaseSaving, guide.PhaseStopped, guide.PhaseDone:
		w.t.Fatalf("nobody is asked at %s, %s", s.Step, s.Phase)
	}
}

func (w *walk) decide() {
	w.t.Helper()
	v := w.state.Verdict
	if v.Ask != nil {
		if v.Ask.Kind == engine.AnswerCredential && v.Ask.ID == engine.AskMemberToken {
			w.send(guide.SignedIn{Credential: engine.Credential{System: engine.SystemMember, Secret: engine.NewSecret(w.secret)}})
			return
		}
		answer, ok := w.answers[v.Ask.ID]
		require.True(w.t, ok, "the owner has no answer to %s", v.Ask.ID)
		w.send(guide.Answered{Question: v.Ask.ID, Value: answer, At: w.now()})
		return
	}
	if out, ok := w.choices[w.state.Step]; ok {
		w.send(guide.Chosen{Outcome: out})
		return
	}
	for _, c := range v.Choices {
		if c.Recommended {
			require.Empty(w.t, c.Disabled, "%s: the recommended way is closed", w.state.Step)
			w.send(guide.Chosen{Outcome: c.Outcome})
			return
		}
	}
	w.t.Fatalf("%s recommends nothing", w.state.Step)
}

// removals counts the members that Docker has removed.
func (w *walk) removals() int {
	n := 0
	for _, r := range w.box.Requests() {
		if r.System == "hub" && r.Method == http.MethodDelete && strings.HasPrefix(r.Path, "/v2/orgs/acme/members/") && r.Status < 300 {
			n++
		}
	}
	return n
}

// changing lists the requests of the sandbox's log that could change something.
func (w *walk) changing() []string {
	var out []string
	for _, r := range w.box.Requests() {
		if r.Changing {
			out = append(out, r.System+" "+r.Method+" "+r.Path)
		}
	}
	return out
}
