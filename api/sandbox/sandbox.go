// Package sandbox simulates, over real HTTP on 127.0.0.1, everything that the
// re-provisioning of a member touches: a Docker organization (Hub API and SCIM),
// an Okta org and a Microsoft Entra tenant with the Docker application, the Docker
// Home page on which an owner switches just-in-time provisioning, and a container
// registry.
//
// The wire formats follow the public references of Docker, Okta and Microsoft
// Graph, and what else is known of their behaviour. The sandbox shares no code
// with the clients of this module, so that it does not repeat their mistakes. All
// rules live in one type, org, behind one mutex; the handlers only translate.
//
// Time comes from Options.Now alone. Nothing happens in the background: an audit
// event becomes visible at a certain time, and a provisioning push that is due is
// carried out when a request next looks at the sandbox.
package sandbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Defaults of Options.
const (
	// DefaultFillers is the number of ordinary members beside the seeded people.
	DefaultFillers = 24
	// DefaultPageSize is the largest page that the Hub lists serve.
	DefaultPageSize = 100
)

// Options adjust a sandbox. The zero value is a working one without delays.
type Options struct {
	// Now is the sandbox's clock; nil means time.Now.
	Now func() time.Time
	// AuditDelay is how long after an event the audit log shows it.
	AuditDelay time.Duration
	// PushDelay is how long after a change Okta reaches Docker over SCIM.
	PushDelay time.Duration
	// LogDelay is how long after a push Entra's provisioning log shows it.
	LogDelay time.Duration
	// OktaRateLimit is the number of Okta requests a minute, for each kind of
	// resource, after which the answer is 429; 0 means that nobody is refused.
	OktaRateLimit int
	// Fillers is the number of ordinary members beside the seeded people;
	// 0 means DefaultFillers, a negative number none.
	Fillers int
	// Repositories is the number of further repositories of priya-nair; the first
	// of them is called as one of the organization's is.
	Repositories int
	// PageSize is the largest page that the Hub's lists serve, whatever a client
	// asks for; 0 means DefaultPageSize.
	PageSize int
	// RateLimit is the number of Hub requests a minute after which the answer is
	// 429; 0 means that the headers are sent but nobody is refused.
	RateLimit int
	// OldSCIMLists spells the array of SCIM lists "resources", as the Hub API
	// reference did before 2026-09, and not "Resources".
	OldSCIMLists bool
	// JWTLife is how long the Hub's short-lived tokens last; 0 means
	// DefaultJWTLife.
	JWTLife time.Duration
	// AccessLife is how long access tokens of OAuth last; 0 means an hour.
	AccessLife time.Duration
	// SecondFactor is the code required after a password at the Hub; empty
	// requires none.
	SecondFactor string
	// ServiceKey is the public key with which services sign in to Okta and Entra.
	ServiceKey any
	// Faults are what goes wrong from the start; see Fail.
	Faults []Fault
}

// Addresses are where a started sandbox answers, each without a trailing slash.
type Addresses struct {
	HubURL       string // Hub API, "http://127.0.0.1:port"
	SCIMURL      string // HubURL + "/v2/scim/2.0"
	OktaURL      string // Okta org
	EntraURL     string // Microsoft Graph, "http://127.0.0.1:port/v1.0"
	EntraSignIn  string // where people sign in to Entra, "https://127.0.0.1:port"
	ConsoleURL   string // the Docker Home page
	RegistryHost string // "127.0.0.1:port", plain HTTP
}

// Sandbox is one simulated organization with everything around it. Create it with
// New. Its state can be read at once; it serves HTTP between Start and Close.
type Sandbox struct {
	options  Options
	org      *org
	images   *imageStore
	faults   *faults
	log      *requestLog
	csrf     string
	sessions sessions
	secrets  secrets
	seedErr  error

	oktaSignIn  *authorizer
	entraSignIn *authorizer
	signInCA    string // set by Start

	mu        sync.Mutex
	addresses Addresses
	servers   []*http.Server
	done      chan struct{}
	closed    bool
	running   sync.WaitGroup
}

// Start listens on six ports of 127.0.0.1 that the system picks and serves until
// Close. The context bounds the start only.
func (s *Sandbox) Start(ctx context.Context) error {
	if s.seedErr != nil {
		return fmt.Errorf("seed the sandbox registry: %w", s.seedErr)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.servers) > 0 {
		return errors.New("start the sandbox: it was started before; make a new one")
	}
	systems := []struct {
		name    string
		handler http.Handler
		set     func(host string)
	}{
		{"hub", s.hubHandler(), func(h string) { s.addresses.HubURL, s.addresses.SCIMURL = "http://"+h, "http://"+h+scimBase }},
		{"okta", s.oktaHandler(), func(h string) { s.addresses.OktaURL = "http://" + h }},
		{"entra", s.entraHandler(), func(h string) { s.addresses.EntraURL = "http://" + h + graphVersion }},
		{"entra", s.entraSignInHandler(), func(h string) { s.addresses.EntraSignIn = "https://" + h }},
		{"console", s.consoleHandler(), func(h string) { s.addresses.ConsoleURL = "http://" + h }},
		{"registry", s.registryHandler(), func(h string) { s.addresses.RegistryHost = h }},
	}
	certificate, ca, err := newCertificate(s.options.Now())
	if err != nil {
		return fmt.Errorf("make the sandbox's certificate: %w", err)
	}
	s.signInCA = ca
	var listen net.ListenConfig
	listeners := make([]net.Listener, 0, len(systems))
	for _, system := range systems {
		l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			for _, open := range listeners {
				_ = open.Close()
			}
			return fmt.Errorf("listen for the sandbox %s on 127.0.0.1: %w", system.name, err)
		}
		listeners = append(listeners, l)
		system.set(l.Addr().String())
	}
	for i, system := range systems {
		server := &http.Server{
			Handler:           s.serve(system.name, system.handler),
			ReadHeaderTimeout: 10 * time.Second,
		}
		s.servers = append(s.servers, server)
		l := listeners[i]
		if strings.HasPrefix(s.addresses.EntraSignIn, "https://"+l.Addr().String()) {
			l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
			server.ErrorLog = log.New(io.Discard, "", 0) // a client that does not trust us says so itself
		}
		s.running.Go(func() { _ = server.Serve(l) }) // always ends with ErrServerClosed
	}
	return nil
}

// Close ends all connections, those that a fault keeps hanging too, and returns
// when every handler has ended. The state stays readable. Closing twice is fine.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	servers := s.servers
	s.mu.Unlock()
	var errs []error
	for _, server := range servers {
		errs = append(errs, server.Close())
	}
	s.running.Wait()
	return errors.Join(errs...)
}

// enter counts a handler in, so that Close can wait for it; false after Close.
func (s *Sandbox) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Add(1)
	return true
}

// Addresses tells where the sandbox answers. All fields are empty before Start.
func (s *Sandbox) Addresses() Addresses {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addresses
}
