package remedy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// pushProfile makes the identity provider send the values of a SCIM-managed member
// again.
type pushProfile struct{ World }

// profileTimeout is how long an update may take to show.
const profileTimeout = 3 * time.Minute

func (pushProfile) ID() engine.ActionID { return engine.ActionPushProfile }

func (pushProfile) Offer(c engine.Case) engine.Availability {
	switch {
	case !c.Sources[engine.FactExpectation].Known():
		return engine.Availability{Reason: "what the identity provider sends is not known"}
	case !c.Expected.Stated && !c.Expected.Assigned:
		return engine.Availability{Reason: "the identity provider does not assign them to " + c.Expected.Application}
	}
	return engine.Availability{}
}

func (a pushProfile) Plan(ctx context.Context, c engine.Case) (engine.Plan, error) {
	p := engine.Plan{Action: a.ID(), Title: "Send the profile of " + c.Username + " again", Subject: c.Username}
	var err error
	if p.Guards, err = a.Guards(ctx, c); err != nil {
		return p, err
	}
	live, err := a.live(ctx, c, engine.FactMember)
	if err != nil {
		return p, err
	}
	before := roleAndTeams(live.Member.Role, live.Member.Teams)
	provider := a.Systems.Pusher()
	if provider == nil || c.Expected.Stated {
		ch := manualPush(c, "Send the profile of "+c.Username+" from "+c.Expected.Provider, "Docker's member list, until it shows the values")
		ch.Before = before
		p.Changes = []engine.Change{ch}
		return p, nil
	}
	as, err := provider.Assignment(ctx, c.Member.Email)
	if err != nil {
		return p, err
	}
	if err := assigned(c, as); err != nil {
		return p, err
	}
	if err := sends(c, as, false); err != nil {
		return p, err
	}
	way := provider.Resend(as)
	p.Changes, p.Notes = changesOf(way), way.Notes
	for i := range p.Changes {
		p.Changes[i].Before = before
	}
	return p, nil
}

func (a pushProfile) Guards(ctx context.Context, c engine.Case) ([]engine.Guard, error) {
	live, err := a.live(ctx, c, engine.FactMember)
	if err != nil {
		return nil, err
	}
	return []engine.Guard{guard("member", c.Username+" is a member of "+c.Org, yesNo(live.Member.Present))}, nil
}

// Made compares what Docker shows, because sending the same profile twice leaves no
// other trace.
func (a pushProfile) Made(ctx context.Context, c engine.Case, _ engine.Change) (bool, error) {
	live, err := a.live(ctx, c, engine.FactMember)
	return err == nil && live.Member.Present && !engine.Differs(live), err
}

func (a pushProfile) Run(ctx context.Context, c engine.Case, ch engine.Change, report func(engine.Progress)) (engine.Receipt, error) {
	if ch.Kind != engine.ChangeConsole {
		return a.sendIdP(ctx, ch.Call)
	}
	if err := a.await(ctx, c, clicksTimeout, report); err != nil {
		return engine.Receipt{}, fmt.Errorf("watch Docker for the values: %w", err)
	}
	return engine.Receipt{Status: "seen in Docker"}, nil
}

func (a pushProfile) await(ctx context.Context, c engine.Case, timeout time.Duration, report func(engine.Progress)) error {
	return a.poll(ctx, timeout, "Docker to show the values", report, func() (bool, error) {
		return a.Made(ctx, c, engine.Change{})
	})
}

func (a pushProfile) Verify(ctx context.Context, c engine.Case, report func(engine.Progress)) (engine.Check, error) {
	err := a.await(ctx, c, profileTimeout, report)
	log := a.pushLog(c, a.ID())
	evidence := log.evidence(ctx, a.Now())
	switch {
	case errors.Is(err, errTimeout):
		text := "Docker does not show the values yet. Look at the identity provider's log, or look again later."
		switch said := log.newest(ctx); {
		case said.Failed():
			text = notSent(c, said)
		case said.Succeeded():
			text = c.Expected.Provider + " says that it has sent the values, and Docker does not show them yet. Look again in a minute; if it stays so, diagnose again: a sign-in may have overwritten them, or SCIM does not manage this account."
		}
		return engine.Check{Text: text, Evidence: evidence}, nil
	case err != nil:
		return engine.Check{}, err
	}
	return engine.Check{OK: true, Text: "Docker shows " + roleAndTeams(c.Expected.WantedRole(), c.Expected.Teams) + ".", Evidence: evidence}, nil
}
