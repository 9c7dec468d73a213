package sandbox

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// defaultAccessLife is how long an access token of OAuth lasts.
const defaultAccessLife = time.Hour

// grants of the token endpoint.
const (
	grantCode       = "authorization_code"
	grantRefresh    = "refresh_token"
	grantDevice     = "urn:ietf:params:oauth:grant-type:device_code"
	grantService    = "client_credentials"
	assertionBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" //nolint:gosec // a name of the standard
)

// authorizer is an authorization server of OAuth 2.0 (RFC 6749) with PKCE (RFC
// 7636), which it insists on, and the device grant (RFC 8628). Its page asks
// nobody for a password: whoever opens it is the administrator.
type authorizer struct {
	prefix   string // of everything secret that it makes
	now      func() time.Time
	life     time.Duration
	client   string // the application's ID
	secret   string // of the application as a service; empty where it has none
	key      any    // public key of the application as a service
	redirect func(string) bool
	// authorize and activate are where its pages are.
	authorize, activate string
	// more is what the answer of the token endpoint holds besides.
	more func(clientID string, scopes []string) map[string]any

	mu        sync.Mutex
	requested map[string]authorization // by an ID in the page
	codes     map[string]authorization
	devices   map[string]*device // by the device code
	access    map[string]time.Time
	services  map[string]bool     // access tokens that belong to nobody
	refresh   map[string][]string // scopes
	seen      []string            // code verifiers
}

type authorization struct {
	redirect, state, challenge string
	scopes                     []string
	expires                    time.Time
}

type device struct {
	user    string // the code that a person types
	scopes  []string
	allowed bool
	refused bool
	expires time.Time
}

func newAuthorizer(prefix string, o Options) *authorizer {
	life := o.AccessLife
	if life == 0 {
		life = defaultAccessLife
	}
	return &authorizer{
		prefix: prefix, now: o.Now, life: life, key: o.ServiceKey,
		requested: map[string]authorization{}, codes: map[string]authorization{}, devices: map[string]*device{},
		access: map[string]time.Time{}, services: map[string]bool{}, refresh: map[string][]string{},
	}
}

// end revokes every token.
func (a *authorizer) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.access)
	clear(a.refresh)
}

// accepts reports whether it made the access token and the token has not ended.
func (a *authorizer) accepts(token string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	until, ok := a.access[token]
	return ok && a.now().Before(until)
}

// isService reports whether an access token is a service's.
func (a *authorizer) isService(token string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.services[token]
}

// ExpireAccess ends the access tokens of OAuth at Okta and Entra, and leaves what
// renews them.
func (s *Sandbox) ExpireAccess() {
	for _, a := range []*authorizer{s.oktaSignIn, s.entraSignIn} {
		a.mu.Lock()
		clear(a.access)
		a.mu.Unlock()
	}
}

// Verifiers are the code verifiers of PKCE that the sandbox was sent. They are
// the client's own secrets, so only the sandbox can tell a test what they were.
func (s *Sandbox) Verifiers() []string {
	var out []string
	for _, a := range []*authorizer{s.oktaSignIn, s.entraSignIn} {
		a.mu.Lock()
		out = append(out, a.seen...)
		a.mu.Unlock()
	}
	return out
}

func (a *authorizer) secretText(kind string) string {
	return a.prefix + kind + "-canary-" + rand.Text()
}

var consentPage = template.Must(template.New("consent").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in to the sandbox</title>
<h1>Sign in to the sandbox</h1><p>{{.Text}}</p>
<form method="post" action="{{.Action}}"><input type="hidden" name="id" value="{{.ID}}">
<button name="answer" value="allow">Allow</button> <button name="answer" value="deny">Refuse</button></form>`))

func consent(w http.ResponseWriter, text, action, id string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	_ = consentPage.Execute(w, struct{ Text, Action, ID string }{text, action, id})
}

// page is the authorization endpoint: the question, and what is answered to it.
func (a *authorizer) page(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		a.decided(w, r)
		return
	}
	q := r.URL.Query()
	if q.Get("client_id") != a.client || !a.redirect(q.Get("redirect_uri")) {
		http.Error(w, "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings, and the client must exist.", http.StatusBadRequest)
		return
	}
	x := authorization{redirect: q.Get("redirect_uri"), state: q.Get("state"), challenge: q.Get("code_challenge"), scopes: strings.Fields(q.Get("scope"))}
	if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || x.challenge == "" || x.state == "" {
		back(w, r, x, url.Values{"error": {"invalid_request"}, "error_description": {"PKCE code challenge is required."}})
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	id := rand.Text()
	a.requested[id] = x
	consent(w, "A program on this machine asks to act for you: "+strings.Join(x.scopes, " "), a.authorize, id)
}

func back(w http.ResponseWriter, r *http.Request, x authorization, answer url.Values) {
	answer.Set("state", x.state)
	http.Redirect(w, r, x.redirect+"?"+answer.Encode(), http.StatusSeeOther)
}

func (a *authorizer) decided(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	id := r.PostFormValue("id")
	a.mu.Lock()
	defer a.mu.Unlock()
	x, ok := a.requested[id]
	delete(a.requested, id)
	if !ok {
		http.Error(w, "This page is over.", http.StatusBadRequest)
		return
	}
	if r.PostFormValue("answer") != "allow" {
		back(w, r, x, url.Values{"error": {"access_denied"}, "error_description": {"The resource owner denied the request."}})
		return
	}
	code := a.secretText("code")
	x.expires = a.now().Add(time.Minute)
	a.codes[code] = x
	back(w, r, x, url.Values{"code": {code}})
}

// deviceCode is the device authorization endpoint.
func (a *authorizer) deviceCode(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if r.PostFormValue("client_id") != a.client {
		oauthError(w, http.StatusUnauthorized, "invalid_client", "The client is not known.")
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	code, text := a.secretText("device"), rand.Text()
	d := &device{user: text[:4] + "-" + text[4:8], scopes: strings.Fields(r.PostFormValue("scope")), expires: a.now().Add(10 * time.Minute)}
	a.devices[code] = d
	address := scheme(r) + "://" + r.Host + a.activate
	writeJSON(w, http.StatusOK, map[string]any{
		"device_code": code, "user_code": d.user, "verification_uri": address, "verification_uri_complete": address + "?user_code=" + d.user,
		"expires_in": 600, "interval": 1, "message": "To sign in, open " + address + " and enter the code " + d.user,
	})
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// activation is the page on which a person types a device's code.
func (a *authorizer) activation(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		consent(w, "A device asks to act for you. Its code is "+r.URL.Query().Get("user_code"), a.activate, r.URL.Query().Get("user_code"))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	user, allowed := r.PostFormValue("id"), r.PostFormValue("answer") == "allow"
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, d := range a.devices {
		if d.user == user {
			d.allowed, d.refused = allowed, !allowed
			_, _ = w.Write([]byte("Go back to your device.\n"))
			return
		}
	}
	http.Error(w, "There is no such code.", http.StatusBadRequest)
}

func oauthError(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": description})
}

// token is the token endpoint.
func (a *authorizer) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		oauthError(w, http.StatusBadRequest, "invalid_request", "The body is not a form.")
		return
	}
	f := r.PostForm
	if f.Get("client_id") != a.client {
		oauthError(w, http.StatusUnauthorized, "invalid_client", "The client is not known.")
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch f.Get("grant_type") {
	case grantCode:
		a.byCode(w, f)
	case grantRefresh:
		old := f.Get("refresh_token")
		scopes, ok := a.refresh[old]
		delete(a.refresh, old) // each is good once
		if !ok {
			oauthError(w, http.StatusBadRequest, "invalid_grant", "The refresh token is invalid or expired.")
			return
		}
		a.give(w, scopes, true)
	case grantDevice, "device_code": // the latter is what Microsoft's libraries say
		a.byDevice(w, f)
	case grantService:
		if !a.service(f, scheme(r)+"://"+r.Host+r.URL.Path) {
			oauthError(w, http.StatusUnauthorized, "invalid_client", "AADSTS7000215: Invalid client secret or assertion provided. Trace ID: 1")
			return
		}
		a.give(w, strings.Fields(f.Get("scope")), false)
	default:
		oauthError(w, http.StatusBadRequest, "unsupported_grant_type", "")
	}
}

// byCode gives tokens for an authorization code; the caller holds the mutex.
func (a *authorizer) byCode(w http.ResponseWriter, f url.Values) {
	verifier := f.Get("code_verifier")
	a.seen = append(a.seen, verifier)
	x, ok := a.codes[f.Get("code")]
	delete(a.codes, f.Get("code"))
	sum := sha256.Sum256([]byte(verifier))
	switch {
	case !ok, !a.now().Before(x.expires), f.Get("redirect_uri") != x.redirect:
		oauthError(w, http.StatusBadRequest, "invalid_grant", "The authorization code is invalid or has expired.")
	case !same(base64.RawURLEncoding.EncodeToString(sum[:]), x.challenge):
		oauthError(w, http.StatusBadRequest, "invalid_grant", "PKCE verification failed.")
	default:
		a.give(w, x.scopes, true)
	}
}

// byDevice gives tokens to a device once its person has said so; the caller holds
// the mutex.
func (a *authorizer) byDevice(w http.ResponseWriter, f url.Values) {
	d, ok := a.devices[f.Get("device_code")]
	switch {
	case !ok, !a.now().Before(d.expires):
		oauthError(w, http.StatusBadRequest, "expired_token", "The device code is invalid or has expired.")
	case d.refused:
		oauthError(w, http.StatusBadRequest, "access_denied", "The resource owner denied the request.")
	case !d.allowed:
		oauthError(w, http.StatusBadRequest, "authorization_pending", "The device authorization is pending.")
	default:
		delete(a.devices, f.Get("device_code"))
		a.give(w, d.scopes, true)
	}
}

// service reports whether the application proves itself, by its secret or by an
// assertion that its key signed.
func (a *authorizer) service(f url.Values, audience string) bool {
	if secret := f.Get("client_secret"); secret != "" {
		return a.secret != "" && same(secret, a.secret)
	}
	if f.Get("client_assertion_type") != assertionBearer || a.key == nil {
		return false
	}
	_, err := jwt.Parse(f.Get("client_assertion"), func(*jwt.Token) (any, error) { return a.key, nil },
		jwt.WithAudience(audience), jwt.WithIssuer(a.client), jwt.WithSubject(a.client), jwt.WithExpirationRequired(), jwt.WithTimeFunc(a.now))
	return err == nil
}

// give answers with tokens; the caller holds the mutex.
func (a *authorizer) give(w http.ResponseWriter, scopes []string, person bool) {
	access := a.secretText("access")
	a.access[access], a.services[access] = a.now().Add(a.life), !person
	body := map[string]any{"token_type": "Bearer", "expires_in": int(a.life.Seconds()), "access_token": access, "scope": strings.Join(scopes, " ")}
	for _, scope := range scopes {
		if person && scope == "offline_access" {
			refresh := a.secretText("refresh")
			a.refresh[refresh] = scopes
			body["refresh_token"] = refresh
		}
	}
	if person && a.more != nil {
		maps.Copy(body, a.more(a.client, scopes))
	}
	writeJSON(w, http.StatusOK, body)
}
