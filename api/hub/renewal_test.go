package hub_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// shared is a clock of client and sandbox.
type shared struct {
	mu sync.Mutex
	at time.Time
}

func (c *shared) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *shared) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// workers read at the same time, again and again.
func workers(t *testing.T, c *hub.Client) {
	t.Helper()
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			for range 5 {
				if _, err := c.Teams(t.Context(), "acme"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestManyWorkersRenewTheSessionOnce(t *testing.T) {
	clock := &shared{at: time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)}
	box := sandbox.New(sandbox.Options{Now: clock.now, JWTLife: 10 * time.Minute})
	require.NoError(t, box.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, box.Close()) })
	cred := box.Credentials()
	c, err := hub.New(hub.Options{
		BaseURL: box.Addresses().HubURL, Identifier: cred.HubIdentifier, Secret: func() string { return cred.HubSecret },
		Transport: transport.Options{Now: clock.now},
	})
	require.NoError(t, err)
	count := func() (exchanges, refused int) {
		for _, r := range box.Requests() {
			if r.Path == "/v2/auth/token" {
				exchanges++
			}
			if r.Status == http.StatusUnauthorized {
				refused++
			}
		}
		return exchanges, refused
	}

	workers(t, c)
	exchanges, refused := count()
	require.Equal(t, 1, exchanges)
	require.Zero(t, refused)

	// Ahead of the end: nobody is refused.
	clock.pass(9*time.Minute + 30*time.Second)
	workers(t, c)
	exchanges, refused = count()
	require.Equal(t, 2, exchanges)
	require.Zero(t, refused)

	// Ended early, in the middle of everybody's work: those who are refused share
	// one new token.
	box.EndSessions()
	workers(t, c)
	exchanges, refused = count()
	require.Equal(t, 3, exchanges)
	require.Positive(t, refused)
}
