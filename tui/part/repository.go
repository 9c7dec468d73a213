package part

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/engine"
	"github.com/seed-05b3d87e/reprovision/tui/theme"
)

// repositoryFacts returns everything known about a repository, as labels and texts.
func repositoryFacts(c engine.Case, name string) [][2]string {
	var rows [][2]string
	add := func(label, text string) {
		if text != "" {
			rows = append(rows, [2]string{label, Clean(text)})
		}
	}
	if i := slices.IndexFunc(c.Repositories.Personal, func(r engine.Repository) bool { return r.Name == name }); i >= 0 {
		personalDetails(c, c.Repositories.Personal[i], add)
	}
	for _, r := range c.Repositories.Organization {
		if r.Name != name {
			continue
		}
		if r.Seen {
			add("visible", Visibility(r.Private))
			add("size", sizeOf(r.Size))
		}
		add("last push", dayOf(r.LastPush))
		for _, why := range r.Why {
			add("why", why)
		}
		add("copied to", "it stays in "+c.Org+" and is not copied; make sure that somebody else can take over what they do there")
	}
	if len(rows) > 0 {
		s := c.Sources[engine.FactRepositories]
		add("source", stamp(s.Name, s.At))
	}
	return rows
}

// RepositoryText is RepositoryDetails as plain text.
func RepositoryText(c engine.Case, name string) string {
	out := []string{Clean(name)}
	for _, r := range repositoryFacts(c, name) {
		out = append(out, r[0]+": "+r[1])
	}
	return strings.Join(out, "\n")
}

// RepositoryDetails draws everything known about a repository.
func RepositoryDetails(t theme.Theme, width int, c engine.Case, name string) string {
	rows := repositoryFacts(c, name)
	if len(rows) == 0 {
		return ""
	}
	const label = 10
	out := []string{Paragraph(Clean(name), width, t.Strong)}
	for _, r := range rows {
		style := t.Text
		switch r[0] {
		case "problem", "failed":
			style = t.Warn
		case "source":
			style = t.Faint
		}
		out = append(out, Hang(t.Muted.Render(Pad(r[0], label))+" ", r[1], max(label+2, width), style))
	}
	return Lines(out...)
}

func personalDetails(c engine.Case, r engine.Repository, add func(label, text string)) {
	choice, target := c.Choices[r.Name], engine.TargetOf(c, r)
	add("about", r.Description)
	add("visible", Visibility(r.Private))
	add("tags", fmt.Sprint(r.Tags))
	add("size", sizeOf(r.Size))
	add("last push", dayOf(r.Updated))
	add("why", r.Matters())
	if r.Pulls+r.Stars > 0 {
		add("lost", fmt.Sprintf("a copy starts without its %d pulls and %d stars", r.Pulls, r.Stars))
	}
	if choice.Skipped() {
		add("left", choice.Skip)
		return
	}
	add("copied to", target)
	add("name", engine.Proposed(c, r))
	add("failed", engine.Failed(c, r))
	obstacle := engine.Obstacles(c)[r.Name]
	add("problem", obstacle.Problem)
	add("do", obstacle.Advice)
	switch {
	case obstacle.Problem != "" || target != r.Target || r.Handed():
	case r.Place.Exists && r.Place.Tags > 0:
		add("there", engine.Count(r.Place.Tags, "tag")+" of this very repository: what is there is not sent again")
	case r.Place.Exists:
		add("there", "it exists and is empty")
	default:
		add("there", "the name is free in the organization's list; the plan checks again")
	}
}

// Visibility returns "private" or "public".
func Visibility(private bool) string {
	if private {
		return "private"
	}
	return "public"
}

// sizeOf formats a size, "" if unknown. dayOf does the same for a date.
func sizeOf(n int64) string {
	if n <= 0 {
		return ""
	}
	return Bytes(n)
}

func dayOf(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return Day(at)
}
