package registry_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func TestACopyBringsEveryTagWholeAndWithTheSameDigests(t *testing.T) {
	s := newServer(t)
	multi := platforms(t, "amd64", "arm64", "s390x")
	nested := mutate.AppendManifests(multi, mutate.IndexAddendum{Add: platforms(t, "riscv64")})
	single := image(t)
	want := map[string]string{
		"1.0": s.seed("priya/tool:1.0", single), "latest": s.seed("priya/tool:latest", single),
		"multi": s.seed("priya/tool:multi", multi), "nested": s.seed("priya/tool:nested", nested),
	}
	c := s.client()
	r := s.handOver()

	var last registry.Progress
	receipt, err := c.Copy(approved(t.Context(), c, r.Target), r, func(p registry.Progress) {
		require.GreaterOrEqual(t, p.Bytes, last.Bytes)
		last = p
	})
	require.NoError(t, err)

	require.Len(t, receipt.Tags, 4)
	for _, tag := range receipt.Tags {
		require.Equal(t, want[tag.Name], tag.Digest)
		require.False(t, tag.Skipped)
		got := s.manifest("acme/tool", tag.Name)
		require.Equal(t, want[tag.Name], got)
	}
	require.Equal(t, 4*5, receipt.Blobs) // each image has a configuration and three layers
	require.Equal(t, receipt.Blobs, receipt.Sent)
	require.Equal(t, s.host+"/acme/tool", receipt.Target)
	require.Contains(t, want, last.Tag)
	require.Equal(t, registry.Progress{
		Tag: last.Tag, Tags: 4, TagsDone: 4, Blobs: 20, BlobsDone: 20, Bytes: receipt.Bytes, AllBytes: receipt.Bytes,
	}, last)

	differences, err := c.Compare(t.Context(), r)
	require.NoError(t, err)
	require.Empty(t, differences)
}

func TestATagThatTheTargetHasAlreadyIsSkippedWithoutAChange(t *testing.T) {
	s := newServer(t)
	index := platforms(t, "amd64", "arm64")
	digest := s.seed("priya/tool:1", index)
	s.seed("acme/tool:1", index)
	c := s.client()
	receipt, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
	require.NoError(t, err)
	require.Equal(t, []registry.Copied{{Name: "1", Digest: digest, Skipped: true}}, receipt.Tags)
	require.Empty(t, changing(s.requests()))
}

func TestBlobsOfASourceThatTheTargetsCredentialMayReadAreMounted(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", platforms(t, "amd64", "arm64"))
	s.public["priya/tool"] = true
	c := s.client()
	receipt, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
	require.NoError(t, err)
	require.Equal(t, 8, receipt.Blobs)
	require.Zero(t, receipt.Sent)
	require.Zero(t, receipt.Bytes)
	for _, r := range changing(s.requests()) {
		require.True(t, r.method == http.MethodPut && strings.Contains(r.path, "/manifests/") || strings.Contains(r.query, "from=priya%2Ftool"), short(r))
	}
	differences, err := c.Compare(t.Context(), s.handOver())
	require.NoError(t, err)
	require.Empty(t, differences)
}

func TestEachRepositoryIsOpenedWithItsOwnCredentialOnly(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", image(t))
	c := s.client()
	_, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
	require.NoError(t, err)
	asked := 0
	for _, r := range s.requests() {
		require.NotContains(t, r.query, "mount=", "what may not be read is not asked to be mounted")
		switch {
		case strings.HasPrefix(r.path, "/v2/acme/"):
			require.Equal(t, "acme", r.user, short(r))
		case r.user == "acme" && strings.HasPrefix(r.path, "/v2/priya/"):
			require.Equal(t, http.MethodHead, r.method, "only to see whether blobs can be mounted")
			asked++
		case strings.HasPrefix(r.path, "/v2/priya/"):
			require.Equal(t, "priya", r.user, short(r))
		}
	}
	require.Equal(t, 1, asked)
}

func TestAPublicSourceNeedsNoCredential(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", image(t))
	s.public["priya/tool"] = true
	c := s.client()
	r := s.handOver()
	r.SourceCredential = registry.Credential{}
	_, err := c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.NoError(t, err)
}

func TestInReadOnlyModeNothingIsChanged(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", platforms(t, "amd64", "arm64"))
	c := s.client(func(o *registry.Options) { o.Transport.ReadOnly = true })
	receipt, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
	require.ErrorIs(t, err, transport.ErrReadOnly)
	require.Empty(t, receipt.Tags)
	requests := s.requests()
	require.NotEmpty(t, requests)
	require.Empty(t, changing(requests))
}

func TestOnlyTheApprovedTargetIsWrittenTo(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", image(t))
	c := s.client()
	for _, approval := range []string{"", "acme/tool-box", "priya/tool"} {
		_, err := c.Copy(approved(t.Context(), c, approval), s.handOver(), nil)
		require.ErrorIs(t, err, transport.ErrNotApproved, approval)
	}
	_, err := c.Copy(t.Context(), s.handOver(), nil)
	require.ErrorIs(t, err, transport.ErrNotApproved)
	require.Empty(t, changing(s.requests()))
}

func TestAnInterruptedCopyGoesOnWhereItStopped(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", image(t))
	s.seed("priya/tool:2", image(t))
	c := s.client(func(o *registry.Options) { o.Jobs = 1 })

	ctx, stop := context.WithCancel(approved(t.Context(), c, s.handOver().Target))
	defer stop()
	var mu sync.Mutex
	sent := 0
	s.on(func(_ http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPatch {
			if sent++; sent == 7 { // in the middle of the second tag
				stop()
			}
		}
		return false
	})
	first, err := c.Copy(ctx, s.handOver(), nil)
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, first.Tags, 1)
	require.Equal(t, "1", first.Tags[0].Name)
	require.GreaterOrEqual(t, first.Sent, 6)

	s.on(nil)
	s.requests()
	second, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
	require.NoError(t, err)
	require.True(t, second.Tags[0].Skipped)
	require.False(t, second.Tags[1].Skipped)
	require.LessOrEqual(t, second.Sent, 2, "what arrived the first time is not sent again")
	differences, err := c.Compare(t.Context(), s.handOver())
	require.NoError(t, err)
	require.Empty(t, differences)
}

func TestAContextThatHasEndedSendsNothing(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", image(t))
	c := s.client()
	ctx, stop := context.WithCancel(approved(t.Context(), c, s.handOver().Target))
	stop()
	_, err := c.Copy(ctx, s.handOver(), nil)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, s.requests())
}

func TestATargetWithOtherContentIsNotOverwrittenUnlessAgreed(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:0", image(t))
	digest := s.seed("priya/tool:latest", image(t))
	theirs := s.seed("acme/tool:latest", image(t))
	c := s.client()
	r := s.handOver()
	_, err := c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.ErrorIs(t, err, registry.ErrOccupied)
	require.ErrorContains(t, err, "latest ("+theirs+")")
	require.Empty(t, changing(s.requests()), "not even the tag that is free")

	r.Replace = true
	_, err = c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.NoError(t, err)
	got := s.manifest("acme/tool", "latest")
	require.Equal(t, digest, got)
}

func TestATagThatSomebodyPushesDuringTheCopyIsNotOverwritten(t *testing.T) {
	for name, before := range map[string]bool{"a new tag": false, "one that may be replaced": true} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.seed("priya/tool:latest", image(t))
			r := s.handOver()
			if before {
				r.Replaceable = map[string]string{"latest": s.seed("acme/tool:latest", image(t))}
			}
			var clock atomic.Int64 // seconds
			c := s.client(func(o *registry.Options) {
				o.Transport.Now = func() time.Time { return time.Unix(clock.Load(), 0) }
			})
			var once sync.Once
			var theirs string
			s.on(func(_ http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodPost { // a blob, after the survey
					once.Do(func() {
						theirs = s.seed("acme/tool:latest", image(t))
						clock.Add(60) // layers take their time
					})
				}
				return false
			})
			_, err := c.Copy(approved(t.Context(), c, r.Target), r, nil)
			require.ErrorIs(t, err, registry.ErrOccupied)
			require.ErrorContains(t, err, "latest ("+theirs+")")
			require.Equal(t, theirs, s.manifest("acme/tool", "latest"))
		})
	}
}

func TestOnlyTheTagsThatWereAskedForAreCopied(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", image(t))
	s.seed("priya/tool:2", image(t))
	c := s.client()
	r := s.handOver()
	r.Tags = []string{"2", "2"}
	receipt, err := c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.NoError(t, err)
	require.Len(t, receipt.Tags, 1)
	one := s.manifest("acme/tool", "1")
	require.Empty(t, one)

	r.Tags = []string{"3"}
	_, err = c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.ErrorIs(t, err, transport.ErrNotFound)
	require.ErrorContains(t, err, "no tag 3")
}

func TestATagThatMovesDuringTheCopyIsCopiedAsItWasSurveyed(t *testing.T) {
	s := newServer(t)
	surveyed := s.seed("priya/tool:latest", image(t))
	moved := image(t)
	c := s.client()
	var once sync.Once
	s.on(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			once.Do(func() { s.seed("priya/tool:latest", moved) })
		}
		return false
	})
	receipt, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
	require.NoError(t, err)
	require.Equal(t, surveyed, receipt.Tags[0].Digest)

	differences, err := c.Compare(t.Context(), s.handOver())
	require.NoError(t, err)
	require.Len(t, differences, 1)
	require.Equal(t, registry.DigestDiffers, differences[0].Kind)
}

func TestATargetThatHoldsSomethingElseAfterThePushIsNoSuccess(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:latest", image(t))
	other := image(t)
	c := s.client()
	s.on(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || r.URL.Path != "/v2/acme/tool/manifests/latest" {
			return false
		}
		s.next.ServeHTTP(w, r)
		s.seed("acme/tool:latest", other)
		return true
	})
	receipt, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
	require.ErrorIs(t, err, registry.ErrMismatch)
	require.Empty(t, receipt.Tags)
}

func TestAnUploadIsRetriedAfterALostConnection(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", image(t))
	c := s.client()
	var once sync.Once
	s.on(func(_ http.ResponseWriter, r *http.Request) (answered bool) {
		if r.Method == http.MethodPatch {
			once.Do(func() {
				answered = true
				panic(http.ErrAbortHandler)
			})
		}
		return answered
	})
	var last registry.Progress
	receipt, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), func(p registry.Progress) { last = p })
	require.NoError(t, err)
	require.Equal(t, 4, receipt.Sent)
	require.Equal(t, last.AllBytes, last.Bytes)
}

func TestARegistryThatStaysBrokenEndsTheCopyWithItsError(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", image(t))
	c := s.client(func(o *registry.Options) { o.Jobs = 1 })
	uploads := 0
	s.on(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPatch {
			return false
		}
		uploads++
		refuse(w, http.StatusInternalServerError, "UNKNOWN", "disk\x1b[31m full")
		return true
	})
	_, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
	require.ErrorIs(t, err, transport.ErrServer)
	require.ErrorContains(t, err, "disk[31m full")
	require.ErrorContains(t, err, "tag 1")
	require.Equal(t, 6, uploads)
	require.NotContains(t, err.Error(), "canary")
}

func TestARefusalIsNotRepeated(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", image(t))
	c := s.client()
	r := s.handOver()
	r.TargetCredential.Secret = func() string { return "wrong" }
	_, err := c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.ErrorIs(t, err, transport.ErrUnauthorized)
	require.NotContains(t, err.Error(), "wrong")

	r = s.handOver()
	r.SourceCredential = s.credential("acme")
	_, err = c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.ErrorIs(t, err, transport.ErrForbidden)
	require.ErrorContains(t, err, "DENIED")

	r = s.handOver()
	r.SourceCredential.Secret = func() string { return "" }
	_, err = c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.ErrorContains(t, err, "sign in to the registry first")
	require.Empty(t, changing(s.requests()))
}

func TestLayersServedFromElsewhereAreListedAndNotCopied(t *testing.T) {
	s := newServer(t)
	foreign := static.NewLayer([]byte("windows base"), types.DockerForeignLayer)
	i, err := mutate.Append(image(t), mutate.Addendum{Layer: foreign, URLs: []string{"https://mcr.example/base"}})
	require.NoError(t, err)
	h, err := foreign.Digest()
	require.NoError(t, err)
	s.seed("priya/tool:1", i)
	c := s.client()
	receipt, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
	require.NoError(t, err)
	require.Equal(t, []string{h.String()}, receipt.Foreign)
	require.Equal(t, 4, receipt.Blobs)
	differences, err := c.Compare(t.Context(), s.handOver())
	require.NoError(t, err)
	require.Empty(t, differences)
}

func TestReferrersTagsEndAsTheyAreAtTheSource(t *testing.T) {
	s := newServer(t)
	subject := image(t)
	digest, err := subject.Digest()
	require.NoError(t, err)
	size, err := subject.Size()
	require.NoError(t, err)
	s.seed("priya/tool:1", subject)
	attached, ok := mutate.Subject(image(t), v1.Descriptor{MediaType: types.DockerManifestSchema2, Digest: digest, Size: size}).(v1.Image)
	require.True(t, ok)
	s.seed("priya/tool:signature", attached) // go-containerregistry writes the fallback tag along with it
	tag := "sha256-" + digest.Hex
	want := s.manifest("priya/tool", tag)
	require.NotEmpty(t, want)

	c := s.client()
	receipt, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
	require.NoError(t, err)
	require.Len(t, receipt.Tags, 3)
	got := s.manifest("acme/tool", tag)
	require.Equal(t, want, got)
}

func TestAnEmptyRepositoryIsCopiedAtOnce(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", image(t))
	s.drop("priya/tool", "1")
	c := s.client()
	receipt, err := c.Copy(t.Context(), s.handOver(), nil)
	require.NoError(t, err)
	require.Empty(t, receipt.Tags)
}

func TestAManifestThatCannotBeCopiedStopsBeforeAnythingIsSent(t *testing.T) {
	for mediaType, body := range map[string]string{
		"application/vnd.docker.distribution.manifest.v1+prettyjws": `{"schemaVersion": 1}`,
		"application/vnd.oci.image.manifest.v1+json":                `{"schemaVersion": 2}`,
		"application/vnd.oci.image.index.v1+json":                   `{"manifests": 1}`,
		"application/vnd.example.manifest.v9+json":                  `{"schemaVersion": 9}`,
		"text/html": `<html>`,
	} {
		t.Run(mediaType, func(t *testing.T) {
			s := newServer(t)
			s.seed("priya/tool:0", image(t))
			put, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+s.host+"/v2/priya/tool/manifests/1", strings.NewReader(body))
			require.NoError(t, err)
			put.Header.Set("Content-Type", mediaType)
			put.SetBasicAuth("priya", s.secrets["priya"])
			answer, err := http.DefaultClient.Do(put)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			if answer.StatusCode != http.StatusCreated {
				s.on(func(w http.ResponseWriter, r *http.Request) bool {
					if !strings.HasPrefix(r.URL.Path, "/v2/priya/tool/manifests/") {
						return false
					}
					w.Header().Set("Content-Type", mediaType)
					h, _, err := v1.SHA256(strings.NewReader(body))
					w.Header().Set("Docker-Content-Digest", h.String())
					w.Header().Set("Content-Length", fmt.Sprint(len(body)))
					if r.Method == http.MethodGet {
						_, _ = w.Write([]byte(body))
					}
					return err == nil
				})
			}
			s.requests()
			c := s.client()
			_, err = c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
			require.Error(t, err)
			require.Empty(t, changing(s.requests()))
			switch {
			case strings.Contains(mediaType, "v1+prettyjws"):
				require.ErrorIs(t, err, registry.ErrFormat)
			case strings.Contains(mediaType, "oci"):
				require.ErrorIs(t, err, registry.ErrMalformed)
			default:
				require.ErrorIs(t, err, registry.ErrUnknown)
			}
		})
	}
}
