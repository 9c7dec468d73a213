package remedy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// reinvite invites a removed member back, with the role and teams of the snapshot, if
// the push did not bring them back. An invite has one team, so the others are added
// after the member accepts it.
type reinvite struct{ World }

func (reinvite) ID() engine.ActionID { return engine.ActionReinvite }

func (reinvite) Offer(c engine.Case) engine.Availability {
	return engine.Availability{Reason: engine.ReinviteBlockers(c)}
}

// Prefixes of the IDs of a re-invite's changes.
const (
	changeReinvite = "re-invite"
	changeTeam     = "team "
)

func (a reinvite) Plan(ctx context.Context, c engine.Case) (engine.Plan, error) {
	p := engine.Plan{Action: a.ID(), Title: "Invite " + c.Username + " back into " + c.Org, Subject: c.Username}
	live, err := a.live(ctx, c, engine.FactMember, engine.FactInvites)
	if err != nil {
		return p, err
	}
	if why := engine.ReinviteBlockers(live); why != "" {
		p.Nothing = why
		return p, nil
	}
	client, teams := a.Systems.Hub(), c.Snapshot.OwnTeams()
	if live.Member.Present {
		p.Title = "Put " + c.Username + " on their old teams again"
		for _, t := range live.LostTeams() {
			p.Changes = append(p.Changes, request(changeTeam+t, "Add "+c.Username+" to the team "+t, t, "not on the team", "on the team", client.AddToTeamCall(c.Org, t, c.Username)))
		}
	} else {
		team := ""
		if len(teams) > 0 {
			team = teams[0]
		}
		p.Changes = []engine.Change{request(changeReinvite, "Invite "+c.Snapshot.Email, c.Snapshot.Email, "not a member", "invited as "+roleAndTeams(c.Snapshot.Role, teams[:min(len(teams), 1)]),
			client.InviteCall(c.Org, team, c.Snapshot.Role, []string{c.Snapshot.Email}, false))}
		p.Notes = []string{
			"They are in again when they accept the invite, or sign in through SSO.",
			"SCIM does not manage an invited member: this is to let them work, not the cure. The push is still to be done, and cancels an invite that is pending then.",
		}
		if len(teams) > 1 {
			p.Notes = append(p.Notes, "An invite carries one team. Come back to this step when they are in: it then adds "+strings.Join(teams[1:], ", ")+".")
		}
	}
	p.Guards, err = a.Guards(ctx, c)
	return p, err
}

func (a reinvite) Guards(ctx context.Context, c engine.Case) ([]engine.Guard, error) {
	live, err := a.live(ctx, c, engine.FactMember)
	if err != nil {
		return nil, err
	}
	return []engine.Guard{guard("member", c.Username+" is a member of "+c.Org, yesNo(live.Member.Present))}, nil
}

func (a reinvite) Made(ctx context.Context, c engine.Case, ch engine.Change) (bool, error) {
	live, err := a.live(ctx, c, engine.FactMember, engine.FactInvites)
	if err != nil {
		return false, err
	}
	if team, ok := strings.CutPrefix(ch.ID, changeTeam); ok {
		return slices.Contains(live.Member.Teams, team), nil
	}
	return live.Member.Present || len(live.Invites) > 0, nil
}

func (a reinvite) Run(ctx context.Context, _ engine.Case, ch engine.Change, _ func(engine.Progress)) (engine.Receipt, error) {
	if strings.HasPrefix(ch.ID, changeTeam) {
		return a.sendHub(ctx, ch.Call)
	}
	client := a.Systems.Hub()
	if client == nil {
		return engine.Receipt{}, errors.New("not signed in to Docker Hub")
	}
	response, err := client.Send(ctx, transport.Call(ch.Call))
	if err != nil {
		return engine.Receipt{}, err
	}
	// Docker Hub answers with success even if it invited nobody. An unreadable answer
	// proves nothing: Verify checks whether the invite exists.
	results, _ := hub.InviteResults(response)
	for _, r := range results {
		if r.Status != "" && r.Status != hub.Invited {
			return engine.Receipt{}, fmt.Errorf("docker did not invite %s: %s", r.Invitee, strings.ReplaceAll(r.Status, "_", " "))
		}
	}
	return engine.Receipt{Status: fmt.Sprintf("HTTP %d", response.Status)}, nil
}

func (a reinvite) Verify(ctx context.Context, c engine.Case, report func(engine.Progress)) (engine.Check, error) {
	var live engine.Case
	err := a.poll(ctx, settleTimeout, "the invite to be listed", report, func() (bool, error) {
		var err error
		live, err = a.live(ctx, c, engine.FactMember, engine.FactInvites)
		return err == nil && (live.Member.Present && len(live.LostTeams()) == 0 || !live.Member.Present && len(live.Invites) > 0), err
	})
	switch {
	case errors.Is(err, errTimeout) && live.Member.Present:
		return engine.Check{Text: "They are in, but not yet on " + strings.Join(live.LostTeams(), ", ") + "."}, nil
	case errors.Is(err, errTimeout):
		return engine.Check{Text: "Docker lists no invite for them."}, nil
	case err != nil:
		return engine.Check{}, err
	case live.Member.Present:
		return engine.Check{OK: true, Text: "They are a member as " + roleAndTeams(live.Member.Role, live.Member.Teams) + ". SCIM does not manage them: the re-provisioning is still to be done."}, nil
	}
	return engine.Check{OK: true, Text: "An invite is waiting for " + c.Snapshot.Email + ". They are still out until they accept it."}, nil
}
