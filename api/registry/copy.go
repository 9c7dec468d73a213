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
	// Pinned holds the digests that the tags have to have at the source; one that
	// has another is ErrMoved, and nothing is sent. Nil takes them as they are.
	Pinned map[string]string
	// Replace lets tags of the target be moved to the source's content. Without
	// it, a target that has such a tag with other content is ErrOccupied, and
	// nothing is sent. Replaceable allows it for those tags alone that have the
	// digests it holds, such as those of an earlier copy.
	Replace     bool
	Replaceable map[string]string
}

// Receipt says what a copy did. After an error it holds what was done so far.
type Receipt struct {
	Source, Target string
	Tags           []Copied
	Blobs          int      // configurations and layers that the copied tags consist of
	Sent           int      // of them, those that travelled through this machine; the others were there, or mounted
	Bytes          int64    // size of those sent
	Foreign        []string // digests of layers that their publisher serves from elsewhere; they are not copied
	Referrers      int      // signatures, attestations and the like that refer to the copied, where the registry lists them
	Left           []string // digests of such in a format that is not known; they are not copied
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
	if err := run.attachAll(ctx); err != nil {
		return run.result(), err
	}
	tags := run.order()
	// Fallback tags come last, one after the other: see order.
	rest := slices.IndexFunc(tags, fallback.MatchString)
	if rest < 0 {
		rest = len(tags)
	}
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(c.jobs)
	one := func(ctx context.Context, tag string) error {
		if err := run.tag(ctx, tag); err != nil {
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
		// Tags share blobs: one may meet no more than the stop that the failure of
		// another has brought about, and meet it first.
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

// copying is one copy under way.
type copying struct {
	c              *Client
	source, target *forest
	pusher         *remote.Pusher
	mounter        *http.Client  // nil when the target's credential may not read the source
	slots          chan struct{} // one for each transfer or request in flight
	empty          bool          // the target lists no tag
	asked          atomic.Int32  // manifests that such a target was asked for
	begun          atomic.Bool   // it has one of them

	roots    map[string]*node    // by tag, those to be copied
	attached map[v1.Hash][]*node // by manifest, what refers to it
	receipt  Receipt

	mu     sync.Mutex
	report func(Progress)
	at     Progress
	told   int64                    // bytes at the last report
	work   map[v1.Hash]func() error // blobs and manifests, each brought once
	turns  map[v1.Hash]*sync.Mutex  // of the tags that point to a manifest
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
	run := &copying{c: c, report: report, slots: make(chan struct{}, c.jobs), work: map[v1.Hash]func() error{}, turns: map[v1.Hash]*sync.Mutex{}, attached: map[v1.Hash][]*node{}}
	run.receipt.Source, run.receipt.Target = source.Name(), target.Name()
	if run.report == nil {
		run.report = func(Progress) {}
	}
	if run.source, err = c.forest(source, r.SourceCredential); err != nil {
		return nil, err
	}
	run.source.shelf = &c.shelf
	if run.target, err = c.forest(target, r.TargetCredential); err != nil {
		return nil, err
	}
	run.pusher, err = c.pusher(r.TargetCredential)
	return run, err
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

// tag copies one tag: blobs, then manifests from below, then what refers to
// them, then the tag itself, so that a tag which is there is whole; and looks it
// up again.
func (run *copying) tag(ctx context.Context, tag string) error {
	root := run.roots[tag]
	run.tell(func(p *Progress) { p.Tag, p.Blob = tag, "" })
	all := run.source.all(root)
	if err := run.parts(ctx, root); err != nil {
		return err
	}
	if err := run.referrers(ctx, all); err != nil {
		return err
	}
	if err := run.point(ctx, tag, root); err != nil {
		return err
	}
	run.tell(func(p *Progress) {
		run.receipt.Tags = append(run.receipt.Tags, Copied{Name: tag, Digest: root.digest.String()})
		p.TagsDone, p.Blob = p.TagsDone+1, ""
	})
	return nil
}

// point puts a tag and looks it up again. Tags of one manifest take turns: the
// CNCF distribution writes its link anew for each, and whoever reads meanwhile
// gets an error.
func (run *copying) point(ctx context.Context, tag string, root *node) error {
	run.mu.Lock()
	turn := run.turns[root.digest]
	if turn == nil {
		turn = &sync.Mutex{}
		run.turns[root.digest] = turn
	}
	run.mu.Unlock()
	turn.Lock()
	defer turn.Unlock()
	if err := run.put(ctx, run.target.repo.Tag(tag), root); err != nil {
		return err
	}
	return run.check(ctx, tag, root.digest)
}

// once brings a blob or a manifest to the target, however many tags need it.
func (run *copying) once(digest v1.Hash, do func() error) error {
	run.mu.Lock()
	f := run.work[digest]
	if f == nil {
		f = sync.OnceValue(do)
		run.work[digest] = f
	}
	run.mu.Unlock()
	return f()
}

// slot waits for room among what is in flight.
func (run *copying) slot(ctx context.Context) (done func(), err error) {
	select {
	case run.slots <- struct{}{}:
		return func() { <-run.slots }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("registry: copy %s: %w", run.source.repo.Name(), context.Cause(ctx))
	}
}

// whole brings a manifest that is part of an index, with all that it consists of,
// unless it is there: no change is made twice, though pushing it again would do
// no harm.
func (run *copying) whole(ctx context.Context, m *node) error {
	if err := run.parts(ctx, m); err != nil {
		return err
	}
	return run.once(m.digest, func() error {
		ref := run.target.repo.Digest(m.digest.String())
		if there, err := run.there(ctx, ref); err != nil || there {
			return err
		}
		return run.put(ctx, ref, m)
	})
}

// parts brings what a manifest consists of: the blobs of an image, the manifests
// of an index.
func (run *copying) parts(ctx context.Context, m *node) error {
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(run.c.jobs)
	for _, digest := range m.below {
		g.Go(func() error { return run.whole(each, run.source.known(digest)) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return run.blobs(ctx, m)
}

// askedOf is how many manifests a target without tags is asked for before it
// counts as empty. A copy that was interrupted begins with the same ones.
const askedOf = 6

// there reports whether the target has a manifest that no tag leads to yet. Of a
// target that holds nothing it is not asked for each.
func (run *copying) there(ctx context.Context, ref name.Digest) (bool, error) {
	if run.empty && !run.begun.Load() && run.asked.Add(1) > askedOf {
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
	run.begun.Store(true) // by an earlier copy: ask on
	return true, nil
}

func (run *copying) blobs(ctx context.Context, m *node) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(run.c.jobs)
	for _, b := range m.blobs {
		g.Go(func() error { return run.once(b.Digest, func() error { return run.blob(ctx, b) }) })
	}
	return g.Wait()
}

// blob brings one blob to the target, unless it is there.
func (run *copying) blob(ctx context.Context, d v1.Descriptor) error {
	done, err := run.slot(ctx)
	if err != nil {
		return err
	}
	defer done()
	doing := "copy blob " + d.Digest.String()
	ctx = transport.WithOp(ctx, doing)
	l := &layer{ctx: ctx, run: run, descriptor: d}
	err = run.c.insist(ctx, func() error {
		if mounted, err := run.mount(ctx, d.Digest); err != nil || mounted {
			return run.target.explain(ctx, doing, err)
		}
		return run.target.explain(ctx, doing, run.pusher.Upload(ctx, run.target.repo, l))
	})
	if source := l.failed.Load(); err != nil && source != nil {
		return *source // the upload has failed for want of it
	}
	if err != nil {
		return err
	}
	run.tell(func(p *Progress) {
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

func (run *copying) put(ctx context.Context, ref name.Reference, m *node) error {
	done, err := run.slot(ctx)
	if err != nil {
		return err
	}
	defer done()
	doing := "push " + ref.Name()
	ctx = transport.WithOp(ctx, doing)
	return run.c.insist(ctx, func() error {
		return run.target.explain(ctx, doing, run.pusher.Put(ctx, ref, m))
	})
}

// check looks a tag up again at the target.
func (run *copying) check(ctx context.Context, tag string, want v1.Hash) error {
	done, err := run.slot(ctx)
	if err != nil {
		return err
	}
	defer done()
	var got v1.Hash
	err = run.c.insist(ctx, func() (err error) {
		got, err = run.target.head(ctx, tag)
		return err
	})
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
