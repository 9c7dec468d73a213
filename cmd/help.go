package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"github.com/seed-05b3d87e/reprovision/tui/part"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

const (
	helpWidth    = 80 // where the width is not known
	maxHelpWidth = 100
	minHelpText  = 30 // narrower than this, a description gets lines of its own
)

// styleHelp gives the command and those below it a help that is wrapped to the
// terminal. It asks the terminal nothing, so it is as good for one that cannot
// answer.
func styleHelp(root *cobra.Command) {
	root.SetHelpFunc(func(c *cobra.Command, _ []string) {
		out := c.OutOrStdout()
		width := min(widthOf(out, helpWidth), maxHelpWidth)
		_, _ = io.WriteString(colorprofile.NewWriter(out, os.Environ()), helpOf(c, width))
	})
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Run, c.RunE = nil, showHelp
		}
	}
}

// widthOf is how wide the terminal is that out leads to, or what is given
// where it is none.
func widthOf(out io.Writer, otherwise int) int {
	if f, ok := out.(*os.File); ok {
		if w, _, err := term.GetSize(f.Fd()); err == nil && w > 0 {
			return w
		}
	}
	return otherwise
}

// showHelp is what "help COMMAND" does.
func showHelp(c *cobra.Command, args []string) error {
	about, rest, err := c.Root().Find(args)
	if about == nil || err != nil || len(rest) > 0 {
		return usageError{fmt.Errorf("no help for %q", strings.Join(args, " "))}
	}
	about.InitDefaultHelpFlag()
	return about.Help()
}

// helpOf is the help of a command, in lines of at most width columns.
func helpOf(c *cobra.Command, width int) string {
	var b strings.Builder
	title := theme.New(true, false).Strong
	section := func(name, body string) {
		if body = strings.TrimRight(body, "\n"); body != "" {
			fmt.Fprintf(&b, "\n%s\n%s\n", title.Render(name), body)
		}
	}
	b.WriteString(reflow(cmp.Or(c.Long, c.Short), width) + "\n")
	var usage []string
	if c.Runnable() {
		usage = append(usage, "  "+c.UseLine())
	}
	if c.HasAvailableSubCommands() {
		usage = append(usage, "  "+c.CommandPath()+" <command> [flags]")
	}
	section("USAGE", strings.Join(usage, "\n"))
	var commands, topics [][2]string
	for _, sub := range c.Commands() {
		switch {
		case sub.IsAdditionalHelpTopicCommand():
			topics = append(topics, [2]string{sub.Name(), sub.Short})
		case sub.IsAvailableCommand() || sub.Name() == "help":
			commands = append(commands, [2]string{sub.Name(), sub.Short})
		}
	}
	section("COMMANDS", columns(commands, width))
	section("FLAGS", c.LocalFlags().FlagUsagesWrapped(width))
	section("INHERITED FLAGS", c.InheritedFlags().FlagUsagesWrapped(width))
	section("EXAMPLES", c.Example)
	section("HELP TOPICS", columns(topics, width))
	return b.String()
}

// columns lists names beside what they stand for.
func columns(rows [][2]string, width int) string {
	left := 0
	for _, r := range rows {
		left = max(left, len(r[0]))
	}
	var b strings.Builder
	for _, r := range rows {
		indent := 2 + left + 2
		fmt.Fprintf(&b, "  %-*s  ", left, r[0])
		if width-indent < minHelpText {
			indent = 6
			b.WriteString("\n      ")
		}
		text := strings.Join(part.Wrap(r[1], width-indent), "\n")
		b.WriteString(strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", indent)) + "\n")
	}
	return b.String()
}

// reflow fills paragraphs up to width, as Go's doc comments are filled: lines
// that begin with a space are left as they are.
func reflow(text string, width int) string {
	var out []string
	var paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			out = append(out, strings.Join(part.Wrap(strings.Join(paragraph, " "), width), "\n"))
			paragraph = nil
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case line == "" || line[0] == ' ':
			flush()
			out = append(out, line)
		default:
			paragraph = append(paragraph, line)
		}
	}
	flush()
	return strings.Join(out, "\n")
}

// version is what the build knows of itself: a tag, or a commit and its time.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	return info.Main.Version
}

// noArgs refuses arguments as a usage error. One that was meant as a command is
// answered with those of a similar name.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !c.HasAvailableSubCommands() {
		return usageError{fmt.Errorf("%s takes no arguments, and was given %q", c.CommandPath(), args[0])}
	}
	c.SuggestionsMinimumDistance = 2
	text := fmt.Sprintf("unknown command %q for %q", args[0], c.CommandPath())
	if like := c.SuggestionsFor(args[0]); len(like) > 0 {
		text += "; did you mean " + strings.Join(like, " or ") + "?"
	}
	return usageError{errors.New(text)}
}

// group is the RunE of a command that only holds others.
func group(c *cobra.Command, _ []string) error { return c.Help() }
