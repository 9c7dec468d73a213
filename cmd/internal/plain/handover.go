package plain

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// mostRepositories is the number of repositories listed at once.
const mostRepositories = 20

// handOver asks what to do with each repository: r and a number opens one, a
// number alone takes an action, a slash and words filter the list.
func (w *walk) handOver(ctx context.Context) (guide.Event, error) {
	shown := w.tellRepositories("")
	choices := w.state.Verdict.Choices
	for i, c := range choices {
		line := entry(i+1, c.Label, c.Why)
		if c.Disabled != "" {
			line = entry(i+1, c.Label, "") + " Not now: " + closed(c.Disabled)
		}
		w.say("%s", line)
	}
	w.say("Type r and a number, such as r1, to see or decide about one repository. Type a slash and words to filter the list.")
	for {
		at, typed, e, err := w.pickOr(ctx, "Your choice:", len(choices))
		switch {
		case err != nil || e != nil:
			return e, err
		case typed == "" && choices[at].Disabled != "":
			w.say("That cannot be done now, because %s.", part.Clean(choices[at].Disabled))
			continue
		case typed == "":
			return guide.Chosen{Outcome: choices[at].Outcome}, nil
		case strings.HasPrefix(typed, "/"):
			shown = w.tellRepositories(strings.TrimPrefix(typed, "/"))
			continue
		}
		n := number(strings.TrimPrefix(typed, "r"))
		if !strings.HasPrefix(typed, "r") || n < 1 || n > len(shown) {
			w.say("Type a number from 1 to %d, or r and a number from 1 to %d.", len(choices), len(shown))
			continue
		}
		e, err = w.repository(ctx, shown[n-1])
		if err != nil || e != nil {
			return e, err
		}
	}
}

// tellRepositories lists the repositories that match the query, and returns their
// names in the same order.
func (w *walk) tellRepositories(query string) []string {
	c := w.state.Case
	standings := engine.Standings(c)
	obstacles := engine.Obstacles(c)
	var names, lines []string
	add := func(name, line string) {
		for word := range strings.FieldsSeq(strings.ToLower(query)) {
			if !strings.Contains(strings.ToLower(line), word) {
				return
			}
		}
		names, lines = append(names, name), append(lines, line)
	}
	for _, r := range c.Repositories.Personal {
		line := fmt.Sprintf("%s, %s, %s, %s", part.Clean(r.Name), part.Visibility(r.Private), engine.Count(r.Tags, "tag"), part.Bytes(r.Size))
		if !r.Updated.IsZero() {
			line += ", last push " + part.Day(r.Updated)
		}
		add(r.Name, line+". "+closed(standingWords(c, r, standings[r.Name], obstacles[r.Name])))
	}
	for _, r := range c.Repositories.Organization {
		add(r.Name, fmt.Sprintf("%s stays in %s: %s", part.Clean(r.Name), part.Clean(c.Org), closed(strings.Join(r.Why, "; "))))
	}
	w.say("Repositories: %d.", len(names))
	if len(names) > mostRepositories {
		w.say("These are the first %d.", mostRepositories)
		names, lines = names[:mostRepositories], lines[:mostRepositories]
	}
	for i, l := range lines {
		w.say("r%d: %s", i+1, l)
	}
	for _, team := range c.Repositories.SoleTeams {
		w.say("Mind: %s is the only member of the team %s.", part.Clean(c.Username), part.Clean(team))
	}
	if c.Repositories.Note != "" {
		w.say("Mind: %s", closed(c.Repositories.Note))
	}
	return names
}

func standingWords(c engine.Case, r engine.Repository, s engine.Standing, o engine.Obstacle) string {
	target := engine.TargetOf(c, r)
	proposed, failed := engine.Proposed(c, r), engine.Failed(c, r)
	switch s {
	case engine.StandingSkipped:
		return "Left behind: " + c.Choices[r.Name].Skip
	case engine.StandingBlocked:
		return "A problem: " + o.Problem + ": " + o.Advice
	case engine.StandingCopied:
		return "Copied to " + target
	case engine.StandingVerify:
		return "Copied to " + target + " by " + r.HandedBy + ", to be verified"
	case engine.StandingCopy, engine.StandingStays:
	}
	if failed != "" {
		return "To be copied to " + target + ", but " + failed
	}
	if proposed != "" {
		return "To be copied: " + proposed
	}
	return "To be copied to " + target
}

// repository describes one repository and asks what to do with it.
func (w *walk) repository(ctx context.Context, name string) (guide.Event, error) {
	c := w.state.Case
	for l := range strings.SplitSeq(part.RepositoryText(c, name), "\n") {
		w.say("%s", closed(l))
	}
	i := slices.IndexFunc(c.Repositories.Personal, func(r engine.Repository) bool { return r.Name == name })
	if i < 0 || c.Repositories.Personal[i].Handed() {
		return nil, nil
	}
	for {
		w.say("1: Copy it to %s.", part.Clean(c.Repositories.Personal[i].Target))
		w.say("2: Copy it under another name.")
		w.say("3: Leave it behind, for a reason.")
		w.say("4: Decide nothing and go back to the list.")
		at, _, e, err := w.pick(ctx, "What to do with it:", 4)
		switch {
		case err != nil || isBack(e) || at == 3:
			return nil, err
		case e != nil:
			return e, nil
		case at == 0:
			return w.decided(name, engine.HandOverChoice{}), nil
		}
		if e, err := w.choiceInWords(ctx, name, at == 1); !isBack(e) {
			return e, err
		}
	}
}

// choiceInWords asks what the copy is called, or why there is none.
func (w *walk) choiceInWords(ctx context.Context, name string, renamed bool) (guide.Event, error) {
	c := w.state.Case
	prompt, choice := "Why leave it behind? The reason goes into the report:", func(typed string) engine.HandOverChoice { return engine.HandOverChoice{Skip: typed} }
	if renamed {
		prompt = "Name of the copy in " + part.Clean(c.Org) + ":"
		if free := engine.FreeNames(c, name); len(free) > 0 {
			w.say("Names not in use, as far as the list shows: %s.", strings.ReplaceAll(strings.Join(free, ", "), c.Org+"/", ""))
		}
		choice = func(typed string) engine.HandOverChoice { return engine.HandOverChoice{Target: c.Org + "/" + typed} }
	}
	for {
		typed, err := w.ask(ctx, prompt)
		if err != nil {
			return nil, err
		}
		if typed == "" {
			w.say("An answer is needed. Type b to go back.")
			continue
		}
		if typed == "b" || typed == "back" {
			return guide.Back{}, nil
		}
		if problem := engine.ChoiceProblem(c, name, choice(typed)); problem != "" {
			w.say("Not possible: %s.", part.Clean(problem))
			continue
		}
		return w.decided(name, choice(typed)), nil
	}
}

func (w *walk) decided(name string, choice engine.HandOverChoice) guide.Event {
	choice.At = w.Now()
	return guide.HandOverChosen{Repositories: []string{name}, Choice: choice}
}
