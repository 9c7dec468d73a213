package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const (
	maxDepth    = 4 // of nested indexes; image builders nest none
	maxTagPages = 1000
)

// node is one manifest. It implements remote.Taggable and partial.Describable.
type node struct {
	digest    v1.Hash
	mediaType types.MediaType
	raw       []byte
	children  []v1.Hash       // manifests that an index lists
	platforms []string        // of the children that have one, such as "linux/amd64"
	blobs     []v1.Descriptor // configuration and layers that the registry itself serves
	foreign   []v1.Hash       // layers that only their publisher may distribute
	content   Content         // of an image manifest; see reader.content for an index
}

// Digest returns the hash of the manifest.
func (n *node) Digest() (v1.Hash, error) { return n.digest, nil }

// MediaType returns the manifest's media type.
func (n *node) MediaType() (types.MediaType, error) { return n.mediaType, nil }

// RawManifest returns the manifest's bytes.
func (n *node) RawManifest() ([]byte, error) { return n.raw, nil }

// Size returns the manifest's length in bytes.
func (n *node) Size() (int64, error) { return int64(len(n.raw)), nil }

// reader reads the tags and manifests of one repository with one credential, each
// manifest once.
type reader struct {
	repo        name.Repository
	puller      *remote.Puller
	options     []remote.Option
	noReferrers atomic.Bool // the registry lacks the referrers API
	user        string
	cache       *manifestCache // nil where what is kept does not count

	mu    sync.Mutex
	nodes map[v1.Hash]*node
}

func (c *Client) newReader(repo name.Repository, cred Credential) (*reader, error) {
	puller, err := c.puller(cred)
	if err != nil {
		return nil, err
	}
	return &reader{repo: repo, puller: puller, options: c.options(cred), user: cred.Username, nodes: map[v1.Hash]*node{}}, nil
}

// head resolves a tag with a HEAD request. The hash is zero if the tag does not exist.
func (rd *reader) head(ctx context.Context, tag string) (v1.Hash, error) {
	doing := "look up " + rd.repo.Name() + ":" + tag
	d, err := rd.puller.Head(transport.WithOp(ctx, doing), rd.repo.Tag(tag))
	if err = rd.explain(ctx, doing, err); errors.Is(err, transport.ErrNotFound) {
		return v1.Hash{}, nil
	}
	if err != nil {
		return v1.Hash{}, err
	}
	return d.Digest, nil
}

// heads resolves tags concurrently. Tags that do not exist are omitted.
func (rd *reader) heads(ctx context.Context, tags []string, jobs int) (map[string]v1.Hash, error) {
	found := make([]v1.Hash, len(tags))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(jobs)
	for i, tag := range tags {
		g.Go(func() (err error) {
			found[i], err = rd.head(ctx, tag)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out := map[string]v1.Hash{}
	for i, tag := range tags {
		if found[i] != (v1.Hash{}) {
			out[tag] = found[i]
		}
	}
	return out, nil
}

// list returns the names of all tags, sorted. If missingIsFine, a repository that does
// not exist has none.
func (rd *reader) list(ctx context.Context, missingIsFine bool) ([]string, error) {
	doing := "list the tags of " + rd.repo.Name()
	ctx = transport.WithOp(ctx, doing)
	lister, err := rd.puller.Lister(ctx, rd.repo)
	if err = rd.explain(ctx, doing, err); errors.Is(err, transport.ErrNotFound) && missingIsFine {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var tags []string
	seen := map[string]bool{}
	for range maxTagPages {
		if !lister.HasNext() {
			slices.Sort(tags)
			return slices.Compact(tags), nil
		}
		page, err := lister.Next(ctx)
		if err != nil {
			return nil, rd.explain(ctx, doing, err)
		}
		if page.Next != "" && seen[page.Next] {
			break
		}
		seen[page.Next] = true
		tags = append(tags, page.Tags...)
	}
	return nil, fmt.Errorf("registry: %s: %w", doing, errEndless)
}

// getTree fetches a manifest by digest, and recursively its children.
func (rd *reader) getTree(ctx context.Context, digest v1.Hash, depth int) (*node, error) {
	n, err := rd.get(ctx, digest, depth)
	if err != nil {
		return nil, err
	}
	for _, child := range n.children {
		_, err := rd.getTree(ctx, child, depth+1)
		if errors.Is(err, transport.ErrNotFound) {
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if err != nil {
			return nil, err
		}
	}
	return n, nil
}

// get fetches one manifest by digest. depth is the number of indexes above it.
func (rd *reader) get(ctx context.Context, digest v1.Hash, depth int) (*node, error) {
	if n := rd.cached(digest); n != nil {
		return n, nil
	}
	doing := "read " + rd.repo.Name() + "@" + digest.String()
	if depth > maxDepth {
		return nil, fmt.Errorf("registry: %s: %w", doing, errTooDeep)
	}
	d, err := rd.puller.Get(transport.WithOp(ctx, doing), rd.repo.Digest(digest.String()))
	if err != nil {
		return nil, rd.explain(ctx, doing, err)
	}
	return rd.store(doing, digest, d)
}

func (rd *reader) store(doing string, digest v1.Hash, d *remote.Descriptor) (*node, error) {
	n, err := parse(digest, d.MediaType, d.Manifest)
	if err != nil {
		return nil, fmt.Errorf("registry: %s (%s): %w", doing, oneLine(string(d.MediaType)), err)
	}
	if rd.cache != nil {
		rd.cache.put(rd.cacheKey(digest), n)
	}
	rd.mu.Lock()
	defer rd.mu.Unlock()
	rd.nodes[digest] = n
	return n, nil
}

func (rd *reader) cacheKey(digest v1.Hash) cacheKey {
	return cacheKey{repo: rd.repo.Name(), user: rd.user, digest: digest}
}

// getTags fetches the manifests of tags and returns the digests computed from their
// bytes. Tags that do not exist are omitted.
func (rd *reader) getTags(ctx context.Context, tags []string, jobs int) (map[string]v1.Hash, error) {
	var mu sync.Mutex
	out := map[string]v1.Hash{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(jobs)
	for _, tag := range tags {
		g.Go(func() error {
			doing := "read " + rd.repo.Name() + ":" + tag
			d, err := rd.puller.Get(transport.WithOp(ctx, doing), rd.repo.Tag(tag))
			if err = rd.explain(ctx, doing, err); errors.Is(err, transport.ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			if _, err := rd.store(doing, d.Digest, d); err != nil {
				return fmt.Errorf("tag %s: %w", tag, err)
			}
			mu.Lock()
			defer mu.Unlock()
			out[tag] = d.Digest
			return nil
		})
	}
	return out, g.Wait()
}

// cached returns a manifest that was read before, by this reader or, for a source, by
// another reader with the same credential. It is nil if there is none.
func (rd *reader) cached(digest v1.Hash) *node {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	if n := rd.nodes[digest]; n != nil || rd.cache == nil {
		return n
	}
	n := rd.cache.get(rd.cacheKey(digest))
	if n != nil {
		rd.nodes[digest] = n
	}
	return n
}

// flatten returns root and all nodes below it, which must have been read, children
// before parents, without duplicates.
func (rd *reader) flatten(root *node) []*node {
	var out []*node
	for _, digest := range root.children {
		for _, n := range rd.flatten(rd.cached(digest)) {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return append(out, root)
}

// allBlobs returns the blobs of root and of all nodes below it, without duplicates.
func (rd *reader) allBlobs(root *node) []v1.Descriptor {
	var out []v1.Descriptor
	seen := map[v1.Hash]bool{}
	for _, n := range rd.flatten(root) {
		for _, b := range n.blobs {
			if !seen[b.Digest] {
				seen[b.Digest] = true
				out = append(out, b)
			}
		}
	}
	return out
}

// parse parses a manifest.
func parse(digest v1.Hash, mediaType types.MediaType, raw []byte) (*node, error) {
	n := &node{digest: digest, mediaType: mediaType, raw: raw}
	switch {
	case mediaType.IsIndex():
		index, err := v1.ParseIndexManifest(bytes.NewReader(raw))
		if err != nil {
			return nil, malformed(err)
		}
		for _, d := range index.Manifests {
			switch {
			case isBlob(d.MediaType):
				if err := n.addBlob(d); err != nil {
					return nil, err
				}
				continue
			case !d.MediaType.IsIndex() && !d.MediaType.IsImage():
				return nil, fmt.Errorf("it lists something of the type %q: %w", oneLine(string(d.MediaType)), ErrUnknown)
			case d.Digest == v1.Hash{}:
				return nil, fmt.Errorf("%w: it lists a manifest without its digest", ErrMalformed)
			}
			n.children = append(n.children, d.Digest)
			if d.Platform != nil && d.Platform.OS != "unknown" { // BuildKit's attestations have "unknown"
				n.platforms = append(n.platforms, oneLine(d.Platform.String()))
			}
		}
		return n, nil
	case mediaType.IsImage():
		image, err := v1.ParseManifest(bytes.NewReader(raw))
		if err != nil {
			return nil, malformed(err)
		}
		n.content = contentOf(image)
		for _, d := range append([]v1.Descriptor{image.Config}, image.Layers...) {
			if err := n.addBlob(d); err != nil {
				return nil, err
			}
		}
		return n, nil
	}
	if mediaType.IsSchema1() {
		return nil, ErrFormat
	}
	return nil, ErrUnknown
}

func malformed(err error) error { return fmt.Errorf("%w: %w", ErrMalformed, sanitized{err}) }

// formatRefused reports whether a manifest was read and cannot be copied as it is.
func formatRefused(err error) bool {
	return errors.Is(err, ErrFormat) || errors.Is(err, ErrUnknown) || errors.Is(err, ErrMalformed)
}

// isBlob reports whether an index refers to a blob by a descriptor of this type. The OCI
// image specification lets an index list manifests only, but BuildKit's build caches list
// layers and one configuration (buildkit, cache/remotecache/v1/doc.go), and registries
// accept them.
//
// Other types may be those of later manifests ("Future versions of the spec MAY use a
// different mediatype", image-index.md). go-containerregistry, and crane with it, takes
// whatever is neither an image nor an index for a blob, which for a manifest fails in
// the middle of a copy. Reading it as a manifest would not do either: what it refers to
// in turn is not known, so the copy could be neither whole nor verified. The
// specification's "MUST be ignored" is for those who choose an image to run: a copy that
// left something out would have another digest, or lack what its digest promises. An
// index with such a type is therefore refused with ErrUnknown.
func isBlob(m types.MediaType) bool {
	return isLayer(m) || m.IsConfig() || m == "application/vnd.buildkit.cacheconfig.v0"
}

// isLayer reports whether m is a layer of a root file system, also in a compression or
// encryption that go-containerregistry does not know.
func isLayer(m types.MediaType) bool {
	return strings.HasPrefix(string(m), "application/vnd.oci.image.layer.") || strings.HasPrefix(string(m), "application/vnd.docker.image.rootfs.")
}

// addBlob adds a configuration or a layer.
func (n *node) addBlob(d v1.Descriptor) error {
	switch {
	case d.Digest == v1.Hash{} || d.Size < 0:
		return fmt.Errorf("%w: it names a blob without its digest or size", ErrMalformed)
	case !d.MediaType.IsDistributable():
		n.foreign = append(n.foreign, d.Digest)
	default:
		n.blobs = append(n.blobs, d)
	}
	return nil
}

// Tag describes one tag of a repository.
type Tag struct {
	Name, Digest, MediaType string
	Size                    int64    // of its compressed blobs in bytes, all platforms together
	Platforms               []string // of an index, such as "linux/amd64"
	Content                 Content
	Unfit                   error // why it cannot be copied, ErrFormat, ErrUnknown, ErrMalformed or ErrDamaged; then only Name and Digest are set
}

// Digests returns the digest of each tag of a repository. It reads no manifest, which
// Docker Hub would count as a pull.
func (c *Client) Digests(ctx context.Context, repo string, cred Credential) (map[string]string, error) {
	_, heads, err := c.open(ctx, repo, cred)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(heads))
	for tag, digest := range heads {
		out[tag] = digest.String()
	}
	return out, nil
}

// Describe reads every tag of a repository with all its manifests, sorted by name. The
// error for a repository that does not exist is transport.ErrNotFound.
func (c *Client) Describe(ctx context.Context, repo string, cred Credential) ([]Tag, error) {
	rd, heads, err := c.open(ctx, repo, cred)
	if err != nil {
		return nil, err
	}
	roots, unfit, err := rd.copyable(ctx, heads, c.jobs)
	if err != nil {
		return nil, err
	}
	var out []Tag
	for _, tag := range slices.Sorted(maps.Keys(heads)) {
		n := roots[tag]
		if n == nil {
			out = append(out, Tag{Name: tag, Digest: heads[tag].String(), Unfit: unfit[tag]})
			continue
		}
		t := Tag{Name: tag, Digest: n.digest.String(), MediaType: oneLine(string(n.mediaType)), Platforms: n.platforms, Content: rd.content(n)}
		for _, b := range rd.allBlobs(n) {
			t.Size += b.Size
		}
		out = append(out, t)
	}
	return out, nil
}

// open lists the tags of a repository and resolves them.
func (c *Client) open(ctx context.Context, repo string, cred Credential) (*reader, map[string]v1.Hash, error) {
	r, err := c.repository(repo)
	if err != nil {
		return nil, nil, err
	}
	rd, err := c.newReader(r, cred)
	if err != nil {
		return nil, nil, err
	}
	rd.cache = &c.cache
	tags, err := rd.list(ctx, false)
	if err != nil {
		return nil, nil, err
	}
	heads, err := rd.heads(ctx, tags, c.jobs)
	return rd, heads, err
}

// roots reads the manifests of tags. One that cannot be copied is an error.
func (rd *reader) roots(ctx context.Context, heads map[string]v1.Hash, jobs int) (map[string]*node, error) {
	out, unfit, err := rd.copyable(ctx, heads, jobs)
	for _, tag := range slices.Sorted(maps.Keys(unfit)) {
		return nil, fmt.Errorf("tag %s: %w", tag, unfit[tag])
	}
	return out, err
}

// copyable reads the manifests of tags concurrently, each manifest once however many
// tags it has. Tags that cannot be copied are in unfit, with the reason.
func (rd *reader) copyable(ctx context.Context, heads map[string]v1.Hash, jobs int) (out map[string]*node, unfit map[string]error, err error) {
	var mu sync.Mutex
	out, unfit = map[string]*node{}, map[string]error{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(jobs)
	for digest, tags := range byDigest(heads) {
		g.Go(func() error {
			n, err := rd.getTree(ctx, digest, 0)
			unable := formatRefused(err) || errors.Is(err, ErrDamaged)
			if err != nil && !unable {
				return fmt.Errorf("tag %s: %w", tags[0], err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, tag := range tags {
				if unable {
					unfit[tag] = err
				} else {
					out[tag] = n
				}
			}
			return nil
		})
	}
	return out, unfit, g.Wait()
}

// byDigest inverts heads. The tags are sorted.
func byDigest(heads map[string]v1.Hash) map[v1.Hash][]string {
	out := map[v1.Hash][]string{}
	for _, tag := range slices.Sorted(maps.Keys(heads)) {
		out[heads[tag]] = append(out[heads[tag]], tag)
	}
	return out
}
