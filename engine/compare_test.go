package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// side is a case in which Docker shows one thing and the provider sends another.
func side(docker engine.Person, sent engine.Expectation) engine.Case {
	sent.Assigned = true
	c := engine.Case{Member: engine.Member{Person: docker, Present: true}, Expected: sent}
	return c.WithSource(engine.FactMember, engine.Source{At: noon}).WithSource(engine.FactExpectation, engine.Source{At: noon})
}

func TestCompareRules(t *testing.T) {
	for name, x := range map[string]struct {
		docker  engine.Person
		sent    engine.Expectation
		differs bool
		extra   string
	}{
		"the same":                        {engine.Person{Role: "editor", Teams: []string{"backend"}}, engine.Expectation{Role: "editor", Teams: []string{"backend"}}, false, ""},
		"another role":                    {engine.Person{Role: "member", Teams: []string{"backend"}}, engine.Expectation{Role: "editor", Teams: []string{"backend"}}, true, ""},
		"a role in another case":          {engine.Person{Role: "Editor"}, engine.Expectation{Role: "editor"}, false, ""},
		"no role sent means member":       {engine.Person{Role: "member"}, engine.Expectation{}, false, ""},
		"no role sent, an owner in place": {engine.Person{Role: "owner", Teams: []string{"owners"}}, engine.Expectation{}, true, ""},
		"a missing team":                  {engine.Person{Role: "member", Teams: []string{"legacy"}}, engine.Expectation{Teams: []string{"backend"}}, true, "legacy"},
		"one team of two is missing":      {engine.Person{Role: "member", Teams: []string{"a"}}, engine.Expectation{Teams: []string{"a", "b"}}, true, ""},
		"a further team is not judged":    {engine.Person{Role: "member", Teams: []string{"backend", "hobby"}}, engine.Expectation{Teams: []string{"backend"}}, false, "hobby"},
		"company is no further team":      {engine.Person{Role: "member", Teams: []string{"backend", "company", "owners"}}, engine.Expectation{Teams: []string{"backend"}}, false, ""},
		"another order":                   {engine.Person{Role: "member", Teams: []string{"b", "a"}}, engine.Expectation{Teams: []string{"a", "b"}}, false, ""},
		"a team in another case":          {engine.Person{Role: "member", Teams: []string{"backend"}}, engine.Expectation{Teams: []string{"Backend"}}, false, ""},
		"a part of a team's name":         {engine.Person{Role: "member", Teams: []string{"backend-ops"}}, engine.Expectation{Teams: []string{"backend"}}, true, "backend-ops"},
		"company is asked for and absent": {engine.Person{Role: "member"}, engine.Expectation{Teams: []string{"company"}}, true, ""},
		"a custom role":                   {engine.Person{Role: "release manager"}, engine.Expectation{Role: "editor"}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := side(x.docker, x.sent)
			rows := engine.Compare(c)
			require.Len(t, rows, 2)
			require.Equal(t, "role", rows[0].Attribute)
			require.Equal(t, "teams", rows[1].Attribute)
			require.Equal(t, x.differs, engine.Differs(c))
			require.Equal(t, x.differs, !rows[0].Same || !rows[1].Same)
			require.Equal(t, x.extra, rows[1].Extra)
		})
	}
}

func TestNothingIsComparedWithWhatCouldNotBeRead(t *testing.T) {
	c := side(engine.Person{Role: "member"}, engine.Expectation{Role: "editor"})
	require.True(t, engine.Differs(c))
	for _, id := range []engine.FactID{engine.FactMember, engine.FactExpectation} {
		require.Nil(t, engine.Compare(without(c, id)))
		require.False(t, engine.Differs(without(c, id)))
	}
	require.Nil(t, engine.Compare(engine.Case{}))
}

func TestTheSignInsValueIsKnownOnlyWhenItWasResolved(t *testing.T) {
	c := side(engine.Person{Role: "member", Teams: []string{"a"}}, engine.Expectation{SSO: []engine.Attribute{
		{Name: "DockerRole", Value: "editor", Resolved: true}, {Name: "dockerTeam", Expression: "Groups.contains(…)"},
	}})
	rows := engine.Compare(c)
	require.True(t, rows[0].SSOKnown)
	require.Equal(t, "editor", rows[0].SSO)
	require.False(t, rows[1].SSOKnown)

	c.Expected.SSO = nil
	require.False(t, engine.Compare(c)[0].SSOKnown)
}
