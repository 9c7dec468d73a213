package remedy_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/engine"
)

func TestEachDifferenceOfSignInIsListedWithTheOnePlaceWhereItIsChanged(t *testing.T) {
	sso := func(role, team, org idp.Attribute) func(*idp.Assignment) {
		role.Name, team.Name, org.Name = "dockerRole", "dockerTeam", "dockerOrg"
		return func(a *idp.Assignment) { a.SSO = []idp.Attribute{role, team, org} }
	}
	carries := func(value string) idp.Attribute {
		a := idp.Attribute{Value: value, Resolved: true, Where: "the page", Page: "https://idp.example/page"}
		if value != "" {
			a.Expression = "user.x"
		}
		return a
	}
	sends := func(role string, teams []string, org string, then func(*idp.Assignment)) func(*idp.Assignment) {
		return func(a *idp.Assignment) {
			a.Role, a.Teams, a.Org = role, teams, org
			then(a)
		}
	}
	for name, x := range map[string]struct {
		assign func(*idp.Assignment)
		says   []string // nil where nothing differs
		page   string
	}{
		"as Okta tells it": {
			func(*idp.Assignment) {},
			[]string{
				`dockerRole: SCIM sends "editor", sign-in carries "member". Change it in Okta admin console > Applications > Docker > Sign On > Attribute statements (under "Show legacy configuration", where that is); ` +
					`the value: Directory > People > the person > Profile > dockerSsoRole (expression user.dockerSsoRole)`,
				`dockerTeam: SCIM sends "data", sign-in carries "contractors"`,
			},
			"",
		},
		"one that is not set": {
			sends("editor", []string{"data"}, "", sso(carries(""), carries("Data, company"), carries(""))),
			[]string{`dockerRole: SCIM sends "editor", sign-in carries none. Add it in the page`},
			"https://idp.example/page",
		},
		"one that cannot be read": {
			sends("editor", []string{"data"}, "", sso(carries("editor"), idp.Attribute{Where: "the other page"}, idp.Attribute{})),
			[]string{`dockerTeam: SCIM sends "data"; what sign-in carries could not be read. Compare it in the other page`},
			"",
		},
		"an organization": {
			sends("editor", nil, "acme", sso(carries("editor"), carries(""), carries("other"))),
			[]string{`dockerOrg: SCIM sends "acme", sign-in carries "other". Change it in the page (expression user.x)`},
			"https://idp.example/page",
		},
		"no role on either side is member on both":      {sends("", []string{"data"}, "", sso(carries(""), carries("data"), carries(""))), nil, ""},
		"member is what no role means":                  {sends("", []string{"data"}, "", sso(carries("Member"), carries("data"), carries(""))), nil, ""},
		"no team is company, on which Docker puts them": {sends("editor", nil, "", sso(carries("editor"), carries("company"), carries(""))), nil, ""},
		"teams in another order":                        {sends("editor", []string{"data", "ops"}, "", sso(carries("editor"), carries("ops, data"), carries(""))), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "noor-haddad", false)
			b.assign = x.assign
			p, err := b.actions[engine.ActionMatch].Plan(t.Context(), b.observed("noor-haddad"))
			require.NoError(t, err)
			if x.says == nil {
				require.NotEmpty(t, p.Nothing)
				return
			}
			require.Empty(t, p.Nothing)
			console := p.Changes[0].Console
			require.Equal(t, x.page, console.URL)
			require.Len(t, console.Ways[0], len(x.says)+1, "each is said once, and what is equal is not: %q", console.Ways[0])
			for i, words := range x.says {
				require.Contains(t, console.Ways[0][i], words)
				require.NotContains(t, strings.Join(p.Notes, "\n"), words)
			}
		})
	}
	t.Run("by Okta's newer statements", func(t *testing.T) {
		b := newBench(t, "noor-haddad", false)
		b.box.RenewOktaStatements()
		p, err := b.actions[engine.ActionMatch].Plan(t.Context(), b.observed("noor-haddad"))
		require.NoError(t, err)
		require.Contains(t, p.Changes[0].Console.Ways[0][0], `sign-in carries "member". Change it in Okta admin console > Applications > Docker > Sign On > Attribute statements; the value:`)
		require.Contains(t, p.Changes[0].Console.Ways[0][0], "(expression user.profile.dockerSsoRole)")
	})
}
