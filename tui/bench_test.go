package tui

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine/guide"
)

func pickerOf(n int) *Model {
	c := jordan()
	c.Username, c.Roster = "", roster(n)
	return showing(stop{state: standing(guide.StepMember, guide.PhaseDeciding, c)}, 120, 40)
}

// crowds are an ordinary organization and a large one: a key must cost the same
// in both.
var crowds = []int{1_000, 50_000}

// From a key to the frame that shows what it did.
func BenchmarkPickerKeyToFrame(b *testing.B) {
	for _, n := range crowds {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := pickerOf(n)
			down, up := press("down"), press("up")
			b.ReportAllocs()
			times := make([]time.Duration, 0, 1<<16)
			i := 0
			for b.Loop() {
				k := down
				if i++; i%200 >= 100 {
					k = up
				}
				began := time.Now()
				m.Update(k)
				_ = m.View()
				times = append(times, time.Since(began))
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
		})
	}
}

// A letter of the filter, and its removal.
func BenchmarkPickerFilterToFrame(b *testing.B) {
	for _, n := range crowds {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := pickerOf(n)
			letter, back := press("7"), press("backspace")
			b.ReportAllocs()
			for b.Loop() {
				m.Update(letter)
				_ = m.View()
				m.Update(back)
				_ = m.View()
			}
		})
	}
}

// What the window holds with everybody in the picker, the list itself included.
func BenchmarkPickerMemory(b *testing.B) {
	for _, n := range crowds {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var held uint64
			for b.Loop() {
				before := heap()
				m := pickerOf(n)
				_ = m.View()
				held = heap() - before
				runtime.KeepAlive(m)
			}
			b.ReportMetric(float64(held)/(1<<20), "held-MiB")
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

func BenchmarkFrame(b *testing.B) {
	m := showing(stop{state: standing(guide.StepDiagnose, guide.PhaseDeciding, says(observed(priya()), "jit", "on"))}, 120, 40)
	b.ReportAllocs()
	for b.Loop() {
		m.Update(tea.KeyPressMsg{Code: tea.KeyDown})
		_ = m.View()
	}
}
