package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// demoOptions are those of the walk on the embedded sandbox.
type demoOptions struct {
	member     string
	stateFile  string
	dryRun     bool
	accessible bool
	bell       bool
	more       int // repositories of priya-nair
	interrupts <-chan struct{}
}

// The sandbox is as slow as the real world can be noticed to be, and no slower.
const (
	demoAuditDelay = 2 * time.Second
	demoPushDelay  = 2 * time.Second
)

func newDemo(interrupts <-chan struct{}) *cobra.Command {
	o := &demoOptions{interrupts: interrupts}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Walk through the guide on a simulated organization, with no account",
		Long: "demo starts a simulated Docker organization, identity provider, console and registry on 127.0.0.1 and walks\n" +
			"through the guide on them. Everything is real HTTP; nothing leaves this machine.\n\n" +
			"Good members to begin with: priya-nair (was there before SCIM), jordan-ito (JIT overrides SCIM), noor-haddad\n" +
			"(sign-in attributes differ), sam-okafor (nothing is wrong), morgan-reyes (the last owner).",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runDemo(c.Context(), o, c.OutOrStdout()) },
	}
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "preview each request; send nothing that changes anything")
	c.Flags().StringVar(&o.member, "member", "", "begin with this `username`")
	c.Flags().StringVar(&o.stateFile, "state-file", "", "at the end, write the sandbox's own state and its request log as JSON to this `file`")
	c.Flags().IntVar(&o.more, "repositories", 0, "give priya-nair so `many` further repositories; the first has a name that is taken in the organization")
	addWindow(c, &o.accessible, &o.bell)
	return c
}

func runDemo(ctx context.Context, o *demoOptions, out io.Writer) (err error) {
	if err := requireTerminal(o.accessible); err != nil {
		return err
	}
	box := sandbox.New(sandbox.Options{AuditDelay: demoAuditDelay, PushDelay: demoPushDelay, Repositories: o.more})
	if err := box.Start(ctx); err != nil {
		return fmt.Errorf("start the sandbox: %w", err)
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	state, err := os.MkdirTemp("", "reprovision-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo's journal: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(state)) }()

	p, err := wire(sandboxWorld(box, o.dryRun, state))
	if err != nil {
		return err
	}
	opts := tui.Options{
		Start:      guide.New(engine.Case{Org: box.Credentials().Org, Username: o.member, DryRun: o.dryRun}),
		Title:      "reprovision · demo",
		Open:       openBrowser,
		Forms:      demoForms(box),
		AssistHint: "do the clicks on the demo's console for me",
		Assist:     func(ctx context.Context, _ engine.Console) error { return box.FlipJIT(ctx, false) },
		Interrupts: o.interrupts,
		Bell:       o.bell,
	}
	err = show(ctx, p, opts, o.accessible, out)
	if o.stateFile != "" {
		err = errors.Join(err, writeState(o.stateFile, box))
	}
	return err
}

// sandboxWorld is a world in which every system is the sandbox's.
func sandboxWorld(box *sandbox.Sandbox, dryRun bool, dir string) world {
	at, cred := box.Addresses(), box.Credentials()
	return world{
		at:       places{Hub: at.HubURL, SCIM: at.SCIMURL, Registry: at.RegistryHost, Console: at.ConsoleURL},
		operator: "alex-kim",
		dryRun:   dryRun,
		credentials: []engine.Credential{
			{System: engine.SystemHub, Host: at.HubURL, Identifier: cred.HubIdentifier, Secret: engine.NewSecret(cred.HubSecret)},
			{System: engine.SystemSCIM, Host: at.SCIMURL, Secret: engine.NewSecret(cred.SCIMToken)},
			{System: engine.SystemOkta, Host: at.OktaURL, Identifier: cred.OktaAppLabel, Secret: engine.NewSecret(cred.OktaToken)},
		},
		stateDir: dir, reportDir: ".",
	}
}

func demoForms(box *sandbox.Sandbox) map[engine.SystemID]tui.FormHint {
	f := forms(box.Credentials().Org)
	m := f[engine.SystemMember]
	m.Secret.Hint = "In the demo, the token of priya-nair is " + box.Credentials().Members["priya-nair"]
	f[engine.SystemMember] = m
	return f
}
