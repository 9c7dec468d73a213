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
