package cmd

import (
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/report"
)

// pushChart pushes what "helm push" does.
func pushChart(t *testing.T, box *sandbox.Sandbox, repository, tag string) {
	t.Helper()
	to, as := asItsOwner(t, box, repository)
	chart := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), "application/vnd.cncf.helm.config.v1+json")
	chart, err := mutate.AppendLayers(chart, static.NewLayer([]byte("a chart"), "application/vnd.cncf.helm.chart.content.v1.tar+gzip"))
	require.NoError(t, err)
	require.NoError(t, remote.Write(to.Tag(tag), chart, as))
}

// Whoever copies a chart, the owner or the member, the report says how to pull it.
func TestTheReportTellsHowToPullACopiedChart(t *testing.T) {
	h := newHanding(t, "deploy-tool")
	pushChart(t, h.box, "priya-nair/deploy-tool", "1.2.0")
	pushChart(t, h.box, "priya-nair/build-cache", "3.4.0")
	require.NoError(t, h.plan())
	h.letIn("deploy-tool")
	_, err := h.copy()
	require.NoError(t, err)
	require.NoError(t, h.accept())
	h.answers[engine.AskPrivate] = engine.PrivateHanded
	h.secret = ""
	h.run(guide.StepReport)
	text := report.Markdown(h.state.Case)
	require.Contains(t, text, "+helm pull oci://registry-1.docker.io/acme/deploy-tool --version 1.2.0\n")
	require.Contains(t, text, "+helm pull oci://registry-1.docker.io/acme/build-cache --version 3.4.0\n")
	require.NotContains(t, text, "docker pull acme/deploy-tool:1.2.0")
	require.NotContains(t, text, "docker pull acme/build-cache:3.4.0")
	require.Contains(t, text, "+docker pull acme/deploy-tool:", "the images beside them")
}
