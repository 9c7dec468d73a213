package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/remedy"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// demoOptions are those of the walk on the embedded sandbox.
type demoOptions struct {
	member     string
	stateFile  string
	dryRun     bool
	window     windowOptions
	more       int // repositories of priya-nair
	provider   string
	interrupts <-chan struct{}
}

// The sandbox is as slow as the real world can be noticed to be, and no slower.
const (
	demoAuditDelay = 2 * time.Second
	demoPushDelay  = 2 * time.Second
	demoLogDelay   = 20 * time.Second
)

// demoHeadStart is how long the window has the machine to itself: its first frame
// is drawn within that time, and making the sandbox keeps a core busy as long.
const demoHeadStart = 15 * time.Millisecond

func newDemo(interrupts <-chan struct{}) *cobra.Command {
	o := &demoOptions{interrupts: interrupts}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Walk through the guide on a simulated organization, with no account",
		Long: "demo starts a simulated Docker organization, identity provider, console and registry on 127.0.0.1 and walks\n" +
			"through the guide on them. Everything is real HTTP; nothing leaves this machine.\n\n" +
			"Members to try: priya-nair (joined before SCIM), jordan-ito (JIT overrides SCIM), noor-haddad\n" +
			"(sign-in attributes differ), lena-fischer (assigned by a group), theo-brandt (not assigned), sam-okafor (nothing\n" +
			"is wrong), morgan-reyes (the last owner).",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !slices.Contains([]string{"okta", "entra", "none"}, o.provider) {
				return usageError{fmt.Errorf("--provider %s: it must be okta, entra or none", o.provider)}
			}
			if o.more < 0 {
				return usageError{fmt.Errorf("--repositories %d: it must not be negative", o.more)}
			}
			return runDemo(c.Context(), o, c.OutOrStdout())
		},
	}
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "preview each request; send nothing that changes anything")
	c.Flags().StringVar(&o.member, "member", "", "start with this username")
	c.Flags().StringVar(&o.provider, "provider", "okta", "the identity provider: okta, entra, or none for one operated by hand")
	c.Flags().StringVar(&o.stateFile, "state-file", "", "on exit, write the state of the sandbox and its request log as JSON to this file")
	c.Flags().IntVar(&o.more, "repositories", 0, "give priya-nair this many more repositories; the name of the first is already taken in the organization")
	o.window.flags(c)
	if err := c.RegisterFlagCompletionFunc("provider", cobra.FixedCompletions([]cobra.Completion{"okta", "entra", "none"}, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag
	}
	return c
}

func runDemo(ctx context.Context, o *demoOptions, out io.Writer) (err error) {
	if err := requireTerminal(o.window.lines); err != nil {
		return err
	}
	state, err := os.MkdirTemp("", "reprovision-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo's journal: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(state)) }()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d := openDemo(ctx, cancel, o, state)
	opts := tui.Options{
		Prompts:    d.prompts,
		Start:      guide.New(engine.Case{Org: sandbox.OrgName, Username: o.member, DryRun: o.dryRun}),
		Title:      "reprovision · demo",
		Open:       openBrowser,
		Forms:      demoForms(),
		AssistHint: "let the demo click",
		Assist:     d.assist,
		Interrupts: o.interrupts,
	}
	_, err = showOn(ctx, d, opts, o.window, out)
	<-d.ready
	switch {
	case d.err != nil:
		return d.err
	case o.stateFile != "":
		err = errors.Join(err, writeState(o.stateFile, d.box))
	}
	return errors.Join(err, d.box.Close())
}

// demo is a walk's hold on a sandbox that is still being made: the window is
// drawn meanwhile, and what it asks for first waits. What cannot be opened ends
// the walk.
type demo struct {
	prompts *tui.Prompts
	ready   chan struct{} // closed when the rest is set
	box     *sandbox.Sandbox
	parts   parts
	err     error
}

func openDemo(ctx context.Context, cancel context.CancelFunc, o *demoOptions, dir string) *demo {
	d := &demo{ready: make(chan struct{}), prompts: tui.NewPrompts()}
	go func() {
		defer close(d.ready)
		select {
		case <-time.After(demoHeadStart):
		case <-ctx.Done():
		}
		d.box = sandbox.New(sandbox.Options{AuditDelay: demoAuditDelay, PushDelay: demoPushDelay, LogDelay: demoLogDelay, Repositories: o.more})
		if d.err = d.box.Start(ctx); d.err == nil {
			w := sandboxWorld(d.box, o.dryRun, dir)
			w.use(d.box, o.provider)
			w.person = atWindow(d.prompts)
			d.parts, d.err = wire(w)
		}
		if d.err != nil {
			d.err = errors.Join(fmt.Errorf("start the sandbox: %w", d.err), d.box.Close())
			cancel()
		}
	}()
	return d
}

// Do implements tui.Doer.
func (d *demo) Do(ctx context.Context, f guide.Effect, report func(engine.Progress)) guide.Event {
	if <-d.ready; d.err != nil {
		return nil
	}
	return d.parts.runner.Do(ctx, f, report)
}

// Drain waits for the change in flight.
func (d *demo) Drain(ctx context.Context) error {
	if <-d.ready; d.err != nil {
		return d.err
	}
	return d.parts.runner.Drain(ctx)
}

// assist does what a person would do in a web console.
func (d *demo) assist(ctx context.Context, c engine.Case, ch engine.Change) error {
	if <-d.ready; d.err != nil {
		return d.err
	}
	email := cmp.Or(c.Member.Email, c.Snapshot.Email)
	switch ch.ID {
	case remedy.ChangeAttributes:
		return d.box.MatchSSO(email)
	case remedy.ChangeManual:
		return d.box.PushByHand(email)
	}
	return d.box.FlipJIT(ctx, false)
}

// use signs in to another identity provider of the sandbox than Okta, or to
// none.
func (w *world) use(box *sandbox.Sandbox, provider string) {
	if provider == "okta" {
		return
	}
	w.credentials = slices.DeleteFunc(w.credentials, func(c engine.Credential) bool { return c.System == engine.SystemOkta })
	if provider == "entra" {
		at, cred := box.Addresses(), box.Credentials()
		w.credentials = append(w.credentials, engine.Credential{
			System: engine.SystemEntra, Host: at.EntraURL, Identifier: cred.EntraAppName, Secret: engine.NewSecret(cred.EntraToken),
		})
	}
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

func demoForms() map[engine.SystemID]tui.FormHint {
	f := forms(sandbox.OrgName)
	f[engine.SystemMember].Ways[0].Fields[0].Hint = "In the demo, the token of priya-nair is " + sandbox.PersonalToken("priya-nair")
	return f
}
