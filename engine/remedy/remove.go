package remedy

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// remove removes the member from the organization, so that SCIM can create the
// membership again. It is the guide's only destructive action.
type remove struct{ World }

func (remove) ID() engine.ActionID { return engine.ActionRemove }

func (remove) Offer(c engine.Case) engine.Availability {
	return engine.Availability{Reason: strings.Join(engine.RemovalBlockers(c), "; ")}
}

// removalFacts lists the facts that a removal depends on.
func removalFacts() []engine.FactID {
	return []engine.FactID{
		engine.FactMember, engine.FactInvites, engine.FactSCIM, engine.FactExpectation, engine.FactRepositories,
	}
}

func (a remove) Plan(ctx context.Context, c engine.Case) (engine.Plan, error) {
	live, guards, err := a.preconditions(ctx, c)
	if err != nil {
		return engine.Plan{}, err
	}
	p := engine.Plan{Action: a.ID(), Title: "Remove " + c.Username + " from " + c.Org, Subject: c.Username, Destructive: true, Guards: guards}
	if !live.Member.Present {
		p.Nothing = c.Username + " is not in the organization any more."
		return p, nil
	}
	p.Changes = []engine.Change{request("remove", "Remove "+c.Username+" from "+c.Org, c.Username,
		roleAndTeams(live.Member.Role, live.Member.Teams), "not a member", a.Systems.Hub().RemoveMemberCall(c.Org, c.Username))}
	p.Notes = []string{
		"Access to the organization ends at once and comes back with the push.",
		"All team memberships are dropped. The snapshot holds them: " + roleAndTeams(c.Snapshot.Role, c.Snapshot.Teams) + ".",
		"The Docker account itself, its ID and its personal repositories stay.",
	}
	if at := c.Removed(); !at.IsZero() {
		p.Notes = append([]string{"This run has removed them before, at " + at.UTC().Format("15:04:05 UTC") + ", and they are a member again. This removes them once more."}, p.Notes...)
	}
	for _, t := range live.Repositories.SoleTeams {
		p.Notes = append(p.Notes, "The team "+t+" will have no member.")
	}
	for _, r := range live.Repositories.LastPushed {
		p.Notes = append(p.Notes, "They have pushed to "+r+": a build that runs with their token will fail until they are back.")
	}
	return p, nil
}

func (a remove) Guards(ctx context.Context, c engine.Case) ([]engine.Guard, error) {
	_, guards, err := a.preconditions(ctx, c)
	return guards, err
}

// preconditions reads all these facts again and refuses if a safety rule no longer holds.
func (a remove) preconditions(ctx context.Context, c engine.Case) (engine.Case, []engine.Guard, error) {
	live, err := a.live(ctx, c, removalFacts()...)
	if err != nil {
		return c, nil, err
	}
	if live, err = a.observe(ctx, live, engine.FactAudit); err != nil {
		return c, nil, err
	}
	if why := engine.RemovalBlockers(live); live.Member.Present && len(why) > 0 {
		return c, nil, fmt.Errorf("removing %s is refused now: %s", c.Username, strings.Join(why, "; "))
	}
	if live.Member.Present && !live.DryRun {
		if err := handOver(a).unchanged(ctx, live); err != nil {
			return c, nil, fmt.Errorf("removing %s is refused now: %w", c.Username, err)
		}
	}
	var toggle string
	if len(live.Audit.JIT) > 0 {
		toggle = live.Audit.JIT[0].At.UTC().Format("2006-01-02 15:04:05.999 UTC")
	}
	var repositories []string
	for _, r := range live.Repositories.Personal {
		repositories = append(repositories, fmt.Sprintf("%s (%s, %s)", r.Name, engine.Count(r.Tags, "tag"), r.Updated.UTC().Format("2006-01-02 15:04:05")))
	}
	return live, []engine.Guard{
		guard("member", "role and teams of "+c.Username, roleAndTeams(live.Member.Role, live.Member.Teams)),
		guard("owner", "they are the last owner", yesNo(live.Member.LastOwner())),
		guard("invites", "pending invites", fmt.Sprint(len(live.Invites))),
		guard("scim", "Docker's SCIM service answers", yesNo(live.SCIM.Proven)),
		guard("assigned", "the identity provider would create them again", yesNo(engine.ProvisioningProven(live))),
		guard("jit", "last JIT toggle in the audit log", toggle),
		guard("repositories", "personal repositories", strings.Join(repositories, ", ")),
	}, nil
}

func (a remove) Made(ctx context.Context, c engine.Case, _ engine.Change) (bool, error) {
	live, err := a.live(ctx, c, engine.FactMember)
	return err == nil && !live.Member.Present, err
}

func (a remove) Run(ctx context.Context, _ engine.Case, ch engine.Change, _ func(engine.Progress)) (engine.Receipt, error) {
	return a.sendHub(ctx, ch.Call)
}

func (a remove) Verify(ctx context.Context, c engine.Case, report func(engine.Progress)) (engine.Check, error) {
	err := a.poll(ctx, settleTimeout, "the member list to show it", report, func() (bool, error) {
		return a.Made(ctx, c, engine.Change{})
	})
	switch {
	case errors.Is(err, errTimeout):
		return engine.Check{Text: "Docker still lists " + c.Username + "."}, nil
	case err != nil:
		return engine.Check{}, err
	}
	return engine.Check{OK: true, Text: "Docker no longer lists " + c.Username + "."}, nil
}
