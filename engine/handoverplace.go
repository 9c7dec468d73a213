package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Place is what was found at the name that a copy is to get.
type Place struct {
	Exists  bool     `json:"exists,omitempty"`
	Tags    int      `json:"tags,omitempty"`    // that it holds
	Foreign []string `json:"foreign,omitempty"` // tags of it with other content than the copy would put there
	NoWrite bool     `json:"noWrite,omitempty"` // the credential may read it and not write to it
}

// Free reports whether a copy may go there as far as was seen.
func (p Place) Free() bool { return len(p.Foreign) == 0 && !p.NoWrite }

// Fit compares what is at a target (there) with what a copy would put there
// (want) and with what an earlier copy did (earlier), each a tag with its digest.
// Tags of an earlier copy whose originals have moved are replaced; any other tag
// with other content is foreign, and then nothing is to be copied there.
func Fit(there, want, earlier map[string]string) (replace []TagRef, foreign []string) {
	for _, tag := range slices.Sorted(maps.Keys(there)) {
		switch digest := there[tag]; {
		case want[tag] == digest:
		case earlier[tag] != digest:
			foreign = append(foreign, tag)
		case want[tag] != "":
			replace = append(replace, TagRef{Name: tag, Digest: digest})
		}
	}
	return replace, foreign
}

// CopiedTags are the tags that an earlier copy of the source put at the target.
func CopiedTags(c Case, source, target string) map[string]string {
	out := map[string]string{}
	for _, x := range c.Receipts {
		if x.Action == ActionHandOver && x.Change == CopyChange(source) && x.Target == target {
			for _, t := range x.Tags {
				out[t.Name] = t.Digest
			}
		}
	}
	return out
}

// TargetNames are the names that are tried for the copy of a repository that
// nobody has chosen one for, the best first.
func TargetNames(c Case, repository string) []string {
	_, name, _ := strings.Cut(repository, "/")
	return []string{c.Org + "/" + name, c.Org + "/" + c.Username + "-" + name}
}

// FreeNames are names that the copy of a repository could have, for a person to
// take one of: none is in use, as far as the organization's list tells.
func FreeNames(c Case, repository string) []string {
	names := TargetNames(c, repository)
	_, name, _ := strings.Cut(repository, "/")
	names = append(names, c.Org+"/"+name+"-"+c.Username, c.Org+"/from-"+c.Username+"-"+name)
	return slices.DeleteFunc(names, func(target string) bool {
		return ChoiceProblem(c, repository, HandOverChoice{Target: target}) != ""
	})
}

// TargetOf is where the copy of a repository goes as it is chosen now.
func TargetOf(c Case, r Repository) string {
	if chosen := c.Choices[r.Name].Target; chosen != "" {
		return chosen
	}
	return r.Target
}

// Obstacle says what stands against the copy of a repository as it is chosen
// now, and what to do about it; both are empty when nothing is known to.
func Obstacle(c Case, r Repository) (problem, advice string) {
	choice := c.Choices[r.Name]
	if choice.Skipped() || r.Handed() {
		return "", ""
	}
	const rename = "give the copy another name, or leave the repository behind"
	target := TargetOf(c, r)
	if p := TargetProblem(c.Org, target); p != "" && target != "" {
		return target + " cannot be its name: " + p, rename
	}
	for _, other := range c.Repositories.Personal {
		if other.Name != r.Name && !c.Choices[other.Name].Skipped() && target != "" && TargetOf(c, other) == target {
			return target + " is also to be the copy of " + other.Name, rename
		}
	}
	if target != r.Target {
		return "", "" // ChoiceProblem has looked at the name
	}
	switch {
	case len(r.Place.Foreign) > 0:
		return fmt.Sprintf("%s is there already with other content (%s)", target, tagNames(r.Place.Foreign)), rename
	case r.Place.NoWrite:
		return "the credential may read " + target + " and not write to it",
			"sign in with one that has scope-image-push there, or " + rename
	}
	return "", ""
}

// tagNames are the first few of a list of tags, in words.
func tagNames(tags []string) string {
	const most = 3
	word := "tag "
	if len(tags) > 1 {
		word = "tags "
	}
	if len(tags) > most {
		return fmt.Sprintf("%s%s and %d more", word, strings.Join(tags[:most], ", "), len(tags)-most)
	}
	return word + strings.Join(tags, ", ")
}

// Obstacles lists what stands against copying what is selected, one line for
// each repository.
func Obstacles(c Case) []string {
	var out []string
	for _, r := range c.Repositories.Personal {
		if problem, advice := Obstacle(c, r); problem != "" {
			out = append(out, r.Name+": "+problem+": "+advice)
		}
	}
	return out
}

// Standing says in a few words how a repository stands.
type Standing string

// The standings of personal repositories, and of the organization's own, which
// stay where they are.
const (
	StandingBlocked Standing = "problem"
	StandingSkipped Standing = "left behind"
	StandingCopied  Standing = "copied"
	StandingHanded  Standing = "handed over"
	StandingToCopy  Standing = "to copy"
	StandingStays   Standing = "stays"
)

// StandingOf tells how a personal repository stands as it is chosen now.
func StandingOf(c Case, r Repository) Standing {
	problem, _ := Obstacle(c, r)
	switch {
	case c.Choices[r.Name].Skipped():
		return StandingSkipped
	case problem != "":
		return StandingBlocked
	case copied(c, r):
		return StandingCopied
	case r.Handed():
		return StandingHanded
	}
	return StandingToCopy
}

// Matters says why a personal repository matters to whoever removes its owner.
func (r Repository) Matters() string {
	switch {
	case r.Handed():
		return "copied by " + r.HandedBy + " themselves, to be verified"
	case r.Private:
		return "private: nobody but its owner may read it"
	}
	return "public, and nobody here may push to it"
}
