package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/credentials/entratoken"
	"github.com/seed-05b3d87e/reprovision/api/credentials/oktatoken"
	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/idp/entra"
	"github.com/seed-05b3d87e/reprovision/api/idp/okta"
	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// errNobodyToAsk says that a sign-in needs a person, and none can be asked.
var errNobodyToAsk = fmt.Errorf("a person has to sign in: use \"reprovision login\" in a terminal: %w", transport.ErrUnauthorized)

// person is asked while a sign-in is under way. Both may be nil.
type person struct {
	open func(title, url, code string)                  // where to go, and what to type there
	code func(ctx context.Context) (string, error)      // of the second factor
	keep func(context.Context, engine.Credential) error // a sign-in that renews itself
}

// hubClient makes the client of Docker Hub, or of a member's own account there.
func (s *systems) hubClient(cred engine.Credential) (*hub.Client, error) {
	o := hub.Options{BaseURL: orElse(cred.Host, s.at.Hub), Identifier: cred.Identifier, Secret: cred.Secret.Reveal, Transport: s.options}
	if cred.Method != engine.MethodPassword {
		return hub.New(o)
	}
	// A code is good once: when the session ends, a person signs in again.
	used := false
	return hub.NewPassword(o, func(ctx context.Context) (string, error) {
		if used || s.person.code == nil {
			return "", hub.ErrSecondFactor
		}
		used = true
		return s.person.code(ctx)
	})
}

// oktaClient makes the client of Okta. The credential it returns is the one to
// keep, which a sign-in in the browser replaces.
func (s *systems) oktaClient(ctx context.Context, cred engine.Credential) (*okta.Client, engine.Credential, error) {
	o := okta.Options{BaseURL: cred.Host, AppLabel: cred.Identifier, App: reference(cred.App), Transport: s.options}
	source := oktatoken.Options{BaseURL: cred.Host, ClientID: cred.Client.ID, Transport: s.options}
	var tokens *oktatoken.Source
	var err error
	switch cred.Method {
	case engine.MethodToken:
		o.Token = cred.Secret.Reveal
	case engine.MethodKey:
		if tokens, err = oktatoken.Key(source, cred.Client.Key, cred.Secret.Reveal); err != nil {
			return nil, cred, err
		}
	case engine.MethodDevice:
		if tokens, cred, err = s.oktaPerson(ctx, source, cred); err != nil {
			return nil, cred, err
		}
	case engine.MethodPassword, engine.MethodClientSecret, engine.MethodCertificate, engine.MethodAzureCLI:
		return nil, cred, fmt.Errorf("okta does not sign in by %s", cred.Method)
	}
	if tokens != nil {
		o.Bearer = tokens.Token
	}
	client, err := okta.New(o)
	return client, cred, err
}

// oktaPerson goes on with a sign-in in the browser, or begins one.
func (s *systems) oktaPerson(ctx context.Context, o oktatoken.Options, cred engine.Credential) (*oktatoken.Source, engine.Credential, error) {
	stored := !cred.Secret.Empty()
	keep := func(ctx context.Context, refresh string) error {
		renewed := cred
		renewed.Secret = engine.NewSecret(refresh)
		if s.adopt(renewed) || stored {
			// The one before may have ended with its use.
			return s.remember(ctx, renewed)
		}
		cred = renewed
		return nil
	}
	if stored {
		tokens, err := oktatoken.Refresh(ctx, o, cred.Secret.Reveal(), keep)
		if current, ok := s.credential(engine.SystemOkta); ok && err == nil && current.Method == cred.Method {
			cred = current
		}
		return tokens, cred, err
	}
	if s.person.open == nil {
		return nil, cred, errNobodyToAsk
	}
	tokens, err := oktatoken.Device(ctx, o, func(p oktatoken.Prompt) { s.person.open("Okta", p.URL, p.Code) }, keep)
	return tokens, cred, err
}

// adopt puts a renewed credential in the place of the one in use, and reports
// whether there was one.
func (s *systems) adopt(c engine.Credential) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.credentials[c.System]; !ok {
		return false
	}
	s.credentials[c.System] = c
	return true
}

func (s *systems) credential(id engine.SystemID) (engine.Credential, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.credentials[id]
	return c, ok
}

func (s *systems) remember(ctx context.Context, c engine.Credential) error {
	if s.person.keep == nil {
		return nil
	}
	return s.person.keep(ctx, c)
}

// entraClient makes the client of Microsoft Graph.
func (s *systems) entraClient(ctx context.Context, cred engine.Credential) (*entra.Client, error) {
	token, err := s.entraToken(ctx, cred)
	if err != nil {
		return nil, err
	}
	return entra.New(entra.Options{BaseURL: cred.Host, Token: token, AppName: cred.Identifier, App: reference(cred.App), Transport: s.options})
}

func (s *systems) entraToken(ctx context.Context, cred engine.Credential) (func(context.Context) (string, error), error) {
	o := entratoken.Options{Tenant: cred.Client.Tenant, ClientID: cred.Client.ID, Transport: s.options}
	var source *entratoken.Source
	var err error
	switch cred.Method {
	case engine.MethodToken:
		return func(context.Context) (string, error) { return cred.Secret.Reveal(), nil }, nil
	case engine.MethodClientSecret:
		source, err = entratoken.Secret(o, cred.Secret.Reveal)
	case engine.MethodCertificate:
		source, err = entratoken.Certificate(o, cred.Secret.Reveal)
	case engine.MethodAzureCLI:
		source, err = entratoken.AzureCLI(o)
	case engine.MethodDevice:
		if s.person.open == nil {
			return nil, errNobodyToAsk
		}
		source, err = entratoken.Device(ctx, o, func(p entratoken.Prompt) { s.person.open("Microsoft Entra ID", p.URL, p.Code) })
	case engine.MethodPassword, engine.MethodKey:
		return nil, fmt.Errorf("entra does not sign in by %s", cred.Method)
	}
	if err != nil {
		return nil, err
	}
	return source.Token, nil
}

// proveRegistry lets the registry accept a credential of its own.
func (s *systems) proveRegistry(ctx context.Context, cred engine.Credential) error {
	client := s.registry
	if host := cred.Host; host != "" && host != s.at.Registry {
		var err error
		if client, err = registry.New(registry.Options{Host: host, Transport: s.options}); err != nil {
			return err
		}
	}
	return client.Prove(ctx, registryCredential(cred))
}

// expiry is when a credential ends, as far as it tells itself.
func expiry(c engine.Credential) time.Time {
	if c.Method != engine.MethodCertificate {
		return time.Time{}
	}
	ends, err := entratoken.Expiry(c.Secret.Reveal())
	if err != nil {
		return time.Time{}
	}
	return ends
}

// needsSecret reports whether a credential is nothing without its secret.
func needsSecret(c engine.Credential) bool {
	switch c.Method {
	case engine.MethodDevice, engine.MethodAzureCLI:
		return false
	case engine.MethodToken, engine.MethodPassword, engine.MethodKey, engine.MethodClientSecret, engine.MethodCertificate:
		return true
	}
	return true
}

var errNoToken = errors.New("no token was given")

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
