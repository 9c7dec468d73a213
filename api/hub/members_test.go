package hub_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const jordan = `{
	"id": "6ad1b2f0c1f54c7e9f7a0d7d9e1b3c55", "username": "jordan-ito", "full_name": "Jordan Ito",
	"email": "jordan.ito@acme.example", "role": "Member", "groups": ["company"], "is_guest": false, "type": "User",
	"date_joined": "2024-06-03T08:11:27.506400Z", "company": "", "location": "", "profile_url": "",
	"gravatar_url": "", "gravatar_email": "", "primary_email": "jordan.ito@acme.example",
	"last_logged_in_at": null, "last_seen_at": "2026-11-20T10:00:00Z", "last_desktop_version": "4.55.0"}`

const guest = `{
	"id": "0b2c", "username": "guest-rivera", "full_name": "Rivera", "email": "rivera@partner.example",
	"role": "Editor", "groups": null, "is_guest": true, "type": "User", "date_joined": "soon"}`

func TestMembersAreReadPageByPage(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/orgs/acme/members page 1", http.StatusOK,
		`{"count":2,"next":"{base}/v2/orgs/acme/members?page=2&page_size=100","previous":null,"results":[`+jordan+`]}`)
	d.on("GET /v2/orgs/acme/members page 2", http.StatusOK,
		`{"count":2,"next":null,"previous":"{base}/v2/orgs/acme/members?page=1&page_size=100","results":[`+guest+`]}`)

	members, err := all(d.client().Members(t.Context(), "acme", hub.MembersQuery{}))
	require.NoError(t, err)
	require.Len(t, members, 2)

	require.Equal(t, "6ad1b2f0c1f54c7e9f7a0d7d9e1b3c55", members[0].ID)
	require.Equal(t, "Member", members[0].Role, "the role is left as it came")
	require.Equal(t, []string{"company"}, members[0].Teams)
	require.Equal(t, time.Date(2024, 6, 3, 8, 11, 27, 506400000, time.UTC), members[0].DateJoined.Time)
	require.True(t, members[0].LastLogin.IsZero())
	require.Equal(t, "4.55.0", members[0].LastDesktop)

	require.True(t, members[1].Guest)
	require.Empty(t, members[1].Teams)
	require.True(t, members[1].DateJoined.IsZero())
	require.Equal(t, "soon", members[1].DateJoined.Raw, "a strange date hides nothing")
}

func TestALinkWithoutAHostIsFollowedOnTheSameHost(t *testing.T) {
	for _, link := range []string{"?page=2&page_size=100", "/v2/orgs/acme/members?page=2"} {
		d := newDocker(t)
		d.on("GET /v2/orgs/acme/members page 1", http.StatusOK, `{"count":2,"next":"`+link+`","results":[`+jordan+`]}`)
		d.on("GET /v2/orgs/acme/members page 2", http.StatusOK, `{"count":2,"next":"","results":[`+guest+`]}`)
		members, err := all(d.client().Members(t.Context(), "acme", hub.MembersQuery{}))
		require.NoError(t, err)
		require.Len(t, members, 2)
	}
}

func TestAMembersQueryIsSentAsTheReferenceNamesIt(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/orgs/acme/members", http.StatusOK, `{"count":0,"next":null,"previous":null,"results":[]}`)
	_, err := all(d.client().Members(t.Context(), "acme", hub.MembersQuery{
		Search: "jordan.ito+x@acme.example", Type: hub.OnlyMembers, Role: "owner", Invites: true,
	}))
	require.NoError(t, err)
	got, err := url.ParseQuery(d.seen()[0].Query)
	require.NoError(t, err)
	require.Equal(t, url.Values{
		"page": {"1"}, "page_size": {"100"}, "search": {"jordan.ito+x@acme.example"},
		"type": {"member"}, "role": {"owner"}, "invites": {"true"},
	}, got)
}

func TestThePageThatTheSchemaWrapsInAnArrayIsReadToo(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/orgs/acme/members", http.StatusOK, `[{"count":1,"next":null,"previous":null,"results":[`+jordan+`]}]`)
	members, err := all(d.client().Members(t.Context(), "acme", hub.MembersQuery{}))
	require.NoError(t, err)
	require.Len(t, members, 1)
}

func TestALinkToAnotherHostIsRefusedAndGetsNoCredential(t *testing.T) {
	var reached atomic.Bool
	foreign := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer foreign.Close()
	for name, link := range map[string]string{
		"another port":   foreign.URL + "/v2/orgs/acme/members?page=2",
		"another scheme": "https://127.0.0.1/v2/orgs/acme/members?page=2",
		"no scheme":      "//" + strings.TrimPrefix(foreign.URL, "http://") + "/v2/orgs/acme/members?page=2",
	} {
		t.Run(name, func(t *testing.T) {
			d := newDocker(t)
			d.on("GET /v2/orgs/acme/members", http.StatusOK, fmt.Sprintf(`{"count":2,"next":%q,"results":[%s]}`, link, jordan))
			members, err := all(d.client().Members(t.Context(), "acme", hub.MembersQuery{}))
			require.ErrorIs(t, err, transport.ErrForeignHost)
			require.Len(t, members, 1)
			require.Len(t, d.seen(), 1)
			require.False(t, reached.Load())
		})
	}
}

func TestAListingThatDoesNotEndIsNoticed(t *testing.T) {
	page := func(d *docker, next, username string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			write(w, fmt.Sprintf(`{"count":9,"next":%q,"results":[{"username":%q}]}`, d.URL+next, username))
		}
	}
	t.Run("a link to itself", func(t *testing.T) {
		d := newDocker(t)
		d.handle("GET /v2/orgs/acme/members", page(d, "/v2/orgs/acme/members?page=1&page_size=100", "a"))
		members, err := all(d.client().Members(t.Context(), "acme", hub.MembersQuery{}))
		require.ErrorIs(t, err, hub.ErrEndless)
		require.Len(t, members, 1)
		require.Len(t, d.seen(), 1)
	})
	t.Run("two pages that link to each other", func(t *testing.T) {
		d := newDocker(t)
		d.handle("GET /v2/orgs/acme/members page 1", page(d, "/v2/orgs/acme/members?page=2", "a"))
		d.handle("GET /v2/orgs/acme/members page 2", page(d, "/v2/orgs/acme/members?page_size=100&page=1", "b"))
		_, err := all(d.client().Members(t.Context(), "acme", hub.MembersQuery{}))
		require.ErrorIs(t, err, hub.ErrEndless)
		require.LessOrEqual(t, len(d.seen()), 4)
	})
	t.Run("the same page under ever new links", func(t *testing.T) {
		d, n := newDocker(t), 0
		d.handle("GET /v2/orgs/acme/members", func(w http.ResponseWriter, r *http.Request) {
			n++
			page(d, fmt.Sprintf("/v2/orgs/acme/members?page=1&cursor=%d", n), "a")(w, r)
		})
		_, err := all(d.client().Members(t.Context(), "acme", hub.MembersQuery{}))
		require.ErrorIs(t, err, hub.ErrEndless)
		require.Len(t, d.seen(), 2)
	})
	t.Run("ever new pages", func(t *testing.T) {
		d, n := newDocker(t), 0
		d.handle("GET /v2/orgs/acme/members", func(w http.ResponseWriter, r *http.Request) {
			n++
			page(d, fmt.Sprintf("/v2/orgs/acme/members?page=%d", n+1), fmt.Sprint("user-", n))(w, r)
		})
		members, err := all(d.client(func(o *hub.Options) { o.MaxPages = 7 }).Members(t.Context(), "acme", hub.MembersQuery{}))
		require.ErrorIs(t, err, hub.ErrEndless)
		require.Len(t, members, 7)
	})
}

func TestACallerThatStopsReadingStopsTheRequests(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/orgs/acme/members", http.StatusOK, `{"count":200,"next":"{base}/v2/orgs/acme/members?page=2","results":[`+jordan+`,`+guest+`]}`)
	for _, err := range d.client().Members(t.Context(), "acme", hub.MembersQuery{}) {
		require.NoError(t, err)
		break
	}
	require.Len(t, d.seen(), 1)
}

func TestAnAnswerThatIsNotAListIsNoEmptyList(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"an error with status 200": {`{"message":"try later"}`, hub.ErrShape},
		"several pages at once":    {`[{"results":[]},{"results":[]}]`, hub.ErrShape},
		"results of another type":  {`{"results":"none"}`, hub.ErrShape},
		"a page of HTML":           {"<!doctype html><title>Docker Hub is down</title>", transport.ErrNotJSON},
		"nothing":                  {"", transport.ErrNotJSON},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDocker(t)
			d.on("GET /v2/orgs/acme/members", http.StatusOK, c.body)
			members, err := all(d.client().Members(t.Context(), "acme", hub.MembersQuery{}))
			require.ErrorIs(t, err, c.want)
			require.Empty(t, members)
			require.ErrorContains(t, err, "list the members of acme")
		})
	}
}

// halfSent announces more than it sends and hangs up.
func halfSent(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(len(body)+1000))
		write(w, body)
		panic(http.ErrAbortHandler)
	}
}

func TestAHalfSentPageIsAskedForAgain(t *testing.T) {
	d, n := newDocker(t), 0
	d.handle("GET /v2/orgs/acme/members", func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 1 {
			halfSent(`{"count":1,"next":null,"results":[`)(w, r)
			return
		}
		write(w, `{"count":1,"next":null,"results":[`+jordan+`]}`)
	})
	members, err := all(d.client().Members(t.Context(), "acme", hub.MembersQuery{}))
	require.NoError(t, err)
	require.Len(t, members, 1)
}

func TestAServerThatOnlySendsHalvesIsAnError(t *testing.T) {
	d := newDocker(t)
	// The half is whole JSON by itself: only its length tells.
	d.handle("GET /v2/orgs/acme/members", halfSent(`{"count":0,"next":null,"results":[]}`))
	_, err := all(d.client().Members(t.Context(), "acme", hub.MembersQuery{}))
	var wire *transport.Error
	require.ErrorAs(t, err, &wire)
	require.Equal(t, "hub", wire.System)
}

func TestTeamsAreReadForTheOrganizationAndForOneMember(t *testing.T) {
	d := newDocker(t)
	d.handle("GET /v2/orgs/acme/groups", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("username") == "jordan-ito" {
			write(w, `{"count":1,"next":null,"previous":null,"results":[{"id":7,"uuid":"u7","name":"platform","description":"","member_count":4}]}`)
			return
		}
		write(w, `{"count":2,"next":null,"previous":null,"results":[{"id":1,"name":"owners"},{"id":7,"name":"platform"}]}`)
	})
	c := d.client()
	teams, err := c.Teams(t.Context(), "acme")
	require.NoError(t, err)
	require.Equal(t, []hub.Team{{ID: 1, Name: "owners"}, {ID: 7, Name: "platform"}}, teams)

	teams, err = c.MemberTeams(t.Context(), "acme", "jordan-ito")
	require.NoError(t, err)
	require.Equal(t, []hub.Team{{ID: 7, UUID: "u7", Name: "platform", MemberCount: 4}}, teams)
}

func TestTheTeamsOfNobodyAreNotTheTeamsOfAll(t *testing.T) {
	d := newDocker(t)
	_, err := d.client().MemberTeams(t.Context(), "acme", "")
	require.ErrorIs(t, err, hub.ErrName)
	require.Empty(t, d.seen())
}

func TestHalfAListOfTeamsIsNotReturned(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/orgs/acme/groups page 1", http.StatusOK, `{"next":"{base}/v2/orgs/acme/groups?page=2","results":[{"name":"owners"}]}`)
	d.on("GET /v2/orgs/acme/groups page 2", http.StatusForbidden, `{"errinfo":null,"message":"permission denied"}`)
	teams, err := d.client().Teams(t.Context(), "acme")
	require.ErrorIs(t, err, transport.ErrForbidden)
	require.Nil(t, teams)
}

func TestInvitesAreReadWithTheRoleThatTheReferenceLeavesOut(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/orgs/acme/invites", http.StatusOK, `{"data":[{"id":"e36eca69-4cc8-4f17-9845-ae8c2b832691",
		"inviter_username":"morgan-reyes","invitee":"priya.nair@acme.example","org":"acme","team":"contractors","role":"member",
		"created_at":"2021-10-28T18:30:19.520861Z"}]}`)
	invites, err := d.client().Invites(t.Context(), "acme")
	require.NoError(t, err)
	require.Len(t, invites, 1)
	require.Equal(t, "contractors", invites[0].Team)
	require.Equal(t, "member", invites[0].Role)
	require.Equal(t, 2021, invites[0].CreatedAt.Year())

	d.on("GET /v2/orgs/acme/invites", http.StatusOK, `{"detail":"moved"}`)
	_, err = d.client().Invites(t.Context(), "acme")
	require.ErrorIs(t, err, hub.ErrShape)
}

func TestInviteResultsAreReadInBothForms(t *testing.T) {
	const list = `[{"invitee":"invitee@docker.com","status":"invited","invite":{"id":"e36eca69","invitee":"invitee@docker.com","team":"owners"}},
		{"invitee":"invitee2@docker.com","status":"existing_org_member"},
		{"invitee":"invitee3@docker.com","status":"invalid_email_or_docker_id"}]`
	for _, body := range []string{`{"invitees":` + list + `}`, `{"invitees":{"invitees":` + list + `}}`} {
		results, err := hub.InviteResults(&transport.Response{Status: http.StatusAccepted, Body: []byte(body)})
		require.NoError(t, err)
		require.Len(t, results, 3)
		require.Equal(t, hub.Invited, results[0].Status)
		require.Equal(t, "e36eca69", results[0].Invite.ID)
		require.Equal(t, hub.AlreadyMember, results[1].Status)
		require.Nil(t, results[1].Invite)
		require.Equal(t, hub.InvalidInvitee, results[2].Status)
	}
	for _, body := range []string{``, `{}`, `<html>`, `{"invitees":"none"}`} {
		_, err := hub.InviteResults(&transport.Response{Status: http.StatusAccepted, Body: []byte(body)})
		require.ErrorIs(t, err, hub.ErrShape, body)
	}
}

func TestAReadThatIsCancelledEndsWithTheCancellation(t *testing.T) {
	d := newDocker(t)
	arrived := make(chan struct{})
	d.handle("GET /v2/orgs/acme/invites", func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	c := d.client()
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := c.Invites(ctx, "acme")
		failed <- err
	}()
	<-arrived
	cancel()
	require.ErrorIs(t, <-failed, context.Canceled)
}
