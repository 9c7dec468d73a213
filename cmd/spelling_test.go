package cmd

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// Docker IDs have no capital letters, and people type them.
func TestNamesThatAreTypedWithCapitalsAreTheSame(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	w.state = guide.New(engine.Case{Org: "Acme", Username: "Priya-Nair"})
	w.run(guide.StepReport)
	w.cured("priya-nair", "backend")
	require.NotEmpty(t, repositoryOf(t, w.box.State(), "acme/deploy-tool").Tags)

	h := newHanding(t, "deploy-tool")
	for flag, value := range map[*string]string{&h.owner.org: "Acme", &h.owner.member: "Priya-Nair"} {
		require.NoError(t, (*dockerName)(flag).Set(value))
	}
	require.NoError(t, h.plan())
	h.letIn("deploy-tool")
	_, err := h.copy()
	require.NoError(t, err)
	require.NoError(t, h.accept())
}
