package part

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

func drawnPlain(markdown string, width int) string {
	return ansi.Strip(document(theme.New(true, false), markdown, width))
}

func TestADocumentIsDrawn(t *testing.T) {
	for _, x := range []struct{ in, out string }{
		{"# One\n\ntwo *three* **four** `five`", "One\n\ntwo three four five"},
		{"a\nb  \nc", "a b\nc"},
		{"- one\n- two three four five\n  - six\n\nend", "· one\n· two three four\n  five\n  · six\n\nend"},
		{"3. one\n4. two", "3. one\n4. two"},
		{"> **Dry run.** Nothing\n> was sent", "│ Dry run. Nothing\n│ was sent"},
		{"```\nx  y\n  z\n```", "  x  y\n    z"},
		{"[docs](https://docs.docker.com)", "docs\n(https://docs.docker\n.com)"},
		{"<https://a.b>", "https://a.b"},
		{`\*not\* \# a &amp; b &lt;i&gt;`, "*not* # a & b <i>"},
		{"a <b>c</b>", "a <b>c</b>"},
		{"| | is |\n| --- | --- |\n| role | editor |\n| te\\|ams | `x` |", "        is\nrole    editor\nte|ams  x"},
		{"---", "────────────────────"},
	} {
		require.Equal(t, x.out, drawnPlain(x.in, 20), "%q", x.in)
	}
}

func TestStylesEndWithTheirLine(t *testing.T) {
	th := theme.New(true, false)
	for line := range strings.SplitSeq(document(th, "**"+strings.Repeat("bold ", 20)+"** plain", 20), "\n") {
		require.Equal(t, strings.Count(line, "\x1b[1m"), strings.Count(line, "\x1b[m"), "%q", line)
	}
	require.Contains(t, document(th, "**b**", 20), th.Strong.Render("b"))
}

func FuzzDocument(f *testing.F) {
	for _, s := range []string{
		"# a\n\nb", "| a |\n| - |\n| b |", "> > - 1. x", "&#27;[2J &#x202e; &#0;", "[a](javascript:x\x1b)", "\x1b[2J", "<script>", "![a](b)", "```\n\xff", "- \n-",
		"日本語 **テキスト** 🧑🏽‍💻", "&NewLine;&Tab;x",
	} {
		f.Add(s, uint8(20))
	}
	f.Fuzz(func(t *testing.T, s string, width uint8) {
		w := 1 + int(width)%120
		for line := range strings.SplitSeq(document(theme.New(true, false), s, w), "\n") {
			require.LessOrEqual(t, Width(line), w, "%q", line)
			for _, r := range ansi.Strip(line) {
				require.NotEqual(t, hidden, kind(r), "%q", line)
				require.False(t, r == '\t' || r == '\r', "%q", line)
			}
		}
	})
}
