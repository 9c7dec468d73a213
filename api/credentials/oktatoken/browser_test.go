package oktatoken_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/credentials/oktatoken"
	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func start(t *testing.T) (*sandbox.Sandbox, oktatoken.Options) {
	t.Helper()
	box := sandbox.New(sandbox.Options{})
	require.NoError(t, box.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, box.Close()) })
	return box, oktatoken.Options{
		BaseURL: box.Addresses().OktaURL, ClientID: box.Credentials().OktaClientID, Redirect: "http://127.0.0.1/callback",
		Transport: transport.Options{ReadOnly: true},
	}
}

func TestAPersonSignsInInTheBrowserOfThisMachine(t *testing.T) {
	box, o := start(t)
	var kept []string
	keep := func(_ context.Context, refresh string) error { kept = append(kept, refresh); return nil }
	browser := box.Browser()
	s, err := oktatoken.Browser(t.Context(), o, func(p oktatoken.Prompt) {
		require.Empty(t, p.Code)
		require.Contains(t, p.URL, "code_challenge_method=S256")
		browser.Visit(t.Context(), p.URL, true)
	}, keep)
	require.NoError(t, err)
	page, err := browser.Wait()
	require.NoError(t, err)
	require.Contains(t, page, "You are signed in")
	token, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Contains(t, token, "sandbox-okta-access-canary-")
	require.Len(t, kept, 1)
	require.Contains(t, kept[0], "sandbox-okta-refresh-canary-")
	require.Len(t, box.Verifiers(), 1)

	// A token that is refused early is renewed once, whoever asks.
	s.Forget("Bearer " + token)
	s.Forget("Bearer " + token)
	next, err := s.Token(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, token, next)
	s.Forget("Bearer " + token)
	same, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, next, same)
	require.Len(t, kept, 2)
}

func TestARefusalInTheBrowserIsTold(t *testing.T) {
	box, o := start(t)
	browser := box.Browser()
	_, refused := oktatoken.Browser(t.Context(), o, func(p oktatoken.Prompt) { browser.Visit(t.Context(), p.URL, false) }, nil)
	require.ErrorIs(t, refused, transport.ErrUnauthorized)
	require.ErrorContains(t, refused, "The resource owner denied the request")
	_, err := browser.Wait()
	require.NoError(t, err)
}

func TestAClosedBrowserIsLeftByCancelling(t *testing.T) {
	_, o := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := oktatoken.Browser(ctx, o, func(oktatoken.Prompt) { cancel() }, nil)
	require.ErrorIs(t, err, context.Canceled)
}

// swapped replaces what the code is proven with on its way to the token endpoint.
type swapped struct{ http.RoundTripper }

func (s swapped) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/token") {
		_ = r.ParseForm()
		r.PostForm.Set("code_verifier", strings.Repeat("v", 43))
		body := r.PostForm.Encode()
		r, _ = http.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return s.RoundTripper.RoundTrip(r)
}

func TestAWrongVerifierGetsNoToken(t *testing.T) {
	box, o := start(t)
	o.Transport.Base = swapped{http.DefaultTransport}
	browser := box.Browser()
	_, err := oktatoken.Browser(t.Context(), o, func(p oktatoken.Prompt) { browser.Visit(t.Context(), p.URL, true) }, nil)
	require.ErrorIs(t, err, transport.ErrUnauthorized)
	require.ErrorContains(t, err, "PKCE verification failed")
	require.NotContains(t, err.Error(), "canary")
	_, err = browser.Wait()
	require.NoError(t, err)
}

func TestADeviceSignsInAgainstTheSandbox(t *testing.T) {
	box, o := start(t)
	browser := box.Browser()
	began := time.Now()
	s, err := oktatoken.Device(t.Context(), o, func(p oktatoken.Prompt) { browser.Visit(t.Context(), p.URL, true) }, nil)
	require.NoError(t, err)
	_, err = browser.Wait()
	require.NoError(t, err)
	require.Less(t, time.Since(began), 5*time.Minute, "long before the code ends")
	_, err = s.Token(t.Context())
	require.NoError(t, err)
}
