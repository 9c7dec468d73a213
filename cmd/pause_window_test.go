//go:build !windows

package cmd

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
)

func TestByKeyboardACredentialThatIsRevokedHalfWayPausesTheWalk(t *testing.T) {
	for id, title := range map[engine.SystemID]string{
		engine.SystemHub: "Docker Hub", engine.SystemSCIM: "Docker SCIM", engine.SystemOkta: "Okta", engine.SystemEntra: "Microsoft Entra ID",
	} {
		t.Run(string(id), func(t *testing.T) {
			t.Parallel()
			var adjust []func(*window)
			if id == engine.SystemEntra {
				adjust = append(adjust, atEntra)
			}
			w := openWindow(t, "priya-nair", adjust...)
			w.toDiagnosis()
			w.see("SCIM does not manage this account")
			next := w.box.Rotate(string(id))
			w.take("Look again")
			w.see("Sign in again", "not accepted", title, "refuses the credential", "Try again as it is")
			if id == engine.SystemHub {
				require.NotContains(t, w.text(), "Continue without", "it is needed")
			} else {
				require.Contains(t, w.text(), "Continue without "+title)
			}
			w.press("wrong-canary" + enter)
			w.see("▲ The credential was not accepted.")
			w.press(next + enter)
			w.see("Find the cause", "SCIM does not manage this account", "Re-provision")
			w.press("q")
			w.over()
			w.requireNoCanary()
		})
	}
}
