//go:build !windows

package cmd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

// TestRepositoriesAreChosenByKeyboard renames one copy, leaves one repository
// behind for a reason and copies the rest, and then cures the member. Of the
// three, one has a name that is taken in the organization.
func TestRepositoriesAreChosenByKeyboard(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	x := openTerminal(t, "demo", "--repositories", "1", "--state-file", state)
	x.toTheHandOver()
	x.see("3 personal repositories", "build-cache", "priya-nair-storefr", "❯ Copy them into acme")

	x.press("\x1b[A\x1b[H") // up into the table, and to its beginning
	x.see("❯ [x]  build-cache")
	x.press(" ")
	x.see("Why leave priya-nair/build-cache behind?")
	x.press(enter)
	x.see("A reason is needed")
	x.press("it is built anew every night")
	x.see("❯ it is built anew every night")
	x.press(enter)
	x.see("❯ [ ]  build-cache", "left behind: it is built anew every night", "2 to copy, 1 left behind")

	x.press(down)
	x.see("❯ [x]  deploy-tool")
	x.press("r")
	x.see("What should the copy of priya-nair/deploy-tool be called in acme?", "❯ deploy-tool")
	x.press("\x15billing-api") // ctrl+u empties the line
	x.see("acme/billing-api already exists: choose another name")
	x.press("\x15Deployer")
	x.see("a name has lower case letters")
	x.press("\x15deployer")
	x.see("✓ acme/deployer can be used")
	x.press(enter)
	x.see("❯ [x]  deploy-tool", "private  deployer")
	x.press(enter)
	x.see("Deploys the billing services", "copied to  acme/deployer")
	x.press("c")
	x.see("❯ Copy them into acme", "2 of 3, 1 left behind")
	x.press(enter)
	x.see("4 changes")
	x.confirm()
	x.see("verified", "Every copy equals its original.", "❯ Continue")
	x.press(enter)
	x.fromTheRemovalToTheEnd()

	p := readProof(t, state)
	m := memberOf(t, p.State, "priya-nair")
	require.Equal(t, sandbox.OriginSCIM, m.Origin)
	require.Equal(t, repositoryOf(t, p.State, "priya-nair/deploy-tool").Tags, repositoryOf(t, p.State, "acme/deployer").Tags)
	require.True(t, repositoryOf(t, p.State, "acme/deployer").Private)
	require.Equal(t, repositoryOf(t, p.State, "priya-nair/storefront").Tags, repositoryOf(t, p.State, "acme/priya-nair-storefront").Tags)
	require.False(t, slices.ContainsFunc(p.State.Repositories, func(r sandbox.Repository) bool {
		return r.Name == "acme/build-cache" || r.Name == "acme/deploy-tool"
	}))
	reports, err := filepath.Glob(filepath.Join(x.command.Dir, "reprovision-acme-priya-nair-*.md"))
	require.NoError(t, err)
	require.Len(t, reports, 1)
	report, err := os.ReadFile(reports[0])
	require.NoError(t, err)
	require.Contains(t, string(report), "it is built anew every night")
	require.Contains(t, string(report), "+docker pull acme/deployer:latest")
	require.Contains(t, string(report), "+docker pull acme/priya-nair-storefront:latest")
	require.NotContains(t, string(report), "acme/build-cache")
}

// The same line by line, for whoever sees no table.
func TestRepositoriesAreChosenLineByLine(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	text, code := spoken(t, []string{
		"1", "1", "1", "yes", "", "1", "yes", "s", "", "2", "1", // to the snapshot
		"1", "yes", "sandbox-pat-canary-priya-nair",
		"r1", "b", // back to the list
		"r1", "3", "", "it is built anew every night",
		"/deploy", "r1", "2", "billing-api", "Deployer", "deployer",
		"r9", "r4", // no such one; the organization's own
		"1", "yes", "", // copy
		"1", "priya-nair", "", "1", "yes", "", "1", "w", "1",
	}, "demo", "--accessible", "--member", "priya-nair", "--repositories", "1", "--state-file", state)
	require.Zero(t, code, text)
	for _, wanted := range []string{
		"r1: priya-nair/build-cache, public, 2 tags, 17.8 kB, last push 2025-11-04. To be copied to acme/build-cache.",
		"An answer is needed",
		"Left behind: it is built anew every night.",
		"Not possible: acme/billing-api already exists: choose another name.",
		"Not possible: a name has lower case letters",
		"To be copied to acme/deployer.",
		"acme/storefront is taken by something else, so acme/priya-nair-storefront is proposed.",
		"acme/billing-api stays in acme: they were the last to push 3 of its tags",
	} {
		require.Contains(t, text, wanted)
	}
	p := readProof(t, state)
	require.Equal(t, sandbox.OriginSCIM, memberOf(t, p.State, "priya-nair").Origin)
	require.Equal(t, repositoryOf(t, p.State, "priya-nair/deploy-tool").Tags, repositoryOf(t, p.State, "acme/deployer").Tags)
	require.False(t, slices.ContainsFunc(p.State.Repositories, func(r sandbox.Repository) bool { return strings.HasSuffix(r.Name, "acme/build-cache") }))
}
