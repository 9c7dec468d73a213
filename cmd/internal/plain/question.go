package plain

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

func (w *walk) question(ctx context.Context, ask engine.Question) (guide.Event, error) {
	w.tellVerdict()
	for _, text := range []string{ask.Text, ask.Why} {
		if text != "" {
			w.say("%s", part.Clean(text))
		}
	}
	for l := range strings.SplitSeq(ask.Note, "\n") {
		if l != "" {
			w.say("Mind: %s", part.Clean(l))
		}
	}
	switch ask.Kind {
	case engine.AnswerChoice:
		return w.oneOf(ctx, ask)
	case engine.AnswerText:
		return w.text(ctx, ask)
	case engine.AnswerWords:
		return w.words(ctx, ask)
	case engine.AnswerMember:
		return w.member(ctx, ask)
	case engine.AnswerCredential:
		return w.credential(ctx, ask)
	}
	return nil, fmt.Errorf("question %s has an unknown kind: %s", ask.ID, ask.Kind)
}

func (w *walk) answer(ask engine.Question, value string) guide.Event {
	return guide.Answered{Question: ask.ID, Value: value, At: w.Now()}
}

func (w *walk) oneOf(ctx context.Context, ask engine.Question) (guide.Event, error) {
	for i, o := range ask.Options {
		w.say("%s", entry(i+1, o.Label, o.Why))
	}
	at, _, e, err := w.pick(ctx, "Your answer:", len(ask.Options))
	if err != nil || e != nil {
		return e, err
	}
	return w.answer(ask, ask.Options[at].Value), nil
}

func (w *walk) text(ctx context.Context, ask engine.Question) (guide.Event, error) {
	prompt := "Your answer:"
	if ask.Default != "" {
		prompt = "Your answer, or = for " + part.Visible(ask.Default) + ":"
	}
	for {
		typed, err := w.ask(ctx, prompt)
		if err != nil {
			return nil, err
		}
		if e, done, err := w.common(ctx, typed); err != nil || e != nil {
			return e, err
		} else if done {
			continue
		}
		if typed == "=" && ask.Default != "" {
			typed = ask.Default
		}
		if typed == "" && ask.ID == engine.AskOrg {
			w.say("A name is needed.")
			continue
		}
		return w.answer(ask, typed), nil
	}
}

func (w *walk) words(ctx context.Context, ask engine.Question) (guide.Event, error) {
	for {
		typed, err := w.ask(ctx, "Type these words, or b to go back: "+part.Visible(ask.Phrase)+":")
		if err != nil {
			return nil, err
		}
		if typed == ask.Phrase {
			return w.answer(ask, typed), nil
		}
		if e, done, err := w.common(ctx, typed); err != nil || e != nil {
			return e, err
		} else if !done {
			w.say("These words do not match.")
		}
	}
}

// mostMatches is the number of people listed at once.
const mostMatches = 12

// member asks for a username, or for words that narrow the list.
func (w *walk) member(ctx context.Context, ask engine.Question) (guide.Event, error) {
	people := w.state.Case.Roster
	w.say("There are %d people. Type a username, or part of a name, an address, a role or a team.", len(people))
	suspects, why := part.Suspects(people)
	w.suspects(suspects)
	var found []engine.Person
	for {
		at, typed, e, err := w.pickOr(ctx, "Who:", len(found))
		if err != nil || e != nil {
			return e, err
		}
		if typed == "" {
			if found[at].Username != "" {
				return w.answer(ask, found[at].Username), nil
			}
			w.say("They have not joined yet, so there is no account to look at.")
			continue
		}
		if i := indexOf(people, typed); i >= 0 {
			return w.answer(ask, people[i].Username), nil
		}
		found = part.Matching(people, typed)
		w.say("%d of %d people match.", len(found), len(people))
		if len(found) == 0 {
			w.say("Type something else.")
		}
		if len(found) > mostMatches {
			w.say("These are the first %d. Type more to narrow the list.", mostMatches)
			found = found[:mostMatches]
		}
		for i, p := range found {
			if why[p.Username] != "" {
				w.say("%d: %s Check this one first: %s.", i+1, sentence(p), why[p.Username])
				continue
			}
			w.say("%d: %s", i+1, sentence(p))
		}
	}
}

// suspects lists the people whom the full screen puts first.
func (w *walk) suspects(list []engine.Person) {
	if len(list) == 0 {
		return
	}
	var names []string
	for _, p := range list[:min(len(list), mostMatches)] {
		names = append(names, part.Clean(p.Username))
	}
	more := ""
	if n := len(list) - len(names); n > 0 {
		more = fmt.Sprintf(", and %d more", n)
	}
	w.say("Check these first: they are on no team of their own, or were never seen: %s%s.", strings.Join(names, ", "), more)
}

func indexOf(people []engine.Person, username string) int {
	for i, p := range people {
		if p.Username == username {
			return i
		}
	}
	return -1
}

func sentence(p engine.Person) string {
	role := p.Role
	switch {
	case p.Guest:
		role = "guest"
	case p.Invitee:
		role = "invited"
	}
	teams := "on no team"
	if len(p.Teams) > 0 {
		teams = "on " + strings.Join(p.Teams, ", ")
	}
	who := part.Clean(cmp.Or(p.Username, p.Email))
	if p.Name != "" {
		who += ", " + part.Clean(p.Name)
	}
	return who + ", " + part.Clean(role) + " " + closed(teams)
}

// pickOr is like pick but also accepts any other text that is not empty.
func (w *walk) pickOr(ctx context.Context, prompt string, n int) (at int, text string, e guide.Event, err error) {
	for {
		typed, err := w.ask(ctx, prompt)
		if err != nil {
			return 0, "", nil, err
		}
		if k := number(typed); k >= 1 && k <= n {
			return k - 1, "", nil, nil
		}
		e, done, err := w.common(ctx, typed)
		if err != nil || e != nil {
			return 0, "", e, err
		}
		if !done && typed != "" {
			return 0, typed, nil, nil
		}
	}
}
