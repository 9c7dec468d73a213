package guide

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// Graph draws the guide as a Mermaid flowchart.
func Graph() string {
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	for _, s := range steps {
		fmt.Fprintf(&b, "    %s[\"%s\"]\n", node(s.ID), s.Title)
	}
	fmt.Fprintf(&b, "    %s((\"end\"))\n", node(StepEnd))
	for _, s := range steps {
		for _, out := range outcomes(s) {
			fmt.Fprintf(&b, "    %s -->|%s| %s\n", node(s.ID), strings.ReplaceAll(string(out), "-", " "), node(s.Next[out]))
		}
	}
	return b.String()
}

// Markdown writes the guide as a page.
func Markdown() string {
	var b strings.Builder
	b.WriteString("# The guide, step by step\n\nThis page is generated from the table that the program walks (`reprovision guide`). It tells Docker's guide " +
		"[Troubleshoot provisioning](" + linkTroubleshoot + ") in our own words.\n\n")
	for i, s := range steps {
		fmt.Fprintf(&b, "## %d. %s\n\n%s\n\nSource: <%s>\n\n", i+1, s.Title, s.Doc, s.Link)
		if len(s.Reads) > 0 {
			b.WriteString("Reads: " + titles(s.Reads) + ".\n\n")
		}
		var ways []string
		for _, out := range outcomes(s) {
			to := "the end"
			if next, ok := byID[s.Next[out]]; ok {
				to = next.Title
			}
			ways = append(ways, fmt.Sprintf("%s → %s", strings.ReplaceAll(string(out), "-", " "), to))
		}
		b.WriteString("Leads to: " + strings.Join(ways, "; ") + ".\n\n")
	}
	b.WriteString("## The whole walk\n\n```mermaid\n" + Graph() + "```\n")
	return b.String()
}

func titles(facts []engine.FactID) string {
	var names []string
	for _, f := range facts {
		names = append(names, f.Title())
	}
	return strings.Join(names, ", ")
}

// outcomes lists the outcomes of a step, the usual one first.
func outcomes(s Step) []engine.Outcome {
	return slices.SortedFunc(maps.Keys(s.Next), func(a, b engine.Outcome) int {
		if a == s.Main || b == s.Main {
			if a == b {
				return 0
			}
			if a == s.Main {
				return -1
			}
			return 1
		}
		return cmp.Compare(a, b)
	})
}

func node(id StepID) string { return strings.ReplaceAll(string(id), "-", "_") }
