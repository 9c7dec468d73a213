package part

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// A repository may have a tag for every build. Its plan fits on a screen all the
// same, and nothing of it is out of reach.
func TestAPlanOfManyTagsShowsTheFirstAndTheRestInFull(t *testing.T) {
	th := theme.New(true, false)
	plan := func(n int) engine.Plan {
		var c engine.Copy
		for i := range n {
			c.Tags = append(c.Tags, engine.TagRef{Name: fmt.Sprintf("build-%04d", i), Digest: "sha256:" + strings.Repeat("a", 64)})
		}
		return engine.Plan{Changes: []engine.Change{{Kind: engine.ChangeCopy, Title: "Copy it", Copy: c}}}
	}
	few := ansi.Strip(Plan(th, 100, plan(12)))
	require.Contains(t, few, "build-0011")
	require.NotContains(t, few, "more")

	many := ansi.Strip(Plan(th, 100, plan(3000)))
	require.Contains(t, many, "build-0009")
	require.NotContains(t, many, "build-0010")
	require.Contains(t, many, "and 2990 more; v shows every tag with its digest")
	require.Less(t, Height(many), 20)
	whole := ansi.Strip(WholeTags(th, 100, plan(3000)))
	for i := range 3000 {
		require.Contains(t, whole, fmt.Sprintf("build-%04d", i))
	}
}
