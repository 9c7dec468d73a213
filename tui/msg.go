package tui

import (
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

type (
	// eventMsg is the end of an effect, or a person's input with a time stamp.
	eventMsg struct{ event guide.Event }
	// progressMsg holds the progress reports since the last one.
	progressMsg struct {
		feed *feed
		news []engine.Progress
	}
	// tickMsg advances the spinner and the clock while an effect is in flight.
	tickMsg struct{ at time.Time }
	// openedMsg ends an attempt to open the browser.
	openedMsg struct {
		url string
		err error
	}
	// assistedMsg ends an attempt to do the clicks of a console step.
	assistedMsg struct{ err error }
	// interruptMsg is a signal to end the program.
	interruptMsg struct{}
)
