package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	maxDepth    = 4 // of indexes within indexes; builders make one level
	maxTagPages = 1000
)

// node is one manifest.
type node struct {
	digest    v1.Hash
	mediaType types.MediaType
	raw       []byte
	below     []v1.Hash       // manifests that an index consists of
	platforms []string        // of the children that have one, "linux/amd64"
	blobs     []v1.Descriptor // configuration and layers, those served from elsewhere left out
	foreign   []v1.Hash       // layers served from elsewhere
}

// Digest, MediaType, RawManifest and Size let a node be pushed.

// Digest is the hash of the manifest.
func (n *node) Digest() (v1.Hash, error) { return n.digest, nil }

// MediaType is the manifest's.
func (n *node) MediaType() (types.MediaType, error) { return n.mediaType, nil }

// RawManifest is the manifest byte by byte.
func (n *node) RawManifest() ([]byte, error) { return n.raw, nil }

// Size is the manifest's length.
func (n *node) Size() (int64, error) { return int64(len(n.raw)), nil }

// forest reads manifests of one repository, each once.
type forest struct {
	repo        name.Repository
	puller      *remote.Puller
	options     []remote.Option
	noReferrers atomic.Bool // the registry does not list what refers to a manifest
	user        string
	shelf       *shelf // nil where what is kept does not count

	mu    sync.Mutex
	nodes map[v1.Hash]*node
}

func (c *Client) forest(repo name.Repository, cred Credential) (*forest, error) {
	puller, err := c.puller(cred)
	if err != nil {
		return nil, err
	}
	return &forest{repo: repo, puller: puller, options: c.options(cred), user: cred.Username, nodes: map[v1.Hash]*node{}}, nil
}

// head asks what a tag points to. What does not exist is a zero hash.
func (f *forest) head(ctx context.Context, tag string) (v1.Hash, error) {
	doing := "look up " + f.repo.Name() + ":" + tag
	d, err := f.puller.Head(transport.WithOp(ctx, doing), f.repo.Tag(tag))
	if err = f.explain(ctx, doing, err); errors.Is(err, transport.ErrNotFound) {
		return v1.Hash{}, nil
	}
	if err != nil {
		return v1.Hash{}, err
	}
	return d.Digest, nil
}

// heads asks what tags point to, several at once. Tags that do not exist are
// left out.
func (f *forest) heads(ctx context.Context, tags []string, jobs int) (map[string]v1.Hash, error) {
	found := make([]v1.Hash, len(tags))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(jobs)
	for i, tag := range tags {
		g.Go(func() (err error) {
			found[i], err = f.head(ctx, tag)
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

// list reads the names of all tags, sorted. A repository that does not exist
// has none if missing is fine.
func (f *forest) list(ctx context.Context, missingIsFine bool) ([]string, error) {
	doing := "list the tags of " + f.repo.Name()
	ctx = transport.WithOp(ctx, doing)
	lister, err := f.puller.Lister(ctx, f.repo)
	if err = f.explain(ctx, doing, err); errors.Is(err, transport.ErrNotFound) && missingIsFine {
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
			return nil, f.explain(ctx, doing, err)
		}
		if page.Next != "" && seen[page.Next] {
			break
		}
		seen[page.Next] = true
		tags = append(tags, page.Tags...)
	}
	return nil, fmt.Errorf("registry: %s: %w", doing, errEndless)
}

// read fetches a manifest by digest, and all that is below it.
func (f *forest) read(ctx context.Context, digest v1.Hash, depth int) (*node, error) {
	n, err := f.one(ctx, digest, depth)
	if err != nil {
		return nil, err
	}
	for _, child := range n.below {
		_, err := f.read(ctx, child, depth+1)
		if errors.Is(err, transport.ErrNotFound) {
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if err != nil {
			return nil, err
		}
	}
	return n, nil
}

// one fetches one manifest by digest. Depth is how many indexes it is in.
func (f *forest) one(ctx context.Context, digest v1.Hash, depth int) (*node, error) {
	if n := f.known(digest); n != nil {
		return n, nil
	}
	doing := "read " + f.repo.Name() + "@" + digest.String()
	if depth > maxDepth {
		return nil, fmt.Errorf("registry: %s: %w", doing, errTooDeep)
	}
	d, err := f.puller.Get(transport.WithOp(ctx, doing), f.repo.Digest(digest.String()))
	if err != nil {
		return nil, f.explain(ctx, doing, err)
	}
	return f.keep(doing, digest, d)
}

func (f *forest) keep(doing string, digest v1.Hash, d *remote.Descriptor) (*node, error) {
	n, err := parse(digest, d.MediaType, d.Manifest)
	if err != nil {
		return nil, fmt.Errorf("registry: %s (%s): %w", doing, oneLine(string(d.MediaType)), err)
	}
	if f.shelf != nil {
		f.shelf.put(f.shelved(digest), n)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.nodes[digest] = n
	return n, nil
}

func (f *forest) shelved(digest v1.Hash) shelved {
	return shelved{repo: f.repo.Name(), user: f.user, digest: digest}
}

// gets reads the manifests of tags and returns their digests, which are those
// of the very bytes. Tags that do not exist are left out.
func (f *forest) gets(ctx context.Context, tags []string, jobs int) (map[string]v1.Hash, error) {
	var mu sync.Mutex
	out := map[string]v1.Hash{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(jobs)
	for _, tag := range tags {
		g.Go(func() error {
			doing := "read " + f.repo.Name() + ":" + tag
			d, err := f.puller.Get(transport.WithOp(ctx, doing), f.repo.Tag(tag))
			if err = f.explain(ctx, doing, err); errors.Is(err, transport.ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			if _, err := f.keep(doing, d.Digest, d); err != nil {
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

// known is a manifest that was read, by this forest or, of a source, by another.
func (f *forest) known(digest v1.Hash) *node {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := f.nodes[digest]; n != nil || f.shelf == nil {
		return n
	}
	n := f.shelf.get(f.shelved(digest))
	if n != nil {
		f.nodes[digest] = n
	}
	return n
}

// all lists a node that was read and what is below it, children before
// parents, each once.
func (f *forest) all(root *node) []*node {
	var out []*node
	for _, digest := range root.below {
		for _, n := range f.all(f.known(digest)) {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return append(out, root)
}

// allBlobs lists the blobs of a node and of what is below it, each once.
func (f *forest) allBlobs(root *node) []v1.Descriptor {
	var out []v1.Descriptor
	seen := map[v1.Hash]bool{}
	for _, n := range f.all(root) {
		for _, b := range n.blobs {
			if !seen[b.Digest] {
				seen[b.Digest] = true
				out = append(out, b)
			}
		}
	}
	return out
}

// parse reads what a manifest consists of.
func parse(digest v1.Hash, mediaType types.MediaType, raw []byte) (*node, error) {
	n := &node{digest: digest, mediaType: mediaType, raw: raw}
	switch {
	case mediaType.IsIndex():
		index, err := v1.ParseIndexManifest(bytes.NewReader(raw))
		if err != nil {
			return nil, err
		}
		for _, d := range index.Manifests {
			if !d.MediaType.IsIndex() && !d.MediaType.IsImage() {
				if err := n.hold(d); err != nil { // an index may hold blobs, too
					return nil, err
				}
				continue
			}
			n.below = append(n.below, d.Digest)
			if d.Platform != nil && d.Platform.OS != "unknown" { // what buildkit calls its attestations
				n.platforms = append(n.platforms, oneLine(d.Platform.String()))
			}
		}
		return n, nil
	case mediaType.IsImage():
		image, err := v1.ParseManifest(bytes.NewReader(raw))
		if err != nil {
			return nil, err
		}
		for _, d := range append([]v1.Descriptor{image.Config}, image.Layers...) {
			if err := n.hold(d); err != nil {
				return nil, err
			}
		}
		return n, nil
	}
	return nil, ErrFormat
}

// hold adds a configuration or a layer.
func (n *node) hold(d v1.Descriptor) error {
	switch {
	case d.Digest == v1.Hash{} || d.Size < 0:
		return errors.New("the manifest names a blob without its digest or size")
	case !d.MediaType.IsDistributable():
		n.foreign = append(n.foreign, d.Digest)
	default:
		n.blobs = append(n.blobs, d)
	}
	return nil
}

// Tag is one tag of a repository.
type Tag struct {
	Name, Digest, MediaType string
	Size                    int64    // of its blobs, compressed, all platforms together
	Platforms               []string // of an index, "linux/amd64"
	Unfit                   error    // why it cannot be copied, ErrFormat or ErrDamaged; then no more than name and digest are known
}

// Digests asks what each tag of a repository points to. It reads no manifest,
// which Docker Hub would count as a pull.
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

// Describe reads every tag of a repository with all its manifests, in order of
// name. A repository that does not exist is transport.ErrNotFound.
func (c *Client) Describe(ctx context.Context, repo string, cred Credential) ([]Tag, error) {
	f, heads, err := c.open(ctx, repo, cred)
	if err != nil {
		return nil, err
	}
	roots, unfit, err := f.fit(ctx, heads, c.jobs)
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
		t := Tag{Name: tag, Digest: n.digest.String(), MediaType: oneLine(string(n.mediaType)), Platforms: n.platforms}
		for _, b := range f.allBlobs(n) {
			t.Size += b.Size
		}
		out = append(out, t)
	}
	return out, nil
}

// open lists the tags of a repository and asks what each points to.
func (c *Client) open(ctx context.Context, repo string, cred Credential) (*forest, map[string]v1.Hash, error) {
	r, err := c.repository(repo)
	if err != nil {
		return nil, nil, err
	}
	f, err := c.forest(r, cred)
	if err != nil {
		return nil, nil, err
	}
	f.shelf = &c.shelf
	tags, err := f.list(ctx, false)
	if err != nil {
		return nil, nil, err
	}
	heads, err := f.heads(ctx, tags, c.jobs)
	return f, heads, err
}

// roots reads the manifests of tags; one that cannot be copied is an error.
func (f *forest) roots(ctx context.Context, heads map[string]v1.Hash, jobs int) (map[string]*node, error) {
	out, unfit, err := f.fit(ctx, heads, jobs)
	for _, tag := range slices.Sorted(maps.Keys(unfit)) {
		return nil, fmt.Errorf("tag %s: %w", tag, unfit[tag])
	}
	return out, err
}

// fit reads the manifests of tags, several at once, and each once, however many
// tags it has. Those that cannot be copied are in unfit, with the reason.
func (f *forest) fit(ctx context.Context, heads map[string]v1.Hash, jobs int) (out map[string]*node, unfit map[string]error, err error) {
	var mu sync.Mutex
	out, unfit = map[string]*node{}, map[string]error{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(jobs)
	for digest, tags := range byDigest(heads) {
		g.Go(func() error {
			n, err := f.read(ctx, digest, 0)
			unable := errors.Is(err, ErrFormat) || errors.Is(err, ErrDamaged)
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

// byDigest turns heads around; the tags are sorted.
func byDigest(heads map[string]v1.Hash) map[v1.Hash][]string {
	out := map[v1.Hash][]string{}
	for _, tag := range slices.Sorted(maps.Keys(heads)) {
		out[heads[tag]] = append(out[heads[tag]], tag)
	}
	return out
}
