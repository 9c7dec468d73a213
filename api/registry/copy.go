package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// CopyRequest says what to copy where. Source and Target are repositories of the
// client's registry, "host/namespace/name".
type CopyRequest struct {
	Source, Target string
	// The source may need its owner's credential, the target the organization's.
	SourceCredential, TargetCredential Credential
	Tags                               []string // nil means all
	// Pinned holds, by tag, the digests that are expected at the source. If a tag
	// has another digest, Copy fails with ErrMoved and sends nothing.
	Pinned map[string]string
	// Replace allows tags of the target to be overwritten. Without it, Copy fails
	// with ErrOccupied and sends nothing if the target has one of the tags with
	// another digest. Replaceable, by tag, allows overwriting only the digests it
	// names, such as those of an earlier copy.
	Replace     bool
	Replaceable map[string]string
}

// Receipt says what a copy did. After an error it says what was done so far.
type Receipt struct {
	Source, Target string
	Tags           []Copied
	Blobs          int      // configurations and layers of the copied tags
	Sent           int      // blobs sent by this machine; the others existed or were mounted
	Bytes          int64    // size of the blobs sent
	Foreign        []string // digests of layers that only their publisher may distribute; they are not copied
	Referrers      int      // referrers of the copied images (signatures, attestations), if the registry lists them
	Left           []string // digests of referrers that are malformed or in an unknown format; they are not copied
}

// Copied is one tag that the target now has. Its digest was read back from the target.
type Copied struct {
	Name, Digest string
	Skipped      bool // the target already had it; nothing was sent
}

// Progress is the progress of a copy. Bytes that the target already had count as done.
type Progress struct {
	Tag             string // being copied; empty while reading the source
	TagsDone, Tags  int
	Blob            string // digest of the blob being copied, if any
	BlobsDone       int
	Blobs           int
	Bytes, AllBytes int64
}

// Copy copies tags with all manifests, blobs and referrers, and verifies each tag at
// the target. The whole source is read before anything is sent. progress, which may be
// nil, is never called concurrently and must not block for long.
func (c *Client) Copy(ctx context.Context, r CopyRequest, progress func(Progress)) (Receipt, error) {
	run, err := c.newCopy(r, progress)
	if err != nil {
		return Receipt{}, err
	}
	if err := run.survey(ctx, r); err != nil {
		return run.result(), err
	}
	if err := run.findReferrers(ctx); err != nil {
		return run.result(), err
	}
	tags := run.sortedTags()
	// Referrers tags come last, one after the other: see sortedTags.
	rest := slices.IndexFunc(tags, referrersTag.MatchString)
	if rest < 0 {
		rest = len(tags)
	}
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(c.jobs)
	one := func(ctx context.Context, tag string) error {
		if err := run.copyTag(ctx, tag); err != nil {
			return fmt.Errorf("copy %s to %s, tag %s: %w", run.source.repo.Name(), run.target.repo.Name(), tag, err)
		}
		return nil
	}
	failed := make([]error, rest)
	for i, tag := range tags[:rest] {
		g.Go(func() error {
			failed[i] = one(each, tag)
			return failed[i]
		})
	}
	if err := g.Wait(); err != nil {
		// Tags share blobs, so a tag may fail first only because the failure of another
		// has canceled the context. Report the cause.
		if i := slices.IndexFunc(failed, func(err error) bool { return err != nil && !errors.Is(err, context.Canceled) }); i >= 0 {
			err = failed[i]
		}
		return run.result(), err
	}
	for _, tag := range tags[rest:] {
		if err := one(ctx, tag); err != nil {
			return run.result(), err
		}
	}
	return run.result(), nil
}

// copyRun is one call of Copy or Compare.
type copyRun struct {
	client         *Client
	source, target *reader
	pusher         *remote.Pusher
	mounter        *http.Client       // nil if blobs cannot be mounted
	slots          chan struct{}      // limits the transfers and requests in flight
	empty          bool               // the target lists no tags
	replace        bool               // CopyRequest.Replace
	surveyed       time.Time          // when the target was looked at
	before         map[string]v1.Hash // by tag, what the target had then
	probes         atomic.Int32       // manifests looked up at an empty target
	resumed        atomic.Bool        // an empty target has a manifest, from an earlier copy

	roots    map[string]*node    // by tag, the tags to copy
	attached map[v1.Hash][]*node // by manifest, its referrers
	receipt  Receipt

	mu       sync.Mutex
	report   func(Progress)
	progress Progress
	reported int64                    // progress.Bytes at the last report
	work     map[v1.Hash]func() error // copies of blobs and manifests, each done once
	tagLocks map[v1.Hash]*sync.Mutex  // by manifest; see putTag
}

func (c *Client) newCopy(r CopyRequest, report func(Progress)) (*copyRun, error) {
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
	run := &copyRun{client: c, report: report, slots: make(chan struct{}, c.jobs), work: map[v1.Hash]func() error{}, tagLocks: map[v1.Hash]*sync.Mutex{}, attached: map[v1.Hash][]*node{}}
	run.replace = r.Replace
	run.receipt.Source, run.receipt.Target = source.Name(), target.Name()
	if run.report == nil {
		run.report = func(Progress) {}
	}
	if run.source, err = c.newReader(source, r.SourceCredential); err != nil {
		return nil, err
	}
	run.source.cache = &c.cache
	if run.target, err = c.newReader(target, r.TargetCredential); err != nil {
		return nil, err
	}
	run.pusher, err = c.pusher(r.TargetCredential)
	return run, err
}

// referrersTag matches the OCI referrers tag schema: in a registry without the
// referrers API, clients keep the referrers of an image under such a tag, and pushing
// a referrer rewrites it.
var referrersTag = regexp.MustCompile(`^sha256-[0-9a-f]{64}$`)

// sortedTags returns the tags to copy, referrers tags last so that they end up as they
// are at the source.
func (run *copyRun) sortedTags() []string {
	tags := make([]string, 0, len(run.roots))
	for tag := range run.roots {
		tags = append(tags, tag)
	}
	slices.SortFunc(tags, func(a, b string) int {
		if x, y := referrersTag.MatchString(a), referrersTag.MatchString(b); x != y {
			if x {
				return 1
			}
			return -1
		}
		return cmp.Compare(a, b)
	})
	return tags
}

// copyTag copies blobs, then manifests bottom-up, then referrers, then the tag itself,
// so that a tag which exists is complete. It then verifies the tag.
func (run *copyRun) copyTag(ctx context.Context, tag string) error {
	root := run.roots[tag]
	run.update(func(p *Progress) { p.Tag, p.Blob = tag, "" })
	all := run.source.flatten(root)
	if err := run.copyContents(ctx, root); err != nil {
		return err
	}
	if err := run.copyReferrers(ctx, all); err != nil {
		return err
	}
	if err := run.putTag(ctx, tag, root); err != nil {
		return err
	}
	run.update(func(p *Progress) {
		run.receipt.Tags = append(run.receipt.Tags, Copied{Name: tag, Digest: root.digest.String()})
		p.TagsDone, p.Blob = p.TagsDone+1, ""
	})
	return nil
}

// putTag pushes a tag and verifies it. Tags of the same manifest are pushed one at a
// time: the CNCF distribution registry rewrites the manifest's link for each, and
// concurrent reads fail meanwhile.
func (run *copyRun) putTag(ctx context.Context, tag string, root *node) error {
	run.mu.Lock()
	turn := run.tagLocks[root.digest]
	if turn == nil {
		turn = &sync.Mutex{}
		run.tagLocks[root.digest] = turn
	}
	run.mu.Unlock()
	turn.Lock()
	defer turn.Unlock()
	if err := run.checkUnclaimed(ctx, tag, root.digest); err != nil {
		return err
	}
	if err := run.put(ctx, run.target.repo.Tag(tag), root); err != nil {
		return err
	}
	return run.verifyTag(ctx, tag, root.digest)
}

// once runs the copy of a blob or manifest once, however many tags need it.
func (run *copyRun) once(digest v1.Hash, do func() error) error {
	run.mu.Lock()
	f := run.work[digest]
	if f == nil {
		f = sync.OnceValue(do)
		run.work[digest] = f
	}
	run.mu.Unlock()
	return f()
}

// slot waits until another request may be in flight.
func (run *copyRun) slot(ctx context.Context) (done func(), err error) {
	select {
	case run.slots <- struct{}{}:
		return func() { <-run.slots }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("registry: copy %s: %w", run.source.repo.Name(), context.Cause(ctx))
	}
}

// copyManifest copies a manifest that has no tag, with its contents, unless the target
// has it. Pushing it again would be harmless, but no change is made twice.
func (run *copyRun) copyManifest(ctx context.Context, m *node) error {
	if err := run.copyContents(ctx, m); err != nil {
		return err
	}
	return run.once(m.digest, func() error {
		ref := run.target.repo.Digest(m.digest.String())
		if there, err := run.exists(ctx, ref); err != nil || there {
			return err
		}
		return run.put(ctx, ref, m)
	})
}

// copyContents copies what a manifest references: the blobs of an image, the manifests
// of an index.
func (run *copyRun) copyContents(ctx context.Context, m *node) error {
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(run.client.jobs)
	for _, digest := range m.children {
		g.Go(func() error { return run.copyManifest(each, run.source.cached(digest)) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return run.copyBlobs(ctx, m)
}

// maxProbes is the number of manifests looked up at a target without tags before it
// counts as empty. An interrupted copy starts with the same manifests.
const maxProbes = 6

// exists reports whether the target has an untagged manifest. At an empty target it
// stops asking after maxProbes.
func (run *copyRun) exists(ctx context.Context, ref name.Digest) (bool, error) {
	if run.empty && !run.resumed.Load() && run.probes.Add(1) > maxProbes {
		return false, nil
	}
	done, err := run.slot(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	doing := "look up " + ref.Name()
	_, err = run.target.puller.Head(transport.WithOp(ctx, doing), ref)
	switch err = run.target.explain(ctx, doing, err); {
	case errors.Is(err, transport.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	run.resumed.Store(true)
	return true, nil
}

func (run *copyRun) copyBlobs(ctx context.Context, m *node) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(run.client.jobs)
	for _, b := range m.blobs {
		g.Go(func() error { return run.once(b.Digest, func() error { return run.copyBlob(ctx, b) }) })
	}
	return g.Wait()
}

// copyBlob copies one blob, unless the target has it.
func (run *copyRun) copyBlob(ctx context.Context, d v1.Descriptor) error {
	done, err := run.slot(ctx)
	if err != nil {
		return err
	}
	defer done()
	doing := "copy blob " + d.Digest.String()
	ctx = transport.WithOp(ctx, doing)
	l := &layer{ctx: ctx, run: run, descriptor: d}
	err = run.client.retry(ctx, func() error {
		if mounted, err := run.mount(ctx, d.Digest); err != nil || mounted {
			return run.target.explain(ctx, doing, err)
		}
		return run.target.explain(ctx, doing, run.pusher.Upload(ctx, run.target.repo, l))
	})
	if source := l.failed.Load(); err != nil && source != nil {
		return *source // the cause of the failed upload
	}
	if err != nil {
		return err
	}
	run.update(func(p *Progress) {
		p.Bytes += d.Size - l.read.Load()
		p.BlobsDone++
		p.Blob = d.Digest.String()
		if l.sent.Load() {
			run.receipt.Sent++
			run.receipt.Bytes += d.Size
		}
	})
	return nil
}

func (run *copyRun) put(ctx context.Context, ref name.Reference, m *node) error {
	done, err := run.slot(ctx)
	if err != nil {
		return err
	}
	defer done()
	doing := "push " + ref.Name()
	ctx = transport.WithOp(ctx, doing)
	return run.client.retry(ctx, func() error {
		return run.target.explain(ctx, doing, run.pusher.Put(ctx, ref, m))
	})
}

// lookAgainAfter is the age from which the survey of the target is no longer relied
// on. A small copy is complete before that, and needs no further request.
const lookAgainAfter = time.Second

// checkUnclaimed fails with ErrOccupied if somebody has pushed the tag to the target
// since the survey: layers may have taken hours. Registries have no conditional push.
func (run *copyRun) checkUnclaimed(ctx context.Context, tag string, want v1.Hash) error {
	// A registry without the referrers API rewrites referrers tags itself.
	if run.replace || referrersTag.MatchString(tag) || run.client.o.Now().Sub(run.surveyed) < lookAgainAfter {
		return nil
	}
	got, err := run.lookUp(ctx, tag)
	if err != nil || got == (v1.Hash{}) || got == want || got == run.before[tag] {
		return err
	}
	return fmt.Errorf("registry: copy to %s: %w: %s (%s) was pushed during the copy and is left as it is: choose another target, or agree to its replacement",
		run.target.repo.Name(), ErrOccupied, tag, got)
}

// lookUp returns the digest of the target's tag.
func (run *copyRun) lookUp(ctx context.Context, tag string) (got v1.Hash, err error) {
	done, err := run.slot(ctx)
	if err != nil {
		return got, err
	}
	defer done()
	err = run.client.retry(ctx, func() (err error) {
		got, err = run.target.head(ctx, tag)
		return err
	})
	return got, err
}

// verifyTag checks that the target's tag has the digest want.
func (run *copyRun) verifyTag(ctx context.Context, tag string, want v1.Hash) error {
	got, err := run.lookUp(ctx, tag)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("registry: look up %s:%s again: %w: %s instead of %s; someone may be pushing there, copy once more",
			run.target.repo.Name(), tag, ErrMismatch, orNothing(got), want)
	}
	return nil
}

func orNothing(h v1.Hash) string {
	if h == (v1.Hash{}) {
		return "nothing"
	}
	return h.String()
}

// update changes the progress and reports it.
func (run *copyRun) update(change func(*Progress)) {
	run.mu.Lock()
	defer run.mu.Unlock()
	change(&run.progress)
	run.reported = run.progress.Bytes
	run.report(run.progress)
}

// reportEvery is the number of bytes between progress reports within a blob.
const reportEvery = 256 << 10

// addBytes adds n, which may be negative, to the bytes of the progress.
func (run *copyRun) addBytes(digest v1.Hash, n int64) {
	run.mu.Lock()
	defer run.mu.Unlock()
	run.progress.Bytes += n
	if moved := run.progress.Bytes - run.reported; moved >= reportEvery || moved < 0 {
		run.progress.Blob, run.reported = digest.String(), run.progress.Bytes
		run.report(run.progress)
	}
}

func (run *copyRun) result() Receipt {
	slices.SortFunc(run.receipt.Tags, func(a, b Copied) int { return cmp.Compare(a.Name, b.Name) })
	return run.receipt
}
