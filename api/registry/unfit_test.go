package registry_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// rawManifest is pushed as it is.
type rawManifest struct {
	mediaType types.MediaType
	body      []byte
}

func (m rawManifest) RawManifest() ([]byte, error)        { return m.body, nil }
func (m rawManifest) MediaType() (types.MediaType, error) { return m.mediaType, nil }
func (m rawManifest) Size() (int64, error)                { return int64(len(m.body)), nil }

func (m rawManifest) Digest() (v1.Hash, error) {
	h, _, err := v1.SHA256(bytes.NewReader(m.body))
	return h, err
}

// listing is an index of these descriptors, whatever they are.
func listing(t *testing.T, all ...v1.Descriptor) rawManifest {
	t.Helper()
	body, err := json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: all})
	require.NoError(t, err)
	return rawManifest{types.OCIImageIndex, body}
}

func TestATagWithAMalformedManifestHoldsUpNoOther(t *testing.T) {
	deep := platforms(t, "amd64")
	for range 5 {
		deep = mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: deep})
	}
	part := rawManifest{types.OCIManifestSchema1, []byte(`{"layers": 7}`)}
	h, err := part.Digest()
	require.NoError(t, err)
	for name, bad := range map[string]interface {
		RawManifest() ([]byte, error)
	}{
		"another structure": part,
		"no configuration":  rawManifest{types.OCIManifestSchema1, []byte(`{"schemaVersion": 2}`)},
		"a digest that is none": rawManifest{
			types.OCIManifestSchema1, []byte(`{"schemaVersion": 2, "config": {"digest": "sha256:\u001b", "size": 1}}`),
		},
		"a malformed part": listing(t, v1.Descriptor{MediaType: part.mediaType, Digest: h, Size: int64(len(part.body))}),
		"nested too deep":  deep,
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.seed("priya/tool@"+h.String(), part)
			digest := s.seed("priya/tool:1", bad)
			s.seed("priya/tool:2", image(t))
			c := s.client()
			r := s.handOver()
			tags, err := c.Describe(t.Context(), r.Source, r.SourceCredential)
			require.NoError(t, err)
			require.Len(t, tags, 2)
			require.ErrorIs(t, tags[0].Unfit, registry.ErrMalformed)
			require.NotContains(t, tags[0].Unfit.Error(), "\x1b")
			require.Equal(t, digest, tags[0].Digest)
			require.NoError(t, tags[1].Unfit)

			_, err = c.Copy(approved(t.Context(), c, r.Target), r, nil)
			require.ErrorIs(t, err, registry.ErrMalformed, "nobody has agreed to leave it")
			require.Empty(t, changing(s.requests()))
			r.Tags = []string{"2"}
			_, err = c.Copy(approved(t.Context(), c, r.Target), r, nil)
			require.NoError(t, err)
			differences, err := c.Compare(t.Context(), s.handOver())
			require.NoError(t, err)
			require.Equal(t, []registry.Difference{{Tag: "1", Kind: registry.TagMissing, Source: digest}}, differences)
		})
	}
}

// The CNCF distribution lets an index list a blob, and a manifest be mounted as one.
func TestAnIndexThatListsAnUnknownTypeIsNamedAndNotCopied(t *testing.T) {
	for _, mediaType := range []types.MediaType{"application/vnd.example.manifest.v9+json", "application/json", ""} {
		t.Run(string(mediaType), func(t *testing.T) {
			d := newDistribution(t)
			known := image(t)
			d.seed("priya/tool:2", known)
			h, err := known.Digest()
			require.NoError(t, err)
			size, err := known.Size()
			require.NoError(t, err)
			m, err := known.MediaType()
			require.NoError(t, err)
			d.seed("priya/tool:1", listing(t, v1.Descriptor{MediaType: m, Digest: h, Size: size}, v1.Descriptor{MediaType: mediaType, Digest: h, Size: size}))
			c := d.client(0)
			tags, err := c.Describe(t.Context(), d.request().Source, registry.Credential{})
			require.NoError(t, err)
			require.ErrorIs(t, tags[0].Unfit, registry.ErrUnknown)
			require.ErrorContains(t, tags[0].Unfit, fmt.Sprintf("%q", mediaType))
			require.NoError(t, tags[1].Unfit)

			_, err = c.Copy(approved(t.Context(), c, d.request().Target), d.request(), nil)
			require.ErrorIs(t, err, registry.ErrUnknown)
			_, err = c.Digests(t.Context(), d.request().Target, registry.Credential{})
			require.ErrorIs(t, err, transport.ErrNotFound, "nothing was sent")
		})
	}
}

// BuildKit keeps a build cache as an index of layers and one configuration.
func TestABuildCacheIsCopiedWhole(t *testing.T) {
	// The registry's later releases take an index of blobs only if they are told not to
	// look for the manifests that it lists; the earlier ones do not know the setting.
	t.Setenv("REGISTRY_VALIDATION_ENABLED", "true")
	t.Setenv("REGISTRY_VALIDATION_MANIFESTS_INDEXES_PLATFORMS", "none")
	d := newDistribution(t)
	i := empty.Image
	var all []v1.Descriptor
	for n, mediaType := range []types.MediaType{
		types.OCILayer, types.OCILayerZStd, types.DockerLayer, "application/vnd.docker.image.rootfs.diff.tar.zstd", "application/vnd.buildkit.cacheconfig.v0",
	} {
		l := static.NewLayer(fmt.Appendf(nil, "blob %d", n), mediaType)
		var err error
		i, err = mutate.AppendLayers(i, l)
		require.NoError(t, err)
		h, err := l.Digest()
		require.NoError(t, err)
		size, err := l.Size()
		require.NoError(t, err)
		all = append(all, v1.Descriptor{MediaType: mediaType, Digest: h, Size: size})
	}
	d.seed("priya/tool:image", i) // brings the blobs
	cache := d.seed("priya/tool:cache", listing(t, all...))
	c := d.client(0)
	r := d.request()
	r.Tags = []string{"cache"}
	receipt, err := c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.NoError(t, err)
	require.Equal(t, len(all), receipt.Blobs)
	require.Equal(t, cache, receipt.Tags[0].Digest)
	d.requireEqual(c, r)
}
