package registry

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"
)

func FuzzParse(f *testing.F) {
	const h = `"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`
	f.Add(string(types.OCIManifestSchema1), []byte(`{"config":{"digest":`+h+`,"size":1},"layers":[{"digest":`+h+`,"size":2,"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}]}`))
	f.Add(string(types.OCIImageIndex), []byte(`{"manifests":[{"digest":`+h+`,"size":1,"mediaType":"application/vnd.oci.image.manifest.v1+json","platform":{"os":"linux","architecture":"arm64","variant":"v8"}}]}`))
	f.Add(string(types.DockerManifestSchema1), []byte(`{}`))
	f.Add("", []byte(`{"config":{"digest":"sha256:"}}`))
	f.Fuzz(func(t *testing.T, mediaType string, raw []byte) {
		n, err := parse(v1.Hash{Algorithm: "sha256", Hex: "0"}, types.MediaType(mediaType), raw)
		if err != nil {
			return
		}
		require.True(t, n.mediaType.IsImage() || n.mediaType.IsIndex())
		for _, b := range n.blobs {
			require.NotEqual(t, v1.Hash{}, b.Digest)
			require.GreaterOrEqual(t, b.Size, int64(0))
			require.True(t, b.MediaType.IsDistributable())
		}
		for _, p := range n.platforms {
			require.NotContains(t, p, "\x1b")
		}
	})
}

func FuzzRepositoryNames(f *testing.F) {
	for _, s := range []string{"acme/tool", "127.0.0.1:5000/acme/tool", "acme/../x", "acme/tool?x=1#y", "acme/%2e%2e", "docker.io/a/b"} {
		f.Add(s)
	}
	c, err := New(Options{Host: "127.0.0.1:5000"})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, s string) {
		prefix := c.UploadPrefix(s)
		if prefix == "" {
			return
		}
		path, found := strings.CutPrefix(prefix, "http://127.0.0.1:5000/v2/")
		require.True(t, found)
		require.Regexp(t, `^[a-z0-9._-]+/[a-z0-9._-]+/$`, path)
		require.NotContains(t, "/"+path, "/../")
		require.NotContains(t, "/"+path, "/./")
	})
}

func FuzzOneLine(f *testing.F) {
	f.Add("a\x1b]8;;https://x\x07b\nc")
	f.Add(strings.Repeat("x ", 400))
	f.Fuzz(func(t *testing.T, s string) {
		got := oneLine(s)
		require.NotContains(t, got, "\n")
		require.NotContains(t, got, "\x1b")
		require.LessOrEqual(t, len([]rune(got)), 300)
	})
}
