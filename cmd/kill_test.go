//go:build unix

package cmd

import (
	"fmt"
	"net/http"
	"os/signal"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/run"
)

var times = regexp.MustCompile(`"\d{4}-\d\d-\d\dT[0-9:.]+Z"`)

// world is the sandbox's state without the time of day.
func (s *stage) world() string {
	return times.ReplaceAllString(string(s.box.State().JSON()), `"some time"`)
}

// carriedOut lists the changing requests that were carried out, in their
// order. Uploads are left out: their addresses hold numbers of their own.
func (s *stage) carriedOut() []string {
	var out []string
	at := s.box.Addresses()
	for _, r := range s.box.Requests() {
		if r.Changing && r.System != "console" && r.System != "registry" && r.Status < 300 {
			out = append(out, strings.NewReplacer(at.HubURL, "", at.OktaURL, "").Replace(r.System+" "+r.Method+" "+r.Path))
		}
	}
	return out
}

// manifests counts how often each tag was written. A manifest under its own
// digest is left out: writing it again changes nothing, and saves the question
// whether it is there.
func (s *stage) manifests() map[string]int {
	out := map[string]int{}
	for _, r := range s.box.Requests() {
		if r.System == "registry" && r.Method == http.MethodPut && strings.Contains(r.Path, "/manifests/") &&
			!strings.Contains(r.Path, "/manifests/sha256:") && r.Status < 300 {
			out[r.Path]++
		}
	}
	return out
}

func TestAKilledRunResumesToTheSameEndFromEveryPoint(t *testing.T) {
	// The second story differs by one request, so that a sample does.
	for username, stride := range map[string]int{"priya-nair": killStride, "lena-fischer": 8 * killStride} {
		t.Run(username, func(t *testing.T) {
			calm := newStage(t, username)
			points, killed := calm.live(calm.orders)
			require.False(t, killed)
			require.NotEmpty(t, points)
			want, requests, manifests := calm.world(), calm.carriedOut(), calm.manifests()
			before := newStage(t, username).box.State().Repositories

			var killedAt atomic.Int64
			t.Cleanup(func() {
				t.Logf("%s: killed at %d of %d points, and resumed from each", username, killedAt.Load(), len(points))
			})
			for n := 1; n <= len(points); n += stride {
				name := fmt.Sprintf("%03d %s", n, points[n-1])
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					s := newStage(t, username)
					o := s.orders
					o.Kill = n
					_, killed := s.live(o)
					require.True(t, killed, "the child lived on")
					killedAt.Add(1)
					requireEveryChangeWasJournalled(t, s)
					w := s.takeUp()
					w.run(guide.StepReport)

					require.Equal(t, want, s.world(), "it ends as the undisturbed run does")
					require.Equal(t, requests, s.carriedOut(), "each request was carried out once, in the same order")
					for path, n := range s.manifests() {
						require.LessOrEqual(t, n, max(1, manifests[path]), path)
					}
					for _, r := range before {
						require.Equal(t, r, repositoryOf(t, s.box.State(), r.Name), "no repository is lost")
					}
					records, err := run.List(s.dir)
					require.NoError(t, err)
					require.Len(t, records, 1)
					require.Equal(t, run.StatusEnded, records[0].Status())
					require.Empty(t, records[0].Doubts())
				})
			}
		})
	}
}

// requireEveryChangeWasJournalled compares the sandbox's log of requests with
// the intents on disk: nothing was sent without its line.
func requireEveryChangeWasJournalled(t *testing.T, s *stage) {
	t.Helper()
	records, err := run.List(s.dir)
	require.NoError(t, err)
	intended := map[string]bool{}
	var uploads []string
	for _, r := range records {
		for _, e := range r.Entries {
			if e.Kind != run.EntryIntent {
				continue
			}
			if e.Change.Kind == engine.ChangeCopy {
				uploads = append(uploads, e.Change.Copy.Uploads...)
			}
			intended[e.Change.Call.Method+" "+e.Change.Call.URL] = true
		}
	}
	at := s.box.Addresses()
	host := map[string]string{"hub": at.HubURL, "okta": at.OktaURL, "registry": "http://" + at.RegistryHost, "scim": at.HubURL}
	for _, r := range s.box.Requests() {
		if !r.Changing || r.System == "console" {
			continue
		}
		url := host[r.System] + r.Path
		ok := intended[r.Method+" "+url]
		for _, u := range uploads {
			ok = ok || strings.HasPrefix(url, u)
		}
		require.True(t, ok, "%s %s was sent without its line in the journal", r.Method, url)
	}
}

// ignoreFileSizeSignal turns the signal of a file that grew too large into the
// error of the write.
func ignoreFileSizeSignal() { signal.Ignore(syscall.SIGXFSZ) }

// Whoever goes back to the hand-over after the removal, and leaves there, comes back
// to it later: what was known of the member is not true any more.
func TestTheHandOverOfARemovedMemberCanBeResumed(t *testing.T) {
	s := newStage(t, "priya-nair")
	w := s.takeUp()
	w.run(guide.StepRemove)
	w.act()
	w.act()
	require.Equal(t, guide.PhaseSettled, w.state.Phase)
	w.send(guide.Back{})
	require.Equal(t, guide.StepHandOver, w.state.Step)
	require.NoError(t, w.parts.runner.Drain(t.Context()))
	later := s.takeUp()
	later.run(guide.StepReport)
	later.cured("priya-nair", "backend")
}
