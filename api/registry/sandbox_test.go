package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

func TestAgainstTheSandboxAPrivateRepositoryGoesToTheOrganization(t *testing.T) {
	s := sandbox.New(sandbox.Options{})
	require.NoError(t, s.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	credentials, host := s.Credentials(), s.Addresses().RegistryHost
	c, err := registry.New(registry.Options{Host: host})
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)

	for repo, private := range map[string]bool{"build-cache": false, "deploy-tool": true} {
		r := registry.CopyRequest{
			Source: host + "/priya-nair/" + repo, Target: host + "/acme/" + repo,
			SourceCredential: registry.Credential{Username: "priya-nair", Secret: func() string { return credentials.Members["priya-nair"] }},
			TargetCredential: registry.Credential{Username: credentials.RegistryUser, Secret: func() string { return credentials.RegistrySecret }},
		}
		receipt, err := c.Copy(approved(t.Context(), c, r.Target), r, nil)
		require.NoError(t, err)
		require.Equal(t, private, receipt.Sent > 0, "what the organization may read is mounted")
		tags, err := c.Describe(t.Context(), r.Source, r.SourceCredential)
		require.NoError(t, err)
		require.Len(t, receipt.Tags, len(tags))
		differences, err := c.Compare(t.Context(), r)
		require.NoError(t, err)
		require.Empty(t, differences)
	}
}
