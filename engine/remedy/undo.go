package remedy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// undo reverses the changes of a run, as far as possible, from the run's own journal:
// the snapshot of role and teams, and the assignment as it was approved. A removed
// member comes back in two steps, because they have to accept an invite first; running
// the undo again does the rest.
type undo struct{ World }

func (undo) ID() engine.ActionID { return engine.ActionUndo }

func (undo) Offer(c engine.Case) engine.Availability {
	if !c.Snapshot.Taken && !ran(c, engine.ActionDisableJIT) && len(halfPushed(c)) == 0 {
		return engine.Availability{Reason: "the journal holds nothing that could be put back"}
	}
	return engine.Availability{}
}

// ran reports whether a change of the action was made.
func ran(c engine.Case, id engine.ActionID) bool {
	return slices.ContainsFunc(c.Receipts, func(r engine.Receipt) bool { return r.Action == id })
}

// halfPushed returns the approved changes that restore what an unfinished push took
// away. They hold the values.
func halfPushed(c engine.Case) []engine.Change {
	return slices.Concat(c.Owed(engine.ActionPush), c.Owed(engine.ActionPushOther))
}

// IDs of the changes of an undo, apart from those of a re-invite and a push.
const (
	undoRole = "role"
	undoJIT  = "jit"
)

func (a undo) Plan(ctx context.Context, c engine.Case) (engine.Plan, error) {
	p := engine.Plan{Action: a.ID(), Title: "Put back what was changed for " + c.Username + " in " + c.Org, Subject: c.Username, Destructive: true}
	live, changes, err := a.missing(ctx, c)
	if err != nil {
		return p, err
	}
	p.Changes, p.Notes = changes, leftovers(live)
	if len(changes) == 0 {
		p.Nothing = "Nothing is left to be put back."
		if !live.Member.Present && len(live.Invites) > 0 {
			p.Nothing = c.Username + " has not accepted the invite yet: there is nothing to do before."
		}
		return p, nil
	}
	p.Guards, err = a.Guards(ctx, c)
	return p, err
}

// missing compares the snapshot with the present state, and returns the changes that
// restore it.
func (a undo) missing(ctx context.Context, c engine.Case) (engine.Case, []engine.Change, error) {
	live, err := a.live(ctx, c, engine.FactMember, engine.FactInvites)
	if err != nil {
		return live, nil, err
	}
	var changes []engine.Change
	assign, err := a.unassigned(ctx, live)
	if err != nil {
		return live, nil, err
	}
	switch {
	case len(assign) > 0:
		changes = append(changes, assign...) // provisioning brings them back; an invite as well would be one too many
	case !c.Snapshot.Taken:
	case !live.Member.Present && len(live.Invites) == 0:
		changes = append(changes, a.invite(live))
	case live.Member.Present:
		more, err := a.roleAndTeams(ctx, live)
		if err != nil {
			return live, nil, err
		}
		changes = append(changes, more...)
	}
	if ran(c, engine.ActionDisableJIT) {
		if live, err = a.observe(ctx, live, engine.FactAudit); err != nil {
			return live, nil, err
		}
		if jitStaysOff(live) {
			changes = append(changes, a.enableJIT(live))
		}
	}
	return live, changes, nil
}

// unassigned returns the missing changes of an unfinished push.
func (a undo) unassigned(ctx context.Context, c engine.Case) ([]engine.Change, error) {
	var missing []engine.Change
	c.Member.Email = address(c)
	for _, ch := range halfPushed(c) {
		made, err := push{World: a.World}.Made(ctx, c, ch)
		if err != nil {
			return nil, fmt.Errorf("whether the identity provider assigns %s again: %w", c.Username, err)
		}
		if !made {
			missing = append(missing, ch)
		}
	}
	return missing, nil
}

func address(c engine.Case) string {
	if c.Member.Email != "" {
		return c.Member.Email
	}
	return c.Snapshot.Email
}

func (a undo) invite(c engine.Case) engine.Change {
	who, teams := address(c), c.Snapshot.OwnTeams()
	team := ""
	if len(teams) > 0 {
		team = teams[0]
	}
	return request(changeReinvite, "Invite "+c.Username+" again", who, "not a member", "invited as "+roleAndTeams(c.Snapshot.Role, teams[:min(len(teams), 1)]),
		a.Systems.Hub().InviteCall(c.Org, team, c.Snapshot.Role, []string{who}, false))
}

func (a undo) roleAndTeams(ctx context.Context, c engine.Case) ([]engine.Change, error) {
	client := a.Systems.Hub()
	var changes []engine.Change
	if want := c.Snapshot.Role; want != "" && !strings.EqualFold(want, c.Member.Role) {
		if c.Member.LastOwner() {
			return nil, fmt.Errorf("%s is the last owner of %s now and was %s before: make somebody else an owner first", c.Username, c.Org, want)
		}
		changes = append(changes, request(undoRole, "Give "+c.Username+" the role "+want+" again", c.Username, c.Member.Role, want, client.SetRoleCall(c.Org, c.Username, want)))
	}
	lost := c.LostTeams()
	if len(lost) == 0 {
		return changes, nil
	}
	teams, err := client.Teams(ctx, c.Org)
	if err != nil {
		return nil, fmt.Errorf("list the teams of %s: %w", c.Org, err)
	}
	for _, t := range lost {
		if slices.ContainsFunc(teams, func(x hub.Team) bool { return strings.EqualFold(x.Name, t) }) {
			changes = append(changes, request(changeTeam+t, "Put "+c.Username+" on the team "+t+" again", t, "not on it", "on it", client.AddToTeamCall(c.Org, t, c.Username)))
		}
	}
	return changes, nil
}

// jitStaysOff reports whether JIT is off because the run switched it off, as far as is
// known.
func jitStaysOff(c engine.Case) bool {
	var off, on time.Time // by our own clock
	for _, r := range c.Receipts {
		switch {
		case r.Action == engine.ActionDisableJIT && r.At.After(off):
			off = r.At
		case r.Action == engine.ActionUndo && r.Change == undoJIT && r.At.After(on):
			on = r.At
		}
	}
	switch {
	case toggledSince(c, off):
		return false
	case c.JIT() == engine.SwitchOn && c.Answers[engine.AskJIT].At.After(off):
		return false // the clicks did not switch it off
	case !c.Sources[engine.FactAudit].Known() && on.After(off):
		return false // on the owner's word: no log says otherwise
	}
	return true
}

// toggledSince reports whether the JIT switch was used after the run switched it off.
func toggledSince(c engine.Case, off time.Time) bool {
	if len(c.Audit.JIT) == 0 {
		return false
	}
	for _, e := range c.Done[engine.ActionDisableJIT].Evidence {
		off = e.At // the log's own clock is better than ours
	}
	return c.Audit.JIT[0].At.After(off)
}

func (a undo) enableJIT(c engine.Case) engine.Change {
	return engine.Change{
		ID: undoJIT, Kind: engine.ChangeConsole, Title: "Switch JIT on again in Docker's console", Target: c.Org, Before: "JIT off", After: "JIT on",
		Console: engine.Console{
			URL: a.Systems.Console(),
			Ways: [][]string{
				{"Open Docker Home and choose the organization (or its company, if it belongs to one)", "Identity & auth > SSO and SCIM", "In the table of SSO connections: Actions > Enable JIT provisioning", "Enable"},
				{"Admin Console > SSO and SCIM", "In the table of SSO connections: Actions > Edit", "Turn Just-in-Time provisioning on", "Save"},
			},
			Watch: "the event \"Toggle JIT provisioning\" in the organization's audit log",
		},
	}
}

// leftovers lists what the undo does not restore.
func leftovers(c engine.Case) []string {
	var notes []string
	if !c.Member.Present && len(halfPushed(c)) == 0 {
		notes = append(notes, "They have to accept the invite. Run this undo again afterwards: it puts back the teams that one invite cannot carry ("+strings.Join(c.Snapshot.OwnTeams(), ", ")+").")
	}
	if !c.Member.Present && len(halfPushed(c)) > 0 {
		notes = append(notes, "When the identity provider has brought them back, run this undo again: it puts back role and teams as they were.")
	}
	if c.Member.Present && (ran(c, engine.ActionPush) || ran(c, engine.ActionPushOther)) {
		notes = append(notes, "SCIM manages them now, which cannot be undone: what the identity provider sends next wins over what is put back here.")
	}
	if c.Snapshot.Taken {
		for _, t := range c.Member.Teams {
			if !slices.Contains(c.Snapshot.Teams, t) {
				notes = append(notes, "Not taken away: the team "+t+", on which they were not before.")
			}
		}
	}
	for _, i := range c.Snapshot.Invites {
		if c.Member.Present && !slices.ContainsFunc(c.Invites, func(x engine.Invite) bool { return x.ID == i.ID }) {
			notes = append(notes, "Not sent again: the cancelled invite of "+i.Invitee+" (team "+cmp.Or(i.Team, "none")+"), because Docker invites no member.")
		}
	}
	for _, r := range c.Receipts {
		switch {
		case r.Action == engine.ActionHandOver && len(r.Tags) > 0:
			notes = append(notes, "Not deleted: the copy "+r.Target+". The original was never touched.")
		case (r.Action == engine.ActionPush || r.Action == engine.ActionPushOther) && r.Change == idp.ChangeConvert:
			notes = append(notes, "Not undone: the individual assignment that took the place of the group's. \"Convert assignments\" in the identity provider gives it back to the group.")
		case r.Action == engine.ActionMatch:
			notes = append(notes, "Not undone: the SSO attributes, which were changed by hand in the identity provider.")
		}
	}
	return notes
}

// Guards reads whether the person is a member, unless the undo itself makes them one by
// assigning them.
func (a undo) Guards(ctx context.Context, c engine.Case) ([]engine.Guard, error) {
	if len(halfPushed(c)) > 0 {
		return nil, nil
	}
	live, err := a.live(ctx, c, engine.FactMember)
	if err != nil {
		return nil, err
	}
	return []engine.Guard{guard("member", c.Username+" is a member of "+c.Org, yesNo(live.Member.Present))}, nil
}

func (a undo) Made(ctx context.Context, c engine.Case, ch engine.Change) (bool, error) {
	switch {
	case ch.ID == undoJIT:
		return disableJIT(a).Made(ctx, c, ch)
	case ch.ID == undoRole:
		live, err := a.live(ctx, c, engine.FactMember)
		return err == nil && strings.EqualFold(live.Member.Role, c.Snapshot.Role), err
	case ch.ID == changeReinvite, strings.HasPrefix(ch.ID, changeTeam):
		return reinvite(a).Made(ctx, c, ch)
	}
	c.Member.Email = address(c)
	return push{World: a.World}.Made(ctx, c, ch)
}

func (a undo) Run(ctx context.Context, c engine.Case, ch engine.Change, report func(engine.Progress)) (engine.Receipt, error) {
	switch {
	case ch.ID == undoJIT:
		return disableJIT(a).Run(ctx, c, ch, report)
	case ch.ID == undoRole:
		return a.sendHub(ctx, ch.Call)
	case ch.ID == changeReinvite, strings.HasPrefix(ch.ID, changeTeam):
		return reinvite(a).Run(ctx, c, ch, report)
	}
	return a.sendIdP(ctx, ch.Call)
}

func (a undo) Verify(ctx context.Context, c engine.Case, report func(engine.Progress)) (engine.Check, error) {
	var left, further []string
	var live engine.Case
	err := a.poll(ctx, settleTimeout, "Docker to show it", report, func() (bool, error) {
		var changes []engine.Change
		var err error
		live, changes, err = a.missing(ctx, c)
		left, further = nil, nil
		for _, ch := range changes {
			switch {
			case ch.Kind == engine.ChangeConsole: // what was clicked was seen, or is the owner's word
			case slices.ContainsFunc(c.Receipts, func(r engine.Receipt) bool { return r.Action == a.ID() && r.Change == ch.ID }):
				left = append(left, ch.Title)
			default:
				further = append(further, ch.Title)
			}
		}
		return len(left) == 0, err
	})
	switch {
	case errors.Is(err, errTimeout):
		return engine.Check{Text: "Not in effect yet: " + strings.Join(left, "; ") + "."}, nil
	case err != nil:
		return engine.Check{}, err
	case !live.Member.Present && len(live.Invites) > 0:
		return engine.Check{OK: true, Text: c.Username + " is invited. Run this undo again when they have accepted."}, nil
	case !live.Member.Present:
		return engine.Check{OK: true, Text: c.Username + " is assigned again. Run this undo again when the identity provider has brought them back."}, nil
	}
	text := "Docker shows " + roleAndTeams(live.Member.Role, live.Member.Teams) + "."
	if len(further) > 0 {
		text += " Run this undo again for the rest: " + strings.Join(further, "; ") + "."
	}
	return engine.Check{OK: true, Text: text}, nil
}
