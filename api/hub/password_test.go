package hub

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// jwt is a token with these claims.
func jwt(claims string) string {
	return "canary." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".canary"
}

// twoFactors is a Docker Hub whose accounts have a password, and alex-kim a
// second factor.
func twoFactors(t *testing.T, seen *[]string, token string) string {
	t.Helper()
	read := func(r *http.Request) map[string]string {
		var body map[string]string
		require.NoError(t, json.NewDecoder(r.Body).Decode(&body))
		*seen = append(*seen, r.URL.Path)
		return body
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/users/login", func(w http.ResponseWriter, r *http.Request) {
		body := read(r)
		switch {
		case body["password"] != "password-canary":
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = fmt.Fprint(w, `{"detail":"Incorrect authentication credentials"}`)
		case body["username"] == "alex-kim":
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = fmt.Fprint(w, `{"detail":"Require secondary authentication on MFA enabled account","login_2fa_token":"step-canary"}`)
		default:
			_, _ = fmt.Fprintf(w, `{"token":%q}`, token)
		}
	})
	mux.HandleFunc("POST /v2/users/2fa-login", func(w http.ResponseWriter, r *http.Request) {
		body := read(r)
		if body["login_2fa_token"] != "step-canary" || body["code"] != "123456" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = fmt.Fprint(w, `{"detail":"Incorrect authentication credentials","login_2fa_token":"step-canary"}`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"token":%q}`, token)
	})
	mux.HandleFunc("GET /v2/orgs/acme/groups", func(w http.ResponseWriter, r *http.Request) {
		*seen = append(*seen, r.URL.Path)
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprint(w, `{"count":0,"next":null,"previous":null,"results":[]}`)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func passwordClient(t *testing.T, base, username, password string, now func() time.Time, code func(context.Context) (string, error)) *Client {
	t.Helper()
	c, err := NewPassword(Options{
		BaseURL: base, Identifier: username, Secret: func() string { return password },
		Transport: transport.Options{Now: now, ReadOnly: true},
	}, code)
	require.NoError(t, err)
	return c
}

func TestAPasswordWithASecondFactorSignsIn(t *testing.T) {
	var seen []string
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	base := twoFactors(t, &seen, jwt(fmt.Sprintf(`{"iat":%d,"exp":%d}`, at.Unix(), at.Add(24*time.Hour).Unix())))
	asked := 0
	c := passwordClient(t, base, "alex-kim", "password-canary", func() time.Time { return at }, func(context.Context) (string, error) {
		asked++
		return " 123 456\n", nil
	})
	require.NoError(t, c.SignIn(t.Context()))
	_, err := c.Teams(t.Context(), "acme")
	require.NoError(t, err)
	require.Equal(t, []string{"/v2/users/login", "/v2/users/2fa-login", "/v2/orgs/acme/groups"}, seen)
	require.Equal(t, at.Add(24*time.Hour-time.Minute), c.Until(), "the claims tell how long, not the ten minutes of a token")
	at = at.Add(time.Hour)
	_, err = c.Teams(t.Context(), "acme")
	require.NoError(t, err)
	require.Equal(t, 1, asked)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", c, c, c), "canary")
}

func TestAPasswordWithoutASecondFactorAsksForNoCode(t *testing.T) {
	var seen []string
	base := twoFactors(t, &seen, "a-canary")
	c := passwordClient(t, base, "sam-okafor", "password-canary", nil, func(context.Context) (string, error) {
		t.Error("asked for a code")
		return "", nil
	})
	require.NoError(t, c.SignIn(t.Context()))
	require.Equal(t, []string{"/v2/users/login"}, seen)
}

func TestARefusedPasswordOrCodeIsExplainedWithoutASecret(t *testing.T) {
	interrupted := errors.New("interrupted")
	for name, c := range map[string]struct {
		password string
		code     func(context.Context) (string, error)
		want     error
	}{
		"wrong password": {"wrong-canary", nil, transport.ErrUnauthorized},
		"nobody to ask":  {"password-canary", nil, ErrSecondFactor},
		"wrong code":     {"password-canary", func(context.Context) (string, error) { return "000000", nil }, transport.ErrUnauthorized},
		"end of input":   {"password-canary", func(context.Context) (string, error) { return "", interrupted }, interrupted},
	} {
		t.Run(name, func(t *testing.T) {
			var seen []string
			err := passwordClient(t, twoFactors(t, &seen, "x"), "alex-kim", c.password, nil, c.code).SignIn(t.Context())
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, `as "alex-kim"`)
			require.NotContains(t, fmt.Sprintf("%+v", err), "canary")
		})
	}
}

func TestAPasswordSessionThatEndsAsksForASignIn(t *testing.T) {
	var seen []string
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	base := twoFactors(t, &seen, jwt(fmt.Sprintf(`{"exp":%d}`, at.Add(time.Hour).Unix())))
	codes := 1
	c := passwordClient(t, base, "alex-kim", "password-canary", func() time.Time { return at }, func(context.Context) (string, error) {
		if codes--; codes < 0 {
			return "", ErrSecondFactor
		}
		return "123456", nil
	})
	require.NoError(t, c.SignIn(t.Context()))
	at = at.Add(time.Hour)
	_, err := c.Teams(t.Context(), "acme")
	require.ErrorIs(t, err, transport.ErrUnauthorized)
	require.Equal(t, "/v2/users/login", seen[len(seen)-1], "no request went out with the old token")
}

func FuzzPasswordLifetime(f *testing.F) {
	f.Add(jwt(`{"iat":1,"exp":2}`))
	f.Add(jwt(`{"exp":1e300}`))
	f.Add(jwt(`{"exp":-5}`))
	f.Add("no token")
	f.Fuzz(func(t *testing.T, token string) {
		d := passwordLifetime(token, time.Unix(1_800_000_000, 0))
		if d <= 0 || d > 90*24*time.Hour {
			t.Errorf("passwordLifetime(%q) = %s", strings.ToValidUTF8(token, "?"), d)
		}
	})
}
