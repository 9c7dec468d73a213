// Package registry copies image repositories within one registry, tag by tag
// and whole: every platform of an index, every layer, the same digests. It is
// how a repository is handed over, since Docker Hub has no transfer between
// namespaces.
//
// It is built on go-containerregistry, below which lies the door of package
// transport: in read-only mode nothing is changed, and uploads pass only below
// an approved prefix (UploadPrefix). What the target has already is not sent
// again, so a copy that was interrupted goes on where it stopped.
//
// A copy cannot bring along what no tag leads to (untagged manifests), pull
// counts, stars, and the times of pushes.
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
	// dockerHubAlso is the same registry; where to send an upload on may be an
	// address of either.
	dockerHubAlso = "registry-1.docker.io"

	defaultJobs = 6
)

// Options describe a registry.
type Options struct {
	// Host is the registry, host or host:port. Empty, docker.io,
	// index.docker.io and registry-1.docker.io all mean Docker Hub. A loopback
	// host is spoken to without TLS.
	Host string
	Jobs int // transfers and requests in flight at once; 0 means 6
	// Transport is the base for the door: ReadOnly, Record, Base, Sleep and so
	// on. System, BaseURL and Hosts are set here.
	Transport transport.Options
}

// Credential opens repositories. The zero value is anonymous: public
// repositories can be read.
type Credential struct {
	Username string        // for an organization access token, the organization's name
	Secret   func() string // a func, so that no struct prints it
}

// Anonymous reports whether there is no credential.
func (c Credential) Anonymous() bool { return c.Username == "" && c.Secret == nil }

// same reports whether both are the same credential.
func (c Credential) same(x Credential) bool {
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
	host  string
	plain bool // without TLS
	jobs  int
	door  *transport.Client
	below *below
	o     transport.Options
	shelf shelf
}

// New makes a client. It sends nothing.
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
	door, err := transport.New(t)
	if err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	c.door, c.below = door, &below{door: door.RoundTripper(), plain: c.plain}
	if c.o.Sleep == nil {
		c.o.Sleep = transport.Sleep
	}
	return c, nil
}

// Host is the registry's host, as it stands in names of repositories.
func (c *Client) Host() string { return c.host }

// CloseIdleConnections closes connections that are not in use.
func (c *Client) CloseIdleConnections() { c.door.CloseIdleConnections() }

// canonical gives Docker Hub, which has many names, one.
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

// namespaced is a repository's name after the host: two components of the
// distribution specification's grammar, which go-containerregistry does not
// insist on (it takes "acme/..").
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

// UploadPrefix is the address below which all requests lie that a copy to
// target changes something with, for transport.Approve. It is empty, and so
// approves nothing, when target is no repository of this registry.
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

// UploadPrefixes are all addresses below which a copy to target may change
// something: Docker Hub has two hosts, and may send an upload that began at one
// on to the other. There are none when target is no repository of this registry.
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

// options are how go-containerregistry is used: everything through the door,
// and no repeats but those of the door and of insist.
func (c *Client) options(cred Credential) []remote.Option {
	return []remote.Option{
		remote.WithAuth(cred.authenticator()),
		remote.WithTransport(c.below),
		remote.WithJobs(c.jobs),
		remote.WithRetryPredicate(func(error) bool { return false }),
		remote.WithRetryStatusCodes(),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}),
	}
}

func (c *Client) puller(cred Credential) (*remote.Puller, error) {
	// Without the fallback, a registry that does not list referrers says so.
	return remote.NewPuller(append(c.options(cred), remote.WithReferrersTagFallback(false))...)
}

func (c *Client) pusher(cred Credential) (*remote.Pusher, error) {
	return remote.NewPusher(c.options(cred)...)
}

// below is the door, less the attempts that go-containerregistry makes to
// speak TLS to a loopback host, and less the repeats of its first question: how
// a registry wants to be signed in to is asked once.
type below struct {
	door  http.RoundTripper
	plain bool

	mu    sync.Mutex
	hello *http.Response // what GET /v2/ answers to nobody, without its body
	left  int            // pulls that the registry still allows, and whether it has said
	limit bool
}

func (b *below) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.plain && r.URL.Scheme == "https" && loopback(r.URL.Host) {
		return nil, errors.New("a registry on loopback speaks plain http")
	}
	if r.Method != http.MethodGet || r.URL.Path != "/v2/" || r.Header.Get("Authorization") != "" {
		response, err := b.door.RoundTrip(r)
		if err == nil {
			b.counted(response.Header)
			if exhausted(response) {
				return nil, limited(response)
			}
		}
		return response, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hello == nil {
		response, err := b.door.RoundTrip(r)
		if err != nil || response.StatusCode != http.StatusOK && response.StatusCode != http.StatusUnauthorized {
			return response, err
		}
		_, _ = io.CopyN(io.Discard, response.Body, 4<<10)
		if err := response.Body.Close(); err != nil {
			return nil, err
		}
		b.hello = response
	}
	again := *b.hello
	again.Request, again.Header, again.Body, again.ContentLength = r, b.hello.Header.Clone(), http.NoBody, 0
	return &again, nil
}

// counted notes how many pulls are left, where the registry says so: Docker Hub
// does with each manifest, by RateLimit-Remaining: 76;w=21600.
func (b *below) counted(h http.Header) {
	n, _, ok := pulls(h.Get("RateLimit-Remaining"))
	if !ok {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left, b.limit = n, true
}

// PullsLeft is how many manifests the registry said it would still let be read in
// its present window, which is six hours at Docker Hub; limited is false where it
// did not say.
func (c *Client) PullsLeft() (left int, limited bool) {
	c.below.mu.Lock()
	defer c.below.mu.Unlock()
	return c.below.left, c.below.limit
}
