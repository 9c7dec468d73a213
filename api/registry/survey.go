package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	wire "github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// survey determines what has to be copied. It changes nothing.
func (run *copyRun) survey(ctx context.Context, r CopyRequest) error {
	tags := slices.Compact(slices.Sorted(slices.Values(r.Tags)))
	if r.Tags == nil {
		var err error
		if tags, err = run.source.list(ctx, false); err != nil {
			return err
		}
	}
	run.progress.Tags = len(tags)
	run.report(run.progress)
	run.surveyed = run.client.o.Now()
	here, there, err := run.heads(ctx, tags, r.Pinned)
	if err != nil {
		return err
	}
	run.before = there
	var occupied, moved []string
	for _, tag := range tags {
		want, pinned := r.Pinned[tag]
		switch {
		case here[tag] == v1.Hash{} && r.Tags == nil && !pinned:
			run.progress.Tags-- // deleted since it was listed
		case here[tag] == v1.Hash{} && !pinned:
			return fmt.Errorf("registry: copy %s: it has no tag %s: %w", run.source.repo.Name(), tag, transport.ErrNotFound)
		case pinned && want != here[tag].String():
			moved = append(moved, tag+" (from "+want+" to "+orNothing(here[tag])+")")
		case here[tag] == there[tag]:
			run.receipt.Tags = append(run.receipt.Tags, Copied{Name: tag, Digest: there[tag].String(), Skipped: true})
			run.progress.TagsDone++
		case there[tag] != v1.Hash{} && r.Replaceable[tag] != there[tag].String():
			occupied = append(occupied, tag+" ("+there[tag].String()+")")
		}
	}
	if len(moved) > 0 {
		return fmt.Errorf("registry: copy %s: %w: %s; nothing was sent", run.source.repo.Name(), ErrMoved, strings.Join(moved, ", "))
	}
	if len(occupied) > 0 && !r.Replace {
		return fmt.Errorf("registry: copy to %s: %w: %s; nothing was sent: choose another target, or agree to their replacement",
			run.target.repo.Name(), ErrOccupied, strings.Join(occupied, ", "))
	}
	for _, t := range run.receipt.Tags {
		delete(here, t.Name)
	}
	if run.roots, err = run.source.roots(ctx, here, run.client.jobs); err != nil {
		return err
	}
	return run.prepareMounts(ctx, r)
}

// heads resolves the tags on both sides. Tags that the target does not list are not
// looked up there, and their manifests are read from the source at once because they
// will be copied, unless the pinned manifest is cached: reading counts as a pull, a
// HEAD does not.
func (run *copyRun) heads(ctx context.Context, tags []string, pinned map[string]string) (here, there map[string]v1.Hash, err error) {
	listed, err := run.target.list(ctx, true)
	if err != nil {
		return nil, nil, err
	}
	run.empty = len(listed) == 0
	var known, asked, fresh []string
	for _, tag := range tags {
		digest, err := v1.NewHash(pinned[tag])
		switch _, ok := slices.BinarySearch(listed, tag); {
		case ok:
			known = append(known, tag)
		case err == nil && run.source.cached(digest) != nil:
			asked = append(asked, tag)
		default:
			fresh = append(fresh, tag)
		}
	}
	if there, err = run.target.heads(ctx, known, run.client.jobs); err != nil {
		return nil, nil, err
	}
	if here, err = run.source.heads(ctx, append(known, asked...), run.client.jobs); err != nil {
		return nil, nil, err
	}
	read, err := run.source.getTags(ctx, fresh, run.client.jobs)
	maps.Copy(here, read)
	return here, there, err
}

// count computes the totals of what the tags consist of.
func (run *copyRun) count() {
	blobs := map[v1.Hash]bool{}
	foreign := map[string]bool{}
	add := func(m *node) {
		for _, b := range m.blobs {
			if !blobs[b.Digest] {
				blobs[b.Digest] = true
				run.progress.AllBytes += b.Size
			}
		}
		for _, h := range m.foreign {
			foreign[h.String()] = true
		}
	}
	for _, root := range run.roots {
		for _, m := range run.source.flatten(root) {
			add(m)
		}
	}
	for _, all := range run.attached {
		for _, root := range all {
			for _, m := range run.source.flatten(root) {
				add(m)
			}
		}
	}
	run.progress.Blobs, run.receipt.Blobs = len(blobs), len(blobs)
	for h := range foreign {
		run.receipt.Foreign = append(run.receipt.Foreign, h)
	}
	slices.Sort(run.receipt.Foreign)
}

// prepareMounts finds out whether the target's credential can read the source, which
// cross-repository mounts require.
func (run *copyRun) prepareMounts(ctx context.Context, r CopyRequest) error {
	for _, root := range run.roots {
		if !r.SourceCredential.equal(r.TargetCredential) {
			_, err := run.target.puller.Head(transport.WithOp(ctx, "see whether layers can be mounted"), run.source.repo.Digest(root.digest.String()))
			if err != nil {
				break
			}
		}
		scopes := []string{run.target.repo.Scope(wire.PushScope), run.source.repo.Scope(wire.PullScope)}
		through, err := wire.NewWithContext(ctx, run.target.repo.Registry, r.TargetCredential.authenticator(), run.client.rt, scopes)
		if err != nil {
			return run.target.explain(ctx, "sign in to mount layers", err)
		}
		run.mounter = &http.Client{Transport: through, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		break
	}
	return ctx.Err()
}

// mount asks the registry to mount a blob of the source (distribution specification,
// POST /v2/<name>/blobs/uploads/?mount=&from=). A registry that refuses is not asked
// again.
func (run *copyRun) mount(ctx context.Context, digest v1.Hash) (bool, error) {
	run.mu.Lock()
	client := run.mounter
	run.mu.Unlock()
	if client == nil {
		return false, nil
	}
	query := url.Values{"mount": {digest.String()}, "from": {run.source.repo.RepositoryStr()}}
	u := url.URL{
		Scheme: run.target.repo.Scheme(), Host: run.target.repo.RegistryStr(),
		Path: "/v2/" + run.target.repo.RepositoryStr() + "/blobs/uploads/", RawQuery: query.Encode(),
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), nil)
	if err != nil {
		return false, err
	}
	response, err := client.Do(r)
	if err != nil {
		return false, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusCreated {
		return true, nil
	}
	if err := wire.CheckError(response, http.StatusAccepted); err != nil {
		var refusal *wire.Error
		if errors.As(err, &refusal) && refusal.StatusCode >= http.StatusInternalServerError {
			return false, err
		}
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	run.mounter = nil
	return false, nil
}
