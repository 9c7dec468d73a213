package transport

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	redacted   = "REDACTED"
	maxMessage = 300 // runes of a message
)

// sanitize makes server text safe for a terminal and a log: on one line, without
// control or formatting characters, without the secrets, at most 300 runes.
func sanitize(words string, secrets []string) string {
	words = scrub(words, secrets)
	var b strings.Builder
	space := false
	for _, r := range words {
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co) || r == utf8.RuneError:
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	// Again, since control characters may have interrupted a secret.
	words = scrub(b.String(), secrets)
	if utf8.RuneCountInString(words) > maxMessage {
		words = string([]rune(words)[:maxMessage-1]) + "…"
	}
	return words
}

func scrub(words string, secrets []string) string {
	for _, s := range secrets {
		words = strings.ReplaceAll(words, s, redacted)
	}
	return words
}

// secretsIn returns the credentials in a header, in all forms in which a server could
// quote them.
func secretsIn(h http.Header) []string {
	var found []string
	for name, values := range h {
		if !isSecret(name) {
			continue
		}
		for _, v := range values {
			found = append(found, v)
			scheme, credential, ok := strings.Cut(v, " ")
			if !ok {
				continue
			}
			found = append(found, credential)
			if decoded, err := base64.StdEncoding.DecodeString(credential); err == nil && strings.EqualFold(scheme, "Basic") {
				_, password, _ := strings.Cut(string(decoded), ":")
				found = append(found, string(decoded), password)
			}
		}
	}
	return longestFirst(found)
}

// secretsInBody returns the secrets in the body of a token exchange, JSON or form.
func secretsInBody(body string) []string {
	var found []string
	var object map[string]any
	if json.Unmarshal([]byte(body), &object) == nil {
		for name, value := range object {
			if s, ok := value.(string); ok && isSecret(name) {
				found = append(found, s)
			}
		}
	} else if form, err := url.ParseQuery(body); err == nil {
		for name, values := range form {
			if isSecret(name) {
				found = append(found, values...)
			}
		}
	}
	return longestFirst(found)
}

// longestFirst sorts secrets so that a secret that contains another is replaced first.
// It drops very short ones: hiding every "a" would destroy the message.
func longestFirst(secrets []string) []string {
	secrets = slices.DeleteFunc(secrets, func(s string) bool { return len(s) < 4 })
	for _, s := range slices.Clone(secrets) {
		if escaped := url.QueryEscape(s); escaped != s {
			secrets = append(secrets, escaped)
		}
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(secrets)
}

// isSecret reports whether the name of a query parameter, a header or a field suggests
// that its value is a secret.
func isSecret(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "key", "code", "pass", "pwd", "policy", "state", "_state", "key-pair-id", "x-api-key", "cookie":
		return true
	}
	return slices.ContainsFunc([]string{
		"token", "secret", "passw", "auth", "sig", "cred", "session", "assertion", "jwt", "apikey", "api_key", "2fa",
	}, func(part string) bool { return strings.Contains(name, part) })
}

// redactURL returns a URL as errors and records show it: without user information and
// fragment, and without the values of query parameters that suggest a secret.
func redactURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(an address that cannot be read)"
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	pairs := strings.Split(u.RawQuery, "&")
	for i, pair := range pairs {
		escaped, _, ok := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(escaped)
		if ok && (err != nil || isSecret(name)) {
			pairs[i] = escaped + "=" + redacted
		}
	}
	u.RawQuery = strings.Join(pairs, "&")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, u.String())
}
