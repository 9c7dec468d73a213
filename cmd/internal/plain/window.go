package plain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// Window is the walk without a screen: sentences and prompts, line by line. It
// moves no cursor, uses no colour and animates nothing, so a screen reader, a
// braille line and a log show all of it. Every answer is typed; enter alone
// changes nothing, and the end of the input is a no.
type Window struct {
	In  io.Reader
	Out io.Writer
}

// Run runs the walk until it ends or a person leaves it, and returns its last state.
// It takes the options of the full-screen window. If the input ends before the walk
// does, the error is ErrNoAnswer.
func (w Window) Run(ctx context.Context, o tui.Options) (tui.End, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	x := &walk{Options: o, state: o.Start, in: &input{from: w.In}, out: w.Out}
	x.greet()
	err := x.send(ctx, guide.Begin{})
	for err == nil && x.state.Phase != guide.PhaseDone {
		var e guide.Event
		e, err = x.turn(ctx)
		switch {
		case err != nil || e == nil:
		case isBack(e) && !x.canGoBack():
			x.say("This is the first step. Type q to quit.")
		default:
			err = x.send(ctx, e)
		}
	}
	cut := errors.Is(err, errCut)
	if cut || errors.Is(err, errLeft) {
		err = nil
	}
	if x.state.Phase != guide.PhaseDone {
		x.left()
	}
	if err != nil {
		return tui.End{State: x.state}, fmt.Errorf("walk through the guide: %w", err)
	}
	return tui.End{State: x.state, Profile: x.next, Cut: cut}, nil
}

// walk is the state of one walk.
type walk struct {
	tui.Options
	state   guide.State
	in      *input
	out     io.Writer
	step    guide.StepID  // the step whose heading was printed last
	console engine.Change // the one in flight that a person makes in a web console
	reading bool          // the note that reading changes nothing was printed
	next    string        // the profile to continue with
}

func (w *walk) say(format string, a ...any) { _, _ = fmt.Fprintf(w.out, format+"\n", a...) }

func (w *walk) greet() {
	w.say("%s, line by line. At each question: b goes back, ? explains, o opens the page in the browser, q quits.", cmp.Or(w.Title, "reprovision"))
	if len(w.Profiles) > 1 {
		w.say("p switches to a profile other than %s.", part.Clean(w.Profile))
	}
	if w.state.Case.DryRun {
		w.say("This is a dry run: each request is shown, and none that changes anything is sent.")
	}
}

func (w *walk) left() {
	w.say("")
	w.say("You left the walk before its end. Nothing more will be changed.")
	if n := len(w.state.Case.Receipts); n > 0 {
		w.say("Changes made so far: %d.", n)
		if w.Resume != "" {
			w.say("They are in the journal. To continue, run %s.", w.Resume)
		}
	}
}

// ask prints a question and returns the next line, with leading and trailing space
// removed.
func (w *walk) ask(ctx context.Context, question string) (string, error) {
	_, _ = fmt.Fprint(w.out, question+" ")
	text, err := w.in.line(ctx, w.Interrupts)
	if err != nil {
		w.say("")
	}
	return strings.TrimSpace(text), err
}

// common handles the commands that work at any question; done reports whether typed
// was one.
func (w *walk) common(ctx context.Context, typed string) (e guide.Event, done bool, err error) {
	switch typed {
	case "b", "back":
		return guide.Back{}, true, nil
	case "q", "quit":
		return nil, true, errLeft
	case "?", "help":
		w.more()
		return nil, true, nil
	case "o", "open":
		w.open()
		return nil, true, nil
	case "p", "profile":
		if w.Profile != "" {
			return nil, true, w.otherProfile(ctx)
		}
	}
	return nil, false, nil
}

func isBack(e guide.Event) bool {
	_, back := e.(guide.Back)
	return back
}

// canGoBack reports whether there is something before what is asked.
func (w *walk) canGoBack() bool {
	next, _ := guide.Next(w.state, guide.Back{})
	return next.Seq != w.state.Seq || next.Phase != w.state.Phase
}

// otherProfile leaves this walk to start one with another profile.
func (w *walk) otherProfile(ctx context.Context) error {
	var others []string
	for _, name := range w.Profiles {
		if name != w.Profile {
			others = append(others, name)
		}
	}
	switch len(others) {
	case 0:
		w.say("There is no other profile.")
		return nil
	case 1:
		w.next = others[0]
		return errLeft
	}
	for i, name := range others {
		w.say("%s", entry(i+1, name, ""))
	}
	typed, err := w.ask(ctx, "Which one, or enter to stay:")
	if err != nil {
		return err
	}
	if n := number(typed); n >= 1 && n <= len(others) {
		w.next = others[n-1]
		return errLeft
	}
	return nil
}

func (w *walk) open() {
	url := tui.Link(w.state)
	if url == "" {
		w.say("There is no page for this.")
		return
	}
	if w.Open == nil || w.Open(url) != nil {
		w.say("Could not open a browser. The address is: %s", part.Visible(url))
		return
	}
	w.say("Opened in the browser: %s", part.Visible(url))
}

// turn prints where the walk is and asks what comes next. It returns a nil event if
// the question has to be asked again.
func (w *walk) turn(ctx context.Context) (guide.Event, error) {
	w.heading()
	s := w.state
	switch s.Phase {
	case guide.PhaseDeciding:
		if s.Verdict.Ask != nil {
			return w.question(ctx, *s.Verdict.Ask)
		}
		if s.Step == guide.StepHandOver && len(s.Case.Repositories.Personal) > 0 {
			w.tellVerdict()
			return w.handOver(ctx)
		}
		return w.choice(ctx)
	case guide.PhaseApproving:
		return w.approval(ctx)
	case guide.PhaseSettled:
		w.tellCheck()
		return w.goOn(ctx, guide.Continue{})
	case guide.PhaseFailed, guide.PhaseStopped:
		return w.failure(ctx)
	case guide.PhaseObserving, guide.PhaseConnecting, guide.PhasePlanning, guide.PhaseRunning, guide.PhaseVerifying,
		guide.PhaseSaving, guide.PhaseDone:
	}
	return nil, fmt.Errorf("%s is %s, and nothing is under way", s.Step, s.Phase) // no effect ends so
}

// goOn waits for enter, and then returns e.
func (w *walk) goOn(ctx context.Context, e guide.Event) (guide.Event, error) {
	for {
		typed, err := w.ask(ctx, "Press enter to continue:")
		if err != nil {
			return nil, err
		}
		if typed == "" {
			return e, nil
		}
		if other, done, err := w.common(ctx, typed); err != nil || other != nil {
			return other, err
		} else if !done {
			w.say("%q cannot be used here.", typed)
		}
	}
}

// pick asks for an entry of a numbered list, or for one of the words in extra. It
// returns the index or the word.
func (w *walk) pick(ctx context.Context, prompt string, n int, extra ...string) (at int, word string, e guide.Event, err error) {
	for {
		typed, err := w.ask(ctx, prompt)
		if err != nil {
			return 0, "", nil, err
		}
		if k, err := strconv.Atoi(typed); err == nil && k >= 1 && k <= n {
			return k - 1, "", nil, nil
		}
		for _, x := range extra {
			if typed == x {
				return 0, x, nil, nil
			}
		}
		e, done, err := w.common(ctx, typed)
		if err != nil || e != nil {
			return 0, "", e, err
		}
		if !done {
			w.say("Type a number from 1 to %d.", n)
		}
	}
}

func (w *walk) choice(ctx context.Context) (guide.Event, error) {
	s := w.state
	w.tellVerdict()
	var words []string
	atReport := s.Step == guide.StepReport && w.Report != nil
	if s.Saved != "" {
		w.say("The report was written to %s.", part.Clean(s.Saved))
	}
	for i, c := range s.Verdict.Choices {
		label := c.Label
		if c.Recommended && c.Disabled == "" && len(s.Verdict.Choices) > 1 && !atReport {
			label += ", recommended"
		}
		line := entry(i+1, label, c.Why)
		if c.Disabled != "" {
			line += " Not now: " + closed(c.Disabled)
		}
		w.say("%s", line)
	}
	if atReport {
		w.say("r: read the report here. w: write it to a file.")
		words = []string{"r", "w"}
	}
	for {
		at, word, e, err := w.pick(ctx, "Your choice:", len(s.Verdict.Choices), words...)
		switch {
		case err != nil || e != nil:
			return e, err
		case word == "r":
			w.say("%s", w.Report(s.Case))
		case word == "w":
			return guide.SaveWanted{}, nil
		case s.Verdict.Choices[at].Disabled != "":
			w.say("That cannot be done now, because %s.", part.Clean(s.Verdict.Choices[at].Disabled))
		default:
			return guide.Chosen{Outcome: s.Verdict.Choices[at].Outcome}, nil
		}
	}
}

// approval shows the plan and accepts only a typed confirmation: the word yes, or
// the member's username if the plan is destructive.
func (w *walk) approval(ctx context.Context) (guide.Event, error) {
	p := w.state.Plan
	w.tellPlan()
	want, prompt := "yes", "Type yes to run it. Anything else goes back:"
	switch {
	case w.state.Case.DryRun:
		return w.goOn(ctx, guide.Approved{Digest: p.Digest(), At: w.Now()})
	case p.Destructive:
		want = p.Subject
		prompt = "To run this, type the username " + part.Visible(want) + ". Anything else goes back:"
	}
	abridged := slices.ContainsFunc(p.Changes, func(ch engine.Change) bool {
		_, more := part.FewTags(ch.Copy.Tags)
		return more > 0
	})
	if abridged {
		prompt = "Type t to hear every tag, " + strings.ToLower(prompt[:1]) + prompt[1:]
	}
	typed, err := w.ask(ctx, prompt)
	if err != nil {
		return nil, err
	}
	for abridged && typed == "t" {
		w.tellAllTags()
		if typed, err = w.ask(ctx, prompt); err != nil {
			return nil, err
		}
	}
	if typed == want && want != "" {
		return guide.Approved{Digest: p.Digest(), Typed: typed, At: w.Now()}, nil
	}
	if e, done, err := w.common(ctx, typed); done {
		return e, err
	}
	w.say("Nothing has been sent.")
	return guide.Back{}, nil
}

func (w *walk) failure(ctx context.Context) (guide.Event, error) {
	s := w.state
	retry := "Try again"
	if s.Phase == guide.PhaseStopped {
		w.say("Stopped. The changes made so far remain and are in the journal.")
		w.tellReceipts()
		retry = "Continue with the rest: you confirm a new plan first"
	} else {
		w.say("This did not work: %s %s", closed(s.Problem.Title), closed(s.Problem.Detail))
		if s.Problem.Advice != "" {
			w.say("What to do: %s", part.Clean(s.Problem.Advice))
		}
		w.tellReceipts()
		if s.Problem.Stale || s.FailedIn == guide.PhaseRunning {
			retry = "Make a new plan without the changes already made"
		}
	}
	labels, events := []string{retry, "Go back"}, []guide.Event{guide.Retry{}, guide.Back{}}
	if s.Problem.System != "" {
		labels, events = append(labels, "Sign in again"), append(events, guide.SignInWanted{})
	}
	for i, l := range labels {
		w.say("%s", entry(i+1, l, ""))
	}
	at, _, e, err := w.pick(ctx, "Your choice:", len(labels))
	if err != nil || e != nil {
		return e, err
	}
	return events[at], nil
}

// patience is the time between reports of a long wait.
const patience = 10 * time.Second
