package tui

import (
	"context"
	"errors"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

// Prompt is what an operation in flight asks of whoever is at the window, or
// shows them.
type Prompt = screen.Prompt

// PromptOption is one possible answer to a prompt.
type PromptOption = screen.PromptOption

// ErrDeclined says that a person did not want to answer.
var ErrDeclined = errors.New("no answer was given")

// Prompts carries the questions of an operation in flight to whoever is at the
// window, and their answers back. Use NewPrompts.
type Prompts struct{ waiting chan Pending }

// NewPrompts returns what a window and the operations behind it share.
func NewPrompts() *Prompts { return &Prompts{waiting: make(chan Pending)} }

// Pending is a prompt for which somebody waits.
type Pending struct {
	Prompt
	answer chan screen.Reply // holds one
}

// Answer gives the answer. Only the first one counts.
func (p Pending) Answer(value string) { p.reply(screen.Reply{Value: value}) }

// Decline says that there is no answer.
func (p Pending) Decline() { p.reply(screen.Reply{Declined: true}) }

func (p Pending) reply(r screen.Reply) {
	select {
	case p.answer <- r:
	default:
	}
}

// Ask waits for the answer. It ends with the context, or with ErrDeclined.
func (p *Prompts) Ask(ctx context.Context, q Prompt) (string, error) {
	x := Pending{Prompt: q, answer: make(chan screen.Reply, 1)}
	select {
	case p.waiting <- x:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	select {
	case r := <-x.answer:
		if r.Declined {
			return "", ErrDeclined
		}
		return r.Value, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// Tell shows a prompt that asks for nothing, until the operation ends.
func (p *Prompts) Tell(ctx context.Context, q Prompt) {
	select {
	case p.waiting <- Pending{Prompt: q, answer: make(chan screen.Reply, 1)}:
	case <-ctx.Done():
	}
}

// Next is where a window receives prompts from; nil receives none.
func (p *Prompts) Next() <-chan Pending {
	if p == nil {
		return nil
	}
	return p.waiting
}

// promptMsg is a prompt that has arrived.
type promptMsg struct{ pending Pending }

// next waits for a prompt.
func (p *Prompts) next(ctx context.Context) tea.Cmd {
	if p == nil {
		return nil
	}
	return func() tea.Msg {
		select {
		case x := <-p.waiting:
			return promptMsg{x}
		case <-ctx.Done():
			return nil
		}
	}
}

// asked shows a prompt of the effect in flight.
func (m *Model) asked(msg promptMsg) tea.Cmd {
	if m.waiting() {
		m.prompt, m.screen, m.scroll = &msg.pending, screen.NewPrompt(msg.pending.Prompt), 0
	}
	return m.opts.Prompts.next(m.ctx)
}

// replied answers the prompt on screen, and goes back to waiting.
func (m *Model) replied(r screen.Reply) tea.Cmd {
	p := m.prompt
	if p == nil {
		return nil
	}
	m.enter()
	return func() tea.Msg {
		p.reply(r)
		return nil
	}
}
