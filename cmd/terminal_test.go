//go:build !windows

package cmd

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

// builtProgram names the program to a test that runs in a process of its own.
const builtProgram = "REPROVISION_TEST_PROGRAM"

// buildProgram compiles the real program, once for all tests.
var buildProgram = sync.OnceValues(func() (string, error) {
	if path := os.Getenv(builtProgram); path != "" {
		return path, nil
	}
	dir, err := os.MkdirTemp("", "reprovision-test-")
	if err != nil {
		return "", err
	}
	built = dir
	path := filepath.Join(dir, "reprovision")
	// Git refuses to say what it knows of a clone that is somebody else's.
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", path, "./reprovision").CombinedOutput()
	if err != nil {
		return "", &buildError{err, out}
	}
	return path, nil
})

type buildError struct {
	err error
	out []byte
}

func (e *buildError) Error() string { return e.err.Error() + "\n" + string(e.out) }

// terminal is a pseudo-terminal with an emulator as its screen, and whatever
// runs in it.
type terminal struct {
	t       *testing.T
	file    *os.File
	screen  *vt.SafeEmulator
	mu      sync.Mutex
	drawn   chan struct{} // closed and replaced whenever something was drawn
	ended   chan struct{}
	command *exec.Cmd    // nil when what runs is in this process
	raw     bytes.Buffer // all that was written
}

const (
	terminalWidth  = 110
	terminalHeight = 40
	patience       = 5 * time.Minute // for what is bound to come, however busy the machine is
)

func openTerminal(t *testing.T, args ...string) *terminal {
	t.Helper()
	dir := t.TempDir()
	return openTerminalIn(t, dir, lineEnv(dir, "TERM=xterm-256color", "TMPDIR="+t.TempDir()), args...)
}

func openTerminalIn(t *testing.T, dir string, env []string, args ...string) *terminal {
	t.Helper()
	path, err := buildProgram()
	require.NoError(t, err)
	c := exec.Command(path, args...)
	c.Dir, c.Env = dir, env
	f, err := pty.StartWithSize(c, &pty.Winsize{Rows: terminalHeight, Cols: terminalWidth})
	require.NoError(t, err)
	x := newTerminal(t, f)
	x.command = c
	x.show(func() { _ = c.Process.Kill() })
	return x
}

func newTerminal(t *testing.T, f *os.File) *terminal {
	t.Helper()
	return &terminal{
		t: t, file: f, screen: vt.NewSafeEmulator(terminalWidth, terminalHeight),
		drawn: make(chan struct{}), ended: make(chan struct{}),
	}
}

// show draws what comes out of the terminal, until the test is over; stop ends
// what runs in it.
func (x *terminal) show(stop func()) {
	answered := make(chan struct{})
	go func() { // the terminal's answers to the program's questions
		defer close(answered)
		_, _ = io.Copy(x.file, x.screen)
	}()
	go x.draw()
	x.t.Cleanup(func() {
		stop()
		<-x.ended
		// The emulator may not be closed while it is read from.
		if pipe, ok := x.screen.InputPipe().(io.Closer); ok {
			_ = pipe.Close()
			<-answered
		}
		_ = x.file.Close()
		_ = x.screen.Close()
	})
}

func (x *terminal) draw() {
	defer close(x.ended)
	buf := make([]byte, 64<<10)
	for {
		n, err := x.file.Read(buf)
		x.mu.Lock()
		_, _ = x.screen.Write(buf[:n])
		x.raw.Write(buf[:n])
		close(x.drawn)
		x.drawn = make(chan struct{})
		x.mu.Unlock()
		if err != nil {
			if x.command != nil {
				_ = x.command.Wait()
			}
			return
		}
	}
}

func (x *terminal) text() string {
	x.mu.Lock() // the emulator does not lock what it shows
	shown := x.screen.String()
	x.mu.Unlock()
	var b bytes.Buffer
	for line := range strings.Lines(shown) {
		b.WriteString(strings.TrimRight(line, " \n"))
		b.WriteByte('\n')
	}
	return b.String()
}

// see waits until everything is on the screen at once, or the program has ended.
func (x *terminal) see(wanted ...string) {
	x.t.Helper()
	deadline := time.After(patience)
	for {
		x.mu.Lock()
		drawn := x.drawn
		x.mu.Unlock()
		over := false
		select {
		case <-x.ended:
			over = true
		default:
		}
		text := x.text()
		if !slices.ContainsFunc(wanted, func(w string) bool { return !strings.Contains(text, w) }) {
			return
		}
		if over {
			x.t.Fatalf("the program ended, and the screen does not show %q:\n%s", wanted, text)
		}
		select {
		case <-drawn:
		case <-x.ended:
		case <-deadline:
			x.t.Fatalf("the screen does not show %q:\n%s", wanted, text)
		}
	}
}

func (x *terminal) shows(text string) bool { return strings.Contains(x.text(), text) }

// take moves down to a choice and takes it.
func (x *terminal) take(label string) {
	x.t.Helper()
	x.see(label)
	for range 20 {
		if x.shows("❯ " + label) {
			x.press(enter)
			return
		}
		x.down()
	}
	x.t.Fatalf("%q cannot be chosen:\n%s", label, x.text())
}

// down goes to the next choice, and returns when the screen shows it: neither a
// frame that was under way before, nor half of one, is the answer.
func (x *terminal) down() {
	x.t.Helper()
	deadline := time.After(patience)
	at, drawn := x.pointed()
	x.press(down)
	for {
		select {
		case <-drawn:
		case <-deadline:
			return
		}
		var now []string
		if now, drawn = x.pointed(); len(now) == len(at) && !slices.Equal(now, at) {
			return
		}
	}
}

// pointed are the lines with a pointer, and what ends with the next output.
func (x *terminal) pointed() (lines []string, drawn <-chan struct{}) {
	x.mu.Lock()
	drawn = x.drawn
	x.mu.Unlock()
	for l := range strings.Lines(x.text()) {
		if strings.Contains(l, "❯") {
			lines = append(lines, l)
		}
	}
	return lines, drawn
}

func (x *terminal) press(keys string) {
	x.t.Helper()
	_, err := io.WriteString(x.file, keys)
	require.NoError(x.t, err)
}

const (
	enter = "\r"
	down  = "\x1b[B"
	right = "\x1b[C"
)

// armed is what a confirmation shows once it takes keys; before that, one that
// was meant for the screen before cannot confirm.
const armed = "nothing has been sent"

// confirm says yes to a plan.
func (x *terminal) confirm() {
	x.t.Helper()
	x.see("❯ No, go back", armed)
	x.press(right)
	x.see("❯ Run it")
	x.press(enter)
}

// end waits for the program to end and returns its exit code.
func (x *terminal) end() int {
	x.t.Helper()
	select {
	case <-x.ended:
		return x.command.ProcessState.ExitCode()
	case <-time.After(patience):
		x.t.Fatalf("the program does not end:\n%s", x.text())
		return -1
	}
}

// proof is what the sandbox itself knows at the end.
type proof struct {
	State    sandbox.State
	Requests []sandbox.Request
}

func readProof(t *testing.T, path string) proof {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var p proof
	require.NoError(t, json.Unmarshal(raw, &p))
	return p
}
