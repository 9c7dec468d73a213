//go:build !windows

package cmd

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

// TestThePreSCIMMemberIsCuredByKeyboardAlone drives the real program in a
// pseudo-terminal, as a person would, and lets the sandbox's own state prove
// the cure.
func TestThePreSCIMMemberIsCuredByKeyboardAlone(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	x := openTerminal(t, "demo", "--state-file", state)
	x.toTheHandOver()
	x.see("2 personal repositories", "❯ Copy them into acme")
	x.press(enter)
	x.see("4 changes")
	x.confirm()
	x.see("verified", "Every copy equals its original.", "❯ Continue")
	x.press(enter)
	x.fromTheRemovalToTheEnd()

	reports, err := filepath.Glob(filepath.Join(x.command.Dir, "reprovision-acme-priya-nair-*.md"))
	require.NoError(t, err)
	require.Len(t, reports, 1)
	p := readProof(t, state)
	m := memberOf(t, p.State, "priya-nair")
	require.Equal(t, sandbox.OriginSCIM, m.Origin)
	require.Equal(t, "editor", m.Role)
	require.Contains(t, m.Teams, "backend")
	for _, name := range []string{"build-cache", "deploy-tool"} {
		require.Equal(t, repositoryOf(t, p.State, "priya-nair/"+name).Tags, repositoryOf(t, p.State, "acme/"+name).Tags)
	}
	require.True(t, repositoryOf(t, p.State, "acme/deploy-tool").Private)
}

// toTheHandOver walks with priya-nair until her repositories are to be chosen.
func (x *terminal) toTheHandOver() {
	x.t.Helper()
	x.see("Whose role or team is wrong?")
	x.press("priya")
	x.see("priya-nair")
	x.press(enter)
	x.see("Is Just-in-Time provisioning on?", "❯ It is on")
	x.press(enter)
	x.see("SCIM does not manage this account", "certain", "❯ Re-provision")
	x.press(enter)

	x.see("❯ Cancel 1 invite")
	x.press(enter)
	x.see("DELETE", "/v2/invites/")
	x.confirm()
	x.see("verified", "No invite is pending any more.", "❯ Continue")
	x.press(enter)

	x.see("❯ Disable JIT")
	x.press(enter)
	x.see("Disable JIT provisioning")
	x.confirm()
	x.see("Waiting for you")
	x.press("s")
	x.see("verified", "❯ Continue")
	x.press(enter)
	x.see("Is Just-in-Time provisioning on now?", "❯ It is on")
	x.press(down)
	x.see("❯ It is off")
	x.press(enter)

	x.see("❯ Keep this snapshot")
	x.press(enter)
	x.see("Private repositories cannot be seen", "❯ They are here")
	x.press(enter)
	x.see("Personal access token", "Sign in")
	x.press("sandbox-pat-canary-priya-nair")
	x.see("••••")
	x.press(enter)
}

// fromTheRemovalToTheEnd walks on from there, and saves the report.
func (x *terminal) fromTheRemovalToTheEnd() {
	x.t.Helper()
	x.see("❯ Remove them")
	x.press(enter)
	x.see("DELETE", "/v2/orgs/acme/members/priya-nair", "To run this, type", armed)
	x.press("priya-nair")
	x.see("❯ priya-nair")
	x.press(enter)
	x.see("verified", "Docker no longer lists priya-nair.", "❯ Continue")
	x.press(enter)

	x.see("❯ Push from Okta")
	x.press(enter)
	x.see("2 changes")
	x.confirm()
	x.see("verified", "Docker lists them again as editor on backend", "❯ Continue")
	x.press(enter)
	x.see("Cured: Docker shows what the identity provider sends", "❯ Continue to the report")
	x.press(enter)
	x.see("Provisioning report", "❯ Finish")
	x.press("w")
	x.see("saved: reprovision-acme-priya-nair")
	x.press(enter)
	require.Zero(x.t, x.end())
}

// TestTheDryRunByKeyboardChangesNothing walks the same way with --dry-run.
func TestTheDryRunByKeyboardChangesNothing(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	x := openTerminal(t, "demo", "--dry-run", "--member", "priya-nair", "--state-file", state)
	x.see("DRY RUN", "❯ It is on")
	x.press(enter)
	x.see("❯ Re-provision")
	x.press(enter)
	preview := func(choice, shows string) {
		t.Helper()
		x.see("❯ " + choice)
		x.press(enter)
		x.see("Dry run: nothing will be sent", shows, armed)
		x.press(enter)
		x.see("nothing was sent", "❯ Continue")
		x.press(enter)
	}
	preview("Cancel 1 invite", "/v2/invites/")
	preview("Disable JIT", "Disable JIT provisioning")
	x.see("❯ Keep this snapshot")
	x.press(enter)
	x.see("❯ They are here")
	x.press(enter)
	x.see("Personal access token")
	x.press("sandbox-pat-canary-priya-nair")
	x.see("••••")
	x.press(enter)
	preview("Copy them into acme", "Make the private repository acme/deploy-tool")
	preview("Remove them", "/v2/orgs/acme/members/priya-nair")
	preview("Push from Okta", "Assign priya.nair@acme.example again")
	x.see("Dry run: Docker is as it was", "❯ Continue to the report")
	x.press(enter)
	x.see("❯ Finish")
	x.press(enter)
	require.Zero(t, x.end())

	p := readProof(t, state)
	require.False(t, slices.ContainsFunc(p.Requests, func(r sandbox.Request) bool { return r.Changing }))
	require.NotEmpty(t, p.Requests)
	fresh := sandbox.New(sandbox.Options{})
	require.NoError(t, fresh.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, fresh.Close()) })
	require.True(t, string(fresh.State().JSON()) == string(p.State.JSON()), "the sandbox is as it was, byte for byte")
}

// TestTheDemoDoesTheClicksThatAStepAsksFor lets the demo change the attributes,
// and leaves the JIT switch alone.
func TestTheDemoDoesTheClicksThatAStepAsksFor(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	x := openTerminal(t, "demo", "--member", "noor-haddad", "--state-file", state)
	x.see("Is Just-in-Time provisioning on?")
	x.take("It is on")
	x.take("Keep JIT, match the attributes")
	x.take("Change the SSO attributes")
	x.see(`dockerRole: SCIM sends "editor", sign-in carries "member"`)
	x.confirm()
	x.see("Waiting for you")
	x.press("s")
	x.see("verified", "Sign-in carries what SCIM sends.")
	x.press("q")
	x.take("Leave now")
	require.Zero(t, x.end())
	require.True(t, readProof(t, state).State.Connection.JIT)
}

func TestAResizedTerminalIsDrawnAnew(t *testing.T) {
	x := openTerminal(t, "demo", "--member", "sam-okafor")
	x.see("Nothing is wrong", "Find the cause")
	for _, size := range []struct{ width, height int }{{80, 24}, {60, 20}, {40, 12}, {terminalWidth, terminalHeight}} {
		x.screen.Resize(size.width, size.height)
		require.NoError(t, pty.Setsize(x.file, &pty.Winsize{Rows: uint16(size.height), Cols: uint16(size.width)}))
		x.see("Nothing is wrong")
	}
	x.see("Find the cause", "❯ Continue")
}
