package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"

	"github.com/seed-05b3d87e/reprovision/api/credentials"
	"github.com/seed-05b3d87e/reprovision/cmd/internal/plain"
	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui"
	"github.com/seed-05b3d87e/reprovision/tui/part"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// errNoTerminal says that a question cannot be asked.
var errNoTerminal = errors.New("there is no terminal to ask at")

// prompter asks a person, one question after the other, in the lines of the
// terminal. A secret is masked, and never stays in the scrollback.
type prompter struct {
	in   *os.File
	out  io.Writer
	tty  bool
	dumb bool // nothing is redrawn: questions are plain lines
}

func newPrompter(in *os.File, out io.Writer) *prompter {
	p := &prompter{in: in, out: out, dumb: accessible()}
	file, ok := out.(*os.File)
	p.tty = ok && term.IsTerminal(in.Fd()) && term.IsTerminal(file.Fd())
	return p
}

// question is a line to fill in.
type question struct {
	label    string
	help     string
	value    string // what enter takes
	secret   bool
	optional bool
}

func (p *prompter) say(format string, a ...any) { _, _ = fmt.Fprintf(p.out, format+"\n", a...) }

// ask returns the answer. Cancelling is context.Canceled, the end of input an
// error.
func (p *prompter) ask(ctx context.Context, q question) (string, error) {
	if !p.tty {
		return "", fmt.Errorf("%s: %w", q.label, errNoTerminal)
	}
	if p.dumb {
		return p.plain(ctx, q)
	}
	m := &line{question: q, theme: theme.New(true, false), field: part.Field{Masked: q.secret}}
	m.field.SetValue(q.value)
	if _, err := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(p.in), tea.WithOutput(p.out), tea.WithoutSignalHandler()).Run(); err != nil {
		return "", fmt.Errorf("ask for %s: %w", q.label, err)
	}
	if !m.done {
		return "", fmt.Errorf("ask for %s: %w", q.label, context.Canceled)
	}
	return trimSecret(m.field.Value()), nil
}

// plain asks without redrawing, as a screen reader wants it.
func (p *prompter) plain(ctx context.Context, q question) (string, error) {
	if q.help != "" {
		p.say("%s", q.help)
	}
	for range 3 {
		label := q.label
		if q.value != "" {
			label += " [" + q.value + "]"
		}
		var answer string
		if q.secret {
			text, err := plain.ReadSecret(ctx, p.in, p.out, label+": ")
			_, _ = fmt.Fprintln(p.out)
			if err != nil {
				return "", fmt.Errorf("ask for %s: %w", q.label, err)
			}
			answer = trimSecret(text)
		} else {
			text, err := plain.Prompter{In: p.in, Out: p.out}.Ask(ctx, label+": ")
			if err != nil {
				return "", fmt.Errorf("ask for %s: %w", q.label, err)
			}
			answer = cmp.Or(trimSecret(text), q.value)
		}
		if answer != "" || q.optional {
			return answer, nil
		}
		p.say("This is needed.")
	}
	return "", fmt.Errorf("ask for %s: nothing was given", q.label)
}

// choose lets a person press the key of one of the options.
func (p *prompter) choose(ctx context.Context, q string, options ...string) (int, error) {
	for n, o := range options {
		p.say("  %d  %s", n+1, o)
	}
	for range 3 {
		answer, err := p.ask(ctx, question{label: q})
		if err != nil {
			return 0, err
		}
		for n := range options {
			if answer == fmt.Sprint(n+1) {
				return n, nil
			}
		}
		p.say("Type one of the numbers, 1 to %d.", len(options))
	}
	return 0, fmt.Errorf("%s: no choice was made", q)
}

// atLines is whoever sits before the lines of a terminal, or nobody.
func atLines(p *prompter) person {
	if !p.tty {
		return person{}
	}
	return person{ask: p.prompt, tell: p.tell}
}

// passphrase asks for that of the encrypted file, where there is somebody to ask.
func (p *prompter) passphrase() func(context.Context, credentials.PassphraseRequest) (string, error) {
	return func(ctx context.Context, r credentials.PassphraseRequest) (string, error) {
		return askPassphrase(ctx, r, atLines(p).ask)
	}
}

// prompt asks what an operation in flight wants to know.
func (p *prompter) prompt(ctx context.Context, q tui.Prompt) (string, error) {
	p.say("%s.", clean(q.Title))
	if len(q.Options) == 0 {
		answer, err := p.ask(ctx, question{label: q.Label, help: q.Text, secret: q.Masked})
		if errors.Is(err, context.Canceled) && ctx.Err() == nil {
			err = tui.ErrDeclined
		}
		return answer, err
	}
	p.say("%s", clean(q.Text))
	lines := make([]string, len(q.Options))
	for i, o := range q.Options {
		lines[i] = clean(o.Label)
		if o.Why != "" {
			lines[i] += " (" + clean(o.Why) + ")"
		}
	}
	n, err := p.choose(ctx, "Your answer", lines...)
	return strconv.Itoa(n), err
}

// tell sends a person to a page.
func (p *prompter) tell(_ context.Context, q tui.Prompt) {
	p.say("%s. %s", clean(q.Title), clean(q.Text))
	p.say("%s", clean(q.URL)) // on a line of its own, to copy
	if q.Code != "" {
		p.say("The code to type there: %s", clean(q.Code))
	}
	p.say("Waiting for you; ctrl+c gives up.")
	_ = openBrowser(q.URL)
}

// line is one question on its way.
type line struct {
	question
	theme theme.Theme
	field part.Field
	width int
	note  string
	done  bool
	gone  bool
}

func (m *line) Init() tea.Cmd { return nil }

func (m *line) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width = msg.Width
		return m, nil
	case tea.KeyPressMsg:
		switch msg.String() {
		case "ctrl+c", "ctrl+d", "esc":
			m.gone = true
			return m, tea.Quit
		case "ctrl+z":
			if shellJob() {
				return m, tea.Suspend
			}
		case "enter":
			if trimSecret(m.field.Value()) == "" && !m.optional {
				m.note = "This is needed."
				return m, nil
			}
			m.done = true
			return m, tea.Quit
		}
	}
	if m.field.Update(msg) {
		m.note = ""
	}
	return m, nil
}

func (m *line) View() tea.View {
	width := m.width
	if width <= 0 {
		width = 80
	}
	switch {
	case m.done && m.secret:
		return tea.NewView(m.label + ": given\n")
	case m.done:
		return tea.NewView(m.label + ": " + part.Clean(m.field.Value()) + "\n")
	case m.gone:
		return tea.NewView(m.label + ": cancelled\n")
	}
	var head []string
	if m.help != "" {
		head = append(head, strings.Split(part.Paragraph(part.Clean(m.help), width, m.theme.Muted), "\n")...)
	}
	head = append(head, m.theme.Strong.Render(part.Clean(m.label)))
	text, x := m.field.View(m.theme, width, true)
	v := tea.NewView(strings.Join(append(head, text, m.theme.Warn.Render(m.note)), "\n"))
	v.Cursor = tea.NewCursor(x, len(head))
	return v
}

// readSecret reads a secret from standard input, for automation.
func readSecret(ctx context.Context, r io.Reader) (engine.Secret, error) {
	const most = 64 << 10
	text, err := plain.Await(ctx, func() (string, error) {
		raw, err := io.ReadAll(io.LimitReader(r, most+1))
		return string(raw), err
	})
	if err != nil {
		return engine.Secret{}, fmt.Errorf("read the token from standard input: %w", err)
	}
	if len(text) > most {
		return engine.Secret{}, fmt.Errorf("read the token from standard input: it is longer than %d bytes", most)
	}
	if !strings.Contains(text, "-----BEGIN ") { // a key in PEM needs its lines
		text = trimSecret(text)
	}
	if strings.TrimSpace(text) == "" {
		return engine.Secret{}, errors.New("read the token from standard input: there is none")
	}
	return engine.NewSecret(text), nil
}
