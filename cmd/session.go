package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/credentials"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// session is a walk's hold on the credentials of its profile.
type session struct {
	vault    *vault
	systems  *systems
	person   person
	password bool // Docker Hub is signed in to with a password this time

	mu     sync.Mutex
	loaded bool
	all    []held
	why    string   // why what is stored cannot be read; "" when it can
	memory string   // why nothing is stored from now on; "" while it is
	notes  []string // for the end: the walk's window is gone then
}

// beginSession finds the profile. It reads no secret: that is for the walk's
// first step, where a person can be asked for a passphrase, and where waiting can
// be given up.
func beginSession(o *walkOptions, w *world, at person) (*session, error) {
	s := &session{person: at, password: o.password}
	v, err := openVault(o.profile, o.org, s.passphrase)
	if err != nil {
		return nil, err
	}
	s.vault = v
	if w.operator == "" {
		w.operator = v.profile.DockerID
	}
	if o.remember {
		w.keep = s.keep
	}
	w.person = at
	w.person.keep, w.person.turn = s.renewed, s.turn
	w.load = s.load
	return s, nil
}

func (s *session) org() string { return s.vault.profile.Org }

// attach connects the session with the clients.
func (s *session) attach(p *systems) { s.systems = p }

// load reads what the profile signs in with, once.
func (s *session) load(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loaded {
		return nil
	}
	all, err := s.vault.read(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, tui.ErrDeclined):
		s.why = "The encrypted file was not opened."
	case err != nil:
		if s.why = credentials.Reason(err); s.why == "" {
			return err
		}
	}
	if s.password {
		all = slices.DeleteFunc(all, func(h held) bool { return h.System == engine.SystemHub })
	}
	s.loaded, s.all = true, all
	return s.systems.receive(all, s.why)
}

// receive takes what a profile signs in with, and why the rest of it is missing.
func (s *systems) receive(all []held, why string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range all {
		if h.Broken != "" {
			s.problems[h.System] = h.Broken
			continue
		}
		s.credentials[h.System] = h.Credential
		if h.System == engine.SystemRegistry && h.Host != "" && h.Host != s.at.Registry {
			if err := s.moveRegistry(h.Host); err != nil {
				return err
			}
		}
	}
	if _, ok := s.credentials[engine.SystemHub]; !ok && why != "" {
		s.problems[engine.SystemHub] = why
	}
	return nil
}

// passphrase asks for that of the encrypted file; a new one twice.
func (s *session) passphrase(ctx context.Context, r credentials.PassphraseRequest) (string, error) {
	return askPassphrase(ctx, r, s.person.ask)
}

// askPassphrase takes the passphrase from the environment, or asks for it; a new
// one twice.
func askPassphrase(ctx context.Context, r credentials.PassphraseRequest, ask func(context.Context, tui.Prompt) (string, error)) (string, error) {
	if from := os.Getenv("REPROVISION_PASSPHRASE"); from != "" {
		if r.Again {
			return "", fmt.Errorf("REPROVISION_PASSPHRASE: %w", credentials.ErrPassphrase)
		}
		return from, nil
	}
	if ask == nil {
		return "", fmt.Errorf("the passphrase of %s: %w", r.Path, errNoTerminal)
	}
	q := tui.Prompt{Title: "The credentials are in an encrypted file", Text: "The passphrase opens " + r.Path + ".", Label: "Passphrase", Masked: true}
	switch {
	case r.Again:
		q.Text = "That passphrase does not open " + r.Path + ". Try again."
	case r.New:
		q.Title, q.Label = "A new encrypted file", "New passphrase"
		q.Text = "It encrypts " + r.Path + ". Take several words; nothing can replace it when it is lost."
	}
	for {
		first, err := ask(ctx, q)
		if err != nil || !r.New {
			return first, err
		}
		again := q
		again.Text, again.Label = "Once more, so that a slip of the finger does not lock you out.", "The same passphrase"
		second, err := ask(ctx, again)
		if err != nil || first == second {
			return first, err
		}
		q.Text = "The two differed. Nothing was stored yet."
	}
}

// keep stores what the walk was given. A store that cannot be used does not
// keep anybody from walking: it is asked where else to keep it.
func (s *session) keep(ctx context.Context, c engine.Credential) error {
	if !keepable(c) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.memory == "" {
		err := s.vault.keep(ctx, c, known{Proven: time.Now(), Expires: expiry(c)})
		if err == nil {
			return nil
		}
		if err := s.elsewhere(ctx, err); err != nil {
			return err
		}
	}
	s.notes = append(s.notes, systemTitles[c.System]+": the credential was not stored. "+s.memory)
	return nil
}

// elsewhere decides where to keep credentials now that the store cannot be used.
func (s *session) elsewhere(ctx context.Context, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	where, err := askWhere(ctx, cause, s.vault.profile.Store, "in memory, for this session", s.person.ask)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil || where == keepNowhere:
		s.memory = cmp.Or(credentials.Reason(cause), cause.Error())
	case where == keepFile:
		s.vault.profile.Store = storeFile
	}
	return nil
}

// The answers of askWhere.
const (
	keepFile = iota
	keepAgain
	keepNowhere
)

// askWhere offers the other places, when one cannot be used. What is no trouble
// of the keyring is the cause itself.
func askWhere(ctx context.Context, cause error, store storeKind, nowhere string, ask func(context.Context, tui.Prompt) (string, error)) (int, error) {
	why := credentials.Reason(cause)
	if why == "" || store == storeFile {
		return 0, cause
	}
	if os.Getenv("REPROVISION_PASSPHRASE") != "" {
		return keepFile, nil
	}
	if ask == nil {
		return 0, cause
	}
	answer, err := ask(ctx, tui.Prompt{
		Title: "Where should the credentials be kept?", Text: why,
		Options: []tui.PromptOption{
			{Label: "in a file encrypted with a passphrase", Why: credentialFile() + ", in the format of age"},
			{Label: "in the keyring: try again", Why: "once it is unlocked"},
			{Label: nowhere, Why: "nothing is written"},
		},
	})
	switch {
	case errors.Is(err, tui.ErrDeclined):
		return keepNowhere, nil
	case err != nil:
		return 0, err
	case answer == "0":
		return keepFile, nil
	case answer == "1":
		return keepAgain, nil
	}
	return keepNowhere, nil
}

// renewed stores a sign-in that renewed itself, if it is a stored one.
func (s *session) renewed(ctx context.Context, c engine.Credential) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.vault.profile.Systems[c.System]
	if !ok {
		return nil
	}
	k.Proven = time.Now()
	return s.vault.renew(ctx, c, k)
}

// turn is the vault's, unless what this walk signs in with is in no store.
func (s *session) turn(ctx context.Context, c engine.Credential) (engine.Secret, func(), error) {
	s.mu.Lock()
	memory := s.memory
	store, _ := s.vault.kept(c.System)
	s.mu.Unlock()
	if memory != "" {
		return engine.Secret{}, func() {}, nil
	}
	return s.vault.turn(ctx, store, c)
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
		if err := s.vault.proven(context.WithoutCancel(ctx), h.System, k); err != nil {
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
