package registry_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/registry"
)

func TestDockerHubHasManyNamesAndOneAddress(t *testing.T) {
	for _, host := range []string{"", "docker.io", "index.docker.io", "registry-1.docker.io", " Docker.io "} {
		c, err := registry.New(registry.Options{Host: host})
		require.NoError(t, err, host)
		require.Equal(t, "index.docker.io", c.Host())
		for _, repo := range []string{"acme/tool", "docker.io/acme/tool", "registry-1.docker.io/acme/tool"} {
			require.Equal(t, "https://index.docker.io/v2/acme/tool/", c.UploadPrefix(repo))
		}
	}
}

func TestOnlyLoopbackIsAllowedWithoutTLS(t *testing.T) {
	for host, prefix := range map[string]string{
		"127.0.0.1:5000":   "http://127.0.0.1:5000/v2/acme/tool/",
		"localhost:5000":   "http://localhost:5000/v2/acme/tool/",
		"registry.example": "https://registry.example/v2/acme/tool/",
	} {
		c, err := registry.New(registry.Options{Host: host})
		require.NoError(t, err)
		require.Equal(t, prefix, c.UploadPrefix("acme/tool"))
		require.Equal(t, prefix, c.UploadPrefix(host+"/acme/tool"))
	}
	for _, host := range []string{"https://docker.io", "docker.io/acme", "me@docker.io", "a b"} {
		_, err := registry.New(registry.Options{Host: host})
		require.Error(t, err, host)
	}
}

func TestNamesThatAreNoRepositoryApproveNothing(t *testing.T) {
	c, err := registry.New(registry.Options{Host: "127.0.0.1:5000"})
	require.NoError(t, err)
	for _, bad := range []string{
		"", "acme", "acme/", "/tool", "acme/tool/deeper", "acme/Tool", "acme/tool:latest", "acme/..", "acme/tool?x", "acme/to ol",
		"docker.io/acme/tool", "127.0.0.1:5001/acme/tool", "127.0.0.1:5000/acme",
	} {
		require.Empty(t, c.UploadPrefix(bad), bad)
		_, err := c.Describe(t.Context(), bad, registry.Credential{})
		require.Error(t, err, bad)
		_, err = c.Copy(t.Context(), registry.CopyRequest{Source: "a1/b", Target: bad}, nil)
		require.Error(t, err, bad)
	}
	_, err = c.Copy(t.Context(), registry.CopyRequest{Source: "acme/tool", Target: "127.0.0.1:5000/acme/tool"}, nil)
	require.ErrorContains(t, err, "the same repository")
}

func TestACredentialIsInNoPrintedForm(t *testing.T) {
	secret := registry.Credential{Username: "acme", Secret: func() string { return "canary" }}
	for _, format := range []string{"%v", "%+v", "%#v"} {
		require.NotContains(t, fmt.Sprintf(format, secret), "canary")
		require.NotContains(t, fmt.Sprintf(format, registry.CopyRequest{TargetCredential: secret}), "canary")
	}
}

// tokens puts a token service before a registry, as Docker Hub has one.
func tokens(t *testing.T, s *server, realm func() string) *httptest.Server {
	t.Helper()
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			user, secret, _ := r.BasicAuth()
			assert.Equal(t, s.secrets[user], secret)
			_, _ = fmt.Fprintf(w, `{"token": "token-of-%s"}`, user)
			return
		}
		user, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer token-of-")
		if !found {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm=%q,service="test"`, realm()))
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.SetBasicAuth(user, s.secrets[user])
		s.ServeHTTP(w, r)
	}))
}

func TestATokenServiceIsAskedAndItsTokensUsed(t *testing.T) {
	s := newServer(t)
	s.seed("priya/tool:1", platforms(t, "amd64", "arm64"))
	var h *httptest.Server
	h = tokens(t, s, func() string { return h.URL + "/token" })
	defer h.Close()
	s.host = strings.TrimPrefix(h.URL, "http://")
	c := s.client()
	receipt, err := c.Copy(approved(t.Context(), c, s.handOver().Target), s.handOver(), nil)
	require.NoError(t, err)
	require.Len(t, receipt.Tags, 1)
}

func TestATokenServiceOnAnotherHostGetsNoCredential(t *testing.T) {
	asked := make(chan string, 16)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Get("Authorization")
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer elsewhere.Close()
	s := newServer(t)
	h := tokens(t, s, func() string { return strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1) + "/token" })
	defer h.Close()
	s.host = strings.TrimPrefix(h.URL, "http://")
	_, err := s.client().Describe(t.Context(), "priya/tool", s.credential("priya"))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "canary")
	close(asked)
	for credential := range asked {
		require.Empty(t, credential)
	}
}
