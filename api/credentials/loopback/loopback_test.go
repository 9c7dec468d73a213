package loopback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, redirect string) *Receiver {
	t.Helper()
	r, err := Listen(t.Context(), redirect)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

// visit is what a browser does with the redirect.
func visit(t *testing.T, address string, change func(*http.Request)) (int, string) {
	t.Helper()
	in, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	if change != nil {
		change(in)
	}
	out, err := http.DefaultClient.Do(in)
	require.NoError(t, err)
	defer func() { _ = out.Body.Close() }()
	body, err := io.ReadAll(out.Body)
	require.NoError(t, err)
	require.Equal(t, "no-store", out.Header.Get("Cache-Control"))
	return out.StatusCode, string(body)
}

func (r *Receiver) with(q url.Values) string { return r.RedirectURI() + "?" + q.Encode() }

func TestTheCodeOfTheRightAnswerIsReturned(t *testing.T) {
	for _, redirect := range []string{"http://localhost", "http://127.0.0.1/callback", "http://localhost:0/callback"} {
		r := open(t, redirect)
		status, text := visit(t, r.with(url.Values{"code": {"code-canary"}, "state": {r.State()}}), nil)
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, text, "go back to the terminal")
		require.NotContains(t, text, "canary")
		code, err := r.Wait(t.Context())
		require.NoError(t, err)
		require.Equal(t, "code-canary", code)
		require.NotContains(t, fmt.Sprintf("%v %+v", r, r), r.State())
	}
}

func TestAnAnswerThatIsNotForThisSignInChangesNothing(t *testing.T) {
	r := open(t, "http://127.0.0.1/callback")
	good := url.Values{"code": {"good"}, "state": {r.State()}}
	for name, c := range map[string]struct {
		address string
		change  func(*http.Request)
		status  int
	}{
		"another state":          {r.with(url.Values{"code": {"stolen"}, "state": {"another"}}), nil, http.StatusBadRequest},
		"no state":               {r.with(url.Values{"code": {"stolen"}}), nil, http.StatusBadRequest},
		"refused, another state": {r.with(url.Values{"error": {"access_denied"}, "state": {"another"}}), nil, http.StatusBadRequest},
		"no code":                {r.with(url.Values{"state": {r.State()}}), nil, http.StatusBadRequest},
		"another path":           {strings.Replace(r.with(good), "/callback", "/", 1), nil, http.StatusNotFound},
		"another method":         {r.with(good), func(in *http.Request) { in.Method = http.MethodPost }, http.StatusNotFound},
		"a name that was bent":   {r.with(good), func(in *http.Request) { in.Host = "evil.example" }, http.StatusNotFound},
	} {
		status, _ := visit(t, c.address, c.change)
		require.Equal(t, c.status, status, name)
	}
	status, _ := visit(t, r.with(good), nil)
	require.Equal(t, http.StatusOK, status)
	status, _ = visit(t, r.with(url.Values{"code": {"second"}, "state": {r.State()}}), nil)
	require.Equal(t, http.StatusConflict, status)
	code, err := r.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, "good", code)
}

func TestARefusalIsTold(t *testing.T) {
	r := open(t, "http://localhost")
	visit(t, r.with(url.Values{"error": {"access_denied"}, "error_description": {"The user said no.\x1b[31m"}, "state": {r.State()}}), nil)
	_, err := r.Wait(t.Context())
	var refused *RefusedError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "access_denied", refused.Code)
	require.Equal(t, "The user said no.[31m", refused.Description)
}

func TestWaitEndsWithItsContextOrTimeout(t *testing.T) {
	r := open(t, "http://localhost")
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	_, err := r.Wait(ctx)
	require.ErrorIs(t, err, gone)

	synctest.Test(t, func(t *testing.T) {
		r := &Receiver{answers: make(chan answer)}
		_, err := r.Wait(t.Context())
		require.ErrorIs(t, err, ErrTimeout)
	})
}

func TestOnlyAnAddressOfThisMachineIsOpened(t *testing.T) {
	for _, redirect := range []string{"https://localhost", "http://example.com/callback", "http://localhost/?x=1", "callback", "http://u:p@localhost", ""} {
		_, err := Listen(t.Context(), redirect)
		require.ErrorContains(t, err, "redirect address", redirect)
	}
	taken := open(t, "http://127.0.0.1/callback")
	_, err := Listen(t.Context(), taken.RedirectURI())
	require.ErrorContains(t, err, "another program has that port")
}
