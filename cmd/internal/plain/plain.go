// Package plain asks and answers by lines of text: for whoever wants no
// full-screen window, for screen readers, and for pipes.
package plain

import (
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

// ErrNoAnswer says that the input ended before an answer came. It counts as a
// no to whatever was asked.
var ErrNoAnswer = errors.New("no answer: the input has ended")

// Ask prints the question and returns the line that answers it, without spaces
// around it. It reads no further than that line, so that what follows it is
// left to whoever reads next.
func (p Prompter) Ask(question string) (string, error) {
	if _, err := fmt.Fprint(p.Out, question); err != nil {
		return "", fmt.Errorf("ask: %w", err)
	}
	var line strings.Builder
	one := make([]byte, 1)
	for line.Len() < maxAnswer {
		n, err := p.In.Read(one)
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

// Yes asks for a yes. Anything else, and the end of the input, is a no.
func (p Prompter) Yes(question string) bool {
	answer, err := p.Ask(question + " [y/N] ")
	if err != nil {
		return false
	}
	switch strings.ToLower(answer) {
	case "y", "yes":
		return true
	}
	return false
}
