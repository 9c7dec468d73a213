package guide_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

func TestEveryEdgeLeadsToAStepAndEveryStepReachesTheEnd(t *testing.T) {
	ids := map[guide.StepID]bool{guide.StepEnd: true}
	for _, s := range guide.Steps() {
		require.False(t, ids[s.ID], "%s stands twice", s.ID)
		ids[s.ID] = true
		require.NotEmpty(t, s.Title)
		require.NotEmpty(t, s.Doc)
		require.NotEmpty(t, s.Link)
		require.LessOrEqual(t, len(s.Short), 14, s.Short)
		require.Contains(t, s.Next, s.Main, s.ID)
	}
	for _, s := range guide.Steps() {
		for out, to := range s.Next {
			require.True(t, ids[to], "%s: %s leads to no step", s.ID, out)
		}
		require.True(t, reaches(s.ID, guide.StepEnd), "%s is a dead end", s.ID)
		require.True(t, reaches(guide.StepSignIn, s.ID), "%s cannot be reached", s.ID)
	}
}

func reaches(from, to guide.StepID) bool {
	seen := map[guide.StepID]bool{}
	var visit func(guide.StepID) bool
	visit = func(id guide.StepID) bool {
		if id == to {
			return true
		}
		if seen[id] {
			return false
		}
		seen[id] = true
		s, _ := guide.Lookup(id)
		for _, next := range s.Next {
			if visit(next) {
				return true
			}
		}
		return false
	}
	return visit(from)
}

// TestEveryCaseLeavesAWayOnAtEveryStep enumerates the product of all
// circumstances, at all steps.
func TestEveryCaseLeavesAWayOnAtEveryStep(t *testing.T) {
	used := map[guide.StepID]map[engine.Outcome]bool{}
	n := 0
	for c := range cases(order...) {
		n++
		for _, s := range guide.Steps() {
			v := s.Decide(c)
			if used[s.ID] == nil {
				used[s.ID] = map[engine.Outcome]bool{}
			}
			open := 0
			for _, ch := range v.Choices {
				used[s.ID][ch.Outcome] = true
				// An action's way on is decided after it is settled.
				if _, ok := s.Next[ch.Outcome]; !ok && ch.Action == "" {
					t.Fatalf("%s offers %q, which leads nowhere", s.ID, ch.Outcome)
				}
				if ch.Disabled == "" {
					open++
				}
				if ch.Action == engine.ActionRemove && ch.Disabled == "" {
					requireSafe(t, c)
				}
				if (ch.Action == engine.ActionRemove) != (s.ID == guide.StepRemove && ch.Action != "") {
					t.Fatalf("%s offers %q", s.ID, ch.Action)
				}
			}
			if s.ID == guide.StepRemove && len(v.Choices) > 0 {
				remove, _ := v.Choice("do")
				never := c.Member.Guest || c.Session.User == user || c.Answers[engine.AskSelf].Value == "yes" ||
					(c.Member.Role == "owner" && c.Member.Owners == 1)
				if _, back := v.Choice("re-provision"); back != (remove.Disabled != "" && !never) {
					t.Fatalf("the way back to the preparations is offered: %t, for %+v", back, c)
				}
			}
			switch {
			case v.Ask != nil:
				requireAnswerable(t, s, v)
			case v.Auto != "":
				used[s.ID][v.Auto] = true
				to, ok := s.Next[v.Auto]
				if !ok || to == s.ID {
					t.Fatalf("%s goes by itself over %q to %q", s.ID, v.Auto, to)
				}
			case open == 0:
				t.Fatalf("%s is a dead end for %+v", s.ID, c)
			}
		}
	}
	t.Logf("%d cases at %d steps", n, len(guide.Steps()))
	for _, s := range guide.Steps() {
		for out := range s.Next {
			// These outcomes belong to actions and to sign-in, which the
			// circumstances above do not settle.
			if !used[s.ID][out] && s.ID != guide.StepMatch && s.ID != guide.StepPushProfile && s.ID != guide.StepPush {
				t.Errorf("%s: no case leads over %q", s.ID, out)
			}
		}
	}
}

func requireAnswerable(t *testing.T, s guide.Step, v engine.Verdict) {
	t.Helper()
	switch v.Ask.Kind {
	case engine.AnswerChoice:
		require.NotEmpty(t, v.Ask.Options, "%s asks without options", s.ID)
	case engine.AnswerCredential:
		require.NotEmpty(t, v.Ask.Systems, "%s asks for no system", s.ID)
	case engine.AnswerWords:
		require.NotEmpty(t, v.Ask.Phrase, s.ID)
	case engine.AnswerText, engine.AnswerMember:
	}
	require.True(t, slices.Contains(s.Asks, v.Ask.ID) || v.Ask.ID == engine.AskJIT || v.Ask.ID == engine.AskManaged,
		"%s asks %s, which going back would not ask again", s.ID, v.Ask.ID)
}

// requireSafe states the safety rules in words of its own, not through the
// functions that enforce them.
func requireSafe(t *testing.T, c engine.Case) {
	t.Helper()
	rules := map[string]bool{
		"they are there":             c.Member.Present,
		"not the last owner":         c.Member.Role != "owner" || c.Member.Owners > 1,
		"not oneself":                c.Session.User != user && (c.Session.User != "" || c.Answers[engine.AskSelf].Value == "no"),
		"no guest":                   !c.Member.Guest,
		"SCIM is proven":             c.SCIM.Proven,
		"somebody creates them anew": c.Expected.Assigned && c.Expected.Provisioning == engine.SwitchOn || c.Expected.Stated && c.Answers[engine.AskSCIMTested].Value == "yes",
		"no invite is pending":       len(c.Invites) == 0,
		"a snapshot is there":        c.Snapshot.Taken,
		"JIT is off, or the race accepted": c.Answers[engine.AskRace].Value == engine.RacePhrase ||
			(c.Answers[engine.AskJIT].Value == "off" && len(c.Audit.JIT) == 0),
		"private repositories": c.Repositories.PrivateVisible || c.Answers[engine.AskPrivate].Value == engine.PrivateNone,
		"repositories handed over": len(c.Repositories.Personal) == 0 ||
			(c.Done[engine.ActionHandOver].OK && c.Repositories.Personal[0].Name == user+"/tool"),
	}
	for rule, kept := range rules {
		if !kept {
			t.Fatalf("removal is offered although %q does not hold: %+v", rule, c)
		}
	}
}

func TestThePathLeadsThroughTheHandOverToTheReport(t *testing.T) {
	s := guide.New(engine.Case{})
	s.Step = guide.StepProveSCIM
	s.Trail = []guide.Visit{{Step: guide.StepSignIn}, {Step: guide.StepDiagnose}}
	past, now, future := guide.Path(s)
	require.Equal(t, []guide.StepID{guide.StepSignIn, guide.StepDiagnose}, past)
	require.Equal(t, guide.StepProveSCIM, now)
	require.Equal(t, []guide.StepID{
		guide.StepCancelInvites, guide.StepCloseJIT, guide.StepSnapshot, guide.StepHandOver, guide.StepRemove,
		guide.StepPush, guide.StepVerify, guide.StepReport,
	}, future)
}
