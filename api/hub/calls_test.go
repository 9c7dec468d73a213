package hub_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// changes are all changing calls with the request that the reference documents.
func changes(c *hub.Client) map[string]struct {
	call transport.Call
	want request
} {
	const json = "application/json"
	return map[string]struct {
		call transport.Call
		want request
	}{
		"remove a member": {
			c.RemoveMemberCall("acme", "priya-nair"),
			request{Method: "DELETE", Path: "/v2/orgs/acme/members/priya-nair"},
		},
		"set a role": {
			c.SetRoleCall("acme", "jordan-ito", "editor"),
			request{Method: "PUT", Path: "/v2/orgs/acme/members/jordan-ito", ContentType: json, Body: `{"role":"editor"}`},
		},
		"add to a team": {
			c.AddToTeamCall("acme", "R&D team", "jordan-ito"),
			request{Method: "POST", Path: "/v2/orgs/acme/groups/R&D%20team/members", ContentType: json, Body: `{"member":"jordan-ito"}`},
		},
		"cancel an invite": {
			c.CancelInviteCall("e36eca69-4cc8-4f17-9845-ae8c2b832691"),
			request{Method: "DELETE", Path: "/v2/invites/e36eca69-4cc8-4f17-9845-ae8c2b832691"},
		},
		"invite": {
			c.InviteCall("acme", "backend", "editor", []string{"priya.nair@acme.example"}, false),
			request{
				Method: "POST", Path: "/v2/invites/bulk", ContentType: json,
				Body: `{"org":"acme","team":"backend","role":"editor","invitees":["priya.nair@acme.example"]}`,
			},
		},
		"try an invite": {
			c.InviteCall("acme", "", "", []string{"a<b>&c"}, true),
			request{
				Method: "POST", Path: "/v2/invites/bulk", ContentType: json,
				Body: `{"org":"acme","invitees":["a<b>&c"],"dry_run":true}`,
			},
		},
		"create a repository": {
			c.CreateRepositoryCall(hub.NewRepository{Namespace: "acme", Name: "build-cache", Description: "layers", FullDescription: "# Cache\n", Private: true}),
			request{
				Method: "POST", Path: "/v2/namespaces/acme/repositories", ContentType: json,
				Body: `{"name":"build-cache","namespace":"acme","description":"layers","full_description":"# Cache\n","is_private":true}`,
			},
		},
	}
}

func TestAnApprovedCallIsSentAsItWasPreviewed(t *testing.T) {
	d := newDocker(t)
	c := d.client()
	for name, change := range changes(c) {
		t.Run(name, func(t *testing.T) {
			d.on(change.want.Method+" "+change.want.Path, http.StatusOK, `{}`)
			before := len(d.seen())
			require.Equal(t, d.URL+change.want.Path, change.call.URL)

			_, err := c.Send(transport.Approve(t.Context(), []transport.Call{change.call}, nil), change.call)
			require.NoError(t, err)
			got := d.seen()[before:]
			require.Len(t, got, 1)
			change.want.Authorization = "Bearer token-1"
			require.Equal(t, change.want, got[0])
		})
	}
}

func TestACallIsNotSentWithoutApprovalOrInReadOnlyMode(t *testing.T) {
	d := newDocker(t)
	c := d.client()
	readOnly := d.client(func(o *hub.Options) { o.Transport.ReadOnly = true })
	for name, change := range changes(c) {
		t.Run(name, func(t *testing.T) {
			_, err := c.Send(t.Context(), change.call)
			require.ErrorIs(t, err, transport.ErrNotApproved)
			_, err = readOnly.Send(transport.Approve(t.Context(), []transport.Call{change.call}, nil), change.call)
			require.ErrorIs(t, err, transport.ErrReadOnly)
		})
	}
	require.Empty(t, d.seen())
}

func TestANameThatWouldMakeAnotherRouteIsNeverSent(t *testing.T) {
	d := newDocker(t)
	c := d.client()
	for _, name := range []string{"", ".", "..", "../../orgs", "a/b", `a\b`, "a\nb", "a\x00"} {
		for _, call := range []transport.Call{
			c.RemoveMemberCall("acme", name),
			c.RemoveMemberCall(name, "priya-nair"),
			c.AddToTeamCall("acme", name, "priya-nair"),
			c.CancelInviteCall(name),
			c.CreateRepositoryCall(hub.NewRepository{Namespace: name, Name: "x"}),
		} {
			_, err := c.Send(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
			require.ErrorIs(t, err, hub.ErrName, "%q", name)
		}
		_, err := all(c.Members(t.Context(), name, hub.MembersQuery{}))
		require.ErrorIs(t, err, hub.ErrName, "%q", name)
		_, err = c.ExportMembers(t.Context(), name)
		require.ErrorIs(t, err, hub.ErrName, "%q", name)
		_, err = c.Repository(t.Context(), "acme", name)
		require.ErrorIs(t, err, hub.ErrName, "%q", name)
	}
	require.Empty(t, d.seen())
	require.Zero(t, d.exchanges())
}

func TestACallForAnotherSystemOrServerIsNotSent(t *testing.T) {
	d := newDocker(t)
	c := d.client()
	okta := transport.Call{System: "okta", Method: http.MethodDelete, URL: d.URL + "/v2/orgs/acme/members/x"}
	_, err := c.Send(transport.Approve(t.Context(), []transport.Call{okta}, nil), okta)
	require.Error(t, err)

	elsewhere := transport.Call{System: "hub", Method: http.MethodDelete, URL: "https://hub.docker.example/v2/orgs/acme/members/x"}
	_, err = c.Send(transport.Approve(t.Context(), []transport.Call{elsewhere}, nil), elsewhere)
	require.ErrorIs(t, err, transport.ErrForeignHost)
	require.Empty(t, d.seen())
}

func TestARefusedChangeSaysWhatWasAttempted(t *testing.T) {
	d := newDocker(t)
	d.on("DELETE /v2/orgs/acme/members/morgan-reyes", http.StatusBadRequest, `{"errinfo":null,"message":"cannot remove the last owner"}`)
	c := d.client()
	call := c.RemoveMemberCall("acme", "morgan-reyes")
	_, err := c.Send(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
	require.ErrorIs(t, err, transport.ErrRefused)
	require.ErrorContains(t, err, "remove morgan-reyes from acme")
	require.ErrorContains(t, err, "cannot remove the last owner")
}

func TestAChangeWhoseAnswerWasLostIsUnknownAndNotRepeated(t *testing.T) {
	d := newDocker(t)
	d.handle("DELETE /v2/orgs/acme/members/priya-nair", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	c := d.client()
	call := c.RemoveMemberCall("acme", "priya-nair")
	_, err := c.Send(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
	var wire *transport.Error
	require.ErrorAs(t, err, &wire)
	require.True(t, wire.Unknown)
	require.Len(t, d.seen(), 1)
}
