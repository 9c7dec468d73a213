package transport_test

import (
	"log"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func TestARegistryLibraryWorksThroughTheRoundTripper(t *testing.T) {
	shelf := registry.New(registry.Logger(log.New(quiet.Writer(), "", 0)))
	f := newTestServer(t, func(w http.ResponseWriter, r *http.Request) { shelf.ServeHTTP(w, r) })
	host := strings.TrimPrefix(f.URL, "http://")
	image, err := random.Index(1024, 2, 2)
	require.NoError(t, err)
	tag := func(repo string) name.Reference {
		ref, err := name.ParseReference(host + "/" + repo + ":1")
		require.NoError(t, err)
		return ref
	}
	changes := func() (n int) {
		for _, r := range f.requests() {
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				n++
			}
		}
		return n
	}
	approved := transport.Approve(t.Context(), nil, []string{f.URL + "/v2/acme/tool/"})

	dry := newTestClient(t, f.URL, func(o *transport.Options) { o.ReadOnly = true })
	err = remote.WriteIndex(tag("acme/tool"), image, remote.WithTransport(dry.RoundTripper()), remote.WithContext(approved))
	require.ErrorIs(t, err, transport.ErrReadOnly)
	require.Zero(t, changes())

	n := newTestClient(t, f.URL, nil)
	through := []remote.Option{remote.WithTransport(n.RoundTripper()), remote.WithContext(approved)}
	require.ErrorIs(t, remote.WriteIndex(tag("acme/other"), image, through...), transport.ErrNotApproved)
	require.Zero(t, changes())

	require.NoError(t, remote.WriteIndex(tag("acme/tool"), image, through...))
	require.NotZero(t, changes())
	stored, err := remote.Index(tag("acme/tool"), remote.WithTransport(dry.RoundTripper()), remote.WithContext(t.Context()))
	require.NoError(t, err)
	want, err := image.Digest()
	require.NoError(t, err)
	got, err := stored.Digest()
	require.NoError(t, err)
	require.Equal(t, want, got)
}
