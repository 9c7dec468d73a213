package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/sandbox"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/report"
	"github.com/seed-05b3d87e/reprovision/engine/run"
)

// handing are the two sides of a hand-over by the member, on a walk's sandbox.
type handing struct {
	*walk

	dir           string
	owner, member handOverOptions
}

func newHanding(t *testing.T, repositories ...string) *handing {
	t.Helper()
	var state string
	w := newWalk(t, "priya-nair", false, func(w *world) { state = w.stateDir })
	at, dir := places{Hub: w.box.Addresses().HubURL, Registry: w.box.Addresses().RegistryHost}, t.TempDir()
	cred := w.box.Credentials()
	base := handOverOptions{at: at, now: w.clock.now, sleep: w.clock.sleep, planFile: filepath.Join(dir, "plan.json"), good: time.Hour}
	h := &handing{walk: w, dir: dir, owner: base, member: base}
	h.owner.org, h.owner.member, h.owner.out, h.owner.repositories, h.owner.stateDir = "acme", "priya-nair", base.planFile, repositories, state
	h.owner.manifest = filepath.Join(dir, "plan.done.json")
	h.owner.credentials = []engine.Credential{{System: engine.SystemHub, Host: at.Hub, Identifier: cred.HubIdentifier, Secret: engine.NewSecret(cred.HubSecret)}}
	h.member.credentials, h.member.stateDir, h.member.yes, h.member.tokenStdin = []engine.Credential{}, t.TempDir(), true, true
	return h
}

func (h *handing) plan() error {
	var out bytes.Buffer
	return runHandOverPlan(h.t.Context(), &h.owner, &out)
}

func (h *handing) copy() (string, error) {
	var out bytes.Buffer
	o := h.member
	o.in = strings.NewReader(h.secret + "\n")
	err := runHandOver(h.t.Context(), &o, &out)
	return out.String(), err
}

func (h *handing) accept() error {
	var out bytes.Buffer
	return runHandOverAccept(h.t.Context(), &h.owner, &out)
}

// letIn makes the target as an owner does, and gives the member's team write
// permission there.
func (h *handing) letIn(target string) { letIn(h.t, h.box, target, true) }

func letIn(t *testing.T, box *sandbox.Sandbox, target string, private bool) {
	t.Helper()
	at, cred := box.Addresses(), box.Credentials()
	s, err := newSystems(places{Hub: at.HubURL, Registry: at.RegistryHost}, "", transport.Options{})
	require.NoError(t, err)
	require.NoError(t, s.prove(t.Context(), engine.Credential{System: engine.SystemHub, Host: at.HubURL, Identifier: cred.HubIdentifier, Secret: engine.NewSecret(cred.HubSecret)}))
	teams, err := s.Hub().Teams(t.Context(), "acme")
	require.NoError(t, err)
	i := slices.IndexFunc(teams, func(x hub.Team) bool { return x.Name == "legacy" })
	require.GreaterOrEqual(t, i, 0)
	body, err := json.Marshal(map[string]any{"group_id": teams[i].ID, "permission": "write"})
	require.NoError(t, err)
	for _, call := range []transport.Call{
		s.Hub().CreateRepositoryCall(hub.NewRepository{Namespace: "acme", Name: target, Private: private}),
		{System: "hub", Method: "POST", URL: at.HubURL + "/v2/repositories/acme/" + target + "/groups", ContentType: "application/json", Body: string(body)},
	} {
		_, err = s.Hub().Send(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
		require.NoError(t, err)
	}
}

func TestARepositoryThatTheMemberCopiedUnderAnotherNameIsNotCopiedOnceMore(t *testing.T) {
	h := newHanding(t, "deploy-tool", "build-cache=cache-of-priya") // private, public
	source := repositoryOf(t, h.box.State(), "priya-nair/build-cache")
	require.NoError(t, h.plan())
	h.letIn("deploy-tool")
	letIn(t, h.box, "cache-of-priya", source.Private)
	_, err := h.copy()
	require.NoError(t, err)
	require.NoError(t, h.accept())

	h.answers[engine.AskPrivate] = engine.PrivateHanded
	h.secret = ""
	h.run(guide.StepReport)
	h.cured("priya-nair", "backend")
	after := h.box.State()
	require.Equal(t, source.Tags, repositoryOf(t, after, "acme/cache-of-priya").Tags)
	require.False(t, slices.ContainsFunc(after.Repositories, func(r sandbox.Repository) bool { return r.Name == "acme/build-cache" }))
	require.True(t, slices.ContainsFunc(engine.Manifest(h.state.Case), func(e engine.ManifestEntry) bool {
		return e.Repository == "priya-nair/build-cache" && e.Target == "acme/cache-of-priya"
	}))
}

func TestAMemberHandsTheirRepositoryOverAndTheWalkBuildsOnIt(t *testing.T) {
	h := newHanding(t, "deploy-tool")
	source := repositoryOf(t, h.box.State(), "priya-nair/deploy-tool")
	require.NoError(t, h.plan())
	raw, err := os.ReadFile(h.owner.out)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "canary", "the plan holds no credential")

	_, err = h.copy()
	require.ErrorContains(t, err, "an owner of acme must create it", "a plan gives no right")
	h.letIn("deploy-tool")
	said, err := h.copy()
	require.NoError(t, err)
	require.NotContains(t, said, "canary")
	require.Equal(t, source.Tags, repositoryOf(t, h.box.State(), "acme/deploy-tool").Tags)
	require.Equal(t, source, repositoryOf(t, h.box.State(), "priya-nair/deploy-tool"), "the original is as it was")

	_, err = h.copy()
	var no *run.RefusedError
	require.ErrorAs(t, err, &no, "a plan can be used only once")
	require.NoError(t, h.accept())

	h.answers[engine.AskPrivate] = engine.PrivateHanded
	h.secret = ""
	h.run(guide.StepReport)
	after := h.box.State()
	require.Equal(t, sandbox.OriginSCIM, memberOf(t, after, "priya-nair").Origin)
	require.Equal(t, source.Tags, repositoryOf(t, after, "acme/deploy-tool").Tags)
	require.Equal(t, repositoryOf(t, after, "priya-nair/build-cache").Tags, repositoryOf(t, after, "acme/build-cache").Tags)
	kept, err := filepath.Glob(filepath.Join(h.owner.stateDir, "handovers", "acme.priya-nair.2*.json"))
	require.NoError(t, err)
	require.Len(t, kept, 1)
	raw, err = os.ReadFile(kept[0])
	require.NoError(t, err)
	require.Contains(t, string(raw), `"priya-nair/deploy-tool"`)
	require.Contains(t, string(raw), `"priya-nair/build-cache"`)
	var file struct{ Entries []engine.ManifestEntry }
	require.NoError(t, json.Unmarshal(raw, &file))
	c := h.state.Case
	require.Equal(t, kept[0], c.Done[engine.ActionHandOver].Manifest)
	require.Equal(t, listed(engine.Manifest(c)), listed(file.Entries), "a report may leave to it what it sums up")
}

func listed(entries []engine.ManifestEntry) (lines []string) {
	for _, e := range entries {
		lines = append(lines, e.Repository+" "+e.Target+" "+e.Tag+" "+e.Digest)
	}
	return lines
}

// The plan has expired before the owner took the manifest in, and is made anew, as the
// program says. What is already copied is not sent again.
func TestAPlanThatExpiredIsMadeAnewForWhatIsCopied(t *testing.T) {
	h := newHanding(t, "deploy-tool")
	require.NoError(t, h.plan())
	h.letIn("deploy-tool")
	_, err := h.copy()
	require.NoError(t, err)
	require.NoError(t, h.clock.sleep(t.Context(), 2*time.Hour))
	require.ErrorContains(t, h.accept(), "make a new one; what is already copied is not sent again")

	h.owner.out = filepath.Join(h.dir, "second.json")
	h.owner.planFile, h.member.planFile, h.owner.manifest = h.owner.out, h.owner.out, filepath.Join(h.dir, "second.done.json")
	require.NoError(t, h.plan())
	said, err := h.copy()
	require.NoError(t, err)
	require.Contains(t, said, "0 of 0 blobs uploaded")
	require.NoError(t, h.accept())
}

// Who forgot a repository hands it over with a second plan. What the first one brought
// is still to be verified.
func TestASecondPlanAddsToWhatTheFirstHandedOver(t *testing.T) {
	h := newHanding(t, "deploy-tool")
	require.NoError(t, h.plan())
	h.letIn("deploy-tool")
	_, err := h.copy()
	require.NoError(t, err)
	require.NoError(t, h.accept())

	h.owner.repositories = []string{"build-cache=old-cache"}
	h.owner.out = filepath.Join(h.dir, "second.json")
	h.owner.planFile, h.member.planFile, h.owner.manifest = h.owner.out, h.owner.out, filepath.Join(h.dir, "second.done.json")
	require.NoError(t, h.plan())
	h.letIn("old-cache")
	_, err = h.copy()
	require.NoError(t, err)
	require.NoError(t, h.accept())

	done, ok, err := handed(h.owner.stateDir)("acme", "priya-nair")
	require.NoError(t, err)
	require.True(t, ok)
	var names []string
	for _, r := range done.Repositories() {
		names = append(names, r.Name+" "+r.Target)
	}
	require.ElementsMatch(t, []string{"priya-nair/deploy-tool acme/deploy-tool", "priya-nair/build-cache acme/old-cache"}, names)
}

func TestACopyThatTheMemberChangedAfterwardsForbidsTheRemoval(t *testing.T) {
	h := newHanding(t, "deploy-tool")
	require.NoError(t, h.plan())
	h.letIn("deploy-tool")
	_, err := h.copy()
	require.NoError(t, err)
	raw, err := os.ReadFile(h.owner.manifest)
	require.NoError(t, err)
	var done engine.HandOverDone
	require.NoError(t, json.Unmarshal(raw, &done))
	done.Entries[0].Digest = "sha256:" + strings.Repeat("0", 64)
	raw, err = json.Marshal(done)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(h.owner.manifest, raw, 0o600))
	require.ErrorContains(t, h.accept(), "differs from priya-nair/deploy-tool")

	done.Entries = done.Entries[:0]
	raw, err = json.Marshal(done)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(h.owner.manifest, raw, 0o600))
	require.ErrorIs(t, h.accept(), engine.ErrHandOverFile)
	_, ok, err := handed(h.owner.stateDir)("acme", "priya-nair")
	require.NoError(t, err)
	require.False(t, ok, "nothing was taken in")
}

func TestAPlanIsBoundToItsTimeAndItsContent(t *testing.T) {
	h := newHanding(t, "deploy-tool=tool")
	require.NoError(t, h.plan())
	require.ErrorIs(t, h.plan(), os.ErrExist, "no file is overwritten")
	before := string(h.box.State().JSON())
	raw, err := os.ReadFile(h.owner.out)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(h.owner.out, bytes.Replace(raw, []byte(`"acme/tool"`), []byte(`"acme/else"`), 1), 0o600))
	_, err = h.copy()
	require.ErrorIs(t, err, engine.ErrHandOverFile)

	require.NoError(t, os.WriteFile(h.owner.out, raw, 0o600))
	h.member.yes = false
	_, err = h.copy()
	var usage usageError
	require.ErrorAs(t, err, &usage, "without a terminal nobody is asked")
	h.member.yes = true
	require.NoError(t, h.clock.sleep(t.Context(), 2*time.Hour))
	_, err = h.copy()
	var no *run.RefusedError
	require.ErrorAs(t, err, &no)
	require.ErrorContains(t, err, "the plan expired at")
	require.Equal(t, before, string(h.box.State().JSON()))
}

func TestAPlanIsAcceptedOnceAndOnlyWhereItWasMade(t *testing.T) {
	h := newHanding(t, "deploy-tool")
	require.NoError(t, h.plan())
	h.letIn("deploy-tool")
	_, err := h.copy()
	require.NoError(t, err)
	var no *run.RefusedError

	elsewhere := *h
	elsewhere.owner.stateDir = t.TempDir()
	require.ErrorAs(t, elsewhere.accept(), &no)
	require.ErrorContains(t, elsewhere.accept(), "was not made on this machine")

	require.NoError(t, h.accept())
	require.NoError(t, h.accept(), "the same manifest once more changes nothing")
	raw, err := os.ReadFile(h.owner.manifest)
	require.NoError(t, err)
	var done engine.HandOverDone
	require.NoError(t, json.Unmarshal(raw, &done))
	done.At = done.At.Add(time.Second)
	raw, err = json.Marshal(done)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(h.owner.manifest, raw, 0o600))
	require.ErrorContains(t, h.accept(), "already used for another manifest")

	late := newHanding(t, "deploy-tool")
	require.NoError(t, late.plan())
	late.letIn("deploy-tool")
	_, err = late.copy()
	require.NoError(t, err)
	require.NoError(t, late.clock.sleep(t.Context(), 2*time.Hour))
	require.ErrorAs(t, late.accept(), &no)
	require.ErrorContains(t, late.accept(), "the plan expired at")
}

// A file that somebody sends must not say where the member's token goes.
func TestAPlanForAForeignRegistryGetsNoToken(t *testing.T) {
	h := newHanding(t, "deploy-tool")
	require.NoError(t, h.plan())
	raw, err := os.ReadFile(h.owner.out)
	require.NoError(t, err)
	var p engine.HandOverPlan
	require.NoError(t, json.Unmarshal(raw, &p))
	p.Registry = "registry.evil.example"
	p.Digest = p.Sum()
	raw, err = json.Marshal(p)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(h.owner.out, raw, 0o600))
	before := len(h.box.Requests())
	for _, own := range []string{h.member.at.Registry, ""} { // the sandbox's, and Docker Hub's
		h.member.at.Registry = own
		_, err = h.copy()
		var no *run.RefusedError
		require.ErrorAs(t, err, &no)
		require.ErrorContains(t, err, "your token was not sent")
	}
	require.Len(t, h.box.Requests(), before, "nobody was asked anything")
}

// A plan for somebody else is of no use: the token decides who one is.
func TestAPlanForSomebodyElseDoesNotSignIn(t *testing.T) {
	h := newHanding(t, "deploy-tool")
	require.NoError(t, h.plan())
	h.secret = h.box.Credentials().Members["sam-okafor"]
	_, err := h.copy()
	require.ErrorIs(t, err, transport.ErrUnauthorized)
}

func TestAPlanIsRefusedForATargetThatHoldsSomething(t *testing.T) {
	h := newHanding(t, "deploy-tool=storefront")
	require.ErrorContains(t, h.plan(), "has 1 tags already")
}

func TestARepositoryLeftBehindIsNotCopiedAndIsInTheReport(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	w.run(guide.StepHandOver)
	for w.state.Verdict.Ask != nil {
		w.act()
	}
	w.send(guide.HandOverChosen{Repositories: []string{"priya-nair/build-cache"}, Choice: engine.HandOverChoice{Skip: "it can be built again", At: w.clock.now()}})
	w.send(guide.HandOverChosen{Repositories: []string{"priya-nair/deploy-tool"}, Choice: engine.HandOverChoice{Target: "acme/deployer", At: w.clock.now()}})
	w.goOn(guide.StepReport)
	after := w.box.State()
	require.False(t, slices.ContainsFunc(after.Repositories, func(r sandbox.Repository) bool { return r.Name == "acme/build-cache" || r.Name == "acme/deploy-tool" }))
	require.Equal(t, repositoryOf(t, after, "priya-nair/deploy-tool").Tags, repositoryOf(t, after, "acme/deployer").Tags)
	require.Equal(t, sandbox.OriginSCIM, memberOf(t, after, "priya-nair").Origin)
	require.Contains(t, report.Markdown(w.state.Case), "it can be built again")
	require.Contains(t, report.Markdown(w.state.Case), "docker pull acme/deployer:latest")
	requireOnlyApproved(t, w)
}

// A stop cuts a copy off in the middle, and the rest is done later.
func TestACopyIsStoppedInTheMiddleAndGoesOn(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	w.run(guide.StepHandOver)
	for w.state.Phase != guide.PhaseApproving {
		w.act()
	}
	// The second upload hangs, and somebody loses patience.
	w.box.Fail(sandbox.Fault{System: "registry", Method: http.MethodPut, Path: "/v2/acme/build-cache/manifests/", Skip: 1, Kind: sandbox.FaultHang})
	s, effects := guide.Next(w.state, guide.Approved{Digest: w.state.Plan.Digest(), At: w.clock.now()})
	require.Equal(t, guide.PhaseRunning, s.Phase)
	w.state = s
	answered := make(chan guide.Event, 1)
	go func() { answered <- w.parts.runner.Do(context.WithoutCancel(t.Context()), effects[0], nil) }()
	require.Eventually(t, func() bool {
		puts := 0
		for _, r := range w.box.Requests() {
			if r.Method == http.MethodPut && strings.HasPrefix(r.Path, "/v2/acme/build-cache/manifests/") {
				puts++
			}
		}
		return puts > 1
	}, time.Minute, time.Millisecond)
	w.parts.runner.Do(t.Context(), guide.Halt{Seq: w.state.Seq}, nil)
	w.send(<-answered)
	require.Equal(t, guide.PhaseStopped, w.state.Phase)
	require.NotContains(t, w.state.Case.Done, engine.ActionHandOver)
	require.NotEmpty(t, engine.Unhanded(w.state.Case))

	before := w.box.Requests()
	there := map[string]bool{}
	for _, r := range before {
		if r.Method == http.MethodPut && r.Status == http.StatusCreated && strings.HasPrefix(r.Path, "/v2/acme/build-cache/") {
			there[r.Path] = true
		}
	}
	require.NotEmpty(t, there)
	w.send(guide.Retry{})
	w.goOn(guide.StepReport)
	for _, r := range w.box.Requests()[len(before):] {
		require.False(t, r.Method == http.MethodPut && there[r.Path], "what had arrived was sent again: %s", r.Path)
	}
	after := w.box.State()
	require.Equal(t, repositoryOf(t, after, "priya-nair/build-cache").Tags, repositoryOf(t, after, "acme/build-cache").Tags)
	require.Equal(t, sandbox.OriginSCIM, memberOf(t, after, "priya-nair").Origin)
}

// What Docker tells only when it is asked (a reserved name, a limit on private
// repositories) comes before anything is copied, and is told where the next name
// is chosen.
func TestATargetThatDockerRefusesIsToldInItsRow(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	w.run(guide.StepHandOver)
	for w.state.Phase != guide.PhaseApproving {
		w.act()
	}
	w.box.Fail(sandbox.Fault{System: "hub", Method: http.MethodPost, Path: "/v2/namespaces/acme/repositories", Skip: 1, Kind: sandbox.FaultStatus, Status: http.StatusForbidden, Body: `{"message":"private repository limit reached","errinfo":null}`})
	w.act()
	require.Equal(t, guide.PhaseFailed, w.state.Phase)
	require.Contains(t, w.state.Problem.Detail, "private repository limit reached")
	require.False(t, slices.ContainsFunc(w.changing(), func(r string) bool { return strings.HasPrefix(r, "registry ") }), "nothing was copied")
	w.send(guide.Back{})
	require.Equal(t, guide.StepHandOver, w.state.Step)
	tool := w.state.Case.Repositories.Personal[1]
	require.Contains(t, engine.Failed(w.state.Case, tool), "the last attempt to copy it to acme/deploy-tool failed: The credential may not do this")
	require.Empty(t, engine.Failed(w.state.Case, w.state.Case.Repositories.Personal[0]))
	w.goOn(guide.StepReport)
	require.Empty(t, engine.Failed(w.state.Case, tool), "it was copied since")
}

func TestWhatWasDecidedIsThereForWhoeverGoesBack(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	w.run(guide.StepHandOver)
	for w.state.Verdict.Ask != nil {
		w.act()
	}
	old := engine.HandOverChoice{Skip: "old", At: w.clock.now()}
	w.send(guide.HandOverChosen{Repositories: []string{"priya-nair/build-cache"}, Choice: old})
	w.goOn(guide.StepRemove)
	w.send(guide.Back{})
	require.Equal(t, guide.StepHandOver, w.state.Step)
	for w.state.Verdict.Ask != nil {
		w.act()
	}
	require.Equal(t, old, w.state.Case.Choices["priya-nair/build-cache"])
	require.Contains(t, engine.RemovalBlockers(w.state.Case), "their repositories have not been handed over and verified", "it is verified anew")
	w.send(guide.HandOverChosen{Repositories: []string{"priya-nair/build-cache"}})
	w.goOn(guide.StepReport)
	require.Equal(t, repositoryOf(t, w.box.State(), "priya-nair/build-cache").Tags, repositoryOf(t, w.box.State(), "acme/build-cache").Tags)

	all := newWalk(t, "priya-nair", false)
	all.run(guide.StepHandOver)
	for all.state.Verdict.Ask != nil {
		all.act()
	}
	all.send(guide.HandOverChosen{Repositories: []string{"priya-nair/build-cache", "priya-nair/deploy-tool"}, Choice: old})
	require.Equal(t, guide.StepHandOver, all.state.Step)
	all.act()
	require.Equal(t, guide.StepRemove, all.state.Step)
	all.send(guide.Back{})
	require.Equal(t, guide.StepHandOver, all.state.Step, "the choice can be met again")
}

// Nothing was ever pushed to it, and yet it has a page, and a visibility.
func TestARepositoryWithoutTagsIsMadeInTheOrganizationAndHoldsNobodyUp(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	s := w.parts.systems
	require.NoError(t, s.prove(t.Context(), engine.Credential{System: engine.SystemMember, Host: w.box.Addresses().HubURL, Identifier: "priya-nair", Secret: engine.NewSecret(w.secret)}))
	mine := s.Member("priya-nair")
	call := mine.CreateRepositoryCall(hub.NewRepository{Namespace: "priya-nair", Name: "ideas", Private: true, Description: "Nothing yet"})
	_, err := mine.Send(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
	require.NoError(t, err)
	w.run(guide.StepHandOver)
	for w.state.Phase != guide.PhaseApproving {
		w.act()
	}
	// No registry lists what has no tag, so nobody can say that there is nothing.
	require.Contains(t, w.state.Plan.Notes, "priya-nair/ideas has no tags: only its page is made anew. Whatever was pushed to it without a tag stays at the original alone.")
	w.goOn(guide.StepReport)
	made := repositoryOf(t, w.box.State(), "acme/ideas")
	require.True(t, made.Private)
	require.Empty(t, made.Tags)
	require.Equal(t, sandbox.OriginSCIM, memberOf(t, w.box.State(), "priya-nair").Origin)
}

// Between the owner's yes to the removal and the request, everything is read
// again: neither the original nor the copy may have moved.
func TestARemovalThatWasApprovedIsRefusedWhenACopyIsNoLongerVerified(t *testing.T) {
	for title, move := range map[string]struct {
		to   string // where a tag moves
		says string
	}{
		"the original": {"priya-nair/build-cache", "their repositories have not been handed over and verified"},
		"the copy":     {"acme/build-cache", "is no longer what was verified"},
	} {
		t.Run(title, func(t *testing.T) {
			w := newWalk(t, "priya-nair", false)
			w.run(guide.StepRemove)
			for w.state.Phase != guide.PhaseApproving {
				w.act()
			}
			s, cred := w.parts.systems, w.box.Credentials()
			host := s.RegistryHost()
			as := s.OrgRegistry()
			if strings.HasPrefix(move.to, "priya-nair/") {
				as = registry.Credential{Username: "priya-nair", Secret: func() string { return cred.Members["priya-nair"] }}
			}
			retag(t, host, move.to, "nightly", "stable", as)
			before := len(w.changing())
			w.send(guide.Approved{Digest: w.state.Plan.Digest(), Typed: "priya-nair", At: w.clock.now()})
			require.Equal(t, guide.PhaseFailed, w.state.Phase)
			require.Contains(t, w.state.Problem.Detail, move.says)
			require.Len(t, w.changing(), before, "nothing was sent")
			require.NotEmpty(t, memberOf(t, w.box.State(), "priya-nair").Role)
		})
	}
}

// retag makes a tag point to what another one does.
func retag(t *testing.T, host, repository, tag, like string, as registry.Credential) {
	t.Helper()
	options := []remote.Option{remote.WithAuth(as)}
	from, err := name.ParseReference(host+"/"+repository+":"+like, name.Insecure)
	require.NoError(t, err)
	to, err := name.NewTag(host+"/"+repository+":"+tag, name.Insecure)
	require.NoError(t, err)
	d, err := remote.Get(from, options...)
	require.NoError(t, err)
	require.NoError(t, remote.Tag(to, d, options...))
}

func TestATagThatMovesAfterTheCopyHoldsTheRemovalUpUntilItIsCopiedAgain(t *testing.T) {
	w := newWalk(t, "priya-nair", false)
	w.run(guide.StepHandOver)
	for w.state.Phase != guide.PhaseApproving {
		w.act()
	}
	w.act() // copies and verifies
	require.Equal(t, guide.PhaseSettled, w.state.Phase)
	require.True(t, w.state.Check.OK)
	// priya pushes once more before she is removed
	s, cred := w.parts.systems, w.box.Credentials()
	mine := registry.Credential{Username: "priya-nair", Secret: func() string { return cred.Members["priya-nair"] }}
	host := s.RegistryHost()
	push := registry.CopyRequest{Source: host + "/acme/storefront", Target: host + "/priya-nair/build-cache", TargetCredential: mine}
	_, err := s.Registry().Copy(transport.Approve(t.Context(), nil, s.Registry().UploadPrefixes(push.Target)), push, nil)
	require.NoError(t, err)
	moved := repositoryOf(t, w.box.State(), "priya-nair/build-cache")
	w.send(guide.Continue{})
	require.Equal(t, guide.StepHandOver, w.state.Step, "what was verified is no longer all there is")
	require.Contains(t, engine.RemovalBlockers(w.state.Case), "their repositories have not been handed over and verified")
	w.goOn(guide.StepReport)
	after := w.box.State()
	require.Equal(t, moved.Tags, repositoryOf(t, after, "acme/build-cache").Tags)
	require.Equal(t, sandbox.OriginSCIM, memberOf(t, after, "priya-nair").Origin)
}

func TestNoTwoMembersShareAHandOversFile(t *testing.T) {
	require.NotEqual(t, handedFile("x", "acme", "build-priya"), handedFile("x", "acme-build", "priya"))
}
