package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

var loginKeys = struct{ leave, back, stop, quit, open, copy, up, down, space key.Binding }{
	leave: key.NewBinding(key.WithKeys("ctrl+c", "ctrl+d"), key.WithHelp("ctrl+c", "leave")),
	back:  key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "back")),
	stop:  key.NewBinding(key.WithKeys("esc"), key.WithHelp("esc", "give up")),
	quit:  key.NewBinding(key.WithKeys("q"), key.WithHelp("q", "leave")),
	open:  key.NewBinding(key.WithKeys("o"), key.WithHelp("o", "open the page")),
	copy:  key.NewBinding(key.WithKeys("y"), key.WithHelp("y", "copy the address")),
	up:    key.NewBinding(key.WithKeys("pgup"), key.WithHelp("pgup", "up")),
	down:  key.NewBinding(key.WithKeys("pgdown"), key.WithHelp("pgdn", "more")),
	space: key.NewBinding(key.WithKeys("space")), // like down, if nothing is being typed
}

// leave cancels the attempt in flight, or else closes the window.
func (m *login) leave() tea.Cmd {
	if m.stage == stageTrying {
		m.stop()
		m.stage, m.problem = stageForm, engine.Problem{Title: "You cancelled", Advice: "Nothing was kept."}
		return nil
	}
	m.stop()
	return tea.Quit
}

func (m *login) handleKey(msg tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(msg, loginKeys.leave):
		return m.leave()
	case m.opts.Job && key.Matches(msg, suspendKey):
		return tea.Suspend
	case m.asking != nil && m.prompt.Asks():
		if reply, ok := m.asking.Update(msg).(screen.Reply); ok {
			p := m.prompt
			m.prompt, m.asking = nil, nil
			return func() tea.Msg {
				p.reply(reply)
				return nil
			}
		}
		return nil
	case m.stage == stageForm && m.form.Takes(msg):
		return m.handleInput(msg)
	case key.Matches(msg, loginKeys.back):
		return m.back()
	case m.prompt != nil && key.Matches(msg, loginKeys.open):
		return openURL(m.opts.Open, m.prompt.URL)
	case m.prompt != nil && key.Matches(msg, loginKeys.copy):
		m.notice = "Copied to the clipboard, if the terminal supports it."
		return tea.SetClipboard(m.prompt.URL)
	case m.stage != stageForm && m.stage != stageOrg && key.Matches(msg, loginKeys.quit):
		return m.leave()
	case key.Matches(msg, loginKeys.up):
		m.scroll = max(0, m.scroll-5)
		return nil
	case key.Matches(msg, loginKeys.down), key.Matches(msg, loginKeys.space) && m.stage != stageForm && m.stage != stageOrg:
		m.scroll += 5 // View limits it
		return nil
	}
	return m.handleInput(msg)
}

func (m *login) back() tea.Cmd {
	switch {
	case m.stage == stageTrying:
		return m.leave()
	case m.opts.Only == "" && (m.stage == stageForm || m.stage == stageDone):
		m.showSystems()
		return nil
	}
	m.stop()
	return tea.Quit
}

// handleInput passes a key or pasted text to the current page.
func (m *login) handleInput(msg tea.Msg) tea.Cmd {
	press, pressed := msg.(tea.KeyPressMsg)
	enter := pressed && press.Code == tea.KeyEnter
	switch m.stage {
	case stageOrg:
		if org := strings.TrimSpace(m.org.Value()); enter && org != "" {
			return m.open(org)
		}
		m.org.Update(msg)
	case stageSystems:
		if m.systems.Update(msg) {
			if n := m.systems.Selected(); n < len(m.profile.Systems) {
				return m.showForm(m.profile.Systems[n].ID)
			}
			return tea.Quit
		}
	case stageForm:
		if done := m.form.Update(msg); done != nil && done.Credential != nil {
			return m.try(*done.Credential)
		}
	case stageDone:
		if m.after.Update(msg) {
			if m.after.Items[m.after.Selected()].Label == "Done" {
				return tea.Quit
			}
			m.showSystems()
		}
	case stageOpening, stageTrying:
		if m.asking != nil { // pasted text
			m.asking.Update(msg)
		}
	}
	return nil
}

func (m *login) keys(more bool) []key.Binding {
	var list []key.Binding
	switch {
	case m.asking != nil:
		list = m.asking.Keys()
		if !m.prompt.Asks() {
			list = []key.Binding{loginKeys.stop, loginKeys.open, loginKeys.copy}
		}
		return append(list, loginKeys.leave)
	case m.stage == stageForm:
		list = append(m.form.Keys(), loginKeys.back)
	case m.stage == stageSystems:
		list = append(m.systems.Keys(), loginKeys.quit)
	case m.stage == stageDone:
		list = append(m.after.Keys(), loginKeys.quit)
	case m.busy():
		list = []key.Binding{loginKeys.stop}
	}
	if more {
		list = append(list, loginKeys.down)
	}
	return append(list, loginKeys.leave)
}
