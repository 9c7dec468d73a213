package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// Kind is the kind of a Difference.
type Kind string

// The kinds of differences.
const (
	TagMissing      Kind = "the target lacks the tag"
	TagGone         Kind = "the source has the tag no more"
	DigestDiffers   Kind = "the tag has other content at the target"
	ManifestMissing Kind = "the target lacks a manifest"
	BlobMissing     Kind = "the target lacks a blob"
	BlobSize        Kind = "the target has a blob of another size"
	ReferrerMissing Kind = "the target lacks something that refers to the image, such as a signature"
)

// Difference is one way in which the target deviates from the source.
type Difference struct {
	Tag            string
	Kind           Kind
	Source, Target string // digests of the tag; empty where it does not exist
	Digest         string // of the manifest or blob, for the last four kinds
}

func (d Difference) String() string {
	switch d.Kind {
	case DigestDiffers:
		return fmt.Sprintf("%s: %s: %s instead of %s", d.Tag, d.Kind, d.Target, d.Source)
	case ManifestMissing, BlobMissing, BlobSize, ReferrerMissing:
		return fmt.Sprintf("%s: %s: %s", d.Tag, d.Kind, d.Digest)
	case TagMissing, TagGone:
	}
	return fmt.Sprintf("%s: %s", d.Tag, d.Kind)
}

// Compare checks that the target has everything the source has: every tag with the
// same digest, every manifest and blob that it references, and its referrers if the
// registry lists them. Tags that exist only at the target are not differences. The
// request is the one given to Copy; Replace is ignored. Compare changes nothing.
func (c *Client) Compare(ctx context.Context, r CopyRequest) ([]Difference, error) {
	run, err := c.newCopy(r, nil)
	if err != nil {
		return nil, err
	}
	tags := slices.Compact(slices.Sorted(slices.Values(r.Tags)))
	if r.Tags == nil {
		if tags, err = run.source.list(ctx, false); err != nil {
			return nil, err
		}
	}
	here, err := run.source.heads(ctx, tags, c.jobs)
	if err != nil {
		return nil, err
	}
	there, err := run.target.heads(ctx, tags, c.jobs)
	if err != nil {
		return nil, err
	}
	audit, err := run.target.audit(ctx, there, c.jobs)
	if err != nil {
		return nil, err
	}
	equal := map[v1.Hash]bool{}
	for tag, digest := range here {
		if digest == there[tag] {
			equal[digest] = true
		}
	}
	unattached, err := audit.unattached(ctx, run.source, slices.Collect(maps.Keys(equal)), c.jobs)
	if err != nil {
		return nil, err
	}
	var out []Difference
	for _, tag := range tags {
		d := Difference{Tag: tag, Source: hashString(here[tag]), Target: hashString(there[tag])}
		switch {
		case d.Source == "" && r.Tags == nil && d.Target == "":
			continue // deleted since it was listed
		case d.Source == "":
			d.Kind = TagGone
			out = append(out, d)
			continue
		}
		out = append(out, audit.compare(d, there[tag])...)
		for _, digest := range unattached[there[tag]] {
			d.Kind, d.Digest = ReferrerMissing, digest.String()
			out = append(out, d)
		}
	}
	return out, nil
}

func hashString(h v1.Hash) string {
	if h == (v1.Hash{}) {
		return ""
	}
	return h.String()
}

// Holds checks that a repository has these tags with these digests, with every
// manifest and blob that they reference. Use it instead of Compare when the source
// cannot be read. It changes nothing.
func (c *Client) Holds(ctx context.Context, repo string, digests map[string]string, cred Credential) ([]Difference, error) {
	r, err := c.repository(repo)
	if err != nil {
		return nil, err
	}
	rd, err := c.newReader(r, cred)
	if err != nil {
		return nil, err
	}
	tags := slices.Sorted(maps.Keys(digests))
	there, err := rd.heads(ctx, tags, c.jobs)
	if err != nil {
		return nil, err
	}
	audit, err := rd.audit(ctx, there, c.jobs)
	if err != nil {
		return nil, err
	}
	var out []Difference
	for _, tag := range tags {
		d := Difference{Tag: tag, Source: digests[tag], Target: hashString(there[tag])}
		out = append(out, audit.compare(d, there[tag])...)
	}
	return out, nil
}

// audit checks whether a repository has everything that its manifests reference.
type audit struct {
	reader *reader

	mu    sync.Mutex
	trees map[v1.Hash]tree // by digest of the root
	blobs map[v1.Hash]Kind // what is wrong with a blob; empty if nothing
}

// tree is what the manifests below a root reference.
type tree struct {
	missing []v1.Hash // manifests that could not be found
	blobs   []v1.Descriptor
}

// audit checks everything that the tags reference.
func (rd *reader) audit(ctx context.Context, heads map[string]v1.Hash, jobs int) (*audit, error) {
	a := &audit{reader: rd, trees: map[v1.Hash]tree{}, blobs: map[v1.Hash]Kind{}}
	return a, a.run(ctx, heads, jobs)
}

func (a *audit) run(ctx context.Context, heads map[string]v1.Hash, jobs int) error {
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(jobs)
	for digest := range byDigest(heads) {
		g.Go(func() error {
			var t tree
			if err := a.walk(each, digest, 0, &t); err != nil {
				return err
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			a.trees[digest] = t
			for _, b := range t.blobs {
				a.blobs[b.Digest] = ""
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	sizes := map[v1.Hash]int64{}
	for _, t := range a.trees {
		for _, b := range t.blobs {
			sizes[b.Digest] = b.Size
		}
	}
	g, each = errgroup.WithContext(ctx)
	g.SetLimit(jobs)
	for digest, size := range sizes {
		g.Go(func() error {
			kind, err := a.checkBlob(each, digest, size)
			a.mu.Lock()
			defer a.mu.Unlock()
			a.blobs[digest] = kind
			return err
		})
	}
	return g.Wait()
}

// walk collects what a manifest references. Unlike reader.getTree, it continues after
// a missing part.
func (a *audit) walk(ctx context.Context, digest v1.Hash, depth int, t *tree) error {
	n, err := a.reader.get(ctx, digest, depth)
	switch {
	case errors.Is(err, transport.ErrNotFound):
		t.missing = append(t.missing, digest)
		return nil
	case err != nil:
		return err
	}
	t.blobs = append(t.blobs, n.blobs...)
	for _, child := range n.children {
		if err := a.walk(ctx, child, depth+1, t); err != nil {
			return err
		}
	}
	return nil
}

// checkBlob looks up one blob and returns what is wrong with it, or "".
func (a *audit) checkBlob(ctx context.Context, digest v1.Hash, size int64) (Kind, error) {
	doing := "look up blob " + digest.String()
	ctx = transport.WithOp(ctx, doing)
	l, err := a.reader.puller.Layer(ctx, a.reader.repo.Digest(digest.String()))
	if err != nil {
		return "", a.reader.explain(ctx, doing, err)
	}
	got, err := l.Size() // a HEAD
	switch err = a.reader.explain(ctx, doing, err); {
	case errors.Is(err, transport.ErrNotFound):
		return BlobMissing, nil
	case err != nil:
		return "", err
	case got >= 0 && got != size: // negative if the registry did not say
		return BlobSize, nil
	}
	return "", nil
}

// compare lists the differences of a tag whose digests are in d; root is the
// target's.
func (a *audit) compare(d Difference, root v1.Hash) []Difference {
	switch d.Target {
	case "":
		d.Kind = TagMissing
		return []Difference{d}
	case d.Source:
		return a.missing(d, root)
	}
	d.Kind = DigestDiffers
	return append([]Difference{d}, a.missing(d, root)...)
}

// missing lists what a tag lacks, without duplicates.
func (a *audit) missing(d Difference, root v1.Hash) []Difference {
	var out []Difference
	add := func(kind Kind, digest v1.Hash) {
		d.Kind, d.Digest = kind, digest.String()
		if !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	t := a.trees[root]
	for _, digest := range t.missing {
		add(ManifestMissing, digest)
	}
	for _, b := range t.blobs {
		if kind := a.blobs[b.Digest]; kind != "" {
			add(kind, b.Digest)
		}
	}
	return out
}
