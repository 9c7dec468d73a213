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

// From a key that moves to the frame that shows it.
func BenchmarkPickerKeyToFrame(b *testing.B) {
	keys := make([]tea.KeyPressMsg, 200)
	for i := range keys {
		keys[i] = press("down")
		if i >= 100 {
			keys[i] = press("up")
		}
	}
	keyToFrame(b, keys)
}

// From a letter of the filter to the frame that shows who is left: names that
// are there, letters in their order, words of several fields, one that nobody
// has, and each letter taken back.
func BenchmarkPickerFilterToFrame(b *testing.B) {
	var keys []tea.KeyPressMsg
	for _, typed := range []string{"priya", "mbr4", "member 77 plat", "e", "zzz", "mmn9"} {
		for _, r := range typed {
			keys = append(keys, press(string(r)))
		}
		for range typed {
			keys = append(keys, press("backspace"))
		}
	}
	keyToFrame(b, keys)
}

func keyToFrame(b *testing.B, keys []tea.KeyPressMsg) {
	for _, n := range crowds {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := pickerOf(n)
			_ = m.View()
			b.ReportAllocs()
			var times, whole []time.Duration
			i := 0
			for b.Loop() {
				began := time.Now()
				_, cmd := m.Update(keys[i%len(keys)])
				_ = m.View()
				times = append(times, time.Since(began))
				for cmd != nil { // the rest of the search, a frame for each piece
					_, cmd = m.Update(cmd())
					_ = m.View()
				}
				whole = append(whole, time.Since(began))
				i++
			}
			b.ReportMetric(percentile(times, 50), "p50-µs")
			b.ReportMetric(percentile(times, 99), "p99-µs")
			b.ReportMetric(percentile(whole, 99), "all-p99-µs")
		})
	}
}

func percentile(times []time.Duration, p int) float64 {
	slices.Sort(times)
	return float64(times[len(times)*p/100].Microseconds())
}

// From the end of reading the members to the frame that shows them.
func BenchmarkPickerOpens(b *testing.B) {
	for _, n := range crowds {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := jordan()
			c.Username, c.Roster = "", roster(n)
			at := stop{state: standing(guide.StepMember, guide.PhaseDeciding, c)}
			b.ReportAllocs()
			for b.Loop() {
				_ = showing(at, 120, 40).View()
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
