//go:build !windows

package cmd

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/cmd/internal/plain"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/report"
	"github.com/seed-05b3d87e/reprovision/engine/run"
)

// ctrlC is the key as a terminal turns it into a signal, where no program has
// taken the terminal over.
const ctrlC = "\x03"

// interrupted wants the program to end at once, as an interrupted one.
func (x *terminal) interrupted() {
	x.t.Helper()
	x.press(ctrlC)
	require.Equal(x.t, exitInterrupted, x.end(), x.text())
}

// hanging is a Docker Hub that never answers the sign-in: what leads to it, and
// a wait until it was asked.
func hanging(t *testing.T) (env []string, asked func()) {
	t.Helper()
	box := startBox(t)
	box.Fail(sandbox.Fault{System: "hub", Method: http.MethodPost, Path: "/v2/auth/token", Kind: sandbox.FaultHang})
	c := box.Credentials()
	env = []string{"REPROVISION_HUB_URL=" + box.Addresses().HubURL, "REPROVISION_HUB_USER=" + c.HubIdentifier, "REPROVISION_HUB_TOKEN=" + c.HubSecret}
	return env, func() {
		t.Helper()
		require.Eventually(t, func() bool { return len(box.Requests()) > 0 }, patience, childTick)
	}
}

func lineEnv(home string, more ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home, "XDG_STATE_HOME=" + home, "XDG_RUNTIME_DIR=" + home,
		"DOCKER_CONFIG=" + home, "TERM=dumb", "GOCOVERDIR=" + home, nowhere,
	}, more...)
}

func TestCtrlCEndsACommandThatWaitsForAServer(t *testing.T) {
	env, asked := hanging(t)
	home := t.TempDir()
	x := openTerminalIn(t, home, lineEnv(home, env...), "auth", "status")
	asked()
	x.interrupted()
}

func TestCtrlCEndsAQuestion(t *testing.T) {
	home := t.TempDir()
	x := openTerminalIn(t, home, lineEnv(home), "login", "hub")
	x.see(organizationLabel + ":")
	x.interrupted()

	x = openTerminalIn(t, home, lineEnv(home), "login", "hub", "--org", "acme", "--user", "acme")
	x.see("token")
	x.interrupted()
}

func TestCtrlCEndsTheOfferToTakeARunUpAgainAndAnUndoThatReads(t *testing.T) {
	_, dir, id := walkedAndLeft(t, "lena-fischer", guide.StepRemove)
	home := t.TempDir()
	require.NoError(t, os.CopyFS(home+"/reprovision", os.DirFS(dir)))
	x := openTerminalIn(t, home, lineEnv(home), "--accessible")
	x.see("Resume it now?")
	x.interrupted()

	env, asked := hanging(t)
	x = openTerminalIn(t, home, lineEnv(home, env...), "undo", id)
	asked()
	x.interrupted()
}

func TestASecondInterruptCutsAnUndoOff(t *testing.T) {
	w, dir, id := walkedAndLeft(t, "priya-nair", guide.StepPush)
	w.box.Fail(sandbox.Fault{System: "hub", Method: http.MethodPost, Path: "/v2/invites/bulk", Kind: sandbox.FaultHang})
	x := sandboxWorld(w.box, false, dir)
	x.now, x.sleep = w.clock.now, w.clock.sleep
	p, err := wire(x)
	require.NoError(t, err)
	interrupts := make(chan struct{})
	var out bytes.Buffer
	u := undoing{parts: p, dir: dir, id: id, now: w.clock.now, interrupts: interrupts, prompt: plain.Prompter{In: strings.NewReader("priya-nair\n"), Out: &out}}
	ended := make(chan error, 1)
	go func() { ended <- u.run(context.WithoutCancel(t.Context())) }()
	require.Eventually(t, func() bool {
		return slices.ContainsFunc(w.box.Requests(), func(r sandbox.Request) bool { return r.Method == http.MethodPost && r.Path == "/v2/invites/bulk" })
	}, patience, childTick)
	interrupts <- struct{}{}
	interrupts <- struct{}{}
	err = <-ended
	require.Equal(t, exitInterrupted, exitCode(err), "%v", err)
	require.Contains(t, out.String(), "Whether the change in flight was made is not known")
	rec, err := run.Read(dir, id)
	require.NoError(t, err)
	require.Len(t, rec.Doubts(), 1)
}

// The attributes cannot be read, so that only the owner's word can say that they match:
// an interrupt is not that word.
func TestAnInterruptWhileAttributesAreMatchedIsNobodysWord(t *testing.T) {
	for word, done := range map[bool]guide.Phase{true: guide.PhaseSettled, false: guide.PhaseStopped} {
		t.Run(string(done), func(t *testing.T) {
			w := newWalk(t, "jordan-ito", false, func(x *world) {
				x.credentials = slices.DeleteFunc(x.credentials, func(c engine.Credential) bool { return c.System == engine.SystemOkta })
			})
			w.answers[engine.AskSignIn], w.answers[engine.AskProvider] = "skip", "onelogin"
			w.answers[engine.AskRole], w.answers[engine.AskTeams] = "editor", "platform"
			w.choices[guide.StepDiagnose] = "match-attributes"
			w.run(guide.StepMatch)
			w.console = func(engine.Plan) {
				w.parts.runner.Do(t.Context(), guide.Halt{Seq: w.state.Seq, Clicked: word}, nil)
			}
			w.choose("do")
			require.Equal(t, done, w.state.Phase)
			require.Equal(t, word, w.state.Case.Settled(engine.ActionMatch))
			require.Equal(t, word, len(w.state.Case.Receipts) == 1)
			if !word {
				w.send(guide.Retry{})
				require.Equal(t, guide.PhaseApproving, w.state.Phase, "it is there to be done again")
			}
		})
	}
}

// Who interrupts the wait for their clicks does not say that the clicks are done.
func TestAnInterruptWhileClicksAreAwaitedLeavesTheUndoOpen(t *testing.T) {
	for name, until := range map[string]guide.StepID{"only clicks": guide.StepPushProfile, "after a request": guide.StepReport} {
		t.Run(name, func(t *testing.T) {
			w, dir, id := walkedAndLeft(t, "jordan-ito", until)
			x := sandboxWorld(w.box, false, dir)
			interrupts := make(chan struct{})
			var once sync.Once
			x.now, x.sleep = w.clock.now, func(ctx context.Context, d time.Duration) error {
				once.Do(func() {
					interrupts <- struct{}{}
					<-ctx.Done()
				})
				return w.clock.sleep(ctx, d)
			}
			p, err := wire(x)
			require.NoError(t, err)
			in, typed := io.Pipe() // nobody presses enter
			t.Cleanup(func() { require.NoError(t, typed.Close()) })
			go func() { _, _ = io.WriteString(typed, "jordan-ito\n") }()
			var out bytes.Buffer
			u := undoing{parts: p, dir: dir, id: id, now: w.clock.now, interrupts: interrupts, prompt: plain.Prompter{In: in, Out: &out}}
			err = u.run(context.WithoutCancel(t.Context()))
			require.Equal(t, exitInterrupted, exitCode(err), "%v\n%s", err, out.String())
			require.Contains(t, out.String(), "Run the undo again to do the rest")
			require.Equal(t, run.StatusUndoing, runStatus(t, dir))
			rec, err := run.Read(dir, id)
			require.NoError(t, err)
			require.False(t, slices.ContainsFunc(rec.Case().Receipts, func(r engine.Receipt) bool { return r.Action == engine.ActionUndo && r.Change == "jit" }))
		})
	}
}

func TestWhatIsStartedToOutliveItsTerminalIsNotEndedByIt(t *testing.T) {
	path, err := buildProgram()
	require.NoError(t, err)
	home := t.TempDir()
	c := exec.Command("sh", "-c", "trap '' HUP; exec \"$0\" sandbox", path) // as nohup does
	c.Env, c.Dir = lineEnv(home), home
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	_, err = bufio.NewReader(out).ReadString('\n') // signals are watched by now
	require.NoError(t, err)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	_, _ = io.Copy(io.Discard, out)
	require.NoError(t, c.Wait(), "SIGTERM ends it in order")
	if err != nil {
		t.Skip("this system does not tell which signals a process ignores")
	}
	ignored := regexp.MustCompile(`SigIgn:\s*([0-9a-f]+)`).FindStringSubmatch(string(status))
	require.NotNil(t, ignored)
	mask, err := strconv.ParseUint(ignored[1], 16, 64)
	require.NoError(t, err)
	require.NotZero(t, mask&1, "a closed terminal is still ignored")
}

// A walk of the real program is at a cancellation that Docker Hub never answers:
// the second ctrl+c does not wait for it, in the window and line by line.
func TestASecondCtrlCInTheWalkCutsTheChangeOff(t *testing.T) {
	for name, flags := range map[string][]string{"window": nil, "line by line": {"--accessible"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			box := startBox(t)
			require.NoError(t, box.FlipJIT(t.Context(), false))
			box.Fail(sandbox.Fault{System: "hub", Method: http.MethodDelete, Path: "/v2/invites/", Kind: sandbox.FaultHang})
			at, c := box.Addresses(), box.Credentials()
			home := t.TempDir()
			x := openTerminalIn(t, home, lineEnv(home, "TERM=xterm-256color",
				"REPROVISION_HUB_URL="+at.HubURL, "REPROVISION_HUB_USER="+c.HubIdentifier, "REPROVISION_HUB_TOKEN="+c.HubSecret,
				"REPROVISION_SCIM_URL="+at.SCIMURL, "REPROVISION_SCIM_TOKEN="+c.SCIMToken,
				"REPROVISION_OKTA_URL="+at.OktaURL, "REPROVISION_OKTA_TOKEN="+c.OktaToken, "REPROVISION_OKTA_APP="+c.OktaAppLabel,
			), append(flags, "--org", "acme", "--member", "priya-nair")...)
			choose, yes := x.take, x.confirm
			if len(flags) > 0 {
				choose = x.answer
				yes = func() {
					x.see("Type yes to run it.")
					x.press("yes\r")
				}
			}
			choose("It is off")
			choose("Re-provision")
			choose("Cancel 1 invite")
			yes()
			require.Eventually(t, func() bool {
				return slices.ContainsFunc(box.Requests(), func(r sandbox.Request) bool { return r.Method == http.MethodDelete })
			}, patience, childTick)
			x.press(ctrlC)
			x.see("Stopping after the change in flight")
			x.interrupted()
			require.Contains(t, x.raw.String(), "Cut off.")

			runs, err := run.List(home + "/reprovision")
			require.NoError(t, err)
			require.Len(t, runs, 1)
			require.Len(t, runs[0].Doubts(), 1)
		})
	}
}

// answer types the number of a choice, line by line.
func (x *terminal) answer(label string) {
	x.t.Helper()
	x.see(": " + label)
	numbers := regexp.MustCompile(`(?m)^(\d+): `+regexp.QuoteMeta(label)).FindAllStringSubmatch(x.text(), -1)
	require.NotEmpty(x.t, numbers, x.text())
	x.press(numbers[len(numbers)-1][1] + "\r")
}

// stoppedWhileClicking is a walk in which the owner disables JIT in the console and
// stops the watch before the audit log has shown it.
func stoppedWhileClicking(t *testing.T, adjust ...func(*walk)) (w *walk, dir string) {
	t.Helper()
	var clicked bool
	w = newWalk(t, "jordan-ito", false, func(x *world) {
		dir = x.stateDir
		sleep := x.sleep
		x.sleep = func(ctx context.Context, d time.Duration) error {
			if clicked {
				clicked = false
				w.parts.runner.Do(t.Context(), guide.Halt{Seq: w.state.Seq}, nil)
			}
			return sleep(ctx, d)
		}
	})
	for _, a := range adjust {
		a(w)
	}
	w.run(guide.StepDisableJIT)
	w.console = func(engine.Plan) {
		require.NoError(t, w.box.FlipJIT(t.Context(), false))
		clicked = true
	}
	w.choose("do")
	require.Equal(t, guide.PhaseStopped, w.state.Phase)
	require.Empty(t, w.state.Case.Receipts)
	records, err := run.List(dir)
	require.NoError(t, err)
	require.Len(t, records[0].Doubts(), 1)
	return w, dir
}

// The clicks were done and the audit log is late: whoever stops waiting and goes another
// way has changed something, which the report names and an undo puts back.
func TestClicksThatShowAfterTheWatchWasStoppedAreNotForgotten(t *testing.T) {
	for name, on := range map[string]func(w *walk, dir string){
		"by esc":             func(w *walk, _ string) { w.send(guide.Back{}) },
		"by a new plan":      func(w *walk, _ string) { w.send(guide.Retry{}) },
		"in another process": func(w *walk, dir string) { w.resumed(dir) },
	} {
		t.Run(name, func(t *testing.T) {
			w, dir := stoppedWhileClicking(t)
			require.NoError(t, w.clock.sleep(t.Context(), pauseForLog))
			w.console = func(engine.Plan) {} // they are done
			on(w, dir)
			w.answers[engine.AskJIT] = "off"
			w.goOn(guide.StepReport)
			require.Equal(t, run.StatusEnded, runStatus(t, dir))
			require.Contains(t, report.Markdown(w.state.Case), "Switch JIT off in Docker's console")
			records, err := run.List(dir)
			require.NoError(t, err)
			require.Empty(t, records[0].Doubts())
			out, err := w.undo(dir, records[0].ID, "", true)
			require.NoError(t, err, out)
			require.Contains(t, out, "Switch JIT on again")
		})
	}
}

// If the owner leaves the program instead, the undo itself looks.
func TestAnUndoLooksForClicksThatWereNotWaitedFor(t *testing.T) {
	w, dir := stoppedWhileClicking(t)
	require.NoError(t, w.parts.runner.Drain(context.Background()))
	require.NoError(t, w.clock.sleep(t.Context(), pauseForLog))
	rec, ok := unfinished(dir, "acme")
	require.True(t, ok)
	path := filepath.Join(dir, "runs", rec.ID+".jsonl")
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	out, err := w.undo(dir, rec.ID, "", true)
	require.NoError(t, err, out)
	require.Contains(t, out, "Switch JIT on again")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after, "a dry run writes nothing")
	out, err = w.undo(dir, rec.ID, "jordan-ito\n\n", false)
	require.NoError(t, err, out)
	require.Contains(t, out, "Switch JIT on again")
}

// Nobody but the owner knows what they clicked if no log can be read: a run does not stay
// open for it.
func TestARunIsOverAlthoughNobodyCanSeeWhatWasClicked(t *testing.T) {
	w, dir := stoppedWhileClicking(t, func(w *walk) {
		w.box.Fail(sandbox.Fault{System: "hub", Path: "/v2/auditlogs/", Times: -1, Kind: sandbox.FaultStatus, Status: http.StatusForbidden})
		w.answers[engine.AskManaged] = "yes"
	})
	w.backTo(guide.StepObserve)
	w.answers[engine.AskJIT] = "off"
	w.goOn(guide.StepReport)
	require.Equal(t, run.StatusEnded, runStatus(t, dir))
}
