package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/cmd/internal/plain"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/run"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// resumeCommand resumes the newest unfinished run.
const resumeCommand = "reprovision resume"

func newResume(interrupts <-chan struct{}) *cobra.Command {
	o := &walkOptions{interrupts: interrupts}
	c := &cobra.Command{
		Use:   "resume [ID]",
		Short: "Resume an unfinished run",
		Long: "resume continues the run with that ID, or the newest unfinished one, from where it stopped. Everything is read\n" +
			"again first, and a change whose outcome the journal does not know is looked up before it is repeated.",
		Args: func(c *cobra.Command, args []string) error {
			if err := cobra.MaximumNArgs(1)(c, args); err != nil {
				return usageError{err}
			}
			return nil
		},
		ValidArgsFunction: completeRun(stateDir(), unfinishedRun),
		RunE: func(c *cobra.Command, args []string) error {
			if err := requireTerminal(o.window.lines); err != nil {
				return err
			}
			id := ""
			if len(args) == 1 {
				id = args[0]
			}
			rec, err := resumable(stateDir(), id)
			if err != nil {
				return err
			}
			return runResume(c.Context(), o, rec, c.OutOrStdout())
		},
	}
	addSignInFlags(c, o)
	o.window.flags(c)
	return c
}

// addSignInFlags adds what every command takes that goes on with a run.
func addSignInFlags(c *cobra.Command, o *walkOptions) {
	c.Flags().StringVar(&o.operator, "docker-id", os.Getenv("REPROVISION_DOCKER_ID"), "your own Docker ID, so that the tool never offers to remove you")
	c.Flags().StringVar(&o.profile, "profile", os.Getenv("REPROVISION_PROFILE"), "the profile to use, one per organization (default: the last one used)")
	c.Flags().BoolVar(&o.remember, "remember", true, "store accepted credentials in the system keyring; --remember=false forgets them at the end")
	c.Flags().BoolVar(&o.password, "password", false, "sign in to Docker Hub with username, password and second factor, none of which is stored")
}

// startWalk begins a walk, or resumes an unfinished one.
func startWalk(ctx context.Context, o *walkOptions, out io.Writer) error {
	if err := requireTerminal(o.window.lines); err != nil {
		return err
	}
	if !o.dryRun {
		asking, end := interruptible(ctx, o.interrupts)
		rec, yes, err := offerResume(asking, stateDir(), o.org, plain.Prompter{In: os.Stdin, Out: out})
		end()
		switch {
		case err != nil:
			return err
		case yes:
			return runResume(ctx, o, rec, out)
		}
	}
	return runWalk(ctx, o, out)
}

// real puts the real world together, with the credentials that are at hand.
// The function that it returns ends the session.
func (o *walkOptions) real(ctx context.Context, at person, out io.Writer) (parts, func(), error) {
	w := world{operator: o.operator, dryRun: o.dryRun, stateDir: stateDir(), reportDir: "."}
	s, err := beginSession(o, &w, at)
	if err != nil {
		return parts{}, nil, err
	}
	p, err := wire(w)
	if err != nil {
		return parts{}, nil, err
	}
	s.attach(p.systems)
	return p, func() { s.close(ctx, out) }, nil
}

// resumable finds the run to resume: the one named, or the newest unfinished one.
func resumable(dir, id string) (run.Record, error) {
	if id == "" {
		rec, ok := unfinished(dir, "")
		if !ok {
			return run.Record{}, usageError{errors.New("no run is unfinished; \"reprovision runs\" lists them all")}
		}
		return rec, nil
	}
	rec, err := run.Read(dir, id)
	if err != nil {
		return rec, err
	}
	switch rec.Status() {
	case run.StatusUnfinished:
		return rec, nil
	case run.StatusUndoing:
		return rec, usageError{fmt.Errorf("an undo of %s is unfinished; continue it with: reprovision undo %s", id, id)}
	case run.StatusEnded, run.StatusUndone, run.StatusClosed:
	}
	return rec, usageError{fmt.Errorf("run %s is not unfinished, it is %s", id, rec.Status())}
}

// unfinished returns the newest unfinished run, of one organization if it is
// named. Journals that cannot be read are left out; "reprovision runs" reports
// them.
func unfinished(dir, org string) (run.Record, bool) {
	records, _ := run.List(dir)
	for _, r := range records {
		if r.Status() == run.StatusUnfinished && (org == "" || r.Org == org) {
			return r, true
		}
	}
	return run.Record{}, false
}

// offerResume reports an unfinished run, if there is one, and asks whether to
// resume it.
func offerResume(ctx context.Context, dir, org string, p plain.Prompter) (run.Record, bool, error) {
	rec, ok := unfinished(dir, org)
	if !ok {
		return rec, false, nil
	}
	l := lineOf(rec)
	w := &words{out: p.Out}
	w.say("The run %s is unfinished: %s in %s, %s made, last at %s.", l.ID, clean(l.Username), clean(l.Org), engine.Count(l.Changes, "change"), stamp(l.Last))
	for _, d := range rec.Doubts() {
		w.say("Outcome unknown: %s", clean(d.Change.Title))
	}
	w.say("To undo it: reprovision undo %s. To leave it as it is: reprovision runs close %s.", l.ID, l.ID)
	yes, err := p.Yes(ctx, "Resume it now?")
	return rec, yes, err
}

// runResume continues a walk from where its journal says that it stopped.
func runResume(ctx context.Context, o *walkOptions, rec run.Record, out io.Writer) error {
	o.org = rec.Org
	prompts := tui.NewPrompts()
	p, done, err := o.real(ctx, atWindow(prompts), out)
	if err != nil {
		return err
	}
	defer done()
	j, rec, err := run.Reopen(stateDir(), rec.ID)
	if err != nil {
		return err
	}
	if err := p.runner.Continue(j, rec); err != nil {
		return errors.Join(err, p.runner.Drain(ctx))
	}
	_, err = show(ctx, p, tui.Options{
		Start:      guide.Resume(rec.Case(), rec.Mark()),
		Title:      "reprovision",
		Resume:     resumeCommand,
		Open:       openBrowser,
		Forms:      forms(o.org),
		Prompts:    prompts,
		Interrupts: o.interrupts,
	}, o.window, out)
	return err
}
