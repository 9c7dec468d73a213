package registry_test

import (
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/registry"
)

// artifact is a manifest with a configuration of this type, and a layer of each type,
// which has a name if it is the layer of a file.
func artifact(t *testing.T, config types.MediaType, named bool, layers ...types.MediaType) v1.Image {
	t.Helper()
	out := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), config)
	for _, mediaType := range layers {
		add := mutate.Addendum{Layer: static.NewLayer([]byte(mediaType), mediaType), MediaType: mediaType}
		if named {
			add.Annotations = map[string]string{"org.opencontainers.image.title": "notes.txt"}
		}
		var err error
		out, err = mutate.Append(out, add)
		require.NoError(t, err)
	}
	return out
}

func TestDescribeTellsWhatATagHolds(t *testing.T) {
	attestation := artifact(t, types.OCIConfigJSON, false, "application/vnd.in-toto+json") // as BuildKit adds it
	for name, x := range map[string]struct {
		of   remote.Taggable
		want registry.Content
	}{
		"an image":                     {image(t), registry.ContentImage},
		"an image of platforms":        {platforms(t, "amd64", "arm64"), registry.ContentImage},
		"with an attestation":          {mutate.AppendManifests(platforms(t, "amd64"), mutate.IndexAddendum{Add: attestation}), registry.ContentImage},
		"an image of no layers":        {artifact(t, types.OCIConfigJSON, false), registry.ContentImage},
		"a layer in a new compression": {artifact(t, types.DockerConfigJSON, false, "application/vnd.docker.image.rootfs.diff.tar.zstd"), registry.ContentImage},
		"a chart":                      {artifact(t, "application/vnd.cncf.helm.config.v1+json", false, "application/vnd.cncf.helm.chart.content.v1.tar+gzip"), registry.ContentChart},
		"files":                        {artifact(t, types.OCIEmptyJSON, true, "text/plain", "application/json"), registry.ContentFiles},
		"layers without a name":        {artifact(t, types.OCIEmptyJSON, false, "text/plain"), registry.ContentOther},
		"a signature of cosign":        {artifact(t, types.OCIConfigJSON, false, "application/vnd.dev.cosign.simplesigning.v1+json"), registry.ContentOther},
		"a build cache":                {artifact(t, "application/vnd.buildkit.cacheconfig.v0", false, types.OCILayer), registry.ContentOther},
		"a plugin":                     {artifact(t, types.DockerPluginConfig, false, types.DockerLayer), registry.ContentOther},
		"an index of artifacts":        {mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: signed(t, image(t))}), registry.ContentOther},
		"an empty index":               {empty.Index, registry.ContentOther},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.seed("priya/tool:1", x.of)
			tags, err := s.client().Describe(t.Context(), "priya/tool", s.credential("priya"))
			require.NoError(t, err)
			require.NotEmpty(t, tags)
			require.Equal(t, "1", tags[0].Name) // pushing a signature may add a referrers tag
			require.NoError(t, tags[0].Unfit)
			require.Equal(t, x.want, tags[0].Content)
		})
	}
}
