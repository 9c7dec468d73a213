package plain

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// credential asks for the credential of one system after another. A secret is
// not echoed, and nothing of it is kept here. Back leads to the system before, and
// from the first one out.
func (w *walk) credential(ctx context.Context, ask engine.Question) (guide.Event, error) {
	optional := len(ask.Options) > 0
	for n := 0; n < len(ask.Systems); {
		form := w.formOf(ask.Systems[n])
		w.say("%s", strings.TrimSpace("Sign in: "+part.Clean(form.Title)+". "+part.Clean(form.For)))
		e, skipped, err := w.system(ctx, ask.Systems[n], form, optional)
		if skipped {
			n++
			continue
		}
		if !isBack(e) || n == 0 {
			return e, err
		}
		n--
	}
	if len(ask.Options) == 1 {
		return w.answer(ask, ask.Options[0].Value), nil
	}
	for i, o := range ask.Options {
		w.say("%s", entry(i+1, o.Label, o.Why))
	}
	at, _, e, err := w.pick(ctx, "Your answer:", len(ask.Options))
	if err != nil || e != nil {
		return e, err
	}
	return w.answer(ask, ask.Options[at].Value), nil
}

func (w *walk) formOf(id engine.SystemID) tui.FormHint {
	form, ok := w.Forms[id]
	if !ok || len(form.Ways) == 0 {
		form = tui.FormHint{Title: string(id), Ways: []tui.Way{{Fields: []tui.Field{
			{Is: tui.FieldIdentifier, Label: "Name"}, {Is: tui.FieldSecret, Label: "Secret"},
		}}}}
	}
	return form
}

// system asks for one system, unless it is optional and passed over.
func (w *walk) system(ctx context.Context, id engine.SystemID, form tui.FormHint, optional bool) (e guide.Event, skipped bool, err error) {
	for {
		if optional {
			yes, e, err := w.wanted(ctx)
			if err != nil || e != nil {
				return e, false, err
			}
			if !yes {
				return nil, true, nil
			}
		}
		if e, err = w.form(ctx, id, form); !optional || !isBack(e) {
			return e, false, err
		}
	}
}

// form asks for a way to sign in, and then for its fields. Back leads to the
// question before, and from the first one out.
func (w *walk) form(ctx context.Context, id engine.SystemID, form tui.FormHint) (guide.Event, error) {
	for {
		way := form.Ways[0]
		if len(form.Ways) > 1 {
			for i, x := range form.Ways {
				w.say("%s", entry(i+1, x.Label, x.Why))
			}
			at, _, e, err := w.pick(ctx, "Sign in by:", len(form.Ways))
			if err != nil || e != nil {
				return e, err
			}
			way = form.Ways[at]
		}
		if help := cmp.Or(way.Help, form.Help); help != "" {
			w.say("%s", part.Clean(help))
		}
		if e, err := w.fields(ctx, id, way); len(form.Ways) == 1 || !isBack(e) {
			return e, err
		}
	}
}

func (w *walk) fields(ctx context.Context, id engine.SystemID, way tui.Way) (guide.Event, error) {
	c := way.Base
	c.System = id
	for n := 0; n < len(way.Fields); {
		f := way.Fields[n]
		var typed string
		var e guide.Event
		var err error
		if f.Is == tui.FieldSecret {
			typed, e, err = w.secret(ctx, f)
		} else {
			e, err = w.fill(ctx, f, &typed)
		}
		switch {
		case err == nil && n > 0 && isBack(e):
			n--
			continue
		case err != nil || e != nil:
			return e, err
		}
		f.Fill(&c, typed)
		n++
	}
	return guide.SignedIn{Credential: c}, nil
}

// wanted asks whether to sign in to an optional system.
func (w *walk) wanted(ctx context.Context) (bool, guide.Event, error) {
	for {
		typed, err := w.ask(ctx, "Type yes to sign in, or no to continue without:")
		if err != nil {
			return false, nil, err
		}
		switch typed {
		case "y", "yes":
			return true, nil, nil
		case "n", "no":
			return false, nil, nil
		}
		if e, _, err := w.common(ctx, typed); err != nil || e != nil {
			return false, e, err
		}
	}
}

// fill asks for one field of a form; enter keeps its present value.
func (w *walk) fill(ctx context.Context, f tui.Field, into *string) (guide.Event, error) {
	prompt := part.Clean(f.Label)
	switch {
	case f.Value != "":
		prompt += ", enter for " + part.Visible(f.Value)
	case f.Usual != "":
		prompt += ", enter for the default, " + part.Visible(f.Usual)
	case f.Optional:
		prompt += ", enter for none"
	case f.Placeholder != "":
		prompt += ", for example " + part.Visible(f.Placeholder)
	}
	if f.Hint != "" {
		w.say("%s", part.Clean(f.Hint))
	}
	for {
		typed, err := w.ask(ctx, prompt+":")
		if err != nil {
			return nil, err
		}
		if e, done, err := w.common(ctx, typed); err != nil || e != nil {
			return e, err
		} else if done {
			continue
		}
		if typed = cmp.Or(typed, f.Value); typed != "" || f.Optional {
			*into = typed
			return nil, nil
		}
		w.say("This is needed.")
	}
}

// secret asks for a secret field, without an echo.
func (w *walk) secret(ctx context.Context, f tui.Field) (string, guide.Event, error) {
	if f.Hint != "" {
		w.say("%s", part.Clean(f.Hint))
	}
	for {
		typed, err := w.hidden(ctx, cmp.Or(f.Label, "Secret"))
		if err != nil {
			return "", nil, err
		}
		typed = strings.TrimSpace(typed)
		if e, done, err := w.common(ctx, typed); err != nil || e != nil {
			return "", e, err
		} else if !done && typed != "" {
			return typed, nil, nil
		}
		w.say("This is needed.")
	}
}

// prompted shows a prompt of the effect in flight, and answers it.
func (w *walk) prompted(ctx context.Context, p tui.Pending) error {
	w.say("%s. %s", strings.TrimSuffix(part.Clean(p.Title), "."), part.Clean(p.Text))
	if p.URL != "" {
		w.say("%s", part.Visible(p.URL)) // on a line of its own, to copy
	}
	if p.Code != "" {
		w.say("The code to type there: %s", part.Visible(p.Code))
	}
	if !p.Asks() {
		w.say("Waiting for you. Ctrl+C cancels.")
		return nil
	}
	for i, o := range p.Options {
		w.say("%s", entry(i+1, o.Label, o.Why))
	}
	for {
		typed, err := w.reply(ctx, p)
		switch {
		case err != nil:
			p.Decline()
			return err
		case typed == "":
			w.say("No answer was given.")
			p.Decline()
			return nil
		case len(p.Options) == 0:
			p.Answer(typed)
			return nil
		}
		if n := number(typed); n >= 1 && n <= len(p.Options) {
			p.Answer(strconv.Itoa(n - 1))
			return nil
		}
		w.say("Type a number from 1 to %d, or press enter to cancel.", len(p.Options))
	}
}

func (w *walk) reply(ctx context.Context, p tui.Pending) (string, error) {
	if len(p.Options) > 0 {
		return w.ask(ctx, "Your answer:")
	}
	if !p.Masked {
		return w.ask(ctx, part.Clean(p.Label)+":")
	}
	typed, err := w.hidden(ctx, p.Label)
	return strings.TrimSpace(typed), err
}

// hidden asks for a line that is not echoed.
func (w *walk) hidden(ctx context.Context, label string) (string, error) {
	typed, err := w.in.secret(ctx, w.Interrupts, w.out, part.Clean(label)+", not shown while you type: ")
	w.say("")
	return typed, err
}
