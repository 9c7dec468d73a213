package remedy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// pushed is somebody who was removed and then pushed, up to where the push is to be
// verified.
func (b *bench) pushed(username string) engine.Case {
	b.t.Helper()
	c := b.observed(username)
	c.Snapshot = engine.Snapshot{Taken: true, At: b.clock.now(), Role: "member", Email: c.Member.Email}
	out := b.hub.RemoveMemberCall("acme", username)
	_, err := b.hub.Send(transport.Approve(b.t.Context(), []transport.Call{out}, nil), out)
	require.NoError(b.t, err)
	p, err := b.actions[engine.ActionPush].Plan(b.t.Context(), b.again(c))
	require.NoError(b.t, err)
	for _, ch := range p.Changes {
		r, err := b.actions[engine.ActionPush].Run(approve(b.t.Context(), ch), c, ch, silent)
		require.NoError(b.t, err)
		r.At = b.clock.now()
		c = c.Clone()
		c.Receipts = append(c.Receipts, receipt(p, ch, r))
	}
	return c
}

func TestWhatAPushComesToIsWhatDockerShowsBesideWhatTheLogSays(t *testing.T) {
	event := func(kind, result, reason string, sends bool) idp.Event {
		return idp.Event{At: time.Date(2026, 11, 23, 12, 1, 0, 0, time.UTC), Type: kind, Result: result, Reason: reason, Sends: sends}
	}
	failed := event("application.provision.user.push", "FAILURE", "HTTP 401: invalid or missing SCIM token", true)
	for name, x := range map[string]struct {
		fails bool        // the push does not arrive at Docker
		log   []idp.Event // what the log says; nil for nothing yet
		ok    bool
		says  []string
	}{
		"the member is there before the log": {
			false, nil, true,
			[]string{"Docker lists them again as editor on backend, company", "its log does not show the push yet"},
		},
		"the member and the log agree": {
			false,
			[]idp.Event{event("application.provision.user.push", "SUCCESS", "", true)},
			true,
			[]string{"Docker lists them again", "application.provision.user.push: SUCCESS"},
		},
		"the member is there, and the log says that it failed": {
			false,
			[]idp.Event{failed},
			false,
			[]string{"Docker lists them as editor", "and yet Okta says that its push failed: HTTP 401", "SCIM does not manage", "Setup SCIM"},
		},
		"the log says so, and Docker does not show it": {
			true,
			[]idp.Event{event("application.provision.user.push", "SUCCESS", "", true)},
			false,
			[]string{"Okta says that it has sent them, and Docker does not list them yet", "snapshot"},
		},
		"the log says nothing": {
			true, nil, false,
			[]string{"Docker does not list them yet", "can be minutes late", "snapshot"},
		},
		"it failed": {
			true,
			[]idp.Event{failed},
			false,
			[]string{"Okta could not provision them: HTTP 401", "Setup SCIM"},
		},
		"it was skipped": {
			true,
			[]idp.Event{event("application.provision.user.push", "SKIPPED", "The user is not assigned", true)},
			false,
			[]string{"Okta has not sent them: its log says skipped: The user is not assigned", "outside the scope"},
		},
		"that taking them out of Docker failed says nothing about the push": {
			false,
			[]idp.Event{event("application.provision.user.deactivate", "FAILURE", "404 Not Found", false)},
			true,
			[]string{"Docker lists them again"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "priya-nair", false)
			late := b.clock.now().Add(3 * time.Second) // the push takes two
			b.log = func([]idp.Event) []idp.Event {
				if b.clock.now().Before(late) {
					return nil
				}
				return x.log
			}
			if x.fails {
				b.box.FailPush(sandbox.PushFault{Status: 401, Detail: "no", Times: -1})
			}
			c := b.pushed("priya-nair")
			k, err := b.actions[engine.ActionPush].Verify(t.Context(), c, silent)
			require.NoError(t, err)
			said := k.Text
			for _, e := range k.Evidence {
				said += "\n" + e.Text
			}
			for _, words := range x.says {
				require.Contains(t, said, words)
			}
			require.Equal(t, x.ok, k.OK, k.Text)
		})
	}
}

func TestWhatSendingTheProfileComesToIsToldByTheLogWhereDockerDoesNotShowIt(t *testing.T) {
	for result, says := range map[string]string{
		"SUCCESS": "Okta says that it has sent the values, and Docker does not show them yet",
		"FAILURE": "Okta could not provision them: HTTP 503. Docker's SCIM service did not answer well",
		"":        "Docker does not show the values yet. Look at the identity provider's log",
	} {
		b := newBench(t, "jordan-ito", false)
		b.box.FailPush(sandbox.PushFault{Status: 503, Detail: "no", Times: -1})
		b.log = func([]idp.Event) []idp.Event {
			if result == "" {
				return nil
			}
			return []idp.Event{{At: b.clock.now(), Type: "application.provision.user.push_profile", Result: result, Reason: map[string]string{"FAILURE": "HTTP 503"}[result], Sends: true}}
		}
		c := b.observed("jordan-ito")
		p, err := b.actions[engine.ActionPushProfile].Plan(t.Context(), c)
		require.NoError(t, err)
		r, err := b.actions[engine.ActionPushProfile].Run(approve(t.Context(), p.Changes[0]), c, p.Changes[0], silent)
		require.NoError(t, err)
		r.At = b.clock.now()
		c.Receipts = append(c.Receipts, receipt(p, p.Changes[0], r))
		k, err := b.actions[engine.ActionPushProfile].Verify(t.Context(), c, silent)
		require.NoError(t, err)
		require.False(t, k.OK)
		require.Contains(t, k.Text, says)
	}
}
