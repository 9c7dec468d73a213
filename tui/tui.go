// Package tui is the full-screen window on a walk through the guide. It draws
// guide.State, turns keys into guide events, and carries each effect out as a
// command around Doer.Do. It knows the engine and no foreign system.
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

// Doer carries out effects. *run.Runner meets it.
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

// Options is what the window needs from the outside. Start, Doer and Now are
// required.
type Options struct {
	Start guide.State
	Doer  Doer
	// Now stamps what a person answers and approves. It is called inside
	// commands only.
	Now func() time.Time
	// Open opens an address in the browser. It may fail, or be nil where there
	// is none: the address is then shown.
	Open func(url string) error
	// Assist does the clicks of a console step, where that is possible (the
	// demo's own console). It is never offered in a dry run.
	Assist     func(context.Context, engine.Case, engine.Change) error
	AssistHint string // the label of Assist, such as "let the demo click"
	// Forms says per system what its sign-in form shows; systems without an
	// entry get a plain form.
	Forms map[engine.SystemID]FormHint
	// Report returns the report as Markdown, for the preview. It must be pure.
	Report func(engine.Case) string
	// Prompts brings what effects ask or show while they are in flight; may be nil.
	Prompts *Prompts
	// Profiles are the names between which a key switches, and Profile the one of
	// this walk.
	Profiles []string
	Profile  string
	Title    string // "reprovision", "reprovision · demo"
	Resume   string // the command that takes up a walk that was left; empty where none is kept
	// Interrupts delivers the signals that ask the program to end, which it does
	// without a question, after the change in flight; while one is, each counts
	// as a ctrl+c. It may be nil.
	Interrupts    <-chan struct{}
	Mouse         bool // the wheel scrolls and a click chooses
	Bell          bool // ring when a long wait ends
	ReducedMotion bool // no animation
	IsDark        bool // the background, until the terminal answers
}

// Link is the address that belongs to where the walk stands.
func Link(s guide.State) string { return screen.Link(s, screen.Live{}) }

// framesPerSecond is how often the screen may be written: the first time comes
// sooner for it, and an answer to a key. Nothing moves that often.
const framesPerSecond = 120

// Run shows the walk until it is over or left, and returns where it stands, and
// with which profile to go on.
// Changes in flight are not waited for: that is the runner's Drain. Signals
// belong to the caller (see Options.Interrupts).
func Run(ctx context.Context, o Options, opts ...tea.ProgramOption) (End, error) {
	m := New(o)
	m.under(ctx)
	defer m.cancel()
	opts = append([]tea.ProgramOption{tea.WithContext(ctx), tea.WithoutSignalHandler(), tea.WithFPS(framesPerSecond)}, opts...)
	_, err := tea.NewProgram(m, opts...).Run()
	if err != nil && !errors.Is(err, tea.ErrInterrupted) {
		return End{State: m.State()}, fmt.Errorf("draw the guide: %w", err)
	}
	return End{State: m.State(), Profile: m.next, Cut: m.cut}, nil
}
