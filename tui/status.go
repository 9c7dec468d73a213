package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

func (m *Model) windowTitle() string {
	title := part.Clean(m.opts.Title)
	if title == "" {
		title = "reprovision"
	}
	if step, ok := guide.Lookup(m.state.Step); ok {
		title += " · " + step.Title
	}
	return title
}

// progressBar returns the terminal's own progress bar while changes are made.
func (m *Model) progressBar() *tea.ProgressBar {
	switch {
	case m.state.Phase != guide.PhaseRunning || m.quitting:
		return nil
	case m.live.Total > 0:
		return tea.NewProgressBar(tea.ProgressBarDefault, part.Percent(m.live.Done, m.live.Total))
	}
	return tea.NewProgressBar(tea.ProgressBarIndeterminate, 0)
}

// programStatus reports to the terminal what the program does or waits for. It must
// not report working or blocked when the program ends.
func (m *Model) programStatus() *tea.ProgramStatus {
	s := tea.ProgramStatus{App: "reprovision"}
	switch m.state.Phase {
	case guide.PhaseObserving, guide.PhaseConnecting, guide.PhasePlanning, guide.PhaseVerifying, guide.PhaseSaving:
		s.State = tea.ProgramStateWorking
	case guide.PhaseRunning:
		s.State = tea.ProgramStateWorking
		if ch, ok := screen.Current(m.state, m.live); ok && ch.Kind == engine.ChangeConsole {
			s.State, s.Kind = tea.ProgramStateBlocked, tea.ProgramStatusKindQuestion
		}
		if m.live.Total > 0 {
			s.HasProgress, s.Progress = true, part.Percent(m.live.Done, m.live.Total)
		}
	case guide.PhaseApproving:
		s.State, s.Kind = tea.ProgramStateBlocked, tea.ProgramStatusKindPermission
	case guide.PhaseDeciding, guide.PhaseSettled, guide.PhaseStopped:
		s.State, s.Kind = tea.ProgramStateBlocked, tea.ProgramStatusKindQuestion
		if ask := m.state.Verdict.Ask; ask != nil && ask.Kind == engine.AnswerCredential {
			s.Kind = tea.ProgramStatusKindAuth
		}
	case guide.PhaseFailed:
		s.State = tea.ProgramStateError
	case guide.PhaseDone:
		s.State = tea.ProgramStateDone
	}
	if m.quitting && s.State != tea.ProgramStateDone {
		s = tea.ProgramStatus{App: s.App, State: tea.ProgramStateIdle}
	}
	return &s
}
