package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/credentials"
	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// signer signs in for login: it checks a credential, tries what it may do, and stores
// it. Both windows use it.
type signer struct {
	vault  *vault
	person person
	// fixed says that the flags name the store, so no other is offered.
	fixed bool
}

// newSigner opens the profile that the options name.
func (o *loginOptions) newSigner(at person) (*signer, error) {
	g := &signer{person: at, fixed: o.store != "auto"}
	v, err := openVault(o.profile, o.org, func(ctx context.Context, r credentials.PassphraseRequest) (string, error) {
		return askPassphrase(ctx, r, g.person.ask)
	})
	if err != nil {
		return nil, err
	}
	if v.name == "" {
		return nil, usageError{errors.New("which organization? Give --org, or sign in to Docker Hub first")}
	}
	if o.dockerID != "" {
		v.profile.DockerID = o.dockerID
	}
	if g.fixed {
		v.profile.Store = storeKind(o.store)
	}
	g.vault = v
	return g, nil
}

// signIn checks a credential and, if its system accepts it, stores it.
func (g *signer) signIn(ctx context.Context, cred engine.Credential) (tui.SignedIn, error) {
	s, err := newSystems(placesOf(cred), "", transport.Options{ReadOnly: true})
	if err != nil {
		return tui.SignedIn{}, err
	}
	s.person = g.person
	err = s.prove(ctx, cred)
	for open := (*idp.ChoiceError)(nil); errors.As(err, &open) && g.person.ask != nil; {
		err = s.chooseApp(ctx, cred.System, open, g.person.ask)
	}
	if err != nil {
		return tui.SignedIn{}, err
	}
	s.introduce(ctx, cred.System)
	if renewed, ok := s.credential(cred.System); ok {
		cred = renewed
	}
	done := tui.SignedIn{System: cred.System, Title: systemTitles[cred.System], Who: asWhom(cred), Rights: s.rights(ctx, cred.System, g.vault.profile.Org), Note: rightsNote(cred.System)}
	if !keepable(cred) {
		done.Kept = fmt.Sprintf("The session of a password ends at %s and is not stored. \"reprovision --password\" signs in for one walk; "+
			"to stay signed in, make an organization access token and sign in with that.", s.Hub().Until().Local().Format(time.DateTime))
		return done, nil
	}
	done.Kept, err = g.keep(ctx, cred)
	if err != nil {
		return done, err
	}
	return done, g.vault.memorize(ctx, cred)
}

// keep stores the credential and says where. If the keyring cannot be used, it offers
// the encrypted file.
func (g *signer) keep(ctx context.Context, cred engine.Credential) (string, error) {
	v := g.vault
	why := ""
	for {
		err := v.keep(ctx, cred, known{Proven: time.Now(), Expires: expiry(cred)})
		if err == nil {
			_, from := v.store()
			where := "in the " + string(from)
			if cred.Method == engine.MethodDockerLogin {
				where = "by docker login, and is not copied"
			}
			if why != "" {
				why += " "
			}
			return fmt.Sprintf("%sKept %s as %q, in profile %s.", why, where, v.entry(cred.System), clean(v.name)), nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		reason := credentials.Reason(err)
		if reason == "" || v.profile.Store == storeFile || g.fixed || g.person.ask == nil && os.Getenv("REPROVISION_PASSPHRASE") == "" {
			if reason != "" {
				err = fmt.Errorf("%s: %w; --store file keeps it in an encrypted file, with the passphrase in REPROVISION_PASSPHRASE or typed", reason, err)
			}
			return "", fmt.Errorf("signed in, but the credential could not be stored: %w", err)
		}
		why = reason
		where, err := askWhere(ctx, err, v.profile.Store, "nowhere: the walk will ask for it", g.person.ask)
		switch {
		case err != nil:
			return "", err
		case where == keepFile:
			v.profile.Store = storeFile
		case where == keepNowhere:
			return "Nothing was stored. The walk will ask for it.", nil
		}
	}
}

// placesOf returns the places for a credential with a host of its own.
func placesOf(c engine.Credential) places {
	if c.System == engine.SystemRegistry {
		return places{Registry: c.Host}
	}
	return places{}
}

// loginAllByLines signs in to one system after another.
func loginAllByLines(ctx context.Context, o *loginOptions, ask *prompter, out io.Writer) error {
	if err := loginByLines(ctx, o, engine.SystemHub, ask, out); err != nil {
		return err
	}
	which, err := ask.choose(ctx, "SCIM tells who is managed by your identity provider. Sign in to it", "yes", "not now")
	if err != nil {
		return err
	}
	if which == 0 {
		if err := loginByLines(ctx, o, engine.SystemSCIM, ask, out); err != nil {
			return err
		}
	}
	which, err = ask.choose(ctx, "Your identity provider", "Okta", "Microsoft Entra ID", "another, or not now")
	if err != nil {
		return err
	}
	switch which {
	case 0:
		return loginByLines(ctx, o, engine.SystemOkta, ask, out)
	case 1:
		return loginByLines(ctx, o, engine.SystemEntra, ask, out)
	}
	return nil
}

// loginByLines signs in to one system by questions, or without any if the flags and
// standard input provide everything.
func loginByLines(ctx context.Context, o *loginOptions, id engine.SystemID, ask *prompter, out io.Writer) error {
	at := atLines(ask)
	if o.stdin {
		at = person{}
	}
	if o.org == "" && o.profile == "" && id == engine.SystemHub && at.ask != nil {
		var err error
		if o.org, err = ask.ask(ctx, question{label: organizationLabel, help: organizationHelp}); err != nil {
			return err
		}
	}
	g, err := o.newSigner(at)
	if err != nil {
		return err
	}
	cred, err := o.credential(ctx, id, g.vault.profile, ask)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "Signing in to %s…\n", systemTitles[id])
	done, err := g.signIn(ctx, cred)
	if done.Title != "" {
		writeSignedIn(out, done)
	}
	return err
}

const (
	organizationLabel = "Docker organization"
	organizationHelp  = "Its name in lower case, as in app.docker.com/accounts/NAME."
)

// writeSignedIn prints what login did for one system.
func writeSignedIn(out io.Writer, s tui.SignedIn) {
	who := ""
	if s.Who != "" {
		who = " as " + clean(s.Who)
	}
	_, _ = fmt.Fprintf(out, "Signed in to %s%s.\n", s.Title, who)
	writeRights(out, s.System, s.Rights)
	if s.Kept != "" {
		_, _ = fmt.Fprintf(out, "\n%s\n", strings.Join(part.Wrap(clean(s.Kept), widthOf(out, wide)), "\n"))
	}
}

// credential gathers a credential from flags, standard input and questions.
func (o *loginOptions) credential(ctx context.Context, id engine.SystemID, p profile, ask *prompter) (engine.Credential, error) {
	h := o.fit(id, formsOf(p)[id])
	if len(h.Ways) == 0 {
		return engine.Credential{}, usageError{fmt.Errorf("%s does not support this way to sign in", systemTitles[id])}
	}
	way := h.Ways[0]
	asks := ask.tty && !o.stdin
	if asks && len(h.Ways) > 1 {
		lines := make([]string, len(h.Ways))
		for i, w := range h.Ways {
			lines[i] = w.Label + " (" + w.Why + ")"
		}
		n, err := ask.choose(ctx, "Sign in with", lines...)
		if err != nil {
			return engine.Credential{}, err
		}
		way = h.Ways[n]
	}
	c := way.Base
	c.System = id
	help := cmp.Or(way.Help, h.Help)
	for _, f := range way.Fields {
		typed, err := f.Value, error(nil)
		switch {
		case f.Is == tui.FieldSecret && o.stdin:
			if c.Secret, err = readSecret(ctx, o.in); err != nil {
				return c, err
			}
			continue
		case asks && (f.Is == tui.FieldSecret || !o.given(f)):
			typed, err = ask.ask(ctx, question{label: f.Label, help: help, value: f.Value, secret: f.Is == tui.FieldSecret, optional: f.Optional})
			help = ""
		case typed == "" && !f.Optional && f.Is == tui.FieldSecret:
			err = usageError{errors.New("there is no terminal to ask for the secret: use --token-stdin")}
		case typed == "" && !f.Optional:
			err = usageError{fmt.Errorf("%s is required", flagOf(f.Is))}
		}
		if err != nil {
			return c, err
		}
		f.Fill(&c, typed)
	}
	return c, nil
}

// given reports whether a flag sets the field.
func (o *loginOptions) given(f tui.Field) bool {
	switch f.Is {
	case tui.FieldHost:
		return o.host != ""
	case tui.FieldIdentifier:
		return o.identifier != ""
	case tui.FieldClient:
		return o.clientID != ""
	case tui.FieldTenant:
		return o.tenant != ""
	case tui.FieldKey:
		return o.keyID != ""
	case tui.FieldFile:
		return o.keyFile != "" || o.certificate != ""
	case tui.FieldRedirect:
		return o.redirect != ""
	case tui.FieldAuthority:
		return o.authority != ""
	case tui.FieldSecret:
	}
	return false
}

// flagOf returns the flag that sets a field.
func flagOf(id tui.FieldID) string {
	return map[tui.FieldID]string{
		tui.FieldHost: "--host", tui.FieldIdentifier: "--user or --app", tui.FieldClient: "--client-id", tui.FieldTenant: "--tenant",
		tui.FieldKey: "--key-id", tui.FieldFile: "--key-file or --certificate", tui.FieldRedirect: "--redirect", tui.FieldAuthority: "--authority",
	}[id]
}

// formsOf returns the forms for a profile, with the addresses that the environment sets
// filled in.
func formsOf(p profile) map[engine.SystemID]tui.FormHint {
	f := forms(p.Org)
	for id, variable := range map[engine.SystemID]string{
		engine.SystemHub: "REPROVISION_HUB_URL", engine.SystemSCIM: "REPROVISION_SCIM_URL", engine.SystemOkta: "REPROVISION_OKTA_URL",
		engine.SystemEntra: "REPROVISION_ENTRA_URL", engine.SystemRegistry: "REPROVISION_REGISTRY_HOST",
	} {
		host := os.Getenv(variable)
		for i := range f[id].Ways {
			way := &f[id].Ways[i]
			way.Base.Host = host
			for j := range way.Fields {
				if way.Fields[j].Is == tui.FieldHost {
					way.Fields[j].Value = host
				}
			}
		}
	}
	for i, way := range f[engine.SystemHub].Ways {
		if way.Base.Method == engine.MethodPassword {
			f[engine.SystemHub].Ways[i].Fields[0].Value = p.DockerID
		}
	}
	return f
}
