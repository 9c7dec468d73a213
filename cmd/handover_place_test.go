package cmd

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// make makes a repository of the organization, as somebody else may do meanwhile.
func (w *walk) make(name string, private bool) {
	w.t.Helper()
	client := w.parts.systems.Hub()
	call := client.CreateRepositoryCall(hub.NewRepository{Namespace: "acme", Name: name, Private: private})
	_, err := client.Send(transport.Approve(w.t.Context(), []transport.Call{call}, nil), call)
	require.NoError(w.t, err)
}

// What is private must never lie in a public repository, not even until the copy is
// compared.
func TestNothingPrivateIsCopiedToAPublicRepository(t *testing.T) {
	requireUntouched := func(t *testing.T, w *walk, name string) {
		t.Helper()
		require.Empty(t, repositoryOf(t, w.box.State(), name).Tags)
		for _, r := range w.changing() {
			require.False(t, strings.HasPrefix(r, "registry ") && strings.Contains(r, "/v2/"+name+"/"), r)
		}
	}
	t.Run("that has its name already", func(t *testing.T) {
		w := newWalk(t, "priya-nair", false)
		w.run(guide.StepHandOver)
		w.make("deploy-tool", false)
		for w.state.Verdict.Ask != nil {
			w.act()
		}
		tool := w.state.Case.Repositories.Personal[1]
		require.Equal(t, "acme/priya-nair-deploy-tool", tool.Target)
		require.Contains(t, engine.Proposed(w.state.Case, tool), "acme/deploy-tool is taken by something else")
		w.goOn(guide.StepReport)
		requireUntouched(t, w, "acme/deploy-tool")
		require.True(t, repositoryOf(t, w.box.State(), "acme/priya-nair-deploy-tool").Private)
		w.cured("priya-nair", "backend")
	})
	t.Run("that was given it on purpose", func(t *testing.T) {
		w := newWalk(t, "priya-nair", false)
		w.run(guide.StepHandOver)
		for w.state.Verdict.Ask != nil {
			w.act()
		}
		w.send(guide.HandOverChosen{Repositories: []string{"priya-nair/deploy-tool"}, Choice: engine.HandOverChoice{Target: "acme/deployer", At: w.clock.now()}})
		w.make("deployer", false) // after the look
		p := w.fails()
		require.Contains(t, p.Detail, "acme/deployer is public and the original is private")
		requireUntouched(t, w, "acme/deployer")
		w.send(guide.Back{})
		require.Contains(t, engine.Obstacles(w.state.Case)["priya-nair/deploy-tool"].Problem, "is public and the original is private")
		do, _ := w.state.Verdict.Choice("do")
		require.Contains(t, do.Disabled, "is public")
		w.send(guide.HandOverChosen{Repositories: []string{"priya-nair/deploy-tool"}, Choice: engine.HandOverChoice{Target: "acme/deployer-2", At: w.clock.now()}})
		w.goOn(guide.StepReport)
		w.cured("priya-nair", "backend")
		requireUntouched(t, w, "acme/deployer")
	})
	t.Run("that somebody makes between the plan and the yes", func(t *testing.T) {
		w := newWalk(t, "priya-nair", false)
		w.run(guide.StepHandOver)
		for w.state.Phase != guide.PhaseApproving {
			w.act()
		}
		w.make("deploy-tool", false)
		w.act()
		require.Equal(t, guide.PhaseFailed, w.state.Phase)
		requireUntouched(t, w, "acme/deploy-tool")
		w.send(guide.Back{})
		w.goOn(guide.StepReport)
		w.cured("priya-nair", "backend")
		requireUntouched(t, w, "acme/deploy-tool")
		require.Equal(t, sandbox.OriginSCIM, memberOf(t, w.box.State(), "priya-nair").Origin)
	})
	t.Run("that somebody makes anew when it is about to be filled", func(t *testing.T) {
		w := newWalk(t, "priya-nair", false)
		w.run(guide.StepHandOver)
		for w.state.Phase != guide.PhaseApproving {
			w.act()
		}
		// What was made is answered for, and is then another one.
		made, err := json.Marshal(map[string]any{"name": "deploy-tool", "namespace": "acme", "is_private": false})
		require.NoError(t, err)
		w.box.Fail(sandbox.Fault{System: "hub", Method: http.MethodGet, Path: "/v2/namespaces/acme/repositories/deploy-tool", Times: -1, Status: http.StatusOK, Body: string(made)})
		w.act()
		require.Equal(t, guide.PhaseFailed, w.state.Phase)
		require.Contains(t, w.state.Problem.Detail, "nothing was copied: acme/deploy-tool is public and the original is private")
		requireUntouched(t, w, "acme/deploy-tool")
	})
}
