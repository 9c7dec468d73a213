package sandbox

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// FlipJIT switches just-in-time provisioning over HTTP as a person with a browser
// does: it opens the console page, presses the button, and confirms. It is for
// terminals without a browser, where someone has to play the owner.
func (s *Sandbox) FlipJIT(ctx context.Context, on bool) error {
	word, wanted := "disable", "off"
	if on {
		word, wanted = "enable", "on"
	}
	console := s.Addresses().ConsoleURL
	if console == "" {
		return fmt.Errorf("%s JIT provisioning on the sandbox console: it is not started", word)
	}
	// A transport of its own, so that no idle connection outlives the call.
	transport := &http.Transport{DisableKeepAlives: true}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page, err := consoleStep(ctx, client, http.MethodGet, console+"/", nil, http.StatusOK)
	if err != nil {
		return fmt.Errorf("%s JIT provisioning on the sandbox console: %w", word, err)
	}
	form := url.Values{"jit": {wanted}}
	for _, step := range []struct {
		confirm string
		status  int
	}{{"", http.StatusOK}, {"yes", http.StatusSeeOther}} {
		token := csrfField.FindStringSubmatch(page)
		if token == nil {
			return fmt.Errorf("%s JIT provisioning on the sandbox console: the page has no form", word)
		}
		form.Set("csrf", token[1])
		if step.confirm != "" {
			form.Set("confirm", step.confirm)
		}
		if page, err = consoleStep(ctx, client, http.MethodPost, console+"/sso/jit", form, step.status); err != nil {
			return fmt.Errorf("%s JIT provisioning on the sandbox console: %w", word, err)
		}
	}
	return nil
}

func consoleStep(ctx context.Context, client *http.Client, method, address string, form url.Values, status int) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	if err != nil {
		return "", fmt.Errorf("read the answer of %s %s: %w", method, address, err)
	}
	if answer.StatusCode != status {
		return "", fmt.Errorf("%s %s answered %s", method, address, answer.Status)
	}
	return string(body), nil
}
