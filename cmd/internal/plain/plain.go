// Package plain runs the walk in lines of text, for screen readers, for pipes, and
// for people who do not want a full-screen window.
package plain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Prompter asks on one stream and reads answers from another.
type Prompter struct {
	In  io.Reader
	Out io.Writer
}

// maxAnswer bounds a line of input.
const maxAnswer = 4096

// ErrNoAnswer says that the input ended before an answer came. It counts as a no.
var ErrNoAnswer = errors.New("no answer: the input has ended")

// Ask prints the question and returns the answer to it, the next Line.
func (p Prompter) Ask(ctx context.Context, question string) (string, error) {
	if _, err := fmt.Fprint(p.Out, question); err != nil {
		return "", fmt.Errorf("ask: %w", err)
	}
	return p.Line(ctx)
}

// Line returns the next line of input, with leading and trailing space removed. It
// reads no further than that line and leaves the rest to the next reader. A read
// cannot be cancelled: when ctx ends, Line returns its error and abandons the read,
// which may still consume a line.
func (p Prompter) Line(ctx context.Context) (string, error) {
	return Await(ctx, func() (string, error) { return readLine(p.In) })
}

type answer struct {
	text string
	err  error
}

// Await returns the result of read, or ctx's error as soon as ctx ends. A read
// cannot be cancelled, so it is then abandoned.
func Await(ctx context.Context, read func() (string, error)) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	done := make(chan answer, 1)
	go func() {
		text, err := read()
		done <- answer{text, err}
	}()
	select {
	case a := <-done:
		return a.text, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// readLine reads one line and nothing beyond it.
func readLine(in io.Reader) (string, error) {
	var line strings.Builder
	one := make([]byte, 1)
	for line.Len() < maxAnswer {
		n, err := in.Read(one)
		switch {
		case n == 1 && one[0] == '\n':
			return strings.TrimSpace(line.String()), nil
		case n == 1:
			line.WriteByte(one[0])
		case errors.Is(err, io.EOF):
			return "", ErrNoAnswer
		case err != nil:
			return "", fmt.Errorf("read the answer: %w", err)
		}
	}
	return "", errors.New("the answer is too long")
}

// Yes asks a yes-or-no question. Any other answer, and the end of the input, means
// no. The error is that of ctx.
func (p Prompter) Yes(ctx context.Context, question string) (bool, error) {
	answer, err := p.Ask(ctx, question+" [y/N] ")
	if err != nil {
		return false, ctx.Err()
	}
	switch strings.ToLower(answer) {
	case "y", "yes":
		return true, nil
	}
	return false, nil
}
