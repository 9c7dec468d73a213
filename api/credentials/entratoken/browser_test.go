package entratoken_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/credentials/entratoken"
	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func start(t *testing.T) (*sandbox.Sandbox, entratoken.Options) {
	t.Helper()
	box := sandbox.New(sandbox.Options{})
	require.NoError(t, box.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, box.Close()) })
	c := box.Credentials()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM([]byte(c.EntraSignInCA)))
	base := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(base.CloseIdleConnections)
	return box, entratoken.Options{
		Tenant: c.EntraTenant, ClientID: c.EntraClientID, Authority: box.Addresses().EntraSignIn,
		Transport: transport.Options{ReadOnly: true, Base: base},
	}
}

func TestAPersonSignsInInTheBrowserOfThisMachine(t *testing.T) {
	box, o := start(t)
	var kept []string
	keep := func(_ context.Context, k string) error { kept = append(kept, k); return nil }
	browser := box.Browser()
	s, err := entratoken.Browser(t.Context(), o, func(p entratoken.Prompt) {
		page, err := url.Parse(p.URL)
		require.NoError(t, err)
		require.Equal(t, "S256", page.Query().Get("code_challenge_method"))
		require.NotEmpty(t, page.Query().Get("state"))
		// Another page that guesses at the address is not listened to.
		forged, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page.Query().Get("redirect_uri")+"?code=forged&state=forged", http.NoBody)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(forged)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusBadRequest, answer.StatusCode)
		browser.Visit(t.Context(), p.URL, true)
	}, keep)
	require.NoError(t, err)
	last, err := browser.Wait()
	require.NoError(t, err)
	require.Contains(t, last, "You are signed in")
	token, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Contains(t, token, "sandbox-entra-access-canary-")
	require.Len(t, kept, 1)
	require.Len(t, box.Verifiers(), 1)

	again, err := entratoken.Resume(t.Context(), o, kept[0], keep)
	require.NoError(t, err)
	next, err := again.Token(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, token, next)
	require.Len(t, kept, 2, "Entra changed what to go on with")
}

func TestARefusalInTheBrowserAndACancelEndTheSignIn(t *testing.T) {
	box, o := start(t)
	browser := box.Browser()
	_, err := entratoken.Browser(t.Context(), o, func(p entratoken.Prompt) { browser.Visit(t.Context(), p.URL, false) }, nil)
	require.ErrorIs(t, err, transport.ErrUnauthorized)
	require.ErrorContains(t, err, "The resource owner denied the request")
	_, err = browser.Wait()
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	_, err = entratoken.Browser(ctx, o, func(entratoken.Prompt) { cancel() }, nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestADeviceAndAServiceSignInAgainstTheSandbox(t *testing.T) {
	box, o := start(t)
	browser := box.Browser()
	s, err := entratoken.Device(t.Context(), o, func(p entratoken.Prompt) {
		browser.Visit(t.Context(), p.URL+"?user_code="+p.Code, true)
	}, nil)
	require.NoError(t, err)
	_, err = browser.Wait()
	require.NoError(t, err)
	_, err = s.Token(t.Context())
	require.NoError(t, err)

	secret := box.Credentials().EntraClientSecret
	service, err := entratoken.Secret(o, func() string { return secret })
	require.NoError(t, err)
	token, err := service.Token(t.Context())
	require.NoError(t, err)
	service.Forget("Bearer " + token)
	next, err := service.Token(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, token, next, "the library's own cache is not asked")

	wrong, err := entratoken.Secret(o, func() string { return "wrong-canary" })
	require.NoError(t, err)
	_, err = wrong.Token(t.Context())
	require.ErrorIs(t, err, transport.ErrUnauthorized)
	require.NotContains(t, err.Error(), "canary")
}
