//go:build unix

package cmd

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui"
)

const panicVariable = "REPROVISION_TEST_PANIC"

// TestAPanicTellsNoSecret has the windows panic in a process of their own, just
// when a secret was typed into them, and looks at what Bubble Tea and the runtime
// write: the value of the panic, the stack, and the log of TEA_DEBUG.
func TestAPanicTellsNoSecret(t *testing.T) {
	for _, where := range []string{"a command of the sign-in", "a runtime error", "an update of the sign-in", "an effect of the walk"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPanics$")
			c.Dir, c.Env = dir, append(os.Environ(), panicVariable+"="+where, "TEA_DEBUG=1", "TERM=xterm-256color", "GOTRACEBACK=all")
			f, err := pty.StartWithSize(c, &pty.Winsize{Rows: terminalHeight, Cols: terminalWidth})
			require.NoError(t, err)
			x := newTerminal(t, f)
			x.command = c
			x.show(func() { _ = c.Process.Kill() })
			x.see("Token")
			x.press("typed-canary")
			x.see("••••")
			x.press(enter)
			require.NotZero(t, x.end())
			x.mu.Lock()
			require.Contains(t, x.raw.String(), "panic")
			require.Contains(t, x.raw.String(), "goroutine ")
			x.mu.Unlock()
			x.requireNoCanary()
			logs, err := filepath.Glob(filepath.Join(dir, "bubbletea-panic-*.log"))
			require.NoError(t, err)
			require.NotEmpty(t, logs)
			requireNoCanary(t, dir)
		})
	}
}

// TestPanics is the process of TestAPanicTellsNoSecret.
func TestPanics(t *testing.T) {
	where := os.Getenv(panicVariable)
	if where == "" {
		return
	}
	// Run may return before what panicked has written all; the log comes last.
	defer func() {
		for written := time.Now().Add(patience); time.Now().Before(written); <-time.After(10 * time.Millisecond) {
			logs, err := filepath.Glob("bubbletea-panic-*.log")
			require.NoError(t, err)
			if len(logs) > 0 {
				if raw, err := os.ReadFile(logs[0]); err == nil && strings.Contains(string(raw), "goroutine ") {
					return
				}
			}
		}
	}()
	if where == "an effect of the walk" {
		_, err := tui.Run(t.Context(), tui.Options{Start: guide.New(engine.Case{Org: "acme"}), Doer: panicking{}, Now: time.Now, Forms: forms("acme"), Title: "reprovision"})
		require.NoError(t, err)
		return
	}
	_, err := tui.RunLogin(t.Context(), tui.LoginOptions{
		Title: "reprovision · sign in", Org: "acme", Only: engine.SystemHub, Prompts: tui.NewPrompts(),
		Begin: func(context.Context, string) (tui.LoginProfile, error) {
			return (&loginOptions{}).offers(profile{Org: "acme"}), nil
		},
		SignIn: func(_ context.Context, c engine.Credential) (tui.SignedIn, error) {
			switch where {
			case "a command of the sign-in":
				panic(c)
			case "a runtime error":
				return tui.SignedIn{Who: []string{c.Secret.Reveal()}[len(where)]}, nil
			}
			return tui.SignedIn{}, errors.New("refused")
		},
		Explain: func(error) engine.Problem { panic(where) },
	})
	require.NoError(t, err)
}

// panicking is a runner that asks for a sign-in, and does not survive it.
type panicking struct{}

func (panicking) Do(_ context.Context, f guide.Effect, _ func(engine.Progress)) guide.Event {
	if c, ok := f.(guide.Connect); ok {
		panic(c)
	}
	o := f.(guide.Observe)
	c := o.Case
	c.Session = engine.Session{Systems: []engine.System{{ID: engine.SystemHub, Title: "Docker Hub", Required: true}}}
	return guide.Observed{Seq: o.Seq, Case: c}
}

func (panicking) Halt() {}
