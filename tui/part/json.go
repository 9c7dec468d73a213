package part

import (
	"bytes"
	"encoding/json"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Body shows the body of a request: JSON broken into lines and coloured, any
// other as it is. Characters without a picture appear as their codes.
func Body(t theme.Theme, width int, body string) string {
	var pretty bytes.Buffer
	if json.Indent(&pretty, []byte(body), "", "  ") != nil {
		return Paragraph(Visible(body), width, t.Code)
	}
	var out []string
	for l := range strings.SplitSeq(Visible(pretty.String()), "\n") {
		out = append(out, wrapped(tokens(t.Syntax, l), width)...)
	}
	return strings.Join(out, "\n")
}

// token is a piece of a line that is drawn in one style.
type token struct {
	text  string
	style lipgloss.Style
}

// tokens takes a line of indented JSON apart. A string that a colon follows is
// a key.
func tokens(s theme.Syntax, line string) []token {
	var list []token
	add := func(n int, style lipgloss.Style) {
		list = append(list, token{line[:n], style})
		line = line[n:]
	}
	for line != "" {
		switch c := line[0]; {
		case c == '"':
			n := quoted(line)
			if strings.HasPrefix(line[n:], ":") {
				add(n, s.Key)
			} else {
				add(n, s.String)
			}
		case strings.IndexByte("{}[]:, ", c) >= 0:
			add(1, s.Mark)
		default:
			n := strings.IndexAny(line, "{}[]:, ")
			if n < 0 {
				n = len(line)
			}
			add(n, s.Literal)
		}
	}
	return list
}

// quoted is the length of the string that a line begins with.
func quoted(line string) int {
	for i := 1; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(line)
}

// wrapped puts tokens on lines of at most width cells. A line breaks in front
// of a token where that helps, and within one that is longer than a line.
func wrapped(list []token, width int) []string {
	var lines []string
	var line strings.Builder
	room := width
	feed := func() {
		lines = append(lines, line.String())
		line.Reset()
		room = width
	}
	for _, t := range list {
		for n, piece := range Wrap(t.text, max(1, width)) {
			w := Width(piece)
			if n > 0 || w > room && room < width {
				feed()
			}
			line.WriteString(t.style.Render(piece))
			room -= w
		}
		if t.text == " " { // Wrap drops it
			line.WriteByte(' ')
			room--
		}
	}
	return append(lines, line.String())
}
