package report_test

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/report"
)

// code is shown as it is; unescaped finds markup outside of it that a reader of
// Markdown would act on.
var code = regexp.MustCompile("`[^`\\n]*`")

var unescaped = regexp.MustCompile(`(^|[^\\])(\]\(|<script|<img|!\[)`)

func TestWhatForeignersWriteIsHarmlessInTheReport(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, evil := range map[string]string{
		"escape sequences": "\x1b]0;owned\x07\x1b[2J\x9b31m",
		"right to left":    "\u202egnp.exe\u2066\u200f\u200b",
		"lines and tables": "a\n\n# heading\n| x | y |\r\n- list",
		"links and images": "[click](https://evil.example) ![x](https://evil.example/x.png) <img src=x onerror=alert(1)><script>alert(1)</script>",
		"code and quotes":  "```\n> quote `code` **bold** ~~gone~~ &lt;",
	} {
		t.Run(name, func(t *testing.T) {
			c := engine.Case{
				Org: evil, Username: evil,
				Member:   engine.Member{Present: true, Owners: 2, Person: engine.Person{Username: evil, Name: evil, Email: evil, Role: evil, Teams: []string{evil}}},
				Expected: engine.Expectation{Provider: evil, Application: evil, Assigned: true, Role: evil, Teams: []string{evil}, SyncErrors: []string{evil}, SSO: []engine.Attribute{{Name: "dockerRole", Value: evil, Resolved: true, Where: evil, Expression: evil}}},
				Audit:    engine.Audit{JIT: []engine.AuditEvent{{Actor: evil, Label: evil, Description: evil, At: noon}}},
				Snapshot: engine.Snapshot{Taken: true, At: noon, Role: evil, Teams: []string{evil}, Invites: []engine.Invite{{Team: evil, Role: evil, Inviter: evil}}},
				Receipts: []engine.Receipt{{Action: engine.ActionHandOver, Change: engine.CopyChange(evil), Title: evil, Target: evil, Status: evil, Note: evil, Tags: []engine.TagRef{{Name: evil, Digest: evil}}, At: noon}},
			}
			c.Repositories = engine.Repositories{
				Personal:     []engine.Repository{{Name: evil, Description: evil, Target: evil}, {Name: "x" + evil}},
				Organization: []engine.OrgRepository{{Name: evil, Why: []string{evil}, LastPush: noon}}, SoleTeams: []string{evil}, Note: evil,
			}
			c = c.WithChoice(engine.HandOverChoice{Skip: evil, At: noon}, "x"+evil)
			for _, f := range engine.Facts() {
				c = c.WithSource(f, engine.Source{Name: evil, At: noon})
			}
			c = c.WithSource(engine.FactSCIMUser, engine.Source{Name: evil, At: noon, Missing: evil})
			c = c.WithCheck(engine.ActionRemove, engine.Check{OK: true, Text: evil, Evidence: []engine.Evidence{{Text: evil, Source: evil, At: noon}}})
			c = c.WithAnswer(engine.AskTeams, engine.Answer{Value: evil, At: noon})
			text := report.Markdown(c)
			for _, r := range text {
				require.False(t, r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)), "%U is in the report", r)
			}
			require.NotRegexp(t, unescaped, code.ReplaceAllString(text, ""))
			require.NotContains(t, text, "\n# heading")
			require.Len(t, regexp.MustCompile(`(?m)^# `).FindAllString(text, -1), 1)
			require.False(t, strings.Contains(text, "\n```"))
		})
	}
}

// The lines to change are made to be pasted into a shell and into files.
func TestTheLinesToChangeCannotDoMoreThanName(t *testing.T) {
	for _, evil := range []string{"priya/tool; rm -rf ~", "priya/$(reboot)", "priya/a'b\"c", "priya/a\n+FROM evil", "priya/~~~\n# x", "priya/`id`", "priya/\u202etool"} {
		c := engine.Case{Org: "acme", Username: "priya", Receipts: []engine.Receipt{
			{Action: engine.ActionHandOver, Change: engine.CopyChange(evil), Target: "acme/renamed", Tags: []engine.TagRef{{Name: "1", Digest: "sha256:x"}, {Name: "latest" + evil, Digest: "sha256:y"}}},
		}}
		text := report.Markdown(c)
		require.Contains(t, text, "+docker pull acme/renamed:1\n")
		require.Contains(t, text, "+        image: docker.io/acme/renamed:1\n")
		lines, fenced := 0, false
		for line := range strings.SplitSeq(text, "\n") {
			if strings.HasPrefix(line, "~~~") {
				fenced = !fenced
				continue
			}
			if !fenced {
				continue
			}
			lines++
			rest := strings.NewReplacer("grep -rnF '", "", "' .", "", "    ", "", "image: ", "", "docker pull ", "", "FROM ", "").Replace(line)
			require.Regexp(t, `^[-+]?[A-Za-z0-9._/:@?-]+$`, rest)
		}
		require.Equal(t, 1+2*2*5, lines, "a grep, and two lines for each tag and use: %s", text)
		require.Equal(t, 12, strings.Count(text, "\n~~~"), text)
	}
}

func TestTheLinesOfArtifactsCannotDoMoreThanName(t *testing.T) {
	for _, evil := range []string{"1.0.0_; rm -rf ~", "1.0.0-$(reboot)", "1.0.0_a\nb", "1.0.0_`id`", "1.0.0_\u202ex"} {
		var tags []engine.TagRef
		for _, content := range []engine.Content{engine.ContentChart, engine.ContentFiles, engine.ContentOther, engine.Content(evil)} {
			tags = append(tags, engine.TagRef{Name: evil, Digest: "sha256:x", Content: content})
		}
		text := report.Markdown(engine.Case{Org: "acme", Username: "priya", Receipts: []engine.Receipt{
			{Action: engine.ActionHandOver, Change: engine.CopyChange("priya/" + evil), Target: "acme/renamed", Tags: tags},
		}})
		require.NotContains(t, text, "docker pull")
		_, text, _ = strings.Cut(text, "## Lines to change")
		fenced := false
		for line := range strings.SplitSeq(text, "\n") {
			switch {
			case strings.HasPrefix(line, "~~~"):
				fenced = !fenced
			case fenced:
				rest := strings.NewReplacer("grep -rnF '", "", "' .", "", "helm pull oci:", "", "oras pull ", "", " --version ", "").Replace(line)
				require.Regexp(t, `^[-+]?[A-Za-z0-9._/:@?+-]+$`, rest)
			}
		}
	}
}
