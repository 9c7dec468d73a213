package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func TestACredentialIsProvenWithoutReadingARepository(t *testing.T) {
	s := newServer(t)
	c := s.client(func(o *registry.Options) { o.Transport.ReadOnly = true })
	require.NoError(t, c.Prove(t.Context(), registry.Credential{Username: "acme", Secret: func() string { return "acme-canary" }}))
	for _, r := range s.log {
		require.Equal(t, "/v2/", r.path)
	}
	err := c.Prove(t.Context(), registry.Credential{Username: "acme", Secret: func() string { return "wrong-canary" }})
	require.ErrorIs(t, err, transport.ErrUnauthorized)
	require.ErrorContains(t, err, `as "acme"`)
	require.NotContains(t, err.Error(), "canary")
	require.Error(t, c.Prove(t.Context(), registry.Credential{}))
}
