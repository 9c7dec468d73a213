package cmd

import (
	"context"
	"errors"
	"strconv"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// finder is the client of an identity provider while it looks for the
// application for Docker.
type finder interface {
	Application(ctx context.Context) (idp.Application, error)
	Use(r idp.Ref)
}

// doubt is a sign-in that waits for somebody to say which application is meant.
type doubt struct {
	credential engine.Credential
	client     finder
	install    func()
	apps       []engine.App
}

// find finds the application with a client that signs in, and keeps to it from
// then on. When it cannot be told which one is meant, the sign-in waits for a
// choice.
func (s *systems) find(ctx context.Context, client finder, cred engine.Credential, install func()) (engine.Credential, error) {
	found, err := client.Application(ctx)
	if open, ok := errors.AsType[*idp.ChoiceError](err); ok {
		d := &doubt{credential: cred, client: client, install: install}
		for _, c := range open.Found {
			d.apps = append(d.apps, engine.App{ID: c.ID, Job: c.Job, Label: c.Label, Detail: c.Detail})
		}
		s.mu.Lock()
		s.doubts[cred.System] = d
		s.mu.Unlock()
	}
	if err != nil {
		return cred, err
	}
	client.Use(found.Ref)
	cred.App = engine.App{ID: found.ID, Job: found.Job, Label: found.Label}
	return cred, nil
}

// settle goes on with a sign-in that waits, now that somebody has chosen.
func (s *systems) settle(ctx context.Context, id engine.SystemID, app engine.App) error {
	s.mu.Lock()
	d := s.doubts[id]
	s.mu.Unlock()
	if d == nil {
		return errNoToken
	}
	d.client.Use(reference(app))
	cred, err := s.find(ctx, d.client, d.credential, d.install)
	if err == nil {
		s.accept(cred, d.install)
	}
	return err
}

// chooseApp lets the owner say which application is meant.
func (s *systems) chooseApp(ctx context.Context, id engine.SystemID, open *idp.ChoiceError, ask func(context.Context, tui.Prompt) (string, error)) error {
	s.mu.Lock()
	apps := s.doubts[id].apps
	s.mu.Unlock()
	q := tui.Prompt{Title: "Which application provisions Docker?", Text: open.Provider + ": " + open.Why + "."}
	for _, a := range apps {
		q.Options = append(q.Options, tui.PromptOption{Label: a.Label, Why: a.Detail})
	}
	answer, err := ask(ctx, q)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(answer)
	if err != nil || n < 0 || n >= len(apps) {
		return open
	}
	return s.settle(ctx, id, apps[n])
}

func reference(a engine.App) idp.Ref { return idp.Ref{ID: a.ID, Job: a.Job, Label: a.Label} }

// remembered is the application that a profile worked with last. It is looked
// at again each time, so a changed file leads to no other application than one
// that is called so.
type remembered struct {
	Host  string `json:"host,omitempty"`
	Asked string `json:"asked"` // the name under which it was searched for
	engine.App
}

// recall completes a credential with the application that was found the last
// time, if it signs in to the same place and asks for the same name.
func (p profile) recall(c engine.Credential) engine.Credential {
	if r, ok := p.Apps[c.System]; ok && r.Host == c.Host && r.Asked == c.Identifier {
		c.App = r.App
	}
	return c
}

// memorize notes the application of a credential in the profile, if it has one
// and that is news.
func (v *vault) memorize(ctx context.Context, c engine.Credential) error {
	r := remembered{Host: c.Host, Asked: c.Identifier, App: c.App}
	r.Detail = ""
	if c.App.ID == "" || v.name == "" || v.profile.Apps[c.System] == r {
		return nil
	}
	return v.files.change(ctx, func(s *settings) error {
		p, ok := s.Profiles[v.name]
		if !ok {
			return nil // nothing of it is kept
		}
		if p.Apps == nil {
			p.Apps = map[engine.SystemID]remembered{}
		}
		p.Apps[c.System] = r
		s.Profiles[v.name], v.profile.Apps = p, p.Apps
		return nil
	})
}
