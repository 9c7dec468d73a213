package remedy_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// What is read again before each change must not grow with the number of
// repositories: that would be their number squared in all.
func TestBeforeACopyOnlyItsOwnSourceIsReadAgain(t *testing.T) {
	b := newBench(t, "priya-nair", false)
	c := b.observed("priya-nair")
	a := b.actions[engine.ActionHandOver]
	plan, err := a.Plan(t.Context(), c)
	require.NoError(t, err)
	some, ok := a.(engine.GuardsByChange)
	require.True(t, ok)
	for _, ch := range plan.Changes {
		before := len(b.box.Requests())
		guards, err := some.GuardsOf(t.Context(), c, ch)
		require.NoError(t, err)
		require.Len(t, guards, 1)
		require.Contains(t, plan.Guards, guards[0])
		asked := b.box.Requests()[before:]
		require.NotEmpty(t, asked)
		_, name, _ := strings.Cut(ch.Target, "/")
		pages := 0
		for _, r := range asked {
			require.Contains(t, r.Path, name, "%s asks for %s", ch.Title, r.Path)
			if r.System != "registry" {
				require.Equal(t, "/v2/namespaces/acme/repositories/"+name, r.Path, "the target's own page, for its visibility")
				pages++
			}
		}
		if ch.Kind == engine.ChangeRequest {
			require.Zero(t, pages)
			_, err = a.Run(approve(t.Context(), ch), c, ch, silent) // the copies go there
			require.NoError(t, err)
			continue
		}
		require.Equal(t, 1, pages)
	}
}
