package idp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// Attributes are the attributes besides the name that Docker reads from SCIM and from
// SSO assertions (Docker, "Set up SCIM").
var Attributes = []string{"dockerRole", "dockerOrg", "dockerTeam"}

// Meant returns the Docker attribute whose name equals name except for case, or "".
func Meant(name string) string {
	for _, a := range Attributes {
		if strings.EqualFold(a, name) {
			return a
		}
	}
	return ""
}

// Time is a time in a response. It is the zero time if absent or not in RFC 3339.
type Time struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (t *Time) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		t.Time, _ = time.Parse(time.RFC3339, s)
	}
	return nil
}

// Earlier reports whether t is known and before u.
func (t Time) Earlier(u time.Time) bool { return !t.IsZero() && t.Before(u) }

// Reading says whether the credential may read one kind of data.
type Reading struct {
	Permission string // the provider's name for it
	Err        error  // nil if allowed
}

// maxPages bounds a listing. At 20 entries a page, the smallest default, it allows
// 40,000.
const maxPages = 2000

// List reads all pages of a listing. read decodes the entries of a response and the
// link to the next page, "" at the end. A link that repeats or leaves the host is an
// error.
func List[T any](ctx context.Context, client *transport.Client, system, ref string, query url.Values, read func(*transport.Response) ([]T, string, error)) ([]T, error) {
	var all []T
	seen := map[string]bool{}
	for range maxPages {
		response, err := client.Get(ctx, ref, query)
		if err != nil {
			return nil, err
		}
		page, next, err := read(response)
		if err != nil {
			return nil, fmt.Errorf("%s: GET %s: %w", system, client.URL(ref, nil), err)
		}
		all = append(all, page...)
		if next == "" {
			return all, nil
		}
		if err := client.CheckLink(next); err != nil {
			return nil, fmt.Errorf("%s: the link to the next page: %w", system, err)
		}
		if seen[next] {
			return nil, fmt.Errorf("%s: the listing links to a page that was read already; try again later", system)
		}
		seen[next] = true
		ref, query = next, nil
	}
	return nil, fmt.Errorf("%s: the listing does not end after %d pages", system, maxPages)
}
