package hub

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strconv"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// page is one page of a listing: {count, next, previous, results}.
type page[T any] struct {
	Next    string // absolute or relative; empty on the last page
	Results []T
	sum     [sha256.Size]byte // of the results as received
}

// UnmarshalJSON accepts a page and, as in the reference's schema of the member list,
// an array that contains one page. It rejects an object without results, which must
// not be taken for an empty list.
func (p *page[T]) UnmarshalJSON(body []byte) error {
	var wrapped []json.RawMessage
	if json.Unmarshal(body, &wrapped) == nil {
		if len(wrapped) != 1 {
			return fmt.Errorf("an array of %d pages", len(wrapped))
		}
		body = wrapped[0]
	}
	var wire struct {
		Next    *string         `json:"next"`
		Results json.RawMessage `json:"results"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return err
	}
	if wire.Results == nil {
		return errors.New(`no "results"`)
	}
	if err := json.Unmarshal(wire.Results, &p.Results); err != nil {
		return err
	}
	if wire.Next != nil {
		p.Next = *wire.Next
	}
	p.sum = sha256.Sum256(wire.Results)
	return nil
}

// pages iterates over a listing by its next links. It ends with an error if a link
// leaves the server, if a link or page repeats, or if there are more pages than the
// client's limit.
func pages[T any](ctx context.Context, c *Client, op, ref string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if err := checkPath(c.client.URL(ref, nil)); err != nil {
			yield(none, fmt.Errorf("%s: %w", op, err))
			return
		}
		at := c.client.URL(ref, query)
		visited := map[string]bool{}
		var last [sha256.Size]byte
		for n := 1; ; n++ {
			if n > c.maxPages {
				yield(none, fmt.Errorf("%s: %w: %d pages read", op, ErrEndless, c.maxPages))
				return
			}
			visited[at] = true
			var p page[T]
			err := c.follow(ctx, op, at, nil, &p)
			if n > 1 && errors.Is(err, transport.ErrNotFound) {
				return // "page not found": past the end
			}
			if err != nil {
				yield(none, err)
				return
			}
			// A server may omit entries that the credential must not see, so
			// consecutive empty pages are allowed.
			if n > 1 && len(p.Results) > 0 && p.sum == last {
				yield(none, fmt.Errorf("%s: %w: page %d is page %d again", op, ErrEndless, n, n-1))
				return
			}
			last = p.sum
			for _, item := range p.Results {
				if !yield(item, nil) {
					return
				}
			}
			if p.Next == "" {
				return
			}
			if at, err = c.next(at, p.Next); err != nil {
				yield(none, fmt.Errorf("%s: page %d: %w", op, n+1, err))
				return
			}
			if visited[at] {
				yield(none, fmt.Errorf("%s: %w: page %d links back", op, ErrEndless, n))
				return
			}
		}
	}
}

// next resolves the link to the next page, and rejects one that leaves the server:
// following it would send the credential elsewhere.
func (c *Client) next(from, link string) (string, error) {
	base, err := url.Parse(from)
	if err != nil {
		return "", fmt.Errorf("%w: %q is not a URL", ErrShape, from)
	}
	u, err := base.Parse(link)
	if err != nil {
		return "", fmt.Errorf("%w: the link to it is not a URL", ErrShape)
	}
	u.Fragment = ""
	if err := c.client.CheckLink(u.String()); err != nil {
		return "", err
	}
	return u.String(), nil
}

// collect reads a whole listing. With an error it returns nothing, so that a partial
// list is not taken for a complete one.
func collect[T any](listing iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for item, err := range listing {
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}

// paging returns the query of a first page.
func (c *Client) paging() url.Values {
	return url.Values{"page": {"1"}, "page_size": {strconv.Itoa(c.pageSize)}}
}
