package sandbox

import (
	"bytes"
	"cmp"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// FaultKind is what goes wrong.
type FaultKind int

// The kinds of faults.
const (
	// FaultStatus answers with the fault's status, headers and body; the request is not carried out.
	FaultStatus FaultKind = iota
	// FaultHTML answers with an HTML page, as a proxy or a login wall does; status 200 unless given. Not carried out.
	FaultHTML
	// FaultHalfBody carries the request out and breaks the connection in the middle of the answer's body.
	FaultHalfBody
	// FaultHang reads the request and never answers; not carried out.
	FaultHang
	// FaultDrop breaks the connection before the request is carried out.
	FaultDrop
	// FaultDropAfter carries the request out and breaks the connection before the answer: its outcome is unknown to the client.
	FaultDropAfter
)

// Fault makes matching requests fail. Empty matching fields match all.
type Fault struct {
	System string // as in Request.System
	Method string
	Path   string // prefix of the path
	Skip   int    // matching requests that pass unharmed first
	Times  int    // how many fail; 0 means one, negative all

	Kind   FaultKind
	Status int         // for FaultStatus (0 means 500) and FaultHTML
	Header http.Header // further headers of FaultStatus
	Body   string      // of FaultStatus
}

// Fail adds a fault. Of several that match, the one added first acts.
func (s *Sandbox) Fail(f Fault) { s.faults.add(f) }

type faults struct {
	mu  sync.Mutex
	all []*Fault
}

func (f *faults) add(fault Fault) {
	if fault.Times == 0 {
		fault.Times = 1
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, &fault)
}

// next takes the fault that befalls this request, if any.
func (f *faults) next(system string, r *http.Request) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.all {
		switch {
		case fault.Times == 0,
			fault.System != "" && fault.System != system,
			fault.Method != "" && fault.Method != r.Method,
			!strings.HasPrefix(r.URL.Path, fault.Path):
			continue
		}
		if fault.Skip > 0 {
			fault.Skip--
			continue
		}
		if fault.Times > 0 {
			fault.Times--
		}
		return *fault, true
	}
	return Fault{}, false
}

// serve wraps the handler of one listener: counts it for Close, logs, and lets
// faults act.
func (s *Sandbox) serve(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.enter() {
			panic(http.ErrAbortHandler)
		}
		defer s.running.Done()
		w.Header().Set("Date", s.options.Now().UTC().Format(http.TimeFormat)) // its clock need not be the machine's
		system := name
		if name == "hub" && strings.HasPrefix(r.URL.Path, scimBase) {
			system = "scim"
		}
		answered := s.log.add(system, r)
		fault, struck := s.faults.next(system, r)
		if !struck {
			next.ServeHTTP(&statusWriter{ResponseWriter: w, answered: answered}, r)
			return
		}
		s.strike(fault, &statusWriter{ResponseWriter: w, answered: answered}, r, next)
	})
}

func (s *Sandbox) strike(f Fault, w http.ResponseWriter, r *http.Request, next http.Handler) {
	switch f.Kind {
	case FaultStatus:
		for key, values := range f.Header {
			w.Header()[http.CanonicalHeaderKey(key)] = values
		}
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(cmp.Or(f.Status, http.StatusInternalServerError))
		_, _ = io.WriteString(w, f.Body)
	case FaultHTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(cmp.Or(f.Status, http.StatusOK))
		_, _ = io.WriteString(w, "<!doctype html><html><head><title>Sign in</title></head><body><h1>Please sign in to the proxy</h1></body></html>\n")
	case FaultHalfBody:
		answer := carryOut(next, r)
		body := answer.body.Bytes()
		if len(body) < 2 { // nothing to halve
			panic(http.ErrAbortHandler)
		}
		maps.Copy(w.Header(), answer.header)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(answer.status)
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case FaultHang:
		// The body has to be read for net/http to notice that the client left.
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
		case <-s.done:
		}
		panic(http.ErrAbortHandler)
	case FaultDrop:
		panic(http.ErrAbortHandler)
	case FaultDropAfter:
		carryOut(next, r)
		panic(http.ErrAbortHandler)
	}
}

// carryOut lets the handler act and keeps its answer from the wire.
func carryOut(next http.Handler, r *http.Request) *keptAnswer {
	answer := &keptAnswer{header: http.Header{}, status: http.StatusOK}
	next.ServeHTTP(answer, r)
	return answer
}

// keptAnswer is a ResponseWriter that writes to memory.
type keptAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *keptAnswer) Header() http.Header         { return k.header }
func (k *keptAnswer) WriteHeader(status int)      { k.status = status }
func (k *keptAnswer) Write(p []byte) (int, error) { return k.body.Write(p) }

// copyTo sends the answer after all.
func (k *keptAnswer) copyTo(w http.ResponseWriter) {
	maps.Copy(w.Header(), k.header)
	w.WriteHeader(k.status)
	_, _ = w.Write(k.body.Bytes())
}

// statusWriter reports the first status that is written.
type statusWriter struct {
	http.ResponseWriter
	answered func(int)
	wrote    bool
}

func (w *statusWriter) WriteHeader(status int) {
	if !w.wrote && status >= 200 {
		w.wrote = true
		w.answered(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
