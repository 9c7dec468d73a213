package remedy_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// subject is an action, whom it is tried on, and what has to go before.
type subject struct {
	action engine.ActionID
	member string
	bring  func(*bench, engine.Case) engine.Case // to where the action is due
	clicks func(*bench)                          // what a person does in a console
	kinds  []engine.ChangeKind                   // of the changes that are planned
}

func there(_ *bench, c engine.Case) engine.Case { return c }

// removed brings the case through the guide until the member is out.
func removed(b *bench, c engine.Case) engine.Case {
	return b.carry(readyToRemove(b, c), engine.ActionRemove)
}

func readyToRemove(b *bench, c engine.Case) engine.Case {
	if len(c.Invites) > 0 {
		c = b.carry(c, engine.ActionCancelInvites)
	}
	c = b.jitOff(c)
	if len(c.Repositories.Personal) > 0 {
		c = b.carry(c, engine.ActionHandOver)
	}
	return c
}

// delay is longer than the sandbox's pushes and audit events take.
const delay = 10 * time.Second

const (
	request = engine.ChangeRequest
	copied  = engine.ChangeCopy
	console = engine.ChangeConsole
)

var subjects = map[string]subject{
	"cancel invites": {engine.ActionCancelInvites, "priya-nair", there, nil, []engine.ChangeKind{request}},
	"disable JIT": {engine.ActionDisableJIT, "jordan-ito", there, func(b *bench) {
		require.NoError(b.t, b.box.FlipJIT(b.t.Context(), false))
	}, []engine.ChangeKind{console}},
	"match attributes": {engine.ActionMatch, "noor-haddad", there, func(b *bench) { b.matched = true }, []engine.ChangeKind{console}},
	"push the profile": {
		engine.ActionPushProfile, "jordan-ito", func(b *bench, c engine.Case) engine.Case { return b.jitOff(c) }, nil,
		[]engine.ChangeKind{request},
	},
	"hand over":                        {engine.ActionHandOver, "priya-nair", there, nil, []engine.ChangeKind{request, request, copied, copied}},
	"remove":                           {engine.ActionRemove, "priya-nair", readyToRemove, nil, []engine.ChangeKind{request}},
	"push":                             {engine.ActionPush, "priya-nair", removed, nil, []engine.ChangeKind{request, request}},
	"push whom a group has assigned":   {engine.ActionPush, "lena-fischer", removed, nil, []engine.ChangeKind{request, request, request}},
	"remove whom a group has assigned": {engine.ActionRemove, "lena-fischer", readyToRemove, nil, []engine.ChangeKind{request}},
}

func TestEveryActionOfTheGuideConforms(t *testing.T) {
	tried := map[engine.ActionID]bool{}
	for name, s := range subjects {
		tried[s.action] = true
		t.Run(name, func(t *testing.T) { conform(t, s) })
	}
	for _, id := range []engine.ActionID{
		engine.ActionDisableJIT, engine.ActionMatch, engine.ActionPushProfile, engine.ActionCancelInvites,
		engine.ActionHandOver, engine.ActionRemove, engine.ActionPush,
	} {
		require.True(t, tried[id], "%s is not tried", id)
	}
}

func conform(t *testing.T, s subject) {
	b := newBench(t, s.member, false)
	c := s.bring(b, b.observed(s.member))
	a := b.actions[s.action]
	require.Empty(t, a.Offer(c).Reason)

	plan := requireSamePlanTwice(t, b, a, c)
	var kinds []engine.ChangeKind
	for _, ch := range plan.Changes {
		kinds = append(kinds, ch.Kind)
	}
	require.Equal(t, s.kinds, kinds)

	before := string(b.box.State().JSON())
	k, err := a.Verify(t.Context(), c, silent)
	require.NoError(t, err)
	require.False(t, k.OK, "nothing was run, and yet: %s", k.Text)
	require.NotEmpty(t, k.Text)
	requireNeedsApproval(t, b, a, c, plan)
	require.Equal(t, before, string(b.box.State().JSON()), "nothing was approved, and yet something has changed")

	noted := len(b.changing())
	tapped := len(b.tap.sent())
	for _, ch := range plan.Changes {
		guards, err := a.Guards(t.Context(), c)
		require.NoError(t, err)
		require.Equal(t, plan.Guards, guards, "the plan's own changes move its guards")
		made, err := a.Made(t.Context(), c, ch)
		require.NoError(t, err)
		require.False(t, made, "%s: seen before it was made", ch.Title)
		if ch.Kind == engine.ChangeConsole {
			s.clicks(b)
		}
		r, err := a.Run(approve(t.Context(), ch), c, ch, silent)
		require.NoError(t, err)
		require.NotEmpty(t, r.Status)
		c = c.Clone()
		c.Receipts = append(c.Receipts, receipt(plan, ch, r))
		require.NoError(t, b.clock.sleep(t.Context(), delay))
		made, err = a.Made(t.Context(), c, ch)
		require.NoError(t, err)
		require.True(t, made, "%s: not seen after it was made", ch.Title)
	}
	requirePreviewedWasSent(t, plan, b.tap.sent()[tapped:], b.changing()[noted:])

	k, err = a.Verify(t.Context(), c, silent)
	require.NoError(t, err)
	require.True(t, k.OK, k.Text)
	requireOnce(t, b, a, c, plan)
}

func requireSamePlanTwice(t *testing.T, b *bench, a engine.Action, c engine.Case) engine.Plan {
	t.Helper()
	noted := len(b.changing())
	before := b.settled()
	first, err := a.Plan(t.Context(), c)
	require.NoError(t, err)
	second, err := a.Plan(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, first.Digest(), second.Digest())
	require.Equal(t, first, second)
	require.Len(t, b.changing(), noted, "planning changes nothing")
	require.Equal(t, before, b.settled())

	require.Equal(t, a.ID(), first.Action)
	require.NotEmpty(t, first.Title)
	require.NotEmpty(t, first.Subject)
	require.Empty(t, first.Nothing)
	require.Equal(t, a.ID() == engine.ActionRemove, first.Destructive)
	ids := map[string]bool{}
	for _, ch := range first.Changes {
		require.False(t, ids[ch.ID], "two changes have the id %q", ch.ID)
		ids[ch.ID] = true
		require.NotEmpty(t, ch.ID)
		require.NotEmpty(t, ch.Title)
		require.NotEmpty(t, ch.Target)
		require.NotEmpty(t, ch.After)
		require.Equal(t, ch.Kind == request, ch.Call != engine.Call{})
		require.Equal(t, ch.Kind == copied, ch.Copy.Source != "")
		require.Equal(t, ch.Kind == console, len(ch.Console.Ways) > 0)
	}
	return first
}

// requireNeedsApproval runs every change without an approval, and with the
// approval of another one.
func requireNeedsApproval(t *testing.T, b *bench, a engine.Action, c engine.Case, p engine.Plan) {
	t.Helper()
	noted := len(b.changing())
	for _, ch := range p.Changes {
		var other context.Context
		switch ch.Kind {
		case engine.ChangeRequest:
			call := transport.Call(ch.Call)
			call.Body += " "
			other = transport.Approve(t.Context(), []transport.Call{call}, nil)
		case engine.ChangeCopy:
			var more []string
			for _, prefix := range ch.Copy.Uploads {
				more = append(more, strings.TrimSuffix(prefix, "/")+"-more/")
			}
			other = transport.Approve(t.Context(), nil, more)
		case engine.ChangeConsole:
			continue // it sends nothing
		}
		_, err := a.Run(t.Context(), c, ch, silent)
		require.ErrorIs(t, err, transport.ErrNotApproved)
		_, err = a.Run(other, c, ch, silent)
		require.ErrorIs(t, err, transport.ErrNotApproved)
	}
	require.Len(t, b.changing(), noted)
}

// requirePreviewedWasSent compares the plan with the wire and with the
// sandbox's own log: the requests are equal byte for byte and in their order,
// and nothing else was sent but uploads below the approved prefixes.
func requirePreviewedWasSent(t *testing.T, p engine.Plan, wire []engine.Call, log []sandbox.Request) {
	t.Helper()
	var want []engine.Call
	var approved []string
	for _, ch := range p.Changes {
		switch ch.Kind {
		case engine.ChangeRequest:
			call := ch.Call
			require.NotEmpty(t, call.System)
			call.System = ""
			want = append(want, call)
		case engine.ChangeCopy:
			approved = append(approved, ch.Copy.Uploads...)
		case engine.ChangeConsole:
		}
	}
	var got []engine.Call
	for _, call := range wire {
		upload := slices.ContainsFunc(approved, func(p string) bool { return strings.HasPrefix(call.URL, p) })
		if !upload {
			got = append(got, call)
		}
	}
	require.Equal(t, want, got)
	require.Len(t, log, len(wire), "the sandbox saw what the wire saw")
}

// requireOnce makes each change a second time: it is refused, or it changes
// nothing more.
func requireOnce(t *testing.T, b *bench, a engine.Action, c engine.Case, p engine.Plan) {
	t.Helper()
	after := b.settled()
	for _, ch := range p.Changes {
		if ch.ID == "unassign" {
			continue // a push is unassigning and assigning: the half of it is no repetition
		}
		noted := len(b.changing())
		_, err := a.Run(approve(t.Context(), ch), c, ch, silent)
		if ch.Kind != request {
			require.NoError(t, err)
			require.Len(t, b.changing(), noted, "%s: what is there is not sent again", ch.Title)
		}
		require.Equal(t, after, b.settled(), "%s: made twice, changed twice", ch.Title)
	}
}

func TestWhatWasDoneIsNotPlannedAgain(t *testing.T) {
	for name, nothing := range map[string]func(*testing.T, *bench, engine.Case, engine.Action){
		"cancel invites": func(t *testing.T, _ *bench, c engine.Case, a engine.Action) {
			p, err := a.Plan(t.Context(), c)
			require.NoError(t, err)
			require.NotEmpty(t, p.Nothing)
			require.Empty(t, p.Changes)
		},
		"match attributes": func(t *testing.T, b *bench, c engine.Case, a engine.Action) {
			b.matched = true
			p, err := a.Plan(t.Context(), c)
			require.NoError(t, err)
			require.NotEmpty(t, p.Nothing)
		},
		"remove": func(t *testing.T, _ *bench, c engine.Case, a engine.Action) {
			p, err := a.Plan(t.Context(), c)
			require.NoError(t, err)
			require.NotEmpty(t, p.Nothing)
		},
		"push": func(t *testing.T, _ *bench, c engine.Case, a engine.Action) {
			require.Contains(t, a.Offer(c).Reason, "nothing has to be created")
			_, err := a.Guards(t.Context(), c)
			require.ErrorContains(t, err, "is a member of acme again")
		},
		"hand over": func(t *testing.T, _ *bench, c engine.Case, a engine.Action) {
			p, err := a.Plan(t.Context(), c)
			require.NoError(t, err)
			for _, ch := range p.Changes {
				require.Equal(t, copied, ch.Kind, "the targets are there")
				made, err := a.Made(t.Context(), c, ch)
				require.NoError(t, err)
				require.True(t, made)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := subjects[name]
			b := newBench(t, s.member, false)
			c := s.bring(b, b.observed(s.member))
			if s.clicks == nil {
				c = b.carry(c, s.action)
			}
			nothing(t, b, c, b.actions[s.action])
		})
	}
}

// A connection that dies after the request has left tells nothing: the action
// says so, and the world can be asked.
func TestAChangeWhoseAnswerIsLostIsObserved(t *testing.T) {
	for _, name := range []string{"cancel invites", "remove", "hand over", "push", "push whom a group has assigned"} {
		t.Run(name, func(t *testing.T) {
			s := subjects[name]
			b := newBench(t, s.member, false)
			c := s.bring(b, b.observed(s.member))
			a := b.actions[s.action]
			p, err := a.Plan(t.Context(), c)
			require.NoError(t, err)
			for _, ch := range p.Changes {
				if ch.Kind != request {
					continue
				}
				b.box.Fail(sandbox.Fault{System: ch.Call.System, Method: ch.Call.Method, Kind: sandbox.FaultDropAfter})
				noted := len(b.changing())
				_, err := a.Run(approve(t.Context(), ch), c, ch, silent)
				var lost *transport.Error
				require.ErrorAs(t, err, &lost)
				require.True(t, lost.Unknown, "%v", err)
				require.Len(t, b.changing(), noted+1, "it is not repeated blindly")
				made, err := a.Made(t.Context(), c, ch)
				require.NoError(t, err)
				require.True(t, made, ch.Title)
			}
		})
	}
}

func TestAChangeThatTheServerRefusedWasNotMade(t *testing.T) {
	for _, name := range []string{"cancel invites", "remove", "hand over", "push", "push whom a group has assigned", "push the profile"} {
		t.Run(name, func(t *testing.T) {
			s := subjects[name]
			b := newBench(t, s.member, false)
			c := s.bring(b, b.observed(s.member))
			a := b.actions[s.action]
			p, err := a.Plan(t.Context(), c)
			require.NoError(t, err)
			ch := p.Changes[0]
			b.box.Fail(sandbox.Fault{System: ch.Call.System, Method: ch.Call.Method, Kind: sandbox.FaultStatus, Status: http.StatusForbidden, Body: `{"message":"no"}`})
			before := string(b.box.State().JSON())
			_, err = a.Run(approve(t.Context(), ch), c, ch, silent)
			require.ErrorIs(t, err, transport.ErrForbidden)
			made, err := a.Made(t.Context(), c, ch)
			require.NoError(t, err)
			require.False(t, made)
			require.Equal(t, before, string(b.box.State().JSON()))
		})
	}
}

func TestADryRunPlansEverythingAndSendsNothing(t *testing.T) {
	for name, s := range subjects {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, s.member, true)
			c := b.observed(s.member)
			for _, id := range []engine.ActionID{engine.ActionCancelInvites, engine.ActionDisableJIT, engine.ActionHandOver, engine.ActionRemove} {
				if id != s.action {
					c = c.WithCheck(id, engine.Check{OK: true, Assumed: true})
				}
			}
			a := b.actions[s.action]
			require.Empty(t, a.Offer(c).Reason)
			before := string(b.box.State().JSON())
			p, err := a.Plan(t.Context(), c)
			require.NoError(t, err)
			require.NotEmpty(t, p.Changes)
			for _, ch := range p.Changes {
				if ch.Kind == console {
					continue
				}
				_, err := a.Run(approve(t.Context(), ch), c, ch, silent)
				require.ErrorIs(t, err, transport.ErrReadOnly, "approved or not")
			}
			require.Empty(t, b.changing())
			require.Empty(t, b.tap.sent())
			require.Equal(t, before, string(b.box.State().JSON()))
		})
	}
}
