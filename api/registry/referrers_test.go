package registry_test

import (
	"io"
	"log"
	"net/http"
	"testing"

	ggcr "github.com/google/go-containerregistry/pkg/registry"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/registry"
)

func withReferrers(s *server) *server {
	s.next = ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0)), ggcr.WithBlobHandler(s), ggcr.WithReferrersSupport(true))
	return s
}

func TestReferrersAreCopiedWithTheirImage(t *testing.T) {
	s := withReferrers(newServer(t))
	index := platforms(t, "amd64", "arm64")
	s.seed("priya/tool:1", index)
	signature := signed(t, index)
	ofSignature := signed(t, signature)
	first := s.seed("priya/tool@"+digestOf(t, signature), signature)
	second := s.seed("priya/tool@"+digestOf(t, ofSignature), ofSignature)
	c := s.client()
	receipt, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
	require.NoError(t, err)
	require.Equal(t, 2, receipt.Referrers)
	require.Equal(t, first, s.manifest("acme/tool", first))
	require.Equal(t, second, s.manifest("acme/tool", second), "what refers to the signature goes, too")
	differences, err := c.Compare(t.Context(), s.handOver())
	require.NoError(t, err)
	require.Empty(t, differences)

	t.Run("one that is lost is a difference", func(t *testing.T) {
		s.drop("acme/tool", first)
		differences, err := c.Compare(t.Context(), s.handOver())
		require.NoError(t, err)
		require.Len(t, differences, 1)
		require.Equal(t, registry.ReferrerMissing, differences[0].Kind)
		require.Equal(t, first, differences[0].Digest)
	})
	t.Run("and one that comes later is brought, though the tag is there", func(t *testing.T) {
		again, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
		require.NoError(t, err)
		require.True(t, again.Tags[0].Skipped)
		differences, err := c.Compare(t.Context(), s.handOver())
		require.NoError(t, err)
		require.Empty(t, differences)
	})
}

func TestDockerHubsTwoHostsAreBothApproved(t *testing.T) {
	c, err := registry.New(registry.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"https://index.docker.io/v2/acme/tool/", "https://registry-1.docker.io/v2/acme/tool/"}, c.UploadPrefixes("acme/tool"))
	require.Empty(t, c.UploadPrefixes("elsewhere.example/acme/tool"))
	s := newServer(t)
	require.Len(t, s.client().UploadPrefixes("acme/tool"), 1)
}

func TestHowManyPullsAreLeftIsTold(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", image(t))
	c := s.client()
	_, limited := c.PullsLeft()
	require.False(t, limited)
	s.on(func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("RateLimit-Remaining", "76;w=21600")
		return false
	})
	_, err := c.Digests(t.Context(), s.host+"/priya/tool", s.credential("priya"))
	require.NoError(t, err)
	left, limited := c.PullsLeft()
	require.True(t, limited)
	require.Equal(t, 76, left)
}
