package cmd

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// stale is a Docker Hub that answers from an old copy for a while after each
// removal and again after each return, as an eventually consistent one does.
type stale struct {
	next http.RoundTripper
	late int // how many member answers come from the old copy after a change

	mu     sync.Mutex
	member map[string][]byte // the last member answer that was passed on, by URL
	left   int
	given  int // old answers that were given
}

func (s *stale) RoundTrip(r *http.Request) (*http.Response, error) {
	members := r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/members")
	s.mu.Lock()
	old, have := s.member[r.URL.String()]
	if members && have && s.left > 0 {
		s.left--
		s.given++
		s.mu.Unlock()
		return &http.Response{
			StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
			Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(old)), ContentLength: int64(len(old)),
		}, nil
	}
	s.mu.Unlock()
	response, err := s.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "/members/"),
		r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/users"):
		s.left = s.late
	case members:
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		if err := response.Body.Close(); err != nil {
			return nil, err
		}
		s.member[r.URL.String()] = body
		response.Body = io.NopCloser(bytes.NewReader(body))
	}
	return response, nil
}

func TestARemovedMemberWhoIsStillListedForAWhileIsNotRemovedTwice(t *testing.T) {
	for _, late := range []int{1, 2, 5, 12} {
		hub := &stale{next: http.DefaultTransport, late: late, member: map[string][]byte{}}
		w := newWalk(t, "lena-fischer", false, func(w *world) { w.base = hub })
		w.runPatiently(guide.StepReport)
		require.Positive(t, hub.given, "no old answer was given: the test proves nothing")
		require.Equal(t, sandbox.OriginSCIM, memberOf(t, w.box.State(), "lena-fischer").Origin)
		require.Equal(t, 1, strings.Count(strings.Join(w.changing(), "\n"), "hub DELETE /v2/orgs/acme/members/lena-fischer"))
		requireOnlyApproved(t, w)
	}
}

// runPatiently tries again when Docker Hub has not settled yet, as the screen
// advises.
func (w *walk) runPatiently(until guide.StepID) {
	w.t.Helper()
	w.send(guide.Begin{})
	for range 200 {
		switch {
		case w.state.Step == until && w.state.Phase == guide.PhaseDeciding:
			return
		case w.state.Phase == guide.PhaseFailed && w.state.Problem.Title == "Docker Hub has not settled yet":
			w.send(guide.Retry{})
		default:
			w.act()
		}
	}
	w.t.Fatalf("the walk does not come to %s; it is at %s, %s", until, w.state.Step, w.state.Phase)
}

// Our clock may be wrong by hours: nothing that is decided may rest on
// comparing it with Docker's or the identity provider's.
func TestAClockThatIsWrongByHoursChangesNothing(t *testing.T) {
	for _, skew := range []time.Duration{-26 * time.Hour, -3 * time.Minute, 3 * time.Minute, 26 * time.Hour} {
		for _, username := range []string{"priya-nair", "jordan-ito"} {
			w := newWalk(t, username, false, func(w *world) {
				right := w.now
				w.now = func() time.Time { return right().Add(skew) }
			})
			w.run(guide.StepReport)
			require.Equal(t, "editor", memberOf(t, w.box.State(), username).Role, "%s, wrong by %s", username, skew)
			requireOnlyApproved(t, w)
		}
	}
}

func TestAWaitThatTheServerAsksForIsTold(t *testing.T) {
	w := newWalk(t, "sam-okafor", false)
	w.box.Fail(sandbox.Fault{
		System: "hub", Path: "/v2/orgs/acme/members", Kind: sandbox.FaultStatus,
		Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"42"}},
	})
	var told []string
	c := engine.Case{Org: "acme"}
	for _, f := range []engine.FactID{engine.FactSession, engine.FactRoster} {
		e := w.parts.runner.Do(t.Context(), guide.Observe{Seq: 1, Case: c, Facts: []engine.FactID{f}}, func(p engine.Progress) { told = append(told, p.Text) })
		seen, ok := e.(guide.Observed)
		require.True(t, ok)
		c = seen.Case
	}
	require.Len(t, c.Roster, 35)
	require.Contains(t, strings.Join(told, "\n"), "Docker Hub: 429 Too Many Requests; trying again in 4")
}
