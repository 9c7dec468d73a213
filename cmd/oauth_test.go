//go:build !windows

package cmd

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// serviceEnds is when the certificate of serviceKey expires.
var serviceEnds = time.Now().Add(24 * time.Hour)

// serviceKey is the key of a service, and its certificate; both are slow to make.
var serviceKey = sync.OnceValues(func() (*rsa.PrivateKey, string) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "reprovision"}, NotAfter: serviceEnds}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
})

// oauth is a shell beside a sandbox that its key signs in to, with a desktop whose
// browser only notes what it is to open.
type oauth struct {
	*shell
	box     *sandbox.Sandbox
	keyFile string
	opened  string
}

func newOAuth(t *testing.T, options sandbox.Options) *oauth {
	t.Helper()
	key, text := serviceKey()
	options.ServiceKey = key.Public()
	box := sandbox.New(options)
	require.NoError(t, box.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, box.Close()) })
	home, dir := t.TempDir(), t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	require.NoError(t, os.WriteFile(ca, []byte(box.Credentials().EntraSignInCA), 0o600))
	keyFile, opened := filepath.Join(dir, "key.pem"), filepath.Join(dir, "opened")
	require.NoError(t, os.WriteFile(keyFile, []byte(text), 0o600))
	_, only, _ := strings.Cut(text, "-----END CERTIFICATE-----\n")
	require.NoError(t, os.WriteFile(keyFile+".only", []byte(only), 0o600))
	browser := "#!/bin/sh\ncd \"$(dirname \"$0\")\" && printf %s \"$1\" > opened.new && mv opened.new opened\n"
	writeProgram(t, filepath.Join(dir, "xdg-open"), browser)
	s := newShell(t, home, nowhere, "REPROVISION_PASSPHRASE=passphrase-canary", "SSL_CERT_FILE="+ca, "DISPLAY=:0", "PATH="+dir+":"+os.Getenv("PATH"))
	return &oauth{shell: s, box: box, keyFile: keyFile, opened: opened}
}

// writeProgram writes a program while no other test starts a process: that one would
// hold the file open for a moment, in which nobody can run it ("text file busy").
func writeProgram(t *testing.T, path, text string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o700))
}

// browse does what a person does in the browser that the program has opened.
func (o *oauth) browse(allow bool) string {
	o.t.Helper()
	return o.browseTo("", allow)
}

// browseTo is browse where the page wants something typed.
func (o *oauth) browseTo(more string, allow bool) string {
	o.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		address, err := os.ReadFile(o.opened)
		if err == nil {
			require.NoError(o.t, os.Remove(o.opened))
			last, err := o.box.Browse(o.t.Context(), string(address)+more, allow)
			require.NoError(o.t, err)
			return last
		}
		require.True(o.t, time.Now().Before(deadline), "no browser was opened")
		<-time.After(20 * time.Millisecond)
	}
}

// signedIn wants a new process to be signed in, and nothing secret anywhere.
func (o *oauth) signedIn(id engine.SystemID, method engine.Method) standing {
	o.t.Helper()
	got, _ := o.status()
	require.Len(o.t, got.Systems, 1, "%+v", got)
	st := got.Systems[0]
	require.True(o.t, st.OK, "%+v", st)
	require.Equal(o.t, id, st.System)
	require.Equal(o.t, method, st.Method)
	require.NotEmpty(o.t, st.Rights)
	for _, r := range st.Rights {
		require.NotEqual(o.t, engine.NotKnown, r.Granted, "%+v", r)
	}
	require.Equal(o.t, "Docker", st.App)
	o.clean()
	return st
}

// clean looks for the code verifiers too, which only the sandbox knows.
func (o *oauth) clean() {
	o.t.Helper()
	o.noCanary()
	for _, verifier := range o.box.Verifiers() {
		require.NotContains(o.t, o.said.String(), verifier)
		requireNone(o.t, o.home, verifier)
	}
}

// at opens the program in a terminal and looks at what it wrote at the end.
func (o *oauth) at(args ...string) *terminal {
	o.t.Helper()
	x := openTerminalIn(o.t, o.home, o.env, args...)
	o.t.Cleanup(func() { // before the terminal's own
		x.requireNoCanary()
		x.mu.Lock()
		defer x.mu.Unlock()
		for _, verifier := range o.box.Verifiers() {
			require.NotContains(o.t, x.raw.String(), verifier)
		}
	})
	return x
}

func (o *oauth) okta(more ...string) []string {
	c := o.box.Credentials()
	return append([]string{"login", "okta", "--org", "acme", "--host", o.box.Addresses().OktaURL, "--app", c.OktaAppLabel, "--client-id", c.OktaClientID}, more...)
}

func TestLoginOktaInTheBrowser(t *testing.T) {
	t.Parallel()
	o := newOAuth(t, sandbox.Options{})
	x := o.at(o.okta("--browser", "--redirect", "http://127.0.0.1/callback")...)
	x.see("Sign in to Okta in the browser", "code_challenge", "esc gives up")
	require.Contains(t, o.browse(false), "The sign-in was refused")
	x.see("The sign-in was refused in the browser", "The resource owner denied the", "Sign in")
	x.press(enter)
	require.Contains(t, o.browse(true), "You are signed in")
	x.see("Signed in to Okta as alex.kim@acme.example", "okta.apps.read", "Kept in the", "encrypted file")
	x.press(enter)
	require.Zero(t, x.end())
	require.True(t, o.signedIn(engine.SystemOkta, engine.MethodBrowser).Renews)
	require.Equal(t, "alex.kim@acme.example", o.signedIn(engine.SystemOkta, engine.MethodBrowser).Who, "what it goes on with was changed, and kept")

	// Once it is revoked, refresh says so.
	o.box.Rotate("okta")
	got, code := o.status()
	require.Equal(t, exitAuth, code)
	require.Contains(t, got.Systems[0].Problem, "not accepted")
	o.clean()
}

func TestLoginOktaByACodeLineByLine(t *testing.T) {
	t.Parallel()
	o := newOAuth(t, sandbox.Options{})
	x := o.at(o.okta("--device", "--accessible")...)
	x.see("Open this address in a browser, on any machine", "The code to type there", "/activate?user_code=")
	require.Contains(t, o.browse(true), "Go back to your device")
	x.see("Signed in to Okta as alex.kim@acme.example")
	require.Zero(t, x.end())
	o.signedIn(engine.SystemOkta, engine.MethodDevice)
}

func TestLoginOktaAsAService(t *testing.T) {
	t.Parallel()
	o := newOAuth(t, sandbox.Options{})
	require.Contains(t, o.ok("", o.okta("--key-file", o.keyFile+".only")...), "Signed in to Okta")
	require.NoError(t, os.Remove(o.keyFile+".only"))
	require.Equal(t, o.box.Credentials().OktaClientID, o.signedIn(engine.SystemOkta, engine.MethodKey).Who)
	requireNone(t, o.home, "PRIVATE KEY")
}

func (o *oauth) entra(more ...string) []string {
	at, c := o.box.Addresses(), o.box.Credentials()
	return append([]string{
		"login", "entra", "--org", "acme", "--host", at.EntraURL, "--authority", at.EntraSignIn, "--app", c.EntraAppName,
		"--tenant", c.EntraTenant, "--client-id", c.EntraClientID,
	}, more...)
}

func TestLoginEntraAsAService(t *testing.T) {
	t.Parallel()
	o := newOAuth(t, sandbox.Options{})
	out, code := o.run("wrong-canary", o.entra("--token-stdin")...)
	require.Equal(t, exitAuth, code, out)
	require.Contains(t, out, "AADSTS7000215")
	require.Contains(t, o.ok(o.box.Credentials().EntraClientSecret, o.entra("--token-stdin")...), "Signed in to Microsoft Entra ID")
	require.Equal(t, o.box.Credentials().EntraClientID, o.signedIn(engine.SystemEntra, engine.MethodClientSecret).Who)

	require.Contains(t, o.ok("", o.entra("--certificate", o.keyFile)...), "Signed in to Microsoft Entra ID")
	require.NoError(t, os.Remove(o.keyFile))
	require.WithinDuration(t, serviceEnds, o.signedIn(engine.SystemEntra, engine.MethodCertificate).Expires, time.Second)
	requireNone(t, o.home, "PRIVATE KEY")
}

func TestLoginEntraByAnAccessToken(t *testing.T) {
	t.Parallel()
	o := newOAuth(t, sandbox.Options{})
	at, c := o.box.Addresses(), o.box.Credentials()
	o.ok(c.EntraToken, "login", "entra", "--org", "acme", "--host", at.EntraURL, "--app", c.EntraAppName, "--token-stdin")
	o.signedIn(engine.SystemEntra, engine.MethodToken)
}

func TestLoginEntraInTheBrowserLastsBeyondTheProcess(t *testing.T) {
	t.Parallel()
	o := newOAuth(t, sandbox.Options{})
	x := o.at(o.entra("--browser")...)
	x.see("Sign in to Microsoft Entra ID in the browser")
	require.Contains(t, o.browse(true), "You are signed in")
	x.see("Signed in to Microsoft Entra ID", "Application.Read.All")
	x.press(enter)
	require.Zero(t, x.end())
	require.True(t, o.signedIn(engine.SystemEntra, engine.MethodBrowser).Renews)
	require.Equal(t, "alex.kim@acme.example", o.signedIn(engine.SystemEntra, engine.MethodBrowser).Who)
}

func TestLoginEntraByACodeAndChosenAmongAllWays(t *testing.T) {
	t.Parallel()
	o := newOAuth(t, sandbox.Options{})
	x := o.at(o.entra()...)
	x.see("Microsoft Entra ID, with the browser", "❯ Sign in", "Another way")
	x.press("\t" + enter)
	x.see("How do you sign in", "❯ a code in any browser", "a client secret", "a certificate", "the Azure CLI", "an access token")
	x.press(enter)
	x.see("with a code in any browser", "❯ Sign in")
	x.press(enter)
	x.see("The code to type there", "/oauth2/deviceauth")
	code := between(x.text(), "The code to type there\n", "\n")
	require.Contains(t, o.browseTo("?user_code="+code, true), "Go back to your device")
	x.see("Signed in to Microsoft Entra ID")
	x.press(enter)
	require.Zero(t, x.end())
	o.signedIn(engine.SystemEntra, engine.MethodDevice)
}

func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	inside, _, _ := strings.Cut(rest, after)
	return strings.TrimSpace(inside)
}

func TestASecondFactorIsAskedForAndAWrongOneIsAskedForAgain(t *testing.T) {
	t.Parallel()
	const code = "493817"
	o := newOAuth(t, sandbox.Options{SecondFactor: code})
	host := o.box.Addresses().HubURL
	x := o.at("login", "hub", "--org", "acme", "--host", host, "--password", "--user", "alex-kim")
	password := o.box.Credentials().Passwords["alex-kim"]
	x.see("Docker ID", "alex-kim", "Password")
	x.press(password + enter)
	x.see("Docker Hub asks for a second factor", "Code of your second factor")
	x.press("000000" + enter)
	x.see("The credential was not accepted", "Password")
	x.press(password + enter)
	x.see("Docker Hub asks for a second factor")
	x.press("493 817" + enter)
	x.see("Signed in to Docker Hub as alex-kim", "is not stored", "read members")
	x.press(enter)
	require.Zero(t, x.end())
	got, _ := o.status()
	require.Empty(t, got.Systems)
	require.NotContains(t, x.raw.String(), code)

	// The walk asks in the same way, line by line too.
	o.env = append(o.env, "REPROVISION_HUB_URL="+host)
	walk := o.at("--org", "acme", "--password", "--accessible")
	walk.see("Sign in by:", "1: username and password")
	walk.press("1" + enter)
	walk.see("Docker ID")
	walk.press("alex-kim" + enter)
	walk.see("Password, not shown")
	walk.press(password + enter)
	walk.see("second factor, not shown")
	walk.press(code + enter)
	walk.see("Sign in: Docker SCIM")
	walk.press("q" + enter)
	require.Zero(t, walk.end())
	o.clean()
}

func TestRefreshAsksForWhatIsRefused(t *testing.T) {
	t.Parallel()
	o := newOAuth(t, sandbox.Options{})
	at, c := o.box.Addresses(), o.box.Credentials()
	o.ok(c.HubSecret, "login", "hub", "--org", "acme", "--host", at.HubURL, "--token-stdin")
	o.ok(c.OktaToken, "login", "okta", "--host", at.OktaURL, "--app", c.OktaAppLabel, "--token-stdin")
	next := o.box.Rotate("okta")
	out, code := o.run("", "auth", "refresh")
	require.Equal(t, exitAuth, code, "nobody can be asked")
	require.Contains(t, out, "The credential was not accepted")

	x := o.at("auth", "refresh")
	x.see("Okta, with", at.OktaURL)
	x.press(next + enter)
	x.see("Signed in to Okta as alex.kim@acme.example")
	x.press(enter)
	require.Zero(t, x.end())
	got, code := o.status()
	require.Zero(t, code, "%+v", got)
	o.clean()
}

// az puts an Azure CLI in the way of the real one, which does what the script says.
func (o *oauth) az(script string) {
	o.t.Helper()
	writeProgram(o.t, filepath.Join(filepath.Dir(o.opened), "az"), "#!/bin/sh\ncd \"$(dirname \"$0\")\"\n"+script)
}

func TestLoginEntraByTheAzureCLI(t *testing.T) {
	t.Parallel()
	o := newOAuth(t, sandbox.Options{})
	at, c := o.box.Addresses(), o.box.Credentials()
	login := []string{"login", "entra", "--org", "acme", "--host", at.EntraURL, "--app", c.EntraAppName, "--azure-cli"}

	o.az("echo 'ERROR: Please run '\"'\"'az login'\"'\"' to setup account.' >&2; exit 1")
	out, code := o.run("", login...)
	require.Equal(t, exitAuth, code, out)
	require.Contains(t, out, "The Azure CLI gave no access token: Please run 'az login' to setup account\n")
	require.Contains(t, out, "Run \"az login\" as somebody who may provision")

	// What the CLI prints, less what nobody reads.
	asked := o.opened + ".asked"
	token := filepath.Join(filepath.Dir(o.opened), "token.json")
	require.NoError(t, os.WriteFile(token, []byte(`{"accessToken": "`+c.EntraToken+`", "expiresOn": "2099-01-01 00:00:00.000000", "expires_on": 4070908800, "tokenType": "Bearer"}`), 0o600))
	o.az("echo \"$@\" > opened.asked; cat token.json")
	require.Contains(t, o.ok("", login...), "Signed in to Microsoft Entra ID")
	raw, err := os.ReadFile(asked)
	require.NoError(t, err)
	require.Equal(t, "account get-access-token -o json --resource https://graph.microsoft.com\n", string(raw), "of the CLI's own tenant")
	require.Contains(t, o.ok("", append(login, "--tenant", "acme.example")...), "Signed in to Microsoft Entra ID")
	raw, err = os.ReadFile(asked)
	require.NoError(t, err)
	require.Contains(t, string(raw), " --tenant acme.example\n")
	o.signedIn(engine.SystemEntra, engine.MethodAzureCLI)

	// A later process finds the CLI signed out, or gone.
	o.az("echo 'ERROR: AADSTS70043: The refresh token has expired.' >&2; exit 1")
	got, code := o.status()
	require.Equal(t, exitAuth, code)
	require.Contains(t, got.Systems[0].Problem, "AADSTS70043: The refresh token has expired")
	o.env = append(o.env, "PATH="+o.home)
	got, code = o.status()
	require.Equal(t, exitAuth, code)
	require.Contains(t, got.Systems[0].Problem, "Install the Azure CLI and run \"az login\"")
	o.clean()
}

// Okta ends a refresh token with its use, so several processes must not use the
// same one.
func TestProcessesTakeTurnsInRenewingASignIn(t *testing.T) {
	t.Parallel()
	o := newOAuth(t, sandbox.Options{})
	x := o.at(o.okta("--browser", "--redirect", "http://127.0.0.1/callback")...)
	x.see("Sign in to Okta in the browser")
	require.Contains(t, o.browse(true), "You are signed in")
	x.see("Signed in to Okta as alex.kim@acme.example")
	x.press(enter)
	require.Zero(t, x.end())
	c := o.box.Credentials()
	o.ok(c.HubSecret, "login", "hub", "--org", "acme", "--host", o.box.Addresses().HubURL, "--token-stdin")

	var others sync.WaitGroup
	for range 2 {
		others.Go(func() {
			if out, code := o.run("", "auth", "refresh"); code != exitOK {
				t.Errorf("%d: %s", code, out)
			}
		})
	}
	others.Wait()
	got, code := o.status()
	require.Zero(t, code, "%+v", got)
	o.clean()
}
