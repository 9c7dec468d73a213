package guide_test

import (
	"iter"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	org  = "acme"
	user = "priya-nair"
)

// known marks facts as read.
func known(c engine.Case, ids ...engine.FactID) engine.Case {
	for _, id := range ids {
		c = c.WithSource(id, engine.Source{Name: "test", At: noon})
	}
	return c
}

func missing(c engine.Case, id engine.FactID) engine.Case {
	return c.WithSource(id, engine.Source{Name: "test", At: noon, Missing: "not readable"})
}

func answer(c engine.Case, id engine.QuestionID, value string) engine.Case {
	return c.WithAnswer(id, engine.Answer{Value: value, At: noon.Add(time.Minute)})
}

// aspect is one independent circumstance of a case.
type aspect []func(engine.Case) engine.Case

func same(c engine.Case) engine.Case { return c }

func present(role string, owners int, guest bool) func(engine.Case) engine.Case {
	return func(c engine.Case) engine.Case {
		c.Member = engine.Member{
			Present: true, Owners: owners, Joined: noon.AddDate(-4, 0, 0),
			Person: engine.Person{Username: user, Email: "priya@acme.example", Role: role, Teams: []string{"legacy"}, Guest: guest},
		}
		return known(c, engine.FactMember)
	}
}

func expects(assigned, stated bool, role string, provisioning engine.Switch) func(engine.Case) engine.Case {
	return func(c engine.Case) engine.Case {
		c.Expected = engine.Expectation{
			Provider: "Okta", Application: "Docker", Assigned: assigned, Stated: stated, Role: role,
			Provisioning: provisioning, Teams: []string{"legacy"},
		}
		return known(c, engine.FactExpectation)
	}
}

var aspects = map[string]aspect{
	"member": {
		present("member", 2, false), present("owner", 1, false), present("member", 2, true),
		func(c engine.Case) engine.Case { return known(c, engine.FactMember) }, // not a member
		func(c engine.Case) engine.Case { // removed in this walk, and not back
			c.Receipts = []engine.Receipt{{Action: engine.ActionRemove, At: noon.Add(-time.Minute)}}
			return known(c, engine.FactMember)
		},
		func(c engine.Case) engine.Case { // removed in this walk, and back, by SCIM or not
			c.Receipts = []engine.Receipt{{Action: engine.ActionRemove, At: noon.Add(-time.Minute)}}
			return present("member", 2, false)(c)
		},
		func(c engine.Case) engine.Case { return missing(c, engine.FactMember) },
	},
	"expectation": {
		func(c engine.Case) engine.Case { return missing(c, engine.FactExpectation) },
		expects(true, false, "editor", engine.SwitchOn), expects(true, false, "editor", engine.SwitchOff),
		expects(false, false, "editor", engine.SwitchOn),
		func(c engine.Case) engine.Case { // nothing is wrong until they sign in
			c = expects(true, false, "member", engine.SwitchOn)(c)
			c.Expected.SSO = []engine.Attribute{{Name: "dockerRole", Value: "editor", Resolved: true}}
			return c
		},
		expects(false, true, "editor", engine.SwitchUnknown),
	},
	"scim": {
		func(c engine.Case) engine.Case { return missing(c, engine.FactSCIM) },
		func(c engine.Case) engine.Case {
			c.SCIM.Proven = true
			return known(c, engine.FactSCIM, engine.FactSCIMUser)
		},
		func(c engine.Case) engine.Case {
			c.SCIM.Proven = true
			c.SCIMUser = engine.SCIMUser{Found: true, Active: true, ID: "x"}
			c.Expected.ExternalID = "x"
			return known(c, engine.FactSCIM, engine.FactSCIMUser)
		},
	},
	"jit": {
		same,
		func(c engine.Case) engine.Case { return answer(c, engine.AskJIT, "on") },
		func(c engine.Case) engine.Case { return answer(c, engine.AskJIT, "off") },
		func(c engine.Case) engine.Case { return answer(c, engine.AskJIT, "unknown") },
		func(c engine.Case) engine.Case { // the log shows a toggle after the answer
			c = answer(known(c, engine.FactAudit), engine.AskJIT, "off")
			c.Audit.JIT = []engine.AuditEvent{{At: noon.Add(time.Hour)}}
			return c
		},
	},
	"invites":  {same, func(c engine.Case) engine.Case { c.Invites = []engine.Invite{{ID: "1"}}; return c }},
	"snapshot": {same, func(c engine.Case) engine.Case { c.Snapshot.Taken = true; return c }},
	"repositories": {
		func(c engine.Case) engine.Case { return missing(c, engine.FactRepositories) },
		func(c engine.Case) engine.Case { return known(c, engine.FactRepositories) },
		func(c engine.Case) engine.Case {
			c.Repositories = engine.Repositories{PrivateVisible: true}
			return known(c, engine.FactRepositories)
		},
		func(c engine.Case) engine.Case {
			c.Repositories = engine.Repositories{PrivateVisible: true, Personal: []engine.Repository{{Name: user + "/tool"}}}
			return known(c, engine.FactRepositories)
		},
		func(c engine.Case) engine.Case { // something else has the name of its copy
			c.Repositories = engine.Repositories{PrivateVisible: true, Personal: []engine.Repository{
				{Name: user + "/tool", Target: org + "/tool", Place: engine.Place{Exists: true, Foreign: []string{"latest"}}},
			}}
			return known(c, engine.FactRepositories)
		},
		func(c engine.Case) engine.Case { // handed over and verified
			c.Repositories = engine.Repositories{PrivateVisible: true, Personal: []engine.Repository{{Name: user + "/tool"}}}
			c.Receipts = []engine.Receipt{{Action: engine.ActionHandOver, Change: engine.CopyChange(user + "/tool")}}
			return known(c.WithCheck(engine.ActionHandOver, engine.Check{OK: true, At: noon}), engine.FactRepositories)
		},
		func(c engine.Case) engine.Case { // a repository appeared after the hand-over
			c.Repositories = engine.Repositories{PrivateVisible: true, Personal: []engine.Repository{{Name: user + "/new"}}}
			c.Receipts = []engine.Receipt{{Action: engine.ActionHandOver, Change: engine.CopyChange(user + "/tool")}}
			return known(c.WithCheck(engine.ActionHandOver, engine.Check{OK: true, At: noon}), engine.FactRepositories)
		},
	},
	"private": {same, func(c engine.Case) engine.Case { return answer(c, engine.AskPrivate, engine.PrivateNone) }},
	"self": {
		same,
		func(c engine.Case) engine.Case { return answer(c, engine.AskSelf, "no") },
		func(c engine.Case) engine.Case { return answer(c, engine.AskSelf, "yes") },
		func(c engine.Case) engine.Case { c.Session.User = user; return c },
	},
	"race": {same, func(c engine.Case) engine.Case { return answer(c, engine.AskRace, engine.RacePhrase) }},
	"mode": {same, func(c engine.Case) engine.Case { c.DryRun = true; return c }},
}

// order fixes the order of the aspects: later ones build on earlier ones.
var order = []string{"member", "expectation", "scim", "jit", "invites", "snapshot", "repositories", "private", "self", "race", "mode"}

// cases yields every combination of the circumstances named.
func cases(names ...string) iter.Seq[engine.Case] {
	return func(yield func(engine.Case) bool) {
		base := engine.Case{Org: org, Username: user, Roster: []engine.Person{{Username: user}, {Username: "sam"}}}
		base.Session.Systems = []engine.System{{ID: engine.SystemHub, Required: true, OK: true, Who: org}}
		var walk func(c engine.Case, rest []string) bool
		walk = func(c engine.Case, rest []string) bool {
			if len(rest) == 0 {
				return yield(c)
			}
			for _, apply := range aspects[rest[0]] {
				if !walk(apply(c), rest[1:]) {
					return false
				}
			}
			return true
		}
		walk(base, names)
	}
}
