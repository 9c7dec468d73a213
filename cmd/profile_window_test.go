//go:build !windows

package cmd

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOneKeyGoesOnWithAnotherProfile signs in for two profiles, whose secrets are
// in the encrypted file, and switches between them inside the walk.
func TestOneKeyGoesOnWithAnotherProfile(t *testing.T) {
	t.Parallel()
	const passphrase = "passphrase-canary"
	box := startBox(t)
	s := newShell(t, t.TempDir(), nowhere)
	asked := s.env
	s.env = append(slices.Clip(s.env), "REPROVISION_PASSPHRASE="+passphrase)
	for _, name := range []string{"work", "test"} {
		s.ok(box.Credentials().HubSecret, "login", "hub", "--org", "acme", "--profile", name, "--host", box.Addresses().HubURL, "--token-stdin")
	}

	// The walk opens with the last one, and asks for the passphrase where it is.
	x := openTerminalIn(t, s.home, asked)
	x.see("The credentials are in an encrypted file", "Passphrase", "profile test")
	x.press("wrong" + enter)
	x.see("That passphrase does not open")
	x.press(passphrase + enter)
	x.see("signed in as acme", "Docker SCIM", "profile test")
	x.press("\x1bOR") // f3: letters go into the form
	x.see("The credentials are in an encrypted file", "profile work")
	x.press(passphrase + enter)
	x.see("signed in as acme", "profile work")
	x.press("\x03")
	require.Zero(t, x.end())
	x.requireNoCanary()
	s.noCanary()

	// It is the last one now. Line by line it is a letter.
	got, _ := s.status()
	require.Equal(t, "work", got.Profile)
	lines := openTerminalIn(t, s.home, s.env, "--accessible")
	lines.see("p switches to a profile other than work", "Type yes to sign in")
	lines.press("p" + enter)
	lines.see("p switches to a profile other than test")
	lines.press("q" + enter)
	require.Zero(t, lines.end())
	got, _ = s.status()
	require.Equal(t, "test", got.Profile)

	// Looking at another one opens no walk with it.
	s.ok("", "auth", "status", "--profile", "work")
	got, _ = s.status()
	require.Equal(t, "test", got.Profile)
}

// TestTheWalkAsksWhereToKeepWhatTheKeyringCannot signs in inside the walk, on a
// machine without a keyring.
func TestTheWalkAsksWhereToKeepWhatTheKeyringCannot(t *testing.T) {
	t.Parallel()
	box := startBox(t)
	s := newShell(t, t.TempDir(), nowhere, "REPROVISION_HUB_URL="+box.Addresses().HubURL)
	x := openTerminalIn(t, s.home, s.env, "--org", "acme")
	x.see("Docker Hub, with an access token")
	x.press(box.Credentials().HubSecret + enter)
	x.see("Where should the credentials be kept?", "There is no keyring here", "❯ in a file encrypted", "in memory, for this session")
	x.press(enter)
	x.see("A new encrypted file", "New passphrase")
	x.press("passphrase-canary" + enter)
	x.see("The same passphrase")
	x.press("another" + enter)
	x.see("The two differed")
	x.press("passphrase-canary" + enter)
	x.see("The same passphrase")
	x.press("passphrase-canary" + enter)
	x.see("signed in as acme", "Docker SCIM")
	x.press("\x03")
	require.Zero(t, x.end())
	x.requireNoCanary()

	s.env = append(s.env, "REPROVISION_PASSPHRASE=passphrase-canary")
	got, code := s.status()
	require.Zero(t, code)
	require.Equal(t, fromFile, got.Systems[0].From)
	s.noCanary()

	// Kept in memory, it is gone with the walk, which says so.
	other := newShell(t, t.TempDir(), nowhere, "REPROVISION_HUB_URL="+box.Addresses().HubURL)
	y := openTerminalIn(t, other.home, other.env, "--org", "acme")
	y.see("Docker Hub, with an access token")
	y.press(box.Credentials().HubSecret + enter)
	y.see("in memory, for this session")
	y.press(down + down + enter)
	y.see("signed in as acme")
	y.press("\x03")
	require.Zero(t, y.end())
	y.see("the credential was not stored", "There is no keyring here")
	got, _ = other.status()
	require.Empty(t, got.Systems)
	other.noCanary()
}
