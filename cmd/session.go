package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/credentials"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// session is a walk's hold on the credentials of its profile.
type session struct {
	vault   *vault
	all     []held
	systems *systems
	why     string // why the store cannot be used; "" when it can

	mu    sync.Mutex
	notes []string // for the end: the walk's window is gone then
}

// beginSession finds the profile and what signs in, and asks what cannot be
// asked once the walk is drawn: a passphrase, a password, a device's code.
func beginSession(ctx context.Context, o *walkOptions, w *world, out io.Writer) (*session, error) {
	ask := newPrompter(os.Stdin, os.Stdout)
	v, err := openVault(o.profile, o.org, ask.passphrase)
	if err != nil {
		return nil, err
	}
	s := &session{vault: v}
	all, err := v.read(ctx)
	if err != nil {
		if s.why = credentials.Reason(err); s.why == "" {
			return nil, err
		}
		_, _ = fmt.Fprintln(out, s.why+" What you sign in with is kept in memory, for this run only. \"reprovision login\" offers an encrypted file.")
	}
	s.all = all
	w.credentials = usable(all)
	if o.password {
		cred, err := askPassword(ctx, ask, v.profile.DockerID)
		if err != nil {
			return nil, err
		}
		w.credentials = append(slices.DeleteFunc(w.credentials, func(c engine.Credential) bool { return c.System == engine.SystemHub }), cred)
	}
	if w.operator == "" {
		w.operator = v.profile.DockerID
	}
	for _, c := range w.credentials {
		if c.System == engine.SystemRegistry && c.Host != "" {
			w.at.Registry = c.Host
		}
	}
	if o.remember {
		w.keep = s.keep
	}
	w.person = person{open: ask.open, code: ask.secondFactor, keep: s.renewed}
	return s, nil
}

func (s *session) org() string { return s.vault.profile.Org }

// attach connects the session with the clients, and tells the sign-in screen
// why nothing is stored.
func (s *session) attach(p *systems) {
	s.systems = p
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.credentials[engine.SystemHub]; !ok && s.why != "" {
		p.problems[engine.SystemHub] = s.why + " What you sign in with is kept for this run only."
	}
	for _, h := range s.all {
		if h.Broken != "" {
			p.problems[h.System] = h.Broken
		}
	}
}

// keep stores what the walk was given. A store that cannot be used does not
// keep anybody from walking.
func (s *session) keep(ctx context.Context, c engine.Credential) error {
	if !keepable(c) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why == "" {
		err := s.vault.keep(ctx, c, known{Proven: time.Now(), Expires: expiry(c)})
		if err == nil {
			return nil
		}
		s.why = orElse(credentials.Reason(err), err.Error())
	}
	s.notes = append(s.notes, systemTitles[c.System]+": the credential was not stored. "+s.why)
	return nil
}

// renewed stores a sign-in that renewed itself, if it is a stored one.
func (s *session) renewed(ctx context.Context, c engine.Credential) error {
	k, ok := s.vault.profile.Systems[c.System]
	if !ok {
		return nil
	}
	k.Proven = time.Now()
	return s.vault.keep(ctx, c, k)
}

// close notes what was proven and which profile was the last one, and says what
// could not be stored.
func (s *session) close(ctx context.Context, out io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	proven := map[engine.SystemID]bool{}
	s.systems.mu.Lock()
	var signedIn []engine.Credential
	for id, ok := range s.systems.proven {
		proven[id] = ok
		signedIn = append(signedIn, s.systems.credentials[id])
	}
	s.systems.mu.Unlock()
	for _, h := range s.all {
		if h.From == fromVariables || !proven[h.System] {
			continue
		}
		k := s.vault.profile.Systems[h.System]
		k.Proven = time.Now()
		if err := s.vault.note(context.WithoutCancel(ctx), h.System, k); err != nil {
			s.notes = append(s.notes, err.Error())
			break
		}
	}
	for _, c := range signedIn {
		if err := s.vault.memorize(context.WithoutCancel(ctx), c); err != nil {
			s.notes = append(s.notes, err.Error())
		}
	}
	for _, note := range s.notes {
		_, _ = fmt.Fprintln(out, clean(note))
	}
}
