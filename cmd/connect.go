package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/seed-05b3d87e/reprovision/api/credentials"
	"github.com/seed-05b3d87e/reprovision/api/credentials/entratoken"
	"github.com/seed-05b3d87e/reprovision/api/credentials/oktatoken"
	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/idp/entra"
	"github.com/seed-05b3d87e/reprovision/api/idp/okta"
	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// errNobodyToAsk says that a sign-in needs a person, and none can be asked.
var errNobodyToAsk = fmt.Errorf("a person has to sign in: use \"reprovision login\" in a terminal: %w", transport.ErrUnauthorized)

// person is asked while a sign-in is under way. All may be nil.
type person struct {
	ask  func(context.Context, tui.Prompt) (string, error) // and waits for the answer
	tell func(context.Context, tui.Prompt)                 // where to go, and what to type there
	keep func(context.Context, engine.Credential) error    // a sign-in that renews itself
	// turn waits until no other process renews a sign-in, and returns what the last
	// of them has kept, if anything; done gives the turn to the next.
	turn func(context.Context, engine.Credential) (latest engine.Secret, done func(), err error)
}

// atWindow is whoever sits before the window that receives the prompts.
func atWindow(p *tui.Prompts) person {
	return person{ask: p.Ask, tell: func(ctx context.Context, q tui.Prompt) {
		_ = openBrowser(q.URL) // the address is shown, too
		p.Tell(ctx, q)
	}}
}

// hubClient makes the client of Docker Hub, or of a member's own account there.
func (s *systems) hubClient(cred engine.Credential) (*hub.Client, error) {
	o := hub.Options{BaseURL: cmp.Or(cred.Host, s.at.Hub), Identifier: cred.Identifier, Secret: cred.Secret.Reveal, Transport: s.options}
	if cred.Method != engine.MethodPassword {
		return hub.New(o)
	}
	return hub.NewPassword(o, func(ctx context.Context) (string, error) {
		if s.person.ask == nil {
			return "", hub.ErrSecondFactor
		}
		code, err := s.person.ask(ctx, tui.Prompt{
			Title: "Docker Hub asks for a second factor", Text: "Type the six digits that your authenticator shows, or a recovery code. Each is good once.",
			Label: "Code of your second factor", Masked: true,
		})
		if errors.Is(err, tui.ErrDeclined) {
			err = hub.ErrSecondFactor
		}
		return code, err
	})
}

// oktaClient makes the client of Okta. The credential it returns is the one to
// keep, which a sign-in in the browser replaces.
func (s *systems) oktaClient(ctx context.Context, cred engine.Credential) (*okta.Client, engine.Credential, error) {
	o := okta.Options{BaseURL: cred.Host, AppLabel: cred.Identifier, App: reference(cred.App), Transport: s.options}
	source := oktatoken.Options{BaseURL: cred.Host, ClientID: cred.Client.ID, Redirect: cred.Client.Redirect, Transport: s.options}
	if turn := s.person.turn; turn != nil {
		source.Turn = func(ctx context.Context) (string, func(), error) {
			latest, done, err := turn(ctx, cred)
			return latest.Reveal(), done, err
		}
	}
	var tokens *oktatoken.Source
	var err error
	switch keep := s.keeping(&cred); {
	case cred.Method == engine.MethodToken:
		o.Token = cred.Secret.Reveal
	case cred.Method == engine.MethodKey:
		tokens, err = oktatoken.Key(source, cred.Client.Key, cred.Secret.Reveal)
	case !inBrowser(cred):
		return nil, cred, fmt.Errorf("okta does not sign in by %s", cred.Method)
	case !cred.Secret.Empty():
		tokens, err = oktatoken.Refresh(ctx, source, cred.Secret.Reveal(), keep)
	case s.person.tell == nil:
		err = errNobodyToAsk
	case cred.Method == engine.MethodBrowser:
		tokens, err = oktatoken.Browser(ctx, source, func(p oktatoken.Prompt) { s.show(ctx, "Okta", p.URL, p.Code) }, keep)
	default:
		tokens, err = oktatoken.Device(ctx, source, func(p oktatoken.Prompt) { s.show(ctx, "Okta", p.URL, p.Code) }, keep)
	}
	if err != nil {
		return nil, cred, err
	}
	if tokens != nil {
		o.Bearer, o.Forget = tokens.Token, tokens.Forget
	}
	client, err := okta.New(o)
	return client, cred, err
}

// inBrowser reports whether a person signs in so, once; what the sign-in goes on
// with takes the place of the secret.
func inBrowser(c engine.Credential) bool {
	return c.Method == engine.MethodBrowser || c.Method == engine.MethodDevice
}

// show sends a person to a page.
func (s *systems) show(ctx context.Context, title, url, code string) {
	q := tui.Prompt{
		Title: "Sign in to " + title + " in the browser", URL: url, Code: code,
		Text: "If no browser has opened, open this address in one on this machine: the browser comes back to it. Over SSH, go back and take the way by a code.",
	}
	if code != "" {
		q.Text = "Open this address in a browser, on any machine, and type the code there."
	}
	s.person.tell(ctx, q)
}

// keeping takes what a sign-in in the browser goes on with: into the credential,
// and once that is in use, or was a stored one, to where it is kept, since the one
// before may have ended with its use.
func (s *systems) keeping(cred *engine.Credential) func(context.Context, string) error {
	stored := !cred.Secret.Empty()
	return func(ctx context.Context, next string) error {
		old := cred.Secret
		cred.Secret = engine.NewSecret(next)
		if used, ok := s.adopt(*cred, old); ok {
			return s.remember(ctx, used)
		}
		if stored {
			return s.remember(ctx, *cred)
		}
		return nil
	}
}

// adopt puts the secret of a renewed credential in the place of that of the one in
// use, and returns it, if that was the one that it renews.
func (s *systems) adopt(c engine.Credential, old engine.Secret) (engine.Credential, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	used, ok := s.credentials[c.System]
	if !ok || used.Method != c.Method || used.Secret.Reveal() != old.Reveal() {
		return engine.Credential{}, false
	}
	used.Secret = c.Secret
	s.credentials[c.System] = used
	return used, true
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

// entraClient makes the client of Microsoft Graph. The credential it returns is
// the one to keep.
func (s *systems) entraClient(ctx context.Context, cred engine.Credential) (*entra.Client, engine.Credential, error) {
	o := entra.Options{BaseURL: cred.Host, AppName: cred.Identifier, App: reference(cred.App), Transport: s.options}
	source := entratoken.Options{
		Tenant: cred.Client.Tenant, ClientID: cred.Client.ID, Authority: cred.Client.Authority, Resource: resource(cred.Host),
		Redirect: cred.Client.Redirect, Transport: s.options,
	}
	var tokens *entratoken.Source
	var err error
	switch keep := s.keeping(&cred); {
	case cred.Method == engine.MethodToken:
		o.Token = func(context.Context) (string, error) { return cred.Secret.Reveal(), nil }
	case cred.Method == engine.MethodClientSecret:
		tokens, err = entratoken.Secret(source, cred.Secret.Reveal)
	case cred.Method == engine.MethodCertificate:
		tokens, err = entratoken.Certificate(source, cred.Secret.Reveal)
	case cred.Method == engine.MethodAzureCLI:
		tokens, err = entratoken.AzureCLI(source)
	case !inBrowser(cred):
		return nil, cred, fmt.Errorf("entra does not sign in by %s", cred.Method)
	case !cred.Secret.Empty():
		tokens, err = entratoken.Resume(ctx, source, cred.Secret.Reveal(), keep)
	case s.person.tell == nil:
		err = errNobodyToAsk
	case cred.Method == engine.MethodBrowser:
		tokens, err = entratoken.Browser(ctx, source, func(p entratoken.Prompt) { s.show(ctx, "Microsoft Entra ID", p.URL, p.Code) }, keep)
	default:
		tokens, err = entratoken.Device(ctx, source, func(p entratoken.Prompt) { s.show(ctx, "Microsoft Entra ID", p.URL, p.Code) }, keep)
	}
	if err != nil {
		return nil, cred, err
	}
	if tokens != nil {
		o.Token, o.Forget = tokens.Token, tokens.Forget
		cred.Who = cmp.Or(tokens.Who(), cred.Who)
	}
	client, err := entra.New(o)
	return client, cred, err
}

// resource is what an access token of Entra is for: Microsoft Graph of the cloud
// whose address is given. A test's is not one of Microsoft's.
func resource(graph string) string {
	u, err := url.Parse(graph)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
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

// expiry is when a credential ends, as far as it tells itself: a certificate does,
// and so does an access token that is a JWT, as Entra's are.
func expiry(c engine.Credential) time.Time {
	switch c.Method {
	case engine.MethodCertificate:
		if ends, err := entratoken.Expiry(c.Secret.Reveal()); err == nil {
			return ends
		}
	case engine.MethodToken:
		var claims jwt.RegisteredClaims
		_, _, err := jwt.NewParser().ParseUnverified(c.Secret.Reveal(), &claims) // it is only shown
		if err == nil && claims.ExpiresAt != nil {
			return claims.ExpiresAt.Time
		}
	case engine.MethodPassword, engine.MethodBrowser, engine.MethodDevice, engine.MethodKey, engine.MethodClientSecret,
		engine.MethodAzureCLI, engine.MethodDockerLogin:
	}
	return time.Time{}
}

// needsSecret reports whether a credential is nothing without its secret.
func needsSecret(c engine.Credential) bool {
	switch c.Method {
	case engine.MethodBrowser, engine.MethodDevice, engine.MethodAzureCLI, engine.MethodDockerLogin:
		return false
	case engine.MethodToken, engine.MethodPassword, engine.MethodKey, engine.MethodClientSecret, engine.MethodCertificate:
		return true
	}
	return true
}

var errNoToken = errors.New("no token was given")

// gathered completes a credential with what is read only now: docker login's, to
// which somebody has consented, or a key from its file.
func gathered(ctx context.Context, c engine.Credential) (engine.Credential, error) {
	switch {
	case !c.Secret.Empty():
		return c, nil
	case c.Method == engine.MethodDockerLogin:
		login, err := credentials.DockerLogin(ctx, dockerRegistry)
		if err != nil {
			return c, err
		}
		c.Identifier, c.Secret = login.Username, engine.NewSecret(login.Secret())
	case c.File != "":
		var err error
		if c.Secret, err = readPEM(c.File); err != nil {
			return c, err
		}
		c.File = ""
	}
	return c, nil
}

// readPEM reads a private key, whose lines belong to it.
func readPEM(path string) (engine.Secret, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return engine.Secret{}, fmt.Errorf("read the private key: %w", err)
	}
	if !strings.Contains(string(raw), "-----BEGIN ") {
		return engine.Secret{}, fmt.Errorf("read the private key: %s is not PEM (-----BEGIN …)", path)
	}
	return engine.NewSecret(string(raw)), nil
}
