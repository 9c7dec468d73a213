package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/diagnose"
)

// outcome says in one line how the walk ended and what to do next, followed by a table
// of role and teams before and now. found is empty if the member could not be read.
func outcome(b *strings.Builder, c engine.Case, found []engine.Finding) {
	head, text := ended(c, found)
	fmt.Fprintf(b, "**%s.** %s\n\n", Escape(head), text)
	values(b, c)
}

// ended returns how the walk ended: a plain heading, and a sentence or two of Markdown.
func ended(c engine.Case, found []engine.Finding) (head, text string) {
	if c.DryRun {
		return "Dry run: nothing was changed", "What follows is what was found, and what would be done."
	}
	const again = " To go on, run reprovision for them again."
	provider := Escape(cmp.Or(c.Expected.Provider, "the identity provider"))
	made := "Nothing was changed"
	if n := len(c.Receipts); n > 0 {
		made = engine.Count(n, "change") + " " + were(n) + " made"
	}
	half := halfWay(c)
	member := c.Sources[engine.FactMember]
	var first engine.Finding
	if len(found) > 0 {
		first = found[0]
	}
	fine := fresh(c) && first.ID == engine.FindingNothingWrong
	same := "Docker shows the role and the teams that " + provider + " sends."
	until := ""
	if f, ok := diagnose.Overridden(found); ok {
		until = " until the next SSO sign-in"
		same += " " + Escape(f.Title) + ": " + Escape(f.Detail)
	}
	switch {
	case c.Out():
		return "Out of the organization", Escape(c.Username) + " was removed from " + Escape(c.Org) + " and is not back. To go on, run `reprovision resume`: it pushes them again, or invites them with their old role and teams."
	case half != "" && fine:
		return "Cured" + until + ", but something was left half-way", same + " " + half
	case half != "":
		return "Left half-way", half
	case fine && wasWrong(c, until == ""):
		return "Cured" + until, same
	case fine:
		return "Nothing is wrong", same + " " + made + "."
	case !member.Known():
		return "Not known", "Their role and teams in Docker could not be read: " + Escape(strings.TrimSuffix(cmp.Or(member.Missing, "nobody has looked"), ".")) + "."
	case !fresh(c):
		return "Not known", made + ", and Docker was not looked at since." + again
	case len(c.Receipts) > 0:
		return "Not cured", made + ", and Docker does not show what was expected: " + Escape(first.Title) + "." + again
	}
	return "Not cured", made + ". What was found: " + Escape(first.Title) + "."
}

// halfWay names the plans that were left half-way and says what to do, or returns "" if
// there are none. It leaves out an undo, which resume does not continue.
func halfWay(c engine.Case) string {
	var out []string
	for _, p := range c.HalfWay() {
		if p.Action == engine.ActionUndo {
			continue
		}
		n := len(p.Changes)
		done := n - len(c.Remaining(p.Action))
		out = append(out, fmt.Sprintf("Of \"%s\", %d of %s %s made.", Escape(p.Title), done, engine.Count(n, "change"), were(done)))
	}
	if len(out) == 0 {
		return ""
	}
	return strings.Join(out, " ") + " To go on, run `reprovision resume`."
}

func were(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// wasWrong reports whether there was anything to cure. What was right only until the next
// sign-in counts if it lasts now.
func wasWrong(c engine.Case, lasts bool) bool {
	found := c.Before.Findings
	if len(found) == 0 {
		return len(c.Receipts) > 0
	}
	_, overridden := diagnose.Overridden(found)
	return found[0].ID != engine.FindingNothingWrong || lasts && overridden
}

// fresh reports whether Docker was read after the last change.
func fresh(c engine.Case) bool {
	s := c.Sources[engine.FactMember]
	return s.Known() && !slices.ContainsFunc(c.Receipts, func(r engine.Receipt) bool { return r.At.After(s.At) })
}

// values writes a table of role and teams before and now, and of what is sent.
func values(b *strings.Builder, c engine.Case) {
	const unknown = "not known"
	was := map[string]string{}
	if c.Snapshot.Taken {
		was["role"], was["teams"] = c.Snapshot.Role, listed(c.Snapshot.Teams)
	}
	for _, r := range c.Before.Comparison {
		was[r.Attribute] = cmp.Or(r.Docker, "none")
	}
	changed := !c.DryRun && len(was) > 0 && (len(c.Receipts) > 0 || len(c.Before.Findings) > 0)
	if !changed && !c.Sources[engine.FactMember].Known() {
		return
	}
	now := map[string]string{"role": unknown, "teams": unknown}
	switch {
	case c.Out(), fresh(c) && !c.Member.Present:
		now["role"], now["teams"] = "not in the organization", "none"
	case fresh(c):
		now["role"], now["teams"] = cmp.Or(c.Member.Role, "none"), listed(c.Member.Teams)
	}
	sent := map[string]string{"role": unknown, "teams": unknown}
	if c.Sources[engine.FactExpectation].Known() {
		sent["role"], sent["teams"] = c.Expected.WantedRole(), listed(c.Expected.Teams)
	}
	sends := Escape(cmp.Or(c.Expected.Provider, "the identity provider")) + " sends"
	if changed {
		fmt.Fprintf(b, "| | before | now | %s |\n| --- | --- | --- | --- |\n", sends)
	} else {
		fmt.Fprintf(b, "| | now | %s |\n| --- | --- | --- |\n", sends)
	}
	for _, name := range []string{"role", "teams"} {
		fmt.Fprintf(b, "| %s |", name)
		if changed {
			fmt.Fprintf(b, " %s |", Escape(cmp.Or(was[name], unknown)))
		}
		fmt.Fprintf(b, " %s | %s |\n", Escape(now[name]), Escape(sent[name]))
	}
	b.WriteString("\n")
}

func listed(names []string) string { return cmp.Or(strings.Join(names, ", "), "none") }
