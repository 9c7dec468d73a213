package registry_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/registry"
)

// noise is a layer of random bytes that nobody holds in memory.
type noise struct {
	size   int64
	seed   byte
	digest v1.Hash
}

func newNoise(t testing.TB, size int64, seed byte) *noise {
	t.Helper()
	n := &noise{size: size, seed: seed}
	r, err := n.Compressed()
	require.NoError(t, err)
	n.digest, _, err = v1.SHA256(r)
	require.NoError(t, err)
	return n
}

func (n *noise) Digest() (v1.Hash, error) { return n.digest, nil }
func (n *noise) DiffID() (v1.Hash, error) { return n.digest, nil }
func (n *noise) Compressed() (io.ReadCloser, error) {
	return io.NopCloser(io.LimitReader(rand.NewChaCha8([32]byte{n.seed}), n.size)), nil
}
func (n *noise) Uncompressed() (io.ReadCloser, error) { return nil, errors.New("it is none") }
func (n *noise) Size() (int64, error)                 { return n.size, nil }
func (n *noise) MediaType() (types.MediaType, error)  { return types.DockerLayer, nil }

func bytesLayer(s string) v1.Layer { return static.NewLayer([]byte(s), "application/vnd.example.text") }

func digestOf(t testing.TB, m remote.Taggable) string {
	t.Helper()
	raw, err := m.RawManifest()
	require.NoError(t, err)
	h, _, err := v1.SHA256(bytes.NewReader(raw))
	require.NoError(t, err)
	return h.String()
}

// Sizes of the repositories, in MiB. The largest is what CI asks for by
// REPROVISION_LARGE_MIB; without it, nothing is really large.
func largeSizes(t *testing.T) []int64 {
	t.Helper()
	s := os.Getenv("REPROVISION_LARGE_MIB")
	if s == "" {
		return []int64{16, 64}
	}
	most, err := strconv.ParseInt(s, 10, 64)
	require.NoError(t, err)
	return []int64{64, 512, most}
}

const largeLayers = 8

// largeRepository seeds an image of so many MiB past the proxy.
func (d *distribution) largeRepository(name string, mib int64) (digest string) {
	d.t.Helper()
	var layers []v1.Layer
	for i := range byte(largeLayers) {
		layers = append(layers, newNoise(d.t, mib<<20/largeLayers, byte(mib%97)+i))
	}
	i, err := mutate.AppendLayers(empty.Image, layers...)
	require.NoError(d.t, err)
	return d.seed(name+":1", i)
}

// copyInChild runs a copy in a process of its own, and returns it running. That
// process is this test again.
func (d *distribution) copyInChild(source, target string) *exec.Cmd {
	d.t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestACopyInAProcessOfItsOwn$")
	child.Env = append(os.Environ(), "REPROVISION_TEST_COPY="+d.host, "REPROVISION_TEST_SOURCE="+source, "REPROVISION_TEST_TARGET="+target)
	child.Stdout, child.Stderr = &bytes.Buffer{}, os.Stderr
	require.NoError(d.t, child.Start())
	return child
}

func TestACopyInAProcessOfItsOwn(t *testing.T) {
	host, source := os.Getenv("REPROVISION_TEST_COPY"), os.Getenv("REPROVISION_TEST_SOURCE")
	if source == "" {
		return // nobody has asked for it: see copyInChild
	}
	c, err := registry.New(registry.Options{Host: host})
	require.NoError(t, err)
	r := registry.CopyRequest{Source: host + "/" + source, Target: host + "/" + os.Getenv("REPROVISION_TEST_TARGET")}
	_, err = c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.NoError(t, err)
	_, _ = fmt.Fprintf(os.Stdout, "at most %d bytes\n", peakMemory(t))
}

func TestMemoryStaysFlatHoweverLargeARepositoryIs(t *testing.T) {
	d := newDistribution(t)
	d.set(func() { d.noMount = true }) // so that everything passes through this machine
	var peaks []int64
	for _, mib := range largeSizes(t) {
		name := fmt.Sprintf("large-%d", mib)
		want := d.largeRepository("priya/"+name, mib)
		d.used()
		began := time.Now()
		child := d.copyInChild("priya/"+name, "acme/"+name)
		require.NoError(t, child.Wait())
		_, sent := d.used()
		require.Greater(t, sent, mib<<20)
		var peak int64
		_, err := fmt.Sscanf(fmt.Sprint(child.Stdout), "at most %d bytes", &peak)
		require.NoError(t, err)
		peaks = append(peaks, peak)
		t.Logf("%5d MiB copied in %.1f s, at most %.1f MiB of memory in use by the process", mib, time.Since(began).Seconds(), float64(peak)/(1<<20))
		c := d.client(0)
		d.requireEqual(c, registry.CopyRequest{Source: d.host + "/priya/" + name, Target: d.host + "/acme/" + name})
		require.Equal(t, want, d.skopeoDigest("acme/"+name+":1"))
	}
	require.Less(t, slices.Max(peaks)-peaks[0], int64(16<<20), "memory grows with what is copied")
}

func TestALargeCopyThatIsKilledSendsNoLayerTwiceThatArrived(t *testing.T) {
	d := newDistribution(t)
	sizes := largeSizes(t)
	mib := sizes[len(sizes)-1]
	d.largeRepository("priya/tool", mib)
	half := make(chan struct{})
	once := sync.OnceFunc(func() { close(half) })
	d.set(func() {
		d.noMount = true
		d.after = func(r *http.Response) {
			if r.Request.Method == http.MethodPut && r.Request.URL.Query().Has("digest") && r.StatusCode == http.StatusCreated {
				d.arrived++
			}
			if d.arrived >= largeLayers/2 {
				once()
			}
		}
	})
	d.used()
	child := d.copyInChild("priya/tool", "acme/tool")
	<-half
	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait())
	d.newFront()
	d.mu.Lock()
	arrived := int64(d.arrived)
	d.mu.Unlock()
	_, first := d.used()

	began := time.Now()
	child = d.copyInChild("priya/tool", "acme/tool")
	require.NoError(t, child.Wait())
	_, second := d.used()
	layer := mib << 20 / largeLayers
	t.Logf("%d MiB: killed after %d of %d blobs had arrived and %d MiB were sent; then %d MiB in %.1f s", mib, arrived, largeLayers+1, first>>20, second>>20, time.Since(began).Seconds())
	require.LessOrEqual(t, second, (largeLayers-arrived+1)*layer+1<<20, "what had arrived was sent again")
	d.requireEqual(d.client(0), d.request())
}
