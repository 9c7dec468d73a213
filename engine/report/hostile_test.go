package report

import (
	"bytes"
	"html"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// hostile are texts that somebody could put into a name, a tag, an error or an
// answer to make the report say something else.
var hostile = []string{
	"\x1b[31mred\x1b[0m", "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07", "\x9b31m", "bell\a", "back\b\bspace", "nul\x00",
	"\u202egnirts\u202c", "\u2066isolate\u2069", "zero\u200bwidth", "\ufeffbom", "line\nbreak", "line\r\nbreak", "line\u2028separator", "para\u2029graph", "next\u0085line",
	"# heading", "\n\n# heading\n\n", "a | b | c", `a \| b`, `a \\| b`, "|---|", "\n| --- |\n", "`code`", "``", "```\nfence\n```", "~~~",
	"**bold**", "_it_", "~~gone~~", "[link](https://evil.example)", "![image](https://evil.example/p.png)", "[ref]: https://evil.example", "[^1]", "- [x] task",
	"<b>bold</b>", "<script>alert(1)</script>", "<!-- comment", "<a b=c>", `<img src=x onerror=alert(1)>`, "<https://evil.example>", "</td></tr></table>",
	"&lt;b&gt;", "&#35; x", "&nbsp;", "- item", "+ item", "* item", "1. item", "12) item", "---", "===", "- - -", "> quote", "    indented code", "\ttab", "trailing\\", `\`, "$x$",
	"\xff\xfe", "日本語", "🧑‍🚀", strings.Repeat("long ", 2000),
}

func document(s string) string {
	return "# Title: " + Escape(s) + " in " + Escape(s) + "\n\n" + Escape(s) + "\n\n- " + Escape(s) + "\n- name: " + Escape(s) + " (" + Escape(s) + ")\n  - " + Escape(s) +
		"\n\n| | b |\n| --- | --- |\n| " + Escape(s) + " | " + code(s) + " |\n| " + code(s) + " | " + Escape(s) + " |\n\n**" + Escape(s) + "** " + code(s) + "\n"
}

var parser = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.TaskList, extension.Footnote, extension.DefinitionList))

// skeleton is the structure of a document without its words.
func skeleton(t *testing.T, markdown string) []string {
	t.Helper()
	var kinds []string
	root := parser.Parser().Parse(text.NewReader([]byte(markdown)))
	require.NoError(t, ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch {
		case n.Kind() == ast.KindText || n.Kind() == ast.KindString:
		case entering:
			kinds = append(kinds, n.Kind().String())
		default:
			kinds = append(kinds, "/"+n.Kind().String())
		}
		return ast.WalkContinue, nil
	}))
	return kinds
}

var (
	listItem = regexp.MustCompile(`<li>name: (.*)`)
	cells    = regexp.MustCompile(`<tr>\n<td>(.*)</td>\n<td><code>(.*)</code></td>\n</tr>`)
)

// requireHarmless checks that the text stands in a document as text, and as
// the text that it is.
func requireHarmless(t *testing.T, s string) {
	t.Helper()
	got := Escape(s)
	requirePlain(t, got)
	requirePlain(t, code(s))
	markdown := document(s)
	if plain(s) != "" {
		require.Equal(t, skeleton(t, document("x")), skeleton(t, markdown), "%q changes the structure:\n%s", s, markdown)
	}
	for line := range strings.Lines(markdown) {
		if strings.HasPrefix(line, "|") {
			require.Equal(t, 3, pipes(line), "%q moves the cells of %s", s, line)
		}
	}
	var out bytes.Buffer
	require.NoError(t, parser.Convert([]byte(markdown), &out))
	require.NotContains(t, out.String(), "raw HTML omitted")
	if item := listItem.FindStringSubmatch(out.String()); plain(s) != "" {
		require.NotNil(t, item, out.String())
		require.Equal(t, plain(s)+" ("+plain(s)+")", html.UnescapeString(item[1]), "what is read is what was written")
		row := cells.FindStringSubmatch(out.String())
		require.NotNil(t, row, out.String())
		require.Equal(t, plain(s), html.UnescapeString(row[1]))
		require.Equal(t, strings.NewReplacer("`", "?", "|", "?").Replace(plain(s)), html.UnescapeString(row[2]))
	}
}

func requirePlain(t *testing.T, s string) {
	t.Helper()
	require.True(t, utf8.ValidString(s))
	for _, r := range s {
		require.False(t, unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029', "%q holds %U", s, r)
	}
}

// pipes counts those that end a cell: GFM takes one after a backslash as text,
// in a code span too.
func pipes(line string) int {
	return strings.Count(line, "|") - strings.Count(line, `\|`)
}

func TestForeignTextIsTextWhereverItStands(t *testing.T) {
	for _, s := range hostile {
		requireHarmless(t, s)
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { requireHarmless(t, s) })
}

func TestOrdinaryTextStaysReadable(t *testing.T) {
	for in, want := range map[string]string{
		"priya-nair": "priya-nair", "priya.nair@acme.example": "priya.nair@acme.example", "2026-11-23": "2026-11-23", "v1.2": "v1.2", "2 tags": "2 tags",
		"https://app.docker.com": "https://app.docker.com", "GET /v2/orgs/acme: 403": "GET /v2/orgs/acme: 403", "1. first": `1\. first`, "-5": `\-5`,
		"a\tb\r\nc": "a b  c", "  padded ": "padded", "": "",
	} {
		require.Equal(t, want, Escape(in))
	}
	require.Equal(t, "`none`", code(""))
	require.Equal(t, "`sha256:ab?c?`", code("sha256:ab`c|"))
}

// everywhere returns a case that holds the text in every field that takes one.
func everywhere(s string) engine.Case {
	var c engine.Case
	put(reflect.ValueOf(&c).Elem(), s)
	c.Answers = map[engine.QuestionID]engine.Answer{}
	for _, id := range []engine.QuestionID{engine.AskJIT, engine.AskManaged, engine.AskRole, engine.AskTeams, engine.AskSCIMTested, engine.AskRace, engine.AskPrivate, engine.AskSelf} {
		c.Answers[id] = engine.Answer{Value: s, At: noon}
	}
	c.Done = map[engine.ActionID]engine.Check{}
	for _, id := range order {
		c.Done[id] = engine.Check{Text: s, Evidence: []engine.Evidence{{Text: s, Source: s, At: noon}}}
	}
	c.Sources = map[engine.FactID]engine.Source{}
	for i, id := range engine.Facts() {
		source := engine.Source{Name: s, At: noon}
		if i%2 == 1 && id != engine.FactExpectation && id != engine.FactMember {
			source.Missing = s
		}
		c.Sources[id] = source
	}
	c.Member.Guest, c.Member.Invitee = false, false
	return c
}

func put(v reflect.Value, s string) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(noon))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		put(v.Index(0), s)
	case reflect.Struct:
		for i := range v.NumField() {
			put(v.Field(i), s)
		}
	default:
	}
}

func TestNoFieldOfACaseCanChangeTheReportsStructure(t *testing.T) {
	want := skeleton(t, Markdown(everywhere("x")))
	require.Contains(t, want, "TableRow")
	for _, s := range hostile {
		markdown := Markdown(everywhere(s))
		require.Equal(t, want, skeleton(t, markdown), "%q changes the structure:\n%s", s, markdown)
		requirePlain(t, strings.ReplaceAll(markdown, "\n", ""))
	}
}

func FuzzReport(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	want := -1
	f.Fuzz(func(t *testing.T, s string) {
		if want < 0 {
			want = len(skeleton(t, Markdown(everywhere("x"))))
		}
		if plain(s) == "" || strings.Contains(s, ", ") {
			t.Skip("an empty text or a list of names is told in other words")
		}
		require.Len(t, skeleton(t, Markdown(everywhere(s))), want)
	})
}
