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

// errCut says that a person left the walk and does not wait for the change in
// flight.
var errCut = errors.New("the walk was cut off")

// input hands out lines, one at a time and only when somebody asks, so that
// what was not asked for stays unread.
type input struct {
	from    io.Reader
	pending chan answer // of the line that is being read, nil for none
}

// next begins to read a line, unless one is being read already.
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

// taken says that the line of next has arrived.
func (in *input) taken() { in.pending = nil }

// line waits for a line, for an interrupt, or for the end.
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

// secret is line without an echo, where the input is a terminal. On a pipe
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
