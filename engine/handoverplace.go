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

// Obstacle is what stands against the copy of a repository as it is chosen now,
// and what to do about it.
type Obstacle struct{ Problem, Advice string }

// Obstacles are those of all repositories that are to be copied, by their names;
// whoever is not in it may be copied as far as is known.
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
			out[r.Name] = Obstacle{target + " is also to be the copy of " + other, rename}
		case target != r.Target: // ChoiceProblem has looked at the name
		case len(r.Place.Foreign) > 0:
			out[r.Name] = Obstacle{fmt.Sprintf("%s is there already with other content (%s)", target, TagNames(r.Place.Foreign)), rename}
		case r.Place.NoWrite:
			out[r.Name] = Obstacle{
				"the credential may read " + target + " and not write to it",
				"sign in with one that has scope-image-push there; or " + rename,
			}
		}
	}
	return out
}

// TagNames are the first few of a list of tags, in words.
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

// Standing says in a word how a repository stands.
type Standing string

// The standings of personal repositories, and of the organization's own, which
// stay where they are.
const (
	StandingBlocked Standing = "problem"
	StandingSkipped Standing = "leave"
	StandingCopied  Standing = "copied"
	StandingVerify  Standing = "verify" // the member says that they have copied it
	StandingCopy    Standing = "copy"
	StandingStays   Standing = "stays"
)

// Standings tells how each personal repository stands as it is chosen now.
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

// Attempt is a copy that failed: where it was to go, and why it did not.
type Attempt struct {
	Target string `json:"target"`
	Why    string `json:"why"`
}

// WithAttempt notes that a change of a hand-over failed, by its id. What Docker
// tells only when it is asked, such as a name that it reserves or a limit on
// private repositories, is then in sight where the next name is chosen.
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

// Failed says how the last attempt to copy a repository to where it is to go
// failed; empty when there was none, or when it was copied since.
func Failed(c Case, r Repository) string {
	a, ok := c.Attempts[r.Name]
	if !ok || a.Target != TargetOf(c, r) || !slices.ContainsFunc(Unhanded(c), func(x Repository) bool { return x.Name == r.Name }) {
		return ""
	}
	return "the last attempt to copy it to " + a.Target + " failed: " + a.Why
}

// Proposed says why a copy gets another name than its original, empty when it
// does not or when somebody has chosen it.
func Proposed(c Case, r Repository) string {
	own := TargetNames(c, r.Name)[0]
	if c.Choices[r.Name].Target != "" || r.Target == "" || r.Target == own || r.Handed() {
		return ""
	}
	return own + " is taken by something else, so " + r.Target + " is proposed"
}

// Matters says why a personal repository matters to whoever removes its owner.
func (r Repository) Matters() string {
	switch {
	case r.Handed():
		return "copied by " + r.HandedBy + " themselves; to be verified"
	case r.Private:
		return "private: nobody but its owner may read it, and nothing else in the organization has its content"
	}
	return "public, but nobody in the organization may push to it, and its owner may delete it"
}
