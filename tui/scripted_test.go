package tui

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// noon is when everything in these tests happens.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) {
	time.Local = time.UTC
	m.Run()
}

// scripted is a Doer that answers every effect from a small made-up world.
type scripted struct {
	mu      sync.Mutex
	world   engine.Case
	pause   func(context.Context) // called where a real one would wait
	effects []guide.Effect
	halts   int
	halted  chan struct{}
	fail    map[string]engine.Problem // by the effect's type
	now     func() time.Time
	jitOff  bool
	removed bool
	cured   bool
}

func newScripted(world engine.Case) *scripted {
	return &scripted{
		world: world, pause: func(context.Context) {}, halted: make(chan struct{}, 8),
		now: func() time.Time { return noon },
	}
}

func (d *scripted) seen() []guide.Effect {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.effects)
}

func (d *scripted) Do(ctx context.Context, f guide.Effect, report func(engine.Progress)) guide.Event {
	d.mu.Lock()
	d.effects = append(d.effects, f)
	problem, failing := d.fail[fmt.Sprintf("%T", f)]
	d.mu.Unlock()
	switch f := f.(type) {
	case guide.Observe:
		if failing {
			return guide.Failed{Seq: f.Seq, Problem: problem}
		}
		return guide.Observed{Seq: f.Seq, Case: d.observe(ctx, f.Case, f.Facts, report)}
	case guide.Connect:
		if failing {
			return guide.Failed{Seq: f.Seq, Problem: problem}
		}
		d.pause(ctx)
		for i := range d.world.Session.Systems {
			if s := &d.world.Session.Systems[i]; s.ID == f.Credential.System {
				s.OK, s.Who, s.Problem = true, f.Credential.Identifier, ""
			}
		}
		return guide.Connected{Seq: f.Seq, Session: d.session()}
	case guide.MakePlan:
		d.pause(ctx)
		if failing {
			return guide.Failed{Seq: f.Seq, Problem: problem}
		}
		return guide.Planned{Seq: f.Seq, Plan: planFor(f.Case, f.Action)}
	case guide.Execute:
		if failing {
			return guide.Failed{Seq: f.Seq, Problem: problem}
		}
		return d.execute(ctx, f, report)
	case guide.Verify:
		report(engine.Progress{Text: "reading the member list"})
		d.pause(ctx)
		return guide.Verified{Seq: f.Seq, Check: engine.Check{
			OK: true, Text: "Docker shows it.", At: d.now(),
			Evidence: []engine.Evidence{{Text: "the audit log has the event", Source: "Docker Hub audit log", At: noon}},
		}}
	case guide.Save:
		if failing {
			return guide.Failed{Seq: f.Seq, Problem: problem}
		}
		return guide.Saved{Seq: f.Seq, Path: "/home/alex/reprovision-report-acme-priya-nair.md"}
	case guide.Halt:
		d.mu.Lock()
		d.halts++
		d.mu.Unlock()
		d.halted <- struct{}{}
	case guide.Abort, guide.Note:
	}
	return nil
}

func (d *scripted) session() engine.Session {
	s := d.world.Session
	s.Systems = slices.Clone(s.Systems)
	return s
}

func (d *scripted) observe(ctx context.Context, c engine.Case, facts []engine.FactID, report func(engine.Progress)) engine.Case {
	w := d.world
	for _, id := range facts {
		report(engine.Progress{Fact: id})
		d.pause(ctx)
		source := engine.Source{Name: sourceName(id), At: noon}
		switch id {
		case engine.FactSession:
			c.Session = d.session()
		case engine.FactRoster:
			c.Roster = w.Roster
		case engine.FactMember:
			c.Member = w.Member
			if d.removed && !d.cured {
				c.Member = engine.Member{Person: engine.Person{Username: w.Username}}
			}
			if d.cured {
				c.Member.Role, c.Member.Teams = w.Expected.Role, w.Expected.Teams
			}
		case engine.FactInvites:
			c.Invites = w.Invites
		case engine.FactAudit:
			c.Audit = w.Audit
			if d.jitOff {
				c.Audit.JIT = []engine.AuditEvent{{Action: "sso.connection.jit_toggle", Actor: "morgan-reyes", Description: "toggled JIT", At: noon}}
			}
		case engine.FactSCIM:
			c.SCIM = engine.SCIMService{Proven: true, Detail: "answers with our token"}
		case engine.FactSCIMUser:
			c.SCIMUser = w.SCIMUser
		case engine.FactExpectation:
			c.Expected = w.Expected
		case engine.FactRepositories:
			c.Repositories = w.Repositories
		case engine.FactSnapshot:
			c.Snapshot = engine.Snapshot{Taken: true, At: noon, Role: c.Member.Role, Teams: c.Member.Teams, Email: c.Member.Email}
		}
		if missing := w.Sources[id].Missing; missing != "" {
			source = engine.Source{Name: source.Name, Missing: missing}
		}
		c = c.WithSource(id, source)
		report(engine.Progress{Fact: id, Read: true})
	}
	return c
}

func sourceName(id engine.FactID) string {
	switch id {
	case engine.FactSCIM, engine.FactSCIMUser:
		return "Docker SCIM"
	case engine.FactExpectation:
		return "Okta"
	case engine.FactAudit:
		return "Docker Hub audit log"
	case engine.FactSnapshot, engine.FactSession:
		return "this program"
	case engine.FactRoster, engine.FactMember, engine.FactInvites, engine.FactRepositories:
	}
	return "Docker Hub"
}

func (d *scripted) execute(ctx context.Context, f guide.Execute, report func(engine.Progress)) guide.Event {
	var receipts []engine.Receipt
	for _, ch := range f.Plan.Changes {
		report(engine.Progress{Text: ch.Title})
		switch ch.Kind {
		case engine.ChangeConsole:
			d.pause(ctx)
			select {
			case <-d.halted:
			case <-ctx.Done():
			}
			d.jitOff = true
		case engine.ChangeCopy:
			for i := range int64(20) {
				report(engine.Progress{Text: "copying " + ch.Copy.Source, Done: i * 2_100_000, Total: 42_000_000, Unit: "bytes"})
				d.pause(ctx)
			}
		case engine.ChangeRequest:
			d.pause(ctx)
		}
		receipts = append(receipts, engine.Receipt{
			Action: f.Plan.Action, Change: ch.ID, Plan: f.Plan.Digest(), Title: ch.Title, Status: "204 No Content", At: noon, Tags: ch.Copy.Tags,
		})
		if ch.Kind != engine.ChangeConsole {
			select {
			case <-d.halted:
				return guide.Executed{Seq: f.Seq, Receipts: receipts, Stopped: len(receipts) < len(f.Plan.Changes)}
			default:
			}
		}
	}
	switch f.Plan.Action {
	case engine.ActionRemove:
		d.removed = true
	case engine.ActionPush, engine.ActionPushProfile:
		d.cured = true
	case engine.ActionCancelInvites:
		d.world.Invites = nil
	case engine.ActionDisableJIT, engine.ActionMatch, engine.ActionHandOver:
	}
	return guide.Executed{Seq: f.Seq, Receipts: receipts}
}

func planFor(c engine.Case, id engine.ActionID) engine.Plan {
	p := engine.Plan{Action: id, Subject: c.Username, At: noon}
	switch id {
	case engine.ActionRemove:
		p.Title, p.Destructive = "Remove "+c.Username+" from "+c.Org, true
		p.Changes = []engine.Change{{
			ID: "remove", Kind: engine.ChangeRequest, Title: "Remove " + c.Username + " from " + c.Org, Target: c.Username,
			Before: "member on legacy", After: "not a member",
			Call: engine.Call{System: "hub", Method: "DELETE", URL: "https://hub.docker.com/v2/orgs/acme/members/" + c.Username},
		}}
		p.Guards = []engine.Guard{
			{ID: "role", Text: "their role", Seen: "member"},
			{ID: "owners", Text: "owners of the organization", Seen: "1"},
			{ID: "jit", Text: "newest JIT event", Seen: "2026-11-23 12:00:00"},
		}
		p.Notes = []string{"Access to the organization ends at once and comes back with the push.", "Every team membership is dropped; the snapshot can put it back."}
	case engine.ActionDisableJIT:
		p.Title = "Disable Just-in-Time provisioning"
		p.Changes = []engine.Change{{
			ID: "jit", Kind: engine.ChangeConsole, Title: "Switch JIT off in the console", Before: "on", After: "off",
			Console: engine.Console{
				URL: "https://app.docker.com/accounts/acme/admin-console/sso",
				Ways: [][]string{
					{"Open Admin Console, then SSO and SCIM", "In the table of connections, open the Action menu", "Choose Disable JIT provisioning", "Confirm with Disable"},
					{"Open Identity & auth, then SSO and SCIM", "Open the menu of the connection", "Choose Disable JIT provisioning"},
				},
				Watch: "a JIT event in the audit log",
			},
		}}
		p.Notes = []string{"With JIT off, people who are neither members nor invited are refused at sign-in."}
	case engine.ActionHandOver:
		p.Title = "Copy 2 repositories into " + c.Org
		for _, name := range []string{"build-cache", "deploy-tool"} {
			p.Changes = append(p.Changes, engine.Change{
				ID: engine.CopyChange(c.Username + "/" + name), Kind: engine.ChangeCopy, Title: "Copy " + c.Username + "/" + name,
				After: c.Org + "/" + name,
				Copy: engine.Copy{
					Source: "index.docker.io/" + c.Username + "/" + name, Target: "index.docker.io/" + c.Org + "/" + name,
					Private: name == "deploy-tool", Uploads: []string{"https://registry-1.docker.io/v2/" + c.Org + "/" + name + "/"},
					Tags: []engine.TagRef{
						{Name: "latest", Digest: "sha256:3b1f6d1c8d5f4a0e9a2b7c6d5e4f30219a8b7c6d5e4f3021908f7e6d5c4b3a29", Size: 31_400_000},
						{Name: "1.4", Digest: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Size: 30_900_000},
					},
				},
			})
		}
		p.Notes = []string{"A copy does not carry pull counts, stars, untagged manifests, webhooks or redirects."}
	case engine.ActionPush, engine.ActionPushProfile, engine.ActionMatch, engine.ActionCancelInvites:
		p.Title = "Push " + c.Username + " from Okta"
		p.Changes = []engine.Change{{
			ID: string(id), Kind: engine.ChangeRequest, Title: "Assign " + c.Username + " to Docker again", Before: "assigned, never linked", After: "assigned, editor on backend",
			Call: engine.Call{
				System: "okta", Method: "POST", URL: "https://acme.okta.com/api/v1/apps/0oa1/users", ContentType: "application/json",
				Body: `{"id":"00u1","scope":"USER","profile":{"dockerRole":"editor","dockerTeam":"backend"}}`,
			},
		}}
	}
	return p
}
