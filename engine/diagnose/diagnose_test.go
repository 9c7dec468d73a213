package diagnose_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/diagnose"
)

var (
	noon    = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	enabled = time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC) // SCIM was first switched
)

// editorOnBackend is a case in which the provider sends editor on backend and
// Docker shows member on company. Nothing says yet why.
func editorOnBackend() engine.Case {
	c := engine.Case{Org: "acme", Username: "priya-nair"}
	c.Member = engine.Member{Present: true, Owners: 2, Person: engine.Person{
		Username: "priya-nair", Email: "priya.nair@acme.example", Role: "member", Teams: []string{"company"},
	}}
	c.Expected = engine.Expectation{
		Provider: "Okta", Application: "Docker", Assigned: true, Provisioning: engine.SwitchOn, ExternalID: "scim-1",
		Role: "editor", Teams: []string{"backend"},
		SSO: []engine.Attribute{{Name: "dockerRole", Resolved: true}, {Name: "dockerTeam", Resolved: true}},
	}
	for i, id := range engine.Facts() {
		c = c.WithSource(id, engine.Source{Name: "source of " + string(id), At: noon.Add(time.Duration(i) * time.Second)})
	}
	return missing(c, engine.FactSCIMUser)
}

func missing(c engine.Case, id engine.FactID) engine.Case {
	return c.WithSource(id, engine.Source{Name: "source of " + string(id), At: noon, Missing: "the server said 403"})
}

func read(c engine.Case, id engine.FactID) engine.Case {
	return c.WithSource(id, engine.Source{Name: "source of " + string(id), At: noon})
}

func says(c engine.Case, id engine.QuestionID, value string) engine.Case {
	return c.WithAnswer(id, engine.Answer{Value: value, At: noon})
}

func managed(c engine.Case) engine.Case {
	c.SCIMUser = engine.SCIMUser{Found: true, Active: true, ID: "scim-1", UserName: c.Member.Email}
	return read(c, engine.FactSCIMUser)
}

func unmanaged(c engine.Case) engine.Case {
	c.SCIMUser, c.Expected.ExternalID = engine.SCIMUser{}, ""
	return read(c, engine.FactSCIMUser)
}

func joined(c engine.Case, at time.Time) engine.Case {
	c.Audit.SCIM = []engine.AuditEvent{{At: enabled}}
	c.Member.Joined = at
	return c
}

type change = func(engine.Case) engine.Case

func TestEveryFindingAndItsStrength(t *testing.T) {
	type found struct {
		id       engine.FindingID
		strength engine.Strength
		remedies []engine.Remedy
	}
	advice := []engine.Remedy{engine.RemedyAdvice}
	jit := []engine.Remedy{engine.RemedyDisableJIT, engine.RemedyMatch}
	all := []engine.Remedy{engine.RemedyDisableJIT, engine.RemedyMatch, engine.RemedyReprovision}
	reprovision := []engine.Remedy{engine.RemedyReprovision}

	for name, x := range map[string]struct {
		change change
		want   []found
	}{
		"a guest": {func(c engine.Case) engine.Case {
			c.Member.Guest = true
			return unmanaged(c)
		}, []found{{engine.FindingGuest, engine.Certain, advice}}},
		"an invitee": {func(c engine.Case) engine.Case {
			c.Member.Invitee, c.Member.Role = true, "invitee"
			return unmanaged(c)
		}, []found{{engine.FindingInvitee, engine.Certain, advice}}},
		"Docker shows what is sent": {func(c engine.Case) engine.Case {
			c.Member.Role, c.Member.Teams = "editor", []string{"backend", "hobby"}
			return unmanaged(c)
		}, []found{{engine.FindingNothingWrong, engine.Certain, nil}}},
		"Docker shows what the owner says": {func(c engine.Case) engine.Case {
			c.Member.Role, c.Member.Teams, c.Expected.Stated = "editor", []string{"backend"}, true
			return c
		}, []found{{engine.FindingNothingWrong, engine.Likely, nil}}},
		"Docker shows what is sent, and the next sign-in carries something else": {func(c engine.Case) engine.Case {
			c.Member.Role, c.Member.Teams = "editor", []string{"backend"}
			return says(managed(c), engine.AskJIT, "on")
		}, []found{{engine.FindingNothingWrong, engine.Certain, nil}, {engine.FindingJITWouldOverride, engine.Likely, jit}}},
		"Docker shows what is sent, and the next sign-in carries only one of the teams": {func(c engine.Case) engine.Case {
			c.Member.Role, c.Member.Teams, c.Expected.Teams = "editor", []string{"backend", "legacy"}, []string{"backend", "legacy"}
			c.Expected.SSO = []engine.Attribute{{Name: "dockerRole", Value: "Editor", Resolved: true}, {Name: "dockerTeam", Value: "backend", Resolved: true}}
			return says(managed(c), engine.AskJIT, "on")
		}, []found{{engine.FindingNothingWrong, engine.Certain, nil}, {engine.FindingJITWouldOverride, engine.Likely, jit}}},
		"Docker shows what is sent, and the next sign-in adds a team": {func(c engine.Case) engine.Case {
			c.Member.Role, c.Member.Teams = "editor", []string{"backend"}
			c.Expected.SSO = []engine.Attribute{{Name: "dockerRole", Value: "editor", Resolved: true}, {Name: "dockerTeam", Value: "legacy, Backend", Resolved: true}}
			return says(managed(c), engine.AskJIT, "on")
		}, []found{{engine.FindingNothingWrong, engine.Certain, nil}}},
		"Docker shows what is sent, and nobody knows what the next sign-in carries": {func(c engine.Case) engine.Case {
			c.Member.Role, c.Member.Teams, c.Expected.SSO = "editor", []string{"backend"}, nil
			return says(managed(c), engine.AskJIT, "on")
		}, []found{{engine.FindingNothingWrong, engine.Certain, nil}}},
		"Docker shows what is sent, and whether the next sign-in changes it depends on JIT": {func(c engine.Case) engine.Case {
			c.Member.Role, c.Member.Teams = "editor", []string{"backend"}
			return says(managed(c), engine.AskJIT, "unknown")
		}, []found{{engine.FindingNothingWrong, engine.Certain, nil}, {engine.FindingJITWouldOverride, engine.Unknown, jit}}},
		"Docker shows what is sent, and sign-in writes nothing": {func(c engine.Case) engine.Case {
			c.Member.Role, c.Member.Teams = "editor", []string{"backend"}
			return says(managed(c), engine.AskJIT, "off")
		}, []found{{engine.FindingNothingWrong, engine.Certain, nil}}},
		"not a member": {func(c engine.Case) engine.Case {
			c.Member = engine.Member{Person: engine.Person{Username: c.Username}}
			return unmanaged(c)
		}, []found{{engine.FindingUndecided, engine.Unknown, advice}}},
		"the member could not be read": {
			func(c engine.Case) engine.Case { return missing(c, engine.FactMember) },
			[]found{{engine.FindingUndecided, engine.Unknown, advice}},
		},
		"the expectation could not be read": {func(c engine.Case) engine.Case {
			c.Expected = engine.Expectation{}
			return missing(unmanaged(c), engine.FactExpectation)
		}, []found{{engine.FindingUndecided, engine.Unknown, advice}}},
		"not assigned": {func(c engine.Case) engine.Case {
			c.Expected.Assigned = false
			return unmanaged(c)
		}, []found{{engine.FindingNotAssigned, engine.Certain, advice}}},
		"not assigned, and by chance the same values": {func(c engine.Case) engine.Case {
			c.Expected = engine.Expectation{Application: "Docker"}
			return unmanaged(c)
		}, []found{{engine.FindingNotAssigned, engine.Certain, advice}}},
		"provisioning off": {func(c engine.Case) engine.Case {
			c.Expected.Provisioning = engine.SwitchOff
			return unmanaged(c)
		}, []found{{engine.FindingProvisioningOff, engine.Certain, advice}}},
		"provisioning off, and nothing to complain about": {func(c engine.Case) engine.Case {
			c.Expected.Provisioning, c.Member.Role, c.Member.Teams = engine.SwitchOff, "editor", []string{"backend"}
			return c
		}, []found{{engine.FindingNothingWrong, engine.Certain, nil}}},

		"not managed, JIT off": {
			func(c engine.Case) engine.Case { return says(unmanaged(c), engine.AskJIT, "off") },
			[]found{{engine.FindingNotManaged, engine.Certain, reprovision}},
		},
		"not managed, JIT on: a second fault with no remedy of its own": {
			func(c engine.Case) engine.Case { return says(unmanaged(c), engine.AskJIT, "on") },
			[]found{{engine.FindingNotManaged, engine.Certain, reprovision}, {engine.FindingJITOverrides, engine.Certain, nil}},
		},
		"not managed, JIT not known": {
			unmanaged,
			[]found{{engine.FindingNotManaged, engine.Certain, reprovision}, {engine.FindingJITOverrides, engine.Unknown, nil}},
		},
		"not managed is only likely when no record is all there is": {func(c engine.Case) engine.Case {
			c.Expected.Stated, c.Expected.Assigned = true, false
			return says(read(c, engine.FactSCIMUser), engine.AskJIT, "off")
		}, []found{{engine.FindingNotManaged, engine.Likely, reprovision}}},

		"managed, JIT on, and sign-in explains it": {
			func(c engine.Case) engine.Case { return says(managed(c), engine.AskJIT, "on") },
			[]found{{engine.FindingJITOverrides, engine.Certain, jit}},
		},
		"managed, JIT on, and sign-in is not known": {func(c engine.Case) engine.Case {
			c.Expected.SSO = nil
			return says(managed(c), engine.AskJIT, "on")
		}, []found{{engine.FindingJITOverrides, engine.Likely, jit}}},
		"managed, JIT on, and sign-in carries something else": {func(c engine.Case) engine.Case {
			c.Expected.SSO = []engine.Attribute{{Name: "dockerRole", Value: "owner", Resolved: true}, {Name: "dockerTeam", Resolved: true}}
			return says(managed(c), engine.AskJIT, "on")
		}, []found{{engine.FindingJITOverrides, engine.Likely, jit}}},
		"managed, JIT on, and Docker shows a team that sign-in does not carry": {func(c engine.Case) engine.Case {
			c.Member.Teams = []string{"company", "legacy"}
			return says(managed(c), engine.AskJIT, "on")
		}, []found{{engine.FindingJITOverrides, engine.Likely, jit}}},
		"managed, JIT on, and Docker shows exactly the teams of the sign-in": {func(c engine.Case) engine.Case {
			c.Member.Teams = []string{"a", "b", "company"}
			c.Expected.SSO[1].Value = "b, A"
			return says(managed(c), engine.AskJIT, "on")
		}, []found{{engine.FindingJITOverrides, engine.Certain, jit}}},
		"managed, JIT on, and Docker shows no team at all": {func(c engine.Case) engine.Case {
			c.Member.Teams = nil
			return says(managed(c), engine.AskJIT, "on")
		}, []found{{engine.FindingJITOverrides, engine.Likely, jit}}},
		"managed, JIT not known": {managed, []found{{engine.FindingJITOverrides, engine.Unknown, jit}}},
		"managed, the log shows a toggle after the owner looked": {func(c engine.Case) engine.Case {
			c = says(managed(c), engine.AskJIT, "off")
			c.Audit.JIT = []engine.AuditEvent{{At: noon.Add(time.Hour)}}
			return c
		}, []found{{engine.FindingJITOverrides, engine.Unknown, jit}}},
		"managed, JIT off": {
			func(c engine.Case) engine.Case { return says(managed(c), engine.AskJIT, "off") },
			[]found{{engine.FindingNotDelivered, engine.Likely, []engine.Remedy{engine.RemedyPushProfile}}},
		},

		"nothing says whether it is managed": {
			func(c engine.Case) engine.Case { return says(c, engine.AskJIT, "on") },
			[]found{{engine.FindingUndecided, engine.Unknown, all}},
		},
		"contradictory signals": {
			func(c engine.Case) engine.Case { return says(read(c, engine.FactSCIMUser), engine.AskManaged, "yes") },
			[]found{{engine.FindingUndecided, engine.Unknown, all}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := x.change(editorOnBackend())
			var got []found
			for _, f := range diagnose.Findings(c) {
				got = append(got, found{f.ID, f.Strength, f.Remedies})
				requireSound(t, f)
			}
			require.Equal(t, x.want, got)
		})
	}
}

func requireSound(t *testing.T, f engine.Finding) {
	t.Helper()
	require.NotEmpty(t, f.Title)
	require.NotEmpty(t, f.Detail)
	require.Contains(t, []engine.Strength{engine.Certain, engine.Likely, engine.Unknown}, f.Strength)
	require.NotEmpty(t, f.Evidence, "%s rests on nothing", f.ID)
	for _, e := range f.Evidence {
		require.NotEmpty(t, e.Text)
		require.NotEmpty(t, e.Source, "%q has no source", e.Text)
		require.False(t, e.At.IsZero(), "%q has no time", e.Text)
	}
}

func TestWhetherSCIMManagesIsWeighedFromSignals(t *testing.T) {
	for name, x := range map[string]struct {
		change   change
		state    engine.Switch
		strength engine.Strength
		text     string
	}{
		"nothing at all":                       {func(c engine.Case) engine.Case { return c }, engine.SwitchUnknown, engine.Unknown, "SCIM could not be asked: the server said 403"},
		"a record that the provider points at": {managed, engine.SwitchOn, engine.Certain, "exactly this SCIM record"},
		"a record, and joined after SCIM": {func(c engine.Case) engine.Case {
			c.Expected.Assigned = false
			return joined(managed(c), enabled.AddDate(0, 1, 0))
		}, engine.SwitchOn, engine.Certain, "after SCIM was first switched (2024-05-01)"},
		"a record alone is a medium signal": {func(c engine.Case) engine.Case {
			c.Expected.Assigned = false
			return managed(c)
		}, engine.SwitchUnknown, engine.Unknown, "SCIM has a record"},
		"the link and the record outweigh an early day of joining": {func(c engine.Case) engine.Case {
			return joined(managed(c), enabled.AddDate(-1, 0, 0))
		}, engine.SwitchOn, engine.Likely, "before SCIM was first switched"},
		"a record that the provider does not point at": {func(c engine.Case) engine.Case {
			c = managed(c)
			c.Expected.ExternalID = "scim-99"
			return c
		}, engine.SwitchUnknown, engine.Unknown, "not this one (scim-99)"},
		"a deactivated record": {func(c engine.Case) engine.Case {
			c = managed(c)
			c.SCIMUser.Active = false
			return c
		}, engine.SwitchUnknown, engine.Unknown, "deactivated"},
		"a deactivated record that the provider never linked": {func(c engine.Case) engine.Case {
			c = managed(c)
			c.SCIMUser.Active, c.Expected.ExternalID = false, ""
			return c
		}, engine.SwitchOff, engine.Likely, "deactivated"},
		"no record, and never linked": {unmanaged, engine.SwitchOff, engine.Certain, "never linked"},
		"no record, and joined before SCIM": {func(c engine.Case) engine.Case {
			return joined(unmanaged(c), enabled.AddDate(-3, 0, 0))
		}, engine.SwitchOff, engine.Certain, "before SCIM"},
		"no record, but joined after SCIM": {func(c engine.Case) engine.Case {
			c.Expected.Assigned = false
			c.SCIMUser = engine.SCIMUser{}
			return joined(read(c, engine.FactSCIMUser), enabled.AddDate(1, 0, 0))
		}, engine.SwitchUnknown, engine.Unknown, "SCIM has no record"},
		"no record, and the owner says that it is managed": {func(c engine.Case) engine.Case {
			c.Expected.Assigned = false
			return says(read(c, engine.FactSCIMUser), engine.AskManaged, "yes")
		}, engine.SwitchUnknown, engine.Unknown, "the owner says"},
		"the owner's word alone, yes": {func(c engine.Case) engine.Case { return says(c, engine.AskManaged, "yes") }, engine.SwitchOn, engine.Certain, "the owner says that SCIM manages them"},
		"the owner's word alone, no":  {func(c engine.Case) engine.Case { return says(c, engine.AskManaged, "no") }, engine.SwitchOff, engine.Likely, "does not manage them"},
		"the owner cannot tell":       {func(c engine.Case) engine.Case { return says(c, engine.AskManaged, "unknown") }, engine.SwitchUnknown, engine.Unknown, "could not be asked"},
		"an expectation that a person stated links nothing": {func(c engine.Case) engine.Case {
			c.Expected.Stated, c.Expected.ExternalID = true, ""
			return c
		}, engine.SwitchUnknown, engine.Unknown, "could not be asked"},
		"a day of joining without a SCIM switch in the log": {func(c engine.Case) engine.Case {
			c.Member.Joined = enabled.AddDate(-3, 0, 0)
			return c
		}, engine.SwitchUnknown, engine.Unknown, "could not be asked"},
	} {
		t.Run(name, func(t *testing.T) {
			v := diagnose.Managed(x.change(editorOnBackend()))
			require.Equal(t, x.state, v.State)
			require.Equal(t, x.strength, v.Strength)
			var texts []string
			for _, e := range v.Evidence {
				texts = append(texts, e.Text)
				require.NotEmpty(t, e.Source)
				require.False(t, e.At.IsZero())
			}
			require.Condition(t, func() bool {
				for _, s := range texts {
					if containsText(s, x.text) {
						return true
					}
				}
				return false
			}, "%q is not in %q", x.text, texts)
		})
	}
}

func TestADayIsTheSameInEveryTimeZone(t *testing.T) {
	late := time.Date(2024, 4, 30, 23, 30, 0, 0, time.UTC)
	c := joined(editorOnBackend(), late.In(time.FixedZone("east", 9*3600)))
	require.Contains(t, diagnose.Managed(c).Evidence[1].Text, "joined 2024-04-30")
}

func TestTheEvidenceForASignInNamesTheAttributes(t *testing.T) {
	c := says(managed(editorOnBackend()), engine.AskJIT, "on")
	var told []engine.Evidence
	for _, e := range diagnose.Findings(c)[0].Evidence {
		if strings.HasPrefix(e.Text, "sign-in carries") {
			told = append(told, e)
		}
	}
	require.Len(t, told, 1)
	require.Contains(t, told[0].Text, `sign-in carries no role, whose default "member" is what Docker shows`)
	require.Contains(t, told[0].Text, `sign-in carries no teams, whose default "company" is what Docker shows`)
	require.Equal(t, "source of expectation", told[0].Source)
}

func TestWhatTheProviderBelievesAndWhyItFailedIsEvidenceWhereSCIMManages(t *testing.T) {
	for jit, id := range map[string]engine.FindingID{"on": engine.FindingJITOverrides, "off": engine.FindingNotDelivered} {
		c := says(managed(editorOnBackend()), engine.AskJIT, jit)
		c.Expected.SyncState, c.Expected.SyncErrors, c.Expected.SyncAdvice = "ERROR", []string{"HTTP 401"}, "Copy the token."
		f := diagnose.Findings(c)[0]
		require.Equal(t, id, f.ID)
		var all []string
		for _, e := range f.Evidence {
			all = append(all, e.Text)
		}
		require.Subset(t, all, []string{
			"the identity provider is linked to exactly this SCIM record",
			"sync state at the identity provider: ERROR (its last attempt failed)",
			"the identity provider reports: HTTP 401", "what to do about it: Copy the token.",
		})
		if id == engine.FindingNotDelivered {
			require.Contains(t, f.Detail, "last attempt to send them failed. Copy the token.")
		}
	}
}

// The account that the owner spoke of is not the one that is back.
func TestAWordAboutAnAccountIsForgottenWithItsRemoval(t *testing.T) {
	c := says(managed(editorOnBackend()), engine.AskManaged, "no")
	require.Equal(t, engine.SwitchUnknown, diagnose.Managed(c).State)
	c.Receipts = []engine.Receipt{{Action: engine.ActionRemove, At: noon.Add(time.Minute)}}
	require.Equal(t, engine.SwitchOn, diagnose.Managed(c).State)
	require.Equal(t, engine.Certain, diagnose.Managed(c).Strength)

	c = c.WithAnswer(engine.AskManaged, engine.Answer{Value: "no", At: noon.Add(2 * time.Minute)})
	require.Equal(t, engine.SwitchUnknown, diagnose.Managed(c).State, "what is said of the new one counts")
}
