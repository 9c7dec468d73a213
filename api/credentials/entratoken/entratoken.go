// Package entratoken gets access tokens for Microsoft Graph with Microsoft's
// libraries: azidentity for a service with a client secret or a certificate and for
// the account signed in to the Azure CLI; MSAL for a person in the browser or with a
// device code, because azidentity exposes neither the URL to open nor a cache that a
// later process could use. All requests go through package transport, except the
// Azure CLI's own.
package entratoken

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	msal "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"

	"github.com/seed-05b3d87e/reprovision/api/credentials/loopback"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const (
	system = "entra"
	// defaultResource is Microsoft Graph of the public cloud.
	defaultResource  = "https://graph.microsoft.com"
	defaultAuthority = "https://login.microsoftonline.com"
	renewAhead       = time.Minute
)

// Options identifies the directory and the application.
type Options struct {
	Tenant   string // the directory, by ID or domain
	ClientID string // of the app registration; may be empty for the Azure CLI
	// Authority is the sign-in URL of a national cloud; empty means that of the public
	// cloud, https://login.microsoftonline.com.
	Authority string
	// Resource is Microsoft Graph's URL without a path in a national cloud; empty means
	// the public cloud. The token has all permissions that the application was granted
	// there.
	Resource string
	// Redirect is the redirect URI of Browser, a loopback address that is registered
	// with the application; empty means DefaultRedirect.
	Redirect string
	// Transport configures the HTTP client. System, BaseURL, SignIn, Authorize and
	// Renew are set by this package.
	Transport transport.Options
}

// Source provides access tokens for Microsoft Graph and renews them before they
// expire. It is safe for concurrent use.
type Source struct {
	sign   func() (azcore.TokenCredential, error)
	scopes []string
	now    func() time.Time
	who    string

	turn       chan struct{} // a semaphore: receive to renew, send back when done
	mu         sync.Mutex
	credential azcore.TokenCredential
	token      func() azcore.AccessToken // a func, so that %v does not print it; nil if there is none
}

func newSource(o Options, sign func() (azcore.TokenCredential, error)) (*Source, error) {
	c, err := sign()
	if err != nil {
		return nil, refusal("set up the sign-in", err)
	}
	s := &Source{sign: sign, credential: c, scopes: []string{o.scope()}, now: o.Transport.Now, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

func (o Options) scope() string {
	if o.Resource == "" {
		return defaultResource + "/.default"
	}
	return strings.TrimSuffix(o.Resource, "/") + "/.default"
}

// Token returns an access token that is valid for at least a minute. Concurrent calls
// share one renewal.
func (s *Source) Token(ctx context.Context) (string, error) {
	if token, ok := s.current(); ok {
		return token.Token, nil
	}
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("wait for Entra's access token: %w", context.Cause(ctx))
	case <-s.turn:
	}
	defer func() { s.turn <- struct{}{} }()
	if token, ok := s.current(); ok { // renewed meanwhile
		return token.Token, nil
	}
	s.mu.Lock()
	credential := s.credential
	s.mu.Unlock()
	token, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: s.scopes})
	if err != nil {
		return "", refusal("get an access token", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = func() azcore.AccessToken { return token }
	return token.Token, nil
}

// Forget discards the token if refused is its Authorization header, so that the next
// call of Token gets another one.
func (s *Source) Forget(refused string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == nil || refused != "Bearer "+s.token().Token {
		return
	}
	s.token = nil
	if c, err := s.sign(); err == nil { // the old one has cached the token
		s.credential = c
	}
}

// Who returns the sign-in name of the person, or "" if it is not known.
func (s *Source) Who() string { return s.who }

func (s *Source) current() (azcore.AccessToken, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == nil {
		return azcore.AccessToken{}, false
	}
	token := s.token()
	return token, s.now().Add(renewAhead).Before(token.ExpiresOn)
}

// Secret returns a source for a service with a client secret.
func Secret(o Options, secret func() string) (*Source, error) {
	client, err := clientOptions(o)
	if err != nil {
		return nil, err
	}
	return newSource(o, func() (azcore.TokenCredential, error) {
		return azidentity.NewClientSecretCredential(o.Tenant, o.ClientID, secret(), &azidentity.ClientSecretCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: o.private()})
	})
}

// Certificate returns a source for a service with a certificate and its private key,
// both PEM-encoded in one text. An encrypted key must be decrypted first.
func Certificate(o Options, pem func() string) (*Source, error) {
	client, err := clientOptions(o)
	if err != nil {
		return nil, err
	}
	chain, key, err := azidentity.ParseCertificates([]byte(pem()), nil)
	if err != nil {
		// The cause is left out because it might quote a part of the key.
		return nil, errors.New("entra sign-in: the certificate cannot be read: it must be PEM and hold the certificate and its private key (BEGIN CERTIFICATE, BEGIN PRIVATE KEY)")
	}
	return newSource(o, func() (azcore.TokenCredential, error) {
		return azidentity.NewClientCertificateCredential(o.Tenant, o.ClientID, chain, key, &azidentity.ClientCertificateCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: o.private()})
	})
}

// Expiry returns when the certificate in pem expires.
func Expiry(pem string) (time.Time, error) {
	chain, _, err := azidentity.ParseCertificates([]byte(pem), nil)
	if err != nil || len(chain) == 0 {
		return time.Time{}, errors.New("the certificate cannot be read")
	}
	return chain[0].NotAfter, nil
}

// AzureCLIError means that the Azure CLI returned no token: it is not installed, or
// nobody is signed in to it. It is a transport.ErrUnauthorized.
type AzureCLIError struct {
	Missing bool   // az is not installed
	Said    string // the CLI's error message, on one line
}

// Error implements error.
func (e *AzureCLIError) Error() string { return "the Azure CLI gave no access token: " + e.Said }

// Unwrap returns transport.ErrUnauthorized.
func (e *AzureCLIError) Unwrap() error { return transport.ErrUnauthorized }

// AzureCLI returns a source for the account signed in to the Azure CLI ("az login"),
// which it runs. Without a tenant, tokens are for the one the CLI is signed in to.
func AzureCLI(o Options) (*Source, error) {
	if _, err := exec.LookPath("az"); err != nil {
		return nil, fmt.Errorf("entra sign-in: %w", &AzureCLIError{Missing: true, Said: "there is no program az in the PATH"})
	}
	return newSource(o, func() (azcore.TokenCredential, error) {
		c, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: o.Tenant})
		return azureCLI{c}, err
	})
}

// azureCLI wraps the library's credential and reduces its errors to the CLI's message.
type azureCLI struct{ azcore.TokenCredential }

func (a azureCLI) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := a.TokenCredential.GetToken(ctx, o)
	if err == nil || ctx.Err() != nil {
		return token, err
	}
	said, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "AzureCLICredential: "), "\n")
	said, _, _ = strings.Cut(said, " To troubleshoot, visit")
	said = strings.TrimRight(strings.TrimPrefix(said, "ERROR: "), ". ")
	return token, &AzureCLIError{Said: loopback.OneLine(said)}
}

// checked returns the options with defaults, or an error that says what is missing.
func (o Options) checked() (Options, error) {
	switch {
	case o.Tenant == "":
		return o, errors.New("entra sign-in: the tenant is needed: the directory's ID or domain (Entra admin center, Overview)")
	case o.ClientID == "":
		return o, errors.New("entra sign-in: the client ID is needed: the application (client) ID of an app registration")
	}
	if o.Authority == "" {
		o.Authority = defaultAuthority
	}
	return o, nil
}

// private reports whether the authority is not one of Microsoft's clouds. Instance
// discovery, which finds a directory's cloud, does not work then.
func (o Options) private() bool {
	for _, known := range []string{"", defaultAuthority, cloud.AzureGovernment.ActiveDirectoryAuthorityHost, cloud.AzureChina.ActiveDirectoryAuthorityHost} {
		if strings.TrimSuffix(o.Authority, "/") == strings.TrimSuffix(known, "/") {
			return false
		}
	}
	return true
}

func clientOptions(o Options) (policy.ClientOptions, error) {
	o, err := o.checked()
	if err != nil {
		return policy.ClientOptions{}, err
	}
	d, err := newExchanger(o)
	if err != nil {
		return policy.ClientOptions{}, err
	}
	return policy.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: o.Authority},
		Transport: d,
		Retry:     policy.RetryOptions{MaxRetries: -1}, // package transport retries
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}, nil
}

// exchanges matches the paths of the sign-in requests. The directory in the path may
// be spelled differently from the one in Options.
var exchanges = regexp.MustCompile(`^/[A-Za-z0-9.-]+/oauth2/v2\.0/(token|devicecode)$`)

// exchanger sends the libraries' requests: reads, and token exchanges on the
// authority's host, which are allowed even in a dry run.
type exchanger struct {
	o    transport.Options
	host string

	mu         sync.Mutex
	transports map[string]http.RoundTripper // by the path of the exchange; "" for reads
}

func newExchanger(o Options) (*exchanger, error) {
	u, err := url.Parse(o.Authority)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("entra sign-in: the authority must be an address such as " + defaultAuthority)
	}
	t := o.Transport
	t.System, t.BaseURL, t.Authorize, t.Renew, t.Hosts, t.SignIn = system, "https://"+u.Host, nil, nil, nil, nil
	return &exchanger{o: t, host: u.Host, transports: map[string]http.RoundTripper{}}, nil
}

// Do implements policy.Transporter.
func (d *exchanger) Do(r *http.Request) (*http.Response, error) {
	exchange := ""
	if r.Method == http.MethodPost && r.URL.Host == d.host && exchanges.MatchString(r.URL.Path) {
		exchange = r.URL.Path
	}
	out, err := d.roundTripper(exchange)
	if err != nil {
		return nil, err
	}
	return out.RoundTrip(r) // no redirect is followed: it would take what signs in along
}

// CloseIdleConnections closes the connections that are kept for later requests.
func (d *exchanger) CloseIdleConnections() {}

func (d *exchanger) roundTripper(exchange string) (http.RoundTripper, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if out := d.transports[exchange]; out != nil {
		return out, nil
	}
	o := d.o
	if exchange != "" {
		o.SignIn = []string{exchange}
	}
	c, err := transport.New(o)
	if err != nil {
		return nil, fmt.Errorf("entra sign-in: %w", err)
	}
	d.transports[exchange] = c.RoundTripper()
	return d.transports[exchange], nil
}

// refusal converts an error of the library, which quotes the whole response over
// several lines, to one with only the code and description.
func refusal(what string, err error) error {
	var refused *azidentity.AuthenticationFailedError
	var called msal.CallErr
	var cli *AzureCLIError
	e := &transport.Error{System: system, Op: what, Status: http.StatusUnauthorized, Err: transport.ErrUnauthorized}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("entra sign-in: %s: %w", what, err)
	case errors.As(err, &cli):
		return fmt.Errorf("entra sign-in: %s: %w", what, cli)
	case errors.As(err, &refused) && refused.RawResponse != nil:
		return refusedBy(e, refused.RawResponse, bodyOf(refused.RawResponse))
	case errors.As(err, &called) && called.Resp != nil:
		_, body, _ := strings.Cut(called.Error(), "\n") // the response has already been read
		return refusedBy(e, called.Resp, []byte(body))
	}
	if sent, ok := errors.AsType[*transport.Error](err); ok {
		return fmt.Errorf("entra sign-in: %s: %w", what, sent)
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("entra sign-in: %s: %w", what, errors.New(loopback.OneLine(text)))
}

func refusedBy(e *transport.Error, response *http.Response, body []byte) *transport.Error {
	e.Code, e.Message = describe(body)
	if r := response.Request; r != nil && r.URL != nil {
		e.Method, e.URL = r.Method, r.URL.Scheme+"://"+r.URL.Host+r.URL.Path
	}
	return e
}

func bodyOf(r *http.Response) []byte {
	if r.Body == nil {
		return nil
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		return nil
	}
	return raw
}

func describe(raw []byte) (code, message string) {
	var answer struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(raw, &answer) != nil {
		return "", "the answer is not the JSON of a refusal"
	}
	first, _, _ := strings.Cut(answer.Description, " Trace ID:")
	first, _, _ = strings.Cut(first, "\n")
	return loopback.OneLine(answer.Code), loopback.OneLine(first)
}
