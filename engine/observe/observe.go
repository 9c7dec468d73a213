// Package observe fills a case from the foreign systems. It is the only reader:
// one function reads each fact and records its source and time or, if the fact
// could not be read, the reason.
package observe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/scim"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// IdP reads from an identity provider.
type IdP interface {
	Assignment(ctx context.Context, email string) (idp.Assignment, error)
}

// Systems provides the clients of the session. The client of a system that nobody has
// signed in to is nil.
type Systems interface {
	Session(context.Context) (engine.Session, error)
	Hub() *hub.Client
	SCIM() *scim.Client
	IdP() IdP
	Member(username string) *hub.Client // the member's own

	Registry() *registry.Client
	RegistryHost() string
	OrgRegistry() registry.Credential
	MemberRegistry(username string) registry.Credential
}

// Observer reads facts.
type Observer struct {
	Systems Systems
	Now     func() time.Time
	// Handed returns the member's own hand-over, if an owner has imported its
	// manifest. It may be nil.
	Handed func(org, member string) (engine.HandOverDone, bool, error)
}

// ErrNotSignedIn says that Docker Hub has no credential yet.
var ErrNotSignedIn = errors.New("not signed in to Docker Hub")

// ErrMember marks errors of requests made with the member's own credential.
var ErrMember = errors.New("with the member's own credential")

// Observe reads the facts in order and returns the case with them. A fact that the walk
// can do without is marked missing if it cannot be read; any other failure, or the end of
// ctx, is an error.
func (o *Observer) Observe(ctx context.Context, c engine.Case, facts []engine.FactID, report func(engine.Progress)) (engine.Case, error) {
	c = c.Clone()
	for _, id := range facts {
		report(engine.Progress{Fact: id, Text: "reading " + id.Title()})
		name, err := o.read(ctx, &c, id, report)
		at := o.Now()
		switch {
		case ctx.Err() != nil:
			return c, fmt.Errorf("read %s: %w", id.Title(), ctx.Err())
		case err == nil:
			c = c.WithSource(id, engine.Source{Name: name, At: at})
		case optional(id) && !refused(c, err):
			c = c.WithSource(id, engine.Source{Name: name, At: at, Missing: err.Error()})
		default:
			return c, fmt.Errorf("read %s: %w", id.Title(), err)
		}
		report(engine.Progress{Fact: id, Read: true, Text: o.summary(c, id)})
	}
	return c, nil
}

// refused reports whether err means that a system no longer accepts its credential, and
// the owner has not chosen to continue without that system. That is an error even for an
// optional fact, because the system was readable before.
func refused(c engine.Case, err error) bool {
	var wire *transport.Error
	return errors.Is(err, transport.ErrUnauthorized) && errors.As(err, &wire) && !slices.Contains(c.Without, engine.SystemID(wire.System))
}

// optional reports whether the walk can continue without a fact: it then asks the owner,
// or refuses a later step for lack of it.
func optional(id engine.FactID) bool {
	switch id {
	case engine.FactAudit, engine.FactSCIM, engine.FactSCIMUser, engine.FactExpectation:
		return true
	case engine.FactSession, engine.FactRoster, engine.FactMember, engine.FactInvites, engine.FactRepositories, engine.FactSnapshot:
	}
	return false
}

func (o *Observer) read(ctx context.Context, c *engine.Case, id engine.FactID, report func(engine.Progress)) (source string, err error) {
	if id == engine.FactSession {
		c.Session, err = o.Systems.Session(ctx)
		return "sign-in", err
	}
	if id == engine.FactSCIM || id == engine.FactSCIMUser {
		return "Docker SCIM", o.scim(ctx, c, id)
	}
	if id == engine.FactExpectation {
		return o.expectation(ctx, c)
	}
	client := o.Systems.Hub()
	if client == nil {
		return "Docker Hub", ErrNotSignedIn
	}
	switch id {
	case engine.FactRoster:
		return "Docker Hub, member list", roster(ctx, client, c, report)
	case engine.FactMember:
		return "Docker Hub, member list", member(ctx, client, c)
	case engine.FactInvites:
		return "Docker Hub, invites", invites(ctx, client, c)
	case engine.FactAudit:
		return "Docker Hub, audit log", audit(ctx, client, c, o.Now())
	case engine.FactRepositories:
		return o.repositories(ctx, client, c, report)
	case engine.FactSnapshot:
		o.snapshot(c)
		return "Docker Hub, member list and invites", nil
	case engine.FactSession, engine.FactSCIM, engine.FactSCIMUser, engine.FactExpectation:
	}
	return "", fmt.Errorf("no reader for %q", id)
}

func (o *Observer) scim(ctx context.Context, c *engine.Case, id engine.FactID) error {
	client := o.Systems.SCIM()
	if client == nil {
		if id == engine.FactSCIM {
			c.SCIM = engine.SCIMService{}
		} else {
			c.SCIMUser = engine.SCIMUser{}
		}
		return errors.New("not signed in to SCIM")
	}
	if id == engine.FactSCIM {
		c.SCIM = engine.SCIMService{}
		if _, err := client.Prove(ctx); err != nil {
			return err
		}
		c.SCIM = engine.SCIMService{Proven: true, Detail: "answers and takes our token"}
		return nil
	}
	c.SCIMUser = engine.SCIMUser{}
	if c.Member.Email == "" {
		return errors.New("the member's address is not known")
	}
	u, err := client.UserByName(ctx, c.Member.Email)
	if err != nil || u == nil {
		return err
	}
	c.SCIMUser = engine.SCIMUser{
		Found: true, ID: u.ID, UserName: u.UserName, DockerID: u.DisplayName, Active: !u.Deactivated(),
		GivenName: u.Name.GivenName, LastName: u.Name.FamilyName,
		Created: u.Meta.Created.Time, Modified: u.Meta.LastModified.Time,
	}
	return nil
}

func (o *Observer) expectation(ctx context.Context, c *engine.Case) (string, error) {
	provider := o.Systems.IdP()
	if provider == nil {
		if c.Expected.Stated {
			return "the owner's word", nil
		}
		return "identity provider", errors.New("not signed in to an identity provider")
	}
	c.Expected = engine.Expectation{}
	if c.Member.Email == "" {
		return "identity provider", errors.New("the member's address is not known")
	}
	a, err := provider.Assignment(ctx, c.Member.Email)
	if err != nil {
		return "identity provider", err
	}
	c.Expected = Expectation(a)
	return a.Provider, nil
}

// Expectation converts an assignment.
func Expectation(a idp.Assignment) engine.Expectation {
	e := engine.Expectation{
		Provider: a.Provider, Application: a.App.Label, Console: a.App.ConsoleURL, Assigned: a.Assigned, Scope: string(a.Scope),
		ExternalID: a.ExternalID, SyncState: a.SyncState, LastSync: a.LastSync, SyncErrors: a.Errors, LinkUnread: a.LinkUnread,
		ProvisioningWhy: a.App.Provisioning.Why, OutOf: a.OutOf,
		UserName: a.UserName, GivenName: a.GivenName, LastName: a.FamilyName, Role: strings.ToLower(a.Role), Org: a.Org, Teams: a.Teams,
	}
	if a.Failure != "" {
		e.SyncAdvice = idp.Advise(a.Failure)
	}
	if a.App.Provisioning.Known {
		e.Provisioning = engine.SwitchOff
		if a.App.Provisioning.Enabled && a.App.Provisioning.Create {
			e.Provisioning = engine.SwitchOn
		}
	}
	for _, g := range a.Groups {
		e.Groups = append(e.Groups, g.Name)
		for _, app := range g.OtherApps {
			e.SideEffects = append(e.SideEffects, g.Name+" also grants "+app)
		}
	}
	for _, w := range a.Ways {
		revives := slices.ContainsFunc(w.Changes, func(ch idp.Change) bool { return ch.ID == idp.ChangeStart })
		e.Ways = append(e.Ways, engine.PushWay{Title: w.Title, Why: w.Why, Takes: w.Takes, Revives: revives})
	}
	for _, s := range a.SSO {
		e.SSO = append(e.SSO, engine.Attribute{Name: s.Name, Expression: s.Expression, Value: s.Value, Resolved: s.Resolved, Where: s.Where, Page: s.Page})
	}
	return e
}

func (o *Observer) snapshot(c *engine.Case) {
	if !c.Member.Present || c.Snapshot.Taken && !c.Removed().IsZero() {
		return // keep the state from before the removal
	}
	c.Snapshot = engine.Snapshot{
		Taken: true, At: o.Now(), Role: c.Member.Role, Teams: c.Member.Teams,
		Email: c.Member.Email, Invites: c.Snapshot.Invites,
	}
}

func notFound(err error) bool { return errors.Is(err, transport.ErrNotFound) }
