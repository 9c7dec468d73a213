package plain

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/charmbracelet/x/term"
)

// errLeft says that a person left the walk.
var errLeft = errors.New("the walk was left")

// errCut says that a person left the walk without waiting for the change in flight.
var errCut = errors.New("the walk was cut off")

// input reads lines one at a time and only on request, so that it never reads
// ahead.
type input struct {
	from    io.Reader
	pending chan answer // receives the line being read; nil when none is
}

// next starts reading a line, unless a read is already under way.
func (in *input) next() <-chan answer {
	if in.pending == nil {
		c := make(chan answer, 1)
		in.pending = c
		go func() {
			text, err := readLine(in.from)
			c <- answer{text, err}
		}()
	}
	return in.pending
}

// taken records that the line from next was received.
func (in *input) taken() { in.pending = nil }

// line waits for a line, an interrupt, or the end of ctx.
func (in *input) line(ctx context.Context, interrupts <-chan struct{}) (string, error) {
	select {
	case a := <-in.next():
		in.taken()
		return a.text, a.err
	case <-interrupts:
		return "", errLeft
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// secret is like line, but without an echo if the input is a terminal. On a pipe
// nothing is echoed anyway.
func (in *input) secret(ctx context.Context, interrupts <-chan struct{}, out io.Writer, prompt string) (string, error) {
	file, ok := in.from.(*os.File)
	if !ok || in.pending != nil || !term.IsTerminal(file.Fd()) {
		_, _ = io.WriteString(out, prompt)
		return in.line(ctx, interrupts)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := make(chan answer, 1)
	go func() {
		text, err := ReadSecret(ctx, file, out, prompt)
		c <- answer{text, err}
	}()
	select {
	case a := <-c:
		if errors.Is(a.err, io.EOF) {
			a.err = ErrNoAnswer
		}
		return a.text, a.err
	case <-interrupts:
		cancel()
		<-c // the echo is on again
		return "", errLeft
	}
}
