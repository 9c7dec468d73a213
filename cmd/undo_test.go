package cmd

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/cmd/internal/plain"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/run"
)

// undo runs the command's work on the walk's sandbox, with in as what is typed.
func (w *walk) undo(dir, id, in string, dryRun bool) (string, error) {
	w.t.Helper()
	x := sandboxWorld(w.box, dryRun, dir)
	x.now, x.sleep = w.clock.now, w.clock.sleep
	p, err := wire(x)
	require.NoError(w.t, err)
	var out bytes.Buffer
	u := undoing{parts: p, dir: dir, id: id, dryRun: dryRun, now: w.clock.now, prompt: plain.Prompter{In: strings.NewReader(in), Out: &out}}
	err = u.run(w.t.Context())
	require.NotContains(w.t, out.String(), "canary")
	return out.String(), err
}

// walkedAndLeft walks to a step, and leaves the program there.
func walkedAndLeft(t *testing.T, username string, until guide.StepID) (w *walk, dir, id string) {
	t.Helper()
	w = newWalk(t, username, false, func(x *world) { dir = x.stateDir })
	w.run(until)
	require.NoError(t, w.parts.runner.Drain(context.Background()))
	records, err := run.List(dir)
	require.NoError(t, err)
	require.Len(t, records, 1)
	return w, dir, records[0].ID
}

func TestUndoInvitesARemovedMemberAndThenPutsBackTheTeams(t *testing.T) {
	w, dir, id := walkedAndLeft(t, "priya-nair", guide.StepPush)
	require.False(t, slices.ContainsFunc(w.box.State().Members, func(m sandbox.Member) bool { return m.Username == "priya-nair" }))
	before := string(w.box.State().JSON())

	out, err := w.undo(dir, id, "", true)
	require.NoError(t, err)
	require.Contains(t, out, "POST "+w.box.Addresses().HubURL+"/v2/invites/bulk")
	require.Contains(t, out, "Switch JIT on again")
	require.Contains(t, out, "Not deleted: the copy acme/build-cache")
	require.Equal(t, before, string(w.box.State().JSON()), "a dry run changes nothing")

	for _, typed := range []string{"", "y\n", "priya\n", "priya-nair"} { // the last has no line end
		_, err = w.undo(dir, id, typed, false)
		var refused *run.RefusedError
		require.ErrorAs(t, err, &refused, "%q", typed)
		require.Equal(t, exitRefused, exitCode(err))
		require.Equal(t, before, string(w.box.State().JSON()))
	}

	out, err = w.undo(dir, id, "priya-nair\n\n", false) // the second line: nobody clicks in the console
	require.NoError(t, err, out)
	require.Contains(t, out, "is invited")
	state := w.box.State()
	i := slices.IndexFunc(state.Invites, func(i sandbox.Invite) bool { return i.Invitee == "priya.nair@acme.example" })
	require.GreaterOrEqual(t, i, 0)
	require.Equal(t, "member", state.Invites[i].Role)
	require.Equal(t, "legacy", state.Invites[i].Team)

	require.NoError(t, w.box.FlipJIT(t.Context(), true))
	require.NoError(t, w.clock.sleep(t.Context(), pauseForLog))
	require.NoError(t, w.box.SSOSignIn("priya.nair@acme.example")) // accepts; JIT then puts them on company, as it does
	out, err = w.undo(dir, id, "priya-nair\n", false)
	require.NoError(t, err, out)
	m := memberOf(t, w.box.State(), "priya-nair")
	require.Equal(t, "member", m.Role)
	require.Contains(t, m.Teams, "legacy")
	rec, err := run.Read(dir, id)
	require.NoError(t, err)
	require.Equal(t, run.StatusUndone, rec.Status())

	out, err = w.undo(dir, id, "", false)
	require.NoError(t, err)
	require.Contains(t, out, "Nothing is left to be put back")
}

// pauseForLog is longer than the sandbox's audit log is late.
const pauseForLog = 10e9

// An undo has done all that it can for now, and yet it is not over: the member has
// still to accept.
func TestAnUndoWaitsForAnInviteToBeAccepted(t *testing.T) {
	w, dir, id := walkedAndLeft(t, "priya-nair", guide.StepPush)
	out, err := w.undo(dir, id, "priya-nair\n\n", false)
	require.NoError(t, err, out)
	require.Equal(t, run.StatusUndoing, runStatus(t, dir))
	require.NoError(t, w.box.FlipJIT(t.Context(), true))
	require.NoError(t, w.clock.sleep(t.Context(), pauseForLog))
	for range 2 { // asked again too early
		out, err = w.undo(dir, id, "", false)
		require.NoError(t, err, out)
		require.Contains(t, out, "priya-nair has not accepted the invite yet")
		require.NotContains(t, out, "Nothing is left to be put back")
		require.Equal(t, run.StatusUndoing, runStatus(t, dir))
	}
}

func TestUndoOfACuredMemberPutsBackRoleAndTeamsAndSaysWhatStays(t *testing.T) {
	w, dir, id := walkedAndLeft(t, "lena-fischer", guide.StepReport)
	out, err := w.undo(dir, id, "lena-fischer\n\n", false)
	require.NoError(t, err, out)
	require.Equal(t, "member", memberOf(t, w.box.State(), "lena-fischer").Role)
	require.Contains(t, out, "SCIM manages them now")
	require.Contains(t, out, "Not taken away: the team platform")
	require.Contains(t, out, "Convert assignments")
}

func TestUndoAssignsWhoWasLeftUnassigned(t *testing.T) {
	var dir string
	w := newWalk(t, "priya-nair", false, func(x *world) { dir = x.stateDir })
	w.box.Fail(sandbox.Fault{System: "okta", Method: http.MethodPost, Kind: sandbox.FaultStatus, Status: http.StatusInternalServerError})
	w.fails()
	require.NoError(t, w.parts.runner.Drain(context.Background()))
	rec, ok := unfinished(dir, "acme")
	require.True(t, ok)
	out, err := w.undo(dir, rec.ID, "priya-nair\n\n", false)
	require.NoError(t, err, out)
	require.NotContains(t, out, "/v2/invites/bulk", "provisioning brings them back")
	require.NoError(t, w.clock.sleep(t.Context(), pauseForLog))
	require.Contains(t, memberOf(t, w.box.State(), "priya-nair").Teams, "backend", "with the values of before")
}

func TestRunsListsShowsAndCloses(t *testing.T) {
	w, dir, id := walkedAndLeft(t, "lena-fischer", guide.StepRemove)
	o := &runsOptions{dir: dir}
	var out bytes.Buffer
	require.NoError(t, runRuns(o, &out))
	require.Contains(t, out.String(), id)
	require.Contains(t, out.String(), "unfinished")
	out.Reset()
	require.NoError(t, runShow(o, id, &out))
	require.Contains(t, out.String(), "approved: Disable Just-in-Time provisioning of acme")
	require.Contains(t, out.String(), "reprovision resume "+id)
	o.asJSON = true
	out.Reset()
	require.NoError(t, runRuns(o, &out))
	require.Contains(t, out.String(), `"step": "remove"`)
	out.Reset()
	require.NoError(t, runShow(o, id, &out))
	require.Contains(t, out.String(), `"kind": "intent"`)
	require.NotContains(t, out.String(), "canary")

	ids, _ := completeRun(dir, unfinishedRun)(nil, nil, "")
	require.Equal(t, []string{id + "\tlena-fischer, unfinished"}, ids)
	rec, err := resumable(dir, "")
	require.NoError(t, err)
	require.Equal(t, id, rec.ID)
	asked := func(in string) (string, bool) {
		var out bytes.Buffer
		_, yes, err := offerResume(t.Context(), dir, "acme", plain.Prompter{In: strings.NewReader(in), Out: &out})
		require.NoError(t, err)
		return out.String(), yes
	}
	text, yes := asked("")
	require.False(t, yes, "the end of the input is a no")
	require.Contains(t, text, "is unfinished: lena-fischer in acme")
	_, yes = asked("y\n")
	require.True(t, yes)

	out.Reset()
	require.NoError(t, runClose(o, id, w.clock.now(), &out))
	require.Equal(t, exitUsage, exitCode(runClose(o, id, w.clock.now(), io.Discard)))
	_, err = resumable(dir, "")
	require.Equal(t, exitUsage, exitCode(err))
	_, yes = asked("y\n")
	require.False(t, yes, "nothing is asked any more")
	for _, bad := range []string{"", "nothing", "../" + id, id + ".jsonl"} {
		err := runShow(o, bad, io.Discard)
		require.ErrorIs(t, err, run.ErrNoRun, bad)
		require.Equal(t, exitUsage, exitCode(err))
	}
}

func TestADamagedJournalIsToldAndHidesNoOther(t *testing.T) {
	_, dir, id := walkedAndLeft(t, "lena-fischer", guide.StepRemove)
	path := filepath.Join(dir, "runs", id+".jsonl")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	bad := bytes.Replace(raw, []byte("lena-fischer"), []byte("sam-okafor  "), 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "runs", "acme-other.jsonl"), bad, 0o600))
	var out bytes.Buffer
	err = runRuns(&runsOptions{dir: dir}, &out)
	require.ErrorIs(t, err, run.ErrDamaged)
	require.Equal(t, "This journal is damaged", explain(err).Title)
	require.Contains(t, out.String(), id)
}

func TestWhatForeignersWriteIsHarmlessInTheListOfRuns(t *testing.T) {
	dir := t.TempDir()
	hostile := "\x1b]0;owned\x07\u202eevil\r\n\x1b[2J"
	j, err := run.OpenJournal(dir, "acme", (&clock{}).now())
	require.NoError(t, err)
	c := engine.Case{Org: "acme", Username: hostile, Snapshot: engine.Snapshot{Taken: true, Role: hostile, Teams: []string{hostile}}}
	ch := engine.Change{ID: "x", Title: hostile, Target: hostile}
	p := engine.Plan{Action: engine.ActionRemove, Title: hostile, Changes: []engine.Change{ch}}
	for _, e := range []run.Entry{
		{Kind: run.EntryBegin, Case: &c},
		{Kind: run.EntryPlan, Plan: &p, Case: &c},
		{Kind: run.EntryIntent, Change: &ch, Action: p.Action},
		{Kind: run.EntryOutcome, Change: &ch, Action: p.Action, Error: hostile, Unknown: true},
		{Kind: run.EntryCheck, Check: &engine.Check{Text: hostile}},
	} {
		require.NoError(t, j.Append(e))
	}
	require.NoError(t, j.Close())
	records, err := run.List(dir)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, runRuns(&runsOptions{dir: dir}, &out))
	require.NoError(t, runShow(&runsOptions{dir: dir}, records[0].ID, &out))
	p.Notes, p.Changes[0].Kind, p.Changes[0].Call = []string{hostile}, engine.ChangeRequest, engine.Call{URL: hostile, Body: hostile}
	sayPlan(&words{out: &out}, p)
	require.NotContains(t, out.String(), "\x1b")
	require.NotContains(t, out.String(), "\u202e")
	require.NotContains(t, out.String(), "\x07")
	require.NotContains(t, out.String(), "\r")
}

// The clicks were waited for, and JIT is on as it was, says the owner: no undo proposes
// to use the switch, which might switch it off.
func TestAnUndoProposesNoSwitchThatWasNeverUsed(t *testing.T) {
	var dir string
	w := newWalk(t, "jordan-ito", false, func(x *world) { dir = x.stateDir })
	w.console = func(engine.Plan) { w.parts.runner.Do(t.Context(), guide.Halt{Seq: w.state.Seq, Clicked: true}, nil) }
	w.run(guide.StepDisableJIT)
	for w.state.Case.Done[engine.ActionDisableJIT].At.IsZero() || w.state.Phase != guide.PhaseDeciding || w.state.Verdict.Ask != nil {
		w.act()
	}
	require.Equal(t, guide.StepDisableJIT, w.state.Step)
	w.choices[guide.StepDisableJIT] = "match-attributes"
	w.act()
	require.NoError(t, w.parts.runner.Drain(context.Background()))
	rec, ok := unfinished(dir, "acme")
	require.True(t, ok)
	out, err := w.undo(dir, rec.ID, "", true)
	require.NoError(t, err, out)
	require.NotContains(t, out, "Switch JIT on again")
}
