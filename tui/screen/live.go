package screen

import (
	"maps"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// Live is the progress of the effect in flight.
type Live struct {
	Facts   map[engine.FactID]part.Reading
	Text    string // what is being done
	Item    string // the current part of it
	Change  int    // index of the plan's change being made
	Done    int64
	Total   int64
	Unit    string
	More    []engine.Amount
	Left    time.Duration // estimated for the change; 0 if not known
	Elapsed time.Duration
	Frame   int    // of the spinner
	Still   string // shown instead of a spinner if animation is disabled
}

// Spin returns the current frame of the spinner.
func (l Live) Spin(f Frame) string {
	if l.Still != "" {
		return l.Still
	}
	return f.Theme.Glyph.Frame(l.Frame)
}

// latest returns the last report.
func (l Live) latest() string {
	if l.Item == "" {
		return l.Text
	}
	return l.Text + ": " + l.Item
}

// With adds a report. titles are those of the plan's changes, which the runner reports
// when it starts a change.
func (l Live) With(p engine.Progress, titles []string) Live {
	if p.Fact != "" {
		facts := make(map[engine.FactID]part.Reading, len(l.Facts)+1)
		maps.Copy(facts, l.Facts)
		facts[p.Fact] = part.Reading{Started: true, Read: p.Read || facts[p.Fact].Read, Text: p.Text}
		l.Facts = facts
		if p.Total == 0 {
			return l
		}
	}
	for i := l.Change; i < len(titles); i++ {
		if p.Text != "" && titles[i] == p.Text {
			if i != l.Change || l.Text == "" {
				l.Change = i
			}
			break
		}
	}
	if p.Text != "" {
		l.Text, l.Item = p.Text, p.Item
	}
	l.Done, l.Total, l.Unit, l.More, l.Left = p.Done, p.Total, p.Unit, p.More, p.Left
	return l
}
