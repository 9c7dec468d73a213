package manual_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp/manual"
)

func TestEveryProductSaysHowToPushAndHowToMatch(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range manual.Products() {
		require.NotEmpty(t, p.ID)
		require.NotEmpty(t, p.Name)
		require.False(t, seen[p.ID], "%s twice", p.ID)
		seen[p.ID] = true
		require.NotEmpty(t, p.Push, p.ID)
		require.NotEmpty(t, p.Match, p.ID)
		for _, step := range append(append([]string{}, p.Push...), p.Match...) {
			require.Equal(t, strings.TrimSpace(step), step)
			require.Regexp(t, `\.$`, step)
			require.NotContains(t, step, "\n")
		}
		require.Contains(t, strings.Join(p.Match, " "), "dockerRole", p.ID)
		found, ok := manual.Find(p.ID)
		require.True(t, ok)
		require.Equal(t, p, found)
	}
}

func TestOtherComesLastSoThatAListEndsWithTheWayOut(t *testing.T) {
	all := manual.Products()
	require.Equal(t, "other", all[len(all)-1].ID)
	_, ok := manual.Find("no such product")
	require.False(t, ok)
}

func TestTheListIsTheCallersOwn(t *testing.T) {
	manual.Products()[0].Push[0] = "changed"
	require.NotEqual(t, "changed", manual.Products()[0].Push[0])
}
