package tui

import (
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

func pickerOf(n int) *Model {
	c := jordan()
	c.Username, c.Roster = "", roster(n)
	return showing(stop{state: standing(guide.StepMember, guide.PhaseDeciding, c)}, 120, 40)
}

// From a key to the frame that shows what it did, with 50,000 members.
func BenchmarkPickerKeyToFrame(b *testing.B) {
	m := pickerOf(50_000)
	down, up := press("down"), press("up")
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		k := down
		if i++; i%200 >= 100 {
			k = up
		}
		m.Update(k)
		_ = m.View()
	}
}

// A letter of the filter, and its removal, in the same crowd.
func BenchmarkPickerFilterToFrame(b *testing.B) {
	m := pickerOf(50_000)
	letter, back := press("7"), press("backspace")
	b.ReportAllocs()
	for b.Loop() {
		m.Update(letter)
		_ = m.View()
		m.Update(back)
		_ = m.View()
	}
}

func BenchmarkFrame(b *testing.B) {
	m := showing(stop{state: standing(guide.StepDiagnose, guide.PhaseDeciding, says(observed(priya()), "jit", "on"))}, 120, 40)
	b.ReportAllocs()
	for b.Loop() {
		m.Update(tea.KeyPressMsg{Code: tea.KeyDown})
		_ = m.View()
	}
}
