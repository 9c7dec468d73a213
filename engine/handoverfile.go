package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// HandOverPlan is a file that an owner gives to a member. It says which of their
// repositories to copy, signed in as themselves, and where to. It contains no
// credential and grants no permission. Its digest binds it to the organization, the
// member, the targets and a time; both sides can compare its fingerprint.
type HandOverPlan struct {
	Version      int              `json:"version"`
	Org          string           `json:"org"`
	Member       string           `json:"member"`
	Registry     string           `json:"registry"` // host, or host:port
	Repositories []HandOverTarget `json:"repositories"`
	Made         time.Time        `json:"made"`
	Expires      time.Time        `json:"expires"`
	Nonce        string           `json:"nonce"`
	Digest       string           `json:"digest"` // SHA-256 of all the above
}

// HandOverTarget is one repository and where its copy goes.
type HandOverTarget struct {
	Source string `json:"source"` // member/name
	Target string `json:"target"` // org/name
}

// HandOverDone is the manifest that the member gives back: what is now at the
// targets. It is only a claim until the owner's walk has verified it.
type HandOverDone struct {
	Version  int             `json:"version"`
	Plan     string          `json:"plan"` // digest of the plan
	Org      string          `json:"org"`
	Member   string          `json:"member"`
	Registry string          `json:"registry"`
	Entries  []ManifestEntry `json:"entries"`
	At       time.Time       `json:"at"`
}

// Bounds on hand-over files, which may contain anything.
const (
	handOverVersion   = 1
	maxHandOverFile   = 8 << 20
	maxHandOverRepos  = 1000
	maxHandOverLength = 31 * 24 * time.Hour
)

var (
	handOverTag  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	handOverHost = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$`)
)

// isHex reports whether s consists of n lower-case hexadecimal digits. Compiling a
// regular expression with such a count would slow down every start of the program.
func isHex(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789abcdef") == ""
}

func isTag(s string) bool { return len(s) <= 128 && handOverTag.MatchString(s) }

func isDigest(s string) bool {
	sum, ok := strings.CutPrefix(s, "sha256:")
	return ok && isHex(sum, 64)
}

// ErrHandOverFile says that a file is not a valid hand-over plan or manifest.
var ErrHandOverFile = errors.New("the file is not a hand-over file of this program, or it was changed")

// Sum returns the SHA-256 of the plan without its Digest field, in hex.
func (p HandOverPlan) Sum() string {
	p.Digest = ""
	raw, err := json.Marshal(p)
	if err != nil {
		panic("engine: hand-over plan cannot be encoded: " + err.Error()) // it holds strings, numbers and times
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// Fingerprint returns the first 16 digits of the digest in groups of four, for two
// people to read out to each other.
func (p HandOverPlan) Fingerprint() string {
	var groups []string
	for i := 0; i+4 <= min(16, len(p.Digest)); i += 4 {
		groups = append(groups, p.Digest[i:i+4])
	}
	return strings.Join(groups, " ")
}

// Check returns an error if the plan is invalid. It does not check whether the plan
// has expired.
func (p HandOverPlan) Check() error {
	wrong := func(what string) error { return fmt.Errorf("%w: %s", ErrHandOverFile, what) }
	switch {
	case p.Version != handOverVersion:
		return wrong(fmt.Sprintf("version %d is not known", p.Version))
	case !repositoryName.MatchString(p.Org) || !repositoryName.MatchString(p.Member) || p.Org == p.Member || len(p.Org)+len(p.Member) > 200:
		return wrong("the organization or the member")
	case !handOverHost.MatchString(p.Registry) || len(p.Registry) > 255:
		return wrong("the registry")
	case len(p.Repositories) == 0 || len(p.Repositories) > maxHandOverRepos:
		return wrong("the number of repositories")
	case !isHex(p.Nonce, 32):
		return wrong("the nonce")
	case !p.Expires.After(p.Made) || p.Expires.Sub(p.Made) > maxHandOverLength:
		return wrong("the expiry time")
	case p.Digest != p.Sum():
		return wrong("the digest")
	}
	sources, targets := map[string]bool{}, map[string]bool{}
	for _, r := range p.Repositories {
		if TargetProblem(p.Member, r.Source) != "" || TargetProblem(p.Org, r.Target) != "" || sources[r.Source] || targets[r.Target] {
			return wrong("a repository")
		}
		sources[r.Source], targets[r.Target] = true, true
	}
	return nil
}

// Target returns the target of a repository, and whether the plan contains it.
func (p HandOverPlan) Target(source string) (string, bool) {
	i := slices.IndexFunc(p.Repositories, func(r HandOverTarget) bool { return r.Source == source })
	if i < 0 {
		return "", false
	}
	return p.Repositories[i].Target, true
}

// Check returns an error if the manifest is invalid. Only the registry can tell
// whether its content is true.
func (d HandOverDone) Check() error {
	wrong := func(what string) error { return fmt.Errorf("%w: %s", ErrHandOverFile, what) }
	switch {
	case d.Version != handOverVersion:
		return wrong(fmt.Sprintf("version %d is not known", d.Version))
	case !isHex(d.Plan, 64):
		return wrong("the plan's digest")
	case !repositoryName.MatchString(d.Org) || !repositoryName.MatchString(d.Member) || !handOverHost.MatchString(d.Registry):
		return wrong("the organization, the member or the registry")
	}
	seen := map[string]bool{}
	target := map[string]string{}
	for _, e := range d.Entries {
		key := e.Repository + ":" + e.Tag
		if TargetProblem(d.Member, e.Repository) != "" || TargetProblem(d.Org, e.Target) != "" || !isTag(e.Tag) ||
			!isDigest(e.Digest) || e.Size < 0 || !e.Content.known() || seen[key] || target[e.Repository] != "" && target[e.Repository] != e.Target {
			return wrong("an entry")
		}
		seen[key], target[e.Repository] = true, e.Target
	}
	return nil
}

// Follows returns an error unless the manifest belongs to the plan and covers every
// repository in it.
func (d HandOverDone) Follows(p HandOverPlan) error {
	if d.Plan != p.Digest || d.Org != p.Org || d.Member != p.Member || d.Registry != p.Registry {
		return fmt.Errorf("%w: it belongs to another plan", ErrHandOverFile)
	}
	for _, e := range d.Entries {
		if target, ok := p.Target(e.Repository); !ok || target != e.Target {
			return fmt.Errorf("%w: %s is not in the plan, or went elsewhere", ErrHandOverFile, e.Repository)
		}
	}
	for _, r := range p.Repositories {
		if !slices.ContainsFunc(d.Entries, func(e ManifestEntry) bool { return e.Repository == r.Source }) {
			return fmt.Errorf("%w: %s is missing", ErrHandOverFile, r.Source)
		}
	}
	return nil
}

// With returns a copy of d that also holds the repositories of an earlier manifest that
// are not in d.
func (d HandOverDone) With(earlier HandOverDone) HandOverDone {
	d.Entries = slices.Clone(d.Entries)
	again := map[string]bool{}
	for _, e := range d.Entries {
		again[e.Repository] = true
	}
	for _, e := range earlier.Entries {
		if !again[e.Repository] {
			d.Entries = append(d.Entries, e)
		}
	}
	return d
}

// Repositories returns the copied repositories in the form that a Case holds.
func (d HandOverDone) Repositories() []Repository {
	var out []Repository
	at := map[string]int{}
	for _, e := range d.Entries {
		i, ok := at[e.Repository]
		if !ok {
			i = len(out)
			at[e.Repository] = i
			out = append(out, Repository{Name: e.Repository, Private: true, Target: e.Target, HandedBy: d.Member})
		}
		out[i].Tags++
		out[i].HandedTags = append(out[i].HandedTags, TagRef{Name: e.Tag, Digest: e.Digest, Size: e.Size, Content: e.Content})
	}
	return out
}

// DecodeHandOverPlan reads a plan file and checks it, but not whether it has expired.
func DecodeHandOverPlan(r io.Reader) (HandOverPlan, error) {
	var p HandOverPlan
	if err := decodeStrictly(r, &p); err != nil {
		return HandOverPlan{}, err
	}
	if err := p.Check(); err != nil {
		return HandOverPlan{}, err
	}
	return p, nil
}

// DecodeHandOverDone reads and checks a member's manifest file.
func DecodeHandOverDone(r io.Reader) (HandOverDone, error) {
	var d HandOverDone
	if err := decodeStrictly(r, &d); err != nil {
		return HandOverDone{}, err
	}
	if err := d.Check(); err != nil {
		return HandOverDone{}, err
	}
	return d, nil
}

// decodeStrictly decodes exactly one JSON value of bounded length and rejects
// unknown fields. Its errors do not quote the file.
func decodeStrictly(r io.Reader, into any) error {
	raw, err := io.ReadAll(io.LimitReader(r, maxHandOverFile+1))
	if err != nil {
		return fmt.Errorf("read the hand-over file: %w", err)
	}
	if len(raw) > maxHandOverFile {
		return fmt.Errorf("%w: it is too long", ErrHandOverFile)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: it is not the expected JSON", ErrHandOverFile)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it has data after the end", ErrHandOverFile)
	}
	return nil
}

// NewHandOverPlan makes a plan that is valid for the duration good from made. The
// nonce must be random.
func NewHandOverPlan(org, member, registry string, repositories []HandOverTarget, made time.Time, good time.Duration, nonce [16]byte) (HandOverPlan, error) {
	p := HandOverPlan{
		Version: handOverVersion, Org: org, Member: member, Registry: registry, Repositories: repositories,
		Made: made.UTC().Truncate(time.Second), Nonce: hex.EncodeToString(nonce[:]),
	}
	p.Expires = p.Made.Add(good)
	p.Digest = p.Sum()
	return p, p.Check()
}

// NewHandOverDone makes the manifest of a plan that was carried out.
func NewHandOverDone(p HandOverPlan, entries []ManifestEntry, at time.Time) HandOverDone {
	return HandOverDone{Version: handOverVersion, Plan: p.Digest, Org: p.Org, Member: p.Member, Registry: p.Registry, Entries: entries, At: at.UTC()}
}
