package hub

import (
	"context"
	"encoding/base64"
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
	signInPath    = "/v2/auth/token"
	tokenLifetime = 10 * time.Minute // documented at POST /v2/auth/token
	renewAhead    = time.Minute
)

// session holds the short-lived bearer token. Concurrent calls share one exchange.
type session struct {
	now      func() time.Time
	exchange func(context.Context) (func() string, error)
	life     func(token string) time.Duration // nil means lifetime

	mu     sync.Mutex
	lease  lease
	flight *flight // the exchange under way, nil when there is none
}

// lease is a token and the time until which it is used. The token is behind a function so
// that formatting the client does not print it.
type lease struct {
	bearer func() string
	until  time.Time
}

// flight is an exchange in progress. Its other fields are written before done is closed.
type flight struct {
	done      chan struct{}
	bearer    func() string
	err       error
	abandoned bool // the context of its caller ended: the waiting calls try again
}

// authorize adds the bearer token to a request.
func (s *session) authorize(ctx context.Context, r *http.Request) error {
	bearer, err := s.token(ctx)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+bearer())
	return nil
}

// forget discards the token if refused, an Authorization header, is the token's; an empty
// refused matches any token. Of several calls that were refused at the same time, only the
// first so causes an exchange.
func (s *session) forget(refused string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused != "" && s.lease.bearer != nil && refused != "Bearer "+s.lease.bearer() {
		return
	}
	s.lease = lease{}
}

// token returns a token that is valid for at least a minute. Waiting calls share the outcome
// of the exchange, even a refusal: repeating a wrong secret for each of them might lock the
// account.
func (s *session) token(ctx context.Context) (func() string, error) {
	for {
		s.mu.Lock()
		if s.lease.bearer != nil && s.now().Before(s.lease.until) {
			defer s.mu.Unlock()
			return s.lease.bearer, nil
		}
		f := s.flight
		if f == nil {
			f = &flight{done: make(chan struct{})}
			s.flight = f
			s.mu.Unlock()
			s.lead(ctx, f)
			return f.bearer, f.err
		}
		s.mu.Unlock()

		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the docker hub sign-in: %w", context.Cause(ctx))
		case <-f.done:
		}
		if !f.abandoned {
			return f.bearer, f.err
		}
	}
}

// lead carries out an exchange and wakes the waiting calls.
func (s *session) lead(ctx context.Context, f *flight) {
	asked := s.now()
	f.bearer, f.err = s.exchange(ctx)
	f.abandoned = f.err != nil && ctx.Err() != nil

	s.mu.Lock()
	defer s.mu.Unlock()
	s.flight = nil
	if f.err == nil {
		life := lifetime(f.bearer())
		if s.life != nil {
			life = s.life(f.bearer())
		}
		// The margin is reduced for tokens that live less than two minutes.
		s.lease = lease{bearer: f.bearer, until: asked.Add(life - min(renewAhead, life/2))}
	}
	close(f.done)
}

// exchangeToken exchanges identifier and secret for a token (Docker Hub API reference
// 2-beta, POST /v2/auth/token).
func exchangeToken(ctx context.Context, client *transport.Client, identifier string, secret func() string) (func() string, error) {
	body, err := json.Marshal(map[string]string{"identifier": identifier, "secret": secret()})
	if err != nil {
		return nil, fmt.Errorf("sign in to docker hub: %w", err)
	}
	response, err := client.Do(transport.WithOp(ctx, "sign in"), transport.Call{
		System:      system,
		Method:      http.MethodPost,
		URL:         client.URL(signInPath, nil),
		ContentType: "application/json",
		Body:        string(body),
	})
	if err != nil {
		return nil, explainSignIn(identifier, err)
	}
	token, err := decodeToken(response.Body)
	if err != nil {
		return nil, fmt.Errorf("sign in to docker hub: %w", err)
	}
	return func() string { return token }, nil
}

func explainSignIn(identifier string, err error) error {
	if errors.Is(err, transport.ErrUnauthorized) {
		return fmt.Errorf("sign in to docker hub as %q: %w; an organization access token goes with the organization's name, a personal one with its owner's username, and a password is refused where SSO is enforced", identifier, err)
	}
	return fmt.Errorf("sign in to docker hub as %q: %w", identifier, err)
}

func decodeToken(body []byte) (string, error) {
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	// The cause is left out: it might quote a part of the token.
	if json.Unmarshal(body, &answer) != nil {
		return "", fmt.Errorf("%w: the answer is not the JSON of a token", ErrShape)
	}
	if answer.AccessToken == "" {
		return "", fmt.Errorf("%w: no access_token", ErrShape)
	}
	if strings.ContainsFunc(answer.AccessToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("%w: the access_token is not one printable word", ErrShape)
	}
	return answer.AccessToken, nil
}

// lifetime returns how long a token is valid: the documented ten minutes, or less if its
// claims say so. The claims are compared with each other, not with the local clock, which
// may be wrong.
func lifetime(token string) time.Duration {
	c := claimsOf(token)
	seconds := c.Expires - c.Issued
	if c.Issued <= 0 || seconds <= 0 || seconds >= tokenLifetime.Seconds() {
		return tokenLifetime
	}
	return time.Duration(seconds * float64(time.Second))
}

// claims are the times in a JSON Web Token (RFC 7519), in seconds since the Unix epoch; 0
// if absent.
type claims struct {
	Issued  float64 `json:"iat"`
	Expires float64 `json:"exp"`
}

// claimsOf returns the claims of a token, without verifying its signature. They are zero if
// the token is not a JSON Web Token.
func claimsOf(token string) claims {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return claims{}
	}
	var c claims
	if json.Unmarshal(raw, &c) != nil {
		return claims{}
	}
	return c
}
