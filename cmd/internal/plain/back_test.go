package plain

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// idle carries nothing out: what is tested here is asked before anything is.
type idle struct{ t *testing.T }

func (d idle) Do(_ context.Context, f guide.Effect, _ func(engine.Progress)) guide.Event {
	d.t.Errorf("%T was carried out", f)
	return nil
}

// asked are the prompts of a walk that begins in s, where somebody types these
// lines and then leaves.
func asked(t *testing.T, s guide.State, lines ...string) []string {
	t.Helper()
	var out strings.Builder
	field := func(label string) tui.Field { return tui.Field{Is: tui.FieldIdentifier, Label: label} }
	_, err := Window{In: strings.NewReader(strings.Join(append(lines, "q"), "\n") + "\n"), Out: &out}.Run(t.Context(), tui.Options{
		Start: s, Doer: idle{t}, Now: func() time.Time { return time.Unix(1, 0) },
		Forms: map[engine.SystemID]tui.FormHint{
			engine.SystemMember: {Title: "Docker", Ways: []tui.Way{{Fields: []tui.Field{field("Docker ID"), {Is: tui.FieldSecret, Label: "Token"}}}}},
			engine.SystemSCIM:   {Title: "SCIM", Ways: []tui.Way{{Fields: []tui.Field{{Is: tui.FieldSecret, Label: "SCIM token"}}}}},
			engine.SystemOkta: {Title: "Okta", Ways: []tui.Way{
				{Label: "a token", Fields: []tui.Field{field("Address"), {Is: tui.FieldSecret, Label: "API token"}}},
				{Label: "the browser", Fields: []tui.Field{field("Address"), field("Client")}},
			}},
		},
	})
	require.NoError(t, err)
	return regexp.MustCompile(`Your answer:|Sign in by:|no to continue without:|(?:Docker ID|Token|SCIM token|Address|API token)[:,]|This is the first step|What to do with it:|Name of the copy in|Your choice:`).FindAllString(out.String(), -1)
}

// B leads to the question before, however deep in a step it stands.
func TestBackLeadsToTheQuestionBefore(t *testing.T) {
	private := engine.Case{Org: "acme", Username: "priya"}
	s := guide.State{Step: guide.StepHandOver, Phase: guide.PhaseObserving, Seq: 1, Case: private}
	s, _ = guide.Next(s, guide.Observed{Seq: 1, Case: private})
	require.Equal(t, []string{
		"Your answer:", "no to continue without:", "Docker ID:", "Token,", "Docker ID:", "no to continue without:", "Your answer:", "This is the first step", "Your answer:",
	}, asked(t, s, "1", "yes", "priya", "b", "b", "b", "b"))

	systems := engine.Case{Org: "acme", Session: engine.Session{Systems: []engine.System{
		{ID: engine.SystemHub, Required: true, OK: true}, {ID: engine.SystemSCIM}, {ID: engine.SystemOkta},
	}}}
	s = guide.State{Step: guide.StepSignIn, Phase: guide.PhaseObserving, Seq: 1, Case: systems}
	s, _ = guide.Next(s, guide.Observed{Seq: 1, Case: systems})
	require.Equal(t, []string{
		"no to continue without:", "no to continue without:", "Sign in by:", "Address:", "Sign in by:", "no to continue without:", "no to continue without:", "SCIM token,", "no to continue without:", "This is the first step", "no to continue without:",
	}, asked(t, s, "no", "yes", "1", "b", "b", "b", "yes", "b", "b"))

	repositories := private
	repositories.Repositories = engine.Repositories{PrivateVisible: true, Personal: []engine.Repository{{Name: "priya/a", Target: "acme/a"}}}
	s = guide.State{Step: guide.StepHandOver, Phase: guide.PhaseObserving, Seq: 1, Case: repositories}
	s, _ = guide.Next(s, guide.Observed{Seq: 1, Case: repositories})
	require.Equal(t, []string{"Your choice:", "What to do with it:", "Name of the copy in", "What to do with it:", "Your choice:"}, asked(t, s, "r1", "2", "b", "b"))
}
