package hub_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func TestEveryFormOfErrorBodyIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		body    string
		kind    error
		code    string
		message string
	}{
		"organizations": {
			http.StatusNotFound, `{"errinfo":null,"message":"not found"}`,
			transport.ErrNotFound, "", "not found",
		},
		"organizations with a detail": {
			http.StatusBadRequest, `{"errinfo":{},"message":"bad request","detail":"you are the last owner"}`,
			transport.ErrRefused, "", "bad request; you are the last owner",
		},
		"an inner service in errinfo": {
			http.StatusForbidden, `{"errinfo":{"detail":"no seat","http_status":403,"method":"GET","url":"http://inner/x"},"message":"forbidden"}`,
			transport.ErrForbidden, "", "forbidden; no seat",
		},
		"settings and tags": {
			http.StatusForbidden, `{"detail":"You do not have permission","message":"You do not have permission"}`,
			transport.ErrForbidden, "", "You do not have permission",
		},
		"validation": {
			http.StatusBadRequest, `{"fields":{"name":["too short","no capitals"],"ordering":["unknown"]},"text":"Invalid value"}`,
			transport.ErrRefused, "", "Invalid value; name: too short, no capitals; ordering: unknown",
		},
		"audit logs": {
			http.StatusConflict, `{"code":7,"message":"permission denied","details":[{"@type":"x"}]}`,
			transport.ErrConflict, "7", "permission denied",
		},
		"SCIM": {
			http.StatusBadRequest, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","detail":"bad filter","scimType":"invalidFilter"}`,
			transport.ErrRefused, "invalidFilter", "bad filter",
		},
		"a field of another type": {
			http.StatusForbidden, `{"errinfo":"none","message":"forbidden","fields":"none"}`,
			transport.ErrForbidden, "", "forbidden",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDocker(t)
			d.on("GET /v2/orgs/acme/invites", c.status, c.body)
			_, err := d.client().Invites(t.Context(), "acme")
			require.ErrorIs(t, err, c.kind)
			var wire *transport.Error
			require.ErrorAs(t, err, &wire)
			require.Equal(t, "hub", wire.System)
			require.Equal(t, "list the invites of acme", wire.Op)
			require.Equal(t, c.status, wire.Status)
			require.Equal(t, c.code, wire.Code)
			require.Equal(t, c.message, wire.Message)
		})
	}
}

func TestAPageOfHTMLAsAnErrorKeepsItsStatus(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/orgs/acme/invites", http.StatusBadGateway, `<html><h1>502 Bad Gateway</h1></html>`)
	_, err := d.client().Invites(t.Context(), "acme")
	require.ErrorIs(t, err, transport.ErrServer)
}

func TestAPersonalTokenIsExplained(t *testing.T) {
	for name, c := range map[string]struct{ body, secret string }{
		"in words":                       {`{"detail":"token issued from personal access token is not allowed","message":"token issued from personal access token is not allowed"}`, secret},
		"in other words":                 {`{"errinfo":{"detail":"token issued from personal access token"},"message":"forbidden"}`, secret},
		"without a word, but by the key": {`{"message":"forbidden","errinfo":{}}`, "dckr_pat_" + secret},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDocker(t)
			d.on("GET /v2/auditlogs/acme", http.StatusForbidden, c.body)
			client := d.client(func(o *hub.Options) { o.Secret = func() string { return c.secret } })
			_, err := all(client.AuditLogs(t.Context(), "acme", hub.AuditQuery{}))
			require.ErrorIs(t, err, hub.ErrPersonalToken)
			require.ErrorIs(t, err, transport.ErrForbidden)
			require.ErrorContains(t, err, "organization access token")
			for _, scope := range []string{"scope-member-read", "scope-activity-read", "scope-group-read", "scope-invite-read", "scope-member-edit", "scope-invite-edit"} {
				require.ErrorContains(t, err, scope)
			}
			require.NotContains(t, err.Error(), secret)
		})
	}
}

func TestOtherRefusalsAreNotBlamedOnAPersonalToken(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/orgs/acme/invites", http.StatusForbidden, `{"errinfo":null,"message":"permission denied"}`)
	_, err := d.client().Invites(t.Context(), "acme")
	require.ErrorIs(t, err, transport.ErrForbidden)
	require.NotErrorIs(t, err, hub.ErrPersonalToken)

	// A personal token may be refused a repository for other reasons.
	d.on("GET /v2/namespaces/acme/repositories/app", http.StatusForbidden, `{"message":"forbidden","errinfo":{}}`)
	personal := d.client(func(o *hub.Options) { o.Secret = func() string { return "dckr_pat_" + secret } })
	_, err = personal.Repository(t.Context(), "acme", "app")
	require.NotErrorIs(t, err, hub.ErrPersonalToken)
}
