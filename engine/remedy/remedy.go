// Package remedy implements the actions. Each changes one thing, and can plan,
// run and verify itself. A plan holds the exact calls that are sent; guards and
// results are read live through an observer.
package remedy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// Reader reads facts into a case. *observe.Observer implements it.
type Reader interface {
	Observe(context.Context, engine.Case, []engine.FactID, func(engine.Progress)) (engine.Case, error)
}

// IdP is an identity provider that can be told to push one person.
type IdP interface {
	// Assignment returns what would be sent for a person, and the ways in which
	// the person can be pushed.
	Assignment(ctx context.Context, email string) (idp.Assignment, error)
	Events(ctx context.Context, userID string, since time.Time) ([]idp.Event, error)
	// Resend returns the way that sends the values of a linked person again.
	Resend(idp.Assignment) idp.Way
	// Made reports whether a change of a way is in effect. It returns false, too,
	// if the provider cannot tell.
	Made(ctx context.Context, a idp.Assignment, change string) (bool, error)
	// Push sends an approved change.
	Push(context.Context, transport.Call) (idp.Result, error)
}

// Systems provides the clients of the session. The client of a system that
// nobody has signed in to is nil.
type Systems interface {
	Hub() *hub.Client
	Member(username string) *hub.Client // with the member's own credential
	Pusher() IdP
	Registry() *registry.Client
	RegistryHost() string
	OrgRegistry() registry.Credential
	MemberRegistry(username string) registry.Credential
	Console() string // the page where SSO settings are
}

// World holds what the actions need.
type World struct {
	Systems Systems
	Reader  Reader
	Now     func() time.Time
	Sleep   func(context.Context, time.Duration) error
	// Keep writes the manifest of a hand-over beside the journals and returns its
	// path. It may be nil.
	Keep func(engine.Case, []engine.ManifestEntry) (string, error)
}

// Actions returns every action.
func Actions(w World) []engine.Action {
	return []engine.Action{
		disableJIT{w},
		match{w},
		pushProfile{w},
		cancelInvites{w},
		handOver{w},
		remove{w},
		push{World: w},
		push{World: w, other: true},
		reinvite{w},
		undo{w},
	}
}

// The pauses of poll between two reads: the first, and the longest.
const (
	minPause = 500 * time.Millisecond
	maxPause = 10 * time.Second
)

// errTimeout means that poll reached its timeout.
var errTimeout = errors.New("it did not show in time")

// poll calls look with growing pauses until it reports success, ctx ends, or the timeout
// has passed. The window that shows the progress adds the elapsed time.
func (w World) poll(ctx context.Context, timeout time.Duration, what string, report func(engine.Progress), look func() (bool, error)) error {
	start, pause := w.Now(), minPause
	for {
		ok, err := look()
		if ok || (err != nil && !errors.Is(err, engine.ErrUnsettled)) {
			return err
		}
		if w.Now().Sub(start) >= timeout {
			return errTimeout
		}
		report(engine.Progress{Text: "waiting for " + what})
		if err := w.Sleep(ctx, pause); err != nil {
			return err
		}
		pause = min(pause*3/2, maxPause)
	}
}

// observe reads facts without reporting progress.
func (w World) observe(ctx context.Context, c engine.Case, facts ...engine.FactID) (engine.Case, error) {
	return w.Reader.Observe(ctx, c, facts, func(engine.Progress) {})
}

// request returns the change that sends one call.
func request(id, title, target, before, after string, call transport.Call) engine.Change {
	return engine.Change{
		ID: id, Kind: engine.ChangeRequest, Title: title, Target: target, Before: before, After: after, Call: engine.Call(call),
	}
}

func receiptOfResponse(r *transport.Response, err error) (engine.Receipt, error) {
	if err != nil {
		return engine.Receipt{}, err
	}
	return engine.Receipt{Status: fmt.Sprintf("HTTP %d", r.Status)}, nil
}

// sendHub sends an approved call of the plan to Docker Hub.
func (w World) sendHub(ctx context.Context, c engine.Call) (engine.Receipt, error) {
	client := w.Systems.Hub()
	if client == nil {
		return engine.Receipt{}, errors.New("not signed in to Docker Hub")
	}
	return receiptOfResponse(client.Send(ctx, transport.Call(c)))
}

// live reads facts that an action requires.
func (w World) live(ctx context.Context, c engine.Case, facts ...engine.FactID) (engine.Case, error) {
	c, err := w.observe(ctx, c, facts...)
	if err != nil {
		return c, err
	}
	for _, f := range facts {
		if m := c.Sources[f].Missing; m != "" {
			return c, fmt.Errorf("%s is not known: %s", f.Title(), m)
		}
	}
	return c, nil
}

func guard(id, text, seen string) engine.Guard { return engine.Guard{ID: id, Text: text, Seen: seen} }

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func roleAndTeams(role string, teams []string) string {
	if len(teams) == 0 {
		return role + ", no team"
	}
	return role + " on " + strings.Join(teams, ", ")
}
