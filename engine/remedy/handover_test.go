package remedy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/sandbox"
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

// A tag that moves after the last look is not copied: the owner approved a digest, and
// not a name.
func TestOnlyTheDigestsThatWereApprovedAreCopied(t *testing.T) {
	b := newBench(t, "priya-nair", false)
	c := b.observed("priya-nair")
	a := b.actions[engine.ActionHandOver]
	plan, err := a.Plan(t.Context(), c)
	require.NoError(t, err)
	for _, ch := range plan.Changes {
		if ch.Kind == engine.ChangeCopy {
			moved := ch.Copy.Tags[0]
			i := slices.IndexFunc(ch.Copy.Tags, func(x engine.TagRef) bool { return x.Digest != moved.Digest })
			if i < 0 {
				continue
			}
			ch.Copy.Tags[0].Digest = ch.Copy.Tags[i].Digest // as if it had pointed there when the plan was made
			_, err = a.Run(approve(t.Context(), ch), c, ch, silent)
			require.ErrorIs(t, err, registry.ErrMoved)
			require.False(t, slices.ContainsFunc(b.box.State().Repositories, func(r sandbox.Repository) bool { return r.Name == ch.Target && len(r.Tags) > 0 }))
			return
		}
		_, err = a.Run(approve(t.Context(), ch), c, ch, silent)
		require.NoError(t, err)
	}
	t.Fatal("no repository has two tags that differ")
}
