package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// End is the state of a walk when its window closes.
type End struct {
	guide.State
	Profile string // the profile to switch to; empty if none was chosen
	Cut     bool   // left by a second interrupt, without waiting for the change in flight
}

// otherProfiles returns the profiles to switch to.
func (m *Model) otherProfiles() []string {
	return slices.DeleteFunc(slices.Clone(m.opts.Profiles), func(p string) bool { return p == m.opts.Profile })
}

// switchProfile leaves this walk for another profile: at once if there is only one
// other and nothing is unfinished, otherwise through a menu.
func (m *Model) switchProfile() tea.Cmd {
	others := m.otherProfiles()
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
	first := 1
	if m.unfinished() {
		first = 0 // enter alone leaves nothing half done
	}
	m.leaving = part.NewMenu(items, first)
	m.openOverlay(overlayProfiles)
	return nil
}

// confirmSwitch carries out the choice made on the page that switchProfile opened.
func (m *Model) confirmSwitch() tea.Cmd {
	m.openOverlay(overlayNone)
	if n := m.leaving.Selected(); n > 0 {
		return m.switchTo(m.leaving.Items[n].Label)
	}
	return nil
}

func (m *Model) switchTo(profile string) tea.Cmd {
	m.next = profile
	return m.quit()
}
