package observe_test

import (
	"context"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/idp/okta"
	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/api/scim"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/observe"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func now() time.Time { return noon }

// forgetful is a server that does not know some parameters of a query.
type forgetful struct {
	base   http.RoundTripper
	ignore []string
}

func (f *forgetful) RoundTrip(r *http.Request) (*http.Response, error) {
	query := r.URL.Query()
	for _, name := range f.ignore {
		query.Del(name)
	}
	r = r.Clone(r.Context())
	r.URL.RawQuery = query.Encode()
	return f.base.RoundTrip(r)
}

// unreachable is a network on which nobody listens.
type unreachable struct{}

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
}

// bench is an observer on a sandbox. Clients that are taken away are nil.
type bench struct {
	t         *testing.T
	box       *sandbox.Sandbox
	wire      *forgetful
	transport transport.Options
	hub       *hub.Client
	scim      *scim.Client
	idp       observe.IdP
	own       *hub.Client
	reader    *observe.Observer

	registry *registry.Client
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, box: sandbox.New(sandbox.Options{Now: now, Fillers: 3})}
	require.NoError(t, b.box.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, b.box.Close()) })
	base := &http.Transport{}
	t.Cleanup(base.CloseIdleConnections)
	b.wire = &forgetful{base: base}
	at, cred := b.box.Addresses(), b.box.Credentials()
	b.transport = transport.Options{
		ReadOnly: true, Now: now, Base: b.wire, Attempts: 2,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	b.hub = b.hubAs(cred.HubIdentifier, cred.HubSecret)
	var err error
	b.scim, err = scim.New(scim.Options{BaseURL: at.SCIMURL, Token: text(cred.SCIMToken), Transport: b.transport})
	require.NoError(t, err)
	b.idp = b.oktaAt(at.OktaURL)
	b.registry, err = registry.New(registry.Options{Host: at.RegistryHost, Transport: b.transport})
	require.NoError(t, err)
	b.reader = &observe.Observer{Systems: b, Now: now}
	return b
}

func text(s string) func() string { return func() string { return s } }

func (b *bench) hubAs(identifier, secret string) *hub.Client {
	b.t.Helper()
	c, err := hub.New(hub.Options{BaseURL: b.box.Addresses().HubURL, Identifier: identifier, Secret: text(secret), Transport: b.transport})
	require.NoError(b.t, err)
	return c
}

func (b *bench) oktaAt(address string) observe.IdP {
	b.t.Helper()
	cred := b.box.Credentials()
	c, err := okta.New(okta.Options{BaseURL: address, Token: text(cred.OktaToken), AppLabel: cred.OktaAppLabel, Transport: b.transport})
	require.NoError(b.t, err)
	return c
}

func (b *bench) Session(context.Context) (engine.Session, error) {
	return engine.Session{User: "alex-kim", Systems: []engine.System{{ID: engine.SystemHub, Title: "Docker Hub", OK: true}, {Title: "Okta"}}}, nil
}
func (b *bench) Hub() *hub.Client          { return b.hub }
func (b *bench) SCIM() *scim.Client        { return b.scim }
func (b *bench) IdP() observe.IdP          { return b.idp }
func (b *bench) Member(string) *hub.Client { return b.own }

func (b *bench) Registry() *registry.Client { return b.registry }
func (b *bench) RegistryHost() string       { return b.box.Addresses().RegistryHost }

func (b *bench) OrgRegistry() registry.Credential {
	cred := b.box.Credentials()
	return registry.Credential{Username: cred.RegistryUser, Secret: text(cred.RegistrySecret)}
}

func (b *bench) MemberRegistry(username string) registry.Credential {
	if b.own == nil {
		return b.OrgRegistry()
	}
	return registry.Credential{Username: username, Secret: text(b.box.Credentials().Members[username])}
}

func (b *bench) observe(c engine.Case, facts ...engine.FactID) engine.Case {
	b.t.Helper()
	c, err := b.reader.Observe(b.t.Context(), c, facts, silent)
	require.NoError(b.t, err)
	return c
}

func silent(engine.Progress) {}

func of(username string) engine.Case { return engine.Case{Org: "acme", Username: username} }
