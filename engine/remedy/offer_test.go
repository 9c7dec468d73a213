package remedy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/remedy"
)

// ready is a case in which every action but a push is offered; the push wants
// the member out.
func ready() engine.Case {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	c := engine.Case{Org: "acme", Username: "priya-nair"}
	c.Session.User = "alex-kim"
	c.Member = engine.Member{Present: true, Owners: 1, Person: engine.Person{Username: "priya-nair", Email: "priya.nair@acme.example", Role: "member"}}
	c.SCIM.Proven = true
	c.Expected = engine.Expectation{Provider: "Okta", Application: "Docker", Assigned: true, Provisioning: engine.SwitchOn, Role: "editor"}
	c.Repositories.PrivateVisible = true
	c.Snapshot.Taken = true
	for _, id := range engine.Facts() {
		c = c.WithSource(id, engine.Source{Name: "test", At: now})
	}
	return c.WithAnswer(engine.AskJIT, engine.Answer{Value: "off", At: now})
}

func TestWhatAnActionNeedsToBeOffered(t *testing.T) {
	missing := func(id engine.FactID) func(*engine.Case) {
		return func(c *engine.Case) {
			*c = c.WithSource(id, engine.Source{Name: "test", At: time.Unix(1, 0), Missing: "403"})
		}
	}
	unassigned := func(c *engine.Case) { c.Expected.Assigned = false }
	stated := func(c *engine.Case) { c.Expected.Assigned, c.Expected.Stated = false, true }
	out := func(change func(*engine.Case)) func(*engine.Case) {
		return func(c *engine.Case) {
			c.Member.Present = false
			change(c)
		}
	}
	nothing := func(*engine.Case) {}

	for name, x := range map[string]struct {
		action engine.ActionID
		change func(*engine.Case)
		reason string // "" when it is offered
	}{
		"invites":                          {engine.ActionCancelInvites, nothing, ""},
		"invites that were not read":       {engine.ActionCancelInvites, missing(engine.FactInvites), "invites have not been read"},
		"JIT":                              {engine.ActionDisableJIT, nothing, ""},
		"JIT without SCIM":                 {engine.ActionDisableJIT, func(c *engine.Case) { c.SCIM.Proven = false }, "nobody new could come in"},
		"matching":                         {engine.ActionMatch, nothing, ""},
		"matching with what is not known":  {engine.ActionMatch, missing(engine.FactExpectation), "is not known"},
		"the profile":                      {engine.ActionPushProfile, nothing, ""},
		"the profile of who knows what":    {engine.ActionPushProfile, missing(engine.FactExpectation), "is not known"},
		"the profile of nobody":            {engine.ActionPushProfile, unassigned, "does not assign them"},
		"the profile, on the owner's word": {engine.ActionPushProfile, stated, ""},
		"hand over":                        {engine.ActionHandOver, nothing, ""},
		"hand over what was not read":      {engine.ActionHandOver, missing(engine.FactRepositories), "have not been read"},
		"hand over what cannot be seen":    {engine.ActionHandOver, func(c *engine.Case) { c.Repositories.PrivateVisible = false }, "private repositories cannot be seen"},
		"hand over, with responsibility taken": {engine.ActionHandOver, func(c *engine.Case) {
			c.Repositories.PrivateVisible = false
			*c = c.WithAnswer(engine.AskPrivate, engine.Answer{Value: engine.PrivateNone})
		}, ""},
		"remove":                       {engine.ActionRemove, nothing, ""},
		"remove the last owner":        {engine.ActionRemove, func(c *engine.Case) { c.Member.Role = "owner" }, "last owner"},
		"remove oneself":               {engine.ActionRemove, func(c *engine.Case) { c.Session.User = "priya-nair" }, "your own account"},
		"remove a guest":               {engine.ActionRemove, func(c *engine.Case) { c.Member.Guest = true }, "guest"},
		"remove without a snapshot":    {engine.ActionRemove, func(c *engine.Case) { c.Snapshot.Taken = false }, "snapshot"},
		"push":                         {engine.ActionPush, out(nothing), ""},
		"push who is in":               {engine.ActionPush, nothing, "nothing has to be created"},
		"push who is in, in a dry run": {engine.ActionPush, func(c *engine.Case) { c.DryRun = true }, ""},
		"push who is not assigned":     {engine.ActionPush, out(unassigned), "does not assign them"},
		"push who was left half-way": {engine.ActionPush, out(func(c *engine.Case) {
			unassigned(c)
			*c = c.WithUnfinished(engine.Plan{Action: engine.ActionPush, Changes: []engine.Change{{ID: "assign"}}})
		}), ""},
		"push on the owner's word":    {engine.ActionPush, out(stated), ""},
		"push with what is not known": {engine.ActionPush, out(missing(engine.FactExpectation)), "is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			c := ready()
			x.change(&c)
			for _, a := range remedy.Actions(remedy.World{}) { // no system is asked
				if a.ID() != x.action {
					continue
				}
				offer := a.Offer(c)
				require.Equal(t, x.reason == "", offer.Enabled(), offer.Reason)
				require.Contains(t, offer.Reason, x.reason)
			}
		})
	}
}

func TestARemovalSaysEveryReasonAtOnce(t *testing.T) {
	c := ready()
	c.Member.Role, c.Snapshot.Taken = "owner", false
	for _, a := range remedy.Actions(remedy.World{}) {
		if a.ID() == engine.ActionRemove {
			require.Contains(t, a.Offer(c).Reason, "last owner")
			require.Contains(t, a.Offer(c).Reason, "snapshot")
		}
	}
}

// The removal reads everything again and refuses by itself, whatever the case
// says that it was offered on.
func TestTheWorldMovedBetweenTheOfferAndThePlan(t *testing.T) {
	b := newBench(t, "lena-fischer", false)
	c := readyToRemove(b, b.observed("lena-fischer"))
	a := b.actions[engine.ActionRemove]
	require.True(t, a.Offer(c).Enabled())
	p, err := a.Plan(t.Context(), c)
	require.NoError(t, err)

	require.NoError(t, b.clock.sleep(t.Context(), time.Second)) // the log's times are whole seconds
	b.box.ToggleJIT(true)
	require.NoError(t, b.clock.sleep(t.Context(), delay))
	_, err = a.Plan(t.Context(), c)
	require.ErrorContains(t, err, "JIT is not seen off")
	_, err = a.Guards(t.Context(), c)
	require.ErrorContains(t, err, "JIT is not seen off")

	c = b.jitOff(c)
	guards, err := a.Guards(t.Context(), c)
	require.NoError(t, err)
	require.NotEqual(t, p.Guards, guards, "another toggle is another ground")

	b.box.Invite(c.Member.Email, "contractors", "member")
	_, err = a.Plan(t.Context(), c)
	require.ErrorContains(t, err, "pending invite")
	require.Empty(t, b.changing())
}
