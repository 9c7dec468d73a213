package hub_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const noInvites = `{"data":[]}`

func TestCallsShareOneTokenUntilAMinuteBeforeItsTenMinutesAreOver(t *testing.T) {
	d, clock := newDocker(t), newClock()
	d.on("GET /v2/orgs/acme/invites", http.StatusOK, noInvites)
	c := d.client(func(o *hub.Options) { o.Transport.Now = clock.now })

	ask := func() {
		_, err := c.Invites(t.Context(), "acme")
		require.NoError(t, err)
	}
	ask()
	clock.pass(9*time.Minute - time.Second)
	ask()
	require.Equal(t, 1, d.exchanges())

	clock.pass(time.Second)
	ask()
	require.Equal(t, 2, d.exchanges())

	var used []string
	for _, r := range d.seen() {
		used = append(used, r.Authorization)
	}
	require.Equal(t, []string{"Bearer token-1", "Bearer token-1", "Bearer token-2"}, used)
}

func TestATokenThatSaysItLivesShorterIsRenewedSooner(t *testing.T) {
	d, clock := newDocker(t), newClock()
	claims := base64.RawURLEncoding.EncodeToString([]byte(`{"iat":1700000000,"exp":1700000120}`))
	d.on("GET /v2/orgs/acme/invites", http.StatusOK, noInvites)
	var exchanges atomic.Int32
	d.handle("POST /v2/auth/token", func(w http.ResponseWriter, _ *http.Request) {
		exchanges.Add(1)
		write(w, fmt.Sprintf(`{"access_token":"h.%s.s"}`, claims))
	})
	c := d.client(func(o *hub.Options) { o.Transport.Now = clock.now })

	for _, after := range []time.Duration{0, 59 * time.Second, time.Second} {
		clock.pass(after)
		_, err := c.Invites(t.Context(), "acme")
		require.NoError(t, err)
	}
	require.EqualValues(t, 2, exchanges.Load())
}

func TestARefusedTokenIsRenewedOnce(t *testing.T) {
	d := newDocker(t)
	d.handle("GET /v2/orgs/acme/invites", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer token-1" {
			http.Error(w, `{"errinfo":null,"message":"unauthorized"}`, http.StatusUnauthorized)
			return
		}
		write(w, noInvites)
	})
	_, err := d.client().Invites(t.Context(), "acme")
	require.NoError(t, err)
	require.Equal(t, 2, d.exchanges())
	require.Len(t, d.seen(), 2)
}

func TestATokenThatIsRefusedAgainIsNotRenewedForEver(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/orgs/acme/invites", http.StatusUnauthorized, `{"errinfo":null,"message":"unauthorized"}`)
	_, err := d.client().Invites(t.Context(), "acme")
	require.ErrorIs(t, err, transport.ErrUnauthorized)
	require.Equal(t, 2, d.exchanges())
	require.Len(t, d.seen(), 2)
}

func TestSignInProvesTheSecretAndKeepsTheToken(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/orgs/acme/invites", http.StatusOK, noInvites)
	c := d.client(func(o *hub.Options) { o.Transport.ReadOnly = true })
	require.NoError(t, c.SignIn(t.Context()))
	_, err := c.Invites(t.Context(), "acme")
	require.NoError(t, err)
	require.Equal(t, 1, d.exchanges())
}

func TestAWrongSecretIsReportedWithoutTheSecret(t *testing.T) {
	d := newDocker(t)
	c := d.client(func(o *hub.Options) { o.Secret = func() string { return "wrong-canary" } })

	err := c.SignIn(t.Context())
	require.ErrorIs(t, err, transport.ErrUnauthorized)
	require.ErrorContains(t, err, `as "acme"`)
	require.ErrorContains(t, err, "organization's name")
	require.NotContains(t, err.Error(), "wrong-canary")
	require.Equal(t, 1, d.exchanges(), "a wrong secret is not tried twice")

	_, err = c.Invites(t.Context(), "acme")
	require.ErrorIs(t, err, transport.ErrUnauthorized, "a call that cannot sign in says so")
	require.Empty(t, d.seen(), "and is not sent without a credential")
}

func TestAnAnswerWithoutATokenIsNoSignIn(t *testing.T) {
	for name, body := range map[string]string{
		"no token":         `{"token":"old form"}`,
		"an empty token":   `{"access_token":""}`,
		"a page":           `<html>maintenance</html>`,
		"a header in it":   `{"access_token":"a\r\nX-Injected: 1"}`,
		"half of the JSON": `{"access_token":"tok`,
	} {
		t.Run(name, func(t *testing.T) {
			d := newDocker(t)
			d.on("POST /v2/auth/token", http.StatusOK, body)
			err := d.client().SignIn(t.Context())
			require.ErrorContains(t, err, "sign in to docker hub")
		})
	}
}

func TestNothingThatCanBePrintedShowsTheSecretOrTheToken(t *testing.T) {
	d := newDocker(t)
	c := d.client()
	require.NoError(t, c.SignIn(t.Context()))
	o := hub.Options{Identifier: "acme", Secret: func() string { return secret }}
	for _, shown := range []string{fmt.Sprintf("%+v %#v", o, o), fmt.Sprintf("%+v %#v", c, c)} {
		require.NotContains(t, shown, secret)
		require.NotContains(t, shown, "token-1")
	}
}

func TestAClientNeedsAnIdentifierASecretAndASafeAddress(t *testing.T) {
	_, err := hub.New(hub.Options{Secret: func() string { return secret }})
	require.Error(t, err)
	_, err = hub.New(hub.Options{Identifier: "acme"})
	require.Error(t, err)
	_, err = hub.New(hub.Options{Identifier: "acme", Secret: func() string { return secret }, BaseURL: "http://hub.docker.com"})
	require.Error(t, err)
}
