package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
)

func TestNothingForbidsTheRemovalThatTheGuideAsksFor(t *testing.T) {
	require.Empty(t, engine.RemovalBlockers(removable()))
}

func TestEachSafetyRuleAloneForbidsARemoval(t *testing.T) {
	for name, x := range map[string]struct {
		change func(engine.Case) engine.Case
		says   string
	}{
		"the member was not read": {func(c engine.Case) engine.Case { return without(c, engine.FactMember) }, "role and teams have not been read"},
		"the last owner":          {func(c engine.Case) engine.Case { c.Member.Role = "owner"; return c }, "last owner"},
		"owners could not be counted": {func(c engine.Case) engine.Case {
			c.Member.Role, c.Member.Owners = "owner", 0
			return c
		}, "last owner"},
		"one's own account": {func(c engine.Case) engine.Case { c.Session.User = "Priya-Nair"; return c }, "your own account"},
		"one's own account, by the credential": {func(c engine.Case) engine.Case {
			c.Session.Systems = []engine.System{{ID: engine.SystemHub, Who: "priya-nair"}}
			return c
		}, "your own account"},
		"nobody said whose account it is":   {func(c engine.Case) engine.Case { return answer(c, engine.AskSelf, "") }, "you have not said"},
		"the owner says that it is theirs":  {func(c engine.Case) engine.Case { return answer(c, engine.AskSelf, "yes") }, "this is your own account"},
		"a guest":                           {func(c engine.Case) engine.Case { c.Member.Guest = true; return c }, "guest"},
		"SCIM does not answer":              {func(c engine.Case) engine.Case { c.SCIM.Proven = false; return c }, "SCIM service"},
		"the expectation could not be read": {func(c engine.Case) engine.Case { return without(c, engine.FactExpectation) }, "create them again"},
		"not assigned":                      {func(c engine.Case) engine.Case { c.Expected.Assigned = false; return c }, "create them again"},
		"provisioning off":                  {func(c engine.Case) engine.Case { c.Expected.Provisioning = engine.SwitchOff; return c }, "create them again"},
		"provisioning not known":            {func(c engine.Case) engine.Case { c.Expected.Provisioning = engine.SwitchUnknown; return c }, "create them again"},
		"the owner's word, and never seen working": {func(c engine.Case) engine.Case {
			c.Expected.Stated = true
			return c
		}, "create them again"},
		"a pending invite":          {func(c engine.Case) engine.Case { c.Invites = []engine.Invite{{ID: "1"}}; return c }, "pending invite"},
		"the invites were not read": {func(c engine.Case) engine.Case { return without(c, engine.FactInvites) }, "pending invites have not been read"},
		"an invite that came after others were cancelled": {func(c engine.Case) engine.Case {
			c.Invites = []engine.Invite{{ID: "2"}}
			return c.WithCheck(engine.ActionCancelInvites, engine.Check{OK: true, At: noon})
		}, "pending invite"},
		"JIT on":        {func(c engine.Case) engine.Case { return answer(c, engine.AskJIT, "on") }, "JIT is not seen off"},
		"JIT not known": {func(c engine.Case) engine.Case { return answer(c, engine.AskJIT, "unknown") }, "JIT is not seen off"},
		"JIT toggled after the owner looked": {func(c engine.Case) engine.Case {
			c.Audit.JIT = []engine.AuditEvent{{At: noon.Add(time.Minute)}}
			return c
		}, "JIT is not seen off"},
		"the race accepted in other words": {func(c engine.Case) engine.Case {
			return answer(answer(c, engine.AskJIT, "on"), engine.AskRace, "yes")
		}, "JIT is not seen off"},
		"a dry run's assumption about JIT": {func(c engine.Case) engine.Case {
			return answer(c, engine.AskJIT, "on").WithCheck(engine.ActionDisableJIT, engine.Check{OK: true, Assumed: true})
		}, "JIT is not seen off"},
		"no snapshot": {func(c engine.Case) engine.Case { c.Snapshot.Taken = false; return c }, "snapshot"},
		"not handed over": {func(c engine.Case) engine.Case {
			return c.WithCheck(engine.ActionHandOver, engine.Check{At: noon})
		}, "handed over"},
	} {
		t.Run(name, func(t *testing.T) {
			why := engine.RemovalBlockers(x.change(removable()))
			require.Len(t, why, 1, "this rule alone: %s", strings.Join(why, "; "))
			require.Contains(t, why[0], x.says)
		})
	}
}

func TestEveryBlockerIsNamedAtOnce(t *testing.T) {
	require.GreaterOrEqual(t, len(engine.RemovalBlockers(engine.Case{Org: "acme", Username: "priya-nair"})), 7)
}

func TestWhatDoesNotForbidARemoval(t *testing.T) {
	for name, change := range map[string]func(engine.Case) engine.Case{
		"one of two owners": func(c engine.Case) engine.Case { c.Member.Role, c.Member.Owners = "owner", 2; return c },
		"another operator":  func(c engine.Case) engine.Case { c.Session.User = "alex-kim"; return answer(c, engine.AskSelf, "") },
		"the race accepted in the exact words": func(c engine.Case) engine.Case {
			return answer(answer(c, engine.AskJIT, "on"), engine.AskRace, engine.RacePhrase)
		},
		"the owner has seen provisioning work": func(c engine.Case) engine.Case {
			c.Expected = engine.Expectation{Stated: true, Role: "editor"}
			return answer(c, engine.AskSCIMTested, "yes")
		},
		"a dry run in which everything is assumed": func(c engine.Case) engine.Case {
			c.DryRun, c.Invites, c.Receipts = true, []engine.Invite{{ID: "1"}}, nil
			c = answer(c, engine.AskJIT, "on")
			for _, id := range []engine.ActionID{engine.ActionCancelInvites, engine.ActionDisableJIT, engine.ActionHandOver} {
				c = c.WithCheck(id, engine.Check{OK: true, Assumed: true, At: noon})
			}
			return c
		},
	} {
		require.Empty(t, engine.RemovalBlockers(change(removable())), name)
	}
}

func TestRepositoriesAreHandedOverWhenNothingIsLeftToLose(t *testing.T) {
	tool, later := engine.Repository{Name: "priya-nair/tool"}, engine.Repository{Name: "priya-nair/later"}
	for name, x := range map[string]struct {
		change func(engine.Case) engine.Case
		want   bool
	}{
		"copied and verified": {func(c engine.Case) engine.Case { return c }, true},
		"not read":            {func(c engine.Case) engine.Case { return without(c, engine.FactRepositories) }, false},
		"nothing personal":    {func(c engine.Case) engine.Case { c.Repositories.Personal, c.Done = nil, nil; return c }, true},
		"copied and not verified": {func(c engine.Case) engine.Case {
			return c.WithCheck(engine.ActionHandOver, engine.Check{OK: false})
		}, false},
		"one appeared later": {func(c engine.Case) engine.Case {
			c.Repositories.Personal = []engine.Repository{tool, later}
			return c
		}, false},
		"verified, and the receipt is of another action": {func(c engine.Case) engine.Case {
			c.Receipts = []engine.Receipt{{Action: engine.ActionPush, Change: engine.CopyChange(tool.Name)}}
			return c
		}, false},
		"the target was made and nothing copied": {func(c engine.Case) engine.Case {
			c.Receipts = []engine.Receipt{{Action: engine.ActionHandOver, Change: "create " + tool.Name}}
			return c
		}, false},
		"private ones could not be seen": {func(c engine.Case) engine.Case {
			c.Repositories.PrivateVisible = false
			return c
		}, false},
		"private ones could not be seen, nor is there a public one": {func(c engine.Case) engine.Case {
			c.Repositories = engine.Repositories{}
			return c
		}, false},
		"the owner meant to sign in and did not": {func(c engine.Case) engine.Case {
			c.Repositories.PrivateVisible = false
			return answer(c, engine.AskPrivate, engine.PrivateSignIn)
		}, false},
		"the owner took responsibility for private ones": {func(c engine.Case) engine.Case {
			c.Repositories.PrivateVisible = false
			return answer(c, engine.AskPrivate, engine.PrivateNone)
		}, true},
		"assumed in a dry run": {func(c engine.Case) engine.Case {
			c.DryRun, c.Receipts = true, nil
			return c.WithCheck(engine.ActionHandOver, engine.Check{OK: true, Assumed: true})
		}, true},
		"assumed, and this is no dry run": {func(c engine.Case) engine.Case {
			return c.WithCheck(engine.ActionHandOver, engine.Check{OK: true, Assumed: true})
		}, false},
	} {
		require.Equal(t, x.want, engine.HandedOver(x.change(removable())), name)
	}
}
