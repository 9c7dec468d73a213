// Package entra reads from Microsoft Entra ID what it would send to Docker about a
// person, and builds the requests that make it send that again.
//
// It uses Microsoft Graph's public reference, version 1.0: servicePrincipal,
// synchronizationJob, synchronizationSchema, appRoleAssignment and
// provisioningObjectSummary (learn.microsoft.com/graph/api). Unlike Okta, Entra can
// provision one person on demand (provisionOnDemand), and reports the result of each
// step.
package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const (
	system   = "entra"
	provider = "Microsoft Entra ID"

	// DefaultBaseURL is the base URL of the global cloud. National clouds have other
	// hosts, such as https://graph.microsoft.us/v1.0.
	DefaultBaseURL = "https://graph.microsoft.com/v1.0"
	defaultName    = "Docker"
	adminCenter    = "https://entra.microsoft.com"
)

// Permissions are the permissions that the token needs. Only the first allows changes.
// SAML claims can be read only with a permission to read policies as well.
const Permissions = "Synchronization.ReadWrite.All, Application.Read.All, Directory.Read.All, AuditLog.Read.All"

// Options configures a Client. The token determines the tenant.
type Options struct {
	BaseURL string // DefaultBaseURL when empty
	// Token returns an access token for Microsoft Graph, renewed if necessary.
	Token func(context.Context) (string, error)
	// Forget is given a refused Authorization header, so that Token gets another one.
	// It may be nil.
	Forget  func(refused string)
	AppName string  // the enterprise application's display name or object ID; "Docker" if empty
	App     idp.Ref // the application found before, if any
	// Transport configures the HTTP client: ReadOnly, Record, Base, Now and so on.
	// System, BaseURL, Authorize, Renew and Explain are set by New.
	Transport transport.Options
}

// Client is a client of one tenant. It is safe for concurrent use.
type Client struct {
	client *transport.Client
	name   string
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error

	idp.Pin

	mu     sync.Mutex
	pushes []time.Time // times of the last provisionOnDemand requests, oldest first
}

// New returns a client. It sends nothing.
func New(o Options) (*Client, error) {
	if o.Token == nil {
		return nil, errors.New("entra: an access token for Microsoft Graph is needed, with the permissions " + Permissions)
	}
	base, err := baseURL(o.BaseURL)
	if err != nil {
		return nil, err
	}
	t := o.Transport
	t.System, t.BaseURL, t.Explain = system, base, explain
	t.Renew = o.Forget
	t.Authorize = func(ctx context.Context, r *http.Request) error {
		token, err := o.Token(ctx)
		if err != nil {
			return fmt.Errorf("get an access token: %w", err)
		}
		if token == "" {
			return errors.New("no access token: sign in to Microsoft Entra ID first")
		}
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
	client, err := transport.New(t)
	if err != nil {
		return nil, fmt.Errorf("entra: %w", err)
	}
	c := &Client{client: client, name: o.AppName, now: t.Now, sleep: t.Sleep}
	if c.name == "" {
		c.name = defaultName
	}
	c.Use(o.App)
	if o.App.ID == "" && objectID.MatchString(c.name) {
		c.Use(idp.Ref{ID: c.name})
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.sleep == nil {
		c.sleep = transport.Sleep
	}
	return c, nil
}

// objectID matches the ID of an object.
var objectID = regexp.MustCompile(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// baseURL completes a base URL that lacks the API version.
func baseURL(raw string) (string, error) {
	raw = strings.TrimRight(strings.TrimSpace(raw), "/")
	if raw == "" {
		return DefaultBaseURL, nil
	}
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil {
		return "", errors.New("entra: the address must be that of Microsoft Graph, such as " + DefaultBaseURL)
	}
	if u.Path == "" {
		u.Path = "/v1.0"
	}
	return u.Scheme + "://" + u.Host + u.Path, nil
}

// consoleURL returns a page of the application in the admin center.
func consoleURL(p principal, page string) string {
	return adminCenter + "/#view/Microsoft_AAD_IAM/ManagedAppMenuBlade/~/" + page + "/objectId/" + url.PathEscape(p.ID) + "/appId/" + url.PathEscape(p.AppID)
}

// The pages of an application.
const (
	provisioningPage = "Provisioning"
	signOnPage       = "SignOn"
)

// CloseIdleConnections closes the connections that are not in use.
func (c *Client) CloseIdleConnections() { c.client.CloseIdleConnections() }

// wireError is the body of an error response (Microsoft Graph, "Error responses").
type wireError struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Details []struct {
			Message string `json:"message"`
		} `json:"details"`
		Inner struct {
			Code string `json:"code"` // more specific than the outer one, if present
		} `json:"innerError"`
	} `json:"error"`
}

func explain(status int, _ http.Header, body []byte) (code, message string) {
	var e wireError
	if json.Unmarshal(body, &e) != nil {
		return "", ""
	}
	code = e.Error.Code
	texts := []string{e.Error.Message}
	for _, d := range e.Error.Details {
		texts = append(texts, d.Message)
	}
	if inner := e.Error.Inner.Code; inner != "" && inner != code {
		texts = append(texts, inner)
	}
	message = words("", texts...)
	switch status {
	case http.StatusUnauthorized:
		message += " (get a new access token, or sign in again)"
	case http.StatusForbidden:
		message += " (the token needs " + Permissions + ", and its owner the role Application Administrator or Cloud Application Administrator)"
	case http.StatusNotFound:
		message += " (it may have been deleted meanwhile: look again)"
	}
	return code, strings.TrimSpace(message)
}

// list reads all pages of a collection. Graph links the next page in @odata.nextLink.
func list[T any](ctx context.Context, c *Client, ref string, query url.Values) ([]T, error) {
	return idp.List(ctx, c.client, system, ref, query, func(response *transport.Response) ([]T, string, error) {
		var page struct {
			Value []T    `json:"value"`
			Next  string `json:"@odata.nextLink"`
		}
		err := response.JSON(&page)
		return page.Value, page.Next, err
	})
}

// path joins segments, each escaped, to a path below the API version.
func path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString("/" + url.PathEscape(s))
	}
	return b.String()
}

// quoted returns a string literal for an OData filter. Quotes are doubled.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
