package cmd

import (
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/engine/run"
)

// completeRun completes the ID of one of the wanted runs. Journals that cannot
// be read are left out.
func completeRun(dir string, wanted func(run.Record) bool) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		records, _ := run.List(dir)
		var out []cobra.Completion
		for _, r := range records {
			if wanted(r) {
				out = append(out, cobra.CompletionWithDesc(r.ID, clean(r.Case().Username)+", "+string(r.Status())))
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

func anyRun(run.Record) bool { return true }

func unfinishedRun(r run.Record) bool { return r.Status() == run.StatusUnfinished }

// completeProfile completes the name of a profile.
func completeProfile(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	s, err := userSettings().load()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return slices.Sorted(maps.Keys(s.Profiles)), cobra.ShellCompDirectiveNoFileComp
}
