package oktatoken

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// okta is an authorization server that no network leads to.
type okta struct {
	t *testing.T

	mu      sync.Mutex
	pending int        // polls that find the person still busy
	refresh string     // the one refresh token that is good
	issued  int        // access tokens
	asked   []string   // grant types
	key     any        // public key of the service
	last    url.Values // of the token request
	refuse  string     // the code of a refusal
}

func (o *okta) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	o.serve(w, r)
	return w.Result(), nil
}

func (o *okta) serve(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	say := func(status int, format string, a ...any) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, format, a...)
	}
	if r.Host != "acme.okta.com" && r.URL.Host != "acme.okta.com" {
		o.t.Errorf("a request left for %s", r.URL)
	}
	if err := r.ParseForm(); err != nil {
		say(http.StatusBadRequest, `{"error":"invalid_request"}`)
		return
	}
	if r.URL.Path == devicePath {
		say(http.StatusOK, `{"device_code":"device-canary","user_code":"ABCD-EFGH","verification_uri":"https://acme.okta.com/activate","verification_uri_complete":"https://acme.okta.com/activate?user_code=ABCD-EFGH","expires_in":600,"interval":5}`)
		return
	}
	grant := r.Form.Get("grant_type")
	o.asked, o.last = append(o.asked, grant), r.Form
	switch {
	case o.refuse != "":
		say(http.StatusBadRequest, `{"error":%q,"error_description":"No.\u001b[31m","leak":"answer-canary"}`, o.refuse)
		return
	case o.pending > 0:
		o.pending--
		say(http.StatusBadRequest, `{"error":"authorization_pending","error_description":"wait"}`)
		return
	case grant == "refresh_token" && r.Form.Get("refresh_token") != o.refresh:
		say(http.StatusBadRequest, `{"error":"invalid_grant","error_description":"The refresh token is invalid or expired."}`)
		return
	case grant == "client_credentials":
		_, err := jwt.Parse(r.Form.Get("client_assertion"), func(token *jwt.Token) (any, error) {
			require.Equal(o.t, "kid-1", token.Header["kid"])
			return o.key, nil
		}, jwt.WithAudience("https://acme.okta.com/oauth2/v1/token"), jwt.WithIssuer("0oaservice"), jwt.WithSubject("0oaservice"), jwt.WithExpirationRequired())
		if err != nil {
			say(http.StatusUnauthorized, `{"error":"invalid_client","error_description":"The client_assertion signature is invalid."}`)
			return
		}
		o.issued++
		say(http.StatusOK, `{"token_type":"Bearer","expires_in":3600,"access_token":"access-canary-%d"}`, o.issued)
		return
	}
	o.issued++
	o.refresh = fmt.Sprintf("refresh-canary-%d", o.issued) // rotated at each use
	say(http.StatusOK, `{"token_type":"Bearer","expires_in":3600,"access_token":"access-canary-%d","refresh_token":%q}`, o.issued, o.refresh)
}

func (o *okta) options() Options {
	return Options{BaseURL: "https://acme.okta.com", ClientID: "0oaservice", Transport: transport.Options{Base: o, ReadOnly: true}}
}

func TestAPersonSignsInInTheBrowserAndStaysSignedIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &okta{t: t, pending: 2}
		var shown []Prompt
		var kept []string
		keep := func(_ context.Context, refresh string) error { kept = append(kept, refresh); return nil }
		began := time.Now()
		s, err := Device(t.Context(), server.options(), func(p Prompt) { shown = append(shown, p) }, keep)
		require.NoError(t, err)
		require.Equal(t, 15*time.Second, time.Since(began), "polled at the pace that Okta asks for")
		require.Len(t, shown, 1)
		require.Equal(t, "ABCD-EFGH", shown[0].Code)
		require.Equal(t, "https://acme.okta.com/activate?user_code=ABCD-EFGH", shown[0].URL)
		require.Equal(t, []string{"refresh-canary-1"}, kept)
		require.Contains(t, server.last.Get("scope"), "offline_access")

		token, err := s.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, "access-canary-1", token)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", s, s, s), "canary")

		// Ahead of the end, many at a time get one new token, and the new
		// refresh token is kept.
		<-time.After(59*time.Minute + time.Second)
		var callers sync.WaitGroup
		for range 10 {
			callers.Go(func() {
				if token, err := s.Token(t.Context()); err != nil || token != "access-canary-2" {
					t.Errorf("%q, %v", token, err)
				}
			})
		}
		callers.Wait()
		require.Equal(t, []string{"refresh-canary-1", "refresh-canary-2"}, kept)

		// A new process goes on with what was kept.
		again, err := Refresh(t.Context(), server.options(), kept[1], keep)
		require.NoError(t, err)
		token, err = again.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, "access-canary-3", token)
		<-time.After(58 * time.Minute)
		token, err = again.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, "access-canary-3", token, "it is good for a while yet")

		_, err = Refresh(t.Context(), server.options(), "refresh-canary-1", keep)
		require.ErrorIs(t, err, transport.ErrUnauthorized)
		require.NotContains(t, err.Error(), "canary")
	})
}

func TestARenewedSignInThatCannotBeKeptIsAnError(t *testing.T) {
	server := &okta{t: t, refresh: "refresh-canary-0"}
	full := errors.New("the keyring is locked")
	_, err := Refresh(t.Context(), server.options(), "refresh-canary-0", func(context.Context, string) error { return full })
	require.ErrorIs(t, err, full)
}

func TestRefusalsQuoteTheCodeAndNeverTheAnswer(t *testing.T) {
	for code, unauthorized := range map[string]bool{"access_denied": true, "expired_token": true, "invalid_client": true, "invalid_scope": false} {
		synctest.Test(t, func(t *testing.T) {
			server := &okta{t: t, refuse: code}
			_, err := Device(t.Context(), server.options(), func(Prompt) {}, nil)
			require.ErrorContains(t, err, code)
			require.Equal(t, unauthorized, errors.Is(err, transport.ErrUnauthorized), code)
			require.NotContains(t, err.Error(), "canary")
			require.NotContains(t, err.Error(), "\x1b")
			require.NotContains(t, server.last.Get("scope"), "offline_access", "not asked for when nothing is kept")
		})
	}
}

func TestTheWaitForAPersonEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		_, err := Device(ctx, (&okta{t: t, pending: 1 << 20}).options(), func(Prompt) {}, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestAServiceSignsInWithItsPrivateKey(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(rsaKey)
	require.NoError(t, err)
	sec1, err := x509.MarshalECPrivateKey(ecKey)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		kind   string
		der    []byte
		public any
	}{
		"PKCS #1": {"RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), rsaKey.Public()},
		"PKCS #8": {"PRIVATE KEY", pkcs8, rsaKey.Public()},
		"SEC 1":   {"EC PRIVATE KEY", sec1, ecKey.Public()},
	} {
		t.Run(name, func(t *testing.T) {
			server := &okta{t: t, key: c.public}
			key := string(pem.EncodeToMemory(&pem.Block{Type: c.kind, Bytes: c.der}))
			at := time.Now()
			o := server.options()
			o.Transport.Now = func() time.Time { return at }
			s, err := Key(o, "kid-1", func() string { return key })
			require.NoError(t, err)
			token, err := s.Token(t.Context())
			require.NoError(t, err)
			require.Equal(t, "access-canary-1", token)
			first := server.last.Get("client_assertion")
			_, err = s.Token(t.Context())
			require.NoError(t, err)
			require.Equal(t, 1, server.issued)
			at = at.Add(time.Hour)
			_, err = s.Token(t.Context())
			require.NoError(t, err)
			require.Equal(t, 2, server.issued)
			require.NotEqual(t, first, server.last.Get("client_assertion"), "signed anew")

			server.key = func() any { other, _ := rsa.GenerateKey(rand.Reader, 2048); return other.Public() }()
			s, err = Key(o, "kid-1", func() string { return key })
			require.NoError(t, err)
			_, err = s.Token(t.Context())
			require.ErrorIs(t, err, transport.ErrUnauthorized)
			require.NotContains(t, err.Error(), "PRIVATE")
		})
	}
}

func TestAKeyThatCannotBeReadIsExplainedWithoutQuotingIt(t *testing.T) {
	for _, raw := range []string{"", "canary", "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----"} {
		_, err := Key((&okta{t: t}).options(), "", func() string { return raw })
		require.ErrorContains(t, err, "private key")
		require.NotContains(t, err.Error(), "canary")
	}
	o := (&okta{t: t}).options()
	o.ClientID = ""
	_, err := Key(o, "", func() string { return "" })
	require.ErrorContains(t, err, "client ID")
}

func FuzzParseKey(f *testing.F) {
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----"))
	f.Add([]byte("-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if key, err := ParseKey(raw); (key == nil) == (err == nil) {
			t.Errorf("%v, %v", key != nil, err)
		}
	})
}
