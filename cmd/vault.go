package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/adrg/xdg"

	"github.com/seed-05b3d87e/reprovision/api/credentials"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// storable are the systems whose credentials are kept between runs, in the
// order in which they are shown. A member's own is never kept.
var storable = []engine.SystemID{engine.SystemHub, engine.SystemSCIM, engine.SystemOkta, engine.SystemEntra, engine.SystemRegistry}

// origin is where a credential comes from. They are listed by precedence.
type origin string

const (
	fromVariables   origin = "environment"
	fromKeyring     origin = "keyring"
	fromFile        origin = "encrypted file"
	fromDockerLogin origin = "docker login"
)

// precedence in words, for the help and for auth status.
const precedence = "A variable of the environment wins over a stored credential; docker login's is used only where you consented to it."

// held is a credential with where it comes from.
type held struct {
	engine.Credential
	From   origin
	Hides  origin // where another one lies that is not used
	Broken string // why the one that is stored cannot be read
}

// vault keeps the credentials of one profile.
type vault struct {
	name    string
	profile profile
	files   settingsFile
	keyring credentials.Store
	file    *credentials.File
	docker  func(ctx context.Context, registry string) (credentials.Login, error)
}

// openVault finds the profile. It reads no secret.
func openVault(name, org string, ask func(context.Context, credentials.PassphraseRequest) (string, error)) (*vault, error) {
	files := userSettings()
	s, err := files.load()
	if err != nil {
		return nil, err
	}
	name, p, err := s.choose(name, org)
	if err != nil {
		return nil, err
	}
	if p.Store == "" {
		p.Store = storeKeyring
	}
	return &vault{
		name: name, profile: p, files: files, keyring: credentials.NewKeyring(),
		file:   credentials.NewFile(credentialFile(), ask),
		docker: credentials.DockerLogin,
	}, nil
}

// openLast makes this the profile that the next walk opens with, and lists the
// names of all. A profile that is not kept yet has no name.
func (v *vault) openLast(ctx context.Context) (all []string, name string, err error) {
	s, err := v.files.load()
	if err != nil {
		return nil, "", err
	}
	all = slices.Sorted(maps.Keys(s.Profiles))
	if _, ok := s.Profiles[v.name]; !ok {
		return all, "", nil
	}
	if s.Last != v.name {
		err = v.files.change(ctx, func(s *settings) error {
			s.Last = v.name
			return nil
		})
	}
	return all, v.name, err
}

func credentialFile() string { return filepath.Join(xdg.DataHome, "reprovision", "credentials.age") }

// store is where new credentials go.
func (v *vault) store() (credentials.Store, origin) { return v.storeOf(v.profile.Store) }

// kept is where a system's credential is: a keyring that was locked one day
// does not hide what it holds from the next.
func (v *vault) kept(id engine.SystemID) (credentials.Store, origin) {
	if k := v.profile.Systems[id]; k.Store != "" {
		return v.storeOf(k.Store)
	}
	return v.store()
}

func (v *vault) storeOf(kind storeKind) (credentials.Store, origin) {
	switch kind {
	case storeKeyring:
		return v.keyring, fromKeyring
	case storeFile:
		return v.file, fromFile
	}
	return v.keyring, fromKeyring
}

// read gathers what signs in, by precedence. A store that cannot be used is an
// error along with what the environment holds; one that cannot be used is not
// asked again.
func (v *vault) read(ctx context.Context) ([]held, error) {
	var out []held
	defer func() {
		for i := range out {
			out[i].Credential = v.profile.recall(out[i].Credential)
		}
	}()
	for _, c := range fromEnvironment(v.profile.Org) {
		out = append(out, held{Credential: c, From: fromVariables})
	}
	if v.name == "" {
		return out, nil
	}
	var unusable error
	closed := map[origin]bool{}
	for _, id := range storable {
		store, from := v.kept(id)
		i := slices.IndexFunc(out, func(h held) bool { return h.System == id })
		if i >= 0 {
			// What is hidden is not opened: its place is told from the settings.
			if k, ok := v.profile.Systems[id]; ok {
				out[i].Hides = from
				if k.DockerLogin {
					out[i].Hides = fromDockerLogin
				}
			}
			continue
		}
		if v.profile.Systems[id].DockerLogin {
			out = append(out, v.borrow(ctx, id))
			continue
		}
		if closed[from] {
			continue
		}
		c, err := v.get(ctx, store, id)
		switch {
		case errors.Is(err, credentials.ErrNotFound):
		case errors.Is(err, errEntry):
			out = append(out, held{Credential: engine.Credential{System: id}, From: from, Broken: err.Error()})
		case err != nil:
			unusable, closed[from] = err, true
		default:
			out = append(out, held{Credential: c, From: from})
		}
	}
	return out, unusable
}

// borrow reads docker login's credential, to which the profile has consent.
func (v *vault) borrow(ctx context.Context, id engine.SystemID) held {
	h := held{Credential: engine.Credential{System: id, Method: engine.MethodDockerLogin}, From: fromDockerLogin}
	login, err := v.docker(ctx, dockerRegistry)
	if err != nil {
		h.Broken = err.Error()
		return h
	}
	h.Identifier, h.Secret = login.Username, engine.NewSecret(login.Secret())
	return h
}

// stored is a credential as a store holds it. The host is kept with the secret,
// so that no change of a file in clear can send it elsewhere.
type stored struct {
	Host       string        `json:"host,omitempty"`
	Identifier string        `json:"identifier,omitempty"`
	Method     engine.Method `json:"method,omitempty"`
	ClientID   string        `json:"client_id,omitempty"`
	Tenant     string        `json:"tenant,omitempty"`
	Key        string        `json:"key,omitempty"`
	Redirect   string        `json:"redirect,omitempty"`
	Authority  string        `json:"authority,omitempty"`
	Who        string        `json:"who,omitempty"`
	Secret     string        `json:"secret,omitempty"`
}

// errEntry says that an entry is there and is not ours.
var errEntry = errors.New("the stored entry cannot be read; sign in again")

// entry is the name under which a person finds a credential in the keyring.
func (v *vault) entry(id engine.SystemID) string {
	return credentials.Account(v.name, systemTitles[id])
}

func (v *vault) get(ctx context.Context, store credentials.Store, id engine.SystemID) (engine.Credential, error) {
	raw, err := store.Get(ctx, v.entry(id))
	if err != nil {
		return engine.Credential{}, err
	}
	var s stored
	// The cause is left out: it might quote the secret.
	if json.Unmarshal([]byte(raw), &s) != nil {
		return engine.Credential{}, fmt.Errorf("%s: %w", v.entry(id), errEntry)
	}
	return engine.Credential{
		System: id, Host: s.Host, Identifier: s.Identifier, Secret: engine.NewSecret(s.Secret), Method: s.Method, Who: s.Who,
		Client: engine.Client{ID: s.ClientID, Tenant: s.Tenant, Key: s.Key, Redirect: s.Redirect, Authority: s.Authority},
	}, nil
}

// keepable reports whether a credential may be stored. A password's session is
// over soon, and the password itself is not for us to keep.
func keepable(c engine.Credential) bool {
	return c.System != engine.SystemMember && c.Method != engine.MethodPassword
}

// keep stores a credential that somebody signed in with, and makes its profile the
// last one.
func (v *vault) keep(ctx context.Context, c engine.Credential, k known) error {
	if !keepable(c) {
		return nil
	}
	if err := v.put(ctx, c, k); err != nil {
		return err
	}
	_, _, err := v.openLast(ctx)
	return err
}

// put stores a credential and notes that it was proven. A profile without a name
// takes that of the organization.
func (v *vault) put(ctx context.Context, c engine.Credential, k known) error {
	if v.name == "" {
		if c.System != engine.SystemHub {
			return errors.New("sign in to Docker Hub first: its organization names the profile")
		}
		v.name, v.profile.Org = c.Identifier, c.Identifier
	}
	k.DockerLogin = c.Method == engine.MethodDockerLogin
	if k.DockerLogin {
		k.Store = ""
	} else {
		raw, err := json.Marshal(stored{
			Host: c.Host, Identifier: c.Identifier, Method: c.Method,
			ClientID: c.Client.ID, Tenant: c.Client.Tenant, Key: c.Client.Key, Redirect: c.Client.Redirect, Authority: c.Client.Authority,
			Who: c.Who, Secret: c.Secret.Reveal(),
		})
		if err != nil {
			return fmt.Errorf("encode the credential: %w", err)
		}
		store, _ := v.store()
		if err := store.Set(ctx, v.entry(c.System), string(raw)); err != nil {
			return err
		}
		k.Store = v.profile.Store
	}
	v.supersede(ctx, c.System, k)
	return v.note(ctx, c.System, k)
}

// renewal is how long a process may wait for others to renew a sign-in. Each opens and
// seals the encrypted file, which takes seconds, and more on a busy machine.
const renewal = 3 * time.Minute

// turn waits until no other process renews a sign-in, and returns what the last of
// them has kept of this one, if anything. Done gives the turn to the next.
func (v *vault) turn(ctx context.Context, store credentials.Store, c engine.Credential) (latest engine.Secret, done func(), err error) {
	folder := filepath.Dir(v.files.path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return latest, nil, err
	}
	done, err = locked(ctx, filepath.Join(folder, "renew.lock"), renewal)
	if err != nil {
		return latest, nil, err
	}
	kept, err := v.get(ctx, store, c.System)
	// A store that cannot be read any more has nothing newer to tell, and another
	// sign-in is not this one's.
	if err == nil && kept.Method == c.Method && kept.Host == c.Host && kept.Client == c.Client {
		latest = kept.Secret
	}
	return latest, done, nil
}

// supersede deletes the entry that a credential had in another store. One that
// cannot be reached stays; it is not read any more.
func (v *vault) supersede(ctx context.Context, id engine.SystemID, k known) {
	old, listed := v.profile.Systems[id]
	if !listed || old.DockerLogin || old.Store == "" || old.Store == k.Store {
		return
	}
	store, _ := v.storeOf(old.Store)
	_ = store.Delete(ctx, v.entry(id))
}

// note records what is known of a credential.
func (v *vault) note(ctx context.Context, id engine.SystemID, k known) error {
	systems := maps.Clone(v.profile.Systems)
	if systems == nil {
		systems = map[engine.SystemID]known{}
	}
	systems[id] = k
	v.profile.Systems = systems
	return v.files.record(ctx, v.name, v.profile, id, k)
}

// proven notes that a stored credential was accepted. What another process has
// forgotten since the profile was opened stays forgotten.
func (v *vault) proven(ctx context.Context, id engine.SystemID, k known) error {
	if _, listed := v.profile.Systems[id]; !listed { // the settings were lost, and what was stored was not
		return v.note(ctx, id, k)
	}
	return v.files.prove(ctx, v.name, id, k.Proven, k.Expires)
}

// renew stores what a stored sign-in goes on with, unless another process has
// forgotten it meanwhile.
func (v *vault) renew(ctx context.Context, c engine.Credential, k known) error {
	s, err := v.files.load()
	if err != nil {
		return err
	}
	_, listed := v.profile.Systems[c.System]
	if _, still := s.Profiles[v.name].Systems[c.System]; listed && !still {
		return nil
	}
	return v.put(ctx, c, k)
}

// forget takes a credential out of its store and of the settings, and reports
// whether there was one.
func (v *vault) forget(ctx context.Context, id engine.SystemID) (bool, error) {
	k, listed := v.profile.Systems[id]
	if !listed && len(v.profile.Systems) > 0 {
		return false, nil // the settings know what the stores hold; an unusable one is left alone
	}
	found := listed && k.DockerLogin
	if !found {
		store, _ := v.kept(id)
		err := store.Delete(ctx, v.entry(id))
		if err != nil && !errors.Is(err, credentials.ErrNotFound) {
			return false, err
		}
		found = err == nil
	}
	if !listed {
		return found, nil
	}
	return true, v.files.change(ctx, func(s *settings) error {
		p := s.Profiles[v.name]
		delete(p.Systems, id)
		delete(p.Apps, id)
		if len(p.Systems) == 0 {
			delete(s.Profiles, v.name)
			if s.Last == v.name {
				s.Last = ""
			}
			return nil
		}
		s.Profiles[v.name] = p
		return nil
	})
}
