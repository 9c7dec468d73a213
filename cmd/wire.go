package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/cli/browser"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/observe"
	"github.com/seed-05b3d87e/reprovision/engine/remedy"
	"github.com/seed-05b3d87e/reprovision/engine/report"
	"github.com/seed-05b3d87e/reprovision/engine/run"
)

// parts is the real world put together: the one place where clients, reader,
// actions and runner meet.
type parts struct {
	systems *systems
	runner  *run.Runner
}

// world says what to put together.
type world struct {
	at          places
	operator    string
	dryRun      bool
	credentials []engine.Credential
	stateDir    string // where journals are kept
	reportDir   string // where reports are written
	keep        func(context.Context, engine.Credential) error
	load        func(context.Context) error                // gathers what is stored
	person      person                                     // whom a sign-in may ask
	now         func() time.Time                           // nil means time.Now
	sleep       func(context.Context, time.Duration) error // nil means real time
	timeout     time.Duration                              // of one request; 0 means the transport's own
	base        http.RoundTripper                          // nil means the transport's own
	journal     func(run.Journal) run.Journal              // looks over its shoulder; may be nil
}

func wire(w world) (parts, error) {
	if w.now == nil {
		w.now = time.Now
	}
	if w.sleep == nil {
		w.sleep = transport.Sleep
	}
	// A dry run is enforced by the transport: no changing request is sent,
	// whoever asks for it.
	var waiting waits
	s, err := newSystems(w.at, w.operator, transport.Options{Waiting: waiting.tell, ReadOnly: w.dryRun, Now: w.now, Sleep: w.sleep, Timeout: w.timeout, Base: w.base}, w.credentials...)
	if err != nil {
		return parts{}, err
	}
	s.keep, s.load, s.person = w.keep, w.load, w.person
	observer := &observe.Observer{Systems: s, Now: w.now, Handed: handed(w.stateDir)}
	runner := run.New(run.Config{
		Observer:  observer,
		Connector: s,
		Actions:   remedy.Actions(remedy.World{Systems: s, Reader: observer, Now: w.now, Sleep: w.sleep, Keep: keepManifest(w.stateDir, w.now)}),
		Approve: func(ctx context.Context, calls []engine.Call, uploads []string) context.Context {
			approved := make([]transport.Call, len(calls))
			for i, c := range calls {
				approved[i] = transport.Call(c)
			}
			return transport.Approve(ctx, approved, uploads)
		},
		Explain: s.explain,
		Listen:  waiting.listen,
		OpenJournal: func(org string, now time.Time) (run.Journal, error) {
			j, err := run.OpenJournal(w.stateDir, org, now)
			if err == nil && w.journal != nil {
				j = w.journal(j)
			}
			return j, err
		},
		SaveReport: func(c engine.Case, now time.Time) (string, error) { return saveReport(w.reportDir, c, now) },
		Now:        w.now,
	})
	return parts{systems: s, runner: runner}, nil
}

// saveReport writes the report beside the owner's other files, and never over
// one that is there.
func saveReport(dir string, c engine.Case, now time.Time) (string, error) {
	base := fmt.Sprintf("reprovision-%s-%s-%s", fileName(c.Org), fileName(c.Username), now.Format("20060102-150405"))
	for n := range 100 {
		path := filepath.Join(dir, base+".md")
		if n > 0 {
			path = filepath.Join(dir, fmt.Sprintf("%s-%d.md", base, n+1))
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("save the report: %w", err)
		}
		_, err = io.WriteString(f, report.Markdown(c))
		return path, errors.Join(err, f.Close())
	}
	return "", fmt.Errorf("save the report: %s.md and 99 more are there already", base)
}

// fileName keeps what is safe in a file's name.
func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '_'
	}, s)
}

// errNoWindow says that a browser would open where nobody sits, or take the
// terminal for itself.
var errNoWindow = errors.New("there is no desktop to open a browser on")

// openBrowser opens an address and keeps the launcher's own words off the
// screen.
func openBrowser(url string) error {
	env := os.Getenv
	desktop := runtime.GOOS == "darwin" || runtime.GOOS == "windows" || env("DISPLAY") != "" || env("WAYLAND_DISPLAY") != "" || env("WSL_DISTRO_NAME") != ""
	if !desktop || env("SSH_CONNECTION") != "" {
		return errNoWindow
	}
	browser.Stdout, browser.Stderr = io.Discard, io.Discard
	return browser.OpenURL(url)
}

// OrgRegistry is the credential with which the organization's repositories
// are read and written.
func (s *systems) OrgRegistry() registry.Credential {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.orgRegistry()
}

// orgRegistry is called with mu held.
func (s *systems) orgRegistry() registry.Credential {
	if own, ok := s.credentials[engine.SystemRegistry]; ok {
		return registryCredential(own)
	}
	return registryCredential(s.credentials[engine.SystemHub])
}

// MemberRegistry is the member's own credential if there is one, and otherwise
// the organization's, which reads public repositories.
func (s *systems) MemberRegistry(username string) registry.Credential {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.members[username]; ok {
		return registryCredential(m.credential)
	}
	return s.orgRegistry()
}
