//go:build !windows

package cmd

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// shell runs the real program in a home of its own and keeps all that it
// prints.
type shell struct {
	t    *testing.T
	home string
	env  []string
	open bool // the keyring is: it answers, and only a busy machine is slower than the program waits

	mu   sync.Mutex
	said bytes.Buffer
}

// newShell has no keyring unless env names a bus that leads to one.
func newShell(t *testing.T, home string, env ...string) *shell {
	t.Helper()
	s := &shell{t: t, home: home, env: append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home, "XDG_STATE_HOME=" + home, "XDG_DATA_HOME=" + home,
		"XDG_RUNTIME_DIR=" + home, "TERM=xterm-256color", "GOCOVERDIR=" + home, "DOCKER_CONFIG=" + home,
	}, env...)}
	return s
}

const nowhere = "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent/bus"

// run runs the program to its end. Where it gave up an open keyring it is run again,
// as it advises.
func (s *shell) run(stdin string, args ...string) (string, int) {
	s.t.Helper()
	for began := time.Now(); ; {
		out, code := s.once(stdin, args...)
		if !s.open || !strings.Contains(out, "keyring did not answer within") || time.Since(began) > patience {
			return out, code
		}
	}
}

// once runs the program to its end, and looks at its command line meanwhile.
func (s *shell) once(stdin string, args ...string) (string, int) {
	s.t.Helper()
	path, err := buildProgram()
	require.NoError(s.t, err)
	ctx, stop := context.WithTimeout(s.t.Context(), patience)
	defer stop()
	c := exec.CommandContext(ctx, path, args...)
	c.Env, c.Dir = s.env, s.home
	in, err := c.StdinPipe()
	require.NoError(s.t, err)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	require.NoError(s.t, c.Start())
	if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", c.Process.Pid)); err == nil {
		require.NotContains(s.t, string(line), "canary", "the command line of the process")
	}
	_, _ = in.Write([]byte(stdin))
	_ = in.Close()
	_ = c.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said.Write(out.Bytes())
	return out.String(), c.ProcessState.ExitCode()
}

// ok runs the program and wants it to succeed.
func (s *shell) ok(stdin string, args ...string) string {
	s.t.Helper()
	out, code := s.run(stdin, args...)
	require.Zero(s.t, code, "%v\n%s", args, out)
	return out
}

func (s *shell) status() (status, int) {
	s.t.Helper()
	out, code := s.run("", "auth", "status", "--json")
	var got status
	require.NoError(s.t, json.Unmarshal([]byte(out), &got), out)
	return got, code
}

// noCanary looks for the sandbox's credentials in everything that was printed,
// and in every file below these folders.
func (s *shell) noCanary(folders ...string) {
	s.t.Helper()
	require.NotContains(s.t, s.said.String(), "canary")
	for _, folder := range append(folders, s.home) {
		requireNoCanary(s.t, folder)
	}
}

func requireNoCanary(t *testing.T, folder string) {
	t.Helper()
	requireNone(t, folder, "canary")
}

// requireNone looks for a secret in the names and the content of all files.
func requireNone(t *testing.T, folder, secret string) {
	t.Helper()
	require.NotEmpty(t, secret)
	require.NoError(t, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		require.NotContains(t, path, secret)
		raw, err := os.ReadFile(path)
		require.NotContains(t, string(raw), secret, "the file %s", path)
		return err
	}))
}

func startBox(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	box := sandbox.New(sandbox.Options{})
	require.NoError(t, box.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, box.Close()) })
	return box
}

// signInEverywhere is what an owner does once.
func (s *shell) signInEverywhere(box *sandbox.Sandbox) {
	s.t.Helper()
	at, c := box.Addresses(), box.Credentials()
	out := s.ok("\n"+c.HubSecret+"\r\n\n", "login", "hub", "--org", "acme", "--host", at.HubURL, "--docker-id", "alex-kim", "--token-stdin")
	require.Contains(s.t, out, "Signed in to Docker Hub as acme")
	require.Contains(s.t, out, "scope-member-read")
	s.ok(c.SCIMToken, "login", "scim", "--host", at.SCIMURL, "--token-stdin")
	s.ok(c.OktaToken, "login", "okta", "--host", at.OktaURL, "--app", c.OktaAppLabel, "--token-stdin")
	s.ok(c.RegistrySecret, "login", "registry", "--host", at.RegistryHost, "--user", c.RegistryUser, "--token-stdin")
}

// lifeOfASignIn goes from the first sign-in to the last trace.
func (s *shell) lifeOfASignIn(box *sandbox.Sandbox, from origin) {
	t := s.t
	t.Helper()
	got, code := s.status()
	require.Equal(t, exitAuth, code)
	require.Empty(t, got.Systems)

	s.signInEverywhere(box)
	asked := time.Now()
	got, code = s.status()
	answered := time.Now()
	require.Zero(t, code, "%+v", got)
	require.Equal(t, "acme", got.Profile)
	require.Equal(t, "alex-kim", got.DockerID)
	require.Len(t, got.Systems, 4)
	for _, st := range got.Systems {
		require.True(t, st.OK, "%+v", st)
		require.Equal(t, from, st.From)
		require.WithinRange(t, st.Proven, asked.Truncate(time.Second), answered)
		require.NotEmpty(t, st.Rights)
	}
	require.Equal(t, engine.Right{Capability: "read members", For: "everything", Granted: engine.Granted, How: "scope-member-read"}, got.Systems[0].Rights[0])
	require.Contains(t, s.ok("", "auth", "status"), string(from))
	s.ok("", "auth", "refresh")

	// The environment wins, and the status says so.
	env := s.env
	s.env = append(slices.Clip(s.env), "REPROVISION_HUB_TOKEN=wrong-canary\n", "REPROVISION_HUB_URL="+box.Addresses().HubURL)
	got, code = s.status()
	require.Equal(t, exitAuth, code)
	require.Equal(t, fromVariables, got.Systems[0].From)
	require.Equal(t, from, got.Systems[0].Hides)
	require.Contains(t, got.Systems[0].Problem, "not accepted")
	s.env = env

	require.Contains(t, s.ok("", "logout", "okta"), "acme · Okta")
	got, _ = s.status()
	require.Len(t, got.Systems, 3)
	s.ok("", "logout", "--all")
	got, code = s.status()
	require.Equal(t, exitAuth, code)
	require.Empty(t, got.Systems)
	require.Contains(t, s.ok("", "logout", "--all"), "Nobody is signed in")
	for _, r := range box.Requests() {
		require.False(t, r.Changing, "%+v", r)
	}
	s.noCanary()
}

func TestASignInOutlivesTheProcessInAnEncryptedFile(t *testing.T) {
	box := startBox(t)
	s := newShell(t, t.TempDir(), nowhere, "REPROVISION_PASSPHRASE=passphrase-canary")
	out := s.ok(box.Credentials().HubSecret, "login", "hub", "--org", "acme", "--host", box.Addresses().HubURL, "--token-stdin")
	require.Contains(t, out, "There is no keyring here")
	require.Contains(t, out, `Kept in the encrypted file as "acme · Docker Hub"`)
	s.noCanary()
	env := s.env
	s.env = append(slices.Clip(s.env), "REPROVISION_PASSPHRASE=another")
	out, code := s.run("", "auth", "status")
	require.Equal(t, exitError, code)
	require.Contains(t, out, "does not open the file")
	s.env = env
	got, code := s.status()
	require.Zero(t, code)
	require.Equal(t, fromFile, got.Systems[0].From)
	s.ok("", "logout")
	left, err := filepath.Glob(filepath.Join(s.home, "reprovision", "*.age"))
	require.NoError(t, err)
	require.Empty(t, left)
	s.noCanary()
}

func TestWithoutAKeyringLoginSaysWhyAndWhatElse(t *testing.T) {
	home, err := os.MkdirTemp("", "bus-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	hanging, err := net.Listen("unix", filepath.Join(home, "hanging"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = hanging.Close() })
	box := startBox(t)
	for why, x := range map[string]struct {
		bus   string
		tries int // each of which takes those two seconds
	}{
		"There is no keyring here": {nowhere, 0},
		"did not answer within 2s": {"DBUS_SESSION_BUS_ADDRESS=unix:path=" + dbus.EscapeBusAddressValue(filepath.Join(home, "hanging")), 1},
	} {
		t.Run(why, func(t *testing.T) {
			s := newShell(t, t.TempDir(), x.bus)
			out, code := s.run(box.Credentials().HubSecret, "login", "hub", "--org", "acme", "--host", box.Addresses().HubURL, "--token-stdin")
			require.Equal(t, exitError, code)
			require.Contains(t, out, why)
			require.Equal(t, x.tries, knocks(t, hanging))
			require.Contains(t, out, "--store file")
			s.noCanary()
		})
	}
}

// knocks counts the connections that nobody has taken up so far.
func knocks(t *testing.T, at net.Listener) int {
	t.Helper()
	const mine = '!'
	last, err := net.Dial("unix", at.Addr().String())
	require.NoError(t, err)
	defer func() { _ = last.Close() }()
	_, err = last.Write([]byte{mine})
	require.NoError(t, err)
	for n := 0; ; n++ {
		c, err := at.Accept()
		require.NoError(t, err)
		var first [1]byte
		_, err = io.ReadFull(c, first[:])
		_ = c.Close()
		if err == nil && first[0] == mine {
			return n
		}
	}
}

func TestOneProfileForEachOrganization(t *testing.T) {
	box := startBox(t)
	s := newShell(t, t.TempDir(), nowhere)
	s.dockerLogin(box)
	login := []string{"login", "hub", "--org", "acme", "--host", box.Addresses().HubURL, "--docker-login"}
	s.ok("", append(login, "--profile", "work")...)
	s.ok("", append(login, "--profile", "test")...)
	require.Contains(t, s.ok("", "profile", "list"), "work")
	got, _ := s.status()
	require.Equal(t, "test", got.Profile, "the last one")
	s.ok("", "profile", "use", "work")
	got, _ = s.status()
	require.Equal(t, "work", got.Profile)
	s.env = append(s.env, "REPROVISION_PROFILE=test")
	got, _ = s.status()
	require.Equal(t, "test", got.Profile)
	out, code := s.run("", "auth", "status", "--profile", "none")
	require.Equal(t, exitUsage, code)
	require.Contains(t, out, "there is test, work")
	out, code = s.run("", "profile", "use", "none")
	require.Equal(t, exitUsage, code, out)
	s.noCanary()
}

func TestWhatLoginCannotUnderstandIsAUsageError(t *testing.T) {
	s := newShell(t, t.TempDir(), nowhere)
	for want, args := range map[string][]string{
		"name one system":         {"login"},
		"which organization":      {"login", "scim", "--token-stdin"},
		"--host is required":      {"login", "okta", "--org", "acme", "--token-stdin"},
		"cannot be used together": {"login", "hub", "--org", "acme", "--token-stdin", "--password"},
		"keyring, file or":        {"login", "hub", "--org", "acme", "--store", "clipboard"},
		"invalid argument":        {"logout", "everything"},
		"unknown flag":            {"login", "hub", "--token", "x"},
		"--client-id is required": {"login", "entra", "--org", "acme", "--tenant", "x", "--certificate", "y"},
	} {
		out, code := s.run("", args...)
		require.Equal(t, exitUsage, code, "%v\n%s", args, out)
		require.Contains(t, out, want)
	}
}

func TestAWrongOrWrongKindOfTokenIsNotKept(t *testing.T) {
	box := startBox(t)
	s := newShell(t, t.TempDir(), nowhere)
	hub := []string{"login", "hub", "--org", "acme", "--host", box.Addresses().HubURL, "--token-stdin"}
	out, code := s.run("wrong-canary", hub...)
	require.Equal(t, exitAuth, code)
	require.Contains(t, out, "not accepted")
	_, code = s.run("", hub...)
	require.Equal(t, exitError, code, "no token at all")
	got, _ := s.status()
	require.Empty(t, got.Systems)

	// A personal token signs in, and the table shows what it cannot do. There
	// is nowhere to keep it.
	out, _ = s.run(box.Credentials().Members["alex-kim"], append(hub, "--user", "alex-kim")...)
	require.Regexp(t, `read members\s+everything\s+no`, out)
	require.Contains(t, out, "personal access token")
	s.noCanary()
}

// dockerLogin does what docker login does without a credential helper. Docker's
// own file holds the token in base64, which is why noCanary does not find it.
func (s *shell) dockerLogin(box *sandbox.Sandbox) {
	s.t.Helper()
	basic := base64.StdEncoding.EncodeToString([]byte("acme:" + box.Credentials().HubSecret))
	config := `{"auths":{"https://index.docker.io/v1/":{"auth":"` + basic + `"}}}`
	require.NoError(s.t, os.WriteFile(filepath.Join(s.home, "config.json"), []byte(config), 0o600))
}

func TestTheCredentialOfDockerLoginIsUsedAndNotCopied(t *testing.T) {
	box := startBox(t)
	s := newShell(t, t.TempDir(), nowhere)
	hub := []string{"login", "hub", "--org", "acme", "--host", box.Addresses().HubURL, "--docker-login"}
	out, code := s.run("", hub...)
	require.Equal(t, exitError, code)
	require.Contains(t, out, "docker login")

	s.dockerLogin(box)
	require.Contains(t, s.ok("", hub...), "by docker login, and is not copied")
	settings, err := os.ReadFile(filepath.Join(s.home, "reprovision", "settings.json"))
	require.NoError(t, err)
	require.Contains(t, string(settings), `"docker_login": true`)
	left, err := filepath.Glob(filepath.Join(s.home, "reprovision", "*.age"))
	require.NoError(t, err)
	require.Empty(t, left)
	s.ok("", "logout")
	s.noCanary()
}

// inKeyringSession marks the process that runs on a session bus of its own,
// and names its home.
const inKeyringSession = "REPROVISION_TEST_KEYRING_SESSION"

// TestASignInOutlivesTheProcessInTheSecretService runs the program against a
// real gnome-keyring, in a second process whose session bus, home and runtime
// directory are its own.
func TestASignInOutlivesTheProcessInTheSecretService(t *testing.T) {
	if home := os.Getenv(inKeyringSession); home != "" {
		useKeyring(t, home)
		return
	}
	for _, program := range []string{"dbus-run-session", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: install dbus and gnome-keyring to test against a real Secret Service", program)
		}
	}
	self, err := os.Executable()
	require.NoError(t, err)
	path, err := buildProgram()
	require.NoError(t, err)
	home := t.TempDir()
	c := exec.CommandContext(t.Context(), "dbus-run-session", "--", self, "-test.run=^"+t.Name()+"$", "-test.v", "-test.count=1")
	c.Env = append(newShell(t, home).env, inKeyringSession+"="+home, builtProgram+"="+path, "LANG=C.UTF-8")
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: "+t.Name(), "%s", out)
	t.Logf("%s", out)
	requireNoCanary(t, home)
}

func useKeyring(t *testing.T, home string) {
	t.Helper()
	daemon := exec.CommandContext(t.Context(), "gnome-keyring-daemon", "--daemonize", "--unlock", "--components=secrets")
	daemon.Stdin, daemon.Env = strings.NewReader("a password for this test only"), os.Environ()
	out, err := daemon.CombinedOutput()
	require.NoError(t, err, "%s", out)

	box := startBox(t)
	s := newShell(t, home, "DBUS_SESSION_BUS_ADDRESS="+os.Getenv("DBUS_SESSION_BUS_ADDRESS"))
	s.open = true
	s.lifeOfASignIn(box, fromKeyring)

	// Locked: one sentence, in time, and what cannot be read is not deleted.
	s.signInEverywhere(box)
	lockKeyring(t)
	s.open = false
	got, code := s.status()
	t.Logf("locked: %s", got.StoreFault)
	require.Equal(t, exitAuth, code)
	require.NotEmpty(t, got.StoreFault)
	said, code := s.run("", "logout")
	require.Equal(t, exitError, code, said)

	// A new sign-in goes to the file then, and the locked one is not lost.
	s.env = append(s.env, "REPROVISION_PASSPHRASE=passphrase-canary")
	c := box.Credentials()
	s.ok(c.HubSecret, "login", "hub", "--org", "acme", "--host", box.Addresses().HubURL, "--token-stdin")
	got, _ = s.status()
	require.Equal(t, engine.SystemHub, got.Systems[0].System)
	require.Equal(t, fromFile, got.Systems[0].From)
	require.True(t, got.Systems[0].OK)
	require.NotEmpty(t, got.StoreFault, "SCIM's is still in the keyring")
	s.noCanary()
}

func lockKeyring(t *testing.T) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets",
		"org.freedesktop.Secret.Service.Lock", "array:objpath:/org/freedesktop/secrets/collection/login").CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func TestATokenInTheWrongFieldIsRecognised(t *testing.T) {
	box := startBox(t)
	s := newShell(t, t.TempDir(), nowhere)
	at := box.Addresses()
	const jwt = "eyJhbGciOiJub25lIn0.eyJjYW5hcnkiOnRydWV9."
	for _, x := range []struct{ system, host, secret, want string }{
		{"hub", at.HubURL, "dckr_pat_canary", "Docker Hub lets none read an organization"},
		{"hub", at.HubURL, "dckr_oat_canary", "it goes with that organization's name"},
		{"hub", at.HubURL, jwt, "not an access token of Docker"},
		{"hub", at.HubURL, "any-canary", "mistyped, expired or revoked"},
		{"scim", at.SCIMURL, "dckr_oat_canary", "Sign in here with the SCIM API token"},
		{"scim", at.SCIMURL, box.Credentials().OktaToken, "SCIM wants the token that Docker Home shows"},
		{"okta", at.OktaURL, "dckr_pat_canary", "Sign in here with an API token of Okta"},
		{"okta", at.OktaURL, jwt, "Sign in here with an API token of Okta"},
		{"entra", at.EntraURL, "dckr_oat_canary", "an access token for Microsoft Graph"},
		{"entra", at.EntraURL, jwt, "mistyped, expired or revoked"},
		{"registry", at.RegistryHost, "dckr_pat_canary", "mistyped, expired or revoked"},
		{"registry", at.RegistryHost, "-----BEGIN PRIVATE KEY-----\ncanary", "an access token of Docker"},
	} {
		args := []string{"login", x.system, "--org", "acme", "--host", x.host, "--token-stdin"}
		if x.system == "registry" {
			args = append(args, "--user", "acme")
		}
		out, code := s.run(x.secret, args...)
		require.Equal(t, exitAuth, code, "%s: %s", x.system, out)
		require.Contains(t, out, x.want, "%s: %s", x.system, x.secret)
		require.NotContains(t, out, jwt)
	}
	s.noCanary()
}

// A screen reader speaks what is written: nothing may be drawn over.
func TestLoginLineByLineWritesLinesOnly(t *testing.T) {
	box := startBox(t)
	s := newShell(t, t.TempDir(), nowhere, "REPROVISION_PASSPHRASE=passphrase-canary")
	for _, how := range []struct {
		env  []string
		args []string
	}{{nil, []string{"--accessible"}}, {[]string{"ACCESSIBLE=1"}, nil}} {
		x := openTerminalIn(t, s.home, append(slices.Clip(s.env), how.env...), append([]string{"login", "hub", "--org", "acme", "--host", box.Addresses().HubURL}, how.args...)...)
		x.see("an access token", "username and password", "Sign in with:")
		x.press("1\n")
		x.see("Organization name", "[acme]:")
		x.press("\n")
		x.see("Token:")
		x.press(box.Credentials().HubSecret + "\n")
		x.see("Signed in to Docker Hub as acme", "read the audit log", "Kept in the")
		require.Zero(t, x.end())
		x.requireNoCanary()
		x.mu.Lock()
		require.NotContains(t, x.raw.String(), "\x1b")
		x.mu.Unlock()
	}
	s.noCanary()
}
