package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// chosen is a case of three repositories, of which the first has its name taken.
func chosen() engine.Case {
	c := removable()
	c.Receipts, c.Done = nil, nil
	c.Repositories = engine.Repositories{
		PrivateVisible: true, Taken: []string{"acme/web", "acme/api"},
		Personal: []engine.Repository{
			{Name: "priya-nair/web", Target: "acme/web", Place: engine.Place{Exists: true, Tags: 2, Foreign: []string{"1", "2"}}},
			{Name: "priya-nair/tool", Target: "acme/tool"},
			{Name: "priya-nair/cache", Target: "acme/cache", Place: engine.Place{Exists: true, NoWrite: true}},
		},
	}
	return c
}

func TestWhatStandsAgainstACopyIsKnownWithWhatToDo(t *testing.T) {
	c := chosen()
	o := engine.Obstacles(c)
	require.Len(t, o, 2)
	require.Equal(t, "acme/web already exists with other content (tags 1, 2)", o["priya-nair/web"].Problem)
	require.Contains(t, o["priya-nair/cache"].Problem, "may read acme/cache but not write to it")
	require.Contains(t, o["priya-nair/cache"].Advice, "scope-image-push")
	require.Equal(t, map[string]engine.Standing{
		"priya-nair/web": engine.StandingBlocked, "priya-nair/tool": engine.StandingCopy, "priya-nair/cache": engine.StandingBlocked,
	}, engine.Standings(c))

	c = c.WithChoice(engine.HandOverChoice{Target: "acme/web-2"}, "priya-nair/web").WithChoice(engine.HandOverChoice{Skip: "old"}, "priya-nair/cache")
	require.Empty(t, engine.Obstacles(c))
	require.Equal(t, engine.StandingSkipped, engine.Standings(c)["priya-nair/cache"])
	// The name that the walk had proposed is another's by now.
	c.Choices["priya-nair/web"] = engine.HandOverChoice{Target: "acme/tool"}
	require.Contains(t, engine.Obstacles(c)["priya-nair/tool"].Problem, "the copy of priya-nair/web has the name acme/tool too")
}

func TestAnInvalidNameForACopyIsRejected(t *testing.T) {
	c := chosen()
	for target, says := range map[string]string{
		"acme/Tool":                "lower case",
		"acme/a":                   "2 to 255 characters",
		"acme/a--b":                "single . _ -",
		"else/tool":                "must be acme/",
		"acme/tool/x":              "lower case",
		"acme/api":                 "already exists",
		"acme/web":                 "already exists",
		"acme/cache":               "the copy of priya-nair/cache",
		"acme/deploy\x1b[2Jtool":   "lower case",
		"acme/":                    "2 to 255 characters",
		"acme/priya-nair-free-one": "",
	} {
		got := engine.ChoiceProblem(c, "priya-nair/web", engine.HandOverChoice{Target: target})
		if says == "" {
			require.Empty(t, got, target)
			continue
		}
		require.Contains(t, got, says, target)
	}
	require.Equal(t, []string{"acme/priya-nair-web", "acme/web-priya-nair", "acme/from-priya-nair-web"}, engine.FreeNames(c, "priya-nair/web"))
}

func TestOnlyTagsOfAnEarlierCopyAreReplaced(t *testing.T) {
	want := map[string]string{"1": "a", "2": "b"}
	replace, foreign := engine.Fit(map[string]string{"1": "a", "2": "old"}, want, map[string]string{"2": "old"})
	require.Equal(t, []engine.TagRef{{Name: "2", Digest: "old"}}, replace)
	require.Empty(t, foreign)
	replace, foreign = engine.Fit(map[string]string{"2": "theirs", "3": "x"}, want, map[string]string{"2": "old"})
	require.Empty(t, replace)
	require.Equal(t, []string{"2", "3"}, foreign)
	_, foreign = engine.Fit(map[string]string{"3": "gone"}, want, map[string]string{"3": "gone"})
	require.Empty(t, foreign, "a tag that was copied, and deleted at its source since")
}

// Where the member has copied it is where it is: another name would be looked for in vain.
func TestWhatTheMemberHasCopiedKeepsItsName(t *testing.T) {
	c := engine.Case{Org: "acme", Username: "priya-nair"}
	c.Repositories.Personal = []engine.Repository{{Name: "priya-nair/tool", Target: "acme/tool", HandedBy: "priya-nair", Private: true}}
	require.Contains(t, engine.ChoiceProblem(c, "priya-nair/tool", engine.HandOverChoice{Target: "acme/other"}), "has copied it to acme/tool already")
	require.Empty(t, engine.ChoiceProblem(c, "priya-nair/tool", engine.HandOverChoice{Skip: "it is old"}))
	require.Empty(t, engine.ChoiceProblem(c, "priya-nair/tool", engine.HandOverChoice{}))
}
