package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/idp/entra"
	"github.com/seed-05b3d87e/reprovision/api/idp/okta"
	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/scim"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/observe"
	"github.com/seed-05b3d87e/reprovision/engine/remedy"
)

// places says where the systems are. The zero value is the real world.
type places struct {
	Hub      string // "" means Docker Hub
	SCIM     string
	Registry string // host of the registry
	Console  string
}

const (
	dockerRegistry = "index.docker.io"
	dockerConsole  = "https://app.docker.com"
)

// systems holds the clients of a session: made from credentials, proven, and
// replaced when somebody signs in again.
type systems struct {
	at       places
	operator string // Docker ID of whoever runs the tool, if it is known
	options  transport.Options
	keep     func(context.Context, engine.Credential) error // stores an accepted credential; may be nil
	load     func(context.Context) error                    // gathers what is stored, before the first proof; may be nil
	person   person

	mu          sync.Mutex
	credentials map[engine.SystemID]engine.Credential
	proven      map[engine.SystemID]bool
	problems    map[engine.SystemID]string
	found       map[engine.SystemID][]engine.Right // where it was tried
	doubts      map[engine.SystemID]*doubt         // sign-ins for which an application has to be chosen
	hub         *hub.Client
	scim        *scim.Client
	okta        *okta.Client
	entra       *entra.Client
	registry    *registry.Client
	members     map[string]member
}

// member is the client of a member's own credential, which lives as long as
// the walk.
type member struct {
	hub        *hub.Client
	credential engine.Credential
}

func newSystems(at places, operator string, options transport.Options, credentials ...engine.Credential) (*systems, error) {
	if at.Registry == "" {
		at.Registry = dockerRegistry
	}
	if at.Console == "" {
		at.Console = dockerConsole
	}
	s := &systems{
		at: at, operator: operator, options: options,
		credentials: map[engine.SystemID]engine.Credential{}, proven: map[engine.SystemID]bool{},
		problems: map[engine.SystemID]string{}, found: map[engine.SystemID][]engine.Right{}, doubts: map[engine.SystemID]*doubt{}, members: map[string]member{},
	}
	for _, c := range credentials {
		s.credentials[c.System] = c
	}
	if err := s.moveRegistry(at.Registry); err != nil {
		return nil, err
	}
	return s, nil
}

// moveRegistry makes the client of the registry at a host. The caller holds the
// mutex, or is alone.
func (s *systems) moveRegistry(host string) error {
	client, err := registry.New(registry.Options{Host: host, Transport: s.options})
	if err != nil {
		return fmt.Errorf("set up the registry client: %w", err)
	}
	s.at.Registry, s.registry = host, client
	return nil
}

var systemTitles = map[engine.SystemID]string{
	engine.SystemHub: "Docker Hub", engine.SystemSCIM: "Docker SCIM", engine.SystemOkta: "Okta", engine.SystemEntra: "Microsoft Entra ID",
	engine.SystemRegistry: "Docker registry",
}

// Session proves every credential that has not been proven yet, with reading
// calls only, and tells how each system stands.
func (s *systems) Session(ctx context.Context) (engine.Session, error) {
	if s.load != nil {
		if err := s.load(ctx); err != nil {
			return engine.Session{}, err
		}
	}
	for _, id := range []engine.SystemID{engine.SystemHub, engine.SystemSCIM, engine.SystemOkta, engine.SystemEntra} {
		s.mu.Lock()
		cred, have := s.credentials[id]
		done := s.proven[id] || s.problems[id] != ""
		s.mu.Unlock()
		if !have || done {
			continue
		}
		if err := s.prove(ctx, cred); err != nil {
			if ctx.Err() != nil {
				return engine.Session{}, ctx.Err()
			}
			s.note(id, err)
		}
	}
	return s.session(), nil
}

// note keeps why a system is not signed in to, in words.
func (s *systems) note(id engine.SystemID, err error) {
	p := explain(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems[id] = p.Title + ". " + p.Advice + " (" + p.Detail + ")"
}

func (s *systems) session() engine.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := engine.Session{User: s.operator}
	for _, id := range s.listed() {
		cred := s.credentials[id]
		x := engine.System{
			ID: id, Title: systemTitles[id], Host: hostOf(cred), Who: asWhom(cred),
			Required: id == engine.SystemHub, OK: s.proven[id], Problem: s.problems[id], Rights: s.found[id],
		}
		x.Given = cred
		x.Given.Secret = engine.Secret{}
		if d := s.doubts[id]; d != nil && !x.OK {
			x.Host, x.Apps = d.credential.Host, d.apps
		}
		out.Systems = append(out.Systems, x)
	}
	return out
}

// hostOf is where a credential signs in.
func hostOf(c engine.Credential) string {
	usual := map[engine.SystemID]string{
		engine.SystemHub: hub.DefaultBaseURL, engine.SystemSCIM: scim.DefaultBaseURL,
		engine.SystemEntra: entra.DefaultBaseURL, engine.SystemRegistry: dockerRegistry,
	}
	return cmp.Or(c.Host, usual[c.System])
}

// asWhom is as whom a credential signs in, as far as it is known. What an identity
// provider's goes by is its application for Docker, which is nobody.
func asWhom(c engine.Credential) string {
	if c.System == engine.SystemOkta || c.System == engine.SystemEntra {
		return c.Who
	}
	return c.Identifier
}

// Connect implements run.Connector: it proves a credential, and keeps it only
// when the system accepts it.
func (s *systems) Connect(ctx context.Context, c engine.Case, cred engine.Credential) (engine.Session, error) {
	if cred.System == engine.SystemMember {
		cred.Identifier = c.Username
	}
	var err error
	if cred.App.ID != "" && cred.Secret.Empty() { // the answer to which application it is
		err = s.settle(ctx, cred.System, cred.App)
	} else {
		err = s.prove(ctx, cred)
	}
	if open := (*idp.ChoiceError)(nil); errors.As(err, &open) {
		s.note(cred.System, err)
		return s.session(), nil // the choice is asked for next
	}
	if err != nil {
		return engine.Session{}, err
	}
	if cred.System != engine.SystemMember {
		rights := s.rights(ctx, cred.System, cmp.Or(c.Org, cred.Identifier))
		s.introduce(ctx, cred.System)
		s.mu.Lock()
		s.found[cred.System] = rights
		s.mu.Unlock()
	}
	if s.keep != nil && cred.System != engine.SystemMember {
		if renewed, ok := s.credential(cred.System); ok {
			cred = renewed
		}
		// One that cannot be stored still signs in: keep tells about it later.
		if err := s.keep(ctx, cred); err != nil {
			return engine.Session{}, fmt.Errorf("signed in to %s, but the credential could not be stored: %w", systemTitles[cred.System], err)
		}
	}
	return s.session(), nil
}

// prove makes a client from the credential, lets the system accept it, and
// puts it in place.
func (s *systems) prove(ctx context.Context, cred engine.Credential) error {
	return recognise(cred, s.try(ctx, cred))
}

func (s *systems) try(ctx context.Context, cred engine.Credential) error {
	cred, err := gathered(ctx, cred)
	if err != nil {
		return err
	}
	if cred.Secret.Empty() && needsSecret(cred) {
		return errNoToken
	}
	var install func()
	switch cred.System {
	case engine.SystemHub, engine.SystemMember:
		client, err := s.hubClient(cred)
		if err != nil {
			return err
		}
		if err := client.SignIn(ctx); err != nil {
			return err
		}
		install = func() {
			if cred.System == engine.SystemMember {
				s.members[cred.Identifier] = member{hub: client, credential: cred}
				return
			}
			s.hub = client
		}
	case engine.SystemSCIM:
		client, err := scim.New(scim.Options{BaseURL: cmp.Or(cred.Host, s.at.SCIM), Token: cred.Secret.Reveal, Transport: s.options})
		if err != nil {
			return err
		}
		if _, err := client.Prove(ctx); err != nil {
			return err
		}
		install = func() { s.scim = client }
	case engine.SystemOkta:
		client, renewed, err := s.oktaClient(ctx, cred)
		if err != nil {
			return err
		}
		install = func() { s.okta = client }
		if cred, err = s.find(ctx, client, renewed, install); err != nil {
			return err
		}
	case engine.SystemEntra:
		client, renewed, err := s.entraClient(ctx, cred)
		if err != nil {
			return err
		}
		install = func() { s.entra = client }
		if cred, err = s.find(ctx, client, renewed, install); err != nil {
			return err
		}
	case engine.SystemRegistry:
		if err := s.proveRegistry(ctx, cred); err != nil {
			return err
		}
		install = func() {}
	}
	s.accept(cred, install)
	return nil
}

// accept puts a client in place that its system has accepted.
func (s *systems) accept(cred engine.Credential, install func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	install()
	if cred.System != engine.SystemMember {
		s.credentials[cred.System] = cred
		s.proven[cred.System] = true
		delete(s.problems, cred.System)
		delete(s.doubts, cred.System)
	}
}

// Hub returns the organization's client.
func (s *systems) Hub() *hub.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hub
}

// SCIM returns the client of Docker's SCIM service.
func (s *systems) SCIM() *scim.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.scim
}

// IdP returns the identity provider to read from, or nil: the one that pushes.
func (s *systems) IdP() observe.IdP {
	if p := s.Pusher(); p != nil {
		return p
	}
	return nil
}

// Pusher returns the identity provider that can push, or nil.
func (s *systems) Pusher() remedy.IdP {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.okta != nil:
		return s.okta
	case s.entra != nil:
		return s.entra
	}
	return nil
}

// Member returns the member's own client, or nil.
func (s *systems) Member(username string) *hub.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.members[username].hub
}

// Registry returns the registry's client.
func (s *systems) Registry() *registry.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.registry
}

// RegistryHost is the registry that repositories live in.
func (s *systems) RegistryHost() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at.Registry
}

// Console is the page where the SSO settings are.
func (s *systems) Console() string { return s.at.Console }

// explain is explain, knowing with which credential the registry was asked: a
// member's own, the registry's own, or that of Docker Hub.
func (s *systems) explain(err error) engine.Problem {
	p := explain(err)
	var wire *transport.Error
	if p.System != engine.SystemHub || !errors.As(err, &wire) || wire.System != string(engine.SystemRegistry) {
		return p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if denied, ok := errors.AsType[*registry.DeniedError](err); ok {
		namespace, _, _ := strings.Cut(denied.Repository, "/")
		if _, own := s.members[namespace]; own {
			p.System = engine.SystemMember
			return p
		}
	}
	if _, own := s.credentials[engine.SystemRegistry]; own {
		p.System = engine.SystemRegistry
	}
	return p
}
