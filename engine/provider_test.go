package engine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
)

func removed() engine.Case {
	c := engine.Case{
		Org: "acme", Username: "priya-nair",
		Expected: engine.Expectation{
			Provider: "Okta", Application: "Docker", Assigned: true, Provisioning: engine.SwitchOn, Role: "editor",
			Ways: []engine.PushWay{{Title: "Unassign and assign again"}},
		},
		Snapshot: engine.Snapshot{Taken: true, Role: "member", Teams: []string{"company", "legacy", "data"}, Email: "priya.nair@acme.example"},
	}
	return c.WithSource(engine.FactExpectation, engine.Source{Name: "Okta", At: time.Now()})
}

func TestAPushIsBlockedByWhatWouldMakeItGoNowhere(t *testing.T) {
	for want, change := range map[string]func(*engine.Case){
		"": func(*engine.Case) {},
		"they would be sent elsewhere: dockerOrg is other: they would be created in that organization, and not in acme": func(c *engine.Case) { c.Expected.Org = "other" },
		"they would be sent elsewhere: userName is pn@acme.example, and Docker knows them as priya.nair@acme.example: another account would be created": func(c *engine.Case) {
			c.Expected.UserName = "pn@acme.example"
		},
		"they are a member of the organization: nothing has to be created": func(c *engine.Case) { c.Member.Present = true },
		"what the identity provider sends is not known":                    func(c *engine.Case) { c.Sources = nil },
		"the identity provider does not assign them to Docker":             func(c *engine.Case) { c.Expected.Assigned = false },
		"nothing would be sent: provisioning is off in Docker":             func(c *engine.Case) { c.Expected.Provisioning = engine.SwitchOff },
		"nothing would be sent: the job is in quarantine": func(c *engine.Case) {
			c.Expected.Provisioning, c.Expected.ProvisioningWhy = engine.SwitchOff, "the job is in quarantine"
		},
		"they would be skipped: a filter": func(c *engine.Case) { c.Expected.OutOf = "a filter" },
	} {
		c := removed()
		change(&c)
		require.Equal(t, want, engine.PushBlockers(c, false))
	}
	c := removed()
	require.Equal(t, "the identity provider has no other way", engine.PushBlockers(c, true))
	c.Expected.Provisioning = engine.SwitchOff
	c.Expected.Ways = append(c.Expected.Ways, engine.PushWay{Title: "Start the job", Revives: true})
	require.Empty(t, engine.PushBlockers(c, true), "this is the way for when nothing is sent")
	c.Member.Present, c.DryRun, c.Expected.Provisioning = true, true, engine.SwitchOn
	require.Empty(t, engine.PushBlockers(c, false), "a dry run cannot have them out")
	c.Expected.Stated = true
	require.Empty(t, engine.PushBlockers(c, false))
	require.NotEmpty(t, engine.PushBlockers(c, true))
}

func TestNobodyIsRemovedWhomTheProviderWouldSkip(t *testing.T) {
	c := removed()
	require.True(t, engine.ProvisioningProven(c))
	c.Expected.OutOf = "the scoping filter leaves them out"
	require.False(t, engine.ProvisioningProven(c))
}

func TestAnAssignmentThatIsTakenAwayHalfWayCanBeFinished(t *testing.T) {
	c := removed()
	c.Expected.Assigned = false
	p := engine.Plan{Action: engine.ActionPush, Changes: []engine.Change{{ID: "unassign"}, {ID: "assign"}}}
	c = c.WithUnfinished(p)
	c.Receipts = []engine.Receipt{{Action: engine.ActionPush, Change: "unassign", Plan: p.Digest()}}
	require.Empty(t, engine.PushBlockers(c, false))
}

func TestWhoIsOutCanBeInvitedBackAndLaterPutOnTheOtherTeams(t *testing.T) {
	c := removed()
	require.Empty(t, engine.ReinviteBlockers(c))
	require.Equal(t, []string{"legacy", "data"}, c.Snapshot.OwnTeams(), "company is Docker's own affair")
	for want, change := range map[string]func(*engine.Case){
		"this is a dry run: nobody was removed":                        func(c *engine.Case) { c.DryRun = true },
		"no snapshot was taken, so their role and teams are not known": func(c *engine.Case) { c.Snapshot.Taken = false },
		"their address is not known":                                   func(c *engine.Case) { c.Snapshot.Email = "" },
		"an invite is pending already":                                 func(c *engine.Case) { c.Invites = []engine.Invite{{ID: "1"}} },
		"they are a member, with all teams of the snapshot": func(c *engine.Case) {
			c.Member.Present, c.Member.Teams = true, []string{"Legacy", "data", "more"}
		},
	} {
		x := removed()
		change(&x)
		require.Equal(t, want, engine.ReinviteBlockers(x))
	}
	c.Member.Present, c.Member.Teams = true, []string{"legacy"}
	require.Empty(t, engine.ReinviteBlockers(c))
	require.Equal(t, []string{"data"}, c.LostTeams())
}
