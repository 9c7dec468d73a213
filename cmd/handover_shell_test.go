//go:build !windows

package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

// TestAnOwnerAndAMemberHandOverOnTwoMachines is the whole story with the real
// program, each of the two in a home of their own: the owner signs in with what
// their profile keeps, the member with their own token, and no credential
// changes hands.
func TestAnOwnerAndAMemberHandOverOnTwoMachines(t *testing.T) {
	box := startBox(t)
	at, cred := box.Addresses(), box.Credentials()
	owner := newShell(t, t.TempDir(), nowhere, "REPROVISION_PASSPHRASE=passphrase-canary")
	member := newShell(t, t.TempDir(), nowhere, "REPROVISION_HUB_URL="+at.HubURL, "REPROVISION_REGISTRY_HOST="+at.RegistryHost)
	stranger := newShell(t, t.TempDir(), nowhere, "REPROVISION_HUB_URL="+at.HubURL, "REPROVISION_HUB_USER="+cred.HubIdentifier, "REPROVISION_HUB_TOKEN="+cred.HubSecret)
	owner.signInEverywhere(box)
	source := repositoryOf(t, box.State(), "priya-nair/deploy-tool")

	plan := filepath.Join(owner.home, "plan.json")
	out := owner.ok("", "handover", "plan", "-o", plan, "--member", "priya-nair", "--repository", "deploy-tool=deployer")
	require.Contains(t, out, "priya-nair/deploy-tool  →  acme/deployer")
	sent := filepath.Join(member.home, "plan.json")
	copyFile(t, plan, sent)

	token := cred.Members["priya-nair"] + "\n"
	give := []string{"handover", "--plan", sent, "--token-stdin", "--yes"}
	out, code := member.run(token, give...)
	require.Equal(t, exitAuth, code, out)
	require.Contains(t, out, "an owner of acme must create it")
	letIn(t, box, "deployer", true)
	out = member.ok(token, give...)
	require.Contains(t, out, "every digest compared")
	require.Contains(t, out, "100 %")
	out, code = member.run(token, give...)
	require.Equal(t, exitRefused, code, out)
	require.Contains(t, out, "a plan can be used only once")

	manifest := filepath.Join(owner.home, "plan.done.json")
	copyFile(t, filepath.Join(member.home, "plan.done.json"), manifest)
	take := []string{"handover", "accept", "--plan", plan, "--manifest", manifest}
	out, code = stranger.run("", take...)
	require.Equal(t, exitRefused, code, out)
	require.Contains(t, out, "was not made on this machine")
	require.Contains(t, owner.ok("", take...), "acme/deployer: all 3 tags in the manifest of priya-nair are present and complete")

	require.NoError(t, box.FlipJIT(t.Context(), false))
	answers := strings.Join([]string{
		"2", "1", "1", "yes", "", "1", // JIT is off; re-provision; cancel the invite; the snapshot
		"3",            // they copied the private ones themselves
		"1", "yes", "", // copy what is public, verify what is handed over
		"1", "priya-nair", "", "1", "yes", "", // remove, push
		"1", "w", "1",
	}, "\n") + "\n"
	out, code = owner.run(answers, "--accessible", "--member", "priya-nair", "--docker-id", "alex-kim")
	require.Zero(t, code, out)
	require.Contains(t, out, "Copied to acme/deployer by priya-nair, to be verified")
	require.Contains(t, out, "acme/deployer holds all 3 tags that priya-nair says they copied")

	after := box.State()
	require.Equal(t, source, repositoryOf(t, after, "priya-nair/deploy-tool"), "the original is as it was")
	require.Equal(t, source.Tags, repositoryOf(t, after, "acme/deployer").Tags)
	require.Equal(t, repositoryOf(t, after, "priya-nair/build-cache").Tags, repositoryOf(t, after, "acme/build-cache").Tags)
	require.Equal(t, sandbox.OriginSCIM, memberOf(t, after, "priya-nair").Origin)
	for _, s := range []*shell{owner, member, stranger} {
		s.noCanary()
	}
}

// A repository may have a tag for every build. The plan can still be read before
// somebody says yes to it, every tag is there for whoever asks, and each is copied.
func TestAPlanOfManyTagsCanBeRead(t *testing.T) {
	const tags = 40
	box := startBox(t)
	owner := newShell(t, t.TempDir(), nowhere, "REPROVISION_PASSPHRASE=passphrase-canary")
	owner.signInEverywhere(box)
	options := []remote.Option{remote.WithAuth(&authn.Basic{Username: "priya-nair", Password: box.Credentials().Members["priya-nair"]})}
	source, err := name.NewRepository(box.Addresses().RegistryHost + "/priya-nair/build-cache")
	require.NoError(t, err)
	image, err := remote.Get(source.Tag("stable"), options...)
	require.NoError(t, err)
	for n := range tags {
		require.NoError(t, remote.Tag(source.Tag(fmt.Sprintf("build-%04d", n)), image, options...))
	}
	require.NoError(t, box.FlipJIT(t.Context(), false))
	out, code := owner.run(strings.Join([]string{
		"2", "1", "1", "yes", "", "1", // JIT is off; re-provision; cancel the invite; the snapshot
		"2",      // none of the private ones is needed
		"1", "t", // plan; hear every tag
		"yes", "", "q",
	}, "\n")+"\n", "--accessible", "--member", "priya-nair", "--docker-id", "alex-kim")
	require.Zero(t, code, out)
	plan, all, _ := strings.Cut(out, "Type t to hear every tag, type yes to run it.")
	require.Contains(t, plan, "Before: 42 tags in priya-nair/build-cache.")
	require.Contains(t, plan, "Tag build-0009: sha256:")
	require.NotContains(t, plan, "Tag build-0010")
	require.Contains(t, plan, "And 32 more tags.")
	for n := range tags {
		require.Contains(t, all, fmt.Sprintf("Tag build-%04d: sha256:", n))
	}
	require.Len(t, repositoryOf(t, box.State(), "acme/build-cache").Tags, tags+2)
	require.LessOrEqual(t, strings.Count(all, " percent"), 4, "nor is every tag read out while it is copied")
	require.Equal(t, 1, strings.Count(all, "\nCopy priya-nair/build-cache to acme/build-cache"), "only when it begins")
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, raw, 0o600))
}
