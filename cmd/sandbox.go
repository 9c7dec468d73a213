package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

func newSandbox(interrupts <-chan struct{}) *cobra.Command {
	var stateFile, secondFactor string
	c := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve the simulated organization on 127.0.0.1 until interrupted",
		Long: "sandbox serves the simulated Docker organization, identity provider, console and registry on 127.0.0.1, prints\n" +
			"their addresses and credentials as JSON, and runs until it is interrupted.\n\n" +
			"Entra's sign-in uses a certificate of its own, EntraSignInCA: save it to a file, name that file in SSL_CERT_FILE, and\n" +
			"pass the address with --authority.",
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runSandbox(c.Context(), interrupts, stateFile, secondFactor, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&stateFile, "state-file", "", "on exit, write the state and the request log as JSON to this file")
	c.Flags().StringVar(&secondFactor, "second-factor", "", "require this code after a password")
	return c
}

func runSandbox(ctx context.Context, interrupts <-chan struct{}, stateFile, secondFactor string, out io.Writer) (err error) {
	box := sandbox.New(sandbox.Options{AuditDelay: demoAuditDelay, PushDelay: demoPushDelay, SecondFactor: secondFactor, LogDelay: demoLogDelay})
	if err := box.Start(ctx); err != nil {
		return fmt.Errorf("start the sandbox: %w", err)
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	if err := printJSON(out, struct {
		Addresses   sandbox.Addresses
		Credentials sandbox.Credentials
	}{box.Addresses(), box.Credentials()}); err != nil {
		return fmt.Errorf("print the addresses: %w", err)
	}
	select {
	case <-interrupts:
	case <-ctx.Done():
	}
	if stateFile == "" {
		return nil
	}
	return writeState(stateFile, box)
}

// writeState writes what the sandbox itself knows: the proof of a walk.
func writeState(path string, box *sandbox.Sandbox) error {
	raw, err := json.MarshalIndent(struct {
		State    json.RawMessage
		Requests []sandbox.Request
	}{box.State().JSON(), box.Requests()}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the sandbox's state: %w", err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return fmt.Errorf("write the sandbox's state: %w", err)
	}
	return nil
}
