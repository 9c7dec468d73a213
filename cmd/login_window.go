package cmd

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// loginInWindow signs in with the form, and prints what it did afterwards.
func loginInWindow(ctx context.Context, o *loginOptions, only engine.SystemID, out io.Writer) error {
	prompts := tui.NewPrompts()
	s, err := userSettings().load()
	if err != nil {
		return err
	}
	if _, _, err := s.choose(o.profile, o.org); err != nil {
		return err
	}
	var g *signer
	done, err := tui.RunLogin(ctx, tui.LoginOptions{
		Title: "reprovision · sign in",
		Org:   o.org, Only: only,
		// Signing in to Docker Hub may be the very first step. Other systems belong to
		// an organization that is already known.
		AskOrg: o.org == "" && o.profile == "" && (s.Last == "" || only == engine.SystemHub),
		Begin: func(_ context.Context, org string) (tui.LoginProfile, error) {
			o.org = org
			var err error
			if g, err = o.newSigner(atWindow(prompts)); err != nil {
				return tui.LoginProfile{}, err
			}
			return o.offers(g.vault.profile), nil
		},
		SignIn:        func(ctx context.Context, c engine.Credential) (tui.SignedIn, error) { return g.signIn(ctx, c) },
		Explain:       explain,
		Prompts:       prompts,
		Open:          openBrowser,
		Interrupts:    o.interrupts,
		ReducedMotion: os.Getenv("REDUCED_MOTION") != "",
		IsDark:        true,
		Job:           shellJob(),
	})
	for _, d := range done {
		writeSignedIn(out, d)
		_, _ = fmt.Fprintln(out)
	}
	return err
}

// offers returns the systems that login can sign in to in a profile.
func (o *loginOptions) offers(p profile) tui.LoginProfile {
	all := formsOf(p)
	out := tui.LoginProfile{Org: p.Org, Forms: map[engine.SystemID]tui.FormHint{}}
	for _, id := range storable {
		_, kept := p.Systems[id]
		out.Systems = append(out.Systems, engine.System{ID: id, Title: systemTitles[id], Required: id == engine.SystemHub, OK: kept})
	}
	for _, id := range slices.Collect(maps.Keys(all)) {
		out.Forms[id] = o.fit(id, all[id])
	}
	return out
}
