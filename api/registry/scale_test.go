package registry_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/registry"
)

// A repository may have a tag for every build, and an image one for every
// platform that there is.
func TestVeryManyTagsAndAHugeIndexAreCopiedWhole(t *testing.T) {
	const tags, parts = 200, 80
	d := newDistribution(t)
	index := v1.ImageIndex(empty.Index)
	for n := range parts {
		i, err := random.Image(64, 1)
		require.NoError(t, err)
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: i, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "any", Variant: fmt.Sprint(n)}},
		})
	}
	d.seed("priya/tool:huge", index)
	builds := []v1.Image{image(t), image(t), image(t)}
	for n := range tags {
		to, err := name.NewTag(fmt.Sprintf("%s/priya/tool:build-%04d", d.real, n))
		require.NoError(t, err)
		if n < len(builds) {
			require.NoError(t, remote.Write(to, builds[n]))
		}
		require.NoError(t, remote.Tag(to, builds[n%len(builds)]))
	}
	c := d.client(0)
	r := d.request()
	described, err := c.Describe(t.Context(), r.Source, registry.Credential{}) // as a plan does
	require.NoError(t, err)
	r.Pinned = map[string]string{}
	for _, x := range described {
		r.Pinned[x.Name] = x.Digest
	}
	d.used()
	pulls := 0
	d.set(func() {
		d.on = func(r *http.Request) {
			if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/manifests/") {
				d.mu.Lock()
				pulls++
				d.mu.Unlock()
			}
		}
	})
	receipt, err := c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.NoError(t, err)
	require.Len(t, receipt.Tags, tags+1)
	d.set(func() { d.on = nil })
	require.Zero(t, pulls, "what the plan has read is not read again")
	d.mu.Lock()
	puts := d.counts[http.MethodPut]
	d.mu.Unlock()
	require.LessOrEqual(t, puts, tags+1+parts, "no manifest is put twice")
	requests, _ := d.used()
	t.Logf("%d tags and an index of %d: %d requests", tags, parts, requests)
	d.requireEqual(c, d.request())
	require.Equal(t, d.skopeoDigest("priya/tool:huge"), d.skopeoDigest("acme/tool:huge"))
}
