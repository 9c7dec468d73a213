package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// Whoever opens a report wants to know first how it ended.
func TestAReportBeginsWithHowItEnded(t *testing.T) {
	half := engine.Plan{Action: engine.ActionPush, Title: "Push them from Okta", Changes: []engine.Change{{ID: "unassign"}, {ID: "assign"}}}
	halfway := func(c engine.Case) engine.Case {
		return c.WithReceipts(engine.Receipt{Action: engine.ActionPush, Change: "unassign", Plan: half.Digest(), At: at(7)}).WithUnfinished(half)
	}
	wrong := func(c engine.Case) engine.Case {
		c.Member.Role, c.Member.Teams = "member", []string{"legacy"}
		return c
	}
	seen := func(c engine.Case, minutes int) engine.Case {
		return c.WithSource(engine.FactMember, engine.Source{Name: "Docker Hub, member", At: at(minutes)})
	}
	was := "| role | member | "
	for _, x := range []struct {
		name, outcome, next, role string
		c                         engine.Case
	}{
		{"cured", "**Cured.**", "Docker shows the role and the teams that Okta sends.", was + "editor | editor |", cured()},
		{"not cured", "**Not cured.** 5 changes were made", "run reprovision for them again", was + "member | editor |", wrong(cured())},
		{"nothing was tried", "**Not cured.** Nothing was changed.", "SCIM does not manage this account", "| role | member | editor |", before()},
		{"a dry run", "**Dry run: nothing was changed.**", "what would be done", "| role | member | editor |", func() engine.Case {
			c := before()
			c.DryRun = true
			return c
		}()},
		{"out", "**Out of the organization.** priya-nair was removed from acme and is not back.", "`reprovision resume`", was + "not in the organization | editor |", func() engine.Case {
			c := cured()
			c.Member = engine.Member{}
			return c.WithCheck(engine.ActionPush, engine.Check{Text: "not back", At: at(8)})
		}()},
		{"half-way", "**Left half-way.** Of \"Push them from Okta\", 1 of 2 changes was made.", "`reprovision resume`", was + "member | editor |", halfway(wrong(cured()))},
		{"cured, with something left", "**Cured, but something was left half-way.**", "1 of 2 changes was made", was + "editor | editor |", halfway(cured())},
		{"cured, and JIT is left on", "**Cured until the next SSO sign-in.**", "make the SSO attributes equal", was + "editor | editor |", func() engine.Case {
			c := cured().WithAnswer(engine.AskJIT, engine.Answer{Value: "on", At: at(8)})
			c.Expected.SSO = []engine.Attribute{{Name: "dockerRole", Value: "member", Resolved: true}}
			return c
		}()},
		{"changed and not looked at since", "**Not known.** 5 changes were made, and Docker was not looked at since.", "run reprovision for them again", was + "not known | editor |", seen(cured(), 1)},
		{"nothing was wrong", "**Nothing is wrong.**", "Nothing was changed.", "| role | editor | editor |", func() engine.Case {
			c := before()
			c.Member.Role, c.Member.Teams = "editor", []string{"backend"}
			return c
		}()},
		{"corrected at the source", "**Cured.**", "", was + "editor | editor |", func() engine.Case {
			c := cured()
			c.Receipts, c.Done = nil, nil
			return c
		}()},
		{"unreadable", "**Not known.** Their role and teams in Docker could not be read: the server said 403", "", "", engine.Case{Org: "acme", Username: "nobody"}.
			WithSource(engine.FactMember, engine.Source{Name: "Docker Hub, member", Missing: "the server said 403"})},
	} {
		t.Run(x.name, func(t *testing.T) {
			text := Markdown(x.c)
			blocks := strings.Split(text, "\n\n")
			require.True(t, strings.HasPrefix(blocks[1], x.outcome), blocks[1])
			require.NotContains(t, blocks[1], "\n", "one line")
			require.Contains(t, blocks[1], x.next)
			if x.role == "" {
				require.True(t, strings.HasPrefix(blocks[2], "## "), blocks[2])
				return
			}
			require.Contains(t, blocks[2], x.role, "role and teams stand directly below")
		})
	}
}

// thousands is a hand-over of two repositories, one of them with very many tags.
func thousands(manifest string) engine.Case {
	c := cured()
	tags := func(n int) []engine.TagRef {
		list := make([]engine.TagRef, n)
		for i := range list {
			list[i] = engine.TagRef{Name: fmt.Sprintf("v%d", i+1), Digest: fmt.Sprintf("sha256:%064x", i), Size: 1 << 20}
		}
		return list
	}
	for i, r := range c.Receipts {
		if r.Action == engine.ActionHandOver {
			c.Receipts[i].Tags = tags(3001)
			few := r
			few.Change, few.Target, few.Tags = engine.CopyChange("priya-nair/deployer"), "acme/deployer", tags(2)
			c.Receipts = append(c.Receipts, few)
		}
	}
	return c.WithCheck(engine.ActionHandOver, engine.Check{OK: true, Text: "Every copy equals its original.", At: at(8), Manifest: manifest})
}

func TestAReportOfThousandsOfTagsCanBeRead(t *testing.T) {
	const file = "/state/handovers/acme.priya-nair.json"
	text := Markdown(thousands(file))
	require.Less(t, strings.Count(text, "\n"), 200)
	require.Contains(t, text, "| priya-nair/build-cache | acme/build-cache | 3001 tags | equal on both sides | 2.9 GiB |")
	require.Contains(t, text, "| priya-nair/deployer | acme/deployer | 2 tags | equal on both sides | 2.0 MiB |")
	require.Contains(t, text, "`"+file+"`")
	require.Contains(t, text, "+docker pull acme/build-cache:v1\n")
	require.NotContains(t, text, "build-cache:v3001")
	require.Contains(t, text, "priya-nair/build-cache has 2998 more tags")
}

// What no file holds stands in the report, however much it is.
func TestEveryTagStandsInTheReportUnlessAFileHoldsIt(t *testing.T) {
	every := func(c engine.Case) {
		t.Helper()
		text := Markdown(c)
		require.Contains(t, text, "| v3001 | `sha256:")
		require.Equal(t, 3003, strings.Count(text, "`sha256:"))
	}
	every(thousands(""))
	c := thousands("/state/handovers/acme.priya-nair.json")
	k := c.Done[engine.ActionHandOver]
	k.At = at(4) // a copy was made after the file was written
	every(c.WithCheck(engine.ActionHandOver, k))
	k.At, k.OK = at(8), false
	every(c.WithCheck(engine.ActionHandOver, k))
}
