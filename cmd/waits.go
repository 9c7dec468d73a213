package cmd

import (
	"fmt"
	"sync"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// waits tells the effects in flight what a client is waiting for before it
// repeats a request, and for how long.
type waits struct {
	mu      sync.Mutex
	next    int
	reports map[int]func(engine.Progress)
}

// listen implements run.Config.Listen.
func (w *waits) listen(report func(engine.Progress)) (stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reports == nil {
		w.reports = map[int]func(engine.Progress){}
	}
	id := w.next
	w.next++
	w.reports[id] = report
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.reports, id)
	}
}

// tell is the clients' hook.
func (w *waits) tell(x transport.Wait) {
	name := systemTitles[engine.SystemID(x.System)]
	if name == "" {
		name = x.System
	}
	p := engine.Progress{Text: fmt.Sprintf("%s: %s; trying again in %s (attempt %d failed)", name, x.Reason, x.For.Round(time.Second), x.Attempt)}
	if x.Attempt == 0 {
		p.Text = fmt.Sprintf("%s: %s; going on in %s", name, x.Reason, x.For.Round(time.Second))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, report := range w.reports {
		report(p)
	}
}
