package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"time"
)

// The applications that people and services sign in to by OAuth.
const (
	oktaClientID = "0oasandboxreprovision1"
	oktaRedirect = "http://127.0.0.1:8484/callback"
	activatePath = "/activate"

	entraClientID     = "5f0e0c1a-0000-4000-8000-00000000c11e"
	entraTenant       = "5f0e0c1a-0000-4000-8000-0000000000aa"
	entraClientSecret = "sandbox-entra-client-canary-90ab11fe" //nolint:gosec // opens nothing but a sandbox
)

// loopbackRedirect takes an address of this machine with the wanted path, on any
// port; with localhost only, as Entra does, or by its number too.
func loopbackRedirect(path string, hosts ...string) func(string) bool {
	return func(address string) bool {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" || u.Path != path || u.RawQuery != "" {
			return false
		}
		for _, h := range hosts {
			if u.Hostname() == h {
				return true
			}
		}
		return false
	}
}

// newOktaSignIn is the organization's own authorization server. It takes the
// registered redirect address on any port, which is more than is known of Okta,
// so that tests can run beside each other.
func (s *Sandbox) newOktaSignIn() *authorizer {
	a := newAuthorizer("sandbox-okta-", s.options)
	a.client, a.redirect = oktaClientID, loopbackRedirect("/callback", "127.0.0.1")
	a.authorize, a.activate = "/oauth2/v1/authorize", activatePath
	return a
}

func (s *Sandbox) oktaSignInHandler() http.Handler {
	a, mux := s.oktaSignIn, http.NewServeMux()
	mux.HandleFunc("GET /oauth2/v1/authorize", a.page)
	mux.HandleFunc("POST /oauth2/v1/authorize", a.page)
	mux.HandleFunc("POST /oauth2/v1/device/authorize", a.deviceCode)
	mux.HandleFunc("POST /oauth2/v1/token", a.token)
	mux.HandleFunc(activatePath, a.activation)
	return mux
}

// newEntraSignIn is where people sign in to the directory.
func (s *Sandbox) newEntraSignIn() *authorizer {
	a := newAuthorizer("sandbox-entra-", s.options)
	a.client, a.secret, a.redirect = entraClientID, entraClientSecret, loopbackRedirect("", "localhost")
	a.authorize, a.activate = "/"+entraTenant+"/oauth2/v2.0/authorize", "/oauth2/deviceauth"
	a.more = func(client string, _ []string) map[string]any {
		// Microsoft's libraries want to know whose token it is.
		const person = "5f0e0c1a-0000-4000-8000-000000000001"
		claims := map[string]any{
			"aud": client, "iss": s.Addresses().EntraSignIn + "/" + entraTenant + "/v2.0", "tid": entraTenant, "oid": person, "sub": person,
			"preferred_username": "alex.kim@" + s.org.domain, "name": "Alex Kim", "exp": a.now().Add(a.life).Unix(), "iat": a.now().Unix(),
		}
		info := map[string]string{"uid": person, "utid": entraTenant}
		return map[string]any{
			"id_token":    segment(map[string]string{"alg": "none", "typ": "JWT"}) + "." + segment(claims) + ".",
			"client_info": segment(info), "ext_expires_in": int(a.life.Seconds()),
		}
	}
	return a
}

func segment(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func (s *Sandbox) entraSignInHandler() http.Handler {
	a, mux := s.entraSignIn, http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		base := "https://" + r.Host + "/" + entraTenant
		writeJSON(w, http.StatusOK, map[string]string{
			"authorization_endpoint": base + "/oauth2/v2.0/authorize", "token_endpoint": base + "/oauth2/v2.0/token",
			"device_authorization_endpoint": base + "/oauth2/v2.0/devicecode", "issuer": base + "/v2.0",
		})
	})
	mux.HandleFunc("GET /{tenant}/oauth2/v2.0/authorize", a.page)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/authorize", a.page)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/devicecode", a.deviceCode)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", a.token)
	mux.HandleFunc("/oauth2/deviceauth", a.activation)
	return mux
}

// newCertificate makes a certificate for 127.0.0.1 that proves itself.
func newCertificate(now time.Time) (tls.Certificate, string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "reprovision sandbox"},
		// The sandbox's clock may be anywhere; its clients check with their own.
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(ca), nil
}
