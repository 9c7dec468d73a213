package remedy

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// fit separates the tags that can be copied from those that cannot, such as damaged or
// obsolete ones, which nobody can pull either. Those do not prevent the copy of the
// others; if there are no others, it returns an error.
func fit(tags []registry.Tag) (fit []registry.Tag, left []engine.TagLeft, err error) {
	for _, t := range tags {
		switch {
		case t.Unfit == nil:
			fit = append(fit, t)
			continue
		case errors.Is(t.Unfit, registry.ErrFormat):
			left = append(left, engine.TagLeft{Name: t.Name, Digest: t.Digest, Why: "it has a format that registries gave up"})
		case errors.Is(t.Unfit, registry.ErrUnknown):
			left = append(left, engine.TagLeft{Name: t.Name, Digest: t.Digest, Why: "it has a format that is not known here"})
		case errors.Is(t.Unfit, registry.ErrMalformed):
			left = append(left, engine.TagLeft{Name: t.Name, Digest: t.Digest, Why: "its manifest is malformed"})
		default:
			left = append(left, engine.TagLeft{Name: t.Name, Digest: t.Digest, Why: "the original lacks a part of it"})
		}
		err = t.Unfit
	}
	if len(fit) > 0 {
		err = nil
	}
	return fit, left, err
}

// leaves reports whether a tag with this digest was left out.
func leaves(left []engine.TagLeft, tag, digest string) bool {
	return slices.ContainsFunc(left, func(t engine.TagLeft) bool { return t.Name == tag && t.Digest == digest })
}

// leftNotes lists the tags of a repository that are left out, one line per reason.
func leftNotes(repository string, left []engine.TagLeft) []string {
	why := map[string][]string{}
	for _, t := range left {
		why[t.Why] = append(why[t.Why], t.Name)
	}
	var out []string
	for _, reason := range slices.Sorted(maps.Keys(why)) {
		out = append(out, fmt.Sprintf("Not copied from %s: %s, because %s; it stays at the original alone.", repository, engine.TagNames(why[reason]), reason))
	}
	return out
}
