//go:build linux

package credentials

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
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
	require.Contains(t, string(out), "--- PASS: "+t.Name(), "%s", out)
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

	k := NewKeyring()
	conforms(t, k)

	require.NoError(t, k.Set(t.Context(), Account("acme", "Docker Hub"), canary))
	got, err := keyring.Get(Service, "acme · Docker Hub")
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
}
