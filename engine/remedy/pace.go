package remedy

import (
	"slices"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// pace estimates the remaining time of a copy from its recent progress. Mounted blobs
// take almost no time and would make the average too fast.
type pace struct{ marks []mark }

type mark struct {
	at   time.Time
	done int64
}

const (
	paceOver  = 15 * time.Second // what counts as lately
	paceFirst = 2 * time.Second  // before that nothing can be said
	paceEvery = 250 * time.Millisecond
)

// left records the progress of the copy and returns the estimated remaining time in
// whole seconds, 0 if unknown.
func (p *pace) left(now time.Time, done, total int64) time.Duration {
	if n := len(p.marks); n == 0 || now.Sub(p.marks[n-1].at) >= paceEvery {
		p.marks = append(p.marks, mark{now, done})
	}
	p.marks = slices.DeleteFunc(p.marks, func(m mark) bool { return now.Sub(m.at) > paceOver })
	if len(p.marks) == 0 {
		return 0
	}
	first := p.marks[0]
	spent, moved := now.Sub(first.at), done-first.done
	if spent < paceFirst || moved <= 0 || done >= total {
		return 0
	}
	rest := time.Duration(float64(spent) * float64(total-done) / float64(moved))
	return max(time.Second, rest.Round(time.Second))
}

// progress converts the progress of a copy to engine.Progress.
func (p *pace) progress(title string, x registry.Progress, now time.Time) engine.Progress {
	if x.Tag == "" {
		return engine.Progress{Text: title, Item: "reading the original"}
	}
	return engine.Progress{
		Text: title, Item: "tag " + x.Tag, Done: x.Bytes, Total: x.AllBytes, Unit: "bytes",
		More: []engine.Amount{
			{Done: int64(x.BlobsDone), Total: int64(x.Blobs), Unit: "layers"},
			{Done: int64(x.TagsDone), Total: int64(x.Tags), Unit: "tags"},
		},
		Left: p.left(now, x.Bytes, x.AllBytes),
	}
}
