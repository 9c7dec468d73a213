//go:build linux

package credentials

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/stretchr/testify/require"
	"github.com/zalando/go-keyring"
)

// inPrivateSession marks the process that runs on a session bus of its own,
// and names its home.
const inPrivateSession = "REPROVISION_TEST_PRIVATE_SESSION"

// TestTheSecretServiceIsAStore runs the conformance test against a real
// gnome-keyring, in a second process whose session bus, home and runtime
// directory are its own, so that it cannot reach the keyring of whoever runs
// the tests.
func TestTheSecretServiceIsAStore(t *testing.T) {
	if home := os.Getenv(inPrivateSession); home != "" {
		useSecretService(t, home)
		return
	}
	for _, program := range []string{"dbus-run-session", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: install dbus and gnome-keyring to test against a real Secret Service", program)
		}
	}
	self, err := os.Executable()
	require.NoError(t, err)
	home := t.TempDir()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	run := exec.CommandContext(ctx, "dbus-run-session", "--", self, "-test.run=^"+t.Name()+"$", "-test.v", "-test.count=1")
	run.Env = []string{
		"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", inPrivateSession + "=" + home,
		"HOME=" + home, "XDG_RUNTIME_DIR=" + home, "XDG_DATA_HOME=" + filepath.Join(home, "data"),
		"XDG_CONFIG_HOME=" + filepath.Join(home, "config"), "XDG_CACHE_HOME=" + filepath.Join(home, "cache"),
		"GOCOVERDIR=" + home,
	}
	out, err := run.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Logf("%s", out)
	require.Contains(t, string(out), "--- PASS: "+t.Name(), "%s", out)
}

// patientKeyring waits for an answer that is bound to come, however busy the machine
// is.
func patientKeyring() *Keyring {
	k := NewKeyring()
	k.timeout = 2 * time.Minute
	return k
}

func useSecretService(t *testing.T, home string) {
	t.Helper()
	require.NotEmpty(t, os.Getenv("DBUS_SESSION_BUS_ADDRESS"))
	require.Equal(t, home, os.Getenv("HOME"))

	// The password on standard input makes the login keyring and unlocks it.
	// The daemon goes to the background once it answers on the bus, and ends
	// with the bus.
	daemon := exec.CommandContext(t.Context(), "gnome-keyring-daemon", "--daemonize", "--unlock", "--components=secrets")
	daemon.Stdin = strings.NewReader("a password for this test only")
	var said bytes.Buffer
	daemon.Stderr = &said
	require.NoError(t, daemon.Run(), "%s", &said)

	k := patientKeyring()
	conforms(t, k)
	long := strings.Repeat(canary, 500)
	require.NoError(t, k.Set(t.Context(), Account("acme", "Entra"), long))
	got, err := k.Get(t.Context(), Account("acme", "Entra"))
	require.NoError(t, err)
	require.Equal(t, long, got)
	require.NoError(t, k.Delete(t.Context(), Account("acme", "Entra")))

	require.NoError(t, k.Set(t.Context(), Account("acme", "Docker Hub"), canary))
	got, err = keyring.Get(Service, "acme · Docker Hub")
	require.NoError(t, err)
	require.Equal(t, canary, got)

	stored, err := filepath.Glob(filepath.Join(home, "data", "keyrings", "*.keyring"))
	require.NoError(t, err)
	require.NotEmpty(t, stored, "the keyring lies in the session's own home")
	for _, file := range stored {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NotContains(t, string(content), canary, "it is encrypted")
	}

	lock(t)
	requireRefusal(t, NewKeyring(), ErrLocked, ErrTimeout) // which one depends on whether a window could ask
}

// requireRefusal wants an answer that says why the keyring cannot be used. That
// one which did not come is given up after Timeout is measured under fake time.
func requireRefusal(t *testing.T, k *Keyring, wanted ...error) {
	t.Helper()
	began := time.Now()
	_, err := k.Get(t.Context(), Account("acme", "Docker Hub"))
	require.True(t, slices.ContainsFunc(wanted, func(e error) bool { return errors.Is(err, e) }), "%v", err)
	require.NotEmpty(t, Reason(err))
	t.Logf("after %s: %v: %s", time.Since(began).Round(time.Millisecond), err, Reason(err))
}

// lock locks the login keyring, as a desktop does when its user is away.
func lock(t *testing.T) {
	t.Helper()
	bus, err := dbus.SessionBusPrivate()
	require.NoError(t, err)
	defer func() { require.NoError(t, bus.Close()) }()
	require.NoError(t, bus.Auth(nil))
	require.NoError(t, bus.Hello())
	var locked []dbus.ObjectPath
	var prompt dbus.ObjectPath
	require.NoError(t, bus.Object("org.freedesktop.secrets", "/org/freedesktop/secrets").
		Call("org.freedesktop.Secret.Service.Lock", 0, []dbus.ObjectPath{"/org/freedesktop/secrets/collection/login"}).
		Store(&locked, &prompt))
	require.NotEmpty(t, locked)
}

// TestAMissingOrHangingBusIsReportedInTime uses a process of its own, because
// the library keeps its connection to the bus.
func TestAMissingOrHangingBusIsReportedInTime(t *testing.T) {
	if how := os.Getenv(inPrivateSession); how != "" {
		if how == "hanging" {
			requireRefusal(t, NewKeyring(), ErrTimeout)
		} else {
			requireRefusal(t, patientKeyring(), ErrUnavailable)
		}
		return
	}
	self, err := os.Executable()
	require.NoError(t, err)
	home, err := os.MkdirTemp("", "bus-") // short: the address of a socket is
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	hanging, err := net.Listen("unix", filepath.Join(home, "hanging"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = hanging.Close() })
	for _, how := range []string{"absent", "hanging", "without a service"} {
		t.Run(how, func(t *testing.T) {
			command := []string{self, "-test.run=^TestAMissingOrHangingBusIsReportedInTime$", "-test.v", "-test.count=1"}
			if how == "without a service" {
				if _, err := exec.LookPath("dbus-run-session"); err != nil {
					t.Skip("dbus-run-session is not installed: install dbus to test a bus without a Secret Service")
				}
				command = append([]string{"dbus-run-session", "--config-file=" + bareBus(t, home), "--"}, command...)
			}
			run := exec.CommandContext(t.Context(), command[0], command[1:]...)
			run.Env = []string{
				"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + home, inPrivateSession + "=" + how,
				"DBUS_SESSION_BUS_ADDRESS=unix:path=" + dbus.EscapeBusAddressValue(filepath.Join(home, how)), "GOCOVERDIR=" + home,
			}
			out, err := run.CombinedOutput()
			require.NoError(t, err, "%s", out)
			require.Contains(t, string(out), "after ")
			t.Logf("%s", out)
		})
	}
}

// bareBus writes the configuration of a session bus that starts no service by
// itself.
func bareBus(t *testing.T, home string) string {
	t.Helper()
	path := filepath.Join(home, "bus.conf")
	require.NoError(t, os.WriteFile(path, []byte(`<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=`+dbus.EscapeBusAddressValue(home)+`</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`), 0o600))
	return path
}
