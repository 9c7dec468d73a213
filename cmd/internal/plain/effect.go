package plain

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

func number(typed string) int {
	n, err := strconv.Atoi(typed)
	if err != nil {
		return 0
	}
	return n
}

// send gives the machine an event and carries out the effects that follow, until a
// person has to answer.
func (w *walk) send(ctx context.Context, e guide.Event) error {
	queue := []guide.Event{e}
	for len(queue) > 0 {
		var effects []guide.Effect
		w.state, effects = guide.Next(w.state, queue[0])
		queue = queue[1:]
		for _, f := range effects {
			switch f := f.(type) {
			case guide.Abort: // the effect it would cancel has ended already
			case guide.Note, guide.Halt:
				w.Doer.Do(context.WithoutCancel(ctx), f, nil)
			default:
				answer, err := w.do(ctx, f)
				if err != nil {
					return err
				}
				if answer != nil {
					queue = append(queue, answer)
				}
			}
		}
	}
	return nil
}

// do carries out one effect and reports its progress. An interrupt cancels a read,
// and stops a run after the change in flight; a second one leaves.
func (w *walk) do(ctx context.Context, f guide.Effect) (guide.Event, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w.begin()
	done := make(chan guide.Event, 1)
	news := make(chan engine.Progress)
	over := make(chan struct{})
	defer close(over)
	go func() {
		done <- w.Doer.Do(ctx, f, func(p engine.Progress) {
			select {
			case news <- p:
			case <-over:
			}
		})
	}()
	still := time.NewTicker(patience)
	defer still.Stop()
	began, tell := time.Now(), teller{walk: w}
	var typed <-chan answer
	for {
		select {
		case e := <-done:
			if w.Bell && time.Since(began) >= patience {
				_, _ = fmt.Fprint(w.out, "\a")
			}
			return e, nil
		case p := <-news:
			tell.progress(p)
			if w.clicksBegin(p) {
				typed = w.clicks()
			}
		case p := <-w.Prompts.Next():
			if err := w.prompted(ctx, p); err != nil {
				return nil, err
			}
		case <-still.C:
			w.say("Still waiting after %s. Ctrl+C stops it.", part.Elapsed(time.Since(began)))
		case a := <-typed:
			w.in.taken()
			typed = w.clicked(ctx, a)
		case <-w.Interrupts:
			if w.state.Phase != guide.PhaseRunning && w.state.Phase != guide.PhaseVerifying {
				return guide.Cancel{}, nil
			}
			if w.state.Stopping {
				return nil, errCut
			}
			w.end(guide.Stop{})
			w.say("Stopping after the change in flight. Ctrl+C again leaves at once; the journal then says what is unknown.")
		}
	}
}

// begin announces the phase that begins.
func (w *walk) begin() {
	switch w.state.Phase {
	case guide.PhaseObserving:
		w.heading()
		if w.reading {
			w.say("Reading.")
			return
		}
		w.reading = true
		w.say("Reading. Nothing is changed.")
	case guide.PhaseConnecting:
		w.say("Checking the credential.")
	case guide.PhasePlanning:
		w.say("Making the plan. Nothing is changed.")
	case guide.PhaseRunning:
		w.say("Making the changes. Ctrl+C stops after the one in flight.")
	case guide.PhaseVerifying:
		w.say("Waiting for the result. Ctrl+C stops waiting.")
	case guide.PhaseSaving:
		w.say("Writing the report.")
	case guide.PhaseDeciding, guide.PhaseApproving, guide.PhaseSettled, guide.PhaseFailed, guide.PhaseStopped, guide.PhaseDone:
	}
}

// end asks the run to end or to stop waiting, by a Stop or a Clicked.
func (w *walk) end(e guide.Event) {
	var effects []guide.Effect
	w.state, effects = guide.Next(w.state, e)
	for _, f := range effects {
		w.Doer.Do(context.Background(), f, nil) // even if the walk's context is cancelled
	}
}

// clicksBegin reports whether, by that progress, a change begins that a person makes in a
// web console.
func (w *walk) clicksBegin(p engine.Progress) bool {
	if w.state.Phase != guide.PhaseRunning || p.Fact != "" {
		return false
	}
	i := slices.IndexFunc(w.state.Plan.Changes, func(ch engine.Change) bool { return ch.Kind == engine.ChangeConsole && ch.Title == p.Text })
	if i >= 0 {
		w.console = w.state.Plan.Changes[i]
	}
	return i >= 0
}

// clicks asks for an answer while a person works in a web console.
func (w *walk) clicks() <-chan answer {
	w.say("It is your turn: do these clicks. The walk goes on as soon as it sees their effect.")
	w.promptClicks()
	return w.in.next()
}

func (w *walk) promptClicks() {
	line := "Type d when you have done them, o to open the page"
	if w.Assist != nil && !w.state.Case.DryRun {
		line += ", s to " + cmp.Or(w.AssistHint, "have them done")
	}
	w.say("%s.", line)
}

// clicked handles that answer, and returns the channel of the next one.
func (w *walk) clicked(ctx context.Context, a answer) <-chan answer {
	switch typed := strings.TrimSpace(a.text); {
	case a.err != nil:
		w.end(guide.Stop{})
		return nil
	case typed == "d":
		w.end(guide.Clicked{})
		return nil
	case typed == "o":
		w.open()
	case typed == "s" && w.Assist != nil && !w.state.Case.DryRun:
		if err := w.Assist(ctx, w.state.Case, w.console); err == nil {
			w.say("The clicks are done. Waiting for their effect.")
			return nil
		}
		w.say("The clicks could not be done.")
	default:
		w.promptClicks()
	}
	return w.in.next()
}

// teller reports progress, each item once.
type teller struct {
	*walk
	said    string
	quarter int64
}

func (t *teller) progress(p engine.Progress) {
	switch {
	case p.Fact != "" && p.Read:
		t.say("Read: %s, %s.", p.Fact.Title(), cmp.Or(part.Clean(p.Text), "done"))
	case p.Fact != "" || p.Text == "" && p.Total == 0:
	case p.Text != t.said:
		t.said, t.quarter = p.Text, 0
		t.say("%s.", strings.TrimSuffix(part.Clean(p.Text), "."))
	case p.Total > 0 && 4*p.Done/p.Total > t.quarter:
		t.quarter = 4 * p.Done / p.Total
		if more := part.Amounts(p.More, p.Left); more != "" {
			t.say("%d percent, %s.", 25*t.quarter, more)
			return
		}
		t.say("%d percent.", 25*t.quarter)
	}
}
