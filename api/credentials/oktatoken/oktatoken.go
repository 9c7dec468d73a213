// Package oktatoken makes access tokens for Okta's API by OAuth 2.0: for a
// person by an authorization code (with PKCE) or by the device grant, for a
// service by a private key. It talks to the organization's own authorization
// server (developer.okta.com, "OpenID Connect & OAuth 2.0 API": GET
// /oauth2/v1/authorize, POST /oauth2/v1/device/authorize and /oauth2/v1/token),
// since only its tokens open Okta's API.
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
	early         = time.Minute        // a token is renewed this long before it ends
)

// DefaultRedirect is where the browser brings the code, if Options names no other
// address. It must be registered with the application as it is: whether Okta
// takes another port of the same address is not known.
const DefaultRedirect = "http://127.0.0.1:8484/callback"

// Scopes are what the walk asks of Okta. A token never holds more than its
// person or service was granted.
var Scopes = []string{
	"okta.apps.read", "okta.apps.manage", "okta.users.read", "okta.groups.read", "okta.groups.manage", "okta.logs.read", "okta.schemas.read",
	"okta.profileMappings.read",
}

// Options say which organization and which OAuth application.
type Options struct {
	BaseURL  string // https://acme.okta.com
	ClientID string // of an OIDC application in Okta, native for a person, API service for a service
	Redirect string // the sign-in redirect address of Browser; DefaultRedirect when empty
	// Turn is called before a refresh token is used, where other processes go on
	// with the same sign-in: Okta may end a refresh token with its use, and the
	// whole sign-in when one is used twice. Turn waits for the others and returns
	// the token that the last of them has kept, or "" when there is none; done is
	// called when the next one has been kept. It may be nil.
	Turn func(context.Context) (latest string, done func(), err error)
	// Transport configures the HTTP client. System, BaseURL, SignIn, Authorize,
	// Renew and Explain are set by this package.
	Transport transport.Options
}

// Source gives access tokens, and renews them ahead of their end. It is safe for
// concurrent use; one renewal is under way at a time.
type Source struct {
	renew func(context.Context) (*oauth2.Token, error)
	now   func() time.Time

	turn  chan struct{} // holds one value while nobody renews
	mu    sync.Mutex
	token func() *oauth2.Token // hides the value from %v
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

// Token returns an access token that is good for a minute at least.
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
	if token := s.current(); token != nil { // somebody else renewed it
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

// Forget makes the next call renew the token, if it is still the one of the
// Authorization header that was refused.
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
	if !token.Expiry.IsZero() && !s.now().Add(early).Before(token.Expiry) {
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

// with makes package oauth2 use the server's HTTP client.
func (s *server) with(ctx context.Context) context.Context {
	// A redirect would send the credential elsewhere.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: s.client.RoundTripper(), CheckRedirect: stay})
}

// refusal turns the library's error, which quotes the whole answer, into one
// that quotes what the standard defines.
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

// Prompt is what a person needs to sign in in a browser.
type Prompt struct {
	URL  string // to open; holds the code when the server says so
	Code string // to type there; empty where the browser brings the answer back by itself
	Ends time.Time
}

// Browser signs a person in by an authorization code with PKCE: show is given the
// page to open, then Browser waits until the browser has come back to
// Options.Redirect, which must be on this machine. Keep is as for Device.
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
		return nil, s.unreturned(err)
	}
	token, err := s.config.Exchange(s.with(ctx), code, oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, refusal("trade the code of the browser for a token", err)
	}
	return s.person(ctx, o, token, keep)
}

// unreturned is why the browser brought no code.
func (s *server) unreturned(err error) error {
	var refused *loopback.RefusedError
	if !errors.As(err, &refused) {
		return fmt.Errorf("okta sign-in: %w", err)
	}
	return &transport.Error{
		System: system, Op: "sign in", Method: http.MethodGet, URL: s.config.Endpoint.AuthURL,
		Err: fmt.Errorf("%w: %w", refused, transport.ErrUnauthorized),
	}
}

// Device signs a person in: show is given where to go and which code to type,
// then Device waits until they have. Keep is given the refresh token, now and
// whenever Okta changes it; it may be nil. The scope offline_access, which makes
// Okta give one, is asked for only with keep.
func Device(ctx context.Context, o Options, show func(Prompt), keep func(ctx context.Context, refresh string) error) (*Source, error) {
	s, err := connect(o)
	if err != nil {
		return nil, err
	}
	if keep != nil {
		s.config.Scopes = append([]string{"offline_access"}, Scopes...)
	}
	asked, err := s.config.DeviceAuth(s.with(ctx))
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
	token, err := s.config.DeviceAccessToken(s.with(ctx), asked)
	if err != nil {
		return nil, refusal("wait for the sign-in in the browser", err)
	}
	return s.person(ctx, o, token, keep)
}

// Refresh goes on with a refresh token that Browser or Device gave to keep.
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
		next, err := s.config.TokenSource(s.with(ctx), &oauth2.Token{RefreshToken: refresh(), Expiry: time.Unix(1, 0)}).Token()
		if err != nil {
			return nil, refusal("renew the access token", err)
		}
		if next.RefreshToken != refresh() {
			// Okta may end a refresh token with its use: losing the next one
			// would sign the person out.
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
