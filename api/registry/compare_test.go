package registry_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func TestCompareNoticesAMissingBlobUnderEveryTagThatNeedsIt(t *testing.T) {
	s := newServer(t)
	i := image(t)
	s.seed("priya/tool:1", i)
	s.seed("priya/tool:latest", i)
	s.seed("acme/tool:1", i)
	digest := s.seed("acme/tool:latest", i)
	lost := blobsOf(t, i)[2]
	s.lose("acme/tool", lost)

	got, err := s.client().Compare(t.Context(), s.handOver())
	require.NoError(t, err)
	require.Equal(t, []registry.Difference{
		{Tag: "1", Kind: registry.BlobMissing, Source: digest, Target: digest, Digest: lost},
		{Tag: "latest", Kind: registry.BlobMissing, Source: digest, Target: digest, Digest: lost},
	}, got)
	require.Equal(t, "latest: the target lacks a blob: "+lost, got[1].String())
	require.Empty(t, changing(s.requests()))
}

func TestCompareNoticesABlobOfTheWrongSize(t *testing.T) {
	s := newServer(t)
	i := image(t)
	s.seed("priya/tool:1", i)
	s.seed("acme/tool:1", i)
	layer := blobsOf(t, i)[1]
	s.on(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodHead || r.URL.Path != "/v2/acme/tool/blobs/"+layer {
			return false
		}
		w.Header().Set("Content-Length", "1")
		return true
	})
	got, err := s.client().Compare(t.Context(), s.handOver())
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, registry.BlobSize, got[0].Kind)
	require.Equal(t, layer, got[0].Digest)
}

func TestCompareNoticesAMissingPlatform(t *testing.T) {
	s := newServer(t)
	index := platforms(t, "amd64", "arm64")
	s.seed("priya/tool:1", index)
	s.seed("acme/tool:1", index)
	m, err := index.IndexManifest()
	require.NoError(t, err)
	child := m.Manifests[1].Digest.String()
	s.drop("acme/tool", child)
	got, err := s.client().Compare(t.Context(), s.handOver())
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, registry.ManifestMissing, got[0].Kind)
	require.Equal(t, child, got[0].Digest)
	require.Contains(t, got[0].String(), child)
}

func TestCompareNoticesMissingAndMovedTagsAndIgnoresThoseOfTheTargetAlone(t *testing.T) {
	s := newServer(t)
	here := s.seed("priya/tool:moved", image(t))
	there := s.seed("acme/tool:moved", image(t))
	lone := s.seed("priya/tool:lone", image(t))
	s.seed("acme/tool:theirs", image(t))
	got, err := s.client().Compare(t.Context(), s.handOver())
	require.NoError(t, err)
	require.Equal(t, []registry.Difference{
		{Tag: "lone", Kind: registry.TagMissing, Source: lone},
		{Tag: "moved", Kind: registry.DigestDiffers, Source: here, Target: there},
	}, got)
	require.Equal(t, "lone: the target lacks the tag", got[0].String())
	require.Contains(t, got[1].String(), there+" instead of "+here)

	r := s.handOver()
	r.Tags = []string{"theirs"}
	got, err = s.client().Compare(t.Context(), r)
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, registry.TagGone, got[0].Kind)
}

func TestATargetThatDoesNotExistLacksEverything(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", image(t))
	got, err := s.client().Compare(t.Context(), s.handOver())
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, registry.TagMissing, got[0].Kind)
}

func TestAFailedLookUpIsAnErrorAndNotADifference(t *testing.T) {
	s := newServer(t)
	i := image(t)
	s.seed("priya/tool:1", i)
	s.seed("acme/tool:1", i)
	s.on(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/v2/acme/tool/blobs/"+blobsOf(t, i)[0] {
			return false
		}
		w.WriteHeader(http.StatusInternalServerError)
		return true
	})
	_, err := s.client().Compare(t.Context(), s.handOver())
	require.ErrorIs(t, err, transport.ErrServer)
}

func TestDescribeAddsUpWhatATagConsistsOf(t *testing.T) {
	s := newServer(t)
	index := platforms(t, "amd64", "arm64")
	multi, single := s.seed("priya/tool:multi", index), s.seed("priya/tool:1", image(t))
	c := s.client()
	got, err := c.Describe(t.Context(), "priya/tool", s.credential("priya"))
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, "1", got[0].Name)
	require.Equal(t, single, got[0].Digest)
	require.Equal(t, "application/vnd.docker.distribution.manifest.v2+json", got[0].MediaType)
	require.Greater(t, got[0].Size, int64(3000))
	require.Equal(t, multi, got[1].Digest)
	require.Equal(t, []string{"linux/amd64", "linux/arm64"}, got[1].Platforms)
	require.Greater(t, got[1].Size, int64(6000))
}

func TestDigestsReadsNoManifest(t *testing.T) {
	s := newServer(t)
	one := s.seed("priya/tool:1", platforms(t, "amd64"))
	s.requests()
	got, err := s.client().Digests(t.Context(), "priya/tool", s.credential("priya"))
	require.NoError(t, err)
	require.Equal(t, map[string]string{"1": one}, got)
	for _, r := range s.requests() {
		require.False(t, r.method == http.MethodGet && r.path == "/v2/priya/tool/manifests/1", short(r))
	}
}

func TestARepositoryThatDoesNotExistIsNotFound(t *testing.T) {
	s := newServer(t)
	_, err := s.client().Describe(t.Context(), "priya/nothing", s.credential("priya"))
	require.ErrorIs(t, err, transport.ErrNotFound)
	require.ErrorContains(t, err, "priya/nothing")
}

func TestTagsArePagedAndAListThatRepeatsItselfIsAnError(t *testing.T) {
	s := newServer(t)
	digest := s.seed("priya/tool:a", image(t))
	pages := []string{`["a"]`, `["b"]`}
	s.on(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.URL.Path == "/v2/priya/tool/manifests/b":
			w.WriteHeader(http.StatusNotFound) // deleted since it was listed
			return true
		case r.URL.Path != "/v2/priya/tool/tags/list":
			return false
		}
		page := 0
		if r.URL.Query().Get("last") != "" {
			page = 1
		} else {
			w.Header().Set("Link", `</v2/priya/tool/tags/list?last=a>; rel="next"`)
		}
		_, _ = fmt.Fprintf(w, `{"name": "priya/tool", "tags": %s}`, pages[page])
		return true
	})
	got, err := s.client().Digests(t.Context(), "priya/tool", s.credential("priya"))
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a": digest}, got)

	s.on(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/v2/priya/tool/tags/list" {
			return false
		}
		w.Header().Set("Link", `</v2/priya/tool/tags/list?last=a>; rel="next"`)
		_, _ = fmt.Fprint(w, `{"name": "priya/tool", "tags": ["a"]}`)
		return true
	})
	_, err = s.client().Digests(t.Context(), "priya/tool", s.credential("priya"))
	require.ErrorContains(t, err, "repeats itself")
}

func TestTagsOnAnotherHostAreNotFetched(t *testing.T) {
	s := newServer(t)
	other := newServer(t)
	s.seed("priya/tool:a", image(t))
	s.on(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/v2/priya/tool/tags/list" {
			return false
		}
		w.Header().Set("Link", `<http://`+other.host+`/v2/priya/tool/tags/list?last=a>; rel="next"`)
		_, _ = fmt.Fprint(w, `{"name": "priya/tool", "tags": ["a"]}`)
		return true
	})
	_, err := s.client().Digests(t.Context(), "priya/tool", s.credential("priya"))
	require.Error(t, err)
	require.Empty(t, other.requests())
}

// Docker Hub counts each manifest that is read as a pull.
func TestAManifestWithManyTagsIsReadOnce(t *testing.T) {
	s := newServer(t)
	index := platforms(t, "amd64", "arm64")
	for _, tag := range []string{"1", "1.2", "1.2.3", "latest", "stable"} {
		s.seed("priya/tool:"+tag, index)
	}
	c := s.client()
	s.requests()
	tags, err := c.Describe(t.Context(), s.handOver().Source, s.handOver().SourceCredential)
	require.NoError(t, err)
	require.Len(t, tags, 5)
	pulls := func() (n int) {
		for _, r := range s.requests() {
			if r.method == http.MethodGet && strings.Contains(r.path, "/manifests/") {
				n++
			}
		}
		return n
	}
	require.Equal(t, 3, pulls(), "the index and its two images")
	_, err = c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
	require.NoError(t, err)
	s.requests()
	_, err = c.Compare(t.Context(), s.handOver())
	require.NoError(t, err)
	require.Equal(t, 3, pulls(), "at the target")
}
