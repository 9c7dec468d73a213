package remedy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// disableJIT guides the owner through the console, because no API changes an
// SSO connection, and watches the audit log for the toggle.
type disableJIT struct{ World }

// How long to wait for the owner's clicks, and how late the log may be.
const (
	clicksTimeout = 15 * time.Minute
	logTimeout    = 20 * time.Second
)

func (disableJIT) ID() engine.ActionID { return engine.ActionDisableJIT }

func (disableJIT) Offer(c engine.Case) engine.Availability {
	if !c.SCIM.Proven {
		return engine.Availability{Reason: "SCIM has not been seen to answer: with JIT off and no SCIM, nobody new could come in. Sign in to SCIM first"}
	}
	return engine.Availability{}
}

func (a disableJIT) Plan(ctx context.Context, c engine.Case) (engine.Plan, error) {
	guards, err := a.Guards(ctx, c)
	if err != nil {
		return engine.Plan{}, err
	}
	return engine.Plan{
		Action: a.ID(), Title: "Disable Just-in-Time provisioning of " + c.Org, Subject: c.Org, Guards: guards,
		Changes: []engine.Change{{
			ID: "toggle", Kind: engine.ChangeConsole, Title: "Switch JIT off in Docker's console", Target: c.Org, Before: "JIT on", After: "JIT off",
			Console: engine.Console{
				URL: a.Systems.Console(),
				Ways: [][]string{
					{"Open Docker Home and choose the organization (or its company, if it belongs to one)", "Identity & auth > SSO and SCIM", "In the table of SSO connections: Actions > Disable JIT provisioning", "Disable"},
					{"Admin Console > SSO and SCIM", "In the table of SSO connections: Actions > Edit", "Turn Just-in-Time provisioning off", "Save"},
				},
				Watch: "the event \"Toggle JIT provisioning\" in the organization's audit log",
			},
		}},
		Notes: []string{
			"It affects everybody on this SSO connection: from then on, whoever is neither a member nor invited is refused at sign-in.",
			"It can be switched on again in the same place.",
		},
	}, nil
}

func (a disableJIT) Guards(ctx context.Context, c engine.Case) ([]engine.Guard, error) {
	live, err := a.live(ctx, c, engine.FactSCIM)
	if err != nil {
		return nil, err
	}
	return []engine.Guard{guard("scim", "Docker's SCIM service answers", yesNo(live.SCIM.Proven))}, nil
}

func (a disableJIT) Made(ctx context.Context, c engine.Case, _ engine.Change) (bool, error) {
	_, ok, err := a.toggled(ctx, c)
	return ok, err
}

// toggled looks for a JIT toggle newer than those in the case.
func (a disableJIT) toggled(ctx context.Context, c engine.Case) (engine.AuditEvent, bool, error) {
	if !c.Sources[engine.FactAudit].Known() {
		// Old and new entries of the log cannot be told apart.
		return engine.AuditEvent{}, false, errNoBaseline
	}
	live, err := a.live(ctx, c, engine.FactAudit)
	if err != nil {
		return engine.AuditEvent{}, false, err
	}
	if len(live.Audit.JIT) == 0 || live.Audit.LastToggle() == c.Audit.LastToggle() {
		return engine.AuditEvent{}, false, nil
	}
	return live.Audit.JIT[0], true, nil
}

var errNoBaseline = errors.New("the audit log could not be read before, so a toggle in it now proves nothing")

// await waits until the log shows the toggle. If the audit log cannot be read, await
// does not fail: then only the owner can end the wait.
func (a disableJIT) await(ctx context.Context, c engine.Case, timeout time.Duration, report func(engine.Progress)) (engine.AuditEvent, error) {
	var seen engine.AuditEvent
	err := a.poll(ctx, timeout, "the toggle in the audit log", report, func() (bool, error) {
		e, ok, err := a.toggled(ctx, c)
		if err != nil && ctx.Err() == nil {
			report(engine.Progress{Text: "the audit log cannot be read now: " + err.Error()})
			return false, nil
		}
		seen = e
		return ok, err
	})
	return seen, err
}

func (a disableJIT) Run(ctx context.Context, c engine.Case, _ engine.Change, report func(engine.Progress)) (engine.Receipt, error) {
	e, err := a.await(ctx, c, clicksTimeout, report)
	if err != nil {
		return engine.Receipt{}, fmt.Errorf("watch the audit log for the JIT toggle: %w", err)
	}
	return engine.Receipt{Status: "seen in the audit log", Note: eventText(e)}, nil
}

func (a disableJIT) Verify(ctx context.Context, c engine.Case, report func(engine.Progress)) (engine.Check, error) {
	e, err := a.await(ctx, c, logTimeout, report)
	switch {
	case errors.Is(err, errTimeout):
		return engine.Check{Text: "The audit log shows no toggle yet. It may be late; what you saw in the console is asked next."}, nil
	case err != nil:
		return engine.Check{}, err
	}
	return engine.Check{
		OK: true, Text: "The audit log shows that the switch was used. It does not say in which position it was left; that is asked next.",
		Evidence: []engine.Evidence{{Text: eventText(e), Fact: engine.FactAudit, Source: "Docker Hub, audit log", At: e.At}},
	}, nil
}

func eventText(e engine.AuditEvent) string {
	text := fmt.Sprintf("%s by %s", e.Label, e.Actor)
	if e.Description != "" {
		text += ": " + e.Description
	}
	return text
}
