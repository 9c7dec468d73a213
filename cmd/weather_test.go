package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// weather is a network on a bad day: one request in twenty fails, half of these
// after it was carried out; one answer in twenty ends in the middle; the servers
// have bursts of "too many requests"; one in ten is two seconds late. What strikes
// a request depends on the seed, on what it asks for and on how often that was
// asked before, not on which of several requests happens to be the first: a day
// that ends wrong ends wrong again, unless only uploads at the same time made it.
type weather struct {
	next  http.RoundTripper
	clock *clock
	seed  uint64

	mu     sync.Mutex
	asked  map[string]int
	bursts map[string]int // how many more of the same are refused
	struck int
}

// what a request asks for, without the numbers that are drawn for an upload.
func what(r *http.Request) string {
	path, _, _ := strings.Cut(r.URL.Path, "/uploads/")
	q := r.URL.Query()
	return strings.Join([]string{r.Method, path, q.Get("mount"), q.Get("digest")}, " ")
}

// dice are thrown with mu held.
func (w *weather) dice(what string) *rand.Rand {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, what, " ", w.asked[what])
	w.asked[what]++
	return rand.New(rand.NewPCG(w.seed, h.Sum64()))
}

var errWire = errors.New("the wire was cut")

func (w *weather) RoundTrip(r *http.Request) (*http.Response, error) {
	same := what(r)
	w.mu.Lock()
	dice := w.dice(same)
	roll, kind, late := dice.Float64(), dice.IntN(3), dice.IntN(10) == 0
	if w.bursts[same] == 0 && dice.IntN(60) == 0 {
		w.bursts[same] = 3
	}
	limited := w.bursts[same] > 0
	if limited {
		w.bursts[same]--
	}
	if roll < 0.10 || limited {
		w.struck++
	}
	w.mu.Unlock()
	if late {
		if err := w.clock.sleep(r.Context(), 2*time.Second); err != nil {
			return nil, err
		}
	}
	switch {
	case limited:
		drop(r)
		header := http.Header{"Retry-After": {"1"}}
		if kind == 0 {
			header = http.Header{"X-Retry-After": {fmt.Sprint(w.clock.now().Add(2 * time.Second).Unix())}}
		}
		return answer(r, http.StatusTooManyRequests, header, `{"message":"too many requests"}`), nil
	case roll < 0.05:
		switch kind {
		case 0:
			drop(r)
			return answer(r, http.StatusBadGateway, nil, "bad gateway"), nil
		case 1:
			drop(r)
			return nil, errWire
		}
		if got, err := w.next.RoundTrip(r); err == nil { // carried out, and nobody hears of it
			drop(&http.Request{Body: got.Body})
		}
		return nil, errWire
	case roll < 0.10:
		got, err := w.next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		whole, err := io.ReadAll(got.Body)
		_ = got.Body.Close()
		if err != nil {
			return nil, err
		}
		got.Body = io.NopCloser(io.MultiReader(bytes.NewReader(whole[:len(whole)/2]), broken{}))
		if len(whole) < 2 {
			got.Body = io.NopCloser(bytes.NewReader(whole)) // nothing to cut
		}
		return got, nil
	}
	return w.next.RoundTrip(r)
}

// broken is the rest of a body that never comes.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// drop reads what is left of a body and closes it.
func drop(r *http.Request) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
}

func answer(r *http.Request, status int, header http.Header, body string) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}
}

// patient walks as an owner does on such a day: tries again what failed, looks
// again where something could not be read, and takes no decision on missing
// facts.
func (w *walk) patient(until guide.StepID) {
	w.t.Helper()
	w.send(guide.Begin{})
	last := ""
	for range 400 {
		s := w.state
		w.trail = append(w.trail, fmt.Sprintf("%s %s: %s; %s", s.Step, s.Phase, s.Verdict.Headline, s.Problem.Detail))
		switch {
		case s.Phase == guide.PhaseDone || (s.Step == until && s.Phase == guide.PhaseDeciding):
			return
		case s.Phase == guide.PhaseFailed && s.Problem.Detail == last:
			last = ""
			w.send(guide.Back{}) // what it was decided on has to be read again
		case s.Phase == guide.PhaseFailed || s.Phase == guide.PhaseStopped:
			last = s.Problem.Detail
			w.send(guide.Retry{})
		case s.Phase != guide.PhaseDeciding:
			w.act()
		case s.Verdict.Ask != nil:
			w.patientAnswer(*s.Verdict.Ask)
		default:
			w.patientChoice(s)
		}
	}
	w.t.Fatalf("the walk does not come to %s; it is at %s, %s: %s %s; %.1500s", until, w.state.Step, w.state.Phase, w.state.Verdict.Headline, w.state.Problem.Detail, fmt.Sprint(w.state.Verdict.Choices, w.state.Case.Member, w.state.Case.Sources))
}

func (w *walk) patientAnswer(q engine.Question) {
	w.t.Helper()
	switch q.ID {
	case engine.AskSignIn:
		for _, c := range w.keys {
			if c.System == q.Systems[0] {
				w.send(guide.SignedIn{Credential: c})
			}
		}
	case engine.AskProvider, engine.AskRole, engine.AskTeams, engine.AskSCIMTested, engine.AskManaged:
		w.send(guide.Back{}) // the systems know it
	case engine.AskMember:
		w.send(guide.Answered{Question: q.ID, Value: w.username, At: w.clock.now()})
	default:
		w.decide()
	}
}

func (w *walk) patientChoice(s guide.State) {
	w.t.Helper()
	if again, ok := s.Verdict.Choice("re-provision"); ok && s.Step == guide.StepRemove {
		w.send(guide.Chosen{Outcome: again.Outcome})
		return
	}
	if again, ok := s.Verdict.Choice("look-again"); ok {
		missing := false
		if s.Step == guide.StepDiagnose {
			for _, source := range s.Case.Sources {
				missing = missing || source.Missing != ""
			}
		}
		for _, c := range s.Verdict.Choices {
			missing = missing || (c.Recommended && c.Disabled != "")
		}
		if missing && again.Disabled == "" {
			w.send(guide.Chosen{Outcome: again.Outcome})
			return
		}
	}
	w.decide()
}

var wallTimes = regexp.MustCompile(`"\d{4}-\d\d-\d\dT[0-9:.]+Z"`)

func timeless(raw []byte) string { return wallTimes.ReplaceAllString(string(raw), `"some time"`) }

func TestTheCureEndsRightInEveryWeather(t *testing.T) {
	const username = "priya-nair"
	calm := newWalk(t, username, false)
	calm.run(guide.StepReport)
	want := timeless(calm.box.State().JSON())

	var right, struck atomic.Int64
	t.Cleanup(func() {
		t.Logf("%d runs, %d right ends, %d requests struck", faultRuns, right.Load(), struck.Load())
	})
	for seed := range uint64(faultRuns) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			bad := &weather{seed: seed, asked: map[string]int{}, bursts: map[string]int{}}
			var keys []engine.Credential
			w := newWalk(t, username, false, func(x *world) {
				transport := http.DefaultTransport.(*http.Transport).Clone()
				t.Cleanup(transport.CloseIdleConnections)
				bad.next, x.base, keys = transport, bad, x.credentials
			})
			bad.clock, w.keys, w.username = w.clock, keys, username
			flip := w.console
			w.console = func(p engine.Plan) {
				require.NoError(t, w.clock.sleep(t.Context(), 2*time.Second))
				if w.box.State().Connection.JIT {
					flip(p)
				}
			}
			w.patient(guide.StepReport)
			require.Equal(t, want, timeless(w.box.State().JSON()))
			require.Equal(t, 1, w.removals(), "nobody is removed twice:\n%s\n%s", strings.Join(w.trail, "\n"), strings.Join(w.changing(), "\n"))
			right.Add(1)
			struck.Add(int64(bad.struck))
		})
	}
}
