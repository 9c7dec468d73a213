package engine_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
)

func handOverPlan(t testing.TB) engine.HandOverPlan {
	t.Helper()
	p, err := engine.NewHandOverPlan("acme", "priya-nair", "index.docker.io",
		[]engine.HandOverTarget{{Source: "priya-nair/tool", Target: "acme/tool"}}, noon, time.Hour, [16]byte{1})
	require.NoError(t, err)
	return p
}

func FuzzDecodeHandOverPlan(f *testing.F) {
	raw, err := json.Marshal(handOverPlan(f))
	require.NoError(f, err)
	f.Add(raw)
	f.Add(bytes.Replace(raw, []byte("acme/tool"), []byte(`acme/\u001b[31mtool`), 1))
	f.Add(append(raw, '{', '}'))
	f.Add([]byte(`{"version":1,"org":"acme"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := engine.DecodeHandOverPlan(bytes.NewReader(raw))
		if err != nil {
			require.NotContains(t, err.Error(), "\x1b")
			return
		}
		require.Equal(t, p.Digest, p.Sum())
		for _, r := range p.Repositories {
			require.Empty(t, engine.TargetProblem(p.Org, r.Target))
			require.Empty(t, engine.TargetProblem(p.Member, r.Source))
		}
	})
}

func TestAHandOverPlanIsBoundToWhatItSays(t *testing.T) {
	for name, change := range map[string]func(*engine.HandOverPlan){
		"another target":      func(p *engine.HandOverPlan) { p.Repositories[0].Target = "acme/else" },
		"another member":      func(p *engine.HandOverPlan) { p.Member = "sam" },
		"a longer time":       func(p *engine.HandOverPlan) { p.Expires = p.Expires.Add(time.Hour) },
		"outside of the org":  func(p *engine.HandOverPlan) { p.Repositories[0].Target = "evil/tool"; p.Digest = p.Sum() },
		"somebody else's":     func(p *engine.HandOverPlan) { p.Repositories[0].Source = "sam/tool"; p.Digest = p.Sum() },
		"a control character": func(p *engine.HandOverPlan) { p.Org = "acme\x1b[2J"; p.Digest = p.Sum() },
		"a year":              func(p *engine.HandOverPlan) { p.Expires = p.Made.AddDate(1, 0, 0); p.Digest = p.Sum() },
		"one repository twice": func(p *engine.HandOverPlan) {
			p.Repositories = append(p.Repositories, p.Repositories[0])
			p.Digest = p.Sum()
		},
	} {
		p := handOverPlan(t)
		change(&p)
		raw, err := json.Marshal(p)
		require.NoError(t, err)
		_, err = engine.DecodeHandOverPlan(bytes.NewReader(raw))
		require.ErrorIs(t, err, engine.ErrHandOverFile, name)
	}
}

func TestOnlyARecordedReasonLeavesARepositoryBehind(t *testing.T) {
	c := removable()
	c.Receipts = nil
	require.False(t, engine.HandedOver(c))
	require.False(t, engine.HandedOver(c.WithChoice(engine.HandOverChoice{Skip: "  "}, "priya-nair/tool")))
	require.False(t, engine.HandedOver(c.WithChoice(engine.HandOverChoice{Skip: "not needed"}, "priya-nair/else")))
	require.True(t, engine.HandedOver(c.WithChoice(engine.HandOverChoice{Skip: "not needed"}, "priya-nair/tool")))

	c = removable()
	require.True(t, engine.HandedOver(c))
	require.False(t, engine.HandedOver(c.WithChoice(engine.HandOverChoice{Target: "acme/else"}, "priya-nair/tool")), "it was copied to another name")
	c.Receipts[0].Source = noon
	c.Repositories.Personal[0].Updated = noon.Add(time.Second)
	require.False(t, engine.HandedOver(c), "it was pushed to after it was copied")
}
