package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// copied is a case with one repository that holds these tags.
func copied(tags ...engine.TagRef) engine.Case {
	return engine.Case{Org: "acme", Username: "priya", Receipts: []engine.Receipt{
		{Action: engine.ActionHandOver, Change: engine.CopyChange("priya/tool"), Target: "acme/tool", Tags: tags, At: at(5)},
	}}
}

// section returns the lines of the section below a title.
func section(t *testing.T, text, title string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n"+title+":\n\n~~~diff\n")
	require.True(t, found, "%s is missing in %s", title, text)
	lines, _, found := strings.Cut(rest, "~~~\n")
	require.True(t, found)
	return lines
}

// Only an image can be pulled with docker and run.
func TestTheLinesToChangeAreThoseOfWhatATagHolds(t *testing.T) {
	text := Markdown(copied(
		engine.TagRef{Name: "1.0.0", Content: engine.ContentImage},
		engine.TagRef{Name: "2.0.0", Content: engine.ContentChart},
		engine.TagRef{Name: "2.0.0-rc.1_build.7", Content: engine.ContentChart},
		engine.TagRef{Name: "stable", Content: engine.ContentChart}, // helm finds charts by version alone
		engine.TagRef{Name: "docs", Content: engine.ContentFiles},
		engine.TagRef{Name: "sha256-0a.sig", Content: engine.ContentOther},
		engine.TagRef{Name: "later", Content: "of a later release"},
	))
	for _, title := range []string{"On a command line", "In compose.yaml", "In a Dockerfile", "In Kubernetes manifests", "In CI (GitHub Actions, GitLab CI)"} {
		lines := section(t, text, title)
		require.Equal(t, 2, strings.Count(lines, "\n"), lines)
		require.Equal(t, 2, strings.Count(lines, "/tool:1.0.0\n"), lines)
	}
	require.Equal(t, `-helm pull oci://registry-1.docker.io/priya/tool --version 2.0.0
+helm pull oci://registry-1.docker.io/acme/tool --version 2.0.0
-helm pull oci://registry-1.docker.io/priya/tool --version 2.0.0-rc.1+build.7
+helm pull oci://registry-1.docker.io/acme/tool --version 2.0.0-rc.1+build.7
`, section(t, text, "Helm charts, on a command line (other oci:// addresses change in the same way)"))
	require.Equal(t, `-oras pull registry-1.docker.io/priya/tool:docs
+oras pull registry-1.docker.io/acme/tool:docs
`, section(t, text, "Files, with ORAS"))
	require.Equal(t, `-priya/tool:stable
+acme/tool:stable
-priya/tool:sha256-0a.sig
+acme/tool:sha256-0a.sig
-priya/tool:later
+acme/tool:later
`, section(t, text, "Other artifacts, such as signatures and build caches, wherever they are named"))
	require.Equal(t, 8, strings.Count(text, "~~~diff"))

	text = Markdown(copied(engine.TagRef{Name: "2.0.0", Content: engine.ContentChart}))
	require.Equal(t, 1, strings.Count(text, "~~~diff"), "nothing is said about images where there is none")
}

func TestAShortReportGivesExamplesOfEachKind(t *testing.T) {
	var tags []engine.TagRef
	for n := range 40 {
		tags = append(tags, engine.TagRef{Name: fmt.Sprintf("1.0.%d", n)}, engine.TagRef{Name: fmt.Sprintf("2.0.%d", n), Content: engine.ContentChart})
	}
	text := Markdown(copied(tags...).WithCheck(engine.ActionHandOver, engine.Check{OK: true, Text: "equal", At: at(8), Manifest: "/state/handovers/x.json"}))
	require.Equal(t, 6, strings.Count(section(t, text, "On a command line"), "docker pull "))
	require.Equal(t, 6, strings.Count(text, "helm pull "))
	require.Contains(t, text, "priya/tool has 74 more tags.")
}
