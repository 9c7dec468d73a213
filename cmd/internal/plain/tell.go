package plain

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// heading announces the step that the walk has reached, once.
func (w *walk) heading() {
	if w.state.Step == w.step {
		w.say("")
		return
	}
	w.step = w.state.Step
	step, _ := guide.Lookup(w.step)
	_, _, future := guide.Path(w.state)
	w.say("")
	w.say("Step: %s.%s", step.Title, toCome(future))
}

func toCome(steps []guide.StepID) string {
	if len(steps) == 0 {
		return ""
	}
	next, _ := guide.Lookup(steps[0])
	return " Next comes: " + next.Title + "."
}

// more prints the help: what the guide says, and the known facts.
func (w *walk) more() {
	step, _ := guide.Lookup(w.state.Step)
	if step.Doc != "" {
		w.say("What the guide says: %s", strings.ReplaceAll(step.Doc, "**", ""))
	}
	if step.Link != "" {
		w.say("Docker's page: %s", step.Link)
	}
	w.known()
}

// known lists every fact that was read, with its source.
func (w *walk) known() {
	c := w.state.Case
	for _, id := range engine.Facts() {
		s, ok := c.Sources[id]
		switch {
		case !ok:
		case s.Missing != "":
			w.say("%s: not known, %s.", id.Title(), part.Clean(s.Missing))
		default:
			w.say("%s: %s. Source: %s, %s.", id.Title(), part.Clean(part.FactValue(c, id)), part.Clean(s.Name), part.Clock(s.At))
		}
	}
}

// tellVerdict prints the findings and their evidence.
func (w *walk) tellVerdict() {
	v := w.state.Verdict
	if step, _ := guide.Lookup(w.state.Step); v.Headline != step.Title {
		w.say("%s", closed(v.Headline))
	}
	if len(v.Findings) > 0 {
		w.compare()
	}
	said := map[string]bool{}
	for _, f := range v.Findings {
		w.say("Finding, %s: %s %s", f.Strength, closed(f.Title), closed(f.Detail))
		var fresh []engine.Evidence
		for _, e := range f.Evidence {
			if !said[e.Text] {
				said[e.Text] = true
				fresh = append(fresh, e)
			}
		}
		w.evidence(fresh)
	}
}

// closed returns s cleaned, with a full stop if it does not end in punctuation.
func closed(s string) string {
	s = strings.TrimSpace(part.Clean(s))
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".?!:") {
		return s
	}
	return s + "."
}

// entry formats one line of a numbered list.
func entry(n int, label, why string) string {
	if why == "" {
		return fmt.Sprintf("%d: %s", n, closed(label))
	}
	first, size := utf8.DecodeRuneInString(why)
	return fmt.Sprintf("%d: %s %s", n, closed(label), closed(string(unicode.ToUpper(first))+why[size:]))
}

func (w *walk) evidence(list []engine.Evidence) {
	for _, e := range list {
		w.say("Evidence: %s (%s, %s).", strings.TrimSuffix(part.Clean(e.Text), "."), part.Clean(e.Source), part.Clock(e.At))
	}
}

// compare prints the compared values, one attribute a line.
func (w *walk) compare() {
	c := w.state.Case
	for _, r := range engine.Compare(c) {
		sends := part.Clean(c.Expected.Provider) + " sends"
		if c.Expected.Stated {
			sends = "you expect"
		}
		verdict := "They differ."
		if r.Same {
			verdict = "They are the same."
		}
		carries := "carries an unknown value"
		if r.SSOKnown {
			carries = "carries " + cmp.Or(part.Clean(r.SSO), "none")
		}
		w.say("Compared, %s: %s %s, sign-in %s, Docker shows %s. %s", r.Attribute, sends,
			cmp.Or(part.Clean(r.IdP), "none"), carries, cmp.Or(part.Clean(r.Docker), "none"), verdict)
	}
}

// tellPlan prints each change, and each request as it will be sent.
func (w *walk) tellPlan() {
	p := w.state.Plan
	w.say("The plan: %s Changes: %d. Nothing has been sent.", closed(p.Title), len(p.Changes))
	for i, ch := range p.Changes {
		w.say("Change %d of %d: %s", i+1, len(p.Changes), closed(ch.Title))
		if ch.Before != "" {
			w.say("Before: %s.", part.Clean(ch.Before))
		}
		if ch.After != "" {
			w.say("After: %s.", part.Clean(ch.After))
		}
		switch ch.Kind {
		case engine.ChangeRequest:
			w.say("Request: %s %s", part.Visible(ch.Call.Method), part.Visible(ch.Call.URL))
			if ch.Call.Body != "" {
				w.say("With the body, %s: %s", part.Visible(ch.Call.ContentType), part.Visible(ch.Call.Body))
			}
		case engine.ChangeCopy:
			w.say("Copied from %s to %s.", part.Visible(ch.Copy.Source), part.Visible(ch.Copy.Target))
			few, more := part.FewTags(ch.Copy.Tags)
			w.tellTags(few)
			if more > 0 {
				w.say("And %d more tags.", more)
			}
		case engine.ChangeConsole:
			w.tellConsole(ch.Console)
		}
	}
	for _, n := range p.Notes {
		w.say("Mind: %s", part.Clean(n))
	}
	for _, g := range p.Guards {
		w.say("Checked again before each change: %s: %s.", part.Clean(g.Text), cmp.Or(part.Clean(g.Seen), "none"))
	}
	w.say("The plan's number is %s.", p.Digest()[:12])
}

func (w *walk) tellTags(tags []engine.TagRef) {
	for _, t := range tags {
		w.say("Tag %s: %s.", part.Clean(t.Name), part.Clean(t.Digest))
	}
}

// tellAllTags prints every tag of the plan.
func (w *walk) tellAllTags() {
	for _, ch := range w.state.Plan.Changes {
		if len(ch.Copy.Tags) > 0 {
			w.say("%s: %s.", part.Clean(ch.Title), engine.Count(len(ch.Copy.Tags), "tag"))
			w.tellTags(ch.Copy.Tags)
		}
	}
}

func (w *walk) tellConsole(c engine.Console) {
	where := ", in its console"
	if c.URL != "" {
		where = ", at " + part.Visible(c.URL)
	}
	w.say("You do this yourself%s", where)
	for i, way := range c.Ways {
		if i > 0 {
			w.say("Or, in an older console:")
		}
		for n, click := range way {
			w.say("Click %d: %s", n+1, closed(click))
		}
	}
}

func (w *walk) tellCheck() {
	k := w.state.Check
	word := "Verified"
	switch {
	case k.Assumed:
		word = "Previewed only"
	case !k.OK:
		word = "Not confirmed yet"
	}
	w.say("%s: %s", word, part.Clean(k.Text))
	w.evidence(k.Evidence)
	w.tellReceipts()
}

// tellReceipts prints the changes of the plan that were made.
func (w *walk) tellReceipts() {
	for _, r := range w.state.Case.ReceiptsOf(w.state.Plan) {
		w.say("Done at %s: %s, %s.", part.Clock(r.At), part.Clean(r.Title), part.Clean(r.Status))
	}
}
