package tui

import (
	"context"
	"errors"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

// Prompt is a question of an operation in flight, or something that it shows.
type Prompt = screen.Prompt

// PromptOption is one possible answer to a prompt.
type PromptOption = screen.PromptOption

// ErrDeclined means that a person declined to answer.
var ErrDeclined = errors.New("no answer was given")

// Prompts passes questions from operations in flight to the window, and the answers
// back. Use NewPrompts.
type Prompts struct{ waiting chan Pending }

// NewPrompts returns a Prompts for a window and the operations behind it.
func NewPrompts() *Prompts { return &Prompts{waiting: make(chan Pending)} }

// Pending is a prompt that an operation waits for.
type Pending struct {
	Prompt
	answer chan screen.Reply // buffered
}

// Answer answers the prompt. Only the first answer counts.
func (p Pending) Answer(value string) { p.reply(screen.Reply{Value: value}) }

// Decline declines to answer the prompt.
func (p Pending) Decline() { p.reply(screen.Reply{Declined: true}) }

func (p Pending) reply(r screen.Reply) {
	select {
	case p.answer <- r:
	default:
	}
}

// Ask shows a prompt and waits for the answer. It fails when ctx ends, or with
// ErrDeclined.
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

// Tell shows a prompt without a question until the operation ends.
func (p *Prompts) Tell(ctx context.Context, q Prompt) {
	select {
	case p.waiting <- Pending{Prompt: q, answer: make(chan screen.Reply, 1)}:
	case <-ctx.Done():
	}
}

// Next returns the channel of prompts. It is nil if p is nil.
func (p *Prompts) Next() <-chan Pending {
	if p == nil {
		return nil
	}
	return p.waiting
}

// promptMsg is a new prompt.
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

// showPrompt shows a prompt of the effect in flight.
func (m *Model) showPrompt(msg promptMsg) tea.Cmd {
	if m.waiting() {
		m.prompt, m.screen, m.scroll = &msg.pending, screen.NewPrompt(msg.pending.Prompt), 0
	}
	return m.opts.Prompts.next(m.ctx)
}

// answerPrompt answers the prompt on screen and shows the waiting screen again.
func (m *Model) answerPrompt(r screen.Reply) tea.Cmd {
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
