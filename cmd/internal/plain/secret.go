package plain

import (
	"context"
	"fmt"
	"io"

	"github.com/charmbracelet/x/term"
)

// ReadSecret prints the prompt and reads a line from the terminal without echoing
// it. It turns the echo off before it prints the prompt, so that neither a fast
// typist nor a program that waits for the prompt leaves a letter on the screen. The
// caller ends the line on the screen. When ctx ends, ReadSecret turns the echo on
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
