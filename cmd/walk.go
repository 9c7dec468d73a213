package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/diagnose"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/report"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// walkOptions are those of the walk on a real organization.
type walkOptions struct {
	org, member, operator string
	profile               string
	dryRun, remember      bool
	password              bool // sign in to Docker Hub with a password and a second factor
	window                windowOptions
	interrupts            <-chan struct{}
}

// runWalk walks with one profile after the other, as long as the next one is
// chosen in the window.
func runWalk(ctx context.Context, o *walkOptions, out io.Writer) error {
	if err := requireTerminal(o.window.lines); err != nil {
		return err
	}
	for {
		next, err := walkOnce(ctx, o, out)
		if err != nil || next == "" {
			return err
		}
		o.profile, o.org, o.member = next, "", ""
	}
}

// walkOnce walks with one profile, and returns the one to go on with.
func walkOnce(ctx context.Context, o *walkOptions, out io.Writer) (string, error) {
	prompts := tui.NewPrompts()
	w := world{operator: o.operator, dryRun: o.dryRun, stateDir: stateDir(), reportDir: "."}
	s, err := beginSession(o, &w, atWindow(prompts))
	if err != nil {
		return "", err
	}
	profiles, current, err := s.vault.openLast(ctx)
	if err != nil {
		return "", err
	}
	p, err := wire(w)
	if err != nil {
		return "", err
	}
	s.attach(p.systems)
	defer s.close(ctx, out)
	hints := formsOf(s.vault.profile)
	if o.password { // the usual way, this time
		hub := hints[engine.SystemHub]
		hub.Ways[0], hub.Ways[1] = hub.Ways[1], hub.Ways[0]
	}
	return show(ctx, p, tui.Options{
		Start:      guide.New(engine.Case{Org: s.org(), Username: o.member, DryRun: o.dryRun}),
		Title:      "reprovision",
		Resume:     resumeCommand,
		Open:       openBrowser,
		Forms:      hints,
		Prompts:    prompts,
		Profiles:   profiles,
		Profile:    current,
		Interrupts: o.interrupts,
	}, o.window, out)
}

// requireTerminal returns an error if there is no terminal to draw on. Lines can be
// written anywhere.
func requireTerminal(accessible bool) error {
	if accessible {
		return nil
	}
	for _, f := range []*os.File{os.Stdin, os.Stdout} {
		info, err := f.Stat()
		if err != nil || info.Mode()&os.ModeCharDevice == 0 {
			return usageError{errors.New("the walk needs a terminal; standard input or output is not one (--accessible walks line by line)")}
		}
	}
	return nil
}

// show shows the walk, then waits for the change in flight: it is finished and
// journalled before the process ends. show returns the profile to continue with, if
// one was chosen.
func show(ctx context.Context, p parts, o tui.Options, w windowOptions, out io.Writer) (next string, err error) {
	return showOn(ctx, p.runner, o, w, out)
}

// doer carries out effects, and waits for a change in flight at the end.
type doer interface {
	tui.Doer
	Drain(ctx context.Context) error
}

// showOn is show with another doer.
func showOn(ctx context.Context, r doer, o tui.Options, w windowOptions, out io.Writer) (next string, err error) {
	o.Doer, o.Now, o.Report = r, time.Now, report.Markdown
	o.IsDark, o.Job = true, shellJob()
	if w.lines {
		listening, end := context.WithCancel(ctx)
		defer end()
		o.Interrupts, out = untilUnread(listening, o.Interrupts, out)
	}
	end, err := walkIn(ctx, o, w, out)
	drained := drain(r, end.Cut, o.Interrupts, out)
	if errors.Is(drained, context.Canceled) {
		sayCut(out, o.Resume)
	}
	if err = errors.Join(err, drained); err != nil {
		return "", err
	}
	summarize(out, end.State, o.Resume)
	return end.Profile, nil
}

// drain waits for the change in flight, unless it is to be cut off. Another
// interrupt cuts it off, too; the journal then holds an intent without an
// outcome, and the error is context.Canceled.
func drain(r doer, cut bool, interrupts <-chan struct{}, out io.Writer) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if cut {
		cancel()
	}
	done := make(chan error, 1)
	go func() { done <- r.Drain(ctx) }()
	notice := time.NewTimer(300 * time.Millisecond)
	defer notice.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-notice.C:
			_, _ = fmt.Fprintln(out, "Finishing the change in flight. Press ctrl+c to cut it off; its outcome is then unknown.")
		case <-interrupts:
			cancel()
		}
	}
}

// sayCut tells what a change that was cut off leaves behind. resume is the
// command to go on with, if there is one.
func sayCut(out io.Writer, resume string) {
	_, _ = fmt.Fprint(out, "Cut off. If a change was in flight, whether it was made is not known")
	if resume != "" {
		_, _ = fmt.Fprintf(out, "; %s looks before it repeats anything", resume)
	}
	_, _ = fmt.Fprintln(out, ".")
}

// summarize leaves in the scrollback what the screen, now gone, had shown.
func summarize(out io.Writer, s guide.State, resume string) {
	if s.Case.Username != "" {
		headline := s.Verdict.Headline
		if s.Step == guide.StepReport || s.Step == guide.StepEnd { // which say nothing of the member
			found := diagnose.Findings(s.Case)
			headline = found[0].Title
			if f, ok := diagnose.Overridden(found); ok {
				headline += ". " + f.Title
			}
		}
		_, _ = fmt.Fprintf(out, "%s in %s: %s\n", clean(s.Case.Username), clean(s.Case.Org), clean(headline))
		if s.Case.DryRun {
			_, _ = fmt.Fprintln(out, "Dry run: nothing was changed.")
		}
		for _, r := range s.Case.Receipts {
			_, _ = fmt.Fprintf(out, "  done: %s (%s)\n", clean(r.Title), clean(r.Status))
		}
	}
	left := s.LeftOut
	if s.Case.Out() {
		left = append(slices.Clip(left), s.About)
	}
	for _, username := range left {
		_, _ = fmt.Fprintf(out, "%s IS OUT OF %s: they were removed, and nobody has seen them back.\n", strings.ToUpper(clean(username)), strings.ToUpper(clean(s.Case.Org)))
	}
	if len(left) > 0 && resume != "" {
		_, _ = fmt.Fprintf(out, "Continue with: %s\n", resume)
	}
	if s.Saved != "" {
		_, _ = fmt.Fprintln(out, "Report: "+clean(s.Saved))
	}
}

// clean makes foreign text safe to print on a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
}
