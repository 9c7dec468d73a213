// Package entratoken makes access tokens for Microsoft Graph with azidentity,
// the library of Microsoft's own tools: for a service by a client secret or a
// certificate, for a person by a device code or by whatever the Azure CLI is
// signed in to. Its requests go through the door of package transport, the
// Azure CLI's own excepted.
package entratoken

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const (
	system = "entra"
	// scope asks for whatever the application was granted on Microsoft Graph.
	scope            = "https://graph.microsoft.com/.default"
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
	// Transport is the base for the door. System, BaseURL, SignIn, Authorize and
	// Explain are set here.
	Transport transport.Options
}

// Source gives access tokens for Microsoft Graph, renewed ahead of their end.
// It is safe for concurrent use.
type Source struct {
	credential azcore.TokenCredential
	now        func() time.Time

	mu    sync.Mutex
	token func() azcore.AccessToken // hides the value from %v; nil when there is none
}

func newSource(o Options, c azcore.TokenCredential, err error) (*Source, error) {
	if err != nil {
		return nil, refusal("set up the sign-in", err)
	}
	s := &Source{credential: c, now: o.Transport.Now}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Token returns an access token that is good for a minute at least.
func (s *Source) Token(ctx context.Context) (string, error) {
	if token, ok := s.current(); ok {
		return token.Token, nil
	}
	// The library lets one caller renew and the others share what it got.
	token, err := s.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{scope}})
	if err != nil {
		return "", refusal("get an access token", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = func() azcore.AccessToken { return token }
	return token.Token, nil
}

// Until is when the present token ends, or the zero time.
func (s *Source) Until() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == nil {
		return time.Time{}
	}
	return s.token().ExpiresOn
}

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
	client, err := clientOptions(o, true)
	if err != nil {
		return nil, err
	}
	c, err := azidentity.NewClientSecretCredential(o.Tenant, o.ClientID, secret(), &azidentity.ClientSecretCredentialOptions{ClientOptions: client})
	return newSource(o, c, err)
}

// Certificate signs a service in with a certificate and its private key, both
// in PEM and in one text. A key with a passphrase must be decrypted first.
func Certificate(o Options, pem func() string) (*Source, error) {
	client, err := clientOptions(o, true)
	if err != nil {
		return nil, err
	}
	chain, key, err := azidentity.ParseCertificates([]byte(pem()), nil)
	if err != nil {
		// The cause is left out: it might quote a part of the key.
		return nil, errors.New("entra sign-in: the certificate cannot be read: it must be PEM and hold the certificate and its private key (BEGIN CERTIFICATE, BEGIN PRIVATE KEY)")
	}
	c, err := azidentity.NewClientCertificateCredential(o.Tenant, o.ClientID, chain, key, &azidentity.ClientCertificateCredentialOptions{ClientOptions: client})
	return newSource(o, c, err)
}

// Expiry is when the certificate in pem ends.
func Expiry(pem string) (time.Time, error) {
	chain, _, err := azidentity.ParseCertificates([]byte(pem), nil)
	if err != nil || len(chain) == 0 {
		return time.Time{}, errors.New("the certificate cannot be read")
	}
	return chain[0].NotAfter, nil
}

// Prompt is what a person needs to sign in in a browser.
type Prompt struct {
	URL, Code string
}

// Device signs a person in: show is given where to go and which code to type,
// then Device waits until they have. The sign-in lasts as long as the process;
// afterwards a token that cannot be renewed is transport.ErrUnauthorized.
func Device(ctx context.Context, o Options, show func(Prompt)) (*Source, error) {
	client, err := clientOptions(o, true)
	if err != nil {
		return nil, err
	}
	c, err := azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
		ClientOptions: client, TenantID: o.Tenant, ClientID: o.ClientID, DisableAutomaticAuthentication: true,
		UserPrompt: func(_ context.Context, m azidentity.DeviceCodeMessage) error {
			show(Prompt{URL: m.VerificationURL, Code: m.UserCode})
			return nil
		},
	})
	s, err := newSource(o, c, err)
	if err != nil {
		return nil, err
	}
	if _, err := c.Authenticate(ctx, &policy.TokenRequestOptions{Scopes: []string{scope}}); err != nil {
		return nil, refusal("wait for the sign-in in the browser", err)
	}
	return s, nil
}

// AzureCLI takes the tokens of whoever is signed in to the Azure CLI ("az
// login"), which it runs.
func AzureCLI(o Options) (*Source, error) {
	c, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: o.Tenant})
	return newSource(o, c, err)
}

func clientOptions(o Options, app bool) (policy.ClientOptions, error) {
	switch {
	case o.Tenant == "":
		return policy.ClientOptions{}, errors.New("entra sign-in: the tenant is needed: the directory's ID or domain (Entra admin center, Overview)")
	case app && o.ClientID == "":
		return policy.ClientOptions{}, errors.New("entra sign-in: the client ID is needed: the application (client) ID of an app registration")
	}
	if o.Authority == "" {
		o.Authority = defaultAuthority
	}
	d, err := newDoors(o)
	if err != nil {
		return policy.ClientOptions{}, err
	}
	return policy.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: o.Authority},
		Transport: d,
		Retry:     policy.RetryOptions{MaxRetries: -1}, // the door repeats what may be repeated
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}, nil
}

// exchanges are the requests that sign in; the directory in the path may be
// another spelling of the one that was given.
var exchanges = regexp.MustCompile(`^/[A-Za-z0-9.-]+/oauth2/v2\.0/(token|devicecode)$`)

// doors lets the library's requests out: reads, and the exchanges on the host
// where people sign in, even in a dry run.
type doors struct {
	o    transport.Options
	host string

	mu  sync.Mutex
	out map[string]http.RoundTripper // by the path of the exchange; "" for reads
}

func newDoors(o Options) (*doors, error) {
	u, err := url.Parse(o.Authority)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("entra sign-in: the authority must be an address such as " + defaultAuthority)
	}
	t := o.Transport
	t.System, t.BaseURL, t.Authorize, t.Renew, t.Hosts, t.SignIn = system, "https://"+u.Host, nil, nil, nil, nil
	return &doors{o: t, host: u.Host, out: map[string]http.RoundTripper{}}, nil
}

// Do implements policy.Transporter.
func (d *doors) Do(r *http.Request) (*http.Response, error) {
	exchange := ""
	if r.Method == http.MethodPost && r.URL.Host == d.host && exchanges.MatchString(r.URL.Path) {
		exchange = r.URL.Path
	}
	out, err := d.door(exchange)
	if err != nil {
		return nil, err
	}
	return out.RoundTrip(r) // no redirect is followed: it would take what signs in along
}

func (d *doors) door(exchange string) (http.RoundTripper, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if out := d.out[exchange]; out != nil {
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
	d.out[exchange] = c.RoundTripper()
	return d.out[exchange], nil
}

// refusal turns the library's error, which quotes the whole answer over many
// lines, into one that quotes code and description.
func refusal(what string, err error) error {
	var refused *azidentity.AuthenticationFailedError
	var again *azidentity.AuthenticationRequiredError
	e := &transport.Error{System: system, Op: what, Status: http.StatusUnauthorized, Err: transport.ErrUnauthorized}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("entra sign-in: %s: %w", what, err)
	case errors.As(err, &again):
		e.Message = "the sign-in in the browser has ended; sign in again"
		return e
	case errors.As(err, &refused) && refused.RawResponse != nil:
		e.Code, e.Message = describe(refused.RawResponse)
		if r := refused.RawResponse.Request; r != nil && r.URL != nil {
			e.Method, e.URL = r.Method, r.URL.Redacted()
		}
		return e
	}
	var sent *transport.Error
	if errors.As(err, &sent) {
		return fmt.Errorf("entra sign-in: %s: %w", what, sent)
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return fmt.Errorf("entra sign-in: %s: %w", what, errors.New(tidy(text)))
}

func describe(r *http.Response) (code, message string) {
	if r.Body == nil {
		return "", ""
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	if err != nil {
		return "", ""
	}
	var answer struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(raw, &answer) != nil {
		return "", "the answer is not the JSON of a refusal"
	}
	first, _, _ := strings.Cut(answer.Description, " Trace ID:")
	first, _, _ = strings.Cut(first, "\n")
	return tidy(answer.Code), tidy(first)
}

func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || (r >= 0x7f && r < 0xa0) {
			return -1
		}
		return r
	}, s)
	const most = 300
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
