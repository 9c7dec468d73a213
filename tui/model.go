package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

// Model is the window.
type Model struct {
	opts   Options
	state  guide.State
	ctx    context.Context
	cancel context.CancelFunc
}

// New returns the window on a walk that has just begun.
func New(o Options) *Model {
	m := &Model{opts: o, state: o.Start}
	m.under(context.Background())
	return m
}

// under makes ctx the parent of every effect.
func (m *Model) under(ctx context.Context) {
	if m.cancel != nil {
		m.cancel()
	}
	m.ctx, m.cancel = context.WithCancel(ctx)
}

// State is where the walk stands.
func (m *Model) State() guide.State { return m.state }

// Init implements tea.Model.
func (m *Model) Init() tea.Cmd { return tea.RequestBackgroundColor }

// Update implements tea.Model.
func (m *Model) Update(tea.Msg) (tea.Model, tea.Cmd) { return m, nil }

// View implements tea.Model.
func (m *Model) View() tea.View { return tea.NewView(m.opts.Title) }
