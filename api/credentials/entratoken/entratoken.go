// Package entratoken makes access tokens for Microsoft Graph with Microsoft's own
// libraries: for a service by a client secret or a certificate, and for whoever
// is signed in to the Azure CLI, with azidentity; for a person in the browser or
// by a device code with MSAL, on which azidentity stands, because azidentity
// neither tells the address to open nor gives out what a later process could go
// on with. All requests go through package transport, except the Azure
// CLI's own.
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
	early            = time.Minute
)

// Options say which directory and which application.
type Options struct {
	Tenant   string // the directory, by ID or domain
	ClientID string // of the app registration; may be empty for the Azure CLI
	// Authority is where people sign in, of a national cloud; empty means the
	// public one, https://login.microsoftonline.com.
	Authority string
	// Resource is Microsoft Graph's address without a path, of a national cloud;
	// empty means the public one. The token is good for whatever the application
	// was granted there.
	Resource string
	// Redirect is where Browser has the browser bring the code: an address of this
	// machine that is registered with the application; DefaultRedirect when empty.
	Redirect string
	// Transport configures the HTTP client. System, BaseURL, SignIn, Authorize and
	// Renew are set by this package.
	Transport transport.Options
}

// Source gives access tokens for Microsoft Graph, renewed ahead of their end.
// It is safe for concurrent use.
type Source struct {
	sign   func() (azcore.TokenCredential, error)
	scopes []string
	now    func() time.Time
	who    string

	turn       chan struct{} // holds one value while nobody renews
	mu         sync.Mutex
	credential azcore.TokenCredential
	token      func() azcore.AccessToken // hides the value from %v; nil when there is none
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

// Token returns an access token that is good for a minute at least. One caller
// renews it, the others share what it got.
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
	if token, ok := s.current(); ok { // somebody else renewed it
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

// Forget makes the next call get another token, if it is still the one of the
// Authorization header that was refused.
func (s *Source) Forget(refused string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == nil || refused != "Bearer "+s.token().Token {
		return
	}
	s.token = nil
	if c, err := s.sign(); err == nil { // one that has not cached the token
		s.credential = c
	}
}

// Who is the sign-in name of the person whose tokens these are, or "" where it is
// not known.
func (s *Source) Who() string { return s.who }

func (s *Source) current() (azcore.AccessToken, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == nil {
		return azcore.AccessToken{}, false
	}
	token := s.token()
	return token, s.now().Add(early).Before(token.ExpiresOn)
}

// Secret signs a service in with its client secret.
func Secret(o Options, secret func() string) (*Source, error) {
	client, err := clientOptions(o)
	if err != nil {
		return nil, err
	}
	return newSource(o, func() (azcore.TokenCredential, error) {
		return azidentity.NewClientSecretCredential(o.Tenant, o.ClientID, secret(), &azidentity.ClientSecretCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: o.private()})
	})
}

// Certificate signs a service in with a certificate and its private key, both
// in PEM and in one text. A key with a passphrase must be decrypted first.
func Certificate(o Options, pem func() string) (*Source, error) {
	client, err := clientOptions(o)
	if err != nil {
		return nil, err
	}
	chain, key, err := azidentity.ParseCertificates([]byte(pem()), nil)
	if err != nil {
		// The cause is left out: it might quote a part of the key.
		return nil, errors.New("entra sign-in: the certificate cannot be read: it must be PEM and hold the certificate and its private key (BEGIN CERTIFICATE, BEGIN PRIVATE KEY)")
	}
	return newSource(o, func() (azcore.TokenCredential, error) {
		return azidentity.NewClientCertificateCredential(o.Tenant, o.ClientID, chain, key, &azidentity.ClientCertificateCredentialOptions{ClientOptions: client, DisableInstanceDiscovery: o.private()})
	})
}

// Expiry is when the certificate in pem ends.
func Expiry(pem string) (time.Time, error) {
	chain, _, err := azidentity.ParseCertificates([]byte(pem), nil)
	if err != nil || len(chain) == 0 {
		return time.Time{}, errors.New("the certificate cannot be read")
	}
	return chain[0].NotAfter, nil
}

// AzureCLIError says that the Azure CLI gave no token: it is not there, or nobody is
// signed in to it. It is transport.ErrUnauthorized.
type AzureCLIError struct {
	Missing bool   // there is no program az
	Said    string // what the CLI said, on one line
}

// Error implements error.
func (e *AzureCLIError) Error() string { return "the Azure CLI gave no access token: " + e.Said }

// Unwrap implements the errors package's interface.
func (e *AzureCLIError) Unwrap() error { return transport.ErrUnauthorized }

// AzureCLI takes the tokens of whoever is signed in to the Azure CLI ("az
// login"), which it runs. Without a tenant they are for the one that the CLI is
// signed in to.
func AzureCLI(o Options) (*Source, error) {
	if _, err := exec.LookPath("az"); err != nil {
		return nil, fmt.Errorf("entra sign-in: %w", &AzureCLIError{Missing: true, Said: "there is no program az in the PATH"})
	}
	return newSource(o, func() (azcore.TokenCredential, error) {
		c, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: o.Tenant})
		return azureCLI{c}, err
	})
}

// azureCLI is the library's credential, whose errors it cuts down to what the CLI
// says.
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

// checked completes the options and says what is missing.
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

// private reports whether the authority is none of Microsoft's clouds, which are
// asked which of them a directory belongs to.
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

// refusal turns the library's error, which quotes the whole answer over many
// lines, into one that quotes code and description.
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
		_, body, _ := strings.Cut(called.Error(), "\n") // the response was read already, in part
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
