package entratoken

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const directory = "00000000-0000-0000-0000-0000000000aa"

// entra is where people sign in, and no network leads to it.
type entra struct {
	mu      sync.Mutex
	pending int
	asked   []string
	sent    []string // grant types
	refuse  bool
}

func (e *entra) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	e.serve(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func (e *entra) serve(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, r.Method+" "+r.URL.Path)
	w.Header().Set("Content-Type", "application/json")
	base := "https://login.microsoftonline.com/" + directory
	switch {
	case r.URL.Path == "/common/discovery/instance":
		_, _ = fmt.Fprintf(w, `{"tenant_discovery_endpoint":"%s/v2.0/.well-known/openid-configuration","metadata":[{"preferred_network":"login.microsoftonline.com","preferred_cache":"login.windows.net","aliases":["login.microsoftonline.com"]}]}`, base)
	case r.Method == http.MethodGet:
		_, _ = fmt.Fprintf(w, `{"token_endpoint":"%[1]s/oauth2/v2.0/token","authorization_endpoint":"%[1]s/oauth2/v2.0/authorize","device_authorization_endpoint":"%[1]s/oauth2/v2.0/devicecode","issuer":"%[1]s/v2.0"}`, base)
	case r.URL.Path == "/"+directory+"/oauth2/v2.0/devicecode":
		_, _ = fmt.Fprint(w, `{"device_code":"device-canary","user_code":"ABCD1234","verification_uri":"https://microsoft.com/devicelogin","expires_in":900,"interval":1,"message":"go there"}`)
	case e.refuse:
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprint(w, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Trace ID: 1 Correlation ID: 2","leak":"answer-canary"}`)
	default:
		_ = r.ParseForm()
		e.sent = append(e.sent, r.Form.Get("grant_type"))
		if e.pending > 0 {
			e.pending--
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"error":"authorization_pending","error_description":"AADSTS70016"}`)
			return
		}
		if e.sent[len(e.sent)-1] == "client_credentials" {
			_, _ = fmt.Fprint(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"access-canary"}`)
			return
		}
		part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
		_, _ = fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"access-canary-%[1]d","refresh_token":"refresh-canary-%[1]d","client_info":%[2]q,"id_token":%[3]q}`,
			len(e.sent), part(`{"uid":"u","utid":"t"}`), part(`{"alg":"none"}`)+"."+part(`{"oid":"u","tid":"t","preferred_username":"alex@acme.example"}`)+".")
	}
}

func (e *entra) options() Options {
	return Options{Tenant: "acme.example", ClientID: "app-1", Transport: transport.Options{Base: e, ReadOnly: true}}
}

func TestAServiceSignsInWithItsSecretEvenInADryRun(t *testing.T) {
	server := &entra{}
	s, err := Secret(server.options(), func() string { return "secret-canary" })
	require.NoError(t, err)
	token, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "access-canary", token)
	require.Equal(t, []string{"client_credentials"}, server.sent)
	require.Contains(t, server.asked, "POST /"+directory+"/oauth2/v2.0/token", "under the directory's other name")
	_, err = s.Token(t.Context())
	require.NoError(t, err)
	require.Len(t, server.sent, 1)
	require.NotContains(t, fmt.Sprintf("%v", s), "canary")
}

// hourly gives tokens that are good for an hour.
type hourly struct {
	now   func() time.Time
	given int
}

func (h *hourly) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	h.given++
	return azcore.AccessToken{Token: fmt.Sprintf("access-canary-%d", h.given), ExpiresOn: h.now().Add(time.Hour)}, nil
}

func TestATokenIsRenewedAheadOfItsEndOnceForAll(t *testing.T) {
	now := time.Now()
	clock := func() time.Time { return now }
	source := &hourly{now: clock}
	s, err := newSource(Options{Transport: transport.Options{Now: clock}}, func() (azcore.TokenCredential, error) { return source, nil })
	require.NoError(t, err)
	for _, x := range []struct {
		after time.Duration
		want  string
	}{{0, "access-canary-1"}, {58 * time.Minute, "access-canary-1"}, {time.Minute, "access-canary-2"}} {
		now = now.Add(x.after)
		var callers sync.WaitGroup
		for range 10 {
			callers.Go(func() {
				if token, err := s.Token(t.Context()); err != nil || token != x.want {
					t.Errorf("%q, %v", token, err)
				}
			})
		}
		callers.Wait()
	}
}

func TestARefusalQuotesWhatMattersOnOneLine(t *testing.T) {
	server := &entra{refuse: true}
	s, err := Secret(server.options(), func() string { return "secret-canary" })
	require.NoError(t, err)
	_, err = s.Token(t.Context())
	require.ErrorIs(t, err, transport.ErrUnauthorized)
	require.ErrorContains(t, err, "AADSTS7000215: Invalid client secret provided.")
	require.NotContains(t, err.Error(), "canary")
	require.NotContains(t, err.Error(), "\n")
	require.NotContains(t, err.Error(), "Trace ID")
}

func TestAServiceSignsInWithItsCertificate(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ends := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "reprovision"}, NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))

	server := &entra{}
	s, err := Certificate(server.options(), func() string { return text })
	require.NoError(t, err)
	_, err = s.Token(t.Context())
	require.NoError(t, err)
	got, err := Expiry(text)
	require.NoError(t, err)
	require.Equal(t, ends, got)

	_, err = Certificate(server.options(), func() string { return "canary" })
	require.ErrorContains(t, err, "BEGIN CERTIFICATE")
	require.NotContains(t, err.Error(), "canary")
	_, err = Expiry("canary")
	require.Error(t, err)
}

func TestAPersonSignsInWithADeviceCode(t *testing.T) {
	server := &entra{pending: 1}
	var shown Prompt
	var kept []string
	keep := func(_ context.Context, k string) error { kept = append(kept, k); return nil }
	s, err := Device(t.Context(), server.options(), func(p Prompt) { shown = p }, keep)
	require.NoError(t, err)
	require.Equal(t, Prompt{URL: "https://microsoft.com/devicelogin", Code: "ABCD1234"}, shown)
	token, err := s.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "access-canary-2", token, "the first answer was to wait")
	require.Len(t, kept, 1)
	require.Contains(t, kept[0], "refresh-canary-2")
	require.NotContains(t, kept[0], "access-canary")
	require.NotContains(t, fmt.Sprintf("%v %+v", s, s), "canary")

	// Another process goes on, asks nobody, and what is new is kept.
	again, err := Resume(t.Context(), server.options(), kept[0], keep)
	require.NoError(t, err)
	token, err = again.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "access-canary-3", token)
	require.Len(t, kept, 2)
	again.Forget("Bearer another")
	_, err = again.Token(t.Context())
	require.NoError(t, err)
	require.Len(t, kept, 2)
	again.Forget("Bearer access-canary-3")
	token, err = again.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "access-canary-4", token)

	server.refuse = true
	_, err = Resume(t.Context(), server.options(), kept[2], nil)
	require.ErrorIs(t, err, transport.ErrUnauthorized)
	require.NotContains(t, err.Error(), "canary")
	_, err = Resume(t.Context(), server.options(), "no JSON canary", nil)
	require.ErrorIs(t, err, transport.ErrUnauthorized)
	require.NotContains(t, err.Error(), "canary")
}

func TestASignInThatCannotBeKeptIsAnError(t *testing.T) {
	full := errors.New("the keyring is locked")
	_, err := Device(t.Context(), (&entra{}).options(), func(Prompt) {}, func(context.Context, string) error { return full })
	require.ErrorContains(t, err, full.Error())
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	for want, o := range map[string]Options{
		"tenant":    {ClientID: "app-1"},
		"client ID": {Tenant: "acme.example"},
		"authority": {Tenant: "acme.example", ClientID: "app-1", Authority: "http://login.example"},
	} {
		_, err := Secret(o, func() string { return "secret-canary" })
		require.ErrorContains(t, err, want)
	}
}

func TestOnlyExchangesMayPost(t *testing.T) {
	d, err := newExchanger(Options{Authority: defaultAuthority, Transport: transport.Options{Base: &entra{}}})
	require.NoError(t, err)
	for _, address := range []string{
		"https://login.microsoftonline.com/x/oauth2/v2.0/token/more",
		"https://login.microsoftonline.com/users",
		"https://elsewhere.example/x/oauth2/v2.0/token",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, http.NoBody)
		require.NoError(t, err)
		_, err = d.Do(r)
		require.ErrorIs(t, err, transport.ErrNotApproved, address)
	}
}
