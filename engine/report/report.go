// Package report writes the summary of a walk as Markdown: how it ended, what was
// found, what was done, and the evidence. It is pure: the same case gives the same document.
package report

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/diagnose"
)

// Markdown returns the report of a case.
func Markdown(c engine.Case) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Provisioning report: %s in %s\n\n", Escape(c.Username), Escape(c.Org))
	var found []engine.Finding
	if c.Sources[engine.FactMember].Known() {
		found = diagnose.Findings(c)
	}
	outcome(&b, c, found)
	changed := len(c.Receipts) > 0
	if changed && len(c.Before.Findings) > 0 {
		b.WriteString("## What was found\n\n")
		comparison(&b, c.Expected.Provider, c.Before.Comparison)
		findings(&b, c.Before.Findings)
	}
	if len(found) > 0 {
		title := "## What was found\n\n"
		if changed {
			title = "## How it is now\n\n"
		}
		b.WriteString(title)
		comparison(&b, c.Expected.Provider, engine.Compare(c))
		findings(&b, found)
	}
	actions(&b, c)
	words(&b, c)
	handOver(&b, c)
	snapshot(&b, c)
	sources(&b, c)
	return b.String()
}

func comparison(b *strings.Builder, provider string, rows []engine.Comparison) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "| | %s sends | sign-in carries | Docker shows | |\n| --- | --- | --- | --- | --- |\n", Escape(provider))
	for _, r := range rows {
		sso := "not known"
		if r.SSOKnown {
			sso = cmp.Or(r.SSO, "none")
		}
		mark := "differs"
		if r.Same {
			mark = "same"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", Escape(r.Attribute), Escape(cmp.Or(r.IdP, "none")), Escape(sso), Escape(cmp.Or(r.Docker, "none")), mark)
	}
	b.WriteString("\n")
}

func findings(b *strings.Builder, all []engine.Finding) {
	for _, f := range all {
		fmt.Fprintf(b, "**%s** (%s). %s\n\n", Escape(f.Title), Escape(string(f.Strength)), Escape(f.Detail))
		for _, e := range f.Evidence {
			fmt.Fprintf(b, "- %s%s\n", Escape(e.Text), source(e.Source, e.At))
		}
		b.WriteString("\n")
	}
}

func actions(b *strings.Builder, c engine.Case) {
	if len(c.Receipts) == 0 && len(c.Done) == 0 {
		return
	}
	if c.DryRun {
		b.WriteString("## What would be done\n\n")
	} else {
		b.WriteString("## What was done\n\n")
	}
	for _, r := range c.Receipts {
		fmt.Fprintf(b, "- %s — %s", Escape(r.Title), Escape(r.Status))
		if r.Note != "" {
			fmt.Fprintf(b, " (%s)", Escape(r.Note))
		}
		fmt.Fprintf(b, ", %s, plan %s\n", stamp(r.At), code(fmt.Sprintf("%.12s", r.Plan)))
	}
	for _, id := range engine.Actions() {
		k, ok := c.Done[id]
		if !ok {
			continue
		}
		state := "not confirmed"
		switch {
		case k.Assumed:
			state = "previewed only"
		case k.OK:
			state = "verified"
		}
		fmt.Fprintf(b, "- %s: %s. %s\n", id, state, Escape(k.Text))
		for _, e := range k.Evidence {
			fmt.Fprintf(b, "  - %s%s\n", Escape(e.Text), source(e.Source, e.At))
		}
	}
	b.WriteString("\n")
}

// words lists what is known only because a person said so.
func words(b *strings.Builder, c engine.Case) {
	var lines []string
	for _, q := range []struct {
		id   engine.QuestionID
		text string
	}{
		{engine.AskJIT, "where the JIT switch stands"},
		{engine.AskManaged, "whether SCIM created them"},
		{engine.AskProvider, "which identity provider it is"},
		{engine.AskRole, "the role they should have"},
		{engine.AskTeams, "the teams they should be on"},
		{engine.AskSCIMTested, "whether provisioning was seen working"},
		{engine.AskRace, "going on with JIT on"},
		{engine.AskPrivate, "private repositories that could not be seen"},
		{engine.AskSelf, "whether it is the operator's own account"},
	} {
		if a, ok := c.Answers[q.id]; ok {
			lines = append(lines, fmt.Sprintf("- %s: \"%s\", %s\n", q.text, Escape(a.Value), stamp(a.At)))
		}
	}
	if len(lines) == 0 {
		return
	}
	b.WriteString("## On the owner's word\n\n" + strings.Join(lines, "") + "\n")
}

func snapshot(b *strings.Builder, c engine.Case) {
	if !c.Snapshot.Taken {
		return
	}
	fmt.Fprintf(b, "## Snapshot from before\n\n- taken: %s\n- role: %s\n- teams: %s\n", stamp(c.Snapshot.At), Escape(c.Snapshot.Role), Escape(listed(c.Snapshot.Teams)))
	for _, i := range c.Snapshot.Invites {
		fmt.Fprintf(b, "- pending invite: team %s, role %s, by %s\n", Escape(cmp.Or(i.Team, "none")), Escape(cmp.Or(i.Role, "none")), Escape(i.Inviter))
	}
	b.WriteString("\n")
}

func sources(b *strings.Builder, c engine.Case) {
	b.WriteString("## Sources\n\n")
	for _, id := range engine.Facts() {
		s, ok := c.Sources[id]
		if !ok {
			continue
		}
		if s.Missing != "" {
			fmt.Fprintf(b, "- %s: not known (%s)\n", id.Title(), Escape(s.Missing))
			continue
		}
		fmt.Fprintf(b, "- %s: %s, %s\n", id.Title(), Escape(s.Name), stamp(s.At))
	}
}

func source(name string, at time.Time) string {
	switch {
	case name == "" && at.IsZero():
		return ""
	case at.IsZero():
		return " (" + Escape(name) + ")"
	}
	return " (" + Escape(name) + ", " + stamp(at) + ")"
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// Escape makes foreign text safe in Markdown: it removes control and direction
// characters and line breaks, and escapes markup, also what is markup only at the
// beginning of a line or a list item.
func Escape(s string) string {
	s = plain(s)
	var b strings.Builder
	digits := strings.TrimLeft(s, "0123456789")
	list := len(s) - len(digits) // where the dot of "1." would be
	for i, r := range s {
		switch {
		case strings.ContainsRune("\\`*_{}[]<>#|~!&$", r),
			i == 0 && (r == '-' || r == '+'),
			i == list && i > 0 && (r == '.' || r == ')'):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// code puts foreign text into a code span. Backslashes do not escape there, so
// code replaces what could end the span or a table cell.
func code(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '`' || r == '|' {
			return '?'
		}
		return r
	}, plain(s))
	return "`" + cmp.Or(s, "none") + "`"
}

// longest is how many bytes of one foreign text a report shows: more than any
// name, reason or description needs.
const longest = 4000

// plain returns the text on one line, shortened to longest, without characters
// that control a terminal or the direction of text.
func plain(s string) string {
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "…"
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s))
}
