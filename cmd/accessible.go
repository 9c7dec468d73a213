package cmd

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/cmd/internal/plain"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// windowOptions choose the window, the whole screen or lines, and what it does
// beside showing the walk.
type windowOptions struct {
	lines bool // line by line, without a screen
	bell  bool
	mouse bool
	still bool // nothing moves
}

// flags adds the options to a command.
func (w *windowOptions) flags(c *cobra.Command) {
	c.Flags().BoolVar(&w.bell, "bell", false, "ring the terminal's bell when a long wait ends")
	c.Flags().BoolVar(&w.mouse, "mouse", false, "use the mouse: the wheel scrolls and a click selects; the key m turns it on and off")
	c.Flags().BoolVar(&w.still, "reduced-motion", os.Getenv("REDUCED_MOTION") != "", "show no spinner (also REDUCED_MOTION=1)")
	c.Flags().BoolVar(&w.lines, "accessible", accessible(),
		"prompt line by line, for screen readers and plain terminals (also ACCESSIBLE=1 or TERM=dumb)")
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
func walkIn(ctx context.Context, o tui.Options, w windowOptions, out io.Writer) (tui.End, error) {
	o.Bell, o.Mouse, o.ReducedMotion = w.bell, w.mouse, w.still
	if w.lines {
		end, err := plain.Window{In: os.Stdin, Out: out}.Run(ctx, o)
		if errors.Is(err, plain.ErrNoAnswer) {
			err = reportedError{err} // the window has said so
		}
		return end, err
	}
	return tui.Run(ctx, o)
}

// untilUnread returns the output and the interrupts of a walk by lines whose reader
// may go away, as head does. That would kill the program in the middle of whatever
// is under way; it is an interrupt instead, and further lines are lost.
func untilUnread(ctx context.Context, interrupts <-chan struct{}, out io.Writer) (<-chan struct{}, io.Writer) {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // which then does not end the program
	both := make(chan struct{}, 1)
	r := &readOut{Writer: out, gone: make(chan struct{})}
	go func() {
		gone := r.gone
		for {
			select {
			case <-interrupts:
			case <-gone:
				gone = nil
			case <-ctx.Done():
				return
			}
			select {
			case both <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return both, r
}

// readOut is an output that notes when nobody reads it any more.
type readOut struct {
	io.Writer
	once sync.Once
	gone chan struct{}
}

func (r *readOut) Write(p []byte) (int, error) {
	n, err := r.Writer.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		r.once.Do(func() { close(r.gone) })
	}
	return n, err
}
