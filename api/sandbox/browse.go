package sandbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

var consentForm = regexp.MustCompile(`action="([^"]+)"><input type="hidden" name="id" value="([^"]+)"`)

// Browse does what a person does with the address of a sign-in: opens it, presses
// Allow or Refuse, and follows the browser to where it is sent. It returns the
// text of the last page.
func (s *Sandbox) Browse(ctx context.Context, address string, allow bool) (string, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(s.Credentials().EntraSignInCA))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	page, err := visit(ctx, client, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	form := consentForm.FindStringSubmatch(page)
	if form == nil {
		return page, fmt.Errorf("browse %s: the page asks for nothing: %s", address, page)
	}
	here, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("browse %s: %w", address, err)
	}
	answer := "deny"
	if allow {
		answer = "allow"
	}
	return visit(ctx, client, http.MethodPost, here.Scheme+"://"+here.Host+form[1], url.Values{"id": {form[2]}, "answer": {answer}})
}

func visit(ctx context.Context, client *http.Client, method, address string, form url.Values) (string, error) {
	var body io.Reader = http.NoBody
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return "", fmt.Errorf("browse %s: %w", address, err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := client.Do(r)
	if err != nil {
		return "", fmt.Errorf("browse %s: %w", address, err)
	}
	defer func() { _ = response.Body.Close() }()
	var page bytes.Buffer
	if _, err := io.Copy(&page, io.LimitReader(response.Body, maxBody)); err != nil {
		return "", fmt.Errorf("browse %s: %w", address, err)
	}
	return page.String(), nil
}
