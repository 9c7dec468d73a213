package remedy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/idp/manual"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// push makes the identity provider create the member in Docker again, in its safest way
// or in its other one.
type push struct {
	World

	other bool
}

// pushTimeout is how long provisioning may take to reach Docker.
const pushTimeout = 5 * time.Minute

func (a push) ID() engine.ActionID {
	if a.other {
		return engine.ActionPushOther
	}
	return engine.ActionPush
}

func (a push) Offer(c engine.Case) engine.Availability {
	return engine.Availability{Reason: engine.PushBlockers(c, a.other)}
}

// ChangeManual is the ID of the change that a person makes in the provider's console.
const ChangeManual = "manual"

func (a push) Plan(ctx context.Context, c engine.Case) (engine.Plan, error) {
	p := engine.Plan{Action: a.ID(), Title: "Push " + c.Username + " from " + c.Expected.Provider, Subject: c.Username}
	live, err := a.live(ctx, c, engine.FactMember)
	if err != nil {
		return p, err
	}
	c.Member = live.Member
	if err := a.changes(ctx, c, &p); err != nil {
		return p, err
	}
	if !slices.ContainsFunc(p.Changes, takes) {
		return p, nil
	}
	invites, err := a.pendingInvites(ctx, c)
	if err != nil {
		return p, err
	}
	if len(invites) > 0 {
		p.Changes = append(invites, p.Changes...)
		p.Notes = append(p.Notes, "A pending invite is cancelled first: accepted later, it would add its team to what SCIM decides.")
	}
	p.Guards, err = a.Guards(ctx, c)
	return p, err
}

// changes adds the changes of the way to the plan.
func (a push) changes(ctx context.Context, c engine.Case, p *engine.Plan) error {
	provider := a.Systems.Pusher()
	if provider == nil || c.Expected.Stated {
		p.Changes = []engine.Change{manualPush(c, "Provision "+c.Username+" in "+c.Expected.Provider, "Docker's member list, until they are in it")}
		return nil
	}
	as, err := provider.Assignment(ctx, c.Member.Email)
	if err != nil {
		return err
	}
	rest, owed := c.Remaining(a.ID()), c.Owed(a.ID())
	if c.Member.Present {
		rest = owed // no more is taken from somebody who is back
	}
	if len(owed) > 0 || len(rest) > 0 && !as.Assigned {
		// What was taken is gone and its values with it; the approved plan has them.
		p.Title, p.Changes = "Finish pushing "+c.Username+" from "+as.Provider, rest
		p.Notes = []string{"An earlier push was left half-way: something was taken from them, and these are the changes that are missing."}
		return nil
	}
	way, err := a.way(c, as)
	if err != nil {
		return err
	}
	p.Title += ": " + lowerFirst(way.Title)
	p.Changes, p.Notes = changesOf(way), way.Notes
	return nil
}

// way returns the way to take, if it would bring the member back as expected.
func (a push) way(c engine.Case, as idp.Assignment) (idp.Way, error) {
	n := 0
	if a.other {
		n = 1
	}
	if err := assigned(c, as); err != nil {
		return idp.Way{}, err
	}
	if n >= len(as.Ways) {
		return idp.Way{}, fmt.Errorf("%s has no other way to push %s", as.Provider, c.Member.Email)
	}
	way := as.Ways[n]
	revives := slices.ContainsFunc(way.Changes, func(ch idp.Change) bool { return ch.ID == idp.ChangeStart })
	if err := sends(c, as, revives); err != nil {
		return idp.Way{}, err
	}
	switch why := engine.Misdirected(c, as.Org, as.UserName); {
	case why != "":
		return idp.Way{}, fmt.Errorf("%s would send them elsewhere: %s", as.Provider, why)
	case !strings.EqualFold(as.Role, c.Expected.Role) || !slices.Equal(as.Teams, c.Expected.Teams):
		return idp.Way{}, fmt.Errorf("%s would now send %s, and no longer %s: look again", as.Provider,
			roleAndTeams(as.Role, as.Teams), roleAndTeams(c.Expected.Role, c.Expected.Teams))
	}
	return way, nil
}

// assigned returns an error if the provider does not assign the person to Docker.
func assigned(c engine.Case, as idp.Assignment) error {
	if as.Assigned {
		return nil
	}
	return fmt.Errorf("%s does not assign %s to %s: assign them there, then look again", as.Provider, c.Member.Email, as.App.Label)
}

// sends returns an error if the provider would send nothing about an assigned person.
// Provisioning that is off does not matter to a way that revives it.
func sends(c engine.Case, as idp.Assignment, revives bool) error {
	switch p := as.App.Provisioning; {
	case p.Known && p.Why != "" && !revives:
		return fmt.Errorf("%s would send nothing: %s", as.Provider, p.Why)
	case as.OutOf != "":
		return fmt.Errorf("%s would skip %s: %s", as.Provider, c.Member.Email, as.OutOf)
	}
	return nil
}

func changesOf(w idp.Way) []engine.Change {
	var out []engine.Change
	for _, ch := range w.Changes {
		x := request(ch.ID, ch.Title, ch.Target, ch.Before, ch.After, ch.Call)
		x.Restores = ch.Restores
		out = append(out, x)
	}
	return out
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// pendingInvites returns the changes that cancel the member's invites.
func (w World) pendingInvites(ctx context.Context, c engine.Case) ([]engine.Change, error) {
	if c.DryRun || w.Systems.Hub() == nil {
		return nil, nil
	}
	live, err := w.live(ctx, c, engine.FactInvites)
	if err != nil {
		return nil, err
	}
	var out []engine.Change
	for _, i := range live.Invites {
		out = append(out, cancelInvite(w.Systems.Hub(), i, "pending"))
	}
	return out, nil
}

// product returns the product that the owner named, or the generic one.
func product(c engine.Case) manual.Product {
	p, ok := manual.Find(c.Expected.Product)
	if !ok {
		p, _ = manual.Find(engine.OtherProduct)
	}
	return p
}

func manualPush(c engine.Case, title, watch string) engine.Change {
	return engine.Change{
		ID: ChangeManual, Kind: engine.ChangeConsole, Title: title, Target: c.Username,
		After:   roleAndTeams(c.Expected.WantedRole(), c.Expected.Teams),
		Console: engine.Console{URL: c.Expected.Console, Ways: [][]string{product(c).Push}, Watch: watch},
	}
}

// Guards reads only what the push itself does not change: that Docker has no membership
// which a deactivation could affect. In a dry run the membership still exists.
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

// GuardsOf implements engine.GuardsByChange. What was taken away is given back in any
// case: what else was given back may have made them a member by now.
func (a push) GuardsOf(ctx context.Context, c engine.Case, ch engine.Change) ([]engine.Guard, error) {
	if !takes(ch) {
		return nil, nil
	}
	return a.Guards(ctx, c)
}

// takes reports whether the change does more than to give back what another has taken.
func takes(ch engine.Change) bool { return ch.Restores == "" }

// Made asks the provider, or Docker if the provider cannot tell.
func (a push) Made(ctx context.Context, c engine.Case, ch engine.Change) (bool, error) {
	if strings.HasPrefix(ch.ID, changeInvite) {
		return cancelInvites{a.World}.Made(ctx, c, ch)
	}
	if ch.ID == ChangeManual {
		live, err := a.live(ctx, c, engine.FactMember)
		return err == nil && live.Member.Present, err
	}
	provider := a.Systems.Pusher()
	if provider == nil {
		return false, errNoProvider
	}
	as, err := provider.Assignment(ctx, c.Member.Email)
	if err != nil {
		return false, err
	}
	made, err := provider.Made(ctx, as, ch.ID)
	if err != nil || made || !idp.Creates(ch.ID) || ch.Restores != "" {
		return made, err // that Docker lists them does not show that all was given back
	}
	live, err := a.live(ctx, c, engine.FactMember)
	return err == nil && live.Member.Present, err
}

func (a push) Run(ctx context.Context, c engine.Case, ch engine.Change, report func(engine.Progress)) (engine.Receipt, error) {
	switch {
	case ch.Kind == engine.ChangeConsole:
		if err := a.awaitMember(ctx, c, clicksTimeout, report); err != nil {
			return engine.Receipt{}, fmt.Errorf("watch Docker for %s: %w", c.Username, err)
		}
		return engine.Receipt{Status: "seen in Docker"}, nil
	case strings.HasPrefix(ch.ID, changeInvite):
		return a.sendHub(ctx, ch.Call)
	}
	return a.sendIdP(ctx, ch.Call)
}

// sendIdP sends an approved call of the plan to the identity provider.
func (w World) sendIdP(ctx context.Context, c engine.Call) (engine.Receipt, error) {
	provider := w.Systems.Pusher()
	if provider == nil {
		return engine.Receipt{}, errNoProvider
	}
	result, err := provider.Push(ctx, transport.Call(c))
	if err != nil {
		return engine.Receipt{}, err
	}
	return engine.Receipt{Status: result.Status, Note: result.Note}, nil
}

func (w World) awaitMember(ctx context.Context, c engine.Case, timeout time.Duration, report func(engine.Progress)) error {
	return w.poll(ctx, timeout, c.Username+" to be back in Docker", report, func() (bool, error) {
		live, err := w.live(ctx, c, engine.FactMember)
		return err == nil && live.Member.Present, err
	})
}

// timeout returns how long the way taken may need.
func (a push) timeout(c engine.Case) time.Duration {
	if a.other && len(c.Expected.Ways) > 1 {
		return max(pushTimeout, c.Expected.Ways[1].Takes)
	}
	return pushTimeout
}

func (a push) Verify(ctx context.Context, c engine.Case, report func(engine.Progress)) (engine.Check, error) {
	var live engine.Case
	var said idp.Event // the newest of the provider's log, as long as they are out
	log := a.pushLog(c, a.ID())
	err := a.poll(ctx, a.timeout(c), c.Username+" to be back with the right role and teams", report, func() (bool, error) {
		var err error
		live, err = a.live(ctx, c, engine.FactMember)
		if err != nil || (live.Member.Present && !engine.Differs(live)) {
			return err == nil, err
		}
		if !live.Member.Present {
			said = log.newest(ctx)
		}
		return said.Failed(), nil // no use in waiting longer
	})
	gaveUp := errors.Is(err, errTimeout)
	if err != nil && !gaveUp {
		return engine.Check{}, err
	}
	evidence := log.evidence(ctx, a.Now())
	if !live.Member.Present {
		return engine.Check{Text: stillOut(c, said), Evidence: evidence}, nil
	}
	shown := roleAndTeams(live.Member.Role, live.Member.Teams)
	evidence = append(evidence, live.Evidence(engine.FactMember, shown))
	if said = log.newest(ctx); said.Failed() {
		return engine.Check{
			Text: "Docker lists them as " + shown + ", and yet " + c.Expected.Provider + " says that its push failed: " + strings.TrimSuffix(said.Reason, ".") +
				". They may have come back in another way, which SCIM does not manage: look before you rely on it. " + idp.Advise(said.Reason),
			Evidence: evidence,
		}, nil
	}
	if gaveUp {
		return engine.Check{Text: "They are back, but as " + shown + ".", OK: true, Evidence: evidence}, nil
	}
	return engine.Check{OK: true, Text: "Docker lists them again as " + shown + ".", Evidence: evidence}, nil
}

// stillOut describes a member whom Docker does not list, by the newest entry of the
// provider's log.
func stillOut(c engine.Case, said idp.Event) string {
	const kept = " Their role and teams are in the snapshot."
	switch {
	case said.Failed():
		return notSent(c, said)
	case said.Succeeded():
		return c.Expected.Provider + " says that it has sent them, and Docker does not list them yet. Look again in a minute; if they stay away, push again." + kept
	case said.Type != "":
		return c.Expected.Provider + " has not sent them: its log says " + strings.ToLower(said.Result) + reasonOf(said) + ". " + idp.Advise(said.Reason) + kept
	}
	return "Docker does not list them yet, and the identity provider's log, which can be minutes late, does not say why. Look again in a while, or push again." + kept
}

func notSent(c engine.Case, said idp.Event) string {
	return c.Expected.Provider + " could not provision them" + reasonOf(said) + ". " + idp.Advise(said.Reason)
}

func reasonOf(e idp.Event) string {
	if e.Reason == "" {
		return ""
	}
	return ": " + strings.TrimSuffix(e.Reason, ".")
}
