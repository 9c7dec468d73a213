package part

import (
	"fmt"
	"strings"
	"sync"

	"charm.land/lipgloss/v2"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	table "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// markdownParser returns a parser for CommonMark with tables, created on first use.
var markdownParser = sync.OnceValue(func() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(parser.DefaultBlockParsers()...),
		parser.WithInlineParsers(parser.DefaultInlineParsers()...),
		parser.WithParagraphTransformers(append(parser.DefaultParagraphTransformers(),
			util.Prioritized(extension.NewTableParagraphTransformer(), 200))...),
		parser.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
	)
})

// document draws Markdown. HTML is treated as text.
func document(t theme.Theme, markdown string, width int) string {
	d := drawing{t, []byte(cleanLines(markdown))}
	lines := strings.Split(Stack(d.blocks(markdownParser().Parse(text.NewReader(d.source)), max(1, width))...), "\n")
	for i, l := range lines {
		lines[i] = Fit(l, width) // deeply nested blocks may be too wide
	}
	return strings.Join(lines, "\n")
}

type drawing struct {
	t      theme.Theme
	source []byte
}

// blocks draws the child blocks of a node, each in width cells.
func (d drawing) blocks(parent ast.Node, width int) []string {
	var out []string
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		out = append(out, d.block(n, width))
	}
	return out
}

func (d drawing) block(n ast.Node, width int) string {
	switch n := n.(type) {
	case *ast.Heading:
		style := d.t.Strong
		if n.Level == 1 {
			style = d.t.Brand
		}
		return wrapStyled("", d.inline(n, style), width)
	case *ast.List:
		return d.list(n, width)
	case *ast.Blockquote:
		bar := d.t.Faint.Render(d.t.Glyph.Bar) + " "
		return bar + strings.ReplaceAll(Stack(d.blocks(n, max(1, width-2))...), "\n", "\n"+bar)
	case *ast.ThematicBreak:
		return d.t.Faint.Render(strings.Repeat(d.t.Glyph.Rule, width))
	case *table.Table:
		return d.table(n, width)
	case *ast.FencedCodeBlock, *ast.CodeBlock, *ast.HTMLBlock:
		var lines []string
		for _, l := range n.Lines().Sliced(0, n.Lines().Len()) {
			lines = append(lines, Paragraph(Clean(strings.TrimRight(string(l.Value(d.source)), "\n")), max(1, width-2), d.t.Code))
		}
		return Indent(strings.Join(lines, "\n"), 2)
	}
	return wrapStyled("", d.inline(n, d.t.Text), width)
}

func (d drawing) list(n *ast.List, width int) string {
	var out []string
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		lead := d.t.Faint.Render(d.t.Glyph.Bullet) + " "
		if n.IsOrdered() {
			lead = d.t.Accent.Render(fmt.Sprintf("%d.", number)) + " "
			number++
		}
		in := Width(lead)
		body := Lines(d.blocks(item, max(1, width-in))...)
		out = append(out, Fit(lead, width)+strings.ReplaceAll(body, "\n", "\n"+strings.Repeat(" ", in)))
	}
	if n.IsTight {
		return Lines(out...)
	}
	return Stack(out...)
}

func (d drawing) table(n *table.Table, width int) string {
	var rows [][]Cell
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		style := d.t.Text
		if _, head := row.(*table.TableHeader); head {
			style = d.t.Muted
		}
		var cells []Cell
		for c := row.FirstChild(); c != nil; c = c.NextSibling() {
			cells = append(cells, Cell{d.words(c), style})
		}
		rows = append(rows, cells)
	}
	return Grid(width, rows)
}

// inline draws the inline content of a block.
func (d drawing) inline(parent ast.Node, style lipgloss.Style) string {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			b.WriteString(style.Render(d.text(n)))
			if n.HardLineBreak() {
				b.WriteByte('\n')
			} else if n.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.Emphasis:
			in := d.t.Emphasis
			if n.Level > 1 {
				in = d.t.Strong
			}
			b.WriteString(d.inline(n, in))
		case *ast.CodeSpan:
			b.WriteString(d.t.Code.Render(d.words(n)))
		case *ast.Link:
			b.WriteString(d.link(d.words(n), string(n.Destination)))
		case *ast.Image:
			b.WriteString(d.link(d.words(n), string(n.Destination)))
		case *ast.AutoLink:
			b.WriteString(d.link("", string(n.URL(d.source))))
		case *ast.RawHTML:
			for _, s := range n.Segments.Sliced(0, n.Segments.Len()) {
				b.WriteString(style.Render(Clean(string(s.Value(d.source)))))
			}
		default:
			b.WriteString(d.inline(n, style))
		}
	}
	return b.String()
}

// link draws a link with its address, as a hyperlink if possible.
func (d drawing) link(words, address string) string {
	style := d.t.Link
	if !d.t.ASCII && clickable(address) {
		style = style.Hyperlink(address)
	}
	if words == "" || words == address {
		return style.Render(Visible(address))
	}
	return words + " (" + style.Render(Visible(address)) + ")"
}

// words returns the text of a node without styles.
func (d drawing) words(parent ast.Node) string {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if leaf, ok := n.(*ast.Text); ok {
			b.WriteString(d.text(leaf))
			continue
		}
		b.WriteString(d.words(n))
	}
	return b.String()
}

// text returns the unescaped and cleaned text of a leaf.
func (d drawing) text(n *ast.Text) string {
	raw := n.Segment.Value(d.source)
	if _, code := n.Parent().(*ast.CodeSpan); !code && !n.IsRaw() {
		raw = util.UnescapePunctuations(util.ResolveEntityNames(util.ResolveNumericReferences(raw)))
	}
	return Clean(string(raw))
}
