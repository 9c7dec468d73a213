package remedy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/idp/manual"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// push makes the identity provider create the person in Docker again.
type push struct{ World }

// pushPatience is how long provisioning may take to reach Docker.
const pushPatience = 5 * time.Minute

func (push) ID() engine.ActionID { return engine.ActionPush }

func (push) Offer(c engine.Case) engine.Availability {
	switch {
	case !c.Sources[engine.FactExpectation].Known():
		return engine.Availability{Reason: "what the identity provider sends is not known"}
	case !c.Expected.Stated && !c.Expected.Assigned && len(c.Remaining(engine.ActionPush)) == 0:
		return engine.Availability{Reason: "the identity provider does not assign them to " + c.Expected.Application}
	case c.Member.Present && !c.DryRun:
		return engine.Availability{Reason: "they are a member of the organization: nothing has to be created"}
	}
	return engine.Availability{}
}

// The changes of a push, by id.
const (
	changeConvert  = "convert"
	changeUnassign = "unassign"
	changeAssign   = "assign"
	changeProfile  = "profile"
	changeManual   = "manual"
)

func (a push) Plan(ctx context.Context, c engine.Case) (engine.Plan, error) {
	p := engine.Plan{Action: a.ID(), Title: "Push " + c.Username + " from " + c.Expected.Provider, Subject: c.Username}
	provider := a.Systems.Pusher()
	if provider == nil || c.Expected.Stated {
		p.Changes = []engine.Change{manualPush(c, "Provision "+c.Username+" in your identity provider", "Docker's member list, until they are in it")}
		guards, err := a.Guards(ctx, c)
		p.Guards = guards
		return p, err
	}
	as, err := provider.Assignment(ctx, c.Member.Email)
	if err != nil {
		return p, err
	}
	if rest := c.Remaining(a.ID()); !as.Assigned && len(rest) > 0 {
		// The values went away with the assignment; the approved plan has them.
		p.Title, p.Changes = "Finish pushing "+c.Username+" from "+as.Provider, rest
		p.Notes = []string{"An earlier push was left half-way: they are unassigned, and these are the changes that are missing."}
		p.Guards, err = a.Guards(ctx, c)
		return p, err
	}
	if !as.Assigned {
		return p, fmt.Errorf("%s does not assign %s to %s: assign them there, then look again", as.Provider, c.Member.Email, as.App.Label)
	}
	who := as.Login + " in " + as.App.Label
	carries := roleAndTeams(c.Expected.WantedRole(), c.Expected.Teams)
	if as.Scope == idp.ScopeGroup {
		p.Changes = append(p.Changes, request(changeConvert, "Make the group's assignment an individual one", who, "assigned by a group", "assigned individually", provider.ConvertToUserCall(as)))
		p.Notes = append(p.Notes, "They are assigned by a group. An individual assignment takes its place, so that nothing else which the group grants is touched; afterwards, use \"Convert assignments\" in the application to give it back to the group.")
		for _, e := range c.Expected.SideEffects {
			p.Notes = append(p.Notes, "Not touched: "+e+".")
		}
	}
	p.Changes = append(p.Changes,
		request(changeUnassign, "Unassign "+as.Login, who, "assigned", "not assigned", provider.UnassignCall(as)),
		request(changeAssign, "Assign "+as.Login+" again with the same values", who, "not assigned", "assigned: "+carries, provider.AssignCall(individual(as))),
	)
	p.Notes = append(p.Notes, as.Provider+" may send a deactivation when it unassigns; there is nothing left in Docker for it to touch.")
	p.Guards, err = a.Guards(ctx, c)
	return p, err
}

// individual is the assignment as it will be when nothing but the person
// carries it.
func individual(as idp.Assignment) idp.Assignment {
	as.Scope = idp.ScopeUser
	return as
}

func manualPush(c engine.Case, title, watch string) engine.Change {
	var ways [][]string
	for _, p := range manual.Products() {
		ways = append(ways, append([]string{p.Name}, p.Push...))
	}
	return engine.Change{
		ID: changeManual, Kind: engine.ChangeConsole, Title: title, Target: c.Username,
		After:   roleAndTeams(c.Expected.WantedRole(), c.Expected.Teams),
		Console: engine.Console{URL: c.Expected.Console, Ways: ways, Watch: watch},
	}
}

// Guards asks only for what the push itself does not move: that Docker has no
// membership which a deactivation could hit. A dry run cannot have it so.
func (a push) Guards(ctx context.Context, c engine.Case) ([]engine.Guard, error) {
	live, err := a.live(ctx, c, engine.FactMember)
	if err != nil {
		return nil, err
	}
	if live.Member.Present && !c.DryRun {
		return nil, fmt.Errorf("%s is a member of %s again, somehow: a deactivation could hit them. Go back and look what they have now", c.Username, c.Org)
	}
	return []engine.Guard{guard("member", c.Username+" is a member of "+c.Org, yesNo(false))}, nil
}

func (a push) Made(ctx context.Context, c engine.Case, ch engine.Change) (bool, error) {
	if ch.ID == changeManual {
		live, err := a.live(ctx, c, engine.FactMember)
		return err == nil && live.Member.Present, err
	}
	return a.assignmentIs(ctx, c, ch)
}

// assignmentIs looks at the identity provider for the state that a change
// leads to.
func (w World) assignmentIs(ctx context.Context, c engine.Case, ch engine.Change) (bool, error) {
	provider := w.Systems.Pusher()
	if provider == nil {
		return false, errNoProvider
	}
	as, err := provider.Assignment(ctx, c.Member.Email)
	if err != nil {
		return false, err
	}
	switch ch.ID {
	case changeConvert:
		return as.Assigned && as.Scope == idp.ScopeUser, nil
	case changeUnassign:
		return !as.Assigned, nil
	case changeAssign:
		return as.Assigned, nil
	}
	return false, nil
}

func (a push) Run(ctx context.Context, c engine.Case, ch engine.Change, report func(engine.Progress)) (engine.Receipt, error) {
	if ch.Kind == engine.ChangeConsole {
		if err := a.awaitMember(ctx, c, clicksPatience, report); err != nil {
			return engine.Receipt{}, fmt.Errorf("watch Docker for %s: %w", c.Username, err)
		}
		return engine.Receipt{Status: "seen in Docker"}, nil
	}
	return a.sendIdP(ctx, ch.Call)
}

// sendIdP sends an approved call of the plan to the identity provider.
func (w World) sendIdP(ctx context.Context, c engine.Call) (engine.Receipt, error) {
	provider := w.Systems.Pusher()
	if provider == nil {
		return engine.Receipt{}, errNoProvider
	}
	return sent(provider.Send(ctx, transport.Call(c)))
}

func (w World) awaitMember(ctx context.Context, c engine.Case, patience time.Duration, report func(engine.Progress)) error {
	return w.poll(ctx, patience, c.Username+" to be back in Docker", report, func() (bool, error) {
		live, err := w.live(ctx, c, engine.FactMember)
		return err == nil && live.Member.Present, err
	})
}

func (a push) Verify(ctx context.Context, c engine.Case, report func(engine.Progress)) (engine.Check, error) {
	var live engine.Case
	err := a.poll(ctx, pushPatience, c.Username+" to be back with the right role and teams", report, func() (bool, error) {
		var err error
		live, err = a.live(ctx, c, engine.FactMember)
		return err == nil && live.Member.Present && !engine.Differs(live), err
	})
	evidence := a.log(ctx, c)
	switch {
	case errors.Is(err, errGaveUp) && !live.Member.Present:
		return engine.Check{
			Text:     "Docker does not list them yet. Look at the identity provider's log for the reason, and push again; their role and teams are in the snapshot.",
			Evidence: evidence,
		}, nil
	case errors.Is(err, errGaveUp):
		return engine.Check{Text: "They are back, but as " + roleAndTeams(live.Member.Role, live.Member.Teams) + ".", OK: true, Evidence: evidence}, nil
	case err != nil:
		return engine.Check{}, err
	}
	return engine.Check{
		OK: true, Text: "Docker lists them again as " + roleAndTeams(live.Member.Role, live.Member.Teams) + ".",
		Evidence: append(evidence, live.Evidence(engine.FactMember, roleAndTeams(live.Member.Role, live.Member.Teams))),
	}, nil
}

// log reads what the identity provider says that it did since the first change
// of this push. That it cannot be read proves nothing either way.
func (w World) log(ctx context.Context, c engine.Case) []engine.Evidence {
	provider := w.Systems.Pusher()
	if provider == nil {
		return nil
	}
	var since time.Time
	for _, r := range c.Receipts {
		if (r.Action == engine.ActionPush || r.Action == engine.ActionPushProfile) && (since.IsZero() || r.At.Before(since)) {
			since = r.At.Add(-time.Minute) // clocks differ
		}
	}
	if since.IsZero() {
		return nil
	}
	as, err := provider.Assignment(ctx, c.Member.Email)
	if err != nil || as.UserID == "" {
		return nil
	}
	events, err := provider.Events(ctx, as.UserID, since)
	if err != nil {
		return []engine.Evidence{{Text: "its log could not be read: " + err.Error(), Source: as.Provider, At: w.Now()}}
	}
	var out []engine.Evidence
	for _, e := range events {
		text := e.Type + ": " + e.Result
		if e.Reason != "" {
			text += " (" + e.Reason + ")"
		}
		out = append(out, engine.Evidence{Text: text, Source: as.Provider + " log", At: e.At})
	}
	return out
}
