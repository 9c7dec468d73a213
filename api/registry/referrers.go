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

// Referrers (signatures, attestations, SBOMs) have no tag in a registry with the
// referrers API (OCI distribution specification 1.1,
// GET /v2/<name>/referrers/<digest>). In other registries, clients follow the
// referrers tag schema, whose tags are copied like any other.

const maxReferrers = 1000 // of one manifest

// referrersOf lists the referrers of a manifest. supported is false if the registry
// does not have the API; it is then not asked again.
func (rd *reader) referrersOf(ctx context.Context, digest v1.Hash) (found []v1.Hash, supported bool, err error) {
	if rd.noReferrers.Load() {
		return nil, false, nil
	}
	doing := "look for what refers to " + rd.repo.Name() + "@" + digest.String()
	options := append(slices.Clone(rd.options), remote.WithContext(transport.WithOp(ctx, doing)), remote.Reuse(rd.puller))
	index, err := remote.Referrers(rd.repo.Digest(digest.String()), options...)
	if err != nil {
		var sent *transport.Error
		if explained := rd.explain(ctx, doing, err); ctx.Err() != nil || errors.As(explained, &sent) {
			return nil, false, explained
		}
		rd.noReferrers.Store(true) // the request itself succeeded, and the tag fallback is disabled
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

// findReferrers finds the referrers of the tags to copy, and of those that the target
// already has: a referrer may have been added since. It copies the latter's at once.
func (run *copyRun) findReferrers(ctx context.Context) error {
	defer func() { run.count(); run.report(run.progress) }()
	heads := map[string]v1.Hash{}
	for _, t := range run.receipt.Tags {
		h, err := v1.NewHash(t.Digest)
		if err != nil {
			return fmt.Errorf("registry: tag %s: %w", t.Name, err)
		}
		heads[t.Name] = h
	}
	// Without the API, what the target already has need not be read.
	probe, ok := run.anyDigest(heads)
	if !ok {
		return nil
	}
	if _, supported, err := run.source.referrersOf(ctx, probe); err != nil || !supported {
		return err
	}
	skipped, err := run.source.roots(ctx, heads, run.client.jobs)
	if err != nil {
		return err
	}
	var subjects []*node
	for _, roots := range []map[string]*node{run.roots, skipped} {
		for _, root := range roots {
			for _, m := range run.source.flatten(root) {
				if !slices.Contains(subjects, m) {
					subjects = append(subjects, m)
				}
			}
		}
	}
	var mu sync.Mutex
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(run.client.jobs)
	for _, m := range subjects {
		g.Go(func() error { return run.findReferrersOf(each, &mu, m.digest, m.digest, 0) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	slices.Sort(run.receipt.Left)
	run.receipt.Left = slices.Compact(run.receipt.Left)
	for _, root := range skipped {
		if err := run.copyReferrers(ctx, run.source.flatten(root)); err != nil {
			return err
		}
	}
	return nil
}

// anyDigest returns the digest of a tag that is to be copied or that the target
// already has. ok is false if there are no tags.
func (run *copyRun) anyDigest(skipped map[string]v1.Hash) (_ v1.Hash, ok bool) {
	for _, root := range run.roots {
		return root.digest, true
	}
	for _, digest := range skipped {
		return digest, true
	}
	return v1.Hash{}, false
}

// findReferrersOf records, for the manifest subject, the referrers of the manifest
// to, and their referrers in turn.
func (run *copyRun) findReferrersOf(ctx context.Context, mu *sync.Mutex, subject, to v1.Hash, depth int) error {
	if depth > maxDepth {
		return nil // a cycle
	}
	found, _, err := run.source.referrersOf(ctx, to)
	if err != nil {
		return err
	}
	for _, digest := range found {
		n, err := run.source.getTree(ctx, digest, 0)
		mu.Lock()
		switch {
		case formatRefused(err):
			run.receipt.Left = append(run.receipt.Left, digest.String())
		case err == nil && !slices.Contains(run.attached[subject], n):
			run.attached[subject] = append(run.attached[subject], n)
			run.receipt.Referrers++
		}
		mu.Unlock()
		if formatRefused(err) {
			continue
		}
		if err != nil {
			return err
		}
		if err := run.findReferrersOf(ctx, mu, subject, digest, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// copyReferrers copies the referrers of manifests.
func (run *copyRun) copyReferrers(ctx context.Context, to []*node) error {
	for _, m := range to {
		for _, root := range run.attached[m.digest] {
			for _, part := range run.source.flatten(root) {
				if err := run.copyManifest(ctx, part); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// unattached returns, by digest of a tag's manifest, the referrers of it and of its
// parts that the source has and the target lacks or does not list.
func (a *audit) unattached(ctx context.Context, source *reader, roots []v1.Hash, jobs int) (map[v1.Hash][]v1.Hash, error) {
	var mu sync.Mutex
	out := map[v1.Hash][]v1.Hash{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(jobs)
	for _, root := range roots {
		g.Go(func() error {
			digests := []v1.Hash{root}
			for n := 0; n < len(digests); n++ {
				if m := a.reader.cached(digests[n]); m != nil {
					digests = append(digests, m.children...)
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

// referrersLacking lists the referrers of one manifest that the source has and that
// are missing or incomplete at the target.
func (a *audit) referrersLacking(ctx context.Context, source *reader, digest v1.Hash) (lacking []v1.Hash, err error) {
	want, supported, err := source.referrersOf(ctx, digest)
	if err != nil || !supported || len(want) == 0 {
		return nil, err
	}
	have, _, err := a.reader.referrersOf(ctx, digest)
	if err != nil {
		return nil, err
	}
	for _, h := range want {
		if !slices.Contains(have, h) {
			lacking = append(lacking, h)
			continue
		}
		var t tree
		if err := a.walk(ctx, h, 0, &t); err != nil && !formatRefused(err) {
			return nil, err
		}
		broken := len(t.missing) > 0
		for _, b := range t.blobs {
			kind, err := a.checkBlob(ctx, b.Digest, b.Size)
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
