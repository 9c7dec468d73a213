package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/credentials"
	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui"
)

// oauthOkta is an Okta that takes access tokens of its own server only, and
// gives a new refresh token each time. No network leads to it.
type oauthOkta struct {
	mu      sync.Mutex
	refresh int // the number of the one that is good
}

func (o *oauthOkta) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json")
	_ = r.ParseForm()
	switch {
	case r.URL.Path == "/oauth2/v1/device/authorize":
		_, _ = fmt.Fprint(w, `{"device_code":"d","user_code":"ABCD-EFGH","verification_uri":"https://acme.okta.com/activate","expires_in":600,"interval":5}`)
	case r.URL.Path == "/oauth2/v1/token" && r.Form.Get("grant_type") == "refresh_token" && r.Form.Get("refresh_token") != fmt.Sprintf("refresh-canary-%d", o.refresh):
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"error":"invalid_grant"}`)
	case r.URL.Path == "/oauth2/v1/token":
		o.refresh++
		_, _ = fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"access-canary","refresh_token":"refresh-canary-%d"}`, o.refresh)
	case r.Header.Get("Authorization") != "Bearer access-canary":
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/api/v1/apps/1":
		_, _ = fmt.Fprint(w, `{"id":"1","label":"Docker","status":"ACTIVE"}`)
	case r.URL.Path == "/api/v1/apps":
		_, _ = fmt.Fprint(w, `[{"id":"1","label":"Docker","status":"ACTIVE"}]`)
	default:
		_, _ = fmt.Fprint(w, `{"status":"ENABLED"}`)
	}
	return w.Result(), nil
}

func TestASignInInTheBrowserIsKeptAndRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &oauthOkta{}
		var opened []string
		var kept []engine.Credential
		keep := func(_ context.Context, c engine.Credential) error { kept = append(kept, c); return nil }
		s, err := newSystems(places{}, "", transport.Options{Base: server, ReadOnly: true})
		require.NoError(t, err)
		s.keep = keep
		s.person = person{tell: func(_ context.Context, q tui.Prompt) { opened = append(opened, q.URL+" "+q.Code) }, keep: keep}
		cred := engine.Credential{System: engine.SystemOkta, Host: "https://acme.okta.com", Identifier: "Docker", Method: engine.MethodDevice, Client: engine.Client{ID: "0oa"}}
		session, err := s.Connect(t.Context(), engine.Case{}, cred)
		require.NoError(t, err)
		okta, _ := session.System(engine.SystemOkta)
		require.True(t, okta.OK)
		require.Equal(t, []string{"https://acme.okta.com/activate ABCD-EFGH"}, opened)
		require.Len(t, kept, 1)
		require.Equal(t, "refresh-canary-1", kept[0].Secret.Reveal())

		// In the middle of a long run it renews itself, and what is kept with it.
		<-time.After(2 * time.Hour)
		_, err = s.okta.Application(t.Context())
		require.NoError(t, err)
		require.Equal(t, "refresh-canary-2", kept[len(kept)-1].Secret.Reveal())

		// A new process goes on with what was kept, and asks nobody.
		again, err := newSystems(places{}, "", transport.Options{Base: server}, kept[len(kept)-1])
		require.NoError(t, err)
		again.person = person{keep: keep}
		session, err = again.Session(t.Context())
		require.NoError(t, err)
		okta, _ = session.System(engine.SystemOkta)
		require.True(t, okta.OK, okta.Problem)
		require.Equal(t, "refresh-canary-3", kept[len(kept)-1].Secret.Reveal())

		// Nobody to ask: it says so, and that signing in cures it.
		cred.Secret = engine.Secret{}
		err = again.prove(t.Context(), cred)
		require.ErrorIs(t, err, transport.ErrUnauthorized)
		require.ErrorContains(t, err, "reprovision login")
	})
}

func useBeta(s *settings) error {
	s.Last = "beta"
	return nil
}

// A walk must not go on with what another process has used up meanwhile.
func TestAWalkGoesOnWithWhatAnotherProcessHasKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, keyring := &oauthOkta{}, &brokenStore{}
		files := settingsFile{filepath.Join(t.TempDir(), "settings.json")}
		process := func() (*systems, *session) {
			v := testVault(t, keyring)
			v.files = files
			s := &session{vault: v}
			p, err := newSystems(places{}, "", transport.Options{Base: server, ReadOnly: true})
			require.NoError(t, err)
			s.attach(p)
			p.keep = s.keep
			p.person = person{tell: func(context.Context, tui.Prompt) {}, keep: s.renewed, turn: s.turn}
			return p, s
		}
		walk, _ := process()
		cred := engine.Credential{System: engine.SystemOkta, Host: "https://acme.okta.com", Identifier: "Docker", Method: engine.MethodDevice, Client: engine.Client{ID: "0oa"}}
		_, err := walk.Connect(t.Context(), engine.Case{}, cred)
		require.NoError(t, err)

		other, session := process()
		settings, err := files.load()
		require.NoError(t, err)
		session.vault.profile = settings.Profiles["acme"]
		all, err := session.vault.read(t.Context())
		require.NoError(t, err)
		require.Len(t, all, 1)
		require.NoError(t, other.prove(t.Context(), all[0].Credential))
		require.Equal(t, 2, server.refresh)

		require.NoError(t, files.change(t.Context(), useBeta)) // meanwhile
		<-time.After(2 * time.Hour)
		_, err = walk.okta.Application(t.Context())
		require.NoError(t, err)
		require.Equal(t, 3, server.refresh)
		settings, err = files.load()
		require.NoError(t, err)
		require.Equal(t, "beta", settings.Last)
		stored, err := session.vault.get(t.Context(), keyring, engine.SystemOkta)
		require.NoError(t, err)
		require.Equal(t, "refresh-canary-3", stored.Secret.Reveal())
	})
}

// Whoever logs out while a walk is open wants nothing of it to come back, neither
// when a sign-in renews itself nor when the walk ends.
func TestWhatAnotherProcessForgotStaysForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, keyring := &oauthOkta{}, &brokenStore{}
		files := settingsFile{filepath.Join(t.TempDir(), "settings.json")}
		v := testVault(t, keyring)
		v.files = files
		walk := &session{vault: v}
		p, err := newSystems(places{}, "", transport.Options{Base: server, ReadOnly: true})
		require.NoError(t, err)
		walk.attach(p)
		p.keep, p.person = walk.keep, person{tell: func(context.Context, tui.Prompt) {}, keep: walk.renewed, turn: walk.turn}
		cred := engine.Credential{System: engine.SystemOkta, Host: "https://acme.okta.com", Identifier: "Docker", Method: engine.MethodDevice, Client: engine.Client{ID: "0oa"}}
		_, err = p.Connect(t.Context(), engine.Case{}, cred)
		require.NoError(t, err)
		kept, ok := p.credential(engine.SystemOkta)
		require.True(t, ok)
		walk.all = []held{{Credential: kept, From: fromKeyring}}

		other := testVault(t, keyring)
		other.files = files
		settings, err := files.load()
		require.NoError(t, err)
		other.profile = settings.Profiles["acme"]
		found, err := other.forget(t.Context(), engine.SystemOkta)
		require.NoError(t, err)
		require.True(t, found)

		<-time.After(2 * time.Hour)
		_, err = p.okta.Application(t.Context())
		require.NoError(t, err, "the walk itself goes on")
		require.Equal(t, 2, server.refresh)
		walk.close(t.Context(), io.Discard)
		_, err = other.get(t.Context(), keyring, engine.SystemOkta)
		require.ErrorIs(t, err, credentials.ErrNotFound)
		settings, err = files.load()
		require.NoError(t, err)
		require.Empty(t, settings.Profiles)
		require.Empty(t, settings.Last)
	})
}

func TestAPasswordSignsInForOneWalkAndIsNeverKept(t *testing.T) {
	w := newWalk(t, "sam-okafor", false)
	c := engine.Credential{
		System: engine.SystemHub, Host: w.box.Addresses().HubURL, Identifier: "alex-kim", Method: engine.MethodPassword,
		Secret: engine.NewSecret(w.box.Credentials().Members["alex-kim"]),
	}
	require.False(t, keepable(c))
	require.NoError(t, w.parts.systems.prove(t.Context(), c))
	paths := []string{}
	for _, r := range w.box.Requests() {
		paths = append(paths, r.Path)
	}
	require.Contains(t, paths, "/v2/users/login")
	c.Secret = engine.NewSecret("wrong")
	require.ErrorIs(t, w.parts.systems.prove(t.Context(), c), transport.ErrUnauthorized)
	require.ErrorIs(t, hub.ErrSecondFactor, transport.ErrUnauthorized)
}

func TestTheRegistryMayHaveACredentialOfItsOwn(t *testing.T) {
	w := newWalk(t, "sam-okafor", false)
	own := engine.Credential{System: engine.SystemRegistry, Host: w.box.Addresses().RegistryHost, Identifier: "alex-kim", Secret: engine.NewSecret(w.box.Credentials().Members["alex-kim"])}
	require.Equal(t, "acme", w.parts.systems.OrgRegistry().Username)
	require.NoError(t, w.parts.systems.prove(t.Context(), own))
	require.Equal(t, "alex-kim", w.parts.systems.OrgRegistry().Username)
	own.Secret = engine.NewSecret("wrong")
	require.ErrorIs(t, w.parts.systems.prove(t.Context(), own), transport.ErrUnauthorized)
}

// brokenStore is a keyring that is locked until open.
type brokenStore struct {
	secrets map[string]string
	locked  bool
	asked   int
}

func (b *brokenStore) Get(_ context.Context, account string) (string, error) {
	b.asked++
	secret, ok := b.secrets[account]
	switch {
	case b.locked:
		return "", credentials.ErrLocked
	case !ok:
		return "", credentials.ErrNotFound
	}
	return secret, nil
}

func (b *brokenStore) Set(_ context.Context, account, secret string) error {
	if b.locked {
		return credentials.ErrLocked
	}
	if b.secrets == nil {
		b.secrets = map[string]string{}
	}
	b.secrets[account] = secret
	return nil
}

func (b *brokenStore) Delete(_ context.Context, account string) error {
	if b.locked {
		return credentials.ErrLocked
	}
	delete(b.secrets, account)
	return nil
}

func testVault(t *testing.T, keyring credentials.Store) *vault {
	t.Helper()
	return &vault{
		name: "acme", profile: profile{Org: "acme", Store: storeKeyring}, keyring: keyring,
		files: settingsFile{filepath.Join(t.TempDir(), "settings.json")},
		file: credentials.NewFile(filepath.Join(t.TempDir(), "credentials.age"), func(context.Context, credentials.PassphraseRequest) (string, error) {
			return "", errors.New("nobody is there")
		}),
	}
}

func TestAWalkGoesOnWhenItsCredentialCannotBeStored(t *testing.T) {
	keyring := &brokenStore{locked: true}
	s := &session{vault: testVault(t, keyring)}
	cred := engine.Credential{System: engine.SystemHub, Identifier: "acme", Secret: engine.NewSecret("a-canary")}
	require.NoError(t, s.keep(t.Context(), cred))
	require.Len(t, s.notes, 1)
	require.Contains(t, s.notes[0], "The keyring is locked")
	require.NotContains(t, fmt.Sprintf("%+v", s), "canary")
}

// A keyring that hangs takes two seconds each time.
func TestAStoreThatCannotBeUsedIsAskedOnce(t *testing.T) {
	keyring := &brokenStore{locked: true}
	_, err := testVault(t, keyring).read(t.Context())
	require.ErrorIs(t, err, credentials.ErrLocked)
	require.Equal(t, 1, keyring.asked)
}

func TestWhatIsStoredComesBackWhole(t *testing.T) {
	v := testVault(t, &brokenStore{})
	cred := engine.Credential{
		System: engine.SystemEntra, Host: "https://graph.example", Identifier: "Docker", Secret: engine.NewSecret("a-canary"),
		Method: engine.MethodClientSecret, Client: engine.Client{ID: "app", Tenant: "acme.example"},
	}
	require.NoError(t, v.keep(t.Context(), cred, known{}))
	all, err := v.read(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, "a-canary", all[0].Secret.Reveal())
	all[0].Secret, cred.Secret = engine.Secret{}, engine.Secret{}
	require.Equal(t, cred, all[0].Credential)

	s, err := v.files.load()
	require.NoError(t, err)
	require.Equal(t, "acme", s.Last)
	require.Equal(t, storeKeyring, s.Profiles["acme"].Systems[engine.SystemEntra].Store)
	requireFree := func(text string) { require.NotContains(t, text, "canary") }
	requireFree(fmt.Sprintf("%+v %#v", s, all))

	// An entry that somebody else wrote is told apart, and not printed.
	require.NoError(t, v.keyring.Set(t.Context(), v.entry(engine.SystemHub), "not JSON, a-canary"))
	all, err = v.read(t.Context())
	require.NoError(t, err)
	require.Contains(t, all[0].Broken, "sign in again")
	requireFree(all[0].Broken)
	require.Len(t, slices.DeleteFunc(all, func(h held) bool { return h.Broken != "" }), 1)
}

func TestTheProfileIsTheNamedOneThenTheOrganizationsThenTheLast(t *testing.T) {
	s := settings{Last: "work", Profiles: map[string]profile{"work": {Org: "acme"}, "other": {Org: "globex"}}}
	for _, c := range []struct{ name, org, want, wantOrg string }{
		{"", "", "work", "acme"},
		{"other", "", "other", "globex"},
		{"", "Globex", "other", "globex"},
		{"", "initech", "initech", "initech"},
		{"new", "initech", "new", "initech"},
		{"work", "acme", "work", "acme"},
	} {
		name, p, err := s.choose(c.name, c.org)
		require.NoError(t, err)
		require.Equal(t, c.want, name)
		require.Equal(t, c.wantOrg, p.Org)
	}
	for _, c := range []struct{ name, org string }{{"gone", ""}, {"work", "globex"}, {" ", "acme"}, {"new ", "acme"}, {"\x1b[31mnew", "acme"}} {
		_, _, err := s.choose(c.name, c.org)
		var usage usageError
		require.ErrorAs(t, err, &usage)
	}
	name, _, err := settings{}.choose("", "")
	require.NoError(t, err)
	require.Empty(t, name)
}

func TestSecretsThatArePastedLoseTheirLineBreaks(t *testing.T) {
	for in, want := range map[string]string{"token\r\n": "token", "\n tok\nen \n": "token", "": "", "a b": "a b"} {
		require.Equal(t, want, trimSecret(in))
	}
}
