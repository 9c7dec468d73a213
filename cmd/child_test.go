//go:build unix

package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/run"
)

// Tests of what a dying process leaves behind run the walk in a process of its
// own: this test binary, told by the environment what to be. The sandbox stays
// in the parent and so survives.

const childVariable = "REPROVISION_TEST_CHILD"

// orders tell a child what to do.
type orders struct {
	At       places
	Okta     string
	Keys     sandbox.Credentials
	Username string
	StateDir string
	Clock    string // file that holds the shared time
	Flip     string // address that plays the owner's clicks in the console

	Kill     int    // die at this point; 0 is never
	FileSize uint64 // the largest file that the system lets it write; 0 is no bound
	Until    guide.StepID
	Drain    bool // end by a signal, as the program does
}

// sharedClock maps a clock from a file, so that processes live in one time.
func sharedClock(t *testing.T, path string) *clock {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	require.NoError(t, f.Truncate(int64(unsafe.Sizeof(atomic.Int64{}))))
	memory, err := syscall.Mmap(int(f.Fd()), 0, int(unsafe.Sizeof(atomic.Int64{})), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, syscall.Munmap(memory)) })
	c := &clock{shared: (*atomic.Int64)(unsafe.Pointer(&memory[0]))}
	c.shared.CompareAndSwap(0, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

// killer counts the points at which a process can die, and dies at one.
type killer struct {
	mu   sync.Mutex
	at   int
	n    int
	done []string
}

// point is passed, or is the last one.
func (k *killer) point(name string, last func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.n++
	k.done = append(k.done, name)
	if k.n != k.at {
		return
	}
	if last != nil {
		last()
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way
}

// killingJournal can die before a line, in the middle of it, and after it.
type killingJournal struct {
	run.Journal
	killer *killer
	dir    string
}

func (j killingJournal) Append(e run.Entry) error {
	name := "journal " + string(e.Kind)
	j.killer.point("before "+name, nil)
	j.killer.point("within "+name, func() {
		paths, _ := filepath.Glob(filepath.Join(j.dir, "runs", "*.jsonl"))
		f, err := os.OpenFile(paths[0], os.O_WRONLY|os.O_APPEND, 0)
		if err == nil {
			_, _ = f.WriteString(`{"v":1,"sum":"0123456789abcdef01234567","entry":{"at":"2026-1`)
		}
	})
	err := j.Journal.Append(e)
	j.killer.point("after "+name, nil)
	return err
}

// killingWire can die before a request that changes something has left, and
// after its answer has come. Reading leaves no trace, so that dying at a read is
// dying at the point before it.
type killingWire struct {
	next   http.RoundTripper
	killer *killer
}

func (w killingWire) RoundTrip(r *http.Request) (*http.Response, error) {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead || r.URL.Path == "/v2/auth/token"
	if !reads {
		w.killer.point("before "+r.Method+" "+r.URL.Path, nil)
	}
	answer, err := w.next.RoundTrip(r)
	if !reads {
		w.killer.point("after "+r.Method+" "+r.URL.Path, nil)
	}
	return answer, err
}

// TestChild is not a test of its own: it is the process that the tests below
// let die.
func TestChild(t *testing.T) {
	raw := os.Getenv(childVariable)
	if raw == "" {
		return
	}
	var o orders
	require.NoError(t, json.Unmarshal([]byte(raw), &o))
	if o.FileSize > 0 {
		boundFiles(t, o.FileSize)
	}
	k := &killer{at: o.Kill}
	c := sharedClock(t, o.Clock)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	p, err := wire(world{
		at: o.At, operator: "alex-kim", stateDir: o.StateDir, reportDir: t.TempDir(), now: c.now, sleep: c.sleep,
		credentials: []engine.Credential{
			{System: engine.SystemHub, Host: o.At.Hub, Identifier: o.Keys.HubIdentifier, Secret: engine.NewSecret(o.Keys.HubSecret)},
			{System: engine.SystemSCIM, Host: o.At.SCIM, Secret: engine.NewSecret(o.Keys.SCIMToken)},
			{System: engine.SystemOkta, Host: o.Okta, Identifier: o.Keys.OktaAppLabel, Secret: engine.NewSecret(o.Keys.OktaToken)},
		},
		base:    killingWire{transport, k},
		journal: func(j run.Journal) run.Journal { return killingJournal{j, k, o.StateDir} },
	})
	require.NoError(t, err)
	w := &walk{
		t: t, parts: p, clock: c, secret: o.Keys.Members[o.Username],
		answers: map[engine.QuestionID]string{engine.AskJIT: "on", engine.AskPrivate: engine.PrivateSignIn},
		choices: map[guide.StepID]engine.Outcome{},
		state:   guide.New(engine.Case{Org: o.Keys.Org, Username: o.Username}),
	}
	w.console = func(engine.Plan) {
		require.NoError(t, c.sleep(t.Context(), 2*time.Second)) // nobody answers and clicks within the same second
		once := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		answer, err := once.Get(o.Flip)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		w.answers[engine.AskJIT] = "off"
	}
	if o.Drain {
		endBySignal(t, w)
		return
	}
	w.run(o.Until)
	require.NoError(t, p.runner.Drain(context.Background()))
	out, err := json.Marshal(k.done)
	require.NoError(t, err)
	_, _ = fmt.Fprintln(os.Stdout, "POINTS "+string(out))
}

// stage is a sandbox and a state directory that outlive the processes which
// work on them.
type stage struct {
	t        *testing.T
	box      *sandbox.Sandbox
	clock    *clock
	dir      string
	username string
	orders   orders
}

func newStage(t *testing.T, username string) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir(), username: username}
	path := filepath.Join(t.TempDir(), "clock")
	s.clock = sharedClock(t, path)
	s.box = sandbox.New(sandbox.Options{Now: s.clock.now, AuditDelay: 3 * time.Second, PushDelay: 3 * time.Second})
	require.NoError(t, s.box.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, s.box.Close()) })
	flip := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := s.box.FlipJIT(r.Context(), false); err != nil {
			panic(err)
		}
	}))
	t.Cleanup(flip.Close)
	at := s.box.Addresses()
	s.orders = orders{
		At:   places{Hub: at.HubURL, SCIM: at.SCIMURL, Registry: at.RegistryHost, Console: at.ConsoleURL},
		Okta: at.OktaURL, Keys: s.box.Credentials(), Username: username, StateDir: s.dir, Clock: path, Flip: flip.URL, Until: guide.StepReport,
	}
	return s
}

// child makes the command that runs the walk in a process of its own.
func (s *stage) child(o orders) *exec.Cmd {
	s.t.Helper()
	raw, err := json.Marshal(o)
	require.NoError(s.t, err)
	c := exec.CommandContext(s.t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.timeout=20m")
	c.Env = append(os.Environ(), childVariable+"="+string(raw), "TMPDIR="+s.t.TempDir()) // who is killed leaves it as it is
	return c
}

// live runs a child and returns the points that it passed; killed reports
// whether it died at one.
func (s *stage) live(o orders) (points []string, killed bool) {
	s.t.Helper()
	out, err := s.child(o).CombinedOutput()
	var exit *exec.ExitError
	if e, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Run returns it as it is
		exit = e
	}
	if exit != nil && exit.Sys().(syscall.WaitStatus).Signaled() {
		require.Equal(s.t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal(), string(out))
		return nil, true
	}
	require.NoError(s.t, err, string(out))
	for line := range strings.Lines(string(out)) {
		if rest, ok := strings.CutPrefix(line, "POINTS "); ok {
			require.NoError(s.t, json.Unmarshal([]byte(rest), &points))
		}
	}
	return points, false
}

// takeUp is the next start of the program, in this process: it takes up the
// run if there is one, and begins otherwise.
func (s *stage) takeUp() *walk {
	s.t.Helper()
	w := sandboxWorld(s.box, false, s.dir)
	w.now, w.sleep, w.reportDir = s.clock.now, s.clock.sleep, s.t.TempDir()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	w.base = transport
	s.t.Cleanup(transport.CloseIdleConnections)
	p, err := wire(w)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { require.NoError(s.t, p.runner.Drain(context.Background())) })
	walk := &walk{
		t: s.t, box: s.box, parts: p, clock: s.clock, secret: s.orders.Keys.Members[s.username],
		answers: map[engine.QuestionID]string{engine.AskJIT: "on", engine.AskPrivate: engine.PrivateSignIn},
		choices: map[guide.StepID]engine.Outcome{},
		state:   guide.New(engine.Case{Org: s.orders.Keys.Org, Username: s.username}),
	}
	if !s.box.State().Connection.JIT {
		walk.answers[engine.AskJIT] = "off"
	}
	walk.console = func(engine.Plan) {
		require.NoError(s.t, s.clock.sleep(s.t.Context(), 2*time.Second))
		if s.box.State().Connection.JIT {
			require.NoError(s.t, s.box.FlipJIT(s.t.Context(), false))
		}
		walk.answers[engine.AskJIT] = "off"
	}
	rec, ok := unfinished(s.dir, s.orders.Keys.Org)
	if !ok {
		return walk
	}
	j, rec, err := run.Reopen(s.dir, rec.ID)
	require.NoError(s.t, err, "the lock of a dead process holds nobody up")
	require.NoError(s.t, p.runner.Continue(j, rec))
	walk.state = guide.Resume(rec.Case(), rec.Mark())
	return walk
}

// boundFiles makes every write beyond size fail, as a full disk does.
func boundFiles(t *testing.T, size uint64) {
	t.Helper()
	ignoreFileSizeSignal()
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: size}))
}

const (
	childPatience = 5 * time.Minute
	childTick     = 5 * time.Millisecond
)

func journalPath(t *testing.T, dir string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "runs", "*.jsonl"))
	require.NoError(t, err)
	require.Len(t, paths, 1)
	return paths[0]
}
