//go:build unix

package plain

import (
	"syscall"

	"github.com/charmbracelet/x/term"
)

// echoOff hides what is typed until restore is called.
func echoOff(fd uintptr) (restore func(), err error) {
	before, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	hidden := *before
	hidden.Lflag &^= syscall.ECHO
	if err := term.SetState(fd, &hidden); err != nil {
		return nil, err
	}
	return func() { _ = term.Restore(fd, before) }, nil
}
