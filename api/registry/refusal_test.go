package registry_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// A registry may limit requests of every kind. How long it says to wait is how
// long nobody asks it; where it does not say, the pauses grow.
func TestARateLimitIsWaitedForAtEveryStepOfACopy(t *testing.T) {
	for name, limits := range map[string]func(*http.Request) bool{
		"list": func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/tags/list") },
		"read": func(r *http.Request) bool {
			return r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/manifests/")
		},
		"begin":  func(r *http.Request) bool { return r.Method == http.MethodPost },
		"upload": func(r *http.Request) bool { return r.Method == http.MethodPatch },
		"finish": func(r *http.Request) bool { return r.Method == http.MethodPut && r.URL.Query().Has("digest") },
		"push": func(r *http.Request) bool {
			return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/")
		},
	} {
		for _, says := range []string{"7", ""} {
			t.Run(name+" "+says, func(t *testing.T) {
				s := newServer(t)
				s.seed("priya/tool:1", image(t))
				var mu sync.Mutex
				var waits []time.Duration
				c := s.client(func(o *registry.Options) {
					o.Transport.Sleep = func(_ context.Context, d time.Duration) error {
						mu.Lock()
						defer mu.Unlock()
						waits = append(waits, d)
						return nil
					}
				})
				refused := 0
				s.on(func(w http.ResponseWriter, r *http.Request) bool {
					mu.Lock()
					defer mu.Unlock()
					if !limits(r) || refused == 2 {
						return false
					}
					refused++
					if says != "" {
						w.Header().Set("Retry-After", says)
					}
					refuse(w, http.StatusTooManyRequests, "TOOMANYREQUESTS", "slow down")
					return true
				})
				_, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
				require.NoError(t, err)
				require.Len(t, waits, 2)
				for _, d := range waits {
					require.Positive(t, d)
					if says != "" {
						require.Equal(t, 7*time.Second, d)
					}
				}
				differences, err := c.Compare(t.Context(), s.handOver())
				require.NoError(t, err)
				require.Empty(t, differences)
			})
		}
	}
}

// A limit that is counted over hours is not sat out.
func TestAPullLimitThatIsUsedUpEndsTheCopyBeforeAnythingIsSent(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", image(t))
	c := s.client()
	s.on(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/manifests/") {
			return false
		}
		w.Header().Set("Retry-After", "21600")
		refuse(w, http.StatusTooManyRequests, "TOOMANYREQUESTS", "You have reached your pull rate limit.")
		return true
	})
	_, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
	require.ErrorIs(t, err, transport.ErrRateLimited)
	require.ErrorContains(t, err, "pull rate limit")
	require.Empty(t, changing(s.requests()))
}

// Docker Hub's pull limit is counted over six hours and names no time: it is told at
// once, with the window where the registry gives one. Other refusals for the number
// of requests pass by the minute.
func TestAPullLimitThatNamesNoTimeIsToldAtOnce(t *testing.T) {
	const words = "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit"
	for name, x := range map[string]struct {
		words, remaining string
		window           time.Duration
		waits            int
	}{
		"by its words":                  {words: words},
		"of nobody in particular":       {words: "You have reached your unauthenticated pull rate limit."},
		"by what is left":               {words: "slow down", remaining: "0;w=21600", window: 6 * time.Hour},
		"by both":                       {words: words, remaining: "0;w=3600", window: time.Hour},
		"with a window that is nothing": {words: words, remaining: "0;w=-1"},
		"not while pulls are left":      {words: "slow down", remaining: "7;w=21600", waits: 3},
		"nor a limit on all requests":   {words: "Too Many Requests", waits: 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.seed("priya/tool:1", image(t))
			var mu sync.Mutex
			waits := 0
			c := s.client(func(o *registry.Options) {
				o.Transport.Sleep = func(context.Context, time.Duration) error {
					mu.Lock()
					defer mu.Unlock()
					waits++
					return nil
				}
			})
			s.on(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/manifests/") {
					return false
				}
				if x.remaining != "" {
					w.Header().Set("RateLimit-Remaining", x.remaining)
				}
				refuse(w, http.StatusTooManyRequests, "TOOMANYREQUESTS", x.words)
				return true
			})
			_, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
			require.ErrorIs(t, err, transport.ErrRateLimited)
			require.ErrorContains(t, err, "TOOMANYREQUESTS: "+x.words)
			require.Equal(t, x.waits, waits)
			var limit *registry.PullLimitError
			require.Equal(t, x.waits == 0, errors.As(err, &limit))
			if limit != nil {
				require.Equal(t, x.window, limit.Window)
			}
			require.Empty(t, changing(s.requests()))
		})
	}
}

func TestATagThatWasDeletedSinceThePlanHasMoved(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", image(t))
	s.seed("priya/tool:2", image(t))
	c := s.client()
	r := s.handOver()
	digests, err := c.Digests(t.Context(), r.Source, r.SourceCredential)
	require.NoError(t, err)
	r.Pinned, r.Tags = digests, []string{"1", "2"}
	s.drop("priya/tool", "2")
	_, err = c.Copy(approved(t.Context(), c, r.Target), r, nil)
	require.ErrorIs(t, err, registry.ErrMoved)
	require.ErrorContains(t, err, "2 (from "+digests["2"]+" to nothing)")
	require.Empty(t, changing(s.requests()))
}

func TestADamagedSourceIsDistinguishedFromAMissingOne(t *testing.T) {
	t.Run("a platform", func(t *testing.T) {
		s := newServer(t)
		index := platforms(t, "amd64", "arm64")
		s.seed("priya/tool:1", index)
		m, err := index.IndexManifest()
		require.NoError(t, err)
		s.drop("priya/tool", m.Manifests[1].Digest.String())
		c := s.client()
		s.seed("priya/tool:2", image(t))
		tags, err := c.Describe(t.Context(), s.handOver().Source, s.handOver().SourceCredential)
		require.NoError(t, err)
		require.Len(t, tags, 2)
		require.ErrorIs(t, tags[0].Unfit, registry.ErrDamaged, "the plan says so")
		require.NoError(t, tags[1].Unfit, "the others can be copied")
		_, err = c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
		require.ErrorIs(t, err, registry.ErrDamaged)
		require.ErrorContains(t, err, m.Manifests[1].Digest.String())
		require.Empty(t, changing(s.requests()))
	})
	t.Run("a layer", func(t *testing.T) {
		s := newServer(t)
		i := image(t)
		s.seed("priya/tool:1", i)
		lost := blobsOf(t, i)[0]
		s.lose("priya/tool", lost)
		c := s.client()
		receipt, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
		require.ErrorIs(t, err, registry.ErrDamaged)
		require.ErrorContains(t, err, lost)
		require.Empty(t, receipt.Tags, "no tag of the copy leads to an image that is not whole")
		require.Empty(t, s.manifest("acme/tool", "1"))
	})
	t.Run("all of it", func(t *testing.T) {
		s := newServer(t)
		c := s.client()
		_, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
		require.ErrorIs(t, err, transport.ErrNotFound)
		require.NotErrorIs(t, err, registry.ErrDamaged)
	})
}
