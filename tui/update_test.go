package tui

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

func TestADestructivePlanRunsOnlyWhenTheNameIsTyped(t *testing.T) {
	d := newScripted(priya())
	drive(t, options(d, fresh()), func(t *testing.T, w *driver) {
		w.show(find(t, "approve-remove"))
		w.after(grace)
		w.press("enter")
		w.text("priya")
		w.press("enter")
		require.Equal(t, guide.PhaseApproving, w.m.State().Phase)
		require.Contains(t, shot(w.m), "That does not match")
		w.text("-nair")
		w.press("enter")
		require.Equal(t, 1, saw[guide.Execute](d))
	})
}

func TestPasteNeverConfirms(t *testing.T) {
	d := newScripted(priya())
	drive(t, options(d, fresh()), func(t *testing.T, w *driver) {
		for _, name := range []string{"approve-remove", "approve-console"} {
			w.show(find(t, name))
			w.after(grace)
			for _, text := range []string{"priya-nair", "priya-nair\n", "\r", "y\n"} {
				w.take(tea.PasteMsg{Content: text})
				w.settle()
			}
			w.press("enter")
			require.Zero(t, saw[guide.Execute](d), name)
		}
	})
}

func TestPasteIsNotTheExactWordsEither(t *testing.T) {
	drive(t, options(newScripted(priya()), fresh()), func(t *testing.T, w *driver) {
		w.show(find(t, "ask-words"))
		w.take(tea.PasteMsg{Content: engine.RacePhrase})
		w.press("enter")
		require.Equal(t, guide.StepAcceptRace, w.m.State().Step)
		w.text(engine.RacePhrase)
		w.press("enter")
		require.Equal(t, guide.StepSnapshot, w.m.State().Step)
	})
}

func TestKeysMeantForTheScreenBeforeDoNotConfirm(t *testing.T) {
	d := newScripted(priya())
	drive(t, options(d, fresh()), func(t *testing.T, w *driver) {
		w.show(find(t, "approve-request"))
		w.press("right", "enter", "enter")
		w.after(grace - 50*time.Millisecond)
		w.press("right", "enter")
		require.Zero(t, saw[guide.Execute](d))
		require.Contains(t, shot(w.m), "one moment")
		w.after(100 * time.Millisecond)
		require.NotContains(t, shot(w.m), "one moment")
		w.press("right", "enter")
		require.Equal(t, 1, saw[guide.Execute](d))
	})
}

func TestThePlainConfirmationStandsOnNo(t *testing.T) {
	d := newScripted(priya())
	drive(t, options(d, fresh()), func(t *testing.T, w *driver) {
		w.show(find(t, "approve-request"))
		w.after(grace)
		w.press("enter")
		require.Zero(t, saw[guide.Execute](d))
		require.NotEqual(t, guide.PhaseApproving, w.m.State().Phase)
	})
}

func TestADryRunAsksForNothingAndSendsNothing(t *testing.T) {
	d := newScripted(priya())
	drive(t, options(d, fresh()), func(t *testing.T, w *driver) {
		w.show(find(t, "approve-dry"))
		require.Contains(t, shot(w.m), "nothing will be sent")
		require.Contains(t, shot(w.m), "DRY RUN")
		w.after(grace)
		w.press("enter")
		require.Zero(t, saw[guide.Execute](d))
		require.Equal(t, guide.PhaseSettled, w.m.State().Phase)
		require.Contains(t, shot(w.m), "previewed only")
	})
}

func TestALateAnswerIsDropped(t *testing.T) {
	drive(t, options(newScripted(priya()), fresh()), func(t *testing.T, w *driver) {
		x := find(t, "ask-choice")
		w.show(x)
		w.press("down")
		before := shot(w.m)
		other := jordan()
		w.take(eventMsg{guide.Observed{Seq: x.state.Seq, Case: other}})
		w.take(eventMsg{guide.Failed{Seq: x.state.Seq - 1, Problem: engine.Problem{Title: "late"}}})
		w.take(progressMsg{feed: newFeed(), news: []engine.Progress{{Text: "late"}}})
		w.settle()
		require.Equal(t, before, shot(w.m))
		require.Equal(t, "priya-nair", w.m.State().Case.Username)
	})
}

func TestGoingBackEndsTheReadInFlight(t *testing.T) {
	d := newScripted(priya())
	var ended error
	d.pause = func(ctx context.Context) {
		<-ctx.Done()
		ended = ctx.Err()
	}
	drive(t, options(d, engine.Case{Org: "acme", Session: systems(true)}), func(t *testing.T, w *driver) {
		require.Equal(t, guide.PhaseObserving, w.m.State().Phase)
		w.press("esc")
		require.ErrorIs(t, ended, context.Canceled)
		require.Equal(t, guide.PhaseFailed, w.m.State().Phase)
		require.Contains(t, shot(w.m), "Cancelled")
	})
}

// held begins a change that stays in flight until it is let go.
func (d *driver) held(t *testing.T, s *scripted) (let func()) {
	t.Helper()
	gate := make(chan struct{})
	s.pause = func(ctx context.Context) {
		select {
		case <-gate:
		case <-ctx.Done():
		}
	}
	d.show(find(t, "approve-request"))
	d.after(grace)
	d.press("right", "enter")
	return func() { close(gate) }
}

func TestTheFirstCtrlCStopsTheRunAndTheSecondLeaves(t *testing.T) {
	d := newScripted(priya())
	drive(t, options(d, fresh()), func(t *testing.T, w *driver) {
		let := w.held(t, d)
		require.Equal(t, guide.PhaseRunning, w.m.State().Phase)
		w.press("ctrl+c")
		require.Equal(t, 1, d.halts)
		require.True(t, w.m.State().Stopping)
		require.False(t, w.quit)
		require.Contains(t, shot(w.m), "Stopping after the change in flight")
		require.False(t, w.m.cut)
		w.press("ctrl+c")
		require.True(t, w.quit)
		require.True(t, w.m.cut, "nobody waits for the change")
		require.Equal(t, tea.ProgramStateIdle, w.m.View().ProgramStatus.State)
		let()
	})
}

func TestASignalCountsAsCtrlC(t *testing.T) {
	o := options(newScripted(priya()), fresh())
	drive(t, o, func(t *testing.T, w *driver) {
		w.take(interruptMsg{})
		w.settle()
		require.True(t, w.quit)
	})
}

func TestSignalsArriveThroughTheirChannel(t *testing.T) {
	d := newScripted(priya())
	o := options(d, fresh())
	signals := make(chan struct{}, 1)
	signals <- struct{}{}
	m := New(o)
	m.opts.Interrupts = signals
	require.Equal(t, interruptMsg{}, nextSignal(m.ctx, m.opts.Interrupts)())
}

// A terminal that was closed must not leave a process that waits for an answer.
func TestASignalAsksNothing(t *testing.T) {
	drive(t, options(newScripted(priya()), fresh()), func(t *testing.T, w *driver) {
		w.show(find(t, "settled"))
		w.take(interruptMsg{})
		w.settle()
		require.True(t, w.quit)
	})
}

func TestASignalEndsTheWalkAfterTheChangeInFlight(t *testing.T) {
	d := newScripted(priya())
	drive(t, options(d, fresh()), func(t *testing.T, w *driver) {
		let := w.held(t, d)
		w.take(interruptMsg{})
		w.settle()
		require.True(t, w.m.State().Stopping)
		require.False(t, w.quit)
		let()
		w.settle()
		for w.m.changing() { // what was done is looked for
			w.after(time.Second)
		}
		require.True(t, w.quit)
	})
}

func TestCtrlCGivesUpAReadBeforeItLeaves(t *testing.T) {
	d := newScripted(priya())
	d.pause = func(ctx context.Context) { <-ctx.Done() }
	drive(t, options(d, engine.Case{Org: "acme", Session: systems(true)}), func(t *testing.T, w *driver) {
		w.press("ctrl+c")
		require.False(t, w.quit)
		require.Equal(t, guide.PhaseFailed, w.m.State().Phase)
		w.press("ctrl+c")
		require.True(t, w.quit)
	})
}

func TestQuittingHalfDoneAsksFirst(t *testing.T) {
	drive(t, options(newScripted(priya()), fresh()), func(t *testing.T, w *driver) {
		w.show(find(t, "settled"))
		w.press("q")
		require.False(t, w.quit)
		require.Contains(t, shot(w.m), "Leave?")
		w.press("enter") // stands on staying
		require.False(t, w.quit)
		w.press("q", "down", "enter")
		require.True(t, w.quit)
	})
}

// The run stays open at its report while something that was taken is still to be given
// back: nobody leaves it without hearing so.
func TestQuittingTheReportWhileSomethingIsOwedAsksFirst(t *testing.T) {
	drive(t, options(newScripted(priya()), fresh()), func(t *testing.T, w *driver) {
		x := find(t, "report")
		p := engine.Plan{Action: engine.ActionPush, Changes: []engine.Change{{ID: "leave:1"}, {ID: "join:1", Restores: "leave:1"}}}
		owes := x.state.Case.WithUnfinished(p).WithReceipts(engine.Receipt{Action: p.Action, Plan: p.Digest(), Change: "leave:1"})
		require.NotEmpty(t, owes.HalfWay())
		x.state.Case = owes
		w.show(x)
		w.press("q")
		require.False(t, w.quit)
		require.Contains(t, shot(w.m), "Leave?")
	})
}

func TestQuittingARunCanStopItInstead(t *testing.T) {
	d := newScripted(priya())
	drive(t, options(d, fresh()), func(t *testing.T, w *driver) {
		w.show(find(t, "running-copy"))
		w.press("q", "down", "enter")
		require.False(t, w.quit)
		require.Equal(t, 1, d.halts)
		require.True(t, w.m.State().Stopping)
	})
}

func TestLettersGoIntoAnInput(t *testing.T) {
	drive(t, options(newScripted(priya()), fresh()), func(t *testing.T, w *driver) {
		w.show(find(t, "ask-text"))
		w.text("q?ow d")
		require.False(t, w.quit)
		require.Contains(t, shot(w.m), "q?ow d")
	})
}

func TestEscClearsTheFilterBeforeItGoesBack(t *testing.T) {
	drive(t, options(newScripted(priya()), fresh()), func(t *testing.T, w *driver) {
		w.show(find(t, "member"))
		w.text("okaf")
		require.Contains(t, shot(w.m), "1 of 33")
		w.press("esc")
		require.Contains(t, shot(w.m), "33 of 33")
		require.Equal(t, guide.StepMember, w.m.State().Step)
	})
}

func TestAnInviteeCannotBeChosen(t *testing.T) {
	drive(t, options(newScripted(priya()), fresh()), func(t *testing.T, w *driver) {
		w.show(find(t, "member"))
		w.text("newhire")
		w.press("enter")
		require.Equal(t, guide.StepMember, w.m.State().Step)
		require.Contains(t, shot(w.m), "have not joined yet")
	})
}

func TestSystemsAreSignedInToOneAfterTheOther(t *testing.T) {
	world := priya()
	world.Session = systems(false)
	d := newScripted(world)
	drive(t, options(d, fresh()), func(t *testing.T, w *driver) {
		require.Contains(t, shot(w.m), "Organization access token")
		w.press("enter")
		require.Contains(t, shot(w.m), "this is needed")
		w.take(tea.PasteMsg{Content: "oat-canary\n"})
		require.NotContains(t, shot(w.m), "oat-canary")
		w.press("enter")
		w.after(time.Second)
		require.Contains(t, shot(w.m), "SCIM token")
		w.press("tab", "tab", "enter") // skip this one
		require.Contains(t, shot(w.m), "Label of the application")
		w.press("tab", "tab", "tab", "tab", "tab", "enter") // go on without
		w.after(time.Second)
		require.Equal(t, guide.StepMember, w.m.State().Step)
		first, ok := d.seen()[1].(guide.Connect)
		require.True(t, ok)
		require.Equal(t, "oat-canary", first.Credential.Secret.Reveal())
		require.Equal(t, "acme", first.Credential.Identifier)
	})
}

func TestNoSecretIsPrintedWithTheModel(t *testing.T) {
	world := priya()
	world.Session = systems(false)
	drive(t, options(newScripted(world), fresh()), func(t *testing.T, w *driver) {
		w.text("oat-canary")
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			require.NotContains(t, fmt.Sprintf(verb, w.m.screen), "canary")
		}
	})
}

func TestAFailureOffersSignInWhereThatMayCureIt(t *testing.T) {
	drive(t, options(newScripted(priya()), fresh()), func(t *testing.T, w *driver) {
		w.show(find(t, "failed"))
		w.press("enter")
		ask := w.m.State().Verdict.Ask
		require.NotNil(t, ask)
		require.Equal(t, engine.AnswerCredential, ask.Kind)
	})
}

func TestOpenShowsTheAddressWhereThereIsNoBrowser(t *testing.T) {
	o := options(newScripted(priya()), fresh())
	var opened string
	o.Open = func(url string) error {
		opened = url
		return errors.New("no browser")
	}
	drive(t, o, func(t *testing.T, w *driver) {
		w.show(find(t, "running-console"))
		w.press("o")
		require.Equal(t, "https://app.docker.com/accounts/acme/admin-console/sso", opened)
		require.Contains(t, shot(w.m), "Could not open a browser")
		w.show(find(t, "diagnose"))
		w.press("o")
		require.Contains(t, opened, "troubleshoot-provisioning")
	})
}

func TestAssistIsOfferedForClicksOnlyAndNeverInADryRun(t *testing.T) {
	o := options(newScripted(priya()), fresh())
	clicks := 0
	o.Assist = func(context.Context, engine.Case, engine.Change) error {
		clicks++
		return nil
	}
	o.AssistHint = "let the demo click"
	drive(t, o, func(t *testing.T, w *driver) {
		w.show(find(t, "running-copy"))
		require.NotContains(t, shot(w.m), "let the demo click")
		w.press("s")
		dry := find(t, "running-console")
		dry.state.Case.DryRun = true
		w.show(dry)
		require.NotContains(t, shot(w.m), "let the demo click")
		w.press("s")
		require.Zero(t, clicks)
		w.show(find(t, "running-console"))
		require.Contains(t, shot(w.m), "let the demo click")
		w.press("s")
		require.Equal(t, 1, clicks)
	})
}

func TestDoneWithTheClicksEndsTheWatch(t *testing.T) {
	d := newScripted(priya())
	drive(t, options(d, fresh()), func(t *testing.T, w *driver) {
		w.show(find(t, "approve-console"))
		w.after(grace)
		w.press("right", "enter")
		require.Equal(t, guide.PhaseRunning, w.m.State().Phase)
		w.press("d")
		w.after(time.Second)
		require.Equal(t, 1, d.halts)
		require.Equal(t, guide.PhaseSettled, w.m.State().Phase)
	})
}

func TestTheReportIsSavedAndItsPathShown(t *testing.T) {
	drive(t, options(newScripted(priya()), fresh()), func(t *testing.T, w *driver) {
		w.show(find(t, "report"))
		w.press("w")
		require.Contains(t, shot(w.m), "saved: /home/alex/reprovision-report-acme-priya-nair.md")
		w.press("enter")
		require.Equal(t, guide.PhaseDone, w.m.State().Phase)
		require.True(t, w.quit)
		require.Equal(t, tea.ProgramStateDone, w.m.View().ProgramStatus.State)
	})
}

func TestProgressComesAtMostTenTimesASecond(t *testing.T) {
	d := newScripted(priya())
	frames := 0
	d.pause = func(context.Context) { <-time.After(time.Millisecond) }
	drive(t, options(d, fresh()), func(t *testing.T, w *driver) {
		w.show(find(t, "approve-copy"))
		w.after(grace)
		w.take(press("right"))
		w.take(press("enter"))
		for range 400 {
			<-time.After(time.Millisecond)
			for done := false; !done; {
				select {
				case msg := <-w.msgs:
					if _, ok := msg.(progressMsg); ok {
						frames++
					}
					w.take(msg)
				default:
					done = true
				}
			}
		}
		require.NotZero(t, frames)
		require.LessOrEqual(t, frames, 6) // in four tenths of a second
	})
}

func TestTheTerminalsOwnBarFollowsACopy(t *testing.T) {
	m := showing(find(t, "running-copy"), 80, 24)
	require.Equal(t, 31, m.View().ProgressBar.Value)
	m = showing(find(t, "diagnose"), 80, 24)
	require.Nil(t, m.View().ProgressBar)
	require.Equal(t, tea.ProgramStateBlocked, m.View().ProgramStatus.State)
}

func TestReducedMotionMovesNothing(t *testing.T) {
	o := options(newScripted(priya()), engine.Case{Org: "acme", Session: systems(true)})
	o.ReducedMotion = true
	d := newScripted(priya())
	d.pause = func(ctx context.Context) { <-ctx.Done() }
	o.Doer = d
	drive(t, o, func(t *testing.T, w *driver) {
		before := shot(w.m)
		w.after(900 * time.Millisecond)
		require.Equal(t, before, shot(w.m))
	})
}

func TestTheBackgroundRestyles(t *testing.T) {
	m := showing(find(t, "diagnose"), 80, 24)
	before := m.View().Content
	m.Update(tea.BackgroundColorMsg{Color: color.White})
	require.NotEqual(t, before, m.View().Content)
	require.Equal(t, ansi.Strip(before), ansi.Strip(m.View().Content))
	m.Update(tea.BackgroundColorMsg{Color: color.Black})
	require.Equal(t, before, m.View().Content)
}

func TestADisabledChoiceCanBeReadButNotTaken(t *testing.T) {
	drive(t, options(newScripted(priya()), fresh()), func(t *testing.T, w *driver) {
		w.show(find(t, "blocked"))
		w.press("up", "enter")
		require.Equal(t, guide.PhaseDeciding, w.m.State().Phase)
		require.Contains(t, shot(w.m), "cannot be taken:")
	})
}

func TestArmedIsForOnePlanOnly(t *testing.T) {
	x := find(t, "approve-request")
	m := showing(x, 80, 24)
	m.Update(screen.Armed{Seq: x.state.Seq - 1})
	require.Contains(t, shot(m), "one moment")
}

// Esc is one step back on every form and every question, not one step of the guide.
func TestEscGoesOneStepBack(t *testing.T) {
	t.Run("from the member's token to the question", func(t *testing.T) {
		c := observed(priya())
		c.Repositories.PrivateVisible = false
		d := newScripted(c)
		drive(t, options(d, fresh()), func(t *testing.T, w *driver) {
			w.show(stop{name: "private", state: standing(guide.StepHandOver, guide.PhaseDeciding, c)})
			require.Contains(t, shot(w.m), "How do you want to go on?")
			w.press("enter")
			require.Equal(t, engine.AskMemberToken, w.m.State().Verdict.Ask.ID)
			w.text("half a token")
			w.press("esc")
			require.Equal(t, guide.StepHandOver, w.m.State().Step)
			require.Contains(t, shot(w.m), "How do you want to go on?")
			require.Zero(t, saw[guide.Connect](d))
		})
	})
	t.Run("from a system to the one that was skipped", func(t *testing.T) {
		c := fresh()
		c.Session = systems(false)
		c.Session.Systems[0].OK = true
		drive(t, options(newScripted(priya()), fresh()), func(t *testing.T, w *driver) {
			w.show(stop{name: "sign-in", state: standing(guide.StepSignIn, guide.PhaseDeciding, c)})
			require.Contains(t, shot(w.m), "SCIM token")
			w.press("tab", "tab", "enter")
			require.Contains(t, shot(w.m), "API token")
			require.NotContains(t, shot(w.m), "SCIM token")
			w.press("esc")
			require.Contains(t, shot(w.m), "SCIM token")
		})
	})
	t.Run("from a credential that is being tried to its form", func(t *testing.T) {
		d := newScripted(priya())
		d.pause = func(ctx context.Context) { <-ctx.Done() }
		drive(t, options(d, fresh()), func(t *testing.T, w *driver) {
			w.show(find(t, "connecting"))
			w.press("esc")
			require.Equal(t, guide.PhaseDeciding, w.m.State().Phase)
			require.Contains(t, shot(w.m), "Organization access token")
		})
	})
}

// Back at the list, the one that was chosen is where one left them.
func TestTheListOpensAtWhoWasChosen(t *testing.T) {
	drive(t, options(newScripted(priya()), fresh()), func(t *testing.T, w *driver) {
		w.after(time.Second)
		require.NotRegexp(t, `❯ +priya-nair`, shot(w.m))
		w.text("priya")
		w.after(time.Second)
		w.press("enter")
		w.after(time.Second)
		require.NotEqual(t, guide.StepMember, w.m.State().Step)
		for w.m.State().Step != guide.StepMember {
			w.press("esc")
		}
		require.Regexp(t, `❯ +priya-nair`, shot(w.m))
	})
}
