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
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/cmd/internal/plain"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
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
