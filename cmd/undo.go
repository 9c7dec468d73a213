package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/cmd/internal/plain"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/run"
)

func newUndo(interrupts <-chan struct{}) *cobra.Command {
	o := &walkOptions{interrupts: interrupts}
	c := &cobra.Command{
		Use:   "undo ID",
		Short: "Undo what a run changed, as far as possible",
		Long: "undo reads the journal of a run, compares the state before it with the state now, and plans the way back: the invite\n" +
			"with role and team, the teams, the role, the assignment in the identity provider, JIT in the console. It shows every\n" +
			"request, says what cannot be undone, and changes nothing until you type the member's username.\n\n" +
			"It prompts on standard input; the end of the input means no. A member who has to accept an invite first is restored\n" +
			"in two steps: run undo again once they have accepted it.",
		Example:           "  reprovision undo acme-20261123-120000 --dry-run\n  reprovision undo acme-20261123-120000",
		Args:              oneRun,
		ValidArgsFunction: completeRun(stateDir(), anyRun),
		RunE: func(c *cobra.Command, args []string) error {
			rec, err := run.Read(stateDir(), args[0])
			if err != nil {
				return err
			}
			o.org = rec.Org
			p, done, err := o.real(c.Context(), atLines(newPrompter(os.Stdin, os.Stdout)), c.OutOrStdout())
			if err != nil {
				return err
			}
			defer done()
			u := undoing{parts: p, dir: stateDir(), id: args[0], dryRun: o.dryRun, now: time.Now, interrupts: interrupts, prompt: plain.Prompter{In: c.InOrStdin(), Out: c.OutOrStdout()}}
			return u.run(c.Context())
		},
	}
	addSignInFlags(c, o)
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "show what would be done; send nothing that changes anything")
	return c
}

// undoing is one undo in progress.
type undoing struct {
	parts      parts
	dir, id    string
	dryRun     bool
	now        func() time.Time
	interrupts <-chan struct{}
	prompt     plain.Prompter
}

// errUnverified ends an undo whose result did not show.
var errUnverified = errors.New("what was put back does not show yet")

func (u undoing) run(ctx context.Context) (err error) {
	rec, err := u.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drain(u.parts.runner, false, u.interrupts, u.prompt.Out)) }()

	c, plan, err := u.confirmed(ctx, rec)
	switch {
	case err != nil || u.dryRun:
		return err
	case plan.Nothing != "":
		return u.end(c)
	}
	return u.carryOut(ctx, c, plan)
}

// confirmed plans the undo, shows the plan, and has it confirmed unless there is
// nothing to do. Nothing is changed yet, so an interrupt ends it at once.
func (u undoing) confirmed(ctx context.Context, rec run.Record) (engine.Case, engine.Plan, error) {
	ctx, end := interruptible(ctx, u.interrupts)
	defer end()
	c, err := u.look(ctx, undoCase(rec, u.dryRun))
	if err != nil {
		return c, engine.Plan{}, err
	}
	e, err := u.do(ctx, guide.MakePlan{Case: c, Action: engine.ActionUndo})
	if err != nil {
		return c, engine.Plan{}, err
	}
	planned, ok := e.(guide.Planned)
	if !ok {
		return c, engine.Plan{}, fmt.Errorf("plan the undo: unexpected %T", e)
	}
	plan := planned.Plan
	w := &words{out: u.prompt.Out}
	sayPlan(w, plan)
	switch {
	case w.err != nil || plan.Nothing != "":
		return c, plan, w.err
	case u.dryRun:
		w.say("Dry run: nothing was sent.")
		return c, plan, w.err
	}
	typed, err := u.prompt.Ask(ctx, fmt.Sprintf("Type %s to do this: ", clean(plan.Subject)))
	switch {
	case ctx.Err() != nil:
		return c, plan, ctx.Err()
	case err != nil || typed != plan.Subject:
		return c, plan, &run.RefusedError{Action: plan.Action, Reason: "it was not confirmed; nothing was changed"}
	}
	return c, plan, nil
}

// open goes on with the run's own journal; a dry run only reads it, and looks in the same
// way at what the journal does not know.
func (u undoing) open() (run.Record, error) {
	if u.dryRun {
		rec, err := run.Read(u.dir, u.id)
		if err != nil {
			return rec, err
		}
		return rec, u.parts.runner.Continue(unwritten{}, rec)
	}
	j, rec, err := run.Reopen(u.dir, u.id)
	if err != nil {
		return rec, err
	}
	return rec, u.parts.runner.Continue(j, rec)
}

// unwritten is the journal of a dry run.
type unwritten struct{}

// Append implements run.Journal.
func (unwritten) Append(run.Entry) error { return nil }

// Close implements run.Journal.
func (unwritten) Close() error { return nil }

// undoCase is the case that an undo works on. A run that took no snapshot, since
// it removed nobody, is undone to what was seen when it began.
func undoCase(rec run.Record, dryRun bool) engine.Case {
	c := rec.Case()
	c.DryRun, c.Session, c.Roster = dryRun, engine.Session{}, nil
	if first := firstCase(rec); !c.Snapshot.Taken && first.Member.Present {
		c.Snapshot = engine.Snapshot{
			Taken: true, At: first.Sources[engine.FactMember].At, Role: first.Member.Role,
			Teams: first.Member.Teams, Email: first.Member.Email, Invites: c.Snapshot.Invites,
		}
	}
	return c
}

func firstCase(rec run.Record) engine.Case {
	for _, e := range rec.Entries {
		if e.Case != nil {
			return *e.Case
		}
	}
	return engine.Case{}
}

// look reads the facts that an undo is based on.
func (u undoing) look(ctx context.Context, c engine.Case) (engine.Case, error) {
	for _, facts := range [][]engine.FactID{
		{engine.FactSession}, // unknown outcomes can be settled only when signed in
		{engine.FactMember, engine.FactInvites, engine.FactAudit},
	} {
		e, err := u.do(ctx, guide.Observe{Case: c, Facts: facts})
		if err != nil {
			return c, err
		}
		if o, ok := e.(guide.Observed); ok {
			c = o.Case
		}
		if !c.Session.Ready() {
			return c, signInError{c.Session}
		}
	}
	return c, nil
}

// signInError says which required system accepted no credential.
type signInError struct{ session engine.Session }

// Error implements error.
func (e signInError) Error() string {
	for _, s := range e.session.Systems {
		if s.Required && !s.OK {
			if s.Problem != "" {
				return s.Title + ": " + s.Problem
			}
			return "no credential for " + s.Title
		}
	}
	return "not signed in"
}

// do carries out an effect to its end. Its failure ends the command.
func (u undoing) do(ctx context.Context, f guide.Effect) (guide.Event, error) {
	return u.watch(ctx, f, &watching{})
}

// watching is how far an effect that an interrupt can stop has come.
type watching struct {
	interrupts   <-chan struct{}
	seq          int           // the effect's sequence number, for a Halt
	clicks       engine.Change // those in a console that it waits for in the end, if any
	stopped, cut bool          // at the first and at the second interrupt
}

// watch carries out an effect and reports its progress. An interrupt stops it
// between two changes, or its wait for clicks or for a result; a second one cuts off
// the change in flight. What is reported concurrently is written by this goroutine
// alone.
func (u undoing) watch(ctx context.Context, f guide.Effect, w *watching) (guide.Event, error) {
	done := make(chan guide.Event, 1)
	news := make(chan engine.Progress)
	over := make(chan struct{})
	defer close(over)
	go func() {
		done <- u.parts.runner.Do(ctx, f, func(p engine.Progress) {
			select {
			case news <- p:
			case <-over:
			}
		})
	}()
	var enter <-chan error
	for {
		select {
		case e := <-done:
			failed, ok := e.(guide.Failed)
			switch {
			case ok && ctx.Err() != nil:
				return e, ctx.Err()
			case ok:
				return e, problemError{failed.Problem}
			}
			return e, nil
		case p := <-news:
			if p.Fact == "" && p.Text != "" {
				_, _ = fmt.Fprintln(u.prompt.Out, "  "+clean(p.Text))
			}
			if w.clicks.Kind == engine.ChangeConsole && p.Text == w.clicks.Title {
				_, _ = fmt.Fprintln(u.prompt.Out, "  Press enter when the clicks are done and the log does not show them.")
				enter = u.enter(ctx)
			}
		case err := <-enter:
			if enter = nil; err == nil {
				u.parts.runner.Do(ctx, guide.Halt{Seq: w.seq, Clicked: true}, nil)
			}
		case <-w.interrupts:
			u.interrupt(ctx, w)
		}
	}
}

// enter tells when the next line of input, or its end, comes.
func (u undoing) enter(ctx context.Context) <-chan error {
	pressed := make(chan error, 1)
	go func() {
		_, err := u.prompt.Line(ctx)
		pressed <- err
	}()
	return pressed
}

// interrupt stops the effect that is watched, and cuts it off the second time.
func (u undoing) interrupt(ctx context.Context, w *watching) {
	if w.stopped {
		w.cut = true
		over, now := context.WithCancel(context.WithoutCancel(ctx))
		now()
		go func() { _ = u.parts.runner.Drain(over) }() // it can only say that over is over
		return
	}
	w.stopped = true
	u.parts.runner.Do(ctx, guide.Halt{Seq: w.seq}, nil)
	if w.seq == seqExecute {
		_, _ = fmt.Fprintln(u.prompt.Out, "Stopping after the change in flight. Ctrl+C again cuts it off; its outcome is then unknown.")
	}
}

// problemError is a problem that the runner has put into words already.
type problemError struct{ problem engine.Problem }

// Error implements error.
func (e problemError) Error() string { return e.problem.Title + ": " + e.problem.Detail }

func sayPlan(w *words, p engine.Plan) {
	w.say("%s", clean(p.Title))
	if p.Nothing != "" {
		w.say("%s", clean(p.Nothing))
	}
	for i, ch := range p.Changes {
		w.say("\n%d. %s", i+1, clean(ch.Title))
		w.say("   %s: %s -> %s", clean(ch.Target), clean(ch.Before), clean(ch.After))
		if ch.Kind == engine.ChangeRequest {
			w.say("   %s %s", ch.Call.Method, clean(ch.Call.URL))
			if ch.Call.Body != "" {
				w.say("   %s", clean(ch.Call.Body))
			}
		}
		if ch.Kind == engine.ChangeConsole {
			w.say("   %s", clean(ch.Console.URL))
			for _, way := range ch.Console.Ways {
				for n, click := range way {
					w.say("   %s %s", [...]string{"-", " "}[min(n, 1)], clean(click))
				}
			}
		}
	}
	if len(p.Notes) > 0 {
		w.say("")
	}
	for _, n := range p.Notes {
		w.say("* %s", clean(n))
	}
}

// The sequence numbers of the two effects that an interrupt can stop.
const (
	seqExecute = iota + 1
	seqVerify
)

// carryOut makes the changes, and looks for their result.
func (u undoing) carryOut(ctx context.Context, c engine.Case, plan engine.Plan) error {
	made := &watching{interrupts: u.interrupts, seq: seqExecute, clicks: plan.Changes[len(plan.Changes)-1]} // the console comes last
	e, err := u.watch(ctx, guide.Execute{Seq: seqExecute, Case: c, Plan: plan, Approval: engine.Approval{Digest: plan.Digest(), At: u.now()}}, made)
	if made.cut {
		_, _ = fmt.Fprintln(u.prompt.Out, "Cut off. Whether the change in flight was made is not known. Run the undo again: it looks before it repeats anything.")
		return context.Canceled
	}
	if err != nil {
		return err
	}
	w := &words{out: u.prompt.Out}
	done, ok := e.(guide.Executed)
	if !ok {
		return fmt.Errorf("undo: unexpected %T", e)
	}
	c = c.WithReceipts(done.Receipts...)
	for _, r := range done.Receipts {
		w.say("done: %s (%s)", clean(r.Title), clean(r.Status))
	}
	if done.Stopped {
		w.say("Stopped. Run the undo again to do the rest.")
		return errors.Join(w.err, context.Canceled)
	}
	e, err = u.watch(ctx, guide.Verify{Seq: seqVerify, Case: c, Action: engine.ActionUndo}, &watching{interrupts: u.interrupts, seq: seqVerify})
	if err != nil {
		return err
	}
	seen, ok := e.(guide.Verified)
	if !ok {
		return fmt.Errorf("verify the undo: unexpected %T", e)
	}
	w.say("%s", clean(seen.Check.Text))
	if !seen.Check.OK {
		return errUnverified
	}
	ctx, end := interruptible(ctx, u.interrupts)
	defer end()
	if c, err = u.look(ctx, c); err != nil {
		return err
	}
	return errors.Join(w.err, u.end(c))
}

// end ends the undo, unless it has to be run again: whoever was removed has first to
// accept an invite, or to be brought back by the provider.
func (u undoing) end(c engine.Case) error {
	if c.Snapshot.Taken && !c.Member.Present {
		return nil
	}
	return u.parts.runner.EndUndo()
}
