package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// logoutOptions are those of logout.
type logoutOptions struct {
	profile, org string
	systems      []engine.SystemID
	all          bool
}

func newLogout(interrupts <-chan struct{}) *cobra.Command {
	o := &logoutOptions{}
	c := &cobra.Command{
		Use:   "logout [hub|scim|okta|entra|registry]",
		Short: "Forget the credentials of a profile",
		Long: "logout deletes the stored credentials of a profile, or that of one system. The tokens themselves stay valid until\n" +
			"they are revoked where they were created.",
		Example:   "  reprovision logout\n  reprovision logout okta\n  reprovision logout --all",
		ValidArgs: []string{"hub", "scim", "okta", "entra", "registry"},
		Args: func(c *cobra.Command, args []string) error {
			if err := cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs)(c, args); err != nil {
				return usageError{err}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			for _, a := range args {
				o.systems = append(o.systems, engine.SystemID(a))
			}
			ctx, end := interruptible(c.Context(), interrupts)
			defer end()
			return runLogout(ctx, o, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&o.profile, "profile", os.Getenv("REPROVISION_PROFILE"), "the profile; the last one if not given")
	c.Flags().Var(orgName(&o.org), "org", "the profile of this Docker organization")
	c.Flags().BoolVar(&o.all, "all", false, "forget every profile")
	return c
}

func runLogout(ctx context.Context, o *logoutOptions, out io.Writer) error {
	names := []string{o.profile}
	if o.all {
		s, err := userSettings().load()
		if err != nil {
			return err
		}
		names, o.org = slices.Sorted(maps.Keys(s.Profiles)), ""
		if len(names) == 0 {
			_, _ = fmt.Fprintln(out, "Nobody is signed in.")
			return nil
		}
	}
	systems := o.systems
	if len(systems) == 0 {
		systems = storable
	}
	var failures error
	for _, name := range names {
		v, err := openVault(name, o.org, newPrompter(os.Stdin, os.Stdout).passphrase())
		if err != nil {
			return err
		}
		if v.name == "" {
			_, _ = fmt.Fprintln(out, "Nobody is signed in.")
			return nil
		}
		gone := 0
		for _, id := range systems {
			found, err := v.forget(ctx, id)
			if err != nil {
				// A store that cannot be used is not asked for the others.
				failures = errors.Join(failures, fmt.Errorf("%s: %w", v.entry(id), err))
				break
			}
			if found {
				gone++
				_, _ = fmt.Fprintf(out, "Forgot %s.\n", clean(v.entry(id)))
			}
		}
		if gone == 0 && failures == nil {
			_, _ = fmt.Fprintf(out, "Profile %s has no such credential.\n", clean(v.name))
		}
	}
	if failures != nil {
		return failures
	}
	if left := variables(); len(left) > 0 {
		_, _ = fmt.Fprintf(out, "The environment still signs in: %s.\n", strings.Join(left, ", "))
	}
	_, _ = fmt.Fprintln(out, "Tokens stay valid until they are revoked where they were created.")
	return nil
}

// variables names what signs in from the environment.
func variables() []string {
	var out []string
	for _, name := range []string{
		"REPROVISION_HUB_TOKEN", "REPROVISION_SCIM_TOKEN", "REPROVISION_OKTA_TOKEN",
		"REPROVISION_ENTRA_TOKEN", "REPROVISION_ENTRA_CLIENT_SECRET", "REPROVISION_REGISTRY_TOKEN",
	} {
		if os.Getenv(name) != "" {
			out = append(out, name)
		}
	}
	return out
}
