package engine_test

import (
	"bytes"
	"encoding/json"
	"strings"
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
		var made engine.HandOverPlan
		if json.Unmarshal(raw, &made) == nil { // as somebody would who can add up, too
			made.Digest = made.Sum()
			signed, err := json.Marshal(made)
			require.NoError(t, err)
			requireDecoded(t, signed)
		}
		requireDecoded(t, raw)
	})
}

// requireDecoded lets a plan pass that names nothing outside of what it is for.
func requireDecoded(t *testing.T, raw []byte) {
	t.Helper()
	p, err := engine.DecodeHandOverPlan(bytes.NewReader(raw))
	if err != nil {
		require.NotContains(t, err.Error(), "\x1b")
		return
	}
	require.Equal(t, p.Digest, p.Sum())
	require.NotContains(t, p.Org+p.Member+p.Registry, "\x1b")
	require.NotEmpty(t, p.Repositories)
	for _, r := range p.Repositories {
		require.Empty(t, engine.TargetProblem(p.Org, r.Target))
		require.Empty(t, engine.TargetProblem(p.Member, r.Source))
	}
}

func FuzzDecodeHandOverDone(f *testing.F) {
	p := handOverPlan(f)
	entry := engine.ManifestEntry{Repository: "priya-nair/tool", Target: "acme/tool", Tag: "1", Digest: "sha256:" + strings.Repeat("a", 64), Size: 1, At: noon}
	raw, err := json.Marshal(engine.NewHandOverDone(p, []engine.ManifestEntry{entry}, noon))
	require.NoError(f, err)
	f.Add(raw)
	f.Add(bytes.Replace(raw, []byte(`"tag":"1"`), []byte(`"tag":"\u001b[31m"`), 1))
	f.Add(bytes.Replace(raw, []byte("acme/tool"), []byte("acme/../tool"), 1))
	entry.Content = engine.ContentChart
	raw, err = json.Marshal(engine.NewHandOverDone(p, []engine.ManifestEntry{entry}, noon))
	require.NoError(f, err)
	f.Add(raw)
	f.Add(bytes.Replace(raw, []byte(`"content":"chart"`), []byte(`"content":"\u001b[31m"`), 1))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := engine.DecodeHandOverDone(bytes.NewReader(raw))
		if err != nil {
			require.NotContains(t, err.Error(), "\x1b")
			return
		}
		tags := 0
		for _, r := range d.Repositories() {
			require.Empty(t, engine.TargetProblem(d.Org, r.Target))
			require.Empty(t, engine.TargetProblem(d.Member, r.Name))
			for _, x := range r.HandedTags {
				require.Regexp(t, `^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`, x.Name)
				require.Regexp(t, `^sha256:[0-9a-f]{64}$`, x.Digest)
				require.GreaterOrEqual(t, x.Size, int64(0))
				require.Contains(t, []engine.Content{engine.ContentImage, engine.ContentChart, engine.ContentFiles, engine.ContentOther}, x.Content)
			}
			tags += len(r.HandedTags)
		}
		require.Len(t, d.Entries, tags, "none is lost or counted twice")
		if d.Follows(p) == nil {
			require.Equal(t, "acme/tool", d.Repositories()[0].Target)
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
