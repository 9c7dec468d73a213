package report

import (
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/engine"
)

// handOver reports what happened to the repositories: which were copied, which
// were left behind and why, what a copy does not include, which lines to change,
// and what in the organization may depend on the person.
func handOver(b *strings.Builder, c engine.Case) {
	manifest := engine.Manifest(c)
	file := ""
	if len(manifest) > manyTags {
		file = kept(c)
	}
	if len(manifest) > 0 {
		b.WriteString("## Repositories handed over\n\n")
		if file != "" {
			perRepository(b, manifest)
			fmt.Fprintf(b, "\nEvery tag with its digest is listed in %s, on the machine of whoever did this.\n", code(file))
		} else {
			perTag(b, manifest)
		}
		b.WriteString("\nA copy does not carry pull counts, stars, untagged manifests, webhooks or redirects. The originals were not touched.\n\n")
	}
	leftBehind(b, c)
	linesToChange(b, manifest, file != "")
	depends(b, c)
}

// manyTags is the maximum number of tags that a report lists. It summarizes more, if a
// file lists them.
const manyTags = 50

// kept returns the file that lists every tag of the manifest, or "" if there is none
// or something was copied after it was written.
func kept(c engine.Case) string {
	k := c.Done[engine.ActionHandOver]
	later := slices.ContainsFunc(c.Receipts, func(r engine.Receipt) bool {
		return r.Action == engine.ActionHandOver && r.At.After(k.At)
	})
	if !k.OK || later {
		return ""
	}
	return k.Manifest
}

func perTag(b *strings.Builder, manifest []engine.ManifestEntry) {
	b.WriteString("| repository | copy | tag | digest, equal on both sides | size | copied |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, e := range manifest {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", Escape(e.Repository), Escape(e.Target), Escape(e.Tag), code(e.Digest), bytesOf(e.Size), stamp(e.At))
	}
}

func perRepository(b *strings.Builder, manifest []engine.ManifestEntry) {
	b.WriteString("| repository | copy | tags | digests | size of all tags | copied |\n| --- | --- | --- | --- | --- | --- |\n")
	for tags := range repositories(manifest) {
		var size int64
		for _, t := range tags {
			size += t.Size
		}
		e := tags[0]
		fmt.Fprintf(b, "| %s | %s | %s | equal on both sides | %s | %s |\n", Escape(e.Repository), Escape(e.Target), engine.Count(len(tags), "tag"), bytesOf(size), stamp(e.At))
	}
}

// repositories iterates over the manifest by repository.
func repositories(manifest []engine.ManifestEntry) iter.Seq[[]engine.ManifestEntry] {
	return func(yield func([]engine.ManifestEntry) bool) {
		for len(manifest) > 0 {
			n := slices.IndexFunc(manifest, func(e engine.ManifestEntry) bool { return e.Repository != manifest[0].Repository })
			if n < 0 {
				n = len(manifest)
			}
			if !yield(manifest[:n]) {
				return
			}
			manifest = manifest[n:]
		}
	}
}

func leftBehind(b *strings.Builder, c engine.Case) {
	var lines []string
	for _, r := range c.Repositories.Personal {
		if choice := c.Choices[r.Name]; choice.Skipped() {
			lines = append(lines, fmt.Sprintf("- %s: \"%s\", %s\n", Escape(r.Name), Escape(choice.Skip), stamp(choice.At)))
		}
	}
	left := engine.TagsLeft(c)
	for _, name := range slices.Sorted(maps.Keys(left)) {
		for _, t := range left[name] {
			lines = append(lines, fmt.Sprintf("- the tag %s of %s, %s: %s\n", Escape(t.Name), Escape(name), code(t.Digest), Escape(t.Why)))
		}
	}
	if len(lines) > 0 {
		b.WriteString("## Left behind\n\n" + strings.Join(lines, "") + "\n")
	}
}

// linesToChange lists the exact lines to change: the old name still refers to the
// original, which the organization no longer maintains. If short is set, it shows only
// the first tags of each repository and kind.
func linesToChange(b *strings.Builder, manifest []engine.ManifestEntry, short bool) {
	if len(manifest) == 0 {
		return
	}
	b.WriteString("## Lines to change\n\nThe copies have other names. To find who uses the old ones:\n\n~~~sh\n")
	const examples = 3
	shown := map[engine.Content][]engine.ManifestEntry{}
	var more []string
	for tags := range repositories(manifest) {
		fmt.Fprintf(b, "grep -rnF '%s' .\n", fence(tags[0].Repository))
		here, left := map[engine.Content]int{}, 0
		for _, e := range tags {
			kind := contentOf(e)
			if here[kind]++; short && here[kind] > examples {
				left++
				continue
			}
			shown[kind] = append(shown[kind], e)
		}
		if left > 0 {
			more = append(more, fmt.Sprintf("%s has %s.", Escape(tags[0].Repository), engine.Count(left, "more tag")))
		}
	}
	b.WriteString("~~~\n\n")
	if len(more) > 0 {
		b.WriteString("Every tag keeps its own name, so the lines of the others change in the same way: " + strings.Join(more, " ") + "\n\n")
	}
	for _, use := range uses {
		if len(shown[use.of]) == 0 {
			continue
		}
		fmt.Fprintf(b, "%s:\n\n~~~diff\n", use.title)
		for _, e := range shown[use.of] {
			fmt.Fprintf(b, "-%s\n+%s\n", use.line(e.Repository, e.Tag), use.line(e.Target, e.Tag))
		}
		b.WriteString("~~~\n\n")
	}
	b.WriteString("Digests stay as they are, so a line that pins `@sha256:…` changes only its name. A private copy also needs a pull credential of the organization.\n\n")
}

// hubRegistry is the host by which Helm and ORAS reach Docker Hub (Docker, "Software
// artifacts on Docker Hub").
const hubRegistry = "registry-1.docker.io/"

// uses are the places where tags are named, by what the tags hold. Only images are
// pulled with docker and run.
var uses = []struct {
	of    engine.Content
	title string
	line  func(repository, tag string) string
}{
	{engine.ContentImage, "On a command line", reference("docker pull ")},
	{engine.ContentImage, "In compose.yaml", reference("    image: ")},
	{engine.ContentImage, "In a Dockerfile", reference("FROM ")},
	{engine.ContentImage, "In Kubernetes manifests", reference("        image: docker.io/")},
	{engine.ContentImage, "In CI (GitHub Actions, GitLab CI)", reference("    image: ")},
	{engine.ContentChart, "Helm charts, on a command line (other oci:// addresses change in the same way)", func(repository, tag string) string {
		return "helm pull oci://" + hubRegistry + fence(repository) + " --version " + chartVersion(tag)
	}},
	{engine.ContentFiles, "Files, with ORAS", reference("oras pull " + hubRegistry)},
	{engine.ContentOther, "Other artifacts, such as signatures and build caches, wherever they are named", reference("")},
}

func reference(before string) func(repository, tag string) string {
	return func(repository, tag string) string { return before + fence(repository+":"+tag) }
}

// chartVersion returns the version of a chart with this tag: tags cannot have a +, so
// Helm writes _ for it (Helm, "Use OCI-based registries").
func chartVersion(tag string) string { return strings.ReplaceAll(fence(tag), "_", "+") }

// version matches the versions of Helm charts. Under another tag, "helm pull" does not
// find a chart.
var version = regexp.MustCompile(`^v?[0-9]+\.[0-9]+\.[0-9]+([-_][A-Za-z0-9._-]*)?$`)

func contentOf(e engine.ManifestEntry) engine.Content {
	switch e.Content {
	case engine.ContentImage, engine.ContentFiles:
		return e.Content
	case engine.ContentChart:
		if version.MatchString(e.Tag) {
			return e.Content
		}
	case engine.ContentOther:
	}
	return engine.ContentOther
}

// depends lists what stays in the organization and may break.
func depends(b *strings.Builder, c engine.Case) {
	r := c.Repositories
	if len(r.Organization)+len(r.SoleTeams) == 0 && r.Note == "" {
		return
	}
	b.WriteString("## What may depend on them\n\n")
	if len(r.Organization) > 0 {
		b.WriteString("| repository | size | visibility | last push | why |\n| --- | --- | --- | --- | --- |\n")
		for _, x := range r.Organization {
			visibility, size := "public", bytesOf(x.Size)
			switch {
			case !x.Seen:
				visibility, size = "not read", "not read"
			case x.Private:
				visibility = "private"
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", Escape(x.Name), size, visibility, stamp(x.LastPush), Escape(strings.Join(x.Why, "; ")))
		}
		b.WriteString("\n")
	}
	for _, t := range r.SoleTeams {
		fmt.Fprintf(b, "- team %s: they are its only member\n", Escape(t))
	}
	if r.Note != "" {
		fmt.Fprintf(b, "- %s\n", Escape(r.Note))
	}
	b.WriteString("\n")
}

// fence makes an image reference safe in a fenced block and in a shell command,
// by replacing every character that no reference contains.
func fence(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._/:@-", r):
			return r
		}
		return '?'
	}, plain(s))
}

func bytesOf(n int64) string {
	switch {
	case n <= 0:
		return "not known"
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}
