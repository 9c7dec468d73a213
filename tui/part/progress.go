package part

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Percent returns how much of total is done, from 0 to 100.
func Percent(done, total int64) int {
	if total <= 0 {
		return 0
	}
	return int(math.Round(100 * math.Min(1, math.Max(0, float64(done)/float64(total)))))
}

// Bar draws a progress bar with numbers. It returns "" if the total is unknown.
func Bar(t theme.Theme, width int, done, total int64, unit string) string {
	if total <= 0 || width < 8 {
		return ""
	}
	p := Percent(done, total)
	words := fmt.Sprintf("%3d%%  %s", p, amount(done, total, Clean(unit)))
	room := width - Width(words) - 2
	if room < 8 {
		return t.Muted.Render(Fit(words, width))
	}
	room = min(room, 48)
	return t.Bar(room).ViewAs(float64(p)/100) + "  " + t.Muted.Render(words)
}

// Amounts describes other measures of the same work, and the remaining time.
func Amounts(more []engine.Amount, left time.Duration) string {
	var words []string
	for _, a := range more {
		words = append(words, amount(a.Done, a.Total, Clean(a.Unit)))
	}
	if left > 0 {
		words = append(words, "about "+Elapsed(left)+" left")
	}
	return strings.Join(words, ", ")
}

func amount(done, total int64, unit string) string {
	if unit == "bytes" {
		return Bytes(done) + " of " + Bytes(total)
	}
	return strings.TrimSpace(fmt.Sprintf("%d of %d %s", done, total, unit))
}

// Elapsed formats a duration in seconds or minutes.
func Elapsed(d time.Duration) string {
	d = d.Truncate(time.Second)
	if d < time.Minute {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
}
