package remedy_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// A removal rests on copies that were verified some time before.
func TestARemovalIsRefusedWhenACopyIsNoLongerWhatWasVerified(t *testing.T) {
	public, err := json.Marshal(map[string]any{"name": "deploy-tool", "namespace": "acme", "is_private": false})
	require.NoError(t, err)
	for name, x := range map[string]struct {
		faults []sandbox.Fault
		says   string
	}{
		"a tag of it was deleted": {
			[]sandbox.Fault{{System: "registry", Path: "/v2/acme/build-cache/manifests/nightly", Status: http.StatusNotFound}},
			"the tag nightly of acme/build-cache, the copy of priya-nair/build-cache, is no longer what was verified",
		},
		"it was opened to everybody": {
			[]sandbox.Fault{{System: "hub", Path: "/v2/namespaces/acme/repositories/deploy-tool", Status: http.StatusOK, Body: string(public)}},
			"acme/deploy-tool is public and the original is private",
		},
		"it was deleted": {
			[]sandbox.Fault{
				{System: "hub", Path: "/v2/namespaces/acme/repositories/deploy-tool", Status: http.StatusNotFound},
				{System: "registry", Path: "/v2/acme/deploy-tool/", Status: http.StatusNotFound},
			},
			"acme/deploy-tool, the copy of priya-nair/deploy-tool, is not there any more",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "priya-nair", false)
			c := readyToRemove(b, b.observed("priya-nair"))
			a := b.actions[engine.ActionRemove]
			_, err := a.Guards(t.Context(), c)
			require.NoError(t, err)
			for _, f := range x.faults {
				f.Times = -1
				b.box.Fail(f)
			}
			_, err = a.Guards(t.Context(), c)
			require.ErrorContains(t, err, "removing priya-nair is refused now")
			require.ErrorContains(t, err, x.says)
		})
	}
}
