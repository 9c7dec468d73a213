package okta_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/idp/internal/idptest"
	"github.com/seed-05b3d87e/reprovision/api/idp/okta"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func TestTheApplicationIsTheOneWithExactlyThatLabel(t *testing.T) {
	s := newServer(t)
	s.Handle("GET /api/v1/apps", func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "Docker", r.URL.Query().Get("q"))
		_, _ = fmt.Fprint(w, "["+stagingApp+","+dockerApp+"]")
	})
	s.On("GET /api/v1/apps/0oa1docker/features/USER_PROVISIONING", feature)

	got, err := s.client().Application(t.Context())
	require.NoError(t, err)
	require.Equal(t, "0oa1docker", got.ID)
	require.Equal(t, "ACTIVE", got.Status)
	require.Equal(t, idp.Provisioning{Known: true, Enabled: true, Create: true, Update: true}, got.Provisioning)
	require.Empty(t, got.ConsoleURL, "the admin console of a host that is not Okta's is not known")
}

func TestWithoutTheLabelTheErrorListsWhatThereIs(t *testing.T) {
	s := newServer(t)
	s.On("GET /api/v1/apps", "["+stagingApp+"]")
	_, err := s.client().Application(t.Context())
	require.ErrorIs(t, err, transport.ErrNotFound)
	require.ErrorContains(t, err, `"Docker staging" (0oa2staging, inactive)`)

	s = newServer(t)
	s.On("GET /api/v1/apps", "["+dockerApp+","+dockerApp+"]")
	_, err = s.client().Application(t.Context())
	require.ErrorContains(t, err, `2 applications are called "Docker"`)

	s = newServer(t)
	s.On("GET /api/v1/apps", "["+strings.Replace(dockerApp, "ACTIVE", "INACTIVE", 1)+","+strings.Replace(dockerApp, "0oa1docker", "0oa3new", 1)+"]")
	s.On("GET /api/v1/apps/0oa3new/features/USER_PROVISIONING", feature)
	got, err := s.client().Application(t.Context())
	require.NoError(t, err, "one that is deactivated assigns nobody")
	require.Equal(t, "0oa3new", got.ID)

	s = newServer(t)
	s.On("GET /api/v1/apps", "[]")
	_, err = s.client(func(o *okta.Options) { o.AppLabel = "Hub" }).Application(t.Context())
	require.ErrorIs(t, err, transport.ErrNotFound)
	require.ErrorContains(t, err, `"Hub"`)
}

func TestAnApplicationThatWasFoundBeforeIsNotSearchedForAndNotTakenOnTrust(t *testing.T) {
	known := idp.Ref{ID: "0oa1docker", Label: "Docker"}
	remembered := func(o *okta.Options) { o.App = known }
	s := newServer(t)
	s.On("GET /api/v1/apps/0oa1docker", dockerApp)
	s.On("GET /api/v1/apps/0oa1docker/features/USER_PROVISIONING", feature)
	got, err := s.client(remembered).Application(t.Context())
	require.NoError(t, err)
	require.Equal(t, known, got.Ref)

	for name, x := range map[string]struct {
		change func(*server)
		why    string
		found  []idp.Ref
	}{
		"renamed": {
			func(s *server) {
				s.On("GET /api/v1/apps/0oa1docker", strings.Replace(dockerApp, `"label": "Docker"`, `"label": "Docker (old)"`, 1))
			},
			`0oa1docker was called "Docker" and is called "Docker (old)" now`,
			[]idp.Ref{{ID: "0oa1docker", Label: "Docker (old)"}, {ID: "0oa2staging", Label: "Docker staging"}},
		},
		"deleted": {
			func(s *server) {
				s.Refuse("GET /api/v1/apps/0oa1docker", http.StatusNotFound, "E0000007", "Not found")
			},
			"Docker 0oa1docker is not there any more",
			[]idp.Ref{{ID: "0oa2staging", Label: "Docker staging"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.On("GET /api/v1/apps", "["+stagingApp+"]")
			x.change(s)
			c := s.client(remembered)
			_, err := c.Application(t.Context())
			require.ErrorContains(t, err, x.why)
			var doubt *idp.ChoiceError
			require.ErrorAs(t, err, &doubt)
			var found []idp.Ref
			for _, f := range doubt.Found {
				found = append(found, f.Ref)
			}
			require.Equal(t, x.found, found)
		})
	}
	t.Run("given by its id", func(t *testing.T) {
		const id = "0oa1dockerABCDEFGHIJ"
		s := newServer(t)
		s.On("GET /api/v1/apps/"+id, strings.Replace(dockerApp, "0oa1docker", id, 1))
		s.On("GET /api/v1/apps/"+id+"/features/USER_PROVISIONING", feature)
		got, err := s.client(func(o *okta.Options) { o.AppLabel = id }).Application(t.Context())
		require.NoError(t, err)
		require.Equal(t, idp.Ref{ID: id, Label: "Docker"}, got.Ref)
	})
}

func TestWhenTheFeatureCannotBeReadTheApplicationsOwnListCounts(t *testing.T) {
	s := newServer(t)
	s.On("GET /api/v1/apps", "["+dockerApp+"]")
	s.Refuse("GET /api/v1/apps/0oa1docker/features/USER_PROVISIONING", http.StatusForbidden, "E0000006", "You do not have permission")
	got, err := s.client().Application(t.Context())
	require.NoError(t, err)
	require.Equal(t, idp.Provisioning{Known: true, Enabled: true, Create: true, Update: true}, got.Provisioning)

	s = newServer(t)
	s.On("GET /api/v1/apps", "["+stagingApp+"]")
	s.Refuse("GET /api/v1/apps/0oa2staging/features/USER_PROVISIONING", http.StatusNotFound, "E0000007", "Not found")
	got, err = s.client(func(o *okta.Options) { o.AppLabel = "Docker staging" }).Application(t.Context())
	require.NoError(t, err)
	require.False(t, got.Provisioning.Known)
}

func TestRefusalsKeepOktasCodeAndSayWhatToDo(t *testing.T) {
	for _, x := range []struct {
		status   int
		code     string
		sentinel error
		words    string
	}{
		{http.StatusUnauthorized, "E0000011", transport.ErrUnauthorized, "make a new API token"},
		{http.StatusForbidden, "E0000006", transport.ErrForbidden, "needs rights"},
		{http.StatusNotFound, "E0000007", transport.ErrNotFound, "the cause"},
		{http.StatusNotFound, "E0000007", transport.ErrNotFound, "deleted meanwhile"},
		{http.StatusTooManyRequests, "E0000047", transport.ErrRateLimited, "how often"},
		{http.StatusInternalServerError, "E0000009", transport.ErrServer, "try again in a while"},
		{http.StatusForbidden, "E0000015", transport.ErrForbidden, "lacks the feature"},
		{http.StatusForbidden, "E0000038", transport.ErrForbidden, "suspended"},
		{http.StatusBadRequest, "E0000001", transport.ErrRefused, "a summary; the cause"},
	} {
		t.Run(x.code, func(t *testing.T) {
			s := newServer(t)
			s.Refuse("GET /api/v1/apps", x.status, x.code, "a summary")
			_, err := s.client().Application(t.Context())
			require.ErrorIs(t, err, x.sentinel)
			var e *transport.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, x.code, e.Code)
			require.ErrorContains(t, err, "a summary")
			require.ErrorContains(t, err, x.words)
			require.ErrorContains(t, err, "find application Docker")
			require.NotContains(t, err.Error(), token)
		})
	}
}

func TestARateLimitIsWaitedForUntilItsReset(t *testing.T) {
	s := newServer(t)
	s.On("GET /api/v1/apps/0oa1docker/features/USER_PROVISIONING", feature)
	s.Handle("GET /api/v1/apps", func(w http.ResponseWriter, _ *http.Request) {
		if s.Asked("GET /api/v1/apps") == 1 {
			w.Header().Set("X-Rate-Limit-Reset", fmt.Sprint(now.Add(7*time.Second).Unix()))
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		_, _ = fmt.Fprint(w, "["+dockerApp+"]")
	})
	var waited []time.Duration
	_, err := s.client(func(o *okta.Options) {
		o.Transport.Sleep = func(_ context.Context, d time.Duration) error {
			waited = append(waited, d)
			return nil
		}
	}).Application(t.Context())
	require.NoError(t, err)
	require.Equal(t, []time.Duration{7 * time.Second}, waited)
}

func TestAnHTMLPageInsteadOfAListIsReportedAsNotJSON(t *testing.T) {
	s := newServer(t)
	s.On("GET /api/v1/apps", "<html><title>Sign in</title></html>")
	_, err := s.client().Application(t.Context())
	require.ErrorIs(t, err, transport.ErrNotJSON)
}

func TestPagesAreFollowedByTheirLinks(t *testing.T) {
	s := newServer(t)
	s.On("GET /api/v1/apps/0oa1docker/features/USER_PROVISIONING", feature)
	s.Handle("GET /api/v1/apps", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Link", fmt.Sprintf(`<%s/api/v1/apps?q=Docker>; rel="self"`, s.URL))
		if r.URL.Query().Get("after") == "" {
			w.Header().Add("Link", fmt.Sprintf(`<%s/api/v1/apps?q=Docker&after=abc>; rel="next"`, s.URL))
			_, _ = fmt.Fprint(w, "["+stagingApp+"]")
			return
		}
		_, _ = fmt.Fprint(w, "["+dockerApp+"]")
	})
	got, err := s.client().Application(t.Context())
	require.NoError(t, err)
	require.Equal(t, "0oa1docker", got.ID)
}

func TestANextPageOnAnotherHostIsRefusedAndGetsNoToken(t *testing.T) {
	elsewhere := idptest.Elsewhere(t)
	s := newServer(t)
	s.Handle("GET /api/v1/apps", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Link", "<"+elsewhere+`/api/v1/apps?after=abc>; rel="next"`)
		_, _ = fmt.Fprint(w, "["+dockerApp+"]")
	})
	_, err := s.client().Application(t.Context())
	require.ErrorIs(t, err, transport.ErrForeignHost)
}

func TestAListThatRepeatsItselfIsAnError(t *testing.T) {
	s := newServer(t)
	s.Handle("GET /api/v1/apps", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Link", fmt.Sprintf(`<%s/api/v1/apps?after=abc>; rel="next"`, s.URL))
		_, _ = fmt.Fprint(w, "["+stagingApp+"]")
	})
	_, err := s.client().Application(t.Context())
	require.ErrorContains(t, err, "read already")
	require.Equal(t, 2, s.Asked("GET /api/v1/apps"))
}

func TestEventsAreThoseOfThePersonAndTheApplicationOldestFirst(t *testing.T) {
	const entries = `[
		{"published": "2026-11-23T08:59:02.000Z", "eventType": "application.provision.user.push", "actor": {"displayName": "Okta System", "alternateId": "system@okta.com"},
		 "outcome": {"result": "FAILURE", "reason": "409 Conflict"}, "target": [{"id": "00u1priya", "type": "User"}, {"id": "0oa1docker", "type": "AppInstance", "alternateId": "Docker", "displayName": "Docker"}]},
		{"published": "2026-11-23T08:59:01.000Z", "eventType": "application.user_membership.add", "actor": {"alternateId": "alex.kim@acme.example"},
		 "outcome": {"result": "SUCCESS", "reason": null}, "target": [{"id": "0oa1docker", "type": "AppInstance", "displayName": "Docker"}]},
		{"published": "2026-11-23T08:59:03.000Z", "eventType": "application.provision.user.push", "outcome": {"result": "SUCCESS"},
		 "target": [{"id": "0oa9jira", "type": "AppInstance", "displayName": "Jira"}]},
		{"published": "2026-11-23T08:59:03.000Z", "eventType": "application.provision.user.deactivate", "outcome": {"result": "FAILURE", "reason": "404 Not Found"},
		 "target": [{"id": "0oa1docker", "type": "AppInstance", "displayName": "Docker"}]},
		{"published": "2026-11-23T07:59:59.900Z", "eventType": "application.provision.user.push", "outcome": {"result": "FAILURE", "reason": "older"},
		 "target": [{"id": "0oa1docker", "type": "AppInstance", "displayName": "Docker"}]},
		{"published": "2026-11-23T08:58:00.000Z", "eventType": "user.session.start", "outcome": {"result": "SUCCESS"}, "target": null}]`
	s := newServer(t)
	s.Handle("GET /api/v1/logs", func(w http.ResponseWriter, r *http.Request) {
		// The log of now always links a next page, which is empty until
		// something happens.
		q := r.URL.Query()
		w.Header().Add("Link", fmt.Sprintf(`<%s/api/v1/logs?after=%d>; rel="next"`, s.URL, s.Asked("GET /api/v1/logs")))
		if q.Get("after") != "" {
			_, _ = fmt.Fprint(w, "[]")
			return
		}
		assert.Equal(t, `target.id eq "00u\"1"`, q.Get("filter"))
		assert.Equal(t, "2026-11-23T08:00:00Z", q.Get("since"))
		_, _ = fmt.Fprint(w, entries)
	})
	got, err := s.client().Events(t.Context(), `00u"1`, now.Add(-time.Hour))
	require.NoError(t, err)
	require.Equal(t, []idp.Event{
		{At: now.Add(-59 * time.Second), Type: "application.user_membership.add", Result: "SUCCESS", Actor: "alex.kim@acme.example"},
		{At: now.Add(-58 * time.Second), Type: "application.provision.user.push", Result: "FAILURE", Reason: "409 Conflict", Actor: "Okta System", Sends: true},
		{At: now.Add(-57 * time.Second), Type: "application.provision.user.deactivate", Result: "FAILURE", Reason: "404 Not Found"},
	}, got)
}

func TestTheTokenIsInNoPrintedForm(t *testing.T) {
	o := okta.Options{BaseURL: "https://acme.okta.com", Token: func() string { return token }}
	c, err := okta.New(o)
	require.NoError(t, err)
	for _, format := range []string{"%v", "%+v", "%#v"} {
		require.NotContains(t, fmt.Sprintf(format, o), token)
		require.NotContains(t, fmt.Sprintf(format, c), token)
	}
}

func TestWithoutATokenNothingIsSent(t *testing.T) {
	_, err := okta.New(okta.Options{BaseURL: "https://acme.okta.com"})
	require.ErrorContains(t, err, "API token")

	s := newServer(t)
	_, err = s.client(func(o *okta.Options) { o.Token = func() string { return "" } }).Application(t.Context())
	require.ErrorContains(t, err, "sign in to Okta first")
}

func TestTheAddressMayBeTheConsolesOrWithoutItsScheme(t *testing.T) {
	for raw, base := range map[string]string{
		"acme.okta.com":                               "https://acme.okta.com",
		" https://Acme.okta.com/ ":                    "https://acme.okta.com",
		"https://acme-admin.okta.com/admin/dashboard": "https://acme.okta.com",
		"https://acme-admin.oktapreview.com":          "https://acme.oktapreview.com",
		"https://login.acme.example/api/v1":           "https://login.acme.example",
	} {
		c, err := okta.New(okta.Options{BaseURL: raw, Token: func() string { return token }})
		require.NoError(t, err, raw)
		require.Equal(t, base+"/api/v1/groups/g/users/u", c.AddToGroupCall("g", "u").URL)
	}
	for _, raw := range []string{"", "https://", "https://me:secret@acme.okta.com", "http://acme.okta.com"} {
		_, err := okta.New(okta.Options{BaseURL: raw, Token: func() string { return token }})
		require.Error(t, err, raw)
		require.NotContains(t, err.Error(), "secret")
	}
}
