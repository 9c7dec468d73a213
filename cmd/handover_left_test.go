package cmd

import (
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/report"
)

// asItsOwner is a member's own repository, and their credential for it.
func asItsOwner(t *testing.T, box *sandbox.Sandbox, repository string) (name.Repository, remote.Option) {
	t.Helper()
	user, _, _ := strings.Cut(repository, "/")
	r, err := name.NewRepository(box.Addresses().RegistryHost + "/" + repository)
	require.NoError(t, err)
	return r, remote.WithAuth(&authn.Basic{Username: user, Password: box.Credentials().Members[user]})
}

// pushBroken moves a tag to an image of two platforms, and then deletes one of
// them, as can be done on a repository's page.
func pushBroken(t *testing.T, box *sandbox.Sandbox, repository, tag string) {
	t.Helper()
	to, as := asItsOwner(t, box, repository)
	index, err := random.Index(64, 1, 2)
	require.NoError(t, err)
	require.NoError(t, remote.WriteIndex(to.Tag(tag), index, as))
	m, err := index.IndexManifest()
	require.NoError(t, err)
	require.NoError(t, remote.Delete(to.Digest(m.Manifests[1].Digest.String()), as))
}

// pushIndex moves a tag to an index that has these bytes.
func pushIndex(t *testing.T, box *sandbox.Sandbox, repository, tag, body string) {
	t.Helper()
	to, as := asItsOwner(t, box, repository)
	raw := static.NewLayer([]byte(body), types.OCIImageIndex)
	require.NoError(t, remote.Put(to.Tag(tag), indexOf{raw, body}, as))
}

const (
	someDigest     = `"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`
	malformedIndex = `{"manifests": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "digest": ` + someDigest + `, "size": -1}]}`
	newerIndex     = `{"manifests": [{"mediaType": "application/vnd.example.manifest.v9+json", "digest": ` + someDigest + `, "size": 9}]}`
)

type indexOf struct {
	v1.Layer

	body string
}

func (i indexOf) RawManifest() ([]byte, error) { return []byte(i.body), nil }

// One image that nobody can pull any more does not hold up the hundred others
// of its repository: the plan names it, and so does the report.
func TestATagThatCannotBeCopiedIsLeftAndNamed(t *testing.T) {
	for why, push := range map[string]func(*testing.T, *sandbox.Sandbox){
		"the original lacks a part of it": func(t *testing.T, box *sandbox.Sandbox) {
			t.Helper()
			pushBroken(t, box, "priya-nair/build-cache", "old")
		},
		"its manifest is malformed": func(t *testing.T, box *sandbox.Sandbox) {
			t.Helper()
			pushIndex(t, box, "priya-nair/build-cache", "old", malformedIndex)
		},
		"it has a format that is not known here": func(t *testing.T, box *sandbox.Sandbox) {
			t.Helper()
			pushIndex(t, box, "priya-nair/build-cache", "old", newerIndex)
		},
	} {
		t.Run(why, func(t *testing.T) { isLeftAndNamed(t, why, push) })
	}
}

func isLeftAndNamed(t *testing.T, why string, push func(*testing.T, *sandbox.Sandbox)) {
	t.Helper()
	w := newWalk(t, "priya-nair", false)
	push(t, w.box)
	tags := repositoryOf(t, w.box.State(), "priya-nair/build-cache").Tags
	w.run(guide.StepHandOver)
	for w.state.Phase != guide.PhaseApproving {
		w.act()
	}
	require.Contains(t, w.state.Plan.Notes, "Not copied from priya-nair/build-cache: tag old, because "+why+"; it stays at the original alone.")
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
	for title, push := range map[string]func(t *testing.T, box *sandbox.Sandbox, repository, tag string){
		"An original is incomplete": pushBroken,
		"An image's manifest is malformed": func(t *testing.T, box *sandbox.Sandbox, repository, tag string) {
			t.Helper()
			pushIndex(t, box, repository, tag, malformedIndex)
		},
	} {
		t.Run(title, func(t *testing.T) {
			h := newHanding(t, "deploy-tool")
			for tag := range repositoryOf(t, h.box.State(), "priya-nair/deploy-tool").Tags {
				push(t, h.box, "priya-nair/deploy-tool", tag)
			}
			require.NoError(t, h.plan())
			h.letIn("deploy-tool")
			_, err := h.copy()
			require.ErrorContains(t, err, "none of its tags can be copied")
			h.run(guide.StepHandOver)
			for h.state.Phase != guide.PhaseFailed {
				h.act()
			}
			require.Equal(t, title, h.state.Problem.Title)
			require.Contains(t, h.state.Problem.Detail, "nothing of priya-nair/deploy-tool can be copied")
			require.Contains(t, engine.RemovalBlockers(h.state.Case), "their repositories have not been handed over and verified")
		})
	}
}
