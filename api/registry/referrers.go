package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// What refers to an image (signatures, attestations, bills of materials) has no
// tag of its own where the registry has the referrers API (OCI distribution
// specification 1.1, GET /v2/<name>/referrers/<digest>). Where it has not,
// clients keep fallback tags, which are copied like any other.

const maxReferrers = 1000 // to one manifest

// referrersOf lists what refers to a manifest; supported is false when the
// registry has no such API, and then it is not asked again.
func (f *forest) referrersOf(ctx context.Context, digest v1.Hash) (found []v1.Hash, supported bool, err error) {
	if f.noReferrers.Load() {
		return nil, false, nil
	}
	doing := "look for what refers to " + f.repo.Name() + "@" + digest.String()
	options := append(slices.Clone(f.options), remote.WithContext(transport.WithOp(ctx, doing)), remote.Reuse(f.puller))
	index, err := remote.Referrers(f.repo.Digest(digest.String()), options...)
	if err != nil {
		var door *transport.Error
		if explained := f.explain(ctx, doing, err); ctx.Err() != nil || errors.As(explained, &door) {
			return nil, false, explained
		}
		f.noReferrers.Store(true) // the API is not there: the library has no fallback left
		return nil, false, nil
	}
	m, err := index.IndexManifest()
	if err != nil {
		return nil, true, fmt.Errorf("registry: %s: %w", doing, err)
	}
	if len(m.Manifests) > maxReferrers {
		return nil, true, fmt.Errorf("registry: %s: %w", doing, errEndless)
	}
	for _, d := range m.Manifests {
		if d.Digest != digest && !slices.Contains(found, d.Digest) {
			found = append(found, d.Digest)
		}
	}
	return found, true, nil
}

// attachAll finds what refers to the tags that are to be copied, and to those
// that the target has already: something may have been attached since.
func (run *copying) attachAll(ctx context.Context) error {
	defer func() { run.count(); run.report(run.at) }()
	first := v1.Hash{}
	for _, root := range run.roots {
		first = root.digest
		break
	}
	for _, t := range run.receipt.Tags {
		if first == (v1.Hash{}) {
			first, _ = v1.NewHash(t.Digest)
		}
	}
	if first == (v1.Hash{}) {
		return nil
	}
	if _, supported, err := run.source.referrersOf(ctx, first); err != nil || !supported {
		return err
	}
	heads := map[string]v1.Hash{}
	for _, t := range run.receipt.Tags {
		h, err := v1.NewHash(t.Digest)
		if err != nil {
			return fmt.Errorf("registry: tag %s: %w", t.Name, err)
		}
		heads[t.Name] = h
	}
	skipped, err := run.source.roots(ctx, heads, run.c.jobs)
	if err != nil {
		return err
	}
	var subjects []*node
	for _, roots := range []map[string]*node{run.roots, skipped} {
		for _, root := range roots {
			for _, m := range run.source.all(root) {
				if !slices.Contains(subjects, m) {
					subjects = append(subjects, m)
				}
			}
		}
	}
	var mu sync.Mutex
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(run.c.jobs)
	for _, m := range subjects {
		g.Go(func() error { return run.attach(each, &mu, m.digest, m.digest, 0) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	slices.Sort(run.receipt.Left)
	run.receipt.Left = slices.Compact(run.receipt.Left)
	// What refers to tags that are there already is brought at once.
	for _, root := range skipped {
		if err := run.referrers(ctx, run.source.all(root)); err != nil {
			return err
		}
	}
	return nil
}

// attach notes what refers to a manifest, and to that in turn, under the
// manifest that a tag leads to.
func (run *copying) attach(ctx context.Context, mu *sync.Mutex, subject, to v1.Hash, depth int) error {
	if depth > maxDepth {
		return nil // what refers to itself by way of others
	}
	found, _, err := run.source.referrersOf(ctx, to)
	if err != nil {
		return err
	}
	for _, digest := range found {
		n, err := run.source.read(ctx, digest, 0)
		mu.Lock()
		switch {
		case errors.Is(err, ErrFormat):
			run.receipt.Left = append(run.receipt.Left, digest.String())
		case err == nil && !slices.Contains(run.attached[subject], n):
			run.attached[subject] = append(run.attached[subject], n)
			run.receipt.Referrers++
		}
		mu.Unlock()
		if errors.Is(err, ErrFormat) {
			continue
		}
		if err != nil {
			return err
		}
		if err := run.attach(ctx, mu, subject, digest, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// referrers brings what refers to manifests.
func (run *copying) referrers(ctx context.Context, to []*node) error {
	for _, m := range to {
		for _, root := range run.attached[m.digest] {
			for _, part := range run.source.all(root) {
				if err := run.whole(ctx, part); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// unattached lists, by the digest of a tag's manifest, what refers to it or to a
// part of it at the source, and is not at the target or is not listed there.
func (a *audit) unattached(ctx context.Context, source *forest, roots []v1.Hash, jobs int) (map[v1.Hash][]v1.Hash, error) {
	var mu sync.Mutex
	out := map[v1.Hash][]v1.Hash{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(jobs)
	for _, root := range roots {
		g.Go(func() error {
			digests := []v1.Hash{root}
			for n := 0; n < len(digests); n++ {
				if m := a.forest.known(digests[n]); m != nil {
					digests = append(digests, m.below...)
				}
				lacking, err := a.referrersLacking(ctx, source, digests[n])
				if err != nil {
					return err
				}
				mu.Lock()
				out[root] = append(out[root], lacking...)
				mu.Unlock()
			}
			return nil
		})
	}
	return out, g.Wait()
}

// referrersLacking lists what refers to one manifest at the source, and is not
// whole at the target.
func (a *audit) referrersLacking(ctx context.Context, source *forest, digest v1.Hash) (lacking []v1.Hash, err error) {
	want, supported, err := source.referrersOf(ctx, digest)
	if err != nil || !supported || len(want) == 0 {
		return nil, err
	}
	have, _, err := a.forest.referrersOf(ctx, digest)
	if err != nil {
		return nil, err
	}
	for _, h := range want {
		if !slices.Contains(have, h) {
			lacking = append(lacking, h)
			continue
		}
		var t tree
		if err := a.climb(ctx, h, 0, &t); err != nil && !errors.Is(err, ErrFormat) {
			return nil, err
		}
		broken := len(t.missing) > 0
		for _, b := range t.blobs {
			kind, err := a.blob(ctx, b.Digest, b.Size)
			if err != nil {
				return nil, err
			}
			broken = broken || kind != ""
		}
		if broken {
			lacking = append(lacking, h)
		}
	}
	return lacking, nil
}
