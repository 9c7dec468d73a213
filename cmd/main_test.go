package cmd

import (
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// built is the folder of the program that the tests start, "" if none did.
var built string

// patient lets what the tests have ended come to its end, however busy the machine
// is. goleak by itself waits for half a second.
type patient struct{ *testing.M }

func (p patient) Run() int {
	code := p.M.Run()
	for began := time.Now(); code == 0 && goleak.Find() != nil && time.Since(began) < time.Minute; {
	}
	return code
}

// TestMain also hands no ignored signal down: a test that runs in the background,
// or under nohup, starts programs that end by ctrl+c and with their terminal all
// the same.
func TestMain(m *testing.M) {
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	goleak.VerifyTestMain(patient{m}, goleak.Cleanup(func(code int) {
		if built != "" {
			_ = os.RemoveAll(built)
		}
		os.Exit(code)
	}))
}
