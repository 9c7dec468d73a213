package cmd

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// A limit of hours and one of minutes call for different things.
func TestWhatToDoAboutARegistrysLimit(t *testing.T) {
	refused := &transport.Error{System: "registry", Status: http.StatusTooManyRequests}
	for window, words := range map[time.Duration]string{
		0:                "over six hours on Docker Hub ",
		6 * time.Hour:    "over 6 hours ",
		time.Hour:        "over 1 hour ",
		90 * time.Minute: "over 1h30m0s ",
	} {
		p := explain(&registry.PullLimitError{Window: window, Err: refused})
		require.Equal(t, "The registry's pull limit is reached", p.Title)
		require.Contains(t, p.Advice, words)
		require.Empty(t, p.System, "signing in again is no cure")
	}
	p := explain(refused)
	require.Equal(t, "The registry's rate limit is reached", p.Title)
	require.Contains(t, p.Advice, "in a few minutes")
}
