package diagnose_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/diagnose"
)

func containsText(s, part string) bool { return strings.Contains(s, part) }

// world draws random cases: each circumstance by itself, so that contradictory
// and absurd ones come up too.
type world struct{ *rand.Rand }

func (w world) yes() bool { return w.IntN(2) == 0 }

func pick[T any](w world, of ...T) T { return of[w.IntN(len(of))] }

func (w world) names() []string {
	all := []string{"company", "owners", "backend", "Backend", "legacy", "", ", ", "\x1b[31m", "日本"}
	w.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:w.IntN(4)]
}

func (w world) time() time.Time {
	return pick(w, time.Time{}, enabled.AddDate(-1, 0, 0), enabled, enabled.AddDate(1, 0, 0), noon, noon.Add(time.Hour))
}

func (w world) role() string {
	return pick(w, "", "member", "editor", "owner", "Editor", "release manager", "\xff")
}

func (w world) attributes() []engine.Attribute {
	var out []engine.Attribute
	for _, name := range []string{"dockerRole", "dockerTeam"} {
		if w.yes() {
			out = append(out, engine.Attribute{Name: name, Value: pick(w, "", "member", "backend", "a, b", ", "), Resolved: w.yes()})
		}
	}
	return out
}

func (w world) draw() engine.Case {
	c := engine.Case{Org: "acme", Username: "priya-nair", DryRun: w.yes()}
	c.Member = engine.Member{
		Present: w.IntN(5) > 0, Joined: w.time(), Owners: w.IntN(3),
		Person: engine.Person{
			Username: c.Username, Email: pick(w, "", "priya.nair@acme.example"), Role: w.role(), Teams: w.names(),
			Guest: w.IntN(5) == 0, Invitee: w.IntN(8) == 0,
		},
	}
	c.Expected = engine.Expectation{
		Provider: "Okta", Application: "Docker", Assigned: w.IntN(4) > 0, Stated: w.IntN(4) == 0,
		Provisioning: pick(w, engine.SwitchOn, engine.SwitchOff, engine.SwitchUnknown), Role: w.role(), Teams: w.names(),
		Org: pick(w, "", "", "", "acme", "other"), UserName: pick(w, "", "priya.nair@acme.example", "priya.nair@acme.example", "p@other.example"),
		ExternalID: pick(w, "", "scim-1", "scim-2"), SSO: w.attributes(), SyncState: pick(w, "", "ERROR"), SyncErrors: w.names(),
	}
	if w.IntN(10) == 0 {
		c.Member.Role, c.Member.Teams = c.Expected.WantedRole(), c.Expected.Teams
	}
	c.SCIM.Proven = w.yes()
	c.SCIMUser = engine.SCIMUser{Found: w.yes(), Active: w.yes(), ID: pick(w, "", "scim-1"), UserName: "priya.nair@acme.example"}
	for range w.IntN(3) {
		c.Audit.SCIM = append(c.Audit.SCIM, engine.AuditEvent{At: w.time()})
		c.Audit.JIT = append(c.Audit.JIT, engine.AuditEvent{At: w.time()})
	}
	for _, id := range engine.Facts() {
		s := engine.Source{Name: "source of " + string(id), At: noon}
		if w.IntN(4) == 0 {
			s.Missing = "the server said 403"
		}
		c = c.WithSource(id, s)
	}
	for _, id := range []engine.QuestionID{engine.AskJIT, engine.AskManaged} {
		if w.yes() {
			c = says(c, id, pick(w, "on", "off", "yes", "no", "unknown", ""))
		}
	}
	return c
}

func TestWhateverTheCaseSomethingSoundIsFound(t *testing.T) {
	seen := map[engine.FindingID]int{}
	for seed := range uint64(20_000) {
		w := world{rand.New(rand.NewPCG(seed, 1))}
		c := w.draw()
		findings := diagnose.Findings(c)
		if len(findings) == 0 {
			t.Fatalf("seed %d: nothing is found", seed)
		}
		for _, f := range findings {
			seen[f.ID]++
			if why := unsound(c, f); why != "" {
				t.Fatalf("seed %d: %s: %s\n%+v\n%+v", seed, f.ID, why, f, c)
			}
		}
	}
	for _, id := range []engine.FindingID{
		engine.FindingJITOverrides, engine.FindingNotManaged, engine.FindingNothingWrong, engine.FindingNotAssigned,
		engine.FindingProvisioningOff, engine.FindingMisdirected, engine.FindingGuest, engine.FindingInvitee, engine.FindingNotDelivered, engine.FindingUndecided, engine.FindingJITWouldOverride,
	} {
		require.Greater(t, seen[id], 10, "%s hardly ever comes up", id)
	}
}

// unsound says what no finding may be, whatever the case.
func unsound(c engine.Case, f engine.Finding) string {
	assigned := c.Expected.Stated || c.Expected.Assigned
	switch {
	case f.Title == "" || f.Detail == "" || f.Strength == "":
		return "something is not said"
	case len(f.Evidence) == 0:
		return "it rests on nothing"
	case slices.ContainsFunc(f.Evidence, func(e engine.Evidence) bool { return e.Text == "" || e.Source == "" || e.At.IsZero() }):
		return "evidence without words, source or time"
	case f.ID == engine.FindingNothingWrong && (engine.Compare(c) == nil || engine.Differs(c)):
		return "something is wrong"
	case f.ID != engine.FindingNothingWrong && len(f.Remedies) == 0 && diagnose.Findings(c)[0].ID == f.ID:
		return "the first finding leads nowhere"
	case f.ID == engine.FindingJITWouldOverride && (c.JIT() == engine.SwitchOff || (f.Strength == engine.Unknown) != (c.JIT() == engine.SwitchUnknown) || diagnose.Findings(c)[0].ID != engine.FindingNothingWrong):
		return "sign-in changes nothing, or has done so already"
	case f.Strength != engine.Unknown && engine.Compare(c) == nil && f.ID != engine.FindingGuest && f.ID != engine.FindingInvitee:
		return "sure of what could not be read"
	}
	if !slices.Contains(f.Remedies, engine.RemedyReprovision) {
		return ""
	}
	switch {
	case c.Member.Guest, c.Member.Invitee, !c.Member.Present:
		return "SCIM cannot bring back a guest, nor somebody who is not in"
	case !assigned, c.Expected.Provisioning == engine.SwitchOff:
		return "nobody would create them again"
	case engine.Misdirected(c, c.Expected.Org, c.Expected.UserName) != "":
		return "they would be created elsewhere"
	case !engine.Differs(c):
		return "nothing is to be cured"
	case diagnose.Managed(c).State == engine.SwitchOn:
		return "SCIM manages them: no removal is needed"
	}
	return ""
}

func TestTheSameCaseGivesTheSameFindingsAndIsLeftAlone(t *testing.T) {
	for seed := range uint64(500) {
		w := world{rand.New(rand.NewPCG(seed, 2))}
		c := w.draw()
		again := world{rand.New(rand.NewPCG(seed, 2))}.draw()
		first := diagnose.Findings(c)
		require.Equal(t, first, diagnose.Findings(c))
		require.Equal(t, again, c)
	}
}
