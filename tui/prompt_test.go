package tui

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// asker is a doer whose sign-in asks the person at the window.
type asker struct {
	*scripted
	prompts *Prompts
	ask     func(context.Context, *Prompts) error
}

func (a *asker) Do(ctx context.Context, f guide.Effect, report func(engine.Progress)) guide.Event {
	if c, ok := f.(guide.Connect); ok {
		if err := a.ask(ctx, a.prompts); err != nil {
			return guide.Failed{Seq: c.Seq, Problem: engine.Problem{Title: "This did not work", Detail: err.Error()}}
		}
	}
	return a.scripted.Do(ctx, f, report)
}

func asking(t *testing.T, ask func(context.Context, *Prompts) error, test func(*testing.T, *driver)) {
	t.Helper()
	world := priya()
	world.Session = systems(false)
	a := &asker{scripted: newScripted(world), ask: ask}
	o := options(a, fresh())
	o.Prompts = &Prompts{}
	a.prompts = o.Prompts
	drive(t, o, func(t *testing.T, w *driver) {
		w.text("oat")
		w.press("enter")
		w.after(time.Second)
		test(t, w)
	})
}

func TestASignInAsksInTheMiddleAndGoesOn(t *testing.T) {
	var code string
	asking(t, func(ctx context.Context, p *Prompts) (err error) {
		code, err = p.Ask(ctx, Prompt{Title: "Docker Hub asks for a second factor", Label: "Code", Masked: true})
		return err
	}, func(t *testing.T, w *driver) {
		require.Contains(t, shot(w.m), "Docker Hub asks for a second factor")
		w.text("123456")
		require.NotContains(t, shot(w.m), "123456")
		w.press("enter")
		w.after(time.Second)
		require.Equal(t, "123456", code)
		require.Contains(t, shot(w.m), "SCIM token", "the next system")
	})
}

func TestWhoDoesNotAnswerIsBackAtTheForm(t *testing.T) {
	asking(t, func(ctx context.Context, p *Prompts) error {
		_, err := p.Ask(ctx, Prompt{Title: "Where should it be kept?", Options: []PromptOption{{Label: "in a file"}}})
		require.ErrorIs(t, err, ErrDeclined)
		return err
	}, func(t *testing.T, w *driver) {
		w.press("esc")
		w.after(time.Second)
		require.Contains(t, shot(w.m), "no answer was given")
		require.Contains(t, shot(w.m), "Organization access token")
	})
}

func TestTheAddressOfASignInIsShownOpenedAndCopied(t *testing.T) {
	const address = "https://acme.okta.com/oauth2/v1/authorize?client_id=0oa"
	gone := errors.New("not yet")
	asking(t, func(ctx context.Context, p *Prompts) error {
		p.Tell(ctx, Prompt{Title: "Sign in to Okta in the browser", URL: address, Code: "ABCD-EFGH"})
		<-ctx.Done()
		gone = ctx.Err()
		return gone
	}, func(t *testing.T, w *driver) {
		require.Contains(t, shot(w.m), address)
		require.Contains(t, shot(w.m), "ABCD-EFGH")
		var opened string
		w.m.opts.Open = func(url string) error { opened = url; return nil }
		w.press("o")
		require.Equal(t, address, opened)
		w.press("y")
		require.Contains(t, shot(w.m), "Copied to the clipboard")
		w.press("esc")
		w.after(time.Second)
		require.ErrorIs(t, gone, context.Canceled)
		require.Contains(t, shot(w.m), "Cancelled")
	})
}
