// Package cmd is the command line: one file a command, and wire.go, which puts
// the real world together.
package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"charm.land/fang/v2"
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
	err := fang.Execute(ctx, root, fang.WithErrorHandler(func(_ io.Writer, _ fang.Styles, err error) { printError(stderr, err) }))
	return exitCode(err)
}

// printError says what happened and what to do next.
func printError(w io.Writer, err error) {
	var usage usageError
	var reported reportedError
	switch {
	case errors.Is(err, context.Canceled), errors.As(err, &reported):
		return
	case errors.As(err, &usage):
		_, _ = fmt.Fprintf(w, "reprovision: %s\nTry reprovision --help.\n", clean(err.Error()))
		return
	}
	p := explain(err)
	_, _ = fmt.Fprintf(w, "reprovision: %s: %s\n%s\n", p.Title, clean(p.Detail), p.Advice)
}

// watchSignals turns the signals that ask the program to end into values. A
// second one is for whoever drains.
func watchSignals() (<-chan struct{}, func()) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
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
			"In automation the environment signs in: REPROVISION_HUB_USER and REPROVISION_HUB_TOKEN (an organization access token\n" +
			"goes with the organization's name), REPROVISION_SCIM_TOKEN, REPROVISION_OKTA_URL, REPROVISION_OKTA_APP,\n" +
			"REPROVISION_OKTA_TOKEN, and what \"reprovision auth status --help\" lists.",
		Example: "  reprovision demo\n  reprovision --org acme --member priya-nair\n  reprovision --org acme --dry-run",
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return startWalk(c.Context(), o, c.OutOrStdout()) },
	}
	c.AddCommand(newRuns(), newResume(interrupts), newUndo(interrupts), newHandOver(interrupts))
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "walk through everything and preview each request; send nothing that changes anything")
	c.Flags().StringVar(&o.org, "org", os.Getenv("REPROVISION_ORG"), "the Docker organization")
	c.Flags().StringVar(&o.member, "member", "", "the username whose role or team is wrong")
	c.Flags().StringVar(&o.operator, "docker-id", os.Getenv("REPROVISION_DOCKER_ID"), "your own Docker ID, so that you are never offered to remove yourself")
	c.Flags().StringVar(&o.profile, "profile", os.Getenv("REPROVISION_PROFILE"), "the profile to work with, one per organization; the last one if not given")
	c.Flags().BoolVar(&o.remember, "remember", true, "keep accepted credentials in the system's keyring; --remember=false forgets them at the end")
	c.Flags().BoolVar(&o.password, "password", false, "sign in to Docker Hub with username, password and second factor; nothing of it is kept")
	o.window.flags(c)
	c.AddCommand(newDemo(interrupts), newGuide(), newSandbox(interrupts), newLogin(interrupts), newLogout(), newAuth(), newProfile())
	return c
}

// noArgs refuses arguments as a usage error.
func noArgs(c *cobra.Command, args []string) error {
	if err := cobra.NoArgs(c, args); err != nil {
		return usageError{err}
	}
	return nil
}

// stateDir is where journals are kept.
func stateDir() string { return filepath.Join(xdg.StateHome, "reprovision") }
