package plain

import (
	"context"
	"fmt"
	"io"

	"github.com/charmbracelet/x/term"
)

// ReadSecret asks on a terminal for a line that is not echoed. The echo is off
// before the prompt is seen, so that not even somebody who types at once, or a
// program that waits for the prompt, leaves a letter on the screen. The caller
// ends the line on the screen. When ctx ends, ReadSecret switches the echo on
// again, returns ctx's error and abandons the read.
func ReadSecret(ctx context.Context, terminal interface{ Fd() uintptr }, out io.Writer, prompt string) (string, error) {
	restore, err := echoOff(terminal.Fd())
	if err != nil {
		return "", fmt.Errorf("switch the echo off: %w", err)
	}
	defer restore()
	_, _ = fmt.Fprint(out, prompt)
	return Await(ctx, func() (string, error) {
		raw, err := term.ReadPassword(terminal.Fd())
		return string(raw), err
	})
}
