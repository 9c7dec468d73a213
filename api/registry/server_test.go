package registry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// server is a registry on loopback: go-containerregistry's own, with blobs
// kept apart by repository, mounts, and Basic authentication by namespace.
type server struct {
	t    *testing.T
	host string
	next http.Handler

	mu      sync.Mutex
	open    bool // while the test seeds: everything is allowed, nothing noted
	blobs   map[string][]byte
	held    map[string]map[string]bool // repository → digest
	public  map[string]bool
	secrets map[string]string // namespace, which is the username, too → secret
	log     []request
	fault   func(w http.ResponseWriter, r *http.Request) bool // true when it has answered
}

type request struct{ user, method, path, query string }

func (r request) changes() bool { return r.method != http.MethodGet && r.method != http.MethodHead }

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{
		t: t, blobs: map[string][]byte{}, held: map[string]map[string]bool{}, public: map[string]bool{},
		secrets: map[string]string{"acme": "acme-canary", "priya": "priya-canary"},
	}
	s.next = ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)), ggcr.WithBlobHandler(s))
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	s.host = strings.TrimPrefix(h.URL, "http://")
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, secret, _ := r.BasicAuth()
	s.mu.Lock()
	open, fault := s.open, s.fault
	if !open {
		s.log = append(s.log, request{user, r.Method, r.URL.Path, r.URL.RawQuery})
	}
	right := user == "" || s.secrets[user] == secret
	s.mu.Unlock()
	switch {
	case open:
	case !right, r.URL.Path == "/v2/" && user == "":
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "incorrect username or password")
		return
	case !s.allowed(user, r):
		refuse(w, http.StatusForbidden, "DENIED", "requested access to the resource is denied")
		return
	case fault != nil && fault(w, r):
		return
	case r.URL.Query().Get("mount") != "" && s.mounted(w, r, user):
		return
	}
	s.next.ServeHTTP(w, r)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []map[string]string{{"code": code, "message": message}}})
}

func repoOf(path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/v2/"), "/")
	return strings.Join(parts[:min(len(parts), 2)], "/")
}

func (s *server) allowed(user string, r *http.Request) bool {
	if r.URL.Path == "/v2/" {
		return true
	}
	return s.reads(user, repoOf(r.URL.Path)) && (!request{method: r.Method}.changes() || owns(user, repoOf(r.URL.Path)))
}

func owns(user, repo string) bool { return strings.HasPrefix(repo, user+"/") }

func (s *server) reads(user, repo string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return owns(user, repo) || s.public[repo]
}

func (s *server) mounted(w http.ResponseWriter, r *http.Request, user string) bool {
	digest, from := r.URL.Query().Get("mount"), r.URL.Query().Get("from")
	if !s.reads(user, from) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.held[from][digest] {
		return false
	}
	s.hold(repoOf(r.URL.Path), digest)
	w.Header().Set("Location", "/v2/"+repoOf(r.URL.Path)+"/blobs/"+digest)
	w.WriteHeader(http.StatusCreated)
	return true
}

func (s *server) hold(repo, digest string) {
	if s.held[repo] == nil {
		s.held[repo] = map[string]bool{}
	}
	s.held[repo][digest] = true
}

func (s *server) Stat(_ context.Context, repo string, h v1.Hash) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.held[repo][h.String()] {
		return 0, ggcr.ErrNotFound
	}
	return int64(len(s.blobs[h.String()])), nil
}

func (s *server) Get(_ context.Context, repo string, h v1.Hash) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.held[repo][h.String()] {
		return nil, ggcr.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(s.blobs[h.String()])), nil
}

func (s *server) Put(_ context.Context, repo string, h v1.Hash, content io.ReadCloser) error {
	all, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	repo = strings.TrimSuffix(repo, "/blobs") // what precedes "uploads/…" in the path
	s.blobs[h.String()] = all
	s.hold(repo, h.String())
	return nil
}

// lose takes a blob away from a repository.
func (s *server) lose(repo, digest string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	require.True(s.t, s.held[repo][digest], "%s never held %s", repo, digest)
	delete(s.held[repo], digest)
}

func (s *server) on(fault func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// requests are those since the last time, in order.
func (s *server) requests() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.log
	s.log = nil
	return out
}

func changing(requests []request) []request {
	return slices.DeleteFunc(slices.Clone(requests), func(r request) bool { return !r.changes() })
}

// seed pushes with go-containerregistry itself, past all rules.
func (s *server) seed(repoTag string, t remote.Taggable) string {
	s.t.Helper()
	s.mu.Lock()
	s.open = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.open = false
		s.mu.Unlock()
	}()
	ref, err := name.ParseReference(s.host + "/" + repoTag)
	require.NoError(s.t, err)
	require.NoError(s.t, remote.Push(ref, t))
	raw, err := t.RawManifest()
	require.NoError(s.t, err)
	h, _, err := v1.SHA256(bytes.NewReader(raw))
	require.NoError(s.t, err)
	return h.String()
}

// drop deletes a tag or manifest past all rules.
func (s *server) drop(repo, reference string) {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.next.ServeHTTP(w, httptest.NewRequestWithContext(s.t.Context(), http.MethodDelete, "/v2/"+repo+"/manifests/"+reference, nil))
	require.Equal(s.t, http.StatusAccepted, w.Code)
}

// manifest is the digest that a tag has, past all rules; empty for none.
func (s *server) manifest(repo, reference string) string {
	w := httptest.NewRecorder()
	s.next.ServeHTTP(w, httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, "/v2/"+repo+"/manifests/"+reference, nil))
	if w.Code != http.StatusOK {
		return ""
	}
	return w.Header().Get("Docker-Content-Digest")
}

func (s *server) client(change ...func(*registry.Options)) *registry.Client {
	s.t.Helper()
	o := registry.Options{Host: s.host, Transport: transport.Options{
		Sleep: func(context.Context, time.Duration) error { return nil },
	}}
	for _, f := range change {
		f(&o)
	}
	c, err := registry.New(o)
	require.NoError(s.t, err)
	s.t.Cleanup(c.CloseIdleConnections)
	return c
}

func (s *server) credential(user string) registry.Credential {
	return registry.Credential{Username: user, Secret: func() string { return s.secrets[user] }}
}

// handOver is a copy from a person's private repository to the organization.
func (s *server) handOver() registry.CopyRequest {
	return registry.CopyRequest{
		Source: s.host + "/priya/tool", Target: s.host + "/acme/tool",
		SourceCredential: s.credential("priya"), TargetCredential: s.credential("acme"),
	}
}

func approved(ctx context.Context, c *registry.Client, target string) context.Context {
	return transport.Approve(ctx, nil, []string{c.UploadPrefix(target)})
}

func image(t *testing.T) v1.Image {
	t.Helper()
	i, err := random.Image(1000, 3)
	require.NoError(t, err)
	return i
}

// platforms is an index of random images.
func platforms(t *testing.T, architectures ...string) v1.ImageIndex {
	t.Helper()
	index := v1.ImageIndex(empty.Index)
	for _, a := range architectures {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image(t), Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: a}},
		})
	}
	return index
}

// blobsOf are the digests of the configuration and the layers of an image.
func blobsOf(t *testing.T, i v1.Image) []string {
	t.Helper()
	m, err := i.Manifest()
	require.NoError(t, err)
	out := []string{m.Config.Digest.String()}
	for _, l := range m.Layers {
		out = append(out, l.Digest.String())
	}
	return out
}

func short(r request) string { return fmt.Sprintf("%s %s", r.method, r.path) }
