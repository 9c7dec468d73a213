package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// CopyRequest says what is copied where. Source and target are repositories
// of the client's registry, "host/namespace/name".
type CopyRequest struct {
	Source, Target string
	// The source may need its owner's own credential, the target that of the
	// organization.
	SourceCredential, TargetCredential Credential
	Tags                               []string // nil means all
	// Replace lets tags of the target be moved to the source's content. Without
	// it, a target that has such a tag with other content is ErrOccupied, and
	// nothing is sent.
	Replace bool
}

// Receipt says what a copy did. After an error it holds what was done so far.
type Receipt struct {
	Source, Target string
	Tags           []Copied
	Blobs          int      // configurations and layers that the copied tags consist of
	Sent           int      // of them, those that travelled through this machine; the others were there, or mounted
	Bytes          int64    // size of those sent
	Foreign        []string // digests of layers that their publisher serves from elsewhere; they are not copied
}

// Copied is one tag that the target now has; its digest was read there.
type Copied struct {
	Name, Digest string
	Skipped      bool // the target had it already; nothing was sent
}

// Progress is how far a copy is. Bytes that the target had already count as
// done.
type Progress struct {
	Tag             string // being copied; empty while the source is read
	TagsDone, Tags  int
	Blob            string // digest of the blob that the news is about; empty for none
	BlobsDone       int
	Blobs           int
	Bytes, AllBytes int64
}

// Copy copies tags with everything below them, and reads each again at the
// target. All of the source is looked at before anything is sent. Progress,
// which may be nil, is called by one goroutine at a time, and must not block
// for long.
func (c *Client) Copy(ctx context.Context, r CopyRequest, progress func(Progress)) (Receipt, error) {
	run, err := c.newCopy(r, progress)
	if err != nil {
		return Receipt{}, err
	}
	if err := run.survey(ctx, r); err != nil {
		return run.result(), err
	}
	for _, tag := range run.order() {
		if err := run.tag(ctx, tag); err != nil {
			return run.result(), fmt.Errorf("copy %s to %s, tag %s: %w", run.source.repo.Name(), run.target.repo.Name(), tag, err)
		}
	}
	return run.result(), nil
}

// copying is one copy under way.
type copying struct {
	c              *Client
	source, target *forest
	pusher         *remote.Pusher
	mount          bool // the target's credential may read the source

	roots   map[string]*node // by tag, those to be copied
	receipt Receipt

	mu     sync.Mutex
	report func(Progress)
	at     Progress
	told   int64            // bytes at the last report
	done   map[v1.Hash]bool // blobs and manifests that the target has
}

func (c *Client) newCopy(r CopyRequest, report func(Progress)) (*copying, error) {
	source, err := c.repository(r.Source)
	if err != nil {
		return nil, err
	}
	target, err := c.repository(r.Target)
	if err != nil {
		return nil, err
	}
	if source == target {
		return nil, fmt.Errorf("registry: copy %s: %w", source.Name(), errSame)
	}
	run := &copying{c: c, report: report, done: map[v1.Hash]bool{}}
	run.receipt.Source, run.receipt.Target = source.Name(), target.Name()
	if run.report == nil {
		run.report = func(Progress) {}
	}
	if run.source, err = c.forest(source, r.SourceCredential); err != nil {
		return nil, err
	}
	if run.target, err = c.forest(target, r.TargetCredential); err != nil {
		return nil, err
	}
	run.pusher, err = c.pusher(r.TargetCredential)
	return run, err
}

// survey finds out what has to be copied. It changes nothing.
func (run *copying) survey(ctx context.Context, r CopyRequest) error {
	tags := slices.Compact(slices.Sorted(slices.Values(r.Tags)))
	if r.Tags == nil {
		var err error
		if tags, err = run.source.list(ctx, false); err != nil {
			return err
		}
	}
	run.at.Tags = len(tags)
	run.report(run.at)
	here, err := run.source.heads(ctx, tags, run.c.jobs)
	if err != nil {
		return err
	}
	there, err := run.target.heads(ctx, tags, run.c.jobs)
	if err != nil {
		return err
	}
	var occupied []string
	for _, tag := range tags {
		switch {
		case here[tag] == v1.Hash{} && r.Tags == nil:
			run.at.Tags-- // deleted since it was listed
		case here[tag] == v1.Hash{}:
			return fmt.Errorf("registry: copy %s: it has no tag %s: %w", run.source.repo.Name(), tag, transport.ErrNotFound)
		case here[tag] == there[tag]:
			run.receipt.Tags = append(run.receipt.Tags, Copied{Name: tag, Digest: there[tag].String(), Skipped: true})
			run.at.TagsDone++
			delete(here, tag)
		case there[tag] != v1.Hash{}:
			occupied = append(occupied, tag+" ("+there[tag].String()+")")
		}
	}
	if len(occupied) > 0 && !r.Replace {
		return fmt.Errorf("registry: copy to %s: %w: %s; nothing was sent: choose another target, or agree to their replacement",
			run.target.repo.Name(), ErrOccupied, strings.Join(occupied, ", "))
	}
	if run.roots, err = run.source.roots(ctx, here, run.c.jobs); err != nil {
		return err
	}
	run.count()
	run.report(run.at)
	return run.tryMount(ctx)
}

// count adds up what the tags consist of.
func (run *copying) count() {
	blobs := map[v1.Hash]bool{}
	foreign := map[string]bool{}
	for _, root := range run.roots {
		for _, b := range run.source.allBlobs(root) {
			if !blobs[b.Digest] {
				blobs[b.Digest] = true
				run.at.AllBytes += b.Size
			}
		}
		for _, m := range run.source.all(root) {
			for _, h := range m.foreign {
				foreign[h.String()] = true
			}
		}
	}
	run.at.Blobs, run.receipt.Blobs = len(blobs), len(blobs)
	for h := range foreign {
		run.receipt.Foreign = append(run.receipt.Foreign, h)
	}
	slices.Sort(run.receipt.Foreign)
}

// tryMount finds out whether the target's credential may read the source. Only
// then can the registry take blobs over by itself.
func (run *copying) tryMount(ctx context.Context) error {
	for _, root := range run.roots {
		_, err := run.target.puller.Head(transport.WithOp(ctx, "see whether layers can be mounted"), run.source.repo.Digest(root.digest.String()))
		run.mount = err == nil
		break
	}
	return ctx.Err()
}

// fallback is the form of tags that lead to what refers to an image: on a
// registry without the referrers API, pushing a referrer rewrites them.
var fallback = regexp.MustCompile(`^sha256-[0-9a-f]{64}$`)

// order lists the tags to be copied, fallback tags last so that they end as
// they are at the source.
func (run *copying) order() []string {
	tags := make([]string, 0, len(run.roots))
	for tag := range run.roots {
		tags = append(tags, tag)
	}
	slices.SortFunc(tags, func(a, b string) int {
		if x, y := fallback.MatchString(a), fallback.MatchString(b); x != y {
			if x {
				return 1
			}
			return -1
		}
		return cmp.Compare(a, b)
	})
	return tags
}

// tag copies one tag: blobs, then manifests from below, then the tag itself;
// and reads it again.
func (run *copying) tag(ctx context.Context, tag string) error {
	root := run.roots[tag]
	run.tell(func(p *Progress) { p.Tag, p.Blob = tag, "" })
	if err := run.blobs(ctx, root); err != nil {
		return err
	}
	for _, m := range run.source.all(root) {
		if m == root {
			continue
		}
		if err := run.manifest(ctx, m); err != nil {
			return err
		}
	}
	if err := run.put(ctx, run.target.repo.Tag(tag), root); err != nil {
		return err
	}
	if err := run.check(ctx, tag, root.digest); err != nil {
		return err
	}
	run.receipt.Tags = append(run.receipt.Tags, Copied{Name: tag, Digest: root.digest.String()})
	run.tell(func(p *Progress) { p.TagsDone, p.Blob = p.TagsDone+1, "" })
	return nil
}

func (run *copying) blobs(ctx context.Context, root *node) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(run.c.jobs)
	for _, b := range run.source.allBlobs(root) {
		if run.has(b.Digest) {
			continue
		}
		g.Go(func() error { return run.blob(ctx, b) })
	}
	return g.Wait()
}

// blob brings one blob to the target, unless it is there.
func (run *copying) blob(ctx context.Context, d v1.Descriptor) error {
	doing := "copy blob " + d.Digest.String()
	ctx = transport.WithOp(ctx, doing)
	l := &layer{ctx: ctx, run: run, descriptor: d}
	var content v1.Layer = l
	if run.mount {
		content = &remote.MountableLayer{Layer: l, Reference: run.source.repo.Digest(d.Digest.String())}
	}
	err := run.c.insist(ctx, func() error {
		return explain(ctx, doing, run.pusher.Upload(ctx, run.target.repo, content))
	})
	if err != nil {
		return err
	}
	run.tell(func(p *Progress) {
		p.Bytes += d.Size - l.read.Load()
		p.BlobsDone++
		p.Blob = d.Digest.String()
		run.done[d.Digest] = true
		if l.sent.Load() {
			run.receipt.Sent++
			run.receipt.Bytes += d.Size
		}
	})
	return nil
}

// manifest brings a manifest that is part of an index to the target, unless it
// is there.
func (run *copying) manifest(ctx context.Context, m *node) error {
	if run.has(m.digest) {
		return nil
	}
	ref := run.target.repo.Digest(m.digest.String())
	doing := "look up " + ref.Name()
	_, err := run.target.puller.Head(transport.WithOp(ctx, doing), ref)
	switch err = explain(ctx, doing, err); {
	case errors.Is(err, transport.ErrNotFound):
		if err := run.put(ctx, ref, m); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	run.tell(func(*Progress) { run.done[m.digest] = true })
	return nil
}

func (run *copying) put(ctx context.Context, ref name.Reference, m *node) error {
	doing := "push " + ref.Name()
	ctx = transport.WithOp(ctx, doing)
	return run.c.insist(ctx, func() error {
		return explain(ctx, doing, run.pusher.Put(ctx, ref, m))
	})
}

// check reads a tag again at the target. The digest is computed from what
// comes, not taken from a header.
func (run *copying) check(ctx context.Context, tag string, want v1.Hash) error {
	ref := run.target.repo.Tag(tag)
	doing := "read " + ref.Name() + " again"
	d, err := run.target.puller.Get(transport.WithOp(ctx, doing), ref)
	if err != nil {
		return explain(ctx, doing, err)
	}
	if d.Digest != want {
		return fmt.Errorf("registry: %s: %w: %s instead of %s; someone may be pushing there, copy once more", doing, ErrMismatch, d.Digest, want)
	}
	return nil
}

func (run *copying) has(h v1.Hash) bool {
	run.mu.Lock()
	defer run.mu.Unlock()
	return run.done[h]
}

// tell changes the progress and reports it.
func (run *copying) tell(change func(*Progress)) {
	run.mu.Lock()
	defer run.mu.Unlock()
	change(&run.at)
	run.told = run.at.Bytes
	run.report(run.at)
}

// tellEvery is how many bytes pass between reports from within a blob.
const tellEvery = 256 << 10

func (run *copying) moved(digest v1.Hash, n int64) {
	run.mu.Lock()
	defer run.mu.Unlock()
	run.at.Bytes += n
	if moved := run.at.Bytes - run.told; moved >= tellEvery || moved < 0 {
		run.at.Blob, run.told = digest.String(), run.at.Bytes
		run.report(run.at)
	}
}

func (run *copying) result() Receipt {
	slices.SortFunc(run.receipt.Tags, func(a, b Copied) int { return cmp.Compare(a.Name, b.Name) })
	return run.receipt
}
