package cmd

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/credentials/loopback"
	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// fails walks until something fails, and returns the problem as it is shown.
func (w *walk) fails() engine.Problem {
	w.t.Helper()
	if w.state.Seq == 0 {
		w.send(guide.Begin{})
	}
	for range 100 {
		if w.state.Phase == guide.PhaseFailed {
			p := w.state.Problem
			require.NotContains(w.t, p.Detail+p.Title+p.Advice, "canary", "no secret is shown")
			require.NotContains(w.t, p.Detail, "goroutine")
			require.NotEmpty(w.t, p.Advice)
			return p
		}
		w.act()
	}
	w.t.Fatal("nothing fails")
	return engine.Problem{}
}

func TestBadAnswersAreExplainedAndARetryGoesOn(t *testing.T) {
	members := "/v2/orgs/acme/members"
	for name, c := range map[string]struct {
		fault sandbox.Fault
		title string
	}{
		"an HTML page":     {sandbox.Fault{System: "hub", Path: members, Kind: sandbox.FaultHTML, Times: 1}, "not what the API documents"},
		"a half-sent body": {sandbox.Fault{System: "hub", Path: members, Kind: sandbox.FaultHalfBody, Times: 4}, "could not be reached"},
		"no rights":        {sandbox.Fault{System: "hub", Path: members, Kind: sandbox.FaultStatus, Status: http.StatusForbidden, Body: `{"errinfo":null,"message":"permission denied"}`}, "may not do this"},
		"a failing server": {sandbox.Fault{System: "hub", Path: members, Kind: sandbox.FaultStatus, Status: http.StatusBadGateway, Times: 4}, "server failed"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWalk(t, "sam-okafor", false)
			c.fault.Skip = 1 // the roster comes in well
			w.box.Fail(c.fault)
			p := w.fails()
			require.Contains(t, p.Title, c.title, p.Detail)
			w.send(guide.Retry{})
			w.goOn(guide.StepReport)
		})
	}
}

// silent is a network on which one answer never comes, and every other one comes
// whatever the limit of time is: so that it strikes this one, however busy the
// machine is.
type silent struct {
	next http.RoundTripper
	path string

	mu   sync.Mutex
	skip int
}

func (s *silent) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	hangs := false
	if r.URL.Path == s.path {
		hangs = s.skip == 0
		s.skip--
	}
	s.mu.Unlock()
	if hangs {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return s.next.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
}

func TestAServerThatNeverAnswersIsLeftAndARetryGoesOn(t *testing.T) {
	w := newWalk(t, "sam-okafor", false, func(w *world) {
		next := http.DefaultTransport.(*http.Transport).Clone()
		t.Cleanup(next.CloseIdleConnections)
		w.base, w.timeout = &silent{next: next, path: "/v2/orgs/acme/members", skip: 1}, 50*time.Millisecond
	})
	p := w.fails()
	require.Contains(t, p.Title, "No answer in time", p.Detail)
	w.send(guide.Retry{})
	w.goOn(guide.StepReport)
}

func TestAWrongTokenIsAskedForAgainAndTheWalkGoesOn(t *testing.T) {
	w := newWalk(t, "sam-okafor", false, func(w *world) {
		w.credentials[0].Secret = engine.NewSecret("wrong")
	})
	w.send(guide.Begin{})
	require.Equal(t, guide.PhaseDeciding, w.state.Phase)
	require.Equal(t, engine.AskSignIn, w.state.Verdict.Ask.ID)
	require.Contains(t, w.state.Verdict.Ask.Note, "not accepted")
	cred := w.box.Credentials()
	w.send(guide.SignedIn{Credential: engine.Credential{System: engine.SystemHub, Identifier: cred.HubIdentifier, Secret: engine.NewSecret("wrong again")}})
	require.Equal(t, guide.PhaseDeciding, w.state.Phase)
	require.Contains(t, w.state.Verdict.Ask.Note, "not accepted")
	w.send(guide.SignedIn{Credential: engine.Credential{System: engine.SystemHub, Identifier: cred.HubIdentifier, Secret: engine.NewSecret(cred.HubSecret)}})
	w.goOn(guide.StepReport)
}

func TestAWrongOrganizationCanBeCorrected(t *testing.T) {
	w := newWalk(t, "", false)
	w.state.Case.Org = "acne"
	p := w.fails()
	require.NotEmpty(t, p.Title)
	w.send(guide.Back{})
	require.Equal(t, engine.AskOrg, w.state.Verdict.Ask.ID)
	w.send(guide.Answered{Question: engine.AskOrg, Value: "acme", At: w.clock.now()})
	require.Equal(t, engine.AskMember, w.state.Verdict.Ask.ID)
}

func TestAnUnknownMemberIsAskedForAgain(t *testing.T) {
	w := newWalk(t, "nobody", false)
	w.send(guide.Begin{})
	require.Equal(t, engine.AskMember, w.state.Verdict.Ask.ID)
	require.Contains(t, w.state.Verdict.Ask.Note, `no member "nobody"`)
}

func TestALostAnswerToTheRemovalIsObservedNotRepeated(t *testing.T) {
	w := newWalk(t, "lena-fischer", false)
	w.box.Fail(sandbox.Fault{System: "hub", Method: http.MethodDelete, Path: "/v2/orgs/acme/members/", Kind: sandbox.FaultDropAfter})
	w.run(guide.StepReport)
	removals := 0
	for _, s := range w.changing() {
		if strings.HasPrefix(s, "hub DELETE /v2/orgs/acme/members/") {
			removals++
		}
	}
	require.Equal(t, 1, removals)
	require.Equal(t, sandbox.OriginSCIM, memberOf(t, w.box.State(), "lena-fischer").Origin)
	for _, r := range w.state.Case.Receipts {
		if r.Action == engine.ActionRemove {
			require.Equal(t, "observed", r.Status)
		}
	}
}

func TestAMovedWorldMakesThePlanStale(t *testing.T) {
	w := newWalk(t, "lena-fischer", false)
	w.run(guide.StepRemove)
	w.act() // choose
	require.Equal(t, guide.PhaseApproving, w.state.Phase)
	require.True(t, w.state.Plan.Destructive)
	w.otherOwner(w.parts.systems.Hub().SetRoleCall("acme", "lena-fischer", "editor"))
	w.send(guide.Approved{Digest: w.state.Plan.Digest(), Typed: "lena-fischer", At: w.clock.now()})
	require.Equal(t, guide.PhaseFailed, w.state.Phase)
	require.True(t, w.state.Problem.Stale)
	require.Contains(t, w.state.Problem.Detail, "member on company")
	require.Contains(t, w.state.Problem.Detail, "editor on company")
	require.NotContains(t, strings.Join(w.changing(), "\n"), "DELETE /v2/orgs/acme/members/lena-fischer")
}

// otherOwner changes something past this walk.
func (w *walk) otherOwner(call transport.Call) {
	w.t.Helper()
	_, err := w.parts.systems.Hub().Send(transport.Approve(context.Background(), []transport.Call{call}, nil), call)
	require.NoError(w.t, err)
}

func TestAWrongWordDoesNotConfirm(t *testing.T) {
	w := newWalk(t, "lena-fischer", false)
	w.run(guide.StepRemove)
	w.act()
	for _, typed := range []string{"", "Lena-Fischer", "lena-fischer ", "yes"} {
		w.send(guide.Approved{Digest: w.state.Plan.Digest(), Typed: typed, At: w.clock.now()})
		require.Equal(t, guide.PhaseApproving, w.state.Phase, "%q", typed)
	}
	w.send(guide.Approved{Digest: "0000", Typed: "lena-fischer", At: w.clock.now()})
	require.Equal(t, guide.PhaseApproving, w.state.Phase)
	require.NotContains(t, strings.Join(w.changing(), "\n"), "DELETE /v2/orgs")
}

func TestWhoeverWinsTheRaceIsNoticedBeforeThePush(t *testing.T) {
	w := newWalk(t, "lena-fischer", false)
	w.choices[guide.StepCloseJIT] = "accept-race"
	w.answers[engine.AskRace] = engine.RacePhrase
	w.run(guide.StepPush)
	require.NoError(t, w.box.SSOSignIn("lena.fischer@acme.example"))
	require.Equal(t, sandbox.OriginJIT, memberOf(t, w.box.State(), "lena-fischer").Origin)

	w.send(guide.Chosen{Outcome: "do"})
	p := w.fails()
	require.Contains(t, p.Detail, "is a member")
	w.send(guide.Back{})
	w.send(guide.Chosen{Outcome: "pass-over"})
	require.Equal(t, guide.StepVerify, w.state.Step)
	require.Equal(t, "lena-fischer is back, but SCIM does not manage them", w.state.Verdict.Headline)
	require.NotContains(t, strings.Join(w.changing(), "\n"), "okta DELETE", "a member is not unassigned while Docker lists them")
}

func TestAPushThatFailsHalfWayIsFinishedByARetry(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	w.box.Fail(sandbox.Fault{System: "okta", Method: http.MethodPost, Kind: sandbox.FaultStatus, Status: http.StatusInternalServerError})
	require.Contains(t, w.fails().Title, "server failed")
	w.send(guide.Back{}) // even from the step entered afresh
	require.Equal(t, guide.StepPush, w.state.Step)
	w.send(guide.Chosen{Outcome: "do"})
	require.Len(t, w.state.Plan.Changes, 1)
	require.Contains(t, w.state.Plan.Changes[0].Call.Body, "backend", "the values are those of before")
	w.goOn(guide.StepReport)
	m := memberOf(t, w.box.State(), "priya-nair")
	require.Equal(t, sandbox.OriginSCIM, m.Origin)
	require.Contains(t, m.Teams, "backend")
}

func TestWhatASystemForbidsIsAdvisedOnInItsOwnTerms(t *testing.T) {
	for system, says := range map[string]string{
		"hub": "An organization access token needs", "okta": "Give them to the token's owner", "entra": "Have an administrator consent", "scim": "copy its token again",
	} {
		p := explain(&transport.Error{System: system, Status: http.StatusForbidden})
		require.Contains(t, p.Advice, says, system)
		require.Equal(t, system != "hub", !strings.Contains(p.Advice, "organization access token"))
	}
	require.NotContains(t, explain(&transport.Error{System: "okta", Status: http.StatusNotFound}).Advice, "Docker")
}

func TestScopesThatWereNotGrantedAreNamed(t *testing.T) {
	refused := &transport.Error{System: "okta", Op: "sign in", Err: fmt.Errorf("%w: %w", &loopback.RefusedError{Code: "invalid_scope"}, transport.ErrUnauthorized)}
	for _, err := range []error{refused, &transport.Error{System: "okta", Status: http.StatusBadRequest, Code: "invalid_scope"}} {
		p := explain(err)
		require.Contains(t, p.Advice, "okta.profileMappings.read")
		require.True(t, p.Refused)
		require.Equal(t, engine.SystemOkta, p.System)
	}
}
