package registry

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func FuzzParse(f *testing.F) {
	const h = `"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`
	f.Add(string(types.OCIManifestSchema1), []byte(`{"config":{"digest":`+h+`,"size":1},"layers":[{"digest":`+h+`,"size":2,"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}]}`))
	f.Add(string(types.OCIImageIndex), []byte(`{"manifests":[{"digest":`+h+`,"size":1,"mediaType":"application/vnd.oci.image.manifest.v1+json","platform":{"os":"linux","architecture":"arm64","variant":"v8"}}]}`))
	f.Add(string(types.OCIImageIndex), []byte(`{"manifests":[{"size":1,"mediaType":"application/vnd.oci.image.manifest.v1+json"}]}`))
	f.Add(string(types.OCIImageIndex), []byte(`{"manifests":[{"digest":`+h+`,"size":1,"mediaType":"application/vnd.example\u001b"}]}`))
	f.Add(string(types.DockerManifestSchema1), []byte(`{}`))
	f.Add("", []byte(`{"config":{"digest":"sha256:"}}`))
	f.Fuzz(func(t *testing.T, mediaType string, raw []byte) {
		n, err := parse(v1.Hash{Algorithm: "sha256", Hex: "0"}, types.MediaType(mediaType), raw)
		if err != nil {
			require.True(t, formatRefused(err), "only its tag cannot be copied: %v", err)
			require.NotContains(t, err.Error(), "\x1b")
			return
		}
		require.True(t, n.mediaType.IsImage() || n.mediaType.IsIndex())
		for _, h := range n.children {
			require.NotEqual(t, v1.Hash{}, h)
		}
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

// answers is a registry that says the same headers to everything, as long as
// anybody can be expected to ask.
type answers struct {
	header http.Header
	status int
	asked  []*http.Request
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.asked = append(a.asked, r)
	if len(a.asked) > 20 { // pages may go on for long; maxTagPages bounds them
		return nil, errors.New("the registry has gone")
	}
	w := httptest.NewRecorder()
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	if a.status == http.StatusOK {
		_, _ = w.WriteString(`{"name":"priya/tool","tags":[]}`)
	}
	response := w.Result()
	response.Request = r
	return response, nil
}

// What a registry says about the next page, about how to sign in and about its
// limits leads nobody to another host with the credential.
func FuzzHeaders(f *testing.F) {
	f.Add(`</v2/priya/tool/tags/list?n=1&last=a>; rel="next"`, "", "76;w=21600", 200)
	f.Add(`<https://evil.example/v2/priya/tool/tags/list>; rel="next"`, "", "-1", 200)
	f.Add("", `Basic realm="x"`, "", 401)
	f.Add("", `Bearer realm="https://auth.docker.io/token",service="registry.docker.io"`, "", 401)
	f.Add("", `Bearer realm="https://evil.example/token",service="registry.docker.io",scope="repository:a/b:push"`, "", 401)
	f.Add("<", `Bearer realm=`, "x;w", 429)
	f.Add("\x1b[31m", "", "0", 200)
	f.Fuzz(func(t *testing.T, link, challenge, left string, status int) {
		if status < 200 || status > 599 {
			return
		}
		far := &answers{status: status, header: http.Header{"Link": {link}, "Www-Authenticate": {challenge}, "Ratelimit-Remaining": {left}}}
		c, err := New(Options{Transport: transport.Options{Base: far, Sleep: func(context.Context, time.Duration) error { return nil }}})
		require.NoError(t, err)
		_, err = c.Digests(t.Context(), "priya/tool", Credential{Username: "priya", Secret: func() string { return "secret-canary" }})
		if err != nil {
			require.NotContains(t, err.Error(), "secret-canary")
			require.NotContains(t, err.Error(), "\x1b")
		}
		for _, r := range far.asked {
			require.Equal(t, "https", r.URL.Scheme)
			own := r.URL.Host == dockerHub || r.URL.Host == dockerHubAuth || r.URL.Host == dockerHubAlso
			require.True(t, own || r.Header.Get("Authorization") == "", "%s gets the credential", r.URL.Host)
		}
		n, _ := c.PullsLeft()
		require.GreaterOrEqual(t, n, 0)
	})
}
