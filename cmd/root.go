// Package cmd implements the command line, one file per command. wire.go is the
// only place that connects the clients, the engine and the windows.
package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"
)

// Main runs the program and returns its exit code.
func Main() int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	interrupts, done := watchSignals()
	defer done()
	return execute(ctx, newRoot(interrupts), os.Stderr)
}

func execute(ctx context.Context, root *cobra.Command, stderr io.Writer) int {
	c, err := root.ExecuteContextC(ctx)
	if err != nil {
		printError(stderr, c.CommandPath(), err)
	}
	return exitCode(err)
}

// printError says what happened and what to do next. The command is the path of
// the one that was called, "reprovision runs show".
func printError(w io.Writer, command string, err error) {
	var usage usageError
	var reported reportedError
	p := explain(err)
	switch {
	case errors.Is(err, context.Canceled), errors.As(err, &reported):
	case errors.As(err, &usage):
		_, _ = fmt.Fprintf(w, "reprovision: %s\nTry \"%s --help\".\n", clean(err.Error()), command)
	case p.Title == unexplained: // the advice there is for the window
		_, _ = fmt.Fprintf(w, "reprovision: %s\n", clean(p.Detail))
	case p.Detail == "":
		_, _ = fmt.Fprintf(w, "reprovision: %s\n%s\n", clean(p.Title), p.Advice)
	default:
		_, _ = fmt.Fprintf(w, "reprovision: %s: %s\n%s\n", clean(p.Title), clean(p.Detail), p.Advice)
	}
}

// endSignals ask the program to end. Those that were ignored when it was started,
// by nohup or by a shell that runs it in the background, stay ignored.
var endSignals = append(slices.DeleteFunc([]os.Signal{os.Interrupt, syscall.SIGHUP}, signal.Ignored), syscall.SIGTERM)

// interruptible returns a context that ends at the first interrupt. It is for
// commands that need not finish anything first; a second interrupt then ends the
// process whatever it does.
func interruptible(ctx context.Context, interrupts <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-interrupts:
			signal.Reset(endSignals...)
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// watchSignals turns the signals that ask the program to end into values.
func watchSignals() (<-chan struct{}, func()) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, endSignals...)
	out := make(chan struct{}, 4)
	end := make(chan struct{})
	go func() {
		for {
			select {
			case <-signals:
				select {
				case out <- struct{}{}:
				default: // nobody listens to that many
				}
			case <-end:
				return
			}
		}
	}()
	return out, func() { signal.Stop(signals); close(end) }
}

func newRoot(interrupts <-chan struct{}) *cobra.Command {
	o := &walkOptions{interrupts: interrupts}
	c := &cobra.Command{
		Use:   "reprovision",
		Short: "Find out why a Docker organization member has the wrong role or team, and cure it",
		Long: "reprovision walks through Docker's guide \"Troubleshoot provisioning\" with live data: it finds the cause,\n" +
			"shows what it would do, does it when you confirm, and verifies the result.\n\n" +
			"Sign in once with \"reprovision login\"; \"reprovision auth status\" shows as whom. What is missing is asked for by a form.\n" +
			"In automation the environment signs in: \"reprovision help environment\" lists the variables.",
		Example: "  reprovision demo\n  reprovision --org acme --member priya-nair\n  reprovision --org acme --dry-run",
		Args:    noArgs,
		Version: version(),
		// Errors are printed by execute.
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(c *cobra.Command, _ []string) error { return startWalk(c.Context(), o, c.OutOrStdout()) },
	}
	c.AddCommand(newRuns(), newResume(interrupts), newUndo(interrupts), newHandOver(interrupts))
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "walk through everything and preview each request; send nothing that changes anything")
	c.Flags().Var(orgName(&o.org), "org", "the Docker organization")
	c.Flags().StringVar(&o.member, "member", "", "the username whose role or team is wrong")
	c.Flags().StringVar(&o.operator, "docker-id", os.Getenv("REPROVISION_DOCKER_ID"), "your own Docker ID, so that the tool never offers to remove you")
	c.Flags().StringVar(&o.profile, "profile", os.Getenv("REPROVISION_PROFILE"), "the profile to use, one per organization (default: the last one used)")
	c.Flags().BoolVar(&o.remember, "remember", true, "store accepted credentials in the system keyring; --remember=false forgets them at the end")
	c.Flags().BoolVar(&o.password, "password", false, "sign in to Docker Hub with username, password and second factor, none of which is stored")
	o.window.flags(c)
	c.AddCommand(newDemo(interrupts), newGuide(), newSandbox(interrupts), newLogin(interrupts), newLogout(interrupts), newAuth(interrupts), newProfile(interrupts))
	c.AddCommand(newTopics()...)
	styleHelp(c)
	return c
}

// stateDir is where journals are kept.
func stateDir() string { return filepath.Join(xdg.StateHome, "reprovision") }
