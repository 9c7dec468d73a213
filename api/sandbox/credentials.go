package sandbox

import (
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The credentials. Each is a string that a search of logs and files finds at once.
const (
	oatSecret   = "sandbox-oat-canary-7f3a91c2"
	scimSecret  = "sandbox-scim-canary-58d0be44" //nolint:gosec // opens nothing but a sandbox
	oktaSecret  = "sandbox-okta-canary-c6e2174d"
	entraSecret = "sandbox-entra-canary-1b94e07d" //nolint:gosec // opens nothing but a sandbox
	patPrefix   = "sandbox-pat-canary-"
	jwtPrefix   = "sandbox-jwt-canary-"
	stepPrefix  = "sandbox-2fa-canary-"
	passPrefix  = "sandbox-password-canary-"
)

// OrgName is the name of the simulated organization.
const OrgName = "acme"

// PersonalToken is the personal access token of a seeded member.
func PersonalToken(username string) string { return patPrefix + username }

// DefaultJWTLife is how long a token of POST /v2/auth/token lasts (Docker Hub API
// reference 2-beta).
const DefaultJWTLife = 10 * time.Minute

// secrets are the long-lived ones by system; Rotate replaces them.
type secrets struct {
	mu       sync.Mutex
	bySystem map[string]string
	turns    int
}

func newSecrets() secrets {
	return secrets{bySystem: map[string]string{"hub": oatSecret, "scim": scimSecret, "okta": oktaSecret, "entra": entraSecret}}
}

func (x *secrets) of(system string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.bySystem[system]
}

// personal is a person's personal access token.
func (x *secrets) personal(username string) string {
	return cmp.Or(x.of(username), PersonalToken(username))
}

// Rotate revokes the credential of a system ("hub", "scim", "okta" or "entra"),
// or a person's personal access token by their username, with everything that was
// made from it, and returns the one that is good now.
func (s *Sandbox) Rotate(system string) string {
	s.secrets.mu.Lock()
	defer s.secrets.mu.Unlock()
	s.secrets.turns++
	next := fmt.Sprintf("sandbox-%s-canary-rotated-%d", system, s.secrets.turns)
	s.secrets.bySystem[system] = next
	switch system {
	case "scim":
	case "okta":
		s.oktaSignIn.end()
	case "entra":
		s.entraSignIn.end()
	default:
		s.EndSessions()
	}
	return next
}

// EndSessions makes the Hub forget every short-lived token that it handed out.
func (s *Sandbox) EndSessions() {
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	clear(s.sessions.known)
}

// Credentials are what a client needs to sign in everywhere.
type Credentials struct {
	Org string // name of the organization

	HubIdentifier string // the organization's name, for its access token
	HubSecret     string // the organization access token

	SCIMToken    string
	OktaToken    string
	OktaAppLabel string
	EntraToken   string // an access token for Graph
	EntraAppName string

	RegistryUser   string // the organization's name
	RegistrySecret string // the organization access token

	// Members holds a personal access token of every seeded member by username,
	// and Passwords what they sign in with on a page.
	Members   map[string]string
	Passwords map[string]string

	// OktaClientID and EntraClientID are the applications that people sign in
	// to by OAuth; a service uses the same with a secret or a registered key.
	OktaClientID, OktaRedirect string
	EntraClientID, EntraTenant string
	EntraClientSecret          string
	// EntraSignInCA is the certificate, in PEM, with which the page of Entra's
	// sign-in proves itself: Microsoft's libraries take https only.
	EntraSignInCA string
}

// Credentials returns them. They hold until the process ends.
func (s *Sandbox) Credentials() Credentials {
	s.org.lock()
	defer s.org.mu.Unlock()
	members, passwords := make(map[string]string, len(s.org.accounts)), make(map[string]string, len(s.org.accounts))
	for name := range s.org.accounts {
		members[name], passwords[name] = s.secrets.personal(name), passPrefix+name
	}
	oat := s.secrets.of("hub")
	return Credentials{
		Org:           s.org.name,
		HubIdentifier: s.org.name, HubSecret: oat,
		SCIMToken: s.secrets.of("scim"),
		OktaToken: s.secrets.of("okta"), OktaAppLabel: s.org.okta.dockerApp().label,
		EntraToken: s.secrets.of("entra"), EntraAppName: entraSignInApp,
		RegistryUser: s.org.name, RegistrySecret: oat,
		Members: members, Passwords: passwords,
		OktaClientID: oktaClientID, OktaRedirect: oktaRedirect,
		EntraClientID: entraClientID, EntraTenant: entraTenant, EntraClientSecret: entraClientSecret,
		EntraSignInCA: s.signInCA,
	}
}

// identify checks a name and its secret: the organization with its access token,
// or a person with their personal one.
func (s *Sandbox) identify(name, secret string) (identity, bool) {
	if name == s.org.name {
		return identity{name: name, organization: true}, same(secret, s.secrets.of("hub"))
	}
	s.org.lock()
	defer s.org.mu.Unlock()
	if s.org.accounts[name] == nil {
		return identity{}, false
	}
	return identity{name: name}, same(secret, s.secrets.personal(name))
}

// login checks a name and what is typed on a sign-in page: the password, which
// makes a session that may do what the person may, or the personal access token
// in its place.
func (s *Sandbox) login(name, password string) (identity, bool) {
	who, ok := s.identify(name, password)
	if ok || who.organization {
		return who, ok
	}
	s.org.lock()
	defer s.org.mu.Unlock()
	if s.org.accounts[name] == nil || !same(password, passPrefix+name) {
		return identity{}, false
	}
	m := s.org.members[name]
	return identity{name: name, owner: m != nil && m.role == roleOwner}, true
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// sessions are the tokens that the Hub has handed out.
type sessions struct {
	mu    sync.Mutex
	known map[string]session
	steps map[string]identity
}

type session struct {
	who     identity
	expires time.Time
}

// newStep hands out the token that stands between a password and its second
// factor.
func (s *Sandbox) newStep(who identity) string {
	step := stepPrefix + rand.Text()
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	s.sessions.steps[step] = who
	return step
}

// takeStep ends a step; one is good once.
func (s *Sandbox) takeStep(step string) (identity, bool) {
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	who, ok := s.sessions.steps[step]
	delete(s.sessions.steps, step)
	return who, ok
}

func (s *Sandbox) newSession(who identity) string {
	token := jwtPrefix + rand.Text()
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	s.sessions.known[token] = session{who: who, expires: s.options.Now().Add(cmp.Or(s.options.JWTLife, DefaultJWTLife))}
	return token
}

// bearer reads the token of a request. No token is nobody; one that is unknown or
// has expired is not ok.
func (s *Sandbox) bearer(r *http.Request) (identity, bool) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return identity{}, true
	}
	token, found := strings.CutPrefix(header, "Bearer ")
	if !found {
		return identity{}, false
	}
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	known, found := s.sessions.known[token]
	if !found || !s.options.Now().Before(known.expires) {
		return identity{}, false
	}
	return known.who, true
}
