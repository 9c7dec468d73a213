// Package oktatoken gets OAuth 2.0 access tokens for Okta's API: for a person with an
// authorization code (and PKCE) or the device grant, for a service with a private key.
// It uses the organization's own authorization server, because Okta's API accepts only
// its tokens (developer.okta.com, "OpenID Connect & OAuth 2.0 API": GET
// /oauth2/v1/authorize, POST /oauth2/v1/device/authorize and /oauth2/v1/token).
package oktatoken

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-05b3d87e/reprovision/api/credentials/loopback"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const (
	system        = "okta"
	authorizePath = "/oauth2/v1/authorize"
	devicePath    = "/oauth2/v1/device/authorize"
	tokenPath     = "/oauth2/v1/token" //nolint:gosec // a path
	renewAhead    = time.Minute        // before a token expires
)

// DefaultRedirect is the default redirect URI. It must be registered with the
// application exactly like this: whether Okta accepts another port is not known.
const DefaultRedirect = "http://127.0.0.1:8484/callback"

// Scopes are the requested scopes. A token only has those that its person or service
// was granted.
var Scopes = []string{
	"okta.apps.read", "okta.apps.manage", "okta.users.read", "okta.groups.read", "okta.groups.manage", "okta.logs.read", "okta.schemas.read",
	"okta.profileMappings.read",
}

// Options identifies the organization and the OAuth application.
type Options struct {
	BaseURL  string // https://acme.okta.com
	ClientID string // of an OIDC application in Okta: native for a person, API service for a service
	Redirect string // the redirect URI of Browser; empty means DefaultRedirect
	// Turn is called before a refresh token is used, if other processes may use the same
	// sign-in: Okta may rotate refresh tokens, and revoke the sign-in if one is used
	// twice. Turn waits for the other processes and returns the token that was stored
	// last, or "" if there is none; done is called when the next one has been stored. It
	// may be nil.
	Turn func(context.Context) (latest string, done func(), err error)
	// Transport configures the HTTP client. System, BaseURL, SignIn, Authorize,
	// Renew and Explain are set by this package.
	Transport transport.Options
}

// Source provides access tokens and renews them before they expire. It is safe for
// concurrent use; at most one renewal runs at a time.
type Source struct {
	renew func(context.Context) (*oauth2.Token, error)
	now   func() time.Time

	turn  chan struct{} // a semaphore: receive to renew, send back when done
	mu    sync.Mutex
	token func() *oauth2.Token // a func, so that %v does not print it
}

func newSource(now func() time.Time, first *oauth2.Token, renew func(context.Context) (*oauth2.Token, error)) *Source {
	if now == nil {
		now = time.Now
	}
	s := &Source{renew: renew, now: now, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	if first != nil {
		s.token = func() *oauth2.Token { return first }
	}
	return s
}

// Token returns an access token that is valid for at least a minute.
func (s *Source) Token(ctx context.Context) (string, error) {
	if token := s.current(); token != nil {
		return token.AccessToken, nil
	}
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("wait for Okta's access token: %w", context.Cause(ctx))
	case <-s.turn:
	}
	defer func() { s.turn <- struct{}{} }()
	if token := s.current(); token != nil { // renewed meanwhile
		return token.AccessToken, nil
	}
	token, err := s.renew(ctx)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = func() *oauth2.Token { return token }
	return token.AccessToken, nil
}

// Forget discards the token if refused is its Authorization header, so that the next
// call of Token renews it.
func (s *Source) Forget(refused string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != nil && refused == "Bearer "+s.token().AccessToken {
		s.token = nil
	}
}

func (s *Source) current() *oauth2.Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == nil {
		return nil
	}
	token := s.token()
	if !token.Expiry.IsZero() && !s.now().Add(renewAhead).Before(token.Expiry) {
		return nil
	}
	return token
}

// server is the organization's authorization server.
type server struct {
	client *transport.Client
	config oauth2.Config
}

func connect(o Options) (*server, error) {
	if o.ClientID == "" {
		return nil, errors.New("okta sign-in: the client ID of an OIDC application in Okta is needed")
	}
	base := strings.TrimSuffix(o.BaseURL, "/")
	t := o.Transport
	t.System, t.BaseURL, t.SignIn, t.Authorize, t.Renew, t.Explain = system, base, []string{devicePath, tokenPath}, nil, nil, explain
	client, err := transport.New(t)
	if err != nil {
		return nil, fmt.Errorf("okta sign-in: %w", err)
	}
	return &server{client: client, config: oauth2.Config{
		ClientID: o.ClientID,
		Endpoint: oauth2.Endpoint{
			AuthURL: base + authorizePath, DeviceAuthURL: base + devicePath, TokenURL: base + tokenPath, AuthStyle: oauth2.AuthStyleInParams,
		},
		Scopes: Scopes,
	}}, nil
}

// context returns a context that makes package oauth2 use the server's HTTP client.
func (s *server) context(ctx context.Context) context.Context {
	// A redirect would send the credential elsewhere.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: s.client.RoundTripper(), CheckRedirect: stay})
}

// refusal converts an error of the library, which quotes the whole response, to one
// with only the standard's fields.
func refusal(what string, err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return fmt.Errorf("okta sign-in: %s: %w", what, err)
	}
	e := &transport.Error{System: system, Op: what, Method: http.MethodPost, Code: refused.ErrorCode, Message: loopback.OneLine(refused.ErrorDescription)}
	if refused.Response != nil {
		e.Status = refused.Response.StatusCode
		if refused.Response.Request != nil {
			e.URL = refused.Response.Request.URL.Redacted()
		}
	}
	switch refused.ErrorCode {
	case "invalid_client", "invalid_grant", "unauthorized_client", "access_denied", "expired_token", "invalid_dpop_proof":
		e.Status, e.Err = http.StatusUnauthorized, transport.ErrUnauthorized
	case "":
		e.Message = "it answers in a way that OAuth does not define"
	}
	return e
}

func explain(_ int, _ http.Header, body []byte) (code, message string) {
	var e struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &e) != nil {
		return "", ""
	}
	return e.Code, e.Description
}

// Prompt is what a person needs to sign in with a browser.
type Prompt struct {
	URL  string // to open; contains the code if the server provides such a URL
	Code string // to enter there; empty if the browser is redirected back
	Ends time.Time
}

// Browser signs a person in with an authorization code and PKCE: it passes the page to
// open to show, then waits for the redirect to Options.Redirect, a loopback address.
// keep is as for Device.
func Browser(ctx context.Context, o Options, show func(Prompt), keep func(ctx context.Context, refresh string) error) (_ *Source, err error) {
	s, err := connect(o)
	if err != nil {
		return nil, err
	}
	if keep != nil {
		s.config.Scopes = append([]string{"offline_access"}, Scopes...)
	}
	redirect := o.Redirect
	if redirect == "" {
		redirect = DefaultRedirect
	}
	back, err := loopback.Listen(ctx, redirect)
	if err != nil {
		return nil, fmt.Errorf("okta sign-in: %w", err)
	}
	defer func() { err = errors.Join(err, back.Close()) }()
	s.config.RedirectURL = back.RedirectURI()
	verifier := oauth2.GenerateVerifier()
	show(Prompt{URL: s.config.AuthCodeURL(back.State(), oauth2.S256ChallengeOption(verifier))})
	code, err := back.Wait(ctx)
	if err != nil {
		return nil, s.redirectError(err)
	}
	token, err := s.config.Exchange(s.context(ctx), code, oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, refusal("trade the code of the browser for a token", err)
	}
	return s.person(ctx, o, token, keep)
}

// redirectError returns the error for a redirect without a code.
func (s *server) redirectError(err error) error {
	var refused *loopback.RefusedError
	if !errors.As(err, &refused) {
		return fmt.Errorf("okta sign-in: %w", err)
	}
	return &transport.Error{
		System: system, Op: "sign in", Method: http.MethodGet, URL: s.config.Endpoint.AuthURL,
		Err: fmt.Errorf("%w: %w", refused, transport.ErrUnauthorized),
	}
}

// Device signs a person in with a device code: it passes the page to open and the code
// to show, then waits for the sign-in. keep stores the refresh token, after signing in
// and whenever Okta changes it; it may be nil. The scope offline_access, without which
// Okta issues no refresh token, is requested only if keep is not nil.
func Device(ctx context.Context, o Options, show func(Prompt), keep func(ctx context.Context, refresh string) error) (*Source, error) {
	s, err := connect(o)
	if err != nil {
		return nil, err
	}
	if keep != nil {
		s.config.Scopes = append([]string{"offline_access"}, Scopes...)
	}
	asked, err := s.config.DeviceAuth(s.context(ctx))
	if err != nil {
		return nil, refusal("ask for a code", err)
	}
	p := Prompt{URL: asked.VerificationURIComplete, Code: loopback.OneLine(asked.UserCode), Ends: asked.Expiry}
	if p.URL == "" {
		p.URL = asked.VerificationURI
	}
	if !strings.HasPrefix(p.URL, "https://") && s.client.CheckLink(p.URL) != nil {
		return nil, errors.New("okta sign-in: the page to open does not begin with https://")
	}
	show(p)
	token, err := s.config.DeviceAccessToken(s.context(ctx), asked)
	if err != nil {
		return nil, refusal("wait for the sign-in in the browser", err)
	}
	return s.person(ctx, o, token, keep)
}

// Refresh continues with a refresh token that Browser or Device gave to keep.
func Refresh(ctx context.Context, o Options, refresh string, keep func(ctx context.Context, refresh string) error) (*Source, error) {
	s, err := connect(o)
	if err != nil {
		return nil, err
	}
	return s.person(ctx, o, &oauth2.Token{RefreshToken: refresh, Expiry: time.Unix(1, 0)}, keep)
}

func (s *server) person(ctx context.Context, o Options, token *oauth2.Token, keep func(context.Context, string) error) (*Source, error) {
	refresh := func() string { return token.RefreshToken }
	store := func(ctx context.Context, next string) error {
		refresh = func() string { return next }
		if keep == nil || next == "" {
			return nil
		}
		if err := keep(ctx, next); err != nil {
			return fmt.Errorf("okta sign-in: keep the renewed sign-in: %w", err)
		}
		return nil
	}
	source := newSource(o.Transport.Now, token, func(ctx context.Context) (*oauth2.Token, error) {
		if o.Turn != nil {
			latest, done, err := o.Turn(ctx)
			if err != nil {
				return nil, fmt.Errorf("okta sign-in: renew the access token: %w", err)
			}
			defer done()
			if latest != "" {
				refresh = func() string { return latest }
			}
		}
		if refresh() == "" {
			return nil, &transport.Error{System: system, Op: "renew the access token", Status: http.StatusUnauthorized, Err: transport.ErrUnauthorized, Message: "the sign-in in the browser has ended; sign in again"}
		}
		next, err := s.config.TokenSource(s.context(ctx), &oauth2.Token{RefreshToken: refresh(), Expiry: time.Unix(1, 0)}).Token()
		if err != nil {
			return nil, refusal("renew the access token", err)
		}
		if next.RefreshToken != refresh() {
			// Okta may have revoked the old refresh token, so the new one must not be lost.
			if err := store(ctx, next.RefreshToken); err != nil {
				return nil, err
			}
		}
		return next, nil
	})
	if token.AccessToken != "" {
		if err := store(ctx, token.RefreshToken); err != nil {
			return nil, err
		}
		return source, nil
	}
	if _, err := source.Token(ctx); err != nil {
		return nil, err
	}
	return source, nil
}
