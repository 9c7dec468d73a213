package registry_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"
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

// The repository has 64 MiB, or as many as REPROVISION_LARGE_MIB says.
func TestALargeRepositoryIsCopiedWithoutHoldingIt(t *testing.T) {
	mib := int64(64)
	if s := os.Getenv("REPROVISION_LARGE_MIB"); s != "" {
		var err error
		mib, err = strconv.ParseInt(s, 10, 64)
		require.NoError(t, err)
	}
	d := newDistribution(t)
	const layers = 4
	i, err := mutate.AppendLayers(empty.Image, newNoise(t, mib<<20/layers, 1), newNoise(t, mib<<20/layers, 2), newNoise(t, mib<<20/layers, 3), newNoise(t, mib<<20/layers, 4))
	require.NoError(t, err)
	d.seed("priya/tool:1", i)
	d.set(func() { d.noMount = true })
	c := d.client(0)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	receipt, err := c.Copy(approved(t.Context(), c, d.request().Target), d.request(), nil)
	require.NoError(t, err)
	runtime.ReadMemStats(&after)
	require.Greater(t, receipt.Bytes, mib<<20)
	allocated := int64(after.TotalAlloc - before.TotalAlloc)
	t.Logf("%d MiB copied, %.1f MiB allocated in all", mib, float64(allocated)/(1<<20))
	require.Less(t, allocated, int64(24<<20), "however large it is")
	d.requireEqual(c, d.request())
}
