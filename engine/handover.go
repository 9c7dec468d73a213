package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// HandOverChoice is the owner's decision about one repository. The zero value means
// to copy it under its own name.
type HandOverChoice struct {
	Skip   string    `json:"skip,omitempty"`   // why it is left behind; empty means copy it
	Target string    `json:"target,omitempty"` // org/name of the copy; empty lets the plan choose
	At     time.Time `json:"at"`
}

// Skipped reports whether the repository is left behind for a stated reason.
func (c HandOverChoice) Skipped() bool { return strings.TrimSpace(c.Skip) != "" }

// WithChoice returns a copy of c that records choice for the named repositories.
func (c Case) WithChoice(choice HandOverChoice, repositories ...string) Case {
	c = c.Clone()
	if c.Choices == nil {
		c.Choices = map[string]HandOverChoice{}
	}
	for _, name := range repositories {
		c.Choices[name] = choice
	}
	return c
}

// repositoryName matches the repository names that Docker Hub accepts (API
// reference 2-beta, POST /v2/namespaces/{namespace}/repositories).
var repositoryName = regexp.MustCompile(`^[a-z0-9]+(?:[._-][a-z0-9]+)*$`)

// TargetProblem returns why a copy in org cannot be called target, or "" if it can.
// Docker publishes no list of reserved names. If it refuses one, that shows when the
// target is created, before anything is copied.
func TargetProblem(org, target string) string {
	namespace, name, _ := strings.Cut(target, "/")
	switch {
	case namespace != org:
		return fmt.Sprintf("it must be %s/ and a name", org)
	case len(name) < 2 || len(name) > 255:
		return "a name has 2 to 255 characters"
	case !repositoryName.MatchString(name):
		return "a name has lower case letters and digits, with single . _ - between them"
	}
	return ""
}

// ChoiceProblem returns why the choice cannot be made for the repository, or "" if
// it can.
func ChoiceProblem(c Case, repository string, choice HandOverChoice) string {
	if !slices.ContainsFunc(c.Repositories.Personal, func(r Repository) bool { return r.Name == repository }) {
		return "there is no such repository"
	}
	if choice.Skip != "" {
		if !choice.Skipped() || choice.Target != "" {
			return "a repository that is left behind has a reason and no target"
		}
		return ""
	}
	if choice.Target == "" {
		return ""
	}
	i := slices.IndexFunc(c.Repositories.Personal, func(r Repository) bool { return r.Name == repository })
	if r := c.Repositories.Personal[i]; r.Handed() && choice.Target != r.Target {
		return r.HandedBy + " has copied it to " + r.Target + " already"
	}
	if p := TargetProblem(c.Org, choice.Target); p != "" {
		return p
	}
	for _, other := range c.Repositories.Personal {
		if other.Name != repository && !c.Choices[other.Name].Skipped() && TargetOf(c, other) == choice.Target {
			return "the copy of " + other.Name + " already has this name"
		}
	}
	r := c.Repositories.Personal[i]
	if choice.Target == r.Target && !r.Place.Free() || choice.Target != r.Target && slices.Contains(c.Repositories.Taken, choice.Target) {
		return choice.Target + " already exists: choose another name"
	}
	return ""
}

// PrivateHanded is the answer to AskPrivate which says that the member has copied
// their private repositories themselves, with "reprovision handover".
const PrivateHanded = "handed-over"

// PrivateSettled reports whether the private repositories were listed, the member
// handed them over, or the owner took responsibility for them.
func PrivateSettled(c Case) bool {
	switch c.Answers[AskPrivate].Value {
	case PrivateNone:
		return true
	case PrivateHanded:
		return c.Repositories.PrivateVisible || slices.ContainsFunc(c.Repositories.Personal, func(r Repository) bool { return r.Handed() })
	}
	return c.Repositories.PrivateVisible
}

// Unhanded lists the repositories that still have to be copied: those that are not
// left behind and were never copied to their target, or were pushed to since. An
// empty list proves nothing by itself: see HandedOver.
func Unhanded(c Case) []Repository {
	receipts := map[string][]Receipt{} // by change
	for _, x := range c.Receipts {
		if x.Action == ActionHandOver {
			receipts[x.Change] = append(receipts[x.Change], x)
		}
	}
	var out []Repository
	for _, r := range c.Repositories.Personal {
		choice := c.Choices[r.Name]
		if choice.Skipped() {
			continue
		}
		if !slices.ContainsFunc(receipts[CopyChange(r.Name)], func(x Receipt) bool {
			return (choice.Target == "" || x.Target == choice.Target) && (x.Source.IsZero() || !r.Updated.After(x.Source))
		}) {
			out = append(out, r)
		}
	}
	return out
}

// Selected lists the repositories that are not left behind.
func Selected(c Case) []Repository {
	var out []Repository
	for _, r := range c.Repositories.Personal {
		if !c.Choices[r.Name].Skipped() {
			out = append(out, r)
		}
	}
	return out
}

// Handed reports whether the member says that they copied the repository
// themselves. HandedTags then holds what they say is at the target.
func (r Repository) Handed() bool { return r.HandedBy != "" }

// OrgRepository is a repository of the organization that may depend on the member.
// It stays when they are removed, but whatever acts as them may break.
type OrgRepository struct {
	Name     string    `json:"name"`           // org/name
	Seen     bool      `json:"seen,omitempty"` // in the organization's list, which has the visibility and size
	Private  bool      `json:"private"`
	Tags     int       `json:"tags"` // last pushed by the member, among those examined
	Size     int64     `json:"size"` // bytes, as Docker Hub counts them
	LastPush time.Time `json:"lastPush"`
	Pushes   int       `json:"pushes"` // by the member, in the audit log's last 90 days
	Why      []string  `json:"why"`
}

// ManifestEntry is one tag that was handed over.
type ManifestEntry struct {
	Repository string    `json:"repository"`
	Target     string    `json:"target"`
	Tag        string    `json:"tag"`
	Digest     string    `json:"digest"`
	Size       int64     `json:"size"` // bytes, 0 when not known
	At         time.Time `json:"at"`
	Content    Content   `json:"content,omitempty"`
}

// copies returns the last copy receipt of each repository, and the repositories in
// the order of their first.
func copies(c Case) (order []string, last map[string]Receipt) {
	last = map[string]Receipt{}
	for _, x := range c.Receipts {
		name, ok := strings.CutPrefix(x.Change, CopyChange(""))
		if x.Action != ActionHandOver || !ok {
			continue
		}
		if _, seen := last[name]; !seen {
			order = append(order, name)
		}
		last[name] = x
	}
	return order, last
}

// Manifest lists every tag that was handed over.
func Manifest(c Case) []ManifestEntry {
	order, last := copies(c)
	var out []ManifestEntry
	for _, name := range order {
		x := last[name]
		for _, t := range x.Tags {
			out = append(out, ManifestEntry{Repository: name, Target: x.Target, Tag: t.Name, Digest: t.Digest, Size: t.Size, At: x.At, Content: t.Content})
		}
	}
	return out
}

// TagsLeft returns the tags of copied repositories that could not be copied, keyed
// by repository.
func TagsLeft(c Case) map[string][]TagLeft {
	out := map[string][]TagLeft{}
	_, last := copies(c)
	for name, x := range last {
		if len(x.Left) > 0 {
			out[name] = x.Left
		}
	}
	return out
}
