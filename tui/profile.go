package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// End is where a walk stands when its window closes.
type End struct {
	guide.State
	Profile string // to go on with, chosen by the key; empty when the walk is over
	Cut     bool   // left by a second interrupt: the change in flight is not waited for
}

// others are the profiles that can be switched to.
func (m *Model) others() []string {
	return slices.DeleteFunc(slices.Clone(m.opts.Profiles), func(p string) bool { return p == m.opts.Profile })
}

// switchProfile leaves this walk for that of another profile: at once where there
// is one other and nothing is half done, and otherwise by a list.
func (m *Model) switchProfile() tea.Cmd {
	others := m.others()
	switch {
	case len(others) == 0:
		m.notice = []string{"There is no other profile. \"reprovision login --org NAME\" makes one for another organization."}
		return nil
	case m.changing():
		m.notice = []string{"A change is in flight. Stop it with ctrl+c, or wait until it ends."}
		return nil
	case len(others) == 1 && !m.unfinished():
		return m.switchTo(others[0])
	}
	items := []part.Item{{Label: "Stay with " + m.opts.Profile}}
	for _, name := range others {
		items = append(items, part.Item{Label: name})
	}
	m.leaving = part.NewMenu(items, 1)
	m.over(overlayProfiles)
	return nil
}

// switched does what was taken on the page that switchProfile opened.
func (m *Model) switched() tea.Cmd {
	m.over(overlayNone)
	if n := m.leaving.Selected(); n > 0 {
		return m.switchTo(m.leaving.Items[n].Label)
	}
	return nil
}

func (m *Model) switchTo(profile string) tea.Cmd {
	m.next = profile
	return m.quit()
}
