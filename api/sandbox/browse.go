package sandbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
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

// Browser is a person's browser, beside the program that waits for it. Use
// Sandbox.Browser.
type Browser struct {
	box    *Sandbox
	visits sync.WaitGroup

	mu   sync.Mutex
	last string
	err  error
}

// Browser returns one that has no page open.
func (s *Sandbox) Browser() *Browser { return &Browser{box: s} }

// Visit does what Browse does, and does not wait for it.
func (b *Browser) Visit(ctx context.Context, address string, allow bool) {
	b.visits.Go(func() {
		page, err := b.box.Browse(ctx, address, allow)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.last, b.err = page, errors.Join(b.err, err)
	})
}

// Wait waits for all visits. It returns the text of the page that was the last to
// come, and what went wrong.
func (b *Browser) Wait() (last string, err error) {
	b.visits.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last, b.err
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
