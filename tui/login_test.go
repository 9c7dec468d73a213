package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// desk drives the window of login as driver drives that of the walk.
type desk struct {
	pump
	m *login
}

func atDesk(t *testing.T, o LoginOptions, test func(*testing.T, *desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o.Explain = func(err error) engine.Problem {
			return engine.Problem{Title: "The credential was not accepted", Detail: err.Error(), Advice: "Sign in again."}
		}
		if o.Prompts != nil {
			*o.Prompts = *NewPrompts() // of this bubble
		}
		d := &desk{m: newLogin(t.Context(), o)}
		defer func() {
			d.m.cancel()
			<-time.After(lastTicks)
		}()
		d.start(d.m)
		test(t, d)
	})
}

func (d *desk) shot(size ...int) string {
	if len(size) == 2 {
		d.m.width, d.m.height = size[0], size[1]
	}
	return ansi.Strip(d.m.View().Content) + "\n"
}

func profileOf(context.Context, string) (LoginProfile, error) {
	return LoginProfile{
		Org: "acme", Forms: hints(),
		Systems: []engine.System{
			{ID: engine.SystemHub, Title: "Docker Hub", Required: true}, {ID: engine.SystemSCIM, Title: "Docker SCIM"}, {ID: engine.SystemOkta, Title: "Okta"},
		},
	}, nil
}

func accepts(_ context.Context, c engine.Credential) (SignedIn, error) {
	if c.Secret.Reveal() == "wrong-canary" {
		return SignedIn{}, errors.New("401")
	}
	return SignedIn{
		System: c.System, Title: hints()[c.System].Title, Who: c.Identifier, Note: "The scopes are those of the access token.", Kept: `Kept in the keyring as "acme · Docker Hub", in profile acme.`,
		Rights: []engine.Right{
			{Capability: "read members", For: "everything", Granted: engine.Granted, How: "scope-member-read"},
			{Capability: "read the audit log", For: "seeing the JIT switch", Granted: engine.Denied, How: "scope-activity-read", Detail: "The credential may not do this (403)"},
			{Capability: "change and remove members", For: "re-provisioning", Granted: engine.NotTried, How: "scope-member-edit"},
		},
	}, nil
}

func TestLoginAsksForTheOrganizationThenForEachSystem(t *testing.T) {
	var opened []string
	begin := func(ctx context.Context, org string) (LoginProfile, error) {
		opened = append(opened, org)
		return profileOf(ctx, org)
	}
	atDesk(t, LoginOptions{Title: "reprovision · sign in", AskOrg: true, Begin: begin, SignIn: accepts}, func(t *testing.T, d *desk) {
		d.press("enter")
		require.Empty(t, opened, "a name is needed")
		d.text("acme")
		d.press("enter")
		require.Equal(t, []string{"acme"}, opened)
		require.Contains(t, d.shot(), "❯ Docker Hub")
		d.press("enter")
		require.Contains(t, d.shot(), "Organization access token")

		d.take(tea.PasteMsg{Content: "wrong-\r\ncanary\n"})
		require.NotContains(t, d.shot(), "canary")
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", d.m.form, d.m.form, d.m.form), "canary")
		d.press("enter")
		require.Contains(t, d.shot(), "The credential was not accepted")
		require.Contains(t, d.shot(), "acme", "what was typed is still there, but for the secret")
		require.NotContains(t, d.shot(), "•")
		d.text("oat")
		d.press("enter")
		require.Contains(t, d.shot(), "Signed in to Docker Hub as acme")
		require.Contains(t, d.shot(), "scope-activity-read")
		require.Contains(t, d.shot(), "Kept in the keyring")
		d.press("enter")
		require.Contains(t, d.shot(), "signed in as acme")
		require.Contains(t, d.shot(), "❯ Docker SCIM")
		d.press("up", "up", "enter") // Done is the last
		require.True(t, d.quit)
		require.Len(t, d.m.done, 1)
	})
}

func TestLoginOffersEveryWayAndAnAttemptCanBeGivenUp(t *testing.T) {
	var tried engine.Credential
	signIn := func(ctx context.Context, c engine.Credential) (SignedIn, error) {
		tried = c
		<-ctx.Done()
		return SignedIn{}, ctx.Err()
	}
	atDesk(t, LoginOptions{Title: "x", Org: "acme", Only: engine.SystemOkta, Begin: profileOf, SignIn: signIn}, func(t *testing.T, d *desk) {
		d.press("tab", "tab", "tab", "tab", "enter")
		require.Contains(t, d.shot(), "How do you sign in to Okta?")
		require.Contains(t, d.shot(), "❯ the browser")
		d.press("esc")
		require.Contains(t, d.shot(), "API token")
		d.press("enter", "enter")
		d.text("https://acme.okta.com")
		d.press("enter")
		d.text("0oa")
		d.press("enter", "enter")
		require.Contains(t, d.shot(), "Checking the credential")
		require.Equal(t, engine.MethodBrowser, tried.Method)
		require.Equal(t, "0oa", tried.Client.ID)
		d.press("esc")
		require.Contains(t, d.shot(), "You cancelled")
		require.Contains(t, d.shot(), "https://acme.okta.com")
		d.press("esc")
		require.True(t, d.quit)
		require.Empty(t, d.m.done)
	})
}

func TestLoginTriesAtOnceWhatLeavesNothingToSay(t *testing.T) {
	begin := func(ctx context.Context, org string) (LoginProfile, error) {
		p, err := profileOf(ctx, org)
		p.Forms[engine.SystemHub] = FormHint{Title: "Docker Hub", Ways: []Way{{Base: engine.Credential{Method: engine.MethodDockerLogin}}}}
		return p, err
	}
	atDesk(t, LoginOptions{Title: "x", Org: "acme", Only: engine.SystemHub, Begin: begin, SignIn: accepts}, func(t *testing.T, d *desk) {
		require.Contains(t, d.shot(), "Signed in to Docker Hub")
		d.press("enter")
		require.True(t, d.quit)
	})
}

func TestLoginAsksWhatAnAttemptWantsToKnow(t *testing.T) {
	prompts := NewPrompts()
	var answers []string
	signIn := func(ctx context.Context, c engine.Credential) (SignedIn, error) {
		prompts.Tell(ctx, Prompt{Title: "Sign in in the browser", Text: "Open this address.", URL: "https://acme.okta.com/oauth2/v1/authorize?state=1"})
		for _, q := range []Prompt{
			{Title: "A second factor", Label: "Code", Masked: true},
			{Title: "Where should it be kept?", Options: []PromptOption{{Label: "in a file"}, {Label: "nowhere"}}},
			{Title: "One more", Label: "Name"},
		} {
			answer, err := prompts.Ask(ctx, q)
			if errors.Is(err, ErrDeclined) {
				answer = "declined"
			}
			answers = append(answers, answer)
		}
		return accepts(ctx, c)
	}
	begin := func(ctx context.Context, org string) (LoginProfile, error) {
		p, err := profileOf(ctx, org)
		p.Forms[engine.SystemHub] = FormHint{Title: "Docker Hub", Ways: []Way{{}}}
		return p, err
	}
	atDesk(t, LoginOptions{Title: "x", Org: "acme", Only: engine.SystemHub, Begin: begin, SignIn: signIn, Prompts: prompts}, func(t *testing.T, d *desk) {
		require.Contains(t, d.shot(), "A second factor")
		d.press("enter")
		require.Contains(t, d.shot(), "This is needed")
		d.text("123456")
		require.NotContains(t, d.shot(), "123456")
		d.press("enter")
		require.Contains(t, d.shot(), "❯ in a file")
		d.press("down", "enter")
		d.press("esc")
		require.Contains(t, d.shot(), "Signed in to Docker Hub")
		require.Equal(t, []string{"123456", "1", "declined"}, answers)
	})
}

func TestLoginFitsEverySize(t *testing.T) {
	for _, size := range sizes {
		t.Run(fmt.Sprintf("%dx%d", size.w, size.h), func(t *testing.T) {
			atDesk(t, LoginOptions{Title: "reprovision · sign in", Org: "acme", Begin: profileOf, SignIn: accepts}, func(t *testing.T, d *desk) {
				shots := d.shot(size.w, size.h)
				d.press("enter")
				shots += d.shot()
				d.press("tab", "tab", "enter") // another way
				shots += d.shot()
				d.press("esc")
				d.press("up", "up") // to the token again
				d.text("oat")
				d.press("enter")
				shots += d.shot()
				golden.RequireEqual(t, shots)
			})
		})
	}
}

// A terminal that was closed must not leave a process, whatever is under way.
func TestASignalEndsTheSignInWhateverIsUnderWay(t *testing.T) {
	waits := func(ctx context.Context, _ engine.Credential) (SignedIn, error) {
		<-ctx.Done()
		return SignedIn{}, ctx.Err()
	}
	atDesk(t, LoginOptions{Title: "reprovision · sign in", Org: "acme", Begin: profileOf, SignIn: waits}, func(t *testing.T, d *desk) {
		d.press("enter")
		d.text("a-canary")
		d.press("enter")
		require.Equal(t, stageTrying, d.m.stage)
		d.take(interruptMsg{})
		d.settle()
		require.True(t, d.quit)
	})
}

func TestWhatWentWrongCanBeReadOnASmallScreen(t *testing.T) {
	atDesk(t, LoginOptions{Title: "x", Org: "acme", Only: engine.SystemHub, Begin: profileOf, SignIn: accepts}, func(t *testing.T, d *desk) {
		d.text("wrong-canary")
		d.press("enter")
		require.Contains(t, d.shot(40, 12), "The credential was not accepted")
		require.NotContains(t, d.shot(), "Sign in again")
		d.press("pgdown")
		require.Contains(t, d.shot(), "Sign in again")
		d.press("pgup")
		require.Contains(t, d.shot(), "The credential was not accepted")
		d.text("a b")
		require.Contains(t, d.shot(), "•••", "a space is typed")
	})
}

func TestALongSecretIsTakenWhole(t *testing.T) {
	long := strings.Repeat("x", 20_000)
	var got string
	signIn := func(ctx context.Context, c engine.Credential) (SignedIn, error) {
		got = c.Secret.Reveal()
		return accepts(ctx, c)
	}
	atDesk(t, LoginOptions{Title: "x", Org: "acme", Only: engine.SystemHub, Begin: profileOf, SignIn: signIn}, func(t *testing.T, d *desk) {
		d.take(tea.PasteMsg{Content: long})
		d.press("enter")
		require.Contains(t, d.shot(), "Signed in to Docker Hub")
		require.Len(t, got, len(long))
	})
}
