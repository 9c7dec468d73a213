package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

func newGuide() *cobra.Command {
	var graph bool
	c := &cobra.Command{
		Use:   "guide",
		Short: "Print the guide that the walk follows",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			text := guide.Markdown()
			if graph {
				text = guide.Graph()
			}
			_, err := fmt.Fprint(c.OutOrStdout(), text)
			return err
		},
	}
	c.Flags().BoolVar(&graph, "graph", false, "print its steps as a Mermaid flowchart")
	return c
}
