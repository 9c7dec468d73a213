package cmd

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/cmd/internal/plain"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// addWindow adds the choice of the window, the whole screen or lines, and of
// what it does beside showing the walk.
func addWindow(c *cobra.Command, lines, bell *bool) {
	c.Flags().BoolVar(bell, "bell", false, "ring the terminal's bell when a long wait ends")
	c.Flags().BoolVar(lines, "accessible", accessible(),
		"walk line by line, for screen readers and plain terminals; so does ACCESSIBLE=1, and a terminal that cannot draw")
}

// accessible reports whether the environment asks for lines.
func accessible() bool {
	switch os.Getenv("ACCESSIBLE") {
	case "", "0", "false":
		return os.Getenv("TERM") == "dumb"
	}
	return true
}

// walkIn walks in one of the two windows.
func walkIn(ctx context.Context, o tui.Options, accessible bool, out io.Writer) (guide.State, error) {
	if accessible {
		end, err := plain.Window{In: os.Stdin, Out: out}.Run(ctx, o)
		if errors.Is(err, plain.ErrNoAnswer) {
			err = reportedError{err} // the window has said so
		}
		return end, err
	}
	return tui.Run(ctx, o)
}
