package remedy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// cancelInvites cancels the member's pending invites. The next sign-in would accept
// one, whether JIT is on or off.
type cancelInvites struct{ World }

// settleTimeout is how long Docker Hub may take to show its own changes.
const settleTimeout = time.Minute

func (cancelInvites) ID() engine.ActionID { return engine.ActionCancelInvites }

func (cancelInvites) Offer(c engine.Case) engine.Availability {
	if !c.Sources[engine.FactInvites].Known() {
		return engine.Availability{Reason: "the pending invites have not been read"}
	}
	return engine.Availability{}
}

func (a cancelInvites) Plan(ctx context.Context, c engine.Case) (engine.Plan, error) {
	live, err := a.live(ctx, c, engine.FactInvites)
	if err != nil {
		return engine.Plan{}, err
	}
	p := engine.Plan{
		Action: a.ID(), Title: "Cancel the pending invites of " + c.Username, Subject: c.Username,
		Notes: []string{"An invite can be sent again; the snapshot keeps its team and role."},
	}
	if len(live.Invites) == 0 {
		p.Nothing = "No invite is pending."
		return p, nil
	}
	client := a.Systems.Hub()
	for _, i := range live.Invites {
		before := "pending"
		if i.Team != "" {
			before += ", team " + i.Team
		}
		p.Changes = append(p.Changes, cancelInvite(client, i, before))
	}
	p.Guards, err = a.Guards(ctx, c)
	return p, err
}

// changeInvite is the prefix of the ID of a change that cancels an invite.
const changeInvite = "invite "

func cancelInvite(client *hub.Client, i engine.Invite, before string) engine.Change {
	return request(changeInvite+i.ID, "Cancel the invite of "+i.Invitee, i.Invitee, before, "cancelled", client.CancelInviteCall(i.ID))
}

func (a cancelInvites) Guards(ctx context.Context, c engine.Case) ([]engine.Guard, error) {
	live, err := a.live(ctx, c, engine.FactMember)
	if err != nil {
		return nil, err
	}
	return []engine.Guard{guard("member", c.Username+" is a member of "+c.Org, yesNo(live.Member.Present))}, nil
}

func (a cancelInvites) Made(ctx context.Context, c engine.Case, ch engine.Change) (bool, error) {
	live, err := a.live(ctx, c, engine.FactInvites)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(live.Invites, func(i engine.Invite) bool { return changeInvite+i.ID == ch.ID }), nil
}

func (a cancelInvites) Run(ctx context.Context, _ engine.Case, ch engine.Change, _ func(engine.Progress)) (engine.Receipt, error) {
	return a.sendHub(ctx, ch.Call)
}

func (a cancelInvites) Verify(ctx context.Context, c engine.Case, report func(engine.Progress)) (engine.Check, error) {
	var left int
	err := a.poll(ctx, settleTimeout, "the invites to be gone", report, func() (bool, error) {
		live, err := a.live(ctx, c, engine.FactInvites)
		left = len(live.Invites)
		return left == 0, err
	})
	switch {
	case errors.Is(err, errTimeout):
		return engine.Check{Text: fmt.Sprintf("%d invites are still listed.", left)}, nil
	case err != nil:
		return engine.Check{}, err
	}
	return engine.Check{OK: true, Text: "No invite is pending any more."}, nil
}
