package tui

import (
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

type (
	// eventMsg is the end of an effect, or a person's input with its time.
	eventMsg struct{ event guide.Event }
	// progressMsg is what the effect behind feed told since the last one.
	progressMsg struct {
		feed *feed
		news []engine.Progress
	}
	// tickMsg moves the spinner and the clock while an effect is in flight.
	tickMsg struct{ at time.Time }
	// openedMsg ends an attempt to open the browser.
	openedMsg struct {
		url string
		err error
	}
	// assistedMsg ends an attempt to do the clicks of a console step.
	assistedMsg struct{ err error }
	// interruptMsg is a signal from outside that asks the program to end.
	interruptMsg struct{}
)
