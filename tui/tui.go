// Package tui is the full-screen window on a walk through the guide. It draws
// guide.State, turns keys into guide events, and carries out each effect in a command
// that calls Doer.Do. It knows the engine, but no other system.
package tui

import (
	"context"
	"errors"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

// Doer carries out effects. *run.Runner implements it.
type Doer interface {
	// Do carries out one effect and returns the event that ends it. It blocks;
	// reads end when the context does.
	Do(ctx context.Context, f guide.Effect, report func(engine.Progress)) guide.Event
}

// FormHint is what the sign-in form shows for one system.
type FormHint = screen.FormHint

// Way is one way to sign in.
type Way = screen.Way

// Field is one line of a sign-in form.
type Field = screen.Field

// FieldID says which part of a credential a field fills.
type FieldID = screen.FieldID

// The fields of a sign-in form, by what they fill.
const (
	FieldHost       = screen.FieldHost
	FieldIdentifier = screen.FieldIdentifier
	FieldClient     = screen.FieldClient
	FieldTenant     = screen.FieldTenant
	FieldKey        = screen.FieldKey
	FieldFile       = screen.FieldFile
	FieldRedirect   = screen.FieldRedirect
	FieldAuthority  = screen.FieldAuthority
	FieldSecret     = screen.FieldSecret
)

// Options configures the window. Start, Doer and Now are required.
type Options struct {
	Start guide.State
	Doer  Doer
	// Now gives the time of answers and approvals. It is called only inside commands.
	Now func() time.Time
	// Open opens a URL in the browser. If it is nil or fails, the URL is shown.
	Open func(url string) error
	// Assist does the clicks of a console step, if that is possible (in the demo's
	// console). It is never offered in a dry run.
	Assist     func(context.Context, engine.Case, engine.Change) error
	AssistHint string // the label of Assist, such as "let the demo click"
	// Forms holds the sign-in form of each system. A system without an entry gets a
	// generic form.
	Forms map[engine.SystemID]FormHint
	// Report returns the report as Markdown, for the preview. It must be pure.
	Report func(engine.Case) string
	// Prompts delivers the questions of effects in flight. It may be nil.
	Prompts *Prompts
	// Profiles are the profiles that a key switches between, and Profile is the one of
	// this walk.
	Profiles []string
	Profile  string
	Title    string // "reprovision", "reprovision · demo"
	Resume   string // the command that resumes the walk; empty if it cannot be resumed
	// Interrupts delivers the signals that end the program. It then ends without a
	// question, after the change in flight; during a change, each signal counts as a
	// ctrl+c. It may be nil.
	Interrupts    <-chan struct{}
	Mouse         bool // the wheel scrolls and a click chooses
	Bell          bool // ring the bell when a long wait ends
	ReducedMotion bool // no animation
	IsDark        bool // the background is dark, until the terminal reports its color
	Job           bool // of a shell, which takes the terminal back at ctrl+z
}

// Link returns the URL for the current place of the walk.
func Link(s guide.State) string { return screen.Link(s, screen.Live{}) }

// framesPerSecond limits how often the screen is written. It is higher than any
// animation needs, so that the first frame and the response to a key appear sooner.
const framesPerSecond = 120

// Run shows the walk until it ends or is left, and returns its state and the profile
// to continue with.
//
// It does not wait for changes in flight; see run.Runner.Drain. Signals are handled by
// the caller (see Options.Interrupts).
func Run(ctx context.Context, o Options, opts ...tea.ProgramOption) (End, error) {
	m := New(o)
	m.setContext(ctx)
	defer m.cancel()
	opts = append([]tea.ProgramOption{tea.WithContext(ctx), tea.WithoutSignalHandler(), tea.WithFPS(framesPerSecond)}, opts...)
	_, err := tea.NewProgram(m, opts...).Run()
	if err != nil && !errors.Is(err, tea.ErrInterrupted) {
		return End{State: m.State()}, fmt.Errorf("draw the guide: %w", err)
	}
	return End{State: m.State(), Profile: m.next, Cut: m.cut}, nil
}
