package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const (
	loginPath        = "/v2/users/login"
	secondFactorPath = "/v2/users/2fa-login"
)

// ErrSecondFactor means that the account requires a second factor and no code was given. It
// is a transport.ErrUnauthorized, because the cure is to sign in again.
var ErrSecondFactor = fmt.Errorf("the account asks for the code of its second factor: %w", transport.ErrUnauthorized)

// NewPassword returns a client that signs in to a person's account with the password
// Options.Secret and, if the account has one, a second factor. code returns the six digits of
// the authenticator, or an error if nobody can be asked. Each sign-in needs a new code, so an
// expired session cannot be renewed without the person.
//
// The routes are deprecated, and Docker refuses passwords if the organization enforces SSO
// (Docker Hub API reference 2-beta, POST /v2/users/login and POST /v2/users/2fa-login).
func NewPassword(o Options, code func(context.Context) (string, error)) (*Client, error) {
	c, err := New(o)
	if err != nil {
		return nil, err
	}
	p := &passwordSignIn{username: o.Identifier, password: o.Secret, code: code}
	shared := o.Transport
	shared.System = system
	shared.BaseURL = o.BaseURL
	if shared.BaseURL == "" {
		shared.BaseURL = DefaultBaseURL
	}
	shared.SignIn = []string{loginPath, secondFactorPath}
	shared.Explain = p.explain
	if p.client, err = transport.New(shared); err != nil {
		return nil, fmt.Errorf("docker hub client: %w", err)
	}
	c.session.exchange = p.exchange
	c.session.life = func(token string) time.Duration { return passwordLifetime(token, c.session.now()) }
	return c, nil
}

// Until returns when the current session ends, or the zero time if there is none. The session
// of a token is renewed before that; the session of a password is not.
func (c *Client) Until() time.Time {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	return c.session.lease.until
}

type passwordSignIn struct {
	client   *transport.Client
	username string
	password func() string
	code     func(context.Context) (string, error)

	mu   sync.Mutex
	step func() string // login_2fa_token of the last refusal
}

// explain is like explainBody, and also keeps the login_2fa_token, which comes in the body of
// a 401.
func (p *passwordSignIn) explain(status int, h http.Header, body []byte) (code, message string) {
	var answer struct {
		Token string `json:"login_2fa_token"`
	}
	if json.Unmarshal(body, &answer) == nil && answer.Token != "" {
		p.mu.Lock()
		p.step = func() string { return answer.Token }
		p.mu.Unlock()
	}
	return explainBody(status, h, body)
}

func (p *passwordSignIn) takeStep() func() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	step := p.step
	p.step = nil
	return step
}

// exchange exchanges the password, and the code if one is required, for a token.
func (p *passwordSignIn) exchange(ctx context.Context) (func() string, error) {
	p.takeStep()
	token, err := p.post(ctx, loginPath, map[string]string{"username": p.username, "password": p.password()})
	step := p.takeStep()
	if err == nil || step == nil || !errors.Is(err, transport.ErrUnauthorized) {
		return token, err
	}
	if p.code == nil {
		return nil, p.refused(ErrSecondFactor)
	}
	digits, err := p.code(ctx)
	if err != nil {
		return nil, p.refused(err)
	}
	digits = strings.Join(strings.Fields(digits), "") // accept "123 456"
	return p.post(ctx, secondFactorPath, map[string]string{"login_2fa_token": step(), "code": digits})
}

func (p *passwordSignIn) refused(err error) error {
	return fmt.Errorf("sign in to docker hub as %q: %w", p.username, err)
}

func (p *passwordSignIn) post(ctx context.Context, route string, fields map[string]string) (func() string, error) {
	body, err := json.Marshal(fields)
	if err != nil {
		return nil, p.refused(err)
	}
	response, err := p.client.Do(transport.WithOp(ctx, "sign in"), transport.Call{
		System: system, Method: http.MethodPost, URL: p.client.URL(route, nil), ContentType: "application/json", Body: string(body),
	})
	if err != nil {
		return nil, p.refused(err)
	}
	var answer struct {
		Token string `json:"token"`
	}
	// The cause is left out: it might quote a part of the token.
	if json.Unmarshal(response.Body, &answer) != nil || answer.Token == "" || strings.ContainsFunc(answer.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, p.refused(fmt.Errorf("%w: no token", ErrShape))
	}
	return func() string { return answer.Token }, nil
}

// passwordLifetime returns how long a token of the deprecated routes is valid. The reference
// does not say, so the token's claims count, or else the ten minutes of the documented
// exchange.
func passwordLifetime(token string, now time.Time) time.Duration {
	c := claimsOf(token)
	if c.Expires <= 0 {
		return tokenLifetime
	}
	const most = 90 * 24 * 60 * 60
	seconds := c.Expires - c.Issued
	if c.Issued <= 0 {
		seconds = c.Expires - float64(now.Unix())
	}
	if seconds <= 0 {
		return tokenLifetime
	}
	return time.Duration(min(seconds, most) * float64(time.Second))
}
