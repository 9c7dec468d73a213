// Package registry copies image repositories within one registry: every tag with all
// platforms of an index, all layers, and the same digests. Docker Hub cannot transfer
// a repository between namespaces, so this is how one is handed over.
//
// The package builds on go-containerregistry and sends everything through package
// transport: in read-only mode nothing is changed, and uploads are accepted only below
// an approved prefix (see UploadPrefix). Content that the target already has is not
// sent again, so an interrupted copy resumes where it stopped.
//
// A copy does not include untagged manifests, pull counts, stars or push times.
package registry

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const (
	system = "registry"

	// dockerHub is the registry host of Docker Hub that go-containerregistry
	// uses; dockerHubAuth is its token service.
	dockerHub     = name.DefaultRegistry
	dockerHubAuth = "auth.docker.io"
	// dockerHubAlso is another host of the same registry. An upload's Location
	// header may name either.
	dockerHubAlso = "registry-1.docker.io"

	defaultJobs = 6
)

// Options configures a Client.
type Options struct {
	// Host is the registry, host or host:port. Empty, docker.io, index.docker.io and
	// registry-1.docker.io all mean Docker Hub. A loopback host is accessed without
	// TLS.
	Host string
	Jobs int // transfers and requests in flight at once; 0 means 6
	// Transport configures the HTTP client: ReadOnly, Record, Base, Sleep and so on.
	// System, BaseURL, Hosts and Exhausted are set by New.
	Transport transport.Options
}

// Credential gives access to repositories. The zero value is anonymous and can read
// public repositories.
type Credential struct {
	Username string        // for an organization access token, the organization's name
	Secret   func() string // a func, so that formatting a struct does not print it
}

// Anonymous reports whether there is no credential.
func (c Credential) Anonymous() bool { return c.Username == "" && c.Secret == nil }

// equal reports whether c and x are the same credential.
func (c Credential) equal(x Credential) bool {
	if c.Anonymous() || x.Anonymous() || c.Secret == nil || x.Secret == nil {
		return c.Anonymous() && x.Anonymous()
	}
	return c.Username == x.Username && c.Secret() == x.Secret()
}

// Authorization implements authn.Authenticator.
func (c Credential) Authorization() (*authn.AuthConfig, error) {
	if c.Username == "" || c.Secret == nil || c.Secret() == "" {
		return nil, errors.New("registry: a credential needs a username and a secret: sign in to the registry first")
	}
	return &authn.AuthConfig{Username: c.Username, Password: c.Secret()}, nil
}

func (c Credential) authenticator() authn.Authenticator {
	if c.Anonymous() {
		return authn.Anonymous
	}
	return c
}

// Client reads and copies repositories of one registry. It is safe for
// concurrent use.
type Client struct {
	host   string
	plain  bool // without TLS
	jobs   int
	client *transport.Client
	rt     *roundTripper
	o      transport.Options
	cache  manifestCache
}

// New returns a client. It sends nothing.
func New(o Options) (*Client, error) {
	c := &Client{host: canonical(o.Host), jobs: o.Jobs, o: o.Transport}
	if c.jobs <= 0 {
		c.jobs = defaultJobs
	}
	if _, err := name.NewRegistry(c.host, name.StrictValidation); err != nil {
		return nil, fmt.Errorf("registry: host %q: it must be host or host:port", o.Host)
	}
	c.plain = loopback(c.host)
	t := o.Transport
	t.System, t.BaseURL, t.Hosts, t.Exhausted = system, "https://"+c.host, nil, exhausted
	if c.plain {
		t.BaseURL = "http://" + c.host
	}
	if c.host == dockerHub {
		t.Hosts = []string{dockerHubAuth, dockerHubAlso}
	}
	client, err := transport.New(t)
	if err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	c.client, c.rt = client, &roundTripper{next: client.RoundTripper(), plain: c.plain}
	if c.o.Sleep == nil {
		c.o.Sleep = transport.Sleep
	}
	if c.o.Now == nil {
		c.o.Now = time.Now
	}
	return c, nil
}

// Host returns the registry's host as it appears in repository names.
func (c *Client) Host() string { return c.host }

// CloseIdleConnections closes the connections that are not in use.
func (c *Client) CloseIdleConnections() { c.client.CloseIdleConnections() }

// canonical returns the one host name used for Docker Hub, which has several; other
// hosts are only normalized.
func canonical(host string) string {
	switch host = strings.ToLower(strings.TrimSpace(host)); host {
	case "", "docker.io", dockerHubAlso:
		return dockerHub
	}
	return host
}

func loopback(host string) bool {
	h, _, err := net.SplitHostPort(host)
	if err != nil {
		h = strings.Trim(host, "[]")
	}
	ip, err := netip.ParseAddr(h)
	return h == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// namespaced matches a repository's path: exactly two components in the grammar of the
// distribution specification. go-containerregistry is more lenient and accepts
// "acme/..".
var namespaced = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$`)

// repository parses "host/namespace/name", or "namespace/name" for the
// client's own host.
func (c *Client) repository(s string) (name.Repository, error) {
	host, path, found := strings.Cut(s, "/")
	if !found || !strings.ContainsAny(host, ".:") && host != "localhost" {
		host, path = c.host, s
	}
	if canonical(host) != c.host {
		return name.Repository{}, fmt.Errorf("registry: %q is on another registry than %s: pull it and push it by hand", s, c.host)
	}
	if !namespaced.MatchString(path) {
		return name.Repository{}, fmt.Errorf("registry: %q is no repository: it must be host/namespace/name, in lower case letters, digits and . _ -", s)
	}
	repo, err := name.NewRepository(c.host+"/"+path, name.StrictValidation)
	if err != nil {
		return name.Repository{}, fmt.Errorf("registry: %q is no repository: %w", s, err)
	}
	return repo, nil
}

// UploadPrefix returns the URL prefix of all requests with which a copy to target
// changes something, for transport.Approve. It is empty, which approves nothing, if
// target is not a repository of this registry.
func (c *Client) UploadPrefix(target string) string {
	repo, err := c.repository(target)
	if err != nil {
		return ""
	}
	scheme := "https"
	if c.plain {
		scheme = "http"
	}
	return scheme + "://" + repo.RegistryStr() + "/v2/" + repo.RepositoryStr() + "/"
}

// UploadPrefixes returns all URL prefixes below which a copy to target may change
// something: Docker Hub has two hosts, and an upload that starts at one may continue
// at the other. It returns nil if target is not a repository of this registry.
func (c *Client) UploadPrefixes(target string) []string {
	prefix := c.UploadPrefix(target)
	switch {
	case prefix == "":
		return nil
	case c.host != dockerHub:
		return []string{prefix}
	}
	return []string{prefix, strings.Replace(prefix, "//"+dockerHub+"/", "//"+dockerHubAlso+"/", 1)}
}

// options routes go-containerregistry's requests through c.rt and disables its
// retries: package transport and Client.retry do all retrying.
func (c *Client) options(cred Credential) []remote.Option {
	return []remote.Option{
		remote.WithAuth(cred.authenticator()),
		remote.WithTransport(c.rt),
		remote.WithJobs(c.jobs),
		remote.WithRetryPredicate(func(error) bool { return false }),
		remote.WithRetryStatusCodes(),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}),
	}
}

func (c *Client) puller(cred Credential) (*remote.Puller, error) {
	// The tag fallback is disabled to learn whether the registry has the referrers API.
	return remote.NewPuller(append(c.options(cred), remote.WithReferrersTagFallback(false))...)
}

func (c *Client) pusher(cred Credential) (*remote.Pusher, error) {
	return remote.NewPusher(c.options(cred)...)
}

// roundTripper wraps the transport's RoundTripper. It blocks the TLS attempts that
// go-containerregistry makes on a loopback host, caches the answer to the anonymous
// GET /v2/ ping, and reads the pull limit from the responses.
type roundTripper struct {
	next  http.RoundTripper
	plain bool

	mu         sync.Mutex
	ping       *http.Response // the response to an anonymous GET /v2/, without its body
	pullsLeft  int            // as of the last response that said it
	pullsKnown bool           // a response has said it
}

func (rt *roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	if rt.plain && r.URL.Scheme == "https" && loopback(r.URL.Host) {
		return nil, errors.New("a registry on loopback speaks plain http")
	}
	if r.Method == http.MethodGet && r.URL.Path == "/v2/" && r.Header.Get("Authorization") == "" {
		return rt.pingOnce(r)
	}
	response, err := rt.next.RoundTrip(r)
	if err != nil {
		return response, err
	}
	rt.notePulls(response.Header)
	if exhausted(response) {
		return nil, newPullLimitError(response)
	}
	return response, nil
}

// pingOnce sends the anonymous ping once and answers it from memory afterwards: how a
// registry wants to be authenticated to does not change.
func (rt *roundTripper) pingOnce(r *http.Request) (*http.Response, error) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.ping == nil {
		response, err := rt.next.RoundTrip(r)
		if err != nil || response.StatusCode != http.StatusOK && response.StatusCode != http.StatusUnauthorized {
			return response, err
		}
		_, _ = io.CopyN(io.Discard, response.Body, 4<<10)
		if err := response.Body.Close(); err != nil {
			return nil, err
		}
		rt.ping = response
	}
	again := *rt.ping
	again.Request, again.Header, again.Body, again.ContentLength = r, rt.ping.Header.Clone(), http.NoBody, 0
	return &again, nil
}

// notePulls records how many pulls are left. Docker Hub says so in the response to
// each manifest, as in RateLimit-Remaining: 76;w=21600.
func (rt *roundTripper) notePulls(h http.Header) {
	n, _, ok := parsePulls(h.Get("RateLimit-Remaining"))
	if !ok {
		return
	}
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.pullsLeft, rt.pullsKnown = n, true
}

// PullsLeft returns how many more manifests the registry allows to be read in its
// current window (six hours at Docker Hub). limited is false if the registry has not
// said.
func (c *Client) PullsLeft() (left int, limited bool) {
	c.rt.mu.Lock()
	defer c.rt.mu.Unlock()
	return c.rt.pullsLeft, c.rt.pullsKnown
}
