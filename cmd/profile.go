package cmd

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func newProfile(interrupts <-chan struct{}) *cobra.Command {
	c := &cobra.Command{
		Use:   "profile",
		Short: "Choose the organization to work with",
		Long:  "profile lists the profiles, one per organization, and on a terminal lets you choose the one that the next walk opens\nwith, by its number. Profiles are created by \"reprovision login\" and removed with their last credential.",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, end := interruptible(c.Context(), interrupts)
			defer end()
			return runProfile(ctx, newPrompter(os.Stdin, os.Stdout), c.OutOrStdout())
		},
	}
	var asJSON bool
	list := &cobra.Command{Use: "list", Short: "List the profiles", Args: noArgs, RunE: func(c *cobra.Command, _ []string) error {
		return runProfileList(asJSON, c.OutOrStdout())
	}}
	list.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	use := &cobra.Command{
		Use: "use PROFILE", Short: "Open the next walk with this profile",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("%s takes the name of one profile; \"reprovision profile list\" lists them", c.CommandPath())}
			}
			return nil
		},
		ValidArgsFunction: completeProfile,
		RunE: func(c *cobra.Command, args []string) error {
			return useProfile(c.Context(), args[0], c.OutOrStdout())
		},
	}
	c.AddCommand(list, use)
	return c
}

func runProfile(ctx context.Context, ask *prompter, out io.Writer) error {
	s, err := userSettings().load()
	if err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(s.Profiles))
	if !ask.tty || len(names) < 2 {
		return runProfileList(false, out)
	}
	lines := make([]string, len(names))
	for i, name := range names {
		lines[i] = clean(name) + " (organization " + clean(s.Profiles[name].Org) + ")"
	}
	n, err := ask.choose(ctx, "Open the next walk with", lines...)
	if err != nil {
		return err
	}
	return useProfile(ctx, names[n], out)
}

func useProfile(ctx context.Context, name string, out io.Writer) error {
	err := userSettings().change(ctx, func(s *settings) error {
		if _, ok := s.Profiles[name]; !ok {
			return usageError{fmt.Errorf("profile %q: %w; there is %s", name, errNoProfile, s.names())}
		}
		s.Last = name
		return nil
	})
	if err == nil {
		_, _ = fmt.Fprintf(out, "The next walk opens with %s.\n", clean(name))
	}
	return err
}

func runProfileList(asJSON bool, out io.Writer) error {
	s, err := userSettings().load()
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(out, s)
	}
	if len(s.Profiles) == 0 {
		_, err := fmt.Fprintln(out, "There is no profile yet. \"reprovision login\" makes one.")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "PROFILE\tORGANIZATION\tKEPT IN\tLAST")
	for _, name := range slices.Sorted(maps.Keys(s.Profiles)) {
		p, last := s.Profiles[name], ""
		if name == s.Last {
			last = "yes"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", clean(name), clean(p.Org), p.Store, last)
	}
	return w.Flush()
}
