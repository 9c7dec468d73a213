// Package okta reads from Okta what it would send to Docker about a person, and builds
// the requests that make it send that again.
//
// It uses Okta's public reference: Apps, Application Users, Application Features,
// Schemas, Users, Groups and System Log APIs (developer.okta.com). The console's
// "Provision User", "Force Sync" and "Retry" have no public API, so a push removes the
// assignment and adds it again.
package okta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const (
	system   = "okta"
	provider = "Okta"

	defaultLabel = "Docker"
)

// Options configures a Client.
type Options struct {
	BaseURL string        // https://acme.okta.com, or the admin console's URL
	Token   func() string // an API token; a func, so that formatting a struct does not print it
	// Bearer returns an OAuth access token, in place of Token. It is called for every
	// request, and caches and renews the token itself.
	Bearer func(context.Context) (string, error)
	// Forget is given a refused Authorization header, so that Bearer renews its token.
	// It may be nil.
	Forget   func(refused string)
	AppLabel string  // the application's label or ID; "Docker" if empty
	App      idp.Ref // the application found before, if any
	// Transport configures the HTTP client: ReadOnly, Record, Base, Now and so on.
	// System, BaseURL, Authorize, Renew, Limit and Explain are set by New.
	Transport transport.Options
}

// Client reads from one Okta organization. It is safe for concurrent use.
type Client struct {
	client *transport.Client
	base   string
	label  string
	now    func() time.Time

	idp.Pin
}

// New returns a client. It sends nothing.
func New(o Options) (*Client, error) {
	if o.Token == nil && o.Bearer == nil {
		return nil, errors.New("okta: an API token is needed (Security > API > Tokens in the admin console)")
	}
	base, err := baseURL(o.BaseURL)
	if err != nil {
		return nil, err
	}
	t := o.Transport
	t.System, t.BaseURL, t.Explain, t.Limit = system, base, explain, limitOf
	t.Renew = o.Forget
	t.Authorize = func(ctx context.Context, r *http.Request) error {
		if o.Bearer != nil {
			token, err := o.Bearer(ctx)
			if err != nil {
				return err
			}
			r.Header.Set("Authorization", "Bearer "+token)
			return nil
		}
		token := o.Token()
		if token == "" {
			return errors.New("no API token: sign in to Okta first")
		}
		r.Header.Set("Authorization", "SSWS "+token)
		return nil
	}
	client, err := transport.New(t)
	if err != nil {
		return nil, fmt.Errorf("okta: %w", err)
	}
	c := &Client{client: client, base: base, label: o.AppLabel, now: t.Now}
	c.Use(o.App)
	if c.label == "" {
		c.label = defaultLabel
	}
	if c.now == nil {
		c.now = time.Now
	}
	return c, nil
}

// limitOf returns the rate limit that a request counts towards: Okta counts each kind
// of resource separately (Okta, "Rate limits").
func limitOf(u *url.URL) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/api/v1/"), "/")
	return kind
}

// adminHosts are the domains whose admin console has a separate host,
// "acme-admin.okta.com".
var adminHosts = []string{".okta.com", ".oktapreview.com", ".okta-emea.com"}

// baseURL turns what people paste into the API's base URL: it drops the path, and the
// "-admin" of the console's host.
func baseURL(raw string) (string, error) {
	raw = strings.TrimSpace(raw)
	if raw != "" && !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil {
		return "", errors.New("okta: the address must be that of your Okta organization, such as https://acme.okta.com")
	}
	host := strings.ToLower(u.Host)
	for _, domain := range adminHosts {
		if org, ok := strings.CutSuffix(host, "-admin"+domain); ok {
			host = org + domain
		}
	}
	return u.Scheme + "://" + host, nil
}

// consoleURL returns the application's page in the admin console, or "" for a custom
// domain, whose console host is not known.
func (c *Client) consoleURL(a app) string {
	u, err := url.Parse(c.base)
	if err != nil || a.Name == "" {
		return ""
	}
	for _, domain := range adminHosts {
		if org, ok := strings.CutSuffix(u.Host, domain); ok {
			return "https://" + org + "-admin" + domain + "/admin/app/" + url.PathEscape(a.Name) + "/instance/" + url.PathEscape(a.ID) + "/"
		}
	}
	return ""
}

// Send sends a call that one of the Call methods built. The call must be approved.
func (c *Client) Send(ctx context.Context, call transport.Call) (*transport.Response, error) {
	return c.client.Do(ctx, call)
}

// CloseIdleConnections closes the connections that are not in use.
func (c *Client) CloseIdleConnections() { c.client.CloseIdleConnections() }

// wireError is the body of an error response (Okta, "Error codes").
type wireError struct {
	Code    string `json:"errorCode"` // E0000011 and its siblings
	Summary string `json:"errorSummary"`
	Causes  []struct {
		Summary string `json:"errorSummary"`
	} `json:"errorCauses"`
}

// hints says what to do about an error code.
var hints = map[string]string{
	"E0000011": "make a new API token, or sign in again",
	"E0000006": "the token's owner needs rights on the application, its users and groups",
	"E0000047": "Okta limits how often it may be asked",
	"E0000007": "it may have been deleted meanwhile: look again",
	"E0000009": "Okta itself failed: try again in a while",
	"E0000015": "the organization lacks the feature, or the token's owner the right to it",
	"E0000038": "their account in Okta is suspended, deactivated or not yet activated",
	"E0000060": "Okta does not offer this for the application",
}

func explain(_ int, _ http.Header, body []byte) (code, message string) {
	var e wireError
	if json.Unmarshal(body, &e) != nil {
		return "", ""
	}
	words := []string{}
	if e.Summary != "" {
		words = append(words, e.Summary)
	}
	for _, cause := range e.Causes {
		if cause.Summary != "" {
			words = append(words, cause.Summary)
		}
	}
	message = strings.Join(words, "; ")
	if hint := hints[e.Code]; hint != "" {
		message += " (" + hint + ")"
	}
	return e.Code, strings.TrimSpace(message)
}

// path joins segments, each escaped, to an API path.
func path(segments ...string) string {
	var b strings.Builder
	b.WriteString("/api/v1")
	for _, s := range segments {
		b.WriteString("/" + url.PathEscape(s))
	}
	return b.String()
}

// quoted returns a string literal for a filter or search expression.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
