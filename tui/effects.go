package tui

import (
	"context"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/engine/guide"
	"github.com/seed-05b3d87e/reprovision/tui/screen"
)

const (
	// progressInterval is the shortest time between two reports of progress on screen.
	progressInterval = 100 * time.Millisecond
	// grace is how long a confirmation ignores keys, which may be meant for the
	// previous screen.
	grace = 600 * time.Millisecond
)

// perform turns an effect into a command. Abort and every new effect cancel the one in
// flight, whose answer no longer matters.
func (m *Model) perform(f guide.Effect) tea.Cmd {
	switch f := f.(type) {
	case guide.Abort:
		m.abort()
		return nil
	case guide.Note, guide.Halt:
		doer := m.opts.Doer
		return func() tea.Msg {
			doer.Do(context.Background(), f, nil) // not canceled when the window closes
			return nil
		}
	default:
		return m.begin(f)
	}
}

func (m *Model) abort() {
	if m.cancelEffect != nil {
		m.cancelEffect()
		m.cancelEffect = nil
	}
}

func (m *Model) begin(f guide.Effect) tea.Cmd {
	m.abort()
	ctx, cancel := context.WithCancel(m.ctx)
	m.cancelEffect = cancel
	m.feed = newFeed()
	m.live, m.since = screen.Live{Still: m.stillFrame()}, time.Time{}
	doer, news := m.opts.Doer, m.feed
	do := func() tea.Msg {
		defer cancel()
		defer news.close()
		event := doer.Do(ctx, f, news.put)
		if event == nil {
			return nil
		}
		return eventMsg{event}
	}
	return tea.Batch(do, news.next(0), m.tick())
}

// stillFrame returns the glyph shown instead of a spinner, or "" if animation is
// allowed.
func (m *Model) stillFrame() string {
	if m.opts.ReducedMotion {
		return m.theme.Glyph.Current
	}
	return ""
}

// tick starts the ticks for an effect, unless they are running.
func (m *Model) tick() tea.Cmd {
	if m.ticking {
		return nil
	}
	m.ticking = true
	return m.nextTick()
}

func (m *Model) nextTick() tea.Cmd {
	return tea.Tick(tickInterval(m.opts.ReducedMotion), func(at time.Time) tea.Msg { return tickMsg{at} })
}

// tickInterval is the time between two ticks.
func tickInterval(reducedMotion bool) time.Duration {
	if reducedMotion {
		return time.Second
	}
	return 120 * time.Millisecond
}

// stamped returns a command that makes an event with the current time.
func (m *Model) stamped(event func(time.Time) guide.Event) tea.Cmd {
	now := m.opts.Now
	return func() tea.Msg { return eventMsg{event(now())} }
}

// openURL opens an address in the browser. open may be nil.
func openURL(open func(string) error, url string) tea.Cmd {
	if url == "" {
		return nil
	}
	return func() tea.Msg {
		if open == nil {
			return openedMsg{url, errNoBrowser}
		}
		return openedMsg{url, open(url)}
	}
}

func (m *Model) assist(ch engine.Change) tea.Cmd {
	assist, ctx, c := m.opts.Assist, m.ctx, m.state.Case
	return func() tea.Msg { return assistedMsg{assist(ctx, c, ch)} }
}

// nextSignal waits for the next signal, or for the end of ctx. signals may be nil.
func nextSignal(ctx context.Context, signals <-chan struct{}) tea.Cmd {
	if signals == nil {
		return nil
	}
	return func() tea.Msg {
		select {
		case _, ok := <-signals:
			if !ok {
				return nil
			}
			return interruptMsg{}
		case <-ctx.Done():
			return nil
		}
	}
}

// feed passes progress from an effect's goroutine to the window. It never blocks the
// effect.
type feed struct {
	mu    sync.Mutex
	news  []engine.Progress
	ready chan struct{} // has a value while there is news
	over  chan struct{}
}

func newFeed() *feed {
	return &feed{ready: make(chan struct{}, 1), over: make(chan struct{})}
}

// backlog is the maximum number of reports kept between two frames.
const backlog = 512

// put adds a report. It replaces the previous report if both have the same subject.
func (f *feed) put(p engine.Progress) {
	f.mu.Lock()
	if n := len(f.news); n > 0 && f.news[n-1].Text == p.Text && f.news[n-1].Fact == p.Fact {
		p.Read = p.Read || f.news[n-1].Read
		f.news[n-1] = p
	} else {
		if n >= backlog {
			f.news = f.news[1:]
		}
		f.news = append(f.news, p)
	}
	f.mu.Unlock()
	select {
	case f.ready <- struct{}{}:
	default:
	}
}

func (f *feed) take() []engine.Progress {
	f.mu.Lock()
	defer f.mu.Unlock()
	news := f.news
	f.news = nil
	return news
}

func (f *feed) close() { close(f.over) }

// next waits for news, but at least for pause, or for the end of the effect.
func (f *feed) next(pause time.Duration) tea.Cmd {
	return func() tea.Msg {
		if pause > 0 {
			timer := time.NewTimer(pause)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-f.over:
				return nil
			}
		}
		select {
		case <-f.ready:
			return progressMsg{f, f.take()}
		case <-f.over:
			return nil
		}
	}
}
