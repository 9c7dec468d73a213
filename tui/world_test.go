package tui

import (
	"fmt"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/engine/report"
)

func systems(ok bool) engine.Session {
	return engine.Session{Systems: []engine.System{
		{ID: engine.SystemHub, Title: "Docker Hub", Host: "hub.docker.com", Who: "acme", Required: true, OK: ok},
		{ID: engine.SystemSCIM, Title: "Docker SCIM", Host: "hub.docker.com", OK: ok},
		{ID: engine.SystemOkta, Title: "Okta", Host: "acme.okta.com", OK: ok},
	}}
}

func roster(fillers int) []engine.Person {
	list := []engine.Person{
		{Username: "alex-kim", Name: "Alex Kim", Email: "alex.kim@acme.example", Role: "editor", Teams: []string{"admins"}},
		{Username: "guest-rivera", Name: "Rivera", Email: "rivera@partner.example", Role: "member", Guest: true},
		{Username: "jordan-ito", Name: "Jordan Ito", Email: "jordan.ito@acme.example", Role: "member", Teams: []string{"company"}},
		{Username: "lena-fischer", Name: "Lena Fischer", Email: "lena.fischer@acme.example", Role: "member", Teams: []string{"company"}},
		{Username: "morgan-reyes", Name: "Morgan Reyes", Email: "morgan.reyes@acme.example", Role: "owner", Teams: []string{"owners"}},
		{Username: "noor-haddad", Name: "Noor Haddad", Email: "noor.haddad@acme.example", Role: "member", Teams: []string{"contractors"}},
		{Username: "priya-nair", Name: "Priya Nair", Email: "priya.nair@acme.example", Role: "member", Teams: []string{"legacy"}},
		{Username: "sam-okafor", Name: "Sam Okafor", Email: "sam.okafor@acme.example", Role: "editor", Teams: []string{"backend"}},
		{Username: "", Email: "newhire@acme.example", Role: "member", Invitee: true},
	}
	for i := range fillers {
		list = append(list, engine.Person{
			Username: fmt.Sprintf("member-%05d", i), Name: fmt.Sprintf("Member Number %d", i),
			Email: fmt.Sprintf("member.%05d@acme.example", i), Role: "member", Teams: []string{"company", "platform"},
		})
	}
	return list
}

// jordan is cause A: SCIM manages them, and sign-in overwrites what it sends.
func jordan() engine.Case {
	return engine.Case{
		Org: "acme", Username: "jordan-ito", Session: systems(true), Roster: roster(24),
		Member:   engine.Member{Person: roster(0)[2], Present: true, Joined: noon.AddDate(-1, 0, 0), Owners: 1},
		SCIMUser: engine.SCIMUser{Found: true, ID: "scim-7", UserName: "jordan.ito@acme.example", Active: true},
		Audit:    engine.Audit{SCIM: []engine.AuditEvent{{Action: "sso.connection.scim_toggle", At: noon.AddDate(-2, -6, -22)}}},
		Expected: engine.Expectation{
			Provider: "Okta", Application: "Docker", Provisioning: engine.SwitchOn, Assigned: true, Scope: "user",
			ExternalID: "scim-7", Role: "editor", Teams: []string{"platform"},
			SSO: []engine.Attribute{{Name: "dockerRole", Resolved: true}, {Name: "dockerTeam", Resolved: true}},
		},
	}
}

// priya is cause B: the account was there before SCIM.
func priya() engine.Case {
	c := jordan()
	c.Username = "priya-nair"
	c.Member = engine.Member{Person: roster(0)[6], Present: true, Joined: noon.AddDate(-5, 0, 0), Owners: 1}
	c.SCIMUser = engine.SCIMUser{}
	c.Expected.ExternalID, c.Expected.Teams = "", []string{"backend"}
	c.Invites = []engine.Invite{{ID: "i1", Invitee: "priya.nair@acme.example", Team: "contractors", Inviter: "morgan-reyes", CreatedAt: noon.AddDate(0, -1, 0)}}
	c.Repositories = engine.Repositories{
		Personal: []engine.Repository{
			{Name: "priya-nair/build-cache", Tags: 2, Size: 62_300_000, Target: "acme/build-cache"},
			{Name: "priya-nair/deploy-tool", Private: true, Tags: 3, Size: 91_000_000, Target: "acme/deploy-tool"},
		},
		PrivateVisible: true, LastPushed: []string{"acme/billing-api"},
	}
	return c
}

func options(d Doer, c engine.Case) Options {
	return Options{
		Start: guide.New(c), Doer: d, Now: func() time.Time { return noon },
		Report: report.Markdown, Title: "reprovision · demo", IsDark: true,
		Open:  func(string) error { return nil },
		Forms: hints(),
	}
}

// hints are forms as the real ones, with fewer ways.
func hints() map[engine.SystemID]FormHint {
	secret := func(label string) Field { return Field{Is: FieldSecret, Label: label} }
	return map[engine.SystemID]FormHint{
		engine.SystemHub: {Title: "Docker Hub", For: "Reads members, teams, invites and the audit log.", Ways: []Way{
			{
				Label: "an access token", Why: "an organization's is what the walk needs", Help: "An organization access token, made under Identity & auth > Access tokens.",
				Fields: []Field{{Is: FieldIdentifier, Label: "Organization", Value: "acme"}, secret("Organization access token")},
			},
			{
				Label: "username and password", Why: "nothing of it is kept", Base: engine.Credential{Method: engine.MethodPassword},
				Fields: []Field{{Is: FieldIdentifier, Label: "Docker ID"}, secret("Password")},
			},
		}},
		engine.SystemSCIM: {Title: "Docker SCIM", For: "Tells whether SCIM knows somebody.", Help: "The API token of Docker's SCIM service, the same that the identity provider uses.", Ways: []Way{{Fields: []Field{secret("SCIM token")}}}},
		engine.SystemOkta: {Title: "Okta", Ways: []Way{
			{Label: "an API token", Help: "An API token that may read the Docker application and its users.", Fields: []Field{
				{Is: FieldHost, Label: "Address", Placeholder: "https://example.okta.com"}, {Is: FieldIdentifier, Label: "Label of the application", Value: "Docker"}, secret("API token"),
			}},
			{Label: "the browser", Why: "OAuth, with PKCE", Base: engine.Credential{Method: engine.MethodBrowser}, Fields: []Field{
				{Is: FieldHost, Label: "Address"}, {Is: FieldClient, Label: "Client ID"}, {Is: FieldRedirect, Label: "Redirect address", Usual: "http://127.0.0.1:8484/callback", Optional: true},
			}},
		}},
	}
}

// fresh is a case of which nothing is known yet.
func fresh() engine.Case { return engine.Case{Org: "acme"} }
