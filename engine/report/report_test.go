package report

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/diagnose"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// before is the case of a member who was there before SCIM.
func before() engine.Case {
	c := engine.Case{Org: "acme", Username: "priya-nair"}
	c.Member = engine.Member{Present: true, Owners: 1, Joined: time.Date(2021, 3, 8, 9, 0, 0, 0, time.UTC), Person: engine.Person{
		Username: "priya-nair", Email: "priya.nair@acme.example", Role: "member", Teams: []string{"legacy"},
	}}
	c.Audit.SCIM = []engine.AuditEvent{{At: time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)}}
	c.SCIM.Proven = true
	c.Expected = engine.Expectation{
		Provider: "Okta", Application: "Docker", Assigned: true, Provisioning: engine.SwitchOn, Scope: "user", Role: "editor", Teams: []string{"backend"},
		SSO: []engine.Attribute{{Name: "dockerRole", Resolved: true}, {Name: "dockerTeam", Expression: "Groups.startsWith(…)"}},
	}
	c.Snapshot = engine.Snapshot{
		Taken: true, At: at(2), Role: "member", Teams: []string{"legacy"}, Email: "priya.nair@acme.example",
		Invites: []engine.Invite{{ID: "i-1", Team: "contractors", Inviter: "morgan-reyes"}},
	}
	for i, id := range engine.Facts() {
		c = c.WithSource(id, engine.Source{Name: "Docker Hub, " + string(id), At: noon.Add(time.Duration(i) * time.Second)})
	}
	c = c.WithSource(engine.FactExpectation, engine.Source{Name: "Okta", At: noon})
	return c.WithAnswer(engine.AskJIT, engine.Answer{Value: "on", At: at(1)}).
		WithAnswer(engine.AskSelf, engine.Answer{Value: "no", At: at(1)})
}

func cured() engine.Case {
	c := before()
	c.Before = engine.Before{Findings: diagnose.Findings(c), Comparison: engine.Compare(c)}
	const plan = "9b0c1d2e3f405162738495a6b7c8d9e0f102132435465768798a9bacbdcedfe0"
	digest := "sha256:" + strings.Repeat("ab12", 16)
	c.Receipts = []engine.Receipt{
		{Action: engine.ActionCancelInvites, Change: "invite i-1", Plan: plan, Title: "Cancel the invite of priya.nair@acme.example", Status: "HTTP 204", At: at(3)},
		{Action: engine.ActionDisableJIT, Change: "toggle", Plan: plan, Title: "Switch JIT off in Docker's console", Status: "seen in the audit log", Note: "Toggle JIT provisioning by morgan-reyes", At: at(4)},
		{
			Action: engine.ActionHandOver, Change: engine.CopyChange("priya-nair/build-cache"), Plan: plan, Target: "acme/build-cache", Title: "Copy priya-nair/build-cache to acme/build-cache",
			Status: "2 tags, every digest compared", At: at(5), Tags: []engine.TagRef{{Name: "latest", Digest: digest}, {Name: "v1.2", Digest: digest}},
		},
		{Action: engine.ActionRemove, Change: "remove", Plan: plan, Title: "Remove priya-nair from acme", Status: "HTTP 204", At: at(6)},
		{Action: engine.ActionPush, Change: "assign", Plan: plan, Title: "Assign priya.nair@acme.example again with the same values", Status: "HTTP 200", At: at(7)},
	}
	ok := func(text string) engine.Check { return engine.Check{OK: true, Text: text, At: at(8)} }
	c = c.WithCheck(engine.ActionCancelInvites, ok("No invite is pending any more.")).
		WithCheck(engine.ActionDisableJIT, engine.Check{
			OK: true, Text: "The audit log shows that the switch was used.", At: at(4),
			Evidence: []engine.Evidence{{Text: "Toggle JIT provisioning by morgan-reyes", Source: "Docker Hub, audit log", At: at(4)}},
		}).
		WithCheck(engine.ActionHandOver, ok("Every copy equals its original.")).
		WithCheck(engine.ActionRemove, ok("Docker no longer lists priya-nair.")).
		WithCheck(engine.ActionPush, ok("Docker lists them again as editor on backend, company.")).
		WithAnswer(engine.AskJIT, engine.Answer{Value: "off", At: at(5)}).
		WithSource(engine.FactMember, engine.Source{Name: "Docker Hub, member", At: at(9)}).
		WithSource(engine.FactAudit, engine.Source{Name: "Docker Hub, audit log", At: at(8), Missing: "the server said 403"})
	c.Member.Role, c.Member.Teams = "editor", []string{"backend", "company"}
	return c
}

func TestTheReportOfACuredCase(t *testing.T) { golden.RequireEqual(t, Markdown(cured())) }

func TestTheReportOfADryRun(t *testing.T) {
	c := before()
	c.DryRun = true
	for _, id := range []engine.ActionID{engine.ActionCancelInvites, engine.ActionDisableJIT, engine.ActionHandOver, engine.ActionRemove, engine.ActionPush} {
		c = c.WithCheck(id, engine.Check{OK: true, Assumed: true, Text: "Previewed; nothing was sent.", At: at(3)})
	}
	golden.RequireEqual(t, Markdown(c))
}

func TestTheReportOfWhatCouldNotBeRead(t *testing.T) {
	c := engine.Case{Org: "acme", Username: "nobody"}
	c = c.WithSource(engine.FactMember, engine.Source{Name: "Docker Hub, member list", At: noon, Missing: "the server said 403"})
	golden.RequireEqual(t, Markdown(c))
}

func TestTheSameCaseGivesTheSameReport(t *testing.T) {
	first := Markdown(cured())
	for range 20 {
		require.Equal(t, first, Markdown(cured()))
	}
	require.NotContains(t, first, "0001-01-01", "no time that was never noted")
}

func TestADryRunNeverSaysThatSomethingWasDone(t *testing.T) {
	c := before()
	c.DryRun = true
	c = c.WithCheck(engine.ActionRemove, engine.Check{OK: true, Assumed: true, Text: "Previewed.", At: at(3)})
	text := Markdown(c)
	require.Contains(t, text, "Dry run")
	require.NotContains(t, text, "What was done")
	require.NotContains(t, text, "verified")
}
