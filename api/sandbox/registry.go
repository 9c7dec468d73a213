package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"strings"
	"sync"

	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// maxManifest bounds the body of a manifest that is pushed, as registries do.
const maxManifest = 4 << 20

// imageStore is the registry: go-containerregistry's own, with the blobs kept
// apart by repository, so that a copy has to bring or mount every one.
type imageStore struct {
	handler http.Handler
	blobs   *blobStore

	mu     sync.Mutex
	images map[string]map[string][]image // repository → manifest digest → what it holds
}

func newImageStore() *imageStore {
	blobs := &blobStore{content: map[string][]byte{}, held: map[string]map[string]bool{}}
	return &imageStore{
		handler: ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)), ggcr.WithBlobHandler(blobs)),
		blobs:   blobs,
		images:  map[string]map[string][]image{},
	}
}

// registryHandler serves the distribution API behind Basic authentication: a
// namespace is written by its own credential, private repositories are read by
// it, public ones by everybody.
func (s *Sandbox) registryHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, ok := s.registryIdentity(r)
		if !ok {
			registryError(w, http.StatusUnauthorized, "UNAUTHORIZED", "incorrect username or password")
			return
		}
		if r.URL.Path == "/v2/" || r.URL.Path == "/v2" {
			if who.name == "" {
				registryError(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
				return
			}
			s.images.handler.ServeHTTP(w, r)
			return
		}
		repoName, kind, reference, ok := registryPath(r.URL.Path)
		if !ok {
			registryError(w, http.StatusNotFound, "UNSUPPORTED", "this registry has no such route")
			return
		}
		if status := s.registryAccess(who, repoName, r); status != 0 {
			code, message := "DENIED", "requested access to the resource is denied"
			if status == http.StatusUnauthorized {
				code, message = "UNAUTHORIZED", "authentication required"
			}
			registryError(w, status, code, message)
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), repoKey{}, repoName))
		switch {
		case kind == "manifests" && r.Method == http.MethodPut:
			s.putManifest(w, r, who, repoName, reference)
		case kind == "manifests" && r.Method == http.MethodDelete:
			answer := carryOut(s.images.handler, r)
			if answer.status == http.StatusAccepted {
				s.org.lock()
				s.org.untagged(repoName, reference, who.name)
				s.org.mu.Unlock()
			}
			answer.copyTo(w)
		case kind == "blobs" && r.Method == http.MethodPost && r.URL.Query().Get("mount") != "":
			s.mountBlob(w, r, who, repoName)
		default:
			s.images.handler.ServeHTTP(w, r)
		}
	})
}

// registryPath takes "/v2/namespace/name/manifests/latest" apart.
func registryPath(path string) (repoName, kind, reference string, ok bool) {
	parts := strings.Split(strings.TrimPrefix(path, "/v2/"), "/")
	if len(parts) < 4 || parts[0] == "" || parts[1] == "" {
		return "", "", "", false
	}
	switch parts[2] {
	case "manifests", "blobs", "tags":
		return parts[0] + "/" + parts[1], parts[2], parts[3], true
	}
	return "", "", "", false
}

// registryIdentity reads the Basic credential; no credential is nobody, a wrong
// one is not ok.
func (s *Sandbox) registryIdentity(r *http.Request) (identity, bool) {
	if r.Header.Get("Authorization") == "" {
		return identity{}, true
	}
	user, secret, ok := r.BasicAuth()
	if !ok {
		return identity{}, false
	}
	return s.identify(user, secret)
}

// registryAccess returns 0, or the status of the refusal. What a person may not
// see is refused like what is not there, as Docker Hub does.
func (s *Sandbox) registryAccess(who identity, repoName string, r *http.Request) int {
	namespace, _, _ := strings.Cut(repoName, "/")
	s.org.lock()
	defer s.org.mu.Unlock()
	allowed := s.org.owns(who, namespace)
	if r := s.org.repos[repoName]; !allowed && r != nil {
		allowed = s.org.writes(who, r)
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		allowed = allowed || s.org.repository(who, repoName) != nil
	}
	switch {
	case allowed:
		return 0
	case who.name == "":
		return http.StatusUnauthorized
	}
	return http.StatusForbidden
}

// putManifest accepts a manifest whose blobs are all here, and tells the Hub.
func (s *Sandbox) putManifest(w http.ResponseWriter, r *http.Request, who identity, repoName, reference string) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxManifest+1))
	if err != nil || len(body) > maxManifest {
		registryError(w, http.StatusBadRequest, "MANIFEST_INVALID", "the manifest could not be read or is too large")
		return
	}
	mediaType := types.MediaType(r.Header.Get("Content-Type"))
	digest, _, err := v1.SHA256(bytes.NewReader(body))
	if err != nil {
		registryError(w, http.StatusBadRequest, "MANIFEST_INVALID", err.Error())
		return
	}
	images, problem := s.images.inspect(repoName, mediaType, digest.String(), body)
	if problem != "" {
		registryError(w, http.StatusBadRequest, "MANIFEST_BLOB_UNKNOWN", problem)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := carryOut(s.images.handler, r)
	if answer.status == http.StatusCreated {
		s.images.note(repoName, digest.String(), images)
		s.org.lock()
		t := tag{digest: digest.String(), mediaType: string(mediaType), images: images, pusher: who.name}
		if strings.HasPrefix(reference, "sha256:") {
			s.org.ensureRepository(repoName, who.name)
		} else {
			s.org.pushed(repoName, reference, t)
		}
		s.org.mu.Unlock()
	}
	answer.copyTo(w)
}

// inspect tells what a manifest holds, or which blob of it is missing here.
func (st *imageStore) inspect(repoName string, mediaType types.MediaType, digest string, body []byte) (images []image, problem string) {
	if mediaType.IsIndex() {
		index, err := v1.ParseIndexManifest(bytes.NewReader(body))
		if err != nil {
			return nil, err.Error()
		}
		st.mu.Lock()
		defer st.mu.Unlock()
		for _, child := range index.Manifests {
			for _, i := range st.images[repoName][child.Digest.String()] {
				if child.Platform != nil {
					i.os, i.architecture, i.variant = child.Platform.OS, child.Platform.Architecture, child.Platform.Variant
				}
				images = append(images, i)
			}
		}
		return images, ""
	}
	manifest, err := v1.ParseManifest(bytes.NewReader(body))
	if err != nil {
		return nil, err.Error()
	}
	i := image{digest: digest, size: manifest.Config.Size}
	for _, d := range append([]v1.Descriptor{manifest.Config}, manifest.Layers...) {
		if !st.blobs.has(repoName, d.Digest.String()) && d.MediaType.IsDistributable() {
			return nil, "blob unknown to this repository: " + d.Digest.String()
		}
	}
	for _, layer := range manifest.Layers {
		i.size += layer.Size
	}
	if config, err := v1.ParseConfigFile(bytes.NewReader(st.blobs.bytes(manifest.Config.Digest.String()))); err == nil {
		i.os, i.architecture, i.variant = config.OS, config.Architecture, config.Variant
	}
	return []image{i}, ""
}

func (st *imageStore) note(repoName, digest string, images []image) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.images[repoName] == nil {
		st.images[repoName] = map[string][]image{}
	}
	st.images[repoName][digest] = images
}

// mountBlob takes a blob over from another repository that the person may read;
// otherwise the upload begins as if nothing had been asked, as the specification
// has it.
func (s *Sandbox) mountBlob(w http.ResponseWriter, r *http.Request, who identity, repoName string) {
	query := r.URL.Query()
	digest, from := query.Get("mount"), query.Get("from")
	s.org.lock()
	readable := s.org.repository(who, from) != nil
	s.org.mu.Unlock()
	if readable && s.images.blobs.mount(from, repoName, digest) {
		w.Header().Set("Location", "/v2/"+repoName+"/blobs/"+digest)
		w.Header().Set("Docker-Content-Digest", digest)
		w.WriteHeader(http.StatusCreated)
		return
	}
	u := *r.URL
	u.RawQuery = ""
	r.URL = &u
	s.images.handler.ServeHTTP(w, r)
}

func registryError(w http.ResponseWriter, status int, code, message string) {
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="sandbox registry"`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []map[string]string{{"code": code, "message": message}}})
}

// repoKey is the context key under which the blob store finds the repository.
type repoKey struct{}

// blobStore keeps the bytes of a blob once, and which repositories hold it.
type blobStore struct {
	mu      sync.Mutex
	content map[string][]byte
	held    map[string]map[string]bool // repository → digest
}

func (b *blobStore) has(repoName, digest string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held[repoName][digest]
}

func (b *blobStore) bytes(digest string) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content[digest]
}

func (b *blobStore) mount(from, to, digest string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.held[from][digest] {
		return false
	}
	b.hold(to, digest)
	return true
}

func (b *blobStore) hold(repoName, digest string) {
	if b.held[repoName] == nil {
		b.held[repoName] = map[string]bool{}
	}
	b.held[repoName][digest] = true
}

func repoOf(ctx context.Context) string {
	name, _ := ctx.Value(repoKey{}).(string)
	return name
}

// Stat implements ggcr.BlobStatHandler.
func (b *blobStore) Stat(ctx context.Context, _ string, h v1.Hash) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.held[repoOf(ctx)][h.String()] {
		return 0, ggcr.ErrNotFound
	}
	return int64(len(b.content[h.String()])), nil
}

// Get implements ggcr.BlobHandler.
func (b *blobStore) Get(ctx context.Context, _ string, h v1.Hash) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.held[repoOf(ctx)][h.String()] {
		return nil, ggcr.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(b.content[h.String()])), nil
}

// Put implements ggcr.BlobPutHandler; the caller has wrapped the reader so that
// it fails on a wrong digest.
func (b *blobStore) Put(ctx context.Context, _ string, h v1.Hash, content io.ReadCloser) error {
	all, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.content[h.String()] = all
	b.hold(repoOf(ctx), h.String())
	return nil
}
