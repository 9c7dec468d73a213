package part

import (
	"bytes"
	"encoding/json"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Body draws the body of a request: JSON indented and colored, anything else
// unchanged. Invisible characters are shown as their codes.
func Body(t theme.Theme, width int, body string) string {
	var pretty bytes.Buffer
	if json.Indent(&pretty, []byte(body), "", "  ") != nil {
		return Paragraph(Visible(body), width, t.Code)
	}
	var out []string
	for l := range strings.SplitSeq(Visible(pretty.String()), "\n") {
		out = append(out, wrapTokens(tokenize(t.Syntax, l), width)...)
	}
	return strings.Join(out, "\n")
}

// token is a part of a line in one style.
type token struct {
	text  string
	style lipgloss.Style
}

// tokenize splits a line of indented JSON into tokens. A string followed by a colon is
// a key.
func tokenize(s theme.Syntax, line string) []token {
	var list []token
	add := func(n int, style lipgloss.Style) {
		list = append(list, token{line[:n], style})
		line = line[n:]
	}
	for line != "" {
		switch c := line[0]; {
		case c == '"':
			n := stringLen(line)
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

// stringLen returns the length of the string literal at the start of line.
func stringLen(line string) int {
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

// wrapTokens breaks tokens into lines of at most width cells, preferably between
// tokens.
func wrapTokens(list []token, width int) []string {
	var lines []string
	var line strings.Builder
	room := width
	newline := func() {
		lines = append(lines, line.String())
		line.Reset()
		room = width
	}
	for _, t := range list {
		for n, piece := range Wrap(t.text, max(1, width)) {
			w := Width(piece)
			if n > 0 || w > room && room < width {
				newline()
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
