package okta

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// list reads all pages of a listing. Okta links the next page in a Link header.
func list[T any](ctx context.Context, c *Client, ref string, query url.Values) ([]T, error) {
	return idp.List(ctx, c.client, system, ref, query, func(response *transport.Response) ([]T, string, error) {
		var page []T
		if err := response.JSON(&page); err != nil || len(page) == 0 {
			return nil, "", err // the log always links a next page
		}
		return page, nextLink(response.Header), nil
	})
}

// nextLink returns the target of the link with relation "next", or "" (RFC 8288,
// section 3).
func nextLink(h http.Header) string {
	for _, value := range h.Values("Link") {
		for value != "" {
			var target string
			var next bool
			target, next, value = cutLink(value)
			if next && target != "" {
				return target
			}
		}
	}
	return ""
}

// cutLink splits the first link-value off a header: its target, whether its relation
// is next, and the rest of the header.
func cutLink(value string) (target string, next bool, rest string) {
	_, value, ok := strings.Cut(value, "<")
	if !ok {
		return "", false, ""
	}
	target, value, ok = strings.Cut(value, ">")
	if !ok {
		return "", false, ""
	}
	related := false // only the first rel parameter counts
	for {
		value = strings.TrimLeft(value, " \t")
		if !strings.HasPrefix(value, ";") {
			break
		}
		var name, content string
		name, content, value = cutParameter(value[1:])
		if strings.EqualFold(name, "rel") && !related {
			related = true
			for relation := range strings.FieldsSeq(content) {
				next = next || strings.EqualFold(relation, "next")
			}
		}
	}
	_, rest, _ = strings.Cut(value, ",")
	return strings.TrimSpace(target), next, rest
}

// cutParameter splits `name=token` or `name="quoted"` off the beginning of value.
func cutParameter(value string) (name, content, rest string) {
	end := strings.IndexAny(value, "=;,")
	if end < 0 {
		return strings.TrimSpace(value), "", ""
	}
	name = strings.TrimSpace(value[:end])
	if value[end] != '=' {
		return name, "", value[end:]
	}
	value = strings.TrimLeft(value[end+1:], " \t")
	if !strings.HasPrefix(value, `"`) {
		end := strings.IndexAny(value, ";,")
		if end < 0 {
			end = len(value)
		}
		return name, strings.TrimSpace(value[:end]), value[end:]
	}
	var b strings.Builder
	for i := 1; i < len(value); i++ {
		switch value[i] {
		case '"':
			return name, b.String(), value[i+1:]
		case '\\':
			i++
			if i == len(value) {
				return name, b.String(), ""
			}
		}
		b.WriteByte(value[i])
	}
	return name, b.String(), ""
}
