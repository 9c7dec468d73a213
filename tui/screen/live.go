package screen

import (
	"maps"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/part"
)

// Live is what an effect in flight has told so far.
type Live struct {
	Facts   map[engine.FactID]part.Reading
	Text    string // what is being done
	Item    string // what of it is at hand
	Change  int    // the change of the plan that is being made
	Done    int64
	Total   int64
	Unit    string
	More    []engine.Amount
	Left    time.Duration // of the change, at its pace; 0 when not known
	Elapsed time.Duration
	Frame   int    // of the spinner
	Still   string // shown instead of a spinner where nothing may move
}

// Spin is the picture of something under way.
func (l Live) Spin(f Frame) string {
	if l.Still != "" {
		return l.Still
	}
	return f.Theme.Glyph.Frame(l.Frame)
}

// latest is the last thing said.
func (l Live) latest() string {
	if l.Item == "" {
		return l.Text
	}
	return l.Text + ": " + l.Item
}

// With adds one report to what was told. titles are those of the plan's
// changes: the run says each one's when it begins it.
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
