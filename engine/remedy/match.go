package remedy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// match guides the owner through the identity provider's console, so that the SSO
// sign-in carries the values that SCIM sends.
type match struct{ World }

// ChangeAttributes is the ID of the change that a person makes to the attributes of the
// SSO sign-in.
const ChangeAttributes = "attributes"

func (match) ID() engine.ActionID { return engine.ActionMatch }

func (match) Offer(c engine.Case) engine.Availability {
	if !c.Sources[engine.FactExpectation].Known() {
		return engine.Availability{Reason: "what the identity provider sends is not known"}
	}
	return engine.Availability{}
}

// difference is an attribute whose value at the SSO sign-in differs from what SCIM
// sends, or cannot be compared with it.
type difference struct{ text, page string }

// unmatched lists the attributes that differ or cannot be read, each with the place
// where it is changed.
func unmatched(e engine.Expectation) (differs, unknown []difference) {
	for _, want := range []struct {
		name, sends string
		same        func(carried string) bool
	}{
		{"dockerRole", e.Role, func(carried string) bool {
			return strings.EqualFold(engine.Expectation{Role: carried}.WantedRole(), e.WantedRole())
		}},
		{"dockerTeam", strings.Join(e.Teams, ", "), func(carried string) bool {
			return engine.SameTeams(strings.Split(carried, ","), e.Teams)
		}},
		{"dockerOrg", e.Org, func(carried string) bool { return strings.EqualFold(carried, e.Org) }},
	} {
		carried, known := e.SSOValue(want.name)
		if want.name == "dockerOrg" && want.sends == "" && !known {
			continue // nobody has it to begin with
		}
		a := attribute(e, want.name)
		switch {
		case !known:
			unknown = append(unknown, difference{fmt.Sprintf("%s: SCIM sends %s; what sign-in carries could not be read. Compare it in %s", want.name, quoted(want.sends), a.Where), a.Page})
		case !want.same(carried):
			change := "Change"
			if a.Expression == "" {
				change = "Add"
			}
			differs = append(differs, difference{fmt.Sprintf("%s: SCIM sends %s, sign-in carries %s. %s it in %s", want.name, quoted(want.sends), quoted(carried), change, a.Where), a.Page})
		}
	}
	return differs, unknown
}

func quoted(value string) string {
	if value == "" {
		return "none"
	}
	return fmt.Sprintf("%q", value)
}

// attribute returns what is known about an attribute of the SSO sign-in.
func attribute(e engine.Expectation, name string) engine.Attribute {
	for _, a := range e.SSO {
		if strings.EqualFold(a.Name, name) && a.Where != "" {
			if a.Expression != "" {
				a.Where += " (expression " + a.Expression + ")"
			}
			return a
		}
	}
	return engine.Attribute{Where: "the attributes that " + e.Provider + " puts into its sign-in"}
}

func (a match) Plan(ctx context.Context, c engine.Case) (engine.Plan, error) {
	live, err := a.expected(ctx, c)
	if err != nil {
		return engine.Plan{}, err
	}
	differs, unknown := unmatched(live.Expected)
	p := engine.Plan{Action: a.ID(), Title: "Make sign-in carry what SCIM sends", Subject: c.Username}
	if len(differs)+len(unknown) == 0 {
		p.Nothing = "Sign-in already carries what SCIM sends; the values take effect when they sign in again."
		return p, nil
	}
	p.Notes = []string{
		"An attribute's expression belongs to the application: changing it concerns everybody who signs in through it. Changing the person's own value concerns only them.",
		"It takes effect when " + c.Username + " signs in to Docker through SSO again.",
	}
	var clicks []string
	page := ""
	if live.Expected.Stated {
		clicks = append(clicks, product(live).Match...)
	}
	for _, d := range slices.Concat(differs, unknown) {
		clicks = append(clicks, d.text)
		page = cmp.Or(page, d.page)
	}
	clicks = append(clicks, "Save, and ask "+c.Username+" to sign out of Docker and to sign in through SSO again")
	before := "sign-in differs from SCIM"
	if len(differs) == 0 {
		before = "what sign-in carries is not known"
	}
	p.Changes = []engine.Change{{
		ID: ChangeAttributes, Kind: engine.ChangeConsole, Title: "Change the SSO attributes", Target: live.Expected.Application,
		Before: before, After: "sign-in equals SCIM",
		Console: engine.Console{URL: page, Ways: [][]string{clicks}, Watch: watchAttributes(live.Expected, len(unknown) > 0)},
	}}
	return p, nil
}

// watchAttributes says what to watch for, "" if the tool cannot see when all is done.
func watchAttributes(e engine.Expectation, unknown bool) string {
	if e.Stated || unknown {
		return ""
	}
	return "equal values in the sign-in attributes of " + e.Application
}

// expected reads the expectation again, unless the owner stated it.
func (w World) expected(ctx context.Context, c engine.Case) (engine.Case, error) {
	if c.Expected.Stated {
		return c, nil
	}
	return w.live(ctx, c, engine.FactExpectation)
}

func (match) Guards(context.Context, engine.Case) ([]engine.Guard, error) { return nil, nil }

func (a match) Made(ctx context.Context, c engine.Case, _ engine.Change) (bool, error) {
	live, err := a.expected(ctx, c)
	differs, unknown := unmatched(live.Expected)
	return err == nil && len(differs)+len(unknown) == 0, err
}

func (a match) Run(ctx context.Context, c engine.Case, _ engine.Change, report func(engine.Progress)) (engine.Receipt, error) {
	err := a.poll(ctx, clicksTimeout, "the attributes to match", report, func() (bool, error) {
		if c.Expected.Stated {
			return false, nil // nothing can be read: the owner's word ends the wait
		}
		return a.Made(ctx, c, engine.Change{})
	})
	if err != nil {
		return engine.Receipt{}, fmt.Errorf("watch the SSO attributes: %w", err)
	}
	return engine.Receipt{Status: "seen in the identity provider"}, nil
}

func (a match) Verify(ctx context.Context, c engine.Case, _ func(engine.Progress)) (engine.Check, error) {
	live, err := a.expected(ctx, c)
	if err != nil {
		return engine.Check{}, err
	}
	differs, unknown := unmatched(live.Expected)
	if len(differs) > 0 {
		var texts []string
		for _, d := range differs {
			texts = append(texts, d.text)
		}
		return engine.Check{Text: "Sign-in still differs. " + strings.Join(texts, "; ")}, nil
	}
	text := "Sign-in carries what SCIM sends."
	if len(unknown) > 0 {
		text = "You say that the attributes match now; it could not be read."
	}
	text += " Docker shows it when " + c.Username + " has signed in through SSO again."
	return engine.Check{OK: true, Text: text}, nil
}

var errNoProvider = errors.New("no identity provider is signed in to")
