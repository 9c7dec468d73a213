package remedy_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/idp/okta"
	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/api/scim"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/observe"
	"github.com/seed-05b3d87e/reprovision/engine/remedy"
)

// clock is a time that passes when somebody sleeps.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Millisecond)
	return c.at
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	return ctx.Err()
}

// wiretap keeps every changing request as it left, body and all.
type wiretap struct {
	base http.RoundTripper

	mu    sync.Mutex
	calls []engine.Call // System is left empty: the wire does not know it
}

func (w *wiretap) RoundTrip(r *http.Request) (*http.Response, error) {
	exchange := strings.HasSuffix(r.URL.Path, "/v2/auth/token")
	if r.Method != http.MethodGet && r.Method != http.MethodHead && !exchange {
		call := engine.Call{Method: r.Method, URL: r.URL.String(), ContentType: r.Header.Get("Content-Type")}
		if r.Body != nil {
			raw, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			if err := r.Body.Close(); err != nil {
				return nil, err
			}
			r.Body = io.NopCloser(bytes.NewReader(raw))
			call.Body = string(raw)
		}
		w.mu.Lock()
		w.calls = append(w.calls, call)
		w.mu.Unlock()
	}
	return w.base.RoundTrip(r)
}

func (w *wiretap) sent() []engine.Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

// bench is a sandbox with real clients on it and the actions that work on both.
type bench struct {
	t       *testing.T
	box     *sandbox.Sandbox
	clock   *clock
	tap     *wiretap
	dryRun  bool
	matched bool                          // the owner has made sign-in carry what SCIM sends
	log     func([]idp.Event) []idp.Event // what the provider's log says in place of what it would; may be nil

	assign func(*idp.Assignment) // what the provider says besides; may be nil

	hub, own *hub.Client // own is the member's
	scim     *scim.Client
	okta     *okta.Client
	registry *registry.Client
	reader   *observe.Observer
	actions  map[engine.ActionID]engine.Action
}

func newBench(t *testing.T, username string, dryRun bool) *bench {
	t.Helper()
	b := &bench{t: t, dryRun: dryRun, clock: &clock{at: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}, actions: map[engine.ActionID]engine.Action{}}
	b.box = sandbox.New(sandbox.Options{Now: b.clock.now, AuditDelay: 2 * time.Second, PushDelay: 2 * time.Second, Fillers: -1})
	require.NoError(t, b.box.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, b.box.Close()) })
	wire := &http.Transport{}
	t.Cleanup(wire.CloseIdleConnections)
	b.tap = &wiretap{base: wire}
	at, cred := b.box.Addresses(), b.box.Credentials()
	o := transport.Options{ReadOnly: dryRun, Now: b.clock.now, Sleep: b.clock.sleep, Base: b.tap}
	text := func(s string) func() string { return func() string { return s } }
	var err error
	b.hub, err = hub.New(hub.Options{BaseURL: at.HubURL, Identifier: cred.HubIdentifier, Secret: text(cred.HubSecret), Transport: o})
	require.NoError(t, err)
	b.own, err = hub.New(hub.Options{BaseURL: at.HubURL, Identifier: username, Secret: text(cred.Members[username]), Transport: o})
	require.NoError(t, err)
	b.scim, err = scim.New(scim.Options{BaseURL: at.SCIMURL, Token: text(cred.SCIMToken), Transport: o})
	require.NoError(t, err)
	b.okta, err = okta.New(okta.Options{BaseURL: at.OktaURL, Token: text(cred.OktaToken), AppLabel: cred.OktaAppLabel, Transport: o})
	require.NoError(t, err)
	b.registry, err = registry.New(registry.Options{Host: at.RegistryHost, Transport: o})
	require.NoError(t, err)
	b.reader = &observe.Observer{Systems: b, Now: b.clock.now}
	for _, a := range remedy.Actions(remedy.World{Systems: b, Reader: b.reader, Now: b.clock.now, Sleep: b.clock.sleep}) {
		require.NotContains(t, b.actions, a.ID(), "two actions of one name")
		b.actions[a.ID()] = a
	}
	return b
}

// The bench is the systems of observe and of remedy.

func (b *bench) Session(context.Context) (engine.Session, error) {
	return engine.Session{User: "alex-kim", Systems: []engine.System{{ID: engine.SystemHub, Required: true, OK: true, Who: "acme"}}}, nil
}
func (b *bench) Hub() *hub.Client           { return b.hub }
func (b *bench) Member(string) *hub.Client  { return b.own }
func (b *bench) SCIM() *scim.Client         { return b.scim }
func (b *bench) IdP() observe.IdP           { return provider{b.okta, b} }
func (b *bench) Pusher() remedy.IdP         { return provider{b.okta, b} }
func (b *bench) Registry() *registry.Client { return b.registry }
func (b *bench) RegistryHost() string       { return b.box.Addresses().RegistryHost }
func (b *bench) Console() string            { return b.box.Addresses().ConsoleURL }

func (b *bench) OrgRegistry() registry.Credential {
	cred := b.box.Credentials()
	return registry.Credential{Username: cred.RegistryUser, Secret: func() string { return cred.RegistrySecret }}
}

func (b *bench) MemberRegistry(username string) registry.Credential {
	secret := b.box.Credentials().Members[username]
	return registry.Credential{Username: username, Secret: func() string { return secret }}
}

// provider is Okta with somebody at its console, who can change what sign-in
// carries.
type provider struct {
	*okta.Client
	bench *bench
}

func (p provider) Assignment(ctx context.Context, email string) (idp.Assignment, error) {
	a, err := p.Client.Assignment(ctx, email)
	if p.bench.assign != nil {
		p.bench.assign(&a)
	}
	if !p.bench.matched {
		return a, err
	}
	a.SSO = slices.Clone(a.SSO)
	for i, s := range a.SSO {
		switch s.Name {
		case "dockerRole":
			a.SSO[i].Value, a.SSO[i].Resolved = a.Role, true
		case "dockerTeam":
			a.SSO[i].Value, a.SSO[i].Resolved = strings.Join(a.Teams, ", "), true
		}
	}
	return a, err
}

func (p provider) Events(ctx context.Context, userID string, since time.Time) ([]idp.Event, error) {
	events, err := p.Client.Events(ctx, userID, since)
	if p.bench.log != nil {
		events = p.bench.log(events)
	}
	return events, err
}

// observed is the member's case with everything read and the questions
// answered as the sandbox's owner would.
func (b *bench) observed(username string) engine.Case {
	b.t.Helper()
	c := engine.Case{Org: "acme", Username: username, DryRun: b.dryRun}
	c = c.WithAnswer(engine.AskJIT, engine.Answer{Value: "on", At: b.clock.now()})
	return b.again(c)
}

func (b *bench) again(c engine.Case) engine.Case {
	b.t.Helper()
	c, err := b.reader.Observe(b.t.Context(), c, engine.Facts(), func(engine.Progress) {})
	require.NoError(b.t, err)
	return c
}

func silent(engine.Progress) {}

// approve lets exactly what the change says leave.
func approve(ctx context.Context, ch engine.Change) context.Context {
	var calls []transport.Call
	var uploads []string
	switch ch.Kind {
	case engine.ChangeRequest:
		calls = append(calls, transport.Call(ch.Call))
	case engine.ChangeCopy:
		uploads = append(uploads, ch.Copy.Uploads...)
	case engine.ChangeConsole:
	}
	return transport.Approve(ctx, calls, uploads)
}

// receipt makes a receipt as the runner does.
func receipt(p engine.Plan, ch engine.Change, r engine.Receipt) engine.Receipt {
	r.Action, r.Change, r.Plan, r.Title, r.Target = p.Action, ch.ID, p.Digest(), ch.Title, ch.Target
	return r
}

// carry plans an action, makes its changes and verifies them, all of which
// must go well.
func (b *bench) carry(c engine.Case, id engine.ActionID) engine.Case {
	b.t.Helper()
	a := b.actions[id]
	require.Empty(b.t, a.Offer(c).Reason)
	p, err := a.Plan(b.t.Context(), c)
	require.NoError(b.t, err)
	for _, ch := range p.Changes {
		r, err := a.Run(approve(b.t.Context(), ch), c, ch, silent)
		require.NoError(b.t, err)
		c = c.Clone()
		c.Receipts = append(c.Receipts, receipt(p, ch, r))
	}
	k, err := a.Verify(b.t.Context(), c, silent)
	require.NoError(b.t, err)
	require.True(b.t, k.OK, k.Text)
	return b.again(c.WithCheck(id, k))
}

// jitOff is what the owner does in Docker's console, and says.
func (b *bench) jitOff(c engine.Case) engine.Case {
	b.t.Helper()
	require.NoError(b.t, b.box.FlipJIT(b.t.Context(), false))
	require.NoError(b.t, b.clock.sleep(b.t.Context(), time.Minute))
	return b.again(c).WithAnswer(engine.AskJIT, engine.Answer{Value: "off", At: b.clock.now()})
}

func (b *bench) changing() []sandbox.Request {
	return slices.DeleteFunc(b.box.Requests(), func(r sandbox.Request) bool { return !r.Changing || r.System == "console" })
}

// settled is the world after whatever is under way has arrived.
func (b *bench) settled() string {
	b.t.Helper()
	require.NoError(b.t, b.clock.sleep(b.t.Context(), time.Minute))
	return string(b.box.State().JSON())
}
