package transport

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// origin is the scheme, host and port that a credential is bound to, normalized.
type origin struct{ scheme, host string }

func originOf(u *url.URL) origin {
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" && scheme == "https" {
		port = "443"
	}
	if port == "" && scheme == "http" {
		port = "80"
	}
	return origin{scheme, net.JoinHostPort(strings.ToLower(u.Hostname()), port)}
}

// checkAddress rejects URLs that no request may use: schemes other than https (http to
// loopback excepted), URLs with user information, and paths with dot segments, which
// servers resolve: DELETE …/members/.. would be DELETE …/members.
func checkAddress(u *url.URL) error {
	switch {
	case u.Host == "" || u.Opaque != "" || u.Hostname() == "":
		return errors.New("it is not an absolute address")
	case u.User != nil:
		return errors.New("an address must not hold a user name or a password")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return errors.New("plain http is for loopback only; use https")
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("it must begin with https://")
	case hasDotSegment(u.EscapedPath()):
		return errors.New("its path holds . or .. as a name, which would lead to another route")
	}
	return nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func hasDotSegment(escaped string) bool {
	for segment := range strings.SplitSeq(escaped, "/") {
		name, err := url.PathUnescape(segment)
		if err != nil {
			return true
		}
		// Servers may treat an escaped slash or a backslash as a separator.
		for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '/' || r == '\\' }) {
			if part == "." || part == ".." {
				return true
			}
		}
	}
	return false
}

// isAbsolute reports whether ref starts with a scheme and a host.
func isAbsolute(ref string) bool {
	scheme, _, ok := strings.Cut(ref, "://")
	return ok && scheme != "" && !strings.ContainsAny(scheme, "/?#")
}
