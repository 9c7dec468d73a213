package entratoken

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	"golang.org/x/oauth2"

	"github.com/seed-05b3d87e/reprovision/api/credentials/loopback"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// DefaultRedirect is the default redirect URI. Entra accepts any port of localhost if
// the application has the platform "Mobile and desktop applications" with
// http://localhost.
const DefaultRedirect = "http://localhost"

// Prompt is what a person needs to sign in with a browser.
type Prompt struct {
	URL  string
	Code string // to enter there; empty if the browser is redirected back
}

// Keep stores the state that a later process can resume from (see Resume). It is
// called after signing in and whenever Entra changes the state. It may be nil.
type Keep func(ctx context.Context, kept string) error

// Browser signs a person in with an authorization code and PKCE: it passes the page to
// open to show, then waits for the redirect.
func Browser(ctx context.Context, o Options, show func(Prompt), keep Keep) (_ *Source, err error) {
	p, err := newPerson(o, "", keep)
	if err != nil {
		return nil, err
	}
	redirect := o.Redirect
	if redirect == "" {
		redirect = DefaultRedirect
	}
	back, err := loopback.Listen(ctx, redirect)
	if err != nil {
		return nil, fmt.Errorf("entra sign-in: %w", err)
	}
	defer func() { err = errors.Join(err, back.Close()) }()
	verifier := oauth2.GenerateVerifier()
	address, err := p.client.AuthCodeURL(ctx, o.ClientID, back.RedirectURI(), p.authScopes())
	if err != nil {
		return nil, refusal("find where to sign in", err)
	}
	page, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("entra sign-in: the page to open has no address that can be read")
	}
	q := page.Query()
	q.Set("state", back.State())
	q.Set("code_challenge", oauth2.S256ChallengeFromVerifier(verifier))
	q.Set("code_challenge_method", "S256")
	q.Set("response_mode", "query")
	q.Set("prompt", "select_account") // administrators often have a separate account
	page.RawQuery = q.Encode()
	show(Prompt{URL: page.String()})
	code, err := back.Wait(ctx)
	if err != nil {
		return nil, redirectError(page, err)
	}
	result, err := p.client.AcquireTokenByAuthCode(ctx, code, back.RedirectURI(), p.scopes, public.WithChallenge(verifier))
	return p.source(result, "trade the code of the browser for a token", err)
}

// redirectError returns the error for a redirect without a code.
func redirectError(page *url.URL, err error) error {
	var refused *loopback.RefusedError
	if !errors.As(err, &refused) {
		return fmt.Errorf("entra sign-in: %w", err)
	}
	return &transport.Error{
		System: system, Op: "sign in", Method: http.MethodGet, URL: page.Scheme + "://" + page.Host + page.Path,
		Err: fmt.Errorf("%w: %w", refused, transport.ErrUnauthorized),
	}
}

// Device signs a person in with a device code: it passes the page to open and the code
// to show, then waits for the sign-in.
func Device(ctx context.Context, o Options, show func(Prompt), keep Keep) (*Source, error) {
	p, err := newPerson(o, "", keep)
	if err != nil {
		return nil, err
	}
	asked, err := p.client.AcquireTokenByDeviceCode(ctx, p.scopes)
	if err != nil {
		return nil, refusal("ask for a code", err)
	}
	if !strings.HasPrefix(asked.Result.VerificationURL, "https://") {
		return nil, errors.New("entra sign-in: the page to open does not begin with https://")
	}
	show(Prompt{URL: asked.Result.VerificationURL, Code: loopback.OneLine(asked.Result.UserCode)})
	result, err := asked.AuthenticationResult(ctx)
	return p.source(result, "wait for the sign-in in the browser", err)
}

// Resume continues with the state that Browser or Device gave to keep, without asking
// anyone. If the sign-in has expired, the error is transport.ErrUnauthorized.
func Resume(ctx context.Context, o Options, kept string, keep Keep) (*Source, error) {
	p, err := newPerson(o, kept, keep)
	if err != nil {
		return nil, err
	}
	accounts, err := p.client.Accounts(ctx)
	if err != nil || len(accounts) == 0 {
		return nil, &transport.Error{
			System: system, Op: "resume the stored sign-in", Status: http.StatusUnauthorized, Err: transport.ErrUnauthorized,
			Message: "it cannot be read; sign in again",
		}
	}
	p.account = accounts[0]
	s, err := newSource(p.options, func() (azcore.TokenCredential, error) { return p, nil })
	if err != nil {
		return nil, err
	}
	if _, err := s.Token(ctx); err != nil {
		return nil, err
	}
	s.who = loopback.OneLine(p.account.PreferredUsername)
	return s, nil
}

// person is a signed-in person.
type person struct {
	options Options
	client  public.Client
	account public.Account
	scopes  []string
}

func newPerson(o Options, kept string, keep Keep) (*person, error) {
	o, err := o.checked()
	if err != nil {
		return nil, err
	}
	d, err := newExchanger(o)
	if err != nil {
		return nil, err
	}
	client, err := public.New(
		o.ClientID,
		public.WithAuthority(strings.TrimSuffix(o.Authority, "/")+"/"+url.PathEscape(o.Tenant)),
		public.WithHTTPClient(d),
		public.WithCache(&tokenCache{content: []byte(kept), kept: kept, keep: keep}),
		public.WithInstanceDiscovery(!o.private()),
	)
	if err != nil {
		return nil, refusal("set up the sign-in", err)
	}
	return &person{options: o, client: client, scopes: []string{o.scope()}}, nil
}

// authScopes returns the scopes for the sign-in page: those of the tokens, and those
// that make Entra issue a refresh token. The library adds the latter only to its own
// requests.
func (p *person) authScopes() []string {
	return append([]string{"openid", "offline_access", "profile"}, p.scopes...)
}

func (p *person) source(result public.AuthResult, what string, err error) (*Source, error) {
	if err != nil {
		return nil, refusal(what, err)
	}
	p.account = result.Account
	s, err := newSource(p.options, func() (azcore.TokenCredential, error) { return p, nil })
	if err != nil {
		return nil, err
	}
	s.who = loopback.OneLine(p.account.PreferredUsername)
	s.token = func() azcore.AccessToken {
		return azcore.AccessToken{Token: result.AccessToken, ExpiresOn: result.ExpiresOn}
	}
	return s, nil
}

// GetToken implements azcore.TokenCredential.
func (p *person) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	result, err := p.client.AcquireTokenSilent(ctx, o.Scopes, public.WithSilentAccount(p.account))
	if err != nil {
		return azcore.AccessToken{}, err
	}
	return azcore.AccessToken{Token: result.AccessToken, ExpiresOn: result.ExpiresOn}, nil
}

// tokenCache stores the library's cache without the access tokens, which Source holds
// itself, and passes it to keep.
type tokenCache struct {
	keep Keep

	mu      sync.Mutex
	content []byte
	kept    string
}

// Format implements fmt.Formatter, because the cache consists of secrets.
func (k *tokenCache) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("[cache]")) }

// Replace implements cache.ExportReplace.
func (k *tokenCache) Replace(_ context.Context, c cache.Unmarshaler, _ cache.ReplaceHints) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.content) == 0 {
		return nil
	}
	if err := c.Unmarshal(k.content); err != nil {
		return errors.New("the stored sign-in cannot be read: sign in again") // the cause might quote a secret
	}
	return nil
}

// Export implements cache.ExportReplace.
func (k *tokenCache) Export(ctx context.Context, c cache.Marshaler, _ cache.ExportHints) error {
	content, err := c.Marshal()
	if err != nil {
		return errors.New("the sign-in cannot be written")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	lasting, err := withoutAccess(content)
	if err != nil {
		return err
	}
	k.content = []byte(lasting)
	if k.keep == nil || lasting == k.kept {
		return nil
	}
	if err := k.keep(ctx, lasting); err != nil {
		return fmt.Errorf("keep the renewed sign-in: %w", err)
	}
	k.kept = lasting
	return nil
}

// withoutAccess removes the access tokens from a serialized cache.
func withoutAccess(content []byte) (string, error) {
	var parts map[string]json.RawMessage
	if json.Unmarshal(content, &parts) != nil {
		return "", errors.New("the sign-in is written in a way that is not known")
	}
	delete(parts, "AccessToken")
	out, err := json.Marshal(parts)
	return string(out), err
}
