package part

import (
	"fmt"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// Plan draws the preview of a plan: its notes, and each change with its request
// exactly as it will be sent. Guards and PlanStamp draw the rest.
func Plan(t theme.Theme, width int, p engine.Plan) string {
	// Side effects come first, because long requests would push them out of sight.
	blocks := []string{notes(t, width, p.Notes)}
	for i, ch := range p.Changes {
		blocks = append(blocks, change(t, width, i+1, ch))
	}
	return Stack(blocks...)
}

// PlanStamp draws the digest and time of a plan.
func PlanStamp(t theme.Theme, width int, p engine.Plan) string {
	line := "plan " + p.Digest()[:12]
	if !p.At.IsZero() {
		line += ", made " + Clock(p.At)
	}
	return t.Faint.Render(Fit(line, width))
}

func change(t theme.Theme, width, n int, ch engine.Change) string {
	lead := t.Accent.Render(fmt.Sprintf("%d", n)) + "  "
	head := Hang(lead, Clean(ch.Title), width, t.Strong)
	body := Lines(BeforeAfter(t, width-3, ch))
	switch ch.Kind {
	case engine.ChangeRequest:
		body = Lines(body, request(t, width-3, ch.Call))
	case engine.ChangeCopy:
		body = Lines(body, copyDetails(t, width-3, ch.Copy))
	case engine.ChangeConsole:
		body = Stack(body, Console(t, width-3, ch.Console))
	}
	return Lines(head, Indent(body, 3))
}

// BeforeAfter draws the effect of a change.
func BeforeAfter(t theme.Theme, width int, ch engine.Change) string {
	to := t.OK
	if ch.Call.Method == destructiveMethod {
		to = t.Bad
	}
	before, after := Clean(ch.Before), Clean(ch.After)
	switch {
	case before == "" && after == "":
		return ""
	case before == "":
		return Hang(t.Muted.Render(t.Glyph.Arrow)+" ", after, width, to)
	case after == "":
		return Paragraph("before: "+before, width, t.Muted)
	}
	arrow := " " + t.Glyph.Arrow + " "
	if Width(before)+Width(arrow)+Width(after) <= width {
		return t.Muted.Render(before) + t.Faint.Render(arrow) + to.Render(after)
	}
	return Lines(
		Paragraph(before, width, t.Muted),
		Hang(t.Faint.Render(t.Glyph.Arrow)+" ", after, width, to),
	)
}

// request draws a call exactly as it is sent, except for the credential. Invisible
// characters are shown as their codes.
func request(t theme.Theme, width int, c engine.Call) string {
	bar := t.Faint.Render(t.Glyph.Bar) + " "
	room := width - 2
	var lines []string
	add := func(block string) {
		for l := range strings.SplitSeq(block, "\n") {
			lines = append(lines, bar+l)
		}
	}
	add(Hang(method(t, c.Method)+" ", Visible(c.URL), room, t.Code))
	add(t.Muted.Render(Fit("Authorization: [redacted]", room)))
	if c.ContentType != "" {
		add(Paragraph("Content-Type: "+Visible(c.ContentType), room, t.Muted))
	}
	if c.Body != "" {
		add("")
		add(Body(t, room, c.Body))
	}
	return strings.Join(lines, "\n")
}

// destructiveMethod is the method of requests that remove something.
const destructiveMethod = "DELETE"

// method draws an HTTP method, highlighting a destructive one.
func method(t theme.Theme, name string) string {
	style := t.Strong
	if name == destructiveMethod {
		style = t.Danger
	}
	return style.Render(Visible(name))
}

func copyDetails(t theme.Theme, width int, c engine.Copy) string {
	visibility := "public"
	if c.Private {
		visibility = "private"
	}
	rows := [][]Cell{
		{{"from", t.Muted}, {Visible(c.Source), t.Code}},
		{{"to", t.Muted}, {Visible(c.Target) + " (" + visibility + ")", t.Code}},
	}
	for _, prefix := range c.Uploads {
		rows = append(rows, []Cell{{"writes below", t.Muted}, {Visible(prefix), t.Code}})
	}
	return Stack(Grid(width, rows), Tags(t, width, c.Tags))
}

// FewTags returns the first of many tags, and the number of tags left out.
func FewTags(tags []engine.TagRef) (few []engine.TagRef, more int) {
	const most = 12
	if len(tags) <= most {
		return tags, 0
	}
	few = tags[:most-2]
	return few, len(tags) - len(few)
}

// Tags draws a table of tags with the digests that a copy must have. It shows only the
// first of many tags; WholeTags shows all.
func Tags(t theme.Theme, width int, tags []engine.TagRef) string {
	if len(tags) == 0 {
		return ""
	}
	few, more := FewTags(tags)
	rows := [][]Cell{{{"tag", t.Muted}, {"digest", t.Muted}, {"size", t.Muted}}}
	for _, tag := range few {
		digest := Clean(tag.Digest)
		if width < fullDigest && len(digest) > shortDigest {
			digest = digest[:shortDigest] + t.Glyph.More
		}
		rows = append(rows, []Cell{{Clean(tag.Name), t.Text}, {digest, t.Muted}, {size(tag), t.Muted}})
	}
	if more == 0 {
		return Grid(width, rows)
	}
	return Lines(Grid(width, rows), Paragraph(fmt.Sprintf("and %d more; v shows every tag with its digest", more), width, t.Muted))
}

// fullDigest is the width from which a whole digest fits beside tag and size;
// else it is shortened to the algorithm and twelve digits, as Docker does.
const (
	fullDigest  = 96
	shortDigest = len("sha256:") + 12
)

func size(tag engine.TagRef) string {
	if tag.Size <= 0 {
		return ""
	}
	return Bytes(tag.Size)
}

// WholeTags draws the tags of all copies of a plan with their full digests.
func WholeTags(t theme.Theme, width int, p engine.Plan) string {
	var blocks []string
	for _, ch := range p.Changes {
		out := []string{Paragraph("Digests of "+Visible(ch.Copy.Source), width, t.Muted)}
		for _, tag := range ch.Copy.Tags {
			out = append(out, Paragraph(Clean(tag.Name)+"  "+size(tag), width, t.Text), Indent(Paragraph(Clean(tag.Digest), width-2, t.Code), 2))
		}
		if len(ch.Copy.Tags) > 0 {
			blocks = append(blocks, Lines(out...))
		}
	}
	return Stack(blocks...)
}

// Link draws a URL, as a hyperlink if possible.
func Link(t theme.Theme, width int, url string) string {
	style := t.Link
	if !t.ASCII && clickable(url) {
		style = style.Hyperlink(url)
	}
	return Paragraph(Visible(url), width, style)
}

// clickable reports whether a URL may be put into an escape sequence: a web address of
// printable ASCII characters and limited length.
func clickable(url string) bool {
	const longest = 1000
	web := strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")
	return web && len(url) <= longest && ascii(url) && !strings.Contains(url, " ")
}

// Console draws the clicks in a web console, in each version of its wording.
func Console(t theme.Theme, width int, c engine.Console) string {
	var blocks []string
	if c.URL != "" {
		blocks = append(blocks, Link(t, width, c.URL))
	}
	for i, way := range c.Ways {
		var lines []string
		if len(c.Ways) > 1 {
			word := "The clicks:"
			if i > 0 {
				word = "Or, in an older console:"
			}
			lines = append(lines, Paragraph(word, width, t.Muted))
		}
		for n, click := range way {
			lines = append(lines, Hang(t.Accent.Render(fmt.Sprintf("%2d", n+1))+"  ", Clean(click), width, t.Text))
		}
		blocks = append(blocks, Lines(lines...))
	}
	if c.Watch != "" {
		blocks = append(blocks, Paragraph("Meanwhile, the tool watches for "+Clean(c.Watch)+".", width, t.Muted))
	}
	return Stack(blocks...)
}

func notes(t theme.Theme, width int, list []string) string {
	var out []string
	for _, n := range list {
		out = append(out, Hang(t.Warn.Render(t.Glyph.Warn)+" ", Clean(n), width, t.Text))
	}
	return Lines(out...)
}

// Guards draws what is checked again before each change.
func Guards(t theme.Theme, width int, list []engine.Guard) string {
	if len(list) == 0 {
		return ""
	}
	out := []string{Paragraph("Checked again before each change; if one of them has changed, nothing is sent:", width, t.Muted)}
	for _, g := range list {
		text := Clean(g.Text)
		if g.Seen != "" {
			text += ": " + Clean(g.Seen)
		}
		out = append(out, Hang("  "+t.Faint.Render(t.Glyph.Bullet)+" ", text, width, t.Text))
	}
	return Lines(out...)
}

// Bytes formats a size. 1 kB is 1000 bytes, as in Docker.
func Bytes(n int64) string {
	const k = 1000
	units := []string{"B", "kB", "MB", "GB", "TB"}
	f, i := float64(n), 0
	for f >= k && i < len(units)-1 {
		f /= k
		i++
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}
