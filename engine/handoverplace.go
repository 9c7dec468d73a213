package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Place describes what exists at the target of a copy.
type Place struct {
	Exists  bool     `json:"exists,omitempty"`
	Tags    int      `json:"tags,omitempty"`    // number of tags at the target
	Foreign []string `json:"foreign,omitempty"` // tags whose content differs from the copy's
	NoWrite bool     `json:"noWrite,omitempty"` // the credential may read it but not write to it
	// Misfit says how the visibility of what is there differs from the original's.
	Misfit string `json:"misfit,omitempty"`
}

// Free reports whether a copy can go there, as far as is known.
func (p Place) Free() bool { return len(p.Foreign) == 0 && !p.NoWrite && p.Misfit == "" }

// Misfit returns how the visibility of an existing target differs from that of the
// original, or "" if they are equal. Nothing is copied between two that differ: what is
// private would be open to everybody, and what is public could be pulled by nobody.
func Misfit(target string, targetPrivate, sourcePrivate bool) string {
	switch {
	case targetPrivate == sourcePrivate:
		return ""
	case sourcePrivate:
		return target + " is public and the original is private"
	}
	return target + " is private and the original is public"
}

// Fit compares the tags at a target (there) with those that a copy would put there
// (want) and those that an earlier copy put there (earlier). Each map goes from tag
// to digest. It returns in replace the tags of the earlier copy whose originals have
// moved, and in foreign all other tags with different content. Nothing may be copied
// to a target with foreign tags.
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

// CopiedTags returns the tags that earlier copies of source put at target, by name.
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

// TargetNames returns the names to try for the copy of a repository if nobody has
// chosen one, best first.
func TargetNames(c Case, repository string) []string {
	_, name, _ := strings.Cut(repository, "/")
	return []string{c.Org + "/" + name, c.Org + "/" + c.Username + "-" + name}
}

// FreeNames returns names to suggest for the copy of a repository. None is in use,
// as far as the organization's list shows.
func FreeNames(c Case, repository string) []string {
	names := TargetNames(c, repository)
	_, name, _ := strings.Cut(repository, "/")
	names = append(names, c.Org+"/"+name+"-"+c.Username, c.Org+"/from-"+c.Username+"-"+name)
	return slices.DeleteFunc(names, func(target string) bool {
		return ChoiceProblem(c, repository, HandOverChoice{Target: target}) != ""
	})
}

// TargetOf returns the target of the repository's copy, by the present choices.
func TargetOf(c Case, r Repository) string {
	if chosen := c.Choices[r.Name].Target; chosen != "" {
		return chosen
	}
	return r.Target
}

// Obstacle is what prevents the copy of a repository, and what to do about it.
type Obstacle struct{ Problem, Advice string }

// Obstacles returns the obstacles of the selected repositories, by name. As far as
// is known, every repository without one can be copied.
func Obstacles(c Case) map[string]Obstacle {
	const rename = "give the copy another name, or leave the repository behind"
	out := map[string]Obstacle{}
	first := map[string]string{} // by target
	for _, r := range c.Repositories.Personal {
		if c.Choices[r.Name].Skipped() {
			continue
		}
		target := TargetOf(c, r)
		other, twice := first[target]
		if !twice {
			first[target] = r.Name
		}
		switch {
		case target == "" || r.Handed():
		case TargetProblem(c.Org, target) != "":
			out[r.Name] = Obstacle{target + " cannot be its name: " + TargetProblem(c.Org, target), rename}
		case twice:
			out[r.Name] = Obstacle{"the copy of " + other + " has the name " + target + " too", rename}
		case target != r.Target: // ChoiceProblem has looked at the name
		case len(r.Place.Foreign) > 0:
			out[r.Name] = Obstacle{fmt.Sprintf("%s already exists with other content (%s)", target, TagNames(r.Place.Foreign)), rename}
		case r.Place.Misfit != "":
			out[r.Name] = Obstacle{r.Place.Misfit, "change it on the page of " + target + " and look again; or " + rename}
		case r.Place.NoWrite:
			out[r.Name] = Obstacle{
				"the credential may read " + target + " but not write to it",
				"sign in with one that has scope-image-push there; or " + rename,
			}
		}
	}
	return out
}

// TagNames names the first few of the tags and counts the rest.
func TagNames(tags []string) string {
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

// Standing is the state of a repository in the hand-over.
type Standing string

// The standings. StandingStays is for the organization's own repositories; the
// others are for personal ones.
const (
	StandingBlocked Standing = "problem"
	StandingSkipped Standing = "leave"
	StandingCopied  Standing = "copied"
	StandingVerify  Standing = "verify" // the member says that they copied it
	StandingCopy    Standing = "copy"
	StandingStays   Standing = "stays"
)

// Standings returns the standing of each personal repository, by name.
func Standings(c Case) map[string]Standing {
	out := make(map[string]Standing, len(c.Repositories.Personal))
	obstacles, unhanded := Obstacles(c), map[string]bool{}
	for _, r := range Unhanded(c) {
		unhanded[r.Name] = true
	}
	for _, r := range c.Repositories.Personal {
		_, blocked := obstacles[r.Name]
		switch {
		case c.Choices[r.Name].Skipped():
			out[r.Name] = StandingSkipped
		case blocked:
			out[r.Name] = StandingBlocked
		case !unhanded[r.Name]:
			out[r.Name] = StandingCopied
		case r.Handed():
			out[r.Name] = StandingVerify
		default:
			out[r.Name] = StandingCopy
		}
	}
	return out
}

// Attempt is a failed copy: its target, and why it failed.
type Attempt struct {
	Target string `json:"target"`
	Why    string `json:"why"`
}

// WithAttempt records that a change of a hand-over failed. Some reasons, such as a
// reserved name or a limit on private repositories, show only when Docker refuses;
// recording them shows them where the next name is chosen.
func (c Case) WithAttempt(change Change, why string) Case {
	for _, r := range c.Repositories.Personal {
		if change.ID != CopyChange(r.Name) && change.ID != CreateChange(r.Name) {
			continue
		}
		c = c.Clone()
		if c.Attempts == nil {
			c.Attempts = map[string]Attempt{}
		}
		c.Attempts[r.Name] = Attempt{Target: change.Target, Why: why}
	}
	return c
}

// Failed says how the last attempt to copy the repository to its present target
// failed, "" if there was none or if it was copied since.
func Failed(c Case, r Repository) string {
	a, ok := c.Attempts[r.Name]
	if !ok || a.Target != TargetOf(c, r) || !slices.ContainsFunc(Unhanded(c), func(x Repository) bool { return x.Name == r.Name }) {
		return ""
	}
	return "the last attempt to copy it to " + a.Target + " failed: " + a.Why
}

// Proposed says why a copy gets a different name from its original, "" if it does
// not or if somebody chose the name.
func Proposed(c Case, r Repository) string {
	own := TargetNames(c, r.Name)[0]
	if c.Choices[r.Name].Target != "" || r.Target == "" || r.Target == own || r.Handed() {
		return ""
	}
	if r.Target == r.CopiedTo {
		return c.Username + " says that they copied it to " + r.Target
	}
	return own + " is taken by something else, so " + r.Target + " is proposed"
}

// Matters says why the repository matters when its owner is removed.
func (r Repository) Matters() string {
	switch {
	case r.Handed():
		return "copied by " + r.HandedBy + " themselves; to be verified"
	case r.Private:
		return "private: nobody but its owner may read it, and nothing else in the organization has its content"
	}
	return "public, but nobody in the organization may push to it, and its owner may delete it"
}
