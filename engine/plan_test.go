package engine_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
)

func TestThePlanMadeTwiceHasTheSameDigest(t *testing.T) {
	a, b := filled[engine.Plan](t), filled[engine.Plan](t)
	require.Equal(t, a.Digest(), b.Digest())
	require.Regexp(t, "^[0-9a-f]{64}$", a.Digest())
	b.At = b.At.Add(time.Hour)
	require.Equal(t, a.Digest(), b.Digest(), "the time it was made is not what it does")
	require.Equal(t, noon.Add(time.Hour).Day(), b.At.Day(), "asking for the digest leaves the plan as it is")
	require.NotZero(t, b.At)
}

func TestEveryFieldOfAPlanMovesItsDigest(t *testing.T) {
	want := filled[engine.Plan](t).Digest()
	var paths []string
	plan := filled[engine.Plan](t)
	leaves(reflect.ValueOf(&plan).Elem(), "Plan", func(path string, leaf reflect.Value) {
		if path == "Plan.At" {
			return
		}
		paths = append(paths, path)
		old := reflect.ValueOf(leaf.Interface())
		for _, other := range others(leaf) {
			leaf.Set(other)
			require.NotEqual(t, want, plan.Digest(), "%s set to %v is not noticed", path, other)
		}
		leaf.Set(old)
		require.Equal(t, want, plan.Digest())
	})
	require.Contains(t, paths, "Plan.Changes[0].Call.Body")
	require.Contains(t, paths, "Plan.Changes[1].Copy.Tags[0].Digest")
	require.Contains(t, paths, "Plan.Guards[0].Seen")
}

// others are values that differ from the leaf's, the empty one among them.
func others(leaf reflect.Value) []reflect.Value {
	other := reflect.New(leaf.Type()).Elem()
	switch leaf.Kind() {
	case reflect.String:
		other.SetString(leaf.String() + "\u200b")
	case reflect.Int, reflect.Int64:
		other.SetInt(leaf.Int() + 1)
	case reflect.Bool:
	}
	return []reflect.Value{other, reflect.Zero(leaf.Type())}
}

func TestTheOrderAndTheNumberOfChangesMoveTheDigest(t *testing.T) {
	want := filled[engine.Plan](t).Digest()
	for name, change := range map[string]func(*engine.Plan){
		"changes swapped":   func(p *engine.Plan) { slices.Reverse(p.Changes) },
		"a change dropped":  func(p *engine.Plan) { p.Changes = p.Changes[:1] },
		"a change repeated": func(p *engine.Plan) { p.Changes = append(p.Changes, p.Changes[0]) },
		"a guard dropped":   func(p *engine.Plan) { p.Guards = p.Guards[:1] },
		"guards swapped":    func(p *engine.Plan) { slices.Reverse(p.Guards) },
		"a note dropped":    func(p *engine.Plan) { p.Notes = nil },
		"a tag dropped":     func(p *engine.Plan) { p.Changes[0].Copy.Tags = p.Changes[0].Copy.Tags[1:] },
		"text moved from one field to the next": func(p *engine.Plan) {
			p.Changes[0].Call.URL, p.Changes[0].Call.ContentType = p.Changes[0].Call.URL+p.Changes[0].Call.ContentType, ""
		},
	} {
		p := filled[engine.Plan](t)
		change(&p)
		require.NotEqual(t, want, p.Digest(), name)
	}
}

func TestAPlanFromTheJournalHasTheDigestThatWasApproved(t *testing.T) {
	for name, p := range map[string]engine.Plan{
		"empty":        {},
		"full":         filled[engine.Plan](t),
		"empty slices": {Changes: []engine.Change{{Copy: engine.Copy{Tags: []engine.TagRef{}}}}, Guards: []engine.Guard{}, Notes: []string{}},
		"markup":       {Title: "<b>&\u2028", Changes: []engine.Change{{Call: engine.Call{Body: `{"a":"<\u0000>"}`}}}},
	} {
		raw, err := json.Marshal(p)
		require.NoError(t, err)
		var read engine.Plan
		require.NoError(t, json.Unmarshal(raw, &read))
		require.Equal(t, p.Digest(), read.Digest(), name)
	}
}

func TestOnlyRequestsAreCalls(t *testing.T) {
	call := engine.Call{System: "hub", Method: "DELETE", URL: "https://hub.docker.com/v2/orgs/acme/members/priya-nair"}
	p := engine.Plan{Changes: []engine.Change{
		{Kind: engine.ChangeConsole, Call: engine.Call{Method: "POST"}}, {Kind: engine.ChangeRequest, Call: call}, {Kind: engine.ChangeCopy},
	}}
	require.Equal(t, []engine.Call{call}, p.Calls())
	require.Empty(t, engine.Plan{}.Calls())
}
