//go:build !windows

package cmd

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// BenchmarkFirstFrame measures from the start of a process in a
// pseudo-terminal to its first frame, for this program and for others that are
// installed: the figures are good as ratios of one run. By hand only:
//
//	go test ./cmd -run '^$' -bench FirstFrame -benchtime 30x
func BenchmarkFirstFrame(b *testing.B) {
	own, err := buildProgram()
	if err != nil {
		b.Fatal(err)
	}
	for _, x := range []struct {
		name, shows string
		argv        []string
	}{
		{"reprovision", "reprovision", []string{own, "demo"}},
		{"gum", "alpha", []string{"gum", "choose", "alpha", "beta"}},
		{"gh", "LEARN MORE", []string{"gh", "help"}},
		{"tig", "[main]", []string{"tig"}},
		{"ncdu", "ncdu", []string{"ncdu", "internal"}},
	} {
		b.Run(x.name, func(b *testing.B) {
			path, err := exec.LookPath(x.argv[0])
			if err != nil {
				b.Skip(x.argv[0] + " is not installed")
			}
			for b.Loop() {
				firstFrame(b, path, x.argv[1:], x.shows)
			}
		})
	}
}

// firstFrame starts a program and returns when its screen shows the text.
func firstFrame(b *testing.B, path string, args []string, shows string) {
	b.Helper()
	c := exec.Command(path, args...)
	c.Env = append(os.Environ(), "TERM=xterm-256color")
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
	b.StopTimer()
	_ = c.Process.Kill()
	_ = c.Wait()
	_ = f.Close()
	_ = screen.Close()
	b.StartTimer()
}
