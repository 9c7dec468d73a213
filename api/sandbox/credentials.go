package sandbox

import (
	"crypto/rand"
	"crypto/subtle"
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
)

// OrgName is the name of the simulated organization.
const OrgName = "acme"

// PersonalToken is the personal access token of a seeded member.
func PersonalToken(username string) string { return patPrefix + username }

// jwtLife is how long a token of POST /v2/auth/token lasts (Docker Hub API
// reference 2-beta).
const jwtLife = 10 * time.Minute

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

	// Members holds a personal access token of every seeded member by username.
	Members map[string]string
}

// Credentials returns them. They hold until the process ends.
func (s *Sandbox) Credentials() Credentials {
	s.org.lock()
	defer s.org.mu.Unlock()
	members := make(map[string]string, len(s.org.accounts))
	for name := range s.org.accounts {
		members[name] = PersonalToken(name)
	}
	return Credentials{
		Org:           s.org.name,
		HubIdentifier: s.org.name, HubSecret: oatSecret,
		SCIMToken: scimSecret,
		OktaToken: oktaSecret, OktaAppLabel: s.org.okta.dockerApp().label,
		EntraToken: entraSecret, EntraAppName: entraSignInApp,
		RegistryUser: s.org.name, RegistrySecret: oatSecret,
		Members: members,
	}
}

// identify checks a name and its secret: the organization with its access token,
// or a person with their personal one.
func (s *Sandbox) identify(name, secret string) (identity, bool) {
	if name == s.org.name {
		return identity{name: name, organization: true}, same(secret, oatSecret)
	}
	s.org.lock()
	defer s.org.mu.Unlock()
	if s.org.accounts[name] == nil {
		return identity{}, false
	}
	return identity{name: name}, same(secret, patPrefix+name)
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// sessions are the tokens that the Hub has handed out.
type sessions struct {
	mu    sync.Mutex
	known map[string]session
}

type session struct {
	who     identity
	expires time.Time
}

func (s *Sandbox) newSession(who identity) string {
	token := jwtPrefix + rand.Text()
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	s.sessions.known[token] = session{who: who, expires: s.options.Now().Add(jwtLife)}
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
