package observe_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/diagnose"
)

func TestOnlyTheExactNameIsTheMember(t *testing.T) {
	b := newBench(t)
	for username, want := range map[string]bool{
		"priya-nair": true, "PRIYA-Nair": true, "priya": false, "nair": false, "priya-nai": false, "acme.example": false, "priya.nair@acme.example": false,
	} {
		for _, ignore := range [][]string{nil, {"search"}} {
			b.wire.ignore = ignore
			c := b.observe(of(username), engine.FactMember)
			require.Equal(t, want, c.Member.Present, "%q, parameters that the server does not know: %v", username, ignore)
			require.True(t, c.Sources[engine.FactMember].Known(), "that there is nobody of this name is a fact")
			if want {
				require.Equal(t, "priya-nair", c.Member.Username)
				require.Equal(t, "priya-nair", c.Username, "as Docker writes it, whatever was typed")
				require.Equal(t, []string{"legacy"}, c.Member.Teams)
			}
		}
	}
}

func TestOwnersAreCountedWhenTheServerIgnoresTheFilter(t *testing.T) {
	b := newBench(t)
	for _, ignore := range [][]string{nil, {"role"}, {"role", "search"}} {
		b.wire.ignore = ignore
		c := b.observe(of("morgan-reyes"), engine.FactMember)
		require.Equal(t, 1, c.Member.Owners, "ignored: %v", ignore)
		require.True(t, c.Member.LastOwner())
	}
}

func TestTheDayOfJoiningIsUnknownWithoutTheRightToExport(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound} {
		b := newBench(t)
		b.box.Fail(sandbox.Fault{System: "hub", Path: "/v2/orgs/acme/members/export", Times: -1, Kind: sandbox.FaultStatus, Status: status})
		c := b.observe(of("priya-nair"), engine.FactMember, engine.FactAudit)
		require.True(t, c.Member.Present)
		require.True(t, c.Sources[engine.FactMember].Known())
		require.True(t, c.Member.Joined.IsZero())
		for _, e := range diagnose.Managed(c).Evidence {
			require.NotContains(t, e.Text, "joined")
		}
	}
	t.Run("and a server that is down is an error", func(t *testing.T) {
		b := newBench(t)
		b.box.Fail(sandbox.Fault{System: "hub", Path: "/v2/orgs/acme/members/export", Times: -1, Kind: sandbox.FaultStatus, Status: http.StatusBadGateway})
		_, err := b.reader.Observe(t.Context(), of("priya-nair"), []engine.FactID{engine.FactMember}, silent)
		require.ErrorContains(t, err, "export the members of acme")
	})
}

func TestWhoeverIsOutKeepsTheirAddressAndTheirSnapshot(t *testing.T) {
	b := newBench(t)
	c := b.observe(of("priya-nair"), engine.FactMember, engine.FactInvites, engine.FactSnapshot)
	was := c
	remove(t, b)
	c = b.observe(c, engine.FactMember, engine.FactInvites, engine.FactSnapshot, engine.FactExpectation)
	require.False(t, c.Member.Present)
	require.Empty(t, c.Member.Role)
	require.Empty(t, c.Member.Teams)
	require.Equal(t, was.Member.Email, c.Member.Email)
	require.Equal(t, was.Member.Joined, c.Member.Joined)
	require.Equal(t, was.Snapshot, c.Snapshot, "of what they had, not of nothing")
	require.True(t, c.Expected.Assigned, "the provider is asked by the address")
}

func TestWhoeverIsBackAfterARemovalKeepsTheSnapshotFromBefore(t *testing.T) {
	b := newBench(t)
	c := b.observe(of("jordan-ito"), engine.FactMember, engine.FactSnapshot)
	c.Snapshot.Role, c.Snapshot.Teams = "owner", []string{"platform"} // what they had, and are not given again
	was := c.Snapshot
	c = c.WithReceipts(engine.Receipt{Action: engine.ActionRemove, Change: "remove", At: c.Snapshot.At.Add(time.Minute)})
	c = b.observe(c, engine.FactMember, engine.FactSnapshot)
	require.True(t, c.Member.Present)
	require.Equal(t, was, c.Snapshot)
}

// remove takes priya-nair out, past the client.
func remove(t *testing.T, b *bench) {
	t.Helper()
	at, cred := b.box.Addresses(), b.box.Credentials()
	body := strings.NewReader(`{"identifier":"` + cred.HubIdentifier + `","secret":"` + cred.HubSecret + `"}`)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at.HubURL+"/v2/auth/token", body)
	require.NoError(t, err)
	answer, err := b.wire.base.RoundTrip(r)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&token))
	r, err = http.NewRequestWithContext(t.Context(), http.MethodDelete, at.HubURL+"/v2/orgs/acme/members/priya-nair", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token.AccessToken)
	gone, err := b.wire.base.RoundTrip(r)
	require.NoError(t, err)
	require.NoError(t, gone.Body.Close())
	require.Equal(t, http.StatusNoContent, gone.StatusCode)
}

// listing serves one page of members, whatever is asked for.
func listing(t *testing.T, b *bench, members ...map[string]any) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v2/auth/token":
			_, _ = w.Write([]byte(`{"access_token":"x"}`))
		case strings.HasSuffix(r.URL.Path, "/members"):
			_ = json.NewEncoder(w).Encode(map[string]any{"count": len(members), "results": members})
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	var err error
	b.hub, err = hub.New(hub.Options{BaseURL: server.URL, Identifier: "acme", Secret: text("s"), Transport: b.transport})
	require.NoError(t, err)
}

func TestAnInviteeIsNotAMember(t *testing.T) {
	b := newBench(t)
	listing(t, b,
		map[string]any{"username": "someone", "email": "priya-nair@acme.example", "role": "Owner"},
		map[string]any{"username": "priya-nair", "email": "priya.nair@acme.example", "role": "Invitee"})
	c := b.observe(of("priya-nair"), engine.FactMember)
	require.False(t, c.Member.Present, "they would count as back before they have accepted")
	require.True(t, c.Member.Invitee)
	require.Equal(t, engine.FindingInvitee, diagnose.Findings(c)[0].ID)
}

func TestInvitesOfThePersonAreThoseOfTheirNameOrTheirAddress(t *testing.T) {
	b := newBench(t)
	b.box.Invite("PRIYA.Nair@acme.example", "legacy", "member")
	b.box.Invite("other.priya.nair@acme.example", "legacy", "member")
	c := b.observe(of("priya-nair"), engine.FactMember, engine.FactInvites)
	require.Len(t, c.Invites, 2)
	require.Len(t, c.Snapshot.Invites, 2)
	c = b.observe(c, engine.FactInvites)
	require.Len(t, c.Snapshot.Invites, 2, "each is noted once")
	require.Empty(t, b.observe(of("sam-okafor"), engine.FactMember, engine.FactInvites).Invites)
}

func TestOnlyTogglesOfJITAreToggles(t *testing.T) {
	b := newBench(t)
	b.box.ToggleJIT(false)
	for _, ignore := range [][]string{nil, {"action"}, {"action", "actor"}} {
		b.wire.ignore = ignore
		c := b.observe(of("priya-nair"), engine.FactMember, engine.FactAudit)
		require.Len(t, c.Audit.JIT, 1, "ignored: %v", ignore)
		require.Len(t, c.Audit.SCIM, 1)
		require.NotEmpty(t, c.Audit.JIT[0].Label)
		for _, e := range c.Audit.Pushes {
			require.Equal(t, "priya-nair", e.Actor, "ignored: %v", ignore)
		}
	}
}

func TestPrivateRepositoriesAreSeenWithTheMembersOwnCredentialAlone(t *testing.T) {
	b := newBench(t)
	c := b.observe(of("priya-nair"), engine.FactMember, engine.FactAudit, engine.FactRepositories)
	require.False(t, c.Repositories.PrivateVisible)
	require.Len(t, c.Repositories.Personal, 1)
	require.Equal(t, "priya-nair/build-cache", c.Repositories.Personal[0].Name)
	require.Equal(t, 2, c.Repositories.Personal[0].Tags)
	require.Equal(t, "acme/build-cache", c.Repositories.Personal[0].Target)
	require.Contains(t, c.Repositories.LastPushed, "acme/billing-api")
	require.Equal(t, []string{"legacy"}, c.Repositories.SoleTeams)

	b.own = b.hubAs("priya-nair", b.box.Credentials().Members["priya-nair"])
	c = b.observe(c, engine.FactRepositories)
	require.True(t, c.Repositories.PrivateVisible)
	require.Len(t, c.Repositories.Personal, 2)
	require.True(t, c.Repositories.Personal[1].Private)

	t.Run("and whoever has none loses none", func(t *testing.T) {
		b.own = nil
		c := b.observe(of("lena-fischer"), engine.FactMember, engine.FactRepositories)
		require.Empty(t, c.Repositories.Personal)
		require.False(t, c.Repositories.PrivateVisible)
	})
	t.Run("and half a list of tags is an error", func(t *testing.T) {
		b.box.Fail(sandbox.Fault{System: "hub", Path: "/v2/namespaces/priya-nair/repositories/build-cache/tags", Times: -1, Kind: sandbox.FaultStatus, Status: http.StatusForbidden})
		_, err := b.reader.Observe(t.Context(), of("priya-nair"), []engine.FactID{engine.FactRepositories}, silent)
		require.ErrorContains(t, err, "build-cache")
	})
}

func TestAnotherNameIsProposedWhereSomethingElseHasIt(t *testing.T) {
	b := newBench(t)
	b.box = sandbox.New(sandbox.Options{Now: now, Fillers: 3, Repositories: 1})
	require.NoError(t, b.box.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, b.box.Close()) })
	cred := b.box.Credentials()
	b.hub = b.hubAs(cred.HubIdentifier, cred.HubSecret)
	b.own = b.hubAs("priya-nair", cred.Members["priya-nair"])
	var err error
	b.registry, err = registry.New(registry.Options{Host: b.box.Addresses().RegistryHost, Transport: b.transport})
	require.NoError(t, err)

	c := b.observe(of("priya-nair"), engine.FactMember, engine.FactAudit, engine.FactRepositories)
	require.Contains(t, c.Repositories.Taken, "acme/storefront")
	i := slices.IndexFunc(c.Repositories.Personal, func(r engine.Repository) bool { return r.Name == "priya-nair/storefront" })
	require.Equal(t, "acme/priya-nair-storefront", c.Repositories.Personal[i].Target)
	require.Empty(t, engine.Obstacles(c))
	require.NotEmpty(t, engine.Proposed(c, c.Repositories.Personal[i]))

	c = b.observe(c.WithChoice(engine.HandOverChoice{Target: "acme/storefront"}, "priya-nair/storefront"), engine.FactRepositories)
	require.Equal(t, engine.Place{Exists: true, Tags: 1, Foreign: []string{"2026.11"}}, c.Repositories.Personal[i].Place)
	require.Contains(t, engine.Obstacles(c)["priya-nair/storefront"].Problem, "acme/storefront already exists with other content (tag 2026.11)")
}

// A public repository can be read by everybody, so that it is compared with its original,
// but it is not copied once more under its own name.
func TestACopyThatTheMemberMadeUnderAnotherNameIsTheTarget(t *testing.T) {
	b := newBench(t)
	b.own = nil
	copied := "acme/storefront" // exists, and is public
	b.reader.Handed = func(org, member string) (engine.HandOverDone, bool, error) {
		require.Equal(t, "acme priya-nair", org+" "+member)
		return engine.HandOverDone{Org: org, Member: member, Entries: []engine.ManifestEntry{
			{Repository: "priya-nair/build-cache", Target: copied, Tag: "stable", Digest: "sha256:" + strings.Repeat("a", 64)},
		}}, true, nil
	}
	c := b.observe(of("priya-nair"), engine.FactMember, engine.FactAudit, engine.FactRepositories)
	require.Len(t, c.Repositories.Personal, 1)
	r := c.Repositories.Personal[0]
	require.False(t, r.Handed())
	require.Equal(t, "acme/build-cache", r.Target, "something else is in "+copied)

	copied = "acme/build-cache-of-priya"
	c = b.observe(c, engine.FactRepositories)
	r = c.Repositories.Personal[0]
	require.Equal(t, copied, r.Target)
	require.Equal(t, "priya-nair says that they copied it to acme/build-cache-of-priya", engine.Proposed(c, r))

	c = b.observe(c.WithChoice(engine.HandOverChoice{Target: "acme/cache"}, r.Name), engine.FactRepositories)
	require.Equal(t, "acme/cache", c.Repositories.Personal[0].Target, "the owner's choice counts")
}

func TestARosterHoldsEverybodyOnce(t *testing.T) {
	b := newBench(t)
	c := b.observe(of(""), engine.FactRoster)
	seen := map[string]bool{}
	for i, p := range c.Roster {
		require.False(t, seen[p.Username+p.Email])
		seen[p.Username+p.Email] = true
		require.Equal(t, strings.ToLower(p.Role), p.Role)
		require.True(t, i == 0 || c.Roster[i-1].Username <= p.Username, "in order")
	}
	require.Empty(t, b.observe(engine.Case{}, engine.FactRoster).Roster, "no organization is chosen yet")
}
