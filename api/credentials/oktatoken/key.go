package oktatoken

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// assertionLife is how long a signed assertion is valid. Okta allows at most an hour.
const assertionLife = 5 * time.Minute

// Key returns a source for a service with a PEM-encoded private key: each token is
// requested with a newly signed assertion (RFC 7523; Okta, "Implement OAuth for Okta
// with a service app"). keyID is the kid of the public key in Okta, and may be empty
// if there is only one.
func Key(o Options, keyID string, privateKey func() string) (*Source, error) {
	s, err := connect(o)
	if err != nil {
		return nil, err
	}
	key, err := ParseKey([]byte(privateKey()))
	if err != nil {
		return nil, err
	}
	now := o.Transport.Now
	if now == nil {
		now = time.Now
	}
	return newSource(now, nil, func(ctx context.Context) (*oauth2.Token, error) {
		assertion, err := signAssertion(key, keyID, o.ClientID, s.config.Endpoint.TokenURL, now())
		if err != nil {
			return nil, err
		}
		c := clientcredentials.Config{
			ClientID: o.ClientID, TokenURL: s.config.Endpoint.TokenURL, Scopes: Scopes, AuthStyle: oauth2.AuthStyleInParams,
			EndpointParams: url.Values{
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
				"client_assertion":      {assertion},
			},
		}
		token, err := c.Token(s.context(ctx))
		if err != nil {
			return nil, refusal("sign in with the private key", err)
		}
		return token, nil
	}), nil
}

// ParseKey parses a PEM-encoded RSA or EC private key (PKCS #1, PKCS #8 or SEC 1).
func ParseKey(raw []byte) (crypto.Signer, error) {
	block, _ := pem.Decode([]byte(strings.TrimSpace(string(raw)) + "\n"))
	if block == nil {
		return nil, errors.New("okta sign-in: the private key must be in PEM (-----BEGIN PRIVATE KEY-----); Okta offers it so when the key is made")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		// The cause is left out because it might quote a part of the key.
		return nil, errors.New("okta sign-in: the private key cannot be read; one with a passphrase must be decrypted first")
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return key, nil
	case *ecdsa.PrivateKey:
		return key, nil
	}
	return nil, errors.New("okta sign-in: the private key must be RSA or EC")
}

func signAssertion(key crypto.Signer, keyID, clientID, audience string, now time.Time) (string, error) {
	method, err := methodOf(key)
	if err != nil {
		return "", err
	}
	token := jwt.NewWithClaims(method, jwt.RegisteredClaims{
		Issuer: clientID, Subject: clientID, Audience: jwt.ClaimStrings{audience},
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(assertionLife)), ID: rand.Text(),
	})
	if keyID != "" {
		token.Header["kid"] = keyID
	}
	signed, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("okta sign-in: sign with the private key: %w", err)
	}
	return signed, nil
}

func methodOf(key crypto.Signer) (jwt.SigningMethod, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return jwt.SigningMethodRS256, nil
	case *ecdsa.PrivateKey:
		switch key.Curve.Params().BitSize {
		case 256:
			return jwt.SigningMethodES256, nil
		case 384:
			return jwt.SigningMethodES384, nil
		case 521:
			return jwt.SigningMethodES512, nil
		}
	}
	return nil, errors.New("okta sign-in: a key of this kind cannot sign here; use RSA, or EC on P-256, P-384 or P-521")
}
