package plain

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui"
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
	return nil, fmt.Errorf("%s is a question of a kind that cannot be asked: %s", ask.ID, ask.Kind)
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
		if e, done, err := w.common(typed); err != nil || e != nil {
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
		if e, done, err := w.common(typed); err != nil || e != nil {
			return e, err
		} else if !done {
			w.say("That is not it.")
		}
	}
}

// mostMatches is how many people are read out at once.
const mostMatches = 12

// member takes a username, or words that narrow the list down to a few.
func (w *walk) member(ctx context.Context, ask engine.Question) (guide.Event, error) {
	people := w.state.Case.Roster
	w.say("There are %d people. Type a username, or a part of a name, an address, a role or a team.", len(people))
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
		if len(found) > mostMatches {
			w.say("These are the first %d; type more to narrow it down.", mostMatches)
			found = found[:mostMatches]
		}
		for i, p := range found {
			if why[p.Username] != "" {
				w.say("%d: %s To look at first: %s.", i+1, sentence(p), why[p.Username])
				continue
			}
			w.say("%d: %s", i+1, sentence(p))
		}
	}
}

// suspects reads out those whom the full screen puts first.
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
	w.say("Look first at those on no team of their own, or never seen: %s%s.", strings.Join(names, ", "), more)
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
	who := part.Clean(orElse(p.Username, p.Email))
	if p.Name != "" {
		who += ", " + part.Clean(p.Name)
	}
	return who + ", " + part.Clean(role) + " " + closed(teams)
}

// pickOr is pick that takes any other text as well, which is never empty.
func (w *walk) pickOr(ctx context.Context, prompt string, n int) (at int, text string, e guide.Event, err error) {
	for {
		typed, err := w.ask(ctx, prompt)
		if err != nil {
			return 0, "", nil, err
		}
		if k := number(typed); k >= 1 && k <= n {
			return k - 1, "", nil, nil
		}
		e, done, err := w.common(typed)
		if err != nil || e != nil {
			return 0, "", e, err
		}
		if !done && typed != "" {
			return 0, typed, nil, nil
		}
	}
}

// credential asks for what signs in to one system after the other. A secret is
// not echoed, and nothing of it is kept here.
func (w *walk) credential(ctx context.Context, ask engine.Question) (guide.Event, error) {
	for _, id := range ask.Systems {
		form, ok := w.Forms[id]
		if !ok {
			form = tui.FormHint{Title: string(id), Identifier: tui.Field{Label: "Name"}, Secret: tui.Field{Label: "Secret"}}
		}
		w.say("Sign in: %s. %s", part.Clean(form.Title), part.Clean(form.Help))
		if len(ask.Options) > 0 {
			yes, e, err := w.wanted(ctx)
			if err != nil || e != nil {
				return e, err
			}
			if !yes {
				continue
			}
		}
		c := engine.Credential{System: id, Host: form.Host.Value, Identifier: form.Identifier.Value}
		for _, f := range []struct {
			tui.Field
			into *string
		}{{form.Host, &c.Host}, {form.Identifier, &c.Identifier}} {
			if e, err := w.fill(ctx, f.Field, f.into); err != nil || e != nil {
				return e, err
			}
		}
		secret, e, err := w.secret(ctx, form.Secret)
		if err != nil || e != nil {
			return e, err
		}
		c.Secret = engine.NewSecret(secret)
		return guide.SignedIn{Credential: c}, nil
	}
	return w.answer(ask, ask.Options[0].Value), nil
}

// wanted asks whether to sign in where that is optional.
func (w *walk) wanted(ctx context.Context) (bool, guide.Event, error) {
	for {
		typed, err := w.ask(ctx, "Type yes to sign in, no to go on without:")
		if err != nil {
			return false, nil, err
		}
		switch typed {
		case "y", "yes":
			return true, nil, nil
		case "n", "no":
			return false, nil, nil
		}
		if e, _, err := w.common(typed); err != nil || e != nil {
			return false, e, err
		}
	}
}

// fill asks for one line of a form; enter takes what stands there already.
func (w *walk) fill(ctx context.Context, f tui.Field, into *string) (guide.Event, error) {
	if f.Label == "" {
		return nil, nil
	}
	prompt := part.Clean(f.Label)
	if f.Value != "" {
		prompt += ", enter for " + part.Visible(f.Value)
	} else if f.Placeholder != "" {
		prompt += ", for example " + part.Visible(f.Placeholder)
	}
	for {
		typed, err := w.ask(ctx, prompt+":")
		if err != nil {
			return nil, err
		}
		if e, done, err := w.common(typed); err != nil || e != nil {
			return e, err
		} else if done {
			continue
		}
		if typed = orElse(typed, f.Value); typed != "" {
			*into = typed
			return nil, nil
		}
		w.say("This is needed.")
	}
}

// secret asks for what is not echoed.
func (w *walk) secret(ctx context.Context, f tui.Field) (string, guide.Event, error) {
	if f.Hint != "" {
		w.say("%s", part.Clean(f.Hint))
	}
	for {
		_, _ = fmt.Fprint(w.out, part.Clean(orElse(f.Label, "Secret"))+", not shown while you type: ")
		typed, err := w.in.secret(ctx, w.Interrupts)
		w.say("")
		if err != nil {
			return "", nil, err
		}
		typed = strings.TrimSpace(typed)
		if e, done, err := w.common(typed); err != nil || e != nil {
			return "", e, err
		} else if !done && typed != "" {
			return typed, nil, nil
		}
		w.say("This is needed.")
	}
}
