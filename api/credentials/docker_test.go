package credentials

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/stretchr/testify/require"
)

func TestTheCredentialOfDockerLoginIsFound(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("DOCKER_CONFIG", home)
	t.Setenv("XDG_RUNTIME_DIR", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	_, err := DockerLogin(t.Context(), "index.docker.io")
	require.ErrorIs(t, err, ErrNotFound)

	auth := base64.StdEncoding.EncodeToString([]byte("alex-kim:" + canary))
	require.NoError(t, os.WriteFile(filepath.Join(home, "config.json"), []byte(`{"auths":{"https://index.docker.io/v1/":{"auth":"`+auth+`"}}}`), 0o600))
	got, err := DockerLogin(t.Context(), "index.docker.io")
	require.NoError(t, err)
	require.Equal(t, "alex-kim", got.Username)
	require.Equal(t, canary, got.Secret())

	_, err = DockerLogin(t.Context(), "registry.example")
	require.ErrorIs(t, err, ErrNotFound)
}

// chain answers with one configuration, or with an error, or never.
type chain struct {
	config authn.AuthConfig
	err    error
	never  chan struct{}
}

func (c chain) Resolve(authn.Resource) (authn.Authenticator, error) {
	if c.never != nil {
		<-c.never
	}
	return authn.FromConfig(c.config), c.err
}

func TestATokenThatOnlyItsRegistryTakesIsExplained(t *testing.T) {
	_, err := dockerLogin(t.Context(), "index.docker.io", chain{config: authn.AuthConfig{IdentityToken: canary}})
	require.ErrorContains(t, err, "access token")
	require.NotContains(t, err.Error(), canary)
	broken := errors.New("exec: docker-credential-desktop: not found")
	_, err = dockerLogin(t.Context(), "index.docker.io", chain{err: broken})
	require.ErrorIs(t, err, broken)
	_, err = dockerLogin(t.Context(), "no host", chain{})
	require.ErrorContains(t, err, "no host")
}

func TestAHelperThatHangsDoesNotBlockItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chain{never: make(chan struct{})}
		_, err := dockerLogin(t.Context(), "index.docker.io", c)
		require.ErrorContains(t, err, "within 10s")
		ctx, stop := context.WithCancel(t.Context())
		stop()
		_, err = dockerLogin(ctx, "index.docker.io", c)
		require.ErrorIs(t, err, context.Canceled)
		close(c.never)
	})
}
