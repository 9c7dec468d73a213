//go:build !windows

package cmd

import (
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// BenchmarkFirstFrame measures from the start of a process in a
// pseudo-terminal to its first frame: this program, and others as far as they
// are installed, one after the other in each turn. It reports the median of
// this one, and its ratio to each of the others: below 1 is sooner. By hand:
//
//	go test ./cmd -run '^$' -bench FirstFrame -benchtime 40x
func BenchmarkFirstFrame(b *testing.B) {
	own, err := buildProgram()
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	env := append(os.Environ(), "TERM=xterm-256color", "HOME="+dir, "XDG_STATE_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	programs := []struct {
		name, shows string
		argv        []string
		times       []time.Duration
	}{
		{name: "own", shows: "Sign in", argv: []string{own, "demo"}},
		{name: "gum", shows: "alpha", argv: []string{"gum", "choose", "alpha", "beta"}},
		{name: "gh", shows: "LEARN MORE", argv: []string{"gh", "help"}},
		{name: "tig", shows: "[main]", argv: []string{"tig"}},
		{name: "ncdu", shows: "ncdu", argv: []string{"ncdu", "internal"}},
	}
	for b.Loop() {
		for i := range programs {
			x := &programs[i]
			if path, err := exec.LookPath(x.argv[0]); err == nil {
				x.times = append(x.times, firstFrame(b, env, path, x.argv[1:], x.shows))
			}
		}
	}
	median := func(list []time.Duration) float64 {
		slices.Sort(list)
		return float64(list[len(list)/2])
	}
	mine := median(programs[0].times)
	b.ReportMetric(0, "ns/op") // of all of them together says nothing
	b.ReportMetric(mine/float64(time.Millisecond), "ms")
	for _, x := range programs[1:] {
		if len(x.times) > 0 {
			b.ReportMetric(mine/median(x.times), "x-"+x.name)
		}
	}
}

// firstFrame starts a program and returns how long it takes until its screen
// shows the text.
func firstFrame(b *testing.B, env []string, path string, args []string, shows string) time.Duration {
	b.Helper()
	began := time.Now()
	c := exec.Command(path, args...)
	c.Env = env
	f, err := pty.StartWithSize(c, &pty.Winsize{Rows: terminalHeight, Cols: terminalWidth})
	if err != nil {
		b.Fatal(err)
	}
	screen := vt.NewSafeEmulator(terminalWidth, terminalHeight)
	go func() { _, _ = io.Copy(f, screen) }() // the terminal's answers
	buf := make([]byte, 64<<10)
	for !strings.Contains(screen.String(), shows) {
		n, err := f.Read(buf)
		if err != nil {
			b.Fatalf("%s ended before its first frame: %v\n%s", path, err, screen.String())
		}
		_, _ = screen.Write(buf[:n])
	}
	took := time.Since(began)
	_ = c.Process.Kill()
	_ = c.Wait()
	_ = f.Close()
	_ = screen.Close()
	return took
}
