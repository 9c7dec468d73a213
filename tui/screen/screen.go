// Package screen has the screens of the walk: one for each phase, and one for each
// kind of question. A screen stores only a person's interaction with it (what is
// selected, what is typed); the state of the walk comes with each frame. It
// communicates only through the Action that Update returns.
package screen

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Screen shows one state of the walk.
type Screen interface {
	// Update handles a message and returns what the person wants, or nil.
	Update(tea.Msg) Action
	// Body draws the main text. It scrolls if it is too long.
	Body(Frame) string
	// Side draws the column beside the body, if there is room for it.
	Side(Frame) string
	// Foot draws what a person interacts with, in at most height lines. It is always
	// visible.
	Foot(f Frame, height int) Foot
	// Whole draws in full what Body and Foot abbreviate.
	Whole(Frame) string
	// Keys returns the screen's own bindings, for the help.
	Keys() []key.Binding
	// Typing reports whether letters go to an input.
	Typing() bool
	// Takes reports whether the screen handles a key that the window would otherwise
	// use to scroll or to go back.
	Takes(tea.KeyPressMsg) bool
}

// Foot is the part of a screen that is always visible.
type Foot struct {
	Block  string
	X, Y   int // the text cursor, relative to the block
	Cursor bool
}

// Frame is the input for drawing a screen.
type Frame struct {
	Theme    theme.Theme
	Width    int  // of the column to draw in
	Wide     bool // there is a column for Side
	Terse    bool // there are very few lines
	State    guide.State
	Step     guide.Step
	Live     Live
	Markdown *part.Markdown
}

// Action is what a person wants to do. The set is closed.
type Action interface{ action() }

type (
	// Walk is an event that has no time stamp.
	Walk struct{ Event guide.Event }
	// Answer answers the question on screen.
	Answer struct {
		Question engine.QuestionID
		Value    string
	}
	// Approve approves the plan with that digest.
	Approve struct{ Digest, Typed string }
	// Choose is a decision about repositories at the hand-over.
	Choose struct {
		Repositories []string
		Choice       engine.HandOverChoice
	}
	// Assist requests that the clicks of the console step be done.
	Assist struct{}
	// Again requests that a message be sent to the screen, after the pending ones.
	Again struct{ Msg tea.Msg }
)

// Clicked is a click on a row of the foot.
type Clicked struct{ Row int }

// Wheeled is a turn of the mouse wheel over the foot, downwards if By is positive.
type Wheeled struct{ By int }

func (Walk) action()    {}
func (Answer) action()  {}
func (Approve) action() {}
func (Choose) action()  {}
func (Assist) action()  {}
func (Again) action()   {}

// Setup is the input for creating a screen, besides the state.
type Setup struct {
	Forms      map[engine.SystemID]FormHint
	Tried      engine.Credential // the last credential entered, without its secret
	Report     func(engine.Case) string
	CanAssist  bool
	AssistHint string
}

// For returns the screen for a state.
func For(s guide.State, o Setup) Screen {
	switch s.Phase {
	case guide.PhaseObserving, guide.PhaseConnecting, guide.PhasePlanning, guide.PhaseSaving:
		return &waiting{}
	case guide.PhaseDeciding:
		return deciding(s, o)
	case guide.PhaseApproving:
		return newApproving(s)
	case guide.PhaseRunning, guide.PhaseVerifying:
		return newRunning(s, o)
	case guide.PhaseSettled:
		return newSettled(s)
	case guide.PhaseFailed, guide.PhaseStopped:
		return newFailed(s)
	case guide.PhaseDone:
		return done{}
	}
	return done{}
}

func deciding(s guide.State, o Setup) Screen {
	if s.Verdict.Ask == nil {
		if s.Step == guide.StepReport {
			return newReport(s, o)
		}
		if s.Step == guide.StepHandOver && len(s.Case.Repositories.Personal) > 0 {
			return newHandOver(s)
		}
		return newChoices(s)
	}
	ask := *s.Verdict.Ask
	switch ask.Kind {
	case engine.AnswerChoice:
		return newQuestion(ask)
	case engine.AnswerText:
		return newText(ask)
	case engine.AnswerWords:
		return newWords(ask)
	case engine.AnswerMember:
		return newMember(s, ask)
	case engine.AnswerCredential:
		if len(ask.Systems) > 0 {
			return newSignIn(s, ask, o)
		}
	}
	return newChoices(s)
}

// defaults implements some methods of Screen in the usual way.
type defaults struct{}

func (defaults) Side(Frame) string          { return "" }
func (defaults) Whole(Frame) string         { return "" }
func (defaults) Keys() []key.Binding        { return nil }
func (defaults) Typing() bool               { return false }
func (defaults) Takes(tea.KeyPressMsg) bool { return false }

// heading draws the heading of a screen.
func heading(f Frame, headline string) string {
	t := f.Theme
	if headline == "" {
		headline = f.Step.Title
	}
	title := part.Paragraph(part.Clean(headline), f.Width, t.Title)
	if f.Terse || f.Step.Title == "" || headline == f.Step.Title {
		return title
	}
	return part.Lines(t.Accent.Render(part.Fit(f.Step.Title, f.Width)), title)
}

// about draws what the guide says about the step.
func about(f Frame) string {
	if f.Step.Doc == "" {
		return ""
	}
	return f.Markdown.Render(f.Theme, f.Step.Doc, f.Width)
}

// section draws a block under a muted heading.
func section(f Frame, title, block string) string {
	if block == "" {
		return ""
	}
	return part.Lines(f.Theme.Muted.Render(part.Fit(title, f.Width)), block)
}

// known lists the facts that matter at the step, with their sources.
func known(f Frame) string { return knownAs(f, "What is known") }

func knownAs(f Frame, title string) string {
	ids := f.Step.Reads
	if len(ids) == 0 {
		ids = personalFacts(f.State.Case)
	}
	return section(f, title, part.FactList(f.Theme, f.Width, f.State.Case, ids, nil, ""))
}

// personalFacts returns the facts about the person that have been read.
func personalFacts(c engine.Case) []engine.FactID {
	if c.Username == "" {
		return nil
	}
	var ids []engine.FactID
	for _, id := range engine.Facts() {
		if _, ok := c.Sources[id]; ok && id != engine.FactSession && id != engine.FactRoster {
			ids = append(ids, id)
		}
	}
	return ids
}
