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
	// pace is the shortest time between two reports of progress on screen.
	pace = 100 * time.Millisecond
	// grace is how long a confirmation takes no keys: long enough for one that
	// was meant for the screen before.
	grace = 600 * time.Millisecond
)

// perform turns an effect into a command. Abort ends the context of the one in
// flight; so does every successor, whose answer is the only one that counts.
func (m *Model) perform(f guide.Effect) tea.Cmd {
	switch f := f.(type) {
	case guide.Abort:
		m.abort()
		return nil
	case guide.Note, guide.Halt:
		doer := m.opts.Doer
		return func() tea.Msg {
			doer.Do(context.Background(), f, nil) // leaving does not end it
			return nil
		}
	default:
		return m.begin(f)
	}
}

func (m *Model) abort() {
	if m.flight != nil {
		m.flight()
		m.flight = nil
	}
}

func (m *Model) begin(f guide.Effect) tea.Cmd {
	m.abort()
	ctx, cancel := context.WithCancel(m.ctx)
	m.flight = cancel
	m.feed = newFeed()
	m.live, m.since = screen.Live{Still: m.still()}, time.Time{}
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

// still is shown instead of a spinner where nothing may move.
func (m *Model) still() string {
	if m.opts.ReducedMotion {
		return m.theme.Glyph.Current
	}
	return ""
}

// tick keeps one chain of ticks going while an effect is in flight.
func (m *Model) tick() tea.Cmd {
	if m.ticking {
		return nil
	}
	m.ticking = true
	return m.nextTick()
}

func (m *Model) nextTick() tea.Cmd {
	every := 120 * time.Millisecond
	if m.opts.ReducedMotion {
		every = time.Second
	}
	return tea.Tick(every, func(at time.Time) tea.Msg { return tickMsg{at} })
}

// stamped makes the time stamp of a person's input inside a command.
func (m *Model) stamped(event func(time.Time) guide.Event) tea.Cmd {
	now := m.opts.Now
	return func() tea.Msg { return eventMsg{event(now())} }
}

func (m *Model) open(url string) tea.Cmd {
	if url == "" {
		return nil
	}
	open := m.opts.Open
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

// interrupts waits for the next signal from outside.
func (m *Model) interrupts() tea.Cmd {
	if m.opts.Interrupts == nil {
		return nil
	}
	signals, ctx := m.opts.Interrupts, m.ctx
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

// feed carries progress from the goroutine of an effect to the window, no
// faster than the window wants it and without ever making the effect wait.
type feed struct {
	mu    sync.Mutex
	news  []engine.Progress
	ready chan struct{} // holds one token while there is news
	over  chan struct{}
}

func newFeed() *feed {
	return &feed{ready: make(chan struct{}, 1), over: make(chan struct{})}
}

// backlog is how many reports are kept between two frames.
const backlog = 512

// put adds a report. Reports on the same thing replace each other.
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

// next waits for news, at least as long as pause, or for the end of the
// effect.
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
