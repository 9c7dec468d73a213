package cmd

import (
	"errors"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// kindError is the refusal of a secret that, by its look, is meant for something
// else. It never quotes the secret.
type kindError struct {
	err    error
	advice string
}

func (e *kindError) Error() string { return e.err.Error() }
func (e *kindError) Unwrap() error { return e.err }

// recognise adds to a refusal what the look of the secret tells. Nothing is
// refused for its look alone: the system has the last word.
func recognise(c engine.Credential, err error) error {
	if !errors.Is(err, transport.ErrUnauthorized) {
		return err
	}
	if advice := misplaced(c); advice != "" {
		return &kindError{err, advice}
	}
	return err
}

// misplaced says what a secret is and where it belongs, if it does not seem to
// belong where it was given, or "".
func misplaced(c engine.Credential) string {
	const (
		makeOne = "Make an organization access token (Docker Home > Identity & auth > Access tokens) and sign in with the organization's name."
		takes   = " Sign in here with "
	)
	is := lookOf(c.Secret.Reveal())
	if is == "" || c.Method != engine.MethodToken {
		return ""
	}
	switch c.System {
	case engine.SystemHub:
		switch is {
		case personalToken:
			return "This is " + is + ": it goes with its owner's Docker ID, and Docker Hub lets none read an organization. " + makeOne
		case organizationToken:
			return "This is " + is + ": it goes with that organization's name, in lower case. It may also be expired or revoked."
		}
		return "This is " + is + ", not an access token of Docker. " + makeOne
	case engine.SystemSCIM:
		return "This is " + is + "." + takes + "the SCIM API token: Docker Home > Identity & auth > SSO and SCIM > Actions > Setup SCIM."
	case engine.SystemOkta:
		return "This is " + is + "." + takes + "an API token of Okta (Security > API > Tokens), or in the browser."
	case engine.SystemEntra:
		if is == accessToken {
			return "" // what belongs here
		}
		return "This is " + is + "." + takes + "an access token for Microsoft Graph, or in the browser."
	case engine.SystemRegistry, engine.SystemMember:
		if is == personalToken || is == organizationToken {
			return ""
		}
		return "This is " + is + "." + takes + "an access token of Docker."
	}
	return ""
}

// What secrets look like. Docker documents how its tokens begin; an access token of
// OAuth mostly is a JWT.
const (
	personalToken     = "a personal access token of Docker" //nolint:gosec // words
	organizationToken = "an organization access token of Docker"
	accessToken       = "a short-lived access token (a JWT)"
	privateKey        = "a private key or a certificate"
)

func lookOf(secret string) string {
	switch {
	case strings.HasPrefix(secret, "dckr_pat_"):
		return personalToken
	case strings.HasPrefix(secret, "dckr_oat_"):
		return organizationToken
	case strings.HasPrefix(secret, "-----BEGIN "):
		return privateKey
	}
	if _, _, err := jwt.NewParser().ParseUnverified(secret, jwt.MapClaims{}); err == nil {
		return accessToken
	}
	return ""
}
