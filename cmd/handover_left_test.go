package cmd

import (
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/report"
)

// pushBroken moves a tag to an image of two platforms, and then deletes one of
// them, as can be done on a repository's page.
func pushBroken(t *testing.T, box *sandbox.Sandbox, repository, tag string) {
	t.Helper()
	user, _, _ := strings.Cut(repository, "/")
	as := remote.WithAuth(&authn.Basic{Username: user, Password: box.Credentials().Members[user]})
	to, err := name.NewRepository(box.Addresses().RegistryHost + "/" + repository)
	require.NoError(t, err)
	index, err := random.Index(64, 1, 2)
	require.NoError(t, err)
	require.NoError(t, remote.WriteIndex(to.Tag(tag), index, as))
	m, err := index.IndexManifest()
	require.NoError(t, err)
	require.NoError(t, remote.Delete(to.Digest(m.Manifests[1].Digest.String()), as))
}

// One image that nobody can pull any more does not hold up the hundred others
// of its repository: the plan names it, and so does the report.
func TestATagThatCannotBeCopiedIsLeftAndNamed(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	pushBroken(t, w.box, "priya-nair/build-cache", "old")
	tags := repositoryOf(t, w.box.State(), "priya-nair/build-cache").Tags
	w.run(guide.StepHandOver)
	for w.state.Phase != guide.PhaseApproving {
		w.act()
	}
	require.Contains(t, w.state.Plan.Notes, "Not copied from priya-nair/build-cache: tag old, because the original lacks a part of it; it stays at the original alone.")
	w.act() // copies and verifies
	require.True(t, w.state.Check.OK, w.state.Check.Text)
	w.goOn(guide.StepReport)
	w.cured("priya-nair", "backend")
	after := repositoryOf(t, w.box.State(), "acme/build-cache").Tags
	require.Len(t, after, len(tags)-1)
	require.NotContains(t, after, "old")
	require.Contains(t, report.Markdown(w.state.Case), "- the tag old of priya-nair/build-cache, ")
}

// What was approved is that this very image stays behind.
func TestATagThatWasLeftAndMovesHoldsTheRemovalUp(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	pushBroken(t, w.box, "priya-nair/build-cache", "old")
	w.run(guide.StepRemove)
	for w.state.Phase != guide.PhaseApproving {
		w.act()
	}
	pushBroken(t, w.box, "priya-nair/build-cache", "old")
	w.send(guide.Approved{Digest: w.state.Plan.Digest(), Typed: "priya-nair", At: w.clock.now()})
	require.Equal(t, guide.PhaseFailed, w.state.Phase)
	require.Contains(t, w.state.Problem.Detail, "removing priya-nair is refused now")
	require.NotEmpty(t, memberOf(t, w.box.State(), "priya-nair").Role)
}

// A repository of which nothing can be copied is left behind by a person, for a
// reason.
func TestARepositoryOfWhichNothingCanBeCopiedIsForAPersonToLeave(t *testing.T) {
	h := newHanding(t, "deploy-tool")
	for tag := range repositoryOf(t, h.box.State(), "priya-nair/deploy-tool").Tags {
		pushBroken(t, h.box, "priya-nair/deploy-tool", tag)
	}
	require.NoError(t, h.plan())
	h.letIn("deploy-tool")
	_, err := h.copy()
	require.ErrorContains(t, err, "none of its tags can be copied")
	h.run(guide.StepHandOver)
	for h.state.Phase != guide.PhaseFailed {
		h.act()
	}
	require.Equal(t, "An original is incomplete", h.state.Problem.Title)
	require.Contains(t, h.state.Problem.Detail, "nothing of priya-nair/deploy-tool can be copied")
	require.Contains(t, engine.RemovalBlockers(h.state.Case), "their repositories have not been handed over and verified")
}
