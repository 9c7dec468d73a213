package registry_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// distribution is the CNCF's registry, as Debian packages it (2.8) or as
// REPROVISION_TEST_REGISTRY says, behind a proxy that counts and fails on request.
type distribution struct {
	t     testing.TB
	real  string // host of the registry itself
	host  string // host of the proxy
	front *httptest.Server

	mu      sync.Mutex
	noMount bool                     // the registry is made to refuse mounts, as for a source that may not be read
	drop    func(*http.Request) bool // whether this connection is to break
	on      func(*http.Request)
	after   func(*http.Response) // called with mu held
	arrived int                  // blobs, for who counts them in after
	counts  map[string]int       // requests by method
	sent    int64                // bytes of request bodies
}

// newDistribution starts a registry with an empty store on loopback.
func newDistribution(t testing.TB) *distribution {
	t.Helper()
	program := os.Getenv("REPROVISION_TEST_REGISTRY") // another release, which CI installs
	if program == "" {
		path, err := exec.LookPath("docker-registry")
		if err != nil {
			t.Skip("docker-registry is not installed: install Debian's docker-registry to test against the CNCF distribution")
		}
		program = path
	}
	d := &distribution{t: t, counts: map[string]int{}}
	dir := t.TempDir()
	config := fmt.Sprintf("version: 0.1\nlog: {level: info}\nstorage: {filesystem: {rootdirectory: %q}}\nhttp: {addr: \"127.0.0.1:0\"}\n", dir)
	file := filepath.Join(dir, "config.yml")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	server := exec.Command(program, "serve", file)
	words, err := server.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	ended := make(chan struct{})
	t.Cleanup(func() {
		_ = server.Process.Kill()
		<-ended
	})
	up := make(chan string, 1)
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(words)
		for lines.Scan() {
			if found := listening.FindStringSubmatch(lines.Text()); found != nil {
				up <- found[1]
			}
		}
		close(up)
		_ = server.Wait()
	}()
	d.real = <-up
	require.NotEmpty(t, d.real, "the registry did not start")
	d.newFront()
	return d
}

var listening = regexp.MustCompile(`listening on (127\.0\.0\.1:\d+)`)

// newFront ends the proxy that there is, with all that is still under way in it,
// and starts another: what was sent by a process that is dead by now may wait in
// the buffers of its connections, and is not to count for the next one.
func (d *distribution) newFront() {
	d.t.Helper()
	if d.front != nil {
		d.front.Close()
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: d.real})
	proxy.ErrorLog, proxy.FlushInterval = nil, -1
	// A connection is not kept for the next test, whose registry may get the port.
	own := http.DefaultTransport.(*http.Transport).Clone()
	d.t.Cleanup(own.CloseIdleConnections)
	proxy.Transport = own
	proxy.ModifyResponse = func(r *http.Response) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.after != nil {
			d.after(r)
		}
		return nil
	}
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	d.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.pass(proxy, w, r) }))
	d.t.Cleanup(d.front.Close)
	d.host = strings.TrimPrefix(d.front.URL, "http://")
}

func (d *distribution) pass(proxy http.Handler, w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.counts[r.Method]++
	noMount, on := d.noMount, d.on
	broken := d.drop != nil && d.drop(r)
	d.mu.Unlock()
	if noMount && r.URL.Query().Has("mount") {
		r.URL.RawQuery = ""
	}
	if on != nil {
		on(r)
	}
	r.Body = &counted{r.Body, d}
	if broken {
		if r.ContentLength > 4096 { // in the middle of what comes
			_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
		}
		panic(http.ErrAbortHandler)
	}
	proxy.ServeHTTP(w, r)
}

type counted struct {
	io.ReadCloser
	d *distribution
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.d.mu.Lock()
	c.d.sent += int64(n)
	c.d.mu.Unlock()
	return n, err
}

func (d *distribution) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// used returns the requests and the bytes sent since the last time.
func (d *distribution) used() (requests int, sent int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range d.counts {
		requests += n
	}
	sent = d.sent
	d.counts, d.sent = map[string]int{}, 0
	return requests, sent
}

// seed pushes past the proxy.
func (d *distribution) seed(repoRef string, t remote.Taggable) string {
	d.t.Helper()
	ref, err := name.ParseReference(d.real + "/" + repoRef)
	require.NoError(d.t, err)
	require.NoError(d.t, remote.Push(ref, t))
	raw, err := t.RawManifest()
	require.NoError(d.t, err)
	return fmt.Sprintf("sha256:%x", sha256.Sum256(raw))
}

func (d *distribution) client(jobs int) *registry.Client {
	d.t.Helper()
	c, err := registry.New(registry.Options{Host: d.host, Jobs: jobs, Transport: transport.Options{
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}})
	require.NoError(d.t, err)
	d.t.Cleanup(c.CloseIdleConnections)
	return c
}

func (d *distribution) request() registry.CopyRequest {
	return registry.CopyRequest{Source: d.host + "/priya/tool", Target: d.host + "/acme/tool"}
}

func (d *distribution) requireEqual(c *registry.Client, r registry.CopyRequest) {
	d.t.Helper()
	differences, err := c.Compare(d.t.Context(), r)
	require.NoError(d.t, err)
	require.Empty(d.t, differences)
}

// skopeoDigest lets another program read a manifest, and hashes what it got.
func (d *distribution) skopeoDigest(repoTag string) string {
	d.t.Helper()
	raw, err := exec.Command("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://"+d.real+"/"+repoTag).Output()
	require.NoError(d.t, err)
	return fmt.Sprintf("sha256:%x", sha256.Sum256(raw))
}

// signed is a manifest that refers to another, as signatures do.
func signed(t testing.TB, subject remote.Taggable) v1.Image {
	t.Helper()
	raw, err := subject.RawManifest()
	require.NoError(t, err)
	digest, size, err := v1.SHA256(bytes.NewReader(raw))
	require.NoError(t, err)
	mediaType := types.OCIManifestSchema1
	if m, ok := subject.(interface {
		MediaType() (types.MediaType, error)
	}); ok {
		mediaType, err = m.MediaType()
		require.NoError(t, err)
	}
	artifact := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), "application/vnd.example.signature")
	artifact, err = mutate.AppendLayers(artifact, bytesLayer("signature of "+digest.String()))
	require.NoError(t, err)
	out, ok := mutate.Subject(artifact, v1.Descriptor{MediaType: mediaType, Digest: digest, Size: size}).(v1.Image)
	require.True(t, ok)
	return out
}

func TestARealRegistryIsCopiedWholeWithItsReferrers(t *testing.T) {
	d := newDistribution(t)
	multi, single := platforms(t, "amd64", "arm64", "s390x"), image(t)
	want := map[string]string{
		"multi": d.seed("priya/tool:multi", multi), "1": d.seed("priya/tool:1", single), "latest": d.seed("priya/tool:latest", single),
	}
	d.seed("priya/tool@"+digestOf(t, signed(t, multi)), signed(t, multi)) // this registry has no referrers API: a fallback tag comes with it
	c := d.client(0)
	receipt, err := c.Copy(approved(t.Context(), c, d.request().Target), d.request(), nil)
	require.NoError(t, err)
	require.Len(t, receipt.Tags, len(want)+1, "and the fallback tag")
	require.Zero(t, receipt.Sent, "every layer is mounted")
	d.requireEqual(c, d.request())

	t.Run("another program reads the same digests", func(t *testing.T) {
		if _, err := exec.LookPath("skopeo"); err != nil {
			t.Skip("skopeo is not installed: install it to have the digests checked by another program")
		}
		for _, tag := range receipt.Tags {
			require.Equal(t, d.skopeoDigest("priya/tool:"+tag.Name), d.skopeoDigest("acme/tool:"+tag.Name))
			require.Equal(t, tag.Digest, d.skopeoDigest("acme/tool:"+tag.Name))
			if digest, seeded := want[tag.Name]; seeded {
				require.Equal(t, digest, tag.Digest)
			}
		}
	})
	t.Run("a second copy sends nothing", func(t *testing.T) {
		d.used()
		again, err := c.Copy(approved(t.Context(), c, d.request().Target), d.request(), nil)
		require.NoError(t, err)
		for _, tag := range again.Tags {
			require.True(t, tag.Skipped)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		require.Zero(t, d.counts[http.MethodPost]+d.counts[http.MethodPut]+d.counts[http.MethodPatch])
	})
}

func TestATagThatMovesIsNoticedAndCopiedAgainOnlyWhenAgreed(t *testing.T) {
	d := newDistribution(t)
	first := d.seed("priya/tool:latest", image(t))
	c := d.client(0)
	r := d.request()
	r.Pinned = map[string]string{"latest": first}
	second := d.seed("priya/tool:latest", image(t))
	_, err := c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.ErrorIs(t, err, registry.ErrMoved, "what was approved is there no more")

	r.Pinned["latest"] = second
	_, err = c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.NoError(t, err)
	third := d.seed("priya/tool:latest", image(t)) // moved after the copy
	differences, err := c.Compare(t.Context(), r)
	require.NoError(t, err)
	require.Len(t, differences, 1)
	require.Equal(t, registry.DigestDiffers, differences[0].Kind)

	r.Pinned["latest"] = third
	_, err = c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.ErrorIs(t, err, registry.ErrOccupied, "nobody has agreed to replace the copy")
	r.Replaceable = map[string]string{"latest": first}
	_, err = c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.ErrorIs(t, err, registry.ErrOccupied, "it is not the copy that may be replaced")
	r.Replaceable["latest"] = second
	_, err = c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.NoError(t, err)
	d.requireEqual(c, r)
}

func TestForeignContentAtARealTargetIsLeftAsItIs(t *testing.T) {
	d := newDistribution(t)
	d.seed("priya/tool:1", image(t))
	theirs := image(t)
	digest := d.seed("acme/tool:1", theirs)
	c := d.client(0)
	_, err := c.Copy(approved(t.Context(), c, d.request().Target), d.request(), nil)
	require.ErrorIs(t, err, registry.ErrOccupied)
	there, err := c.Digests(t.Context(), d.request().Target, registry.Credential{})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"1": digest}, there)
}

func TestACopyEndsWholeThoughConnectionsBreak(t *testing.T) {
	d := newDistribution(t)
	for i := range 8 {
		d.seed(fmt.Sprintf("priya/tool:%d", i), platforms(t, "amd64", "arm64"))
	}
	// Which request meets which throw of the dice is up to the scheduler. A request
	// is sent four times at most, so the fourth comes through.
	source, broken, times := rand.New(rand.NewPCG(1, 2)), 0, map[string]int{}
	d.set(func() {
		d.noMount = true
		d.drop = func(r *http.Request) bool {
			request := r.Method + " " + r.URL.String()
			if source.IntN(20) > 0 || times[request] == 3 {
				return false
			}
			times[request]++
			broken++
			return true
		}
	})
	c := d.client(4)
	receipt, err := c.Copy(approved(t.Context(), c, d.request().Target), d.request(), nil)
	require.NoError(t, err)
	require.Len(t, receipt.Tags, 8)
	d.set(func() { d.drop = nil })
	d.requireEqual(c, d.request())
	t.Logf("%d connections were broken", broken)
	require.Positive(t, broken)
}

// A copy in another process is killed and goes on in this one.
func TestAKilledCopyGoesOnWhereItStopped(t *testing.T) {
	if host := os.Getenv("REPROVISION_TEST_COPY"); host != "" {
		c, err := registry.New(registry.Options{Host: host, Jobs: 1})
		require.NoError(t, err)
		r := registry.CopyRequest{Source: host + "/priya/tool", Target: host + "/acme/tool"}
		_, err = c.Copy(approved(t.Context(), c, r.Target), r, nil)
		t.Fatal("it was to be killed; it ended with", err)
	}
	d := newDistribution(t)
	for i := range 3 {
		d.seed(fmt.Sprintf("priya/tool:%d", i), image(t))
	}
	child := exec.Command(os.Args[0], "-test.run=^TestAKilledCopyGoesOnWhereItStopped$")
	child.Env = append(os.Environ(), "REPROVISION_TEST_COPY="+d.host)
	reached, hold := make(chan struct{}), make(chan struct{})
	n := 0
	d.set(func() {
		d.noMount = true
		d.on = func(r *http.Request) {
			if r.Method != http.MethodPatch {
				return
			}
			d.mu.Lock()
			n++
			stop := n == 7 // in the middle of the second tag
			d.mu.Unlock()
			if stop {
				close(reached)
				<-hold
			}
		}
	})
	require.NoError(t, child.Start())
	<-reached
	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait())
	close(hold)

	d.set(func() { d.on = nil })
	c := d.client(1)
	receipt, err := c.Copy(approved(t.Context(), c, d.request().Target), d.request(), nil)
	require.NoError(t, err)
	require.True(t, receipt.Tags[0].Skipped, "the first tag was whole")
	require.LessOrEqual(t, receipt.Sent, 12-6, "what had arrived is not sent again")
	d.requireEqual(c, d.request())
}
