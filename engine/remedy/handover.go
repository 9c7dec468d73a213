package remedy

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// handOver copies the member's repositories into the organization and verifies the
// copies. Docker Hub has no transfer between namespaces (its API reference names
// none), so the originals stay where they are.
type handOver struct{ World }

func (handOver) ID() engine.ActionID { return engine.ActionHandOver }

func (handOver) Offer(c engine.Case) engine.Availability {
	switch {
	case !c.Sources[engine.FactRepositories].Known():
		return engine.Availability{Reason: "their repositories have not been read"}
	case !engine.PrivateSettled(c):
		return engine.Availability{Reason: "private repositories cannot be seen, and nobody has taken responsibility for them"}
	}
	return engine.Availability{}
}

// fewPulls is the number of pulls from which the plan mentions the rate limit.
const fewPulls = 100

func (a handOver) Plan(ctx context.Context, c engine.Case) (engine.Plan, error) {
	p := engine.Plan{
		Action: a.ID(), Title: "Copy the repositories of " + c.Username + " into " + c.Org, Subject: c.Username,
		Notes: []string{
			"The originals are neither changed nor deleted.",
			"A copy does not carry pull counts, stars, untagged manifests, webhooks or redirects: whoever pulls by the old name has to change it.",
		},
	}
	live, err := a.live(ctx, c, engine.FactRepositories)
	if err != nil {
		return p, err
	}
	obstacles := engine.Obstacles(live)
	for _, r := range live.Repositories.Personal {
		if o, ok := obstacles[r.Name]; ok {
			return p, fmt.Errorf("nothing was copied: %s: %s: %s", r.Name, o.Problem, o.Advice)
		}
	}
	if len(engine.Selected(live)) == 0 {
		p.Nothing = c.Username + " has no personal repository that can be seen and is to be copied."
		return p, nil
	}
	// Targets are created before anything is copied, so that a refusal shows first,
	// such as the subscription's limit on private repositories, which no API reports.
	var copies []engine.Change
	for _, r := range live.Repositories.Personal {
		choice := live.Choices[r.Name]
		if choice.Skipped() {
			p.Notes = append(p.Notes, r.Name+" is left behind: "+choice.Skip)
			continue
		}
		if r.Handed() {
			copies = append(copies, a.handed(r))
			continue
		}
		creates, copyChange, notes, err := a.planCopy(ctx, live, r)
		if err != nil {
			return p, err
		}
		p.Changes, p.Notes = append(p.Changes, creates...), append(p.Notes, notes...)
		copies = append(copies, copyChange)
	}
	p.Changes = append(p.Changes, copies...)
	// A registry that counts pulls has reported so by now. Manifests read for the plan
	// are not read again, and mounted blobs are never read.
	if left, limited := a.Systems.Registry().PullsLeft(); limited && left < fewPulls {
		p.Notes = append(p.Notes, fmt.Sprintf("Docker Hub allows this credential %d more pulls for now: a copy that uses them up stops, and goes on where it stopped when it is run again some hours later.", left))
	}
	p.Guards, err = a.Guards(ctx, live)
	return p, err
}

// planCopy plans the copy of one repository.
func (a handOver) planCopy(ctx context.Context, c engine.Case, r engine.Repository) (creates []engine.Change, copyChange engine.Change, notes []string, err error) {
	tags, err := a.Systems.Registry().Describe(ctx, a.at(r.Name), a.Systems.MemberRegistry(c.Username))
	if err != nil && !errors.Is(err, transport.ErrNotFound) { // it may have no tags
		return nil, copyChange, nil, fmt.Errorf("list the tags of %s: %w", r.Name, err)
	}
	tags, left, err := fit(tags)
	if err != nil {
		return nil, copyChange, nil, fmt.Errorf("nothing of %s can be copied: %w", r.Name, err)
	}
	t, err := a.target(ctx, c, r, tags)
	if err != nil {
		return nil, copyChange, nil, err
	}
	if !t.exists {
		create, err := a.create(ctx, c, r, t.name)
		if err != nil {
			return nil, copyChange, nil, err
		}
		creates = append(creates, create)
	}
	if want := c.Org + "/" + base(r.Name); t.name != want && t.name != r.CopiedTo && c.Choices[r.Name].Target == "" {
		notes = append(notes, want+" is not free, so the copy is called "+t.name+".")
	}
	if len(t.replace) > 0 {
		moved := slices.Sorted(maps.Keys(digestsOf(t.replace)))
		notes = append(notes, fmt.Sprintf("Moved since %s was copied: %s. What is in %s under the same names is replaced.", r.Name, engine.TagNames(moved), t.name))
	}
	if len(tags)+len(left) == 0 {
		notes = append(notes, r.Name+" has no tags: only its page is made anew. Whatever was pushed to it without a tag stays at the original alone.")
	}
	notes = append(notes, leftNotes(r.Name, left)...)
	return creates, engine.Change{
		ID: engine.CopyChange(r.Name), Kind: engine.ChangeCopy, Title: "Copy " + r.Name + " to " + t.name, Target: t.name,
		Before: engine.Count(len(tags), "tag") + " in " + r.Name, After: "the same tags and digests in " + t.name,
		Copy: engine.Copy{
			Source: a.at(r.Name), Target: a.at(t.name), Private: r.Private, Tags: refs(tags), Replace: t.replace, Updated: r.Updated, Left: left,
			Uploads: a.Systems.Registry().UploadPrefixes(a.at(t.name)),
		},
	}, notes, nil
}

// handed returns the change for a copy that the member made themselves. It sends
// nothing, and only verifies that what they say is at the target is there.
func (a handOver) handed(r engine.Repository) engine.Change {
	return engine.Change{
		ID: engine.CopyChange(r.Name), Kind: engine.ChangeCopy, Title: "Verify the copy of " + r.Name + " that " + r.HandedBy + " made", Target: r.Target,
		Before: engine.Count(len(r.HandedTags), "tag") + ", as " + r.HandedBy + " says", After: "each seen in " + r.Target + ", whole",
		Copy: engine.Copy{Source: a.at(r.Name), Target: a.at(r.Target), Private: r.Private, Tags: r.HandedTags, Handed: true},
	}
}

func base(repository string) string {
	_, name, _ := strings.Cut(repository, "/")
	return name
}

func (a handOver) at(repository string) string { return a.Systems.RegistryHost() + "/" + repository }

func refs(tags []registry.Tag) []engine.TagRef {
	out := make([]engine.TagRef, len(tags))
	for i, t := range tags {
		out[i] = engine.TagRef{Name: t.Name, Digest: t.Digest, Size: t.Size, Content: engine.Content(t.Content)}
	}
	return out
}

// copyTarget is the target of a copy.
type copyTarget struct {
	name    string // org/name
	exists  bool
	replace []engine.TagRef // tags of an earlier copy whose originals have moved
}

// target checks that the name of the copy is free, or holds only what this copy or an
// earlier one puts there.
func (a handOver) target(ctx context.Context, c engine.Case, r engine.Repository, tags []registry.Tag) (copyTarget, error) {
	want := map[string]string{}
	for _, t := range tags {
		want[t.Name] = t.Digest
	}
	full := engine.TargetOf(c, r)
	if problem := engine.TargetProblem(c.Org, full); problem != "" {
		return copyTarget{}, fmt.Errorf("%s cannot be copied to %s: %s: choose another name", r.Name, full, problem)
	}
	there, err := a.Systems.Hub().Repository(ctx, c.Org, base(full))
	if errors.Is(err, transport.ErrNotFound) {
		return copyTarget{name: full}, nil
	}
	if err != nil {
		return copyTarget{}, fmt.Errorf("look for %s: %w", full, err)
	}
	if why := engine.Misfit(full, there.Private, r.Private); why != "" {
		return copyTarget{}, fmt.Errorf("%s: choose another name for the copy of %s, or leave it behind", why, r.Name)
	}
	digests, err := a.digests(ctx, full, a.Systems.OrgRegistry())
	if err != nil {
		return copyTarget{}, err
	}
	replace, foreign := engine.Fit(digests, want, engine.CopiedTags(c, r.Name, full))
	if len(foreign) > 0 {
		return copyTarget{}, fmt.Errorf("%s: there is something else already: choose another name for the copy of %s, or leave it behind", full, r.Name)
	}
	if there.Permissions.Read && !there.Permissions.Write {
		return copyTarget{}, fmt.Errorf("the credential may read %s and not write to it: it needs %s", full, hub.CopyScopes)
	}
	return copyTarget{name: full, exists: true, replace: replace}, nil
}

// digests returns the digest of each tag. A repository without a push has none.
func (a handOver) digests(ctx context.Context, repository string, cred registry.Credential) (map[string]string, error) {
	tags, err := a.Systems.Registry().Digests(ctx, a.at(repository), cred)
	if err != nil && !errors.Is(err, transport.ErrNotFound) {
		return nil, fmt.Errorf("list the tags of %s: %w", repository, err)
	}
	return tags, nil
}

// create creates the target before anything is pushed, because a repository created by
// a push gets the namespace's default visibility.
func (a handOver) create(ctx context.Context, c engine.Case, r engine.Repository, target string) (engine.Change, error) {
	// The list does not include the full description.
	full, err := a.reader(c).Repository(ctx, c.Username, base(r.Name))
	if err != nil {
		return engine.Change{}, fmt.Errorf("read the description of %s: %w", r.Name, err)
	}
	call := a.Systems.Hub().CreateRepositoryCall(hub.NewRepository{
		Namespace: strings.TrimSuffix(target, "/"+base(target)), Name: base(target),
		Description: full.Description, FullDescription: full.FullDescription, Private: r.Private,
	})
	kind := visibility(r.Private)
	return request(engine.CreateChange(r.Name), "Make the "+kind+" repository "+target, target, "not there", kind, call), nil
}

// reader returns the credential that may read the member's repositories.
func (a handOver) reader(c engine.Case) *hub.Client {
	if own := a.Systems.Member(c.Username); own != nil {
		return own
	}
	return a.Systems.Hub()
}

// Guards pins the content of the sources: a tag that moves after the plan was made
// makes the plan stale. The copies themselves do not change the sources.
func (a handOver) Guards(ctx context.Context, c engine.Case) ([]engine.Guard, error) {
	live, err := a.live(ctx, c, engine.FactRepositories)
	if err != nil {
		return nil, err
	}
	var guards []engine.Guard
	for _, r := range engine.Selected(live) {
		if r.Handed() {
			continue // its source cannot be read; its target is read by Run
		}
		g, err := a.content(ctx, c, r.Name)
		if err != nil {
			return nil, err
		}
		guards = append(guards, g)
	}
	return guards, nil
}

// GuardsOf implements engine.GuardsByChange. The content of another repository does not
// matter while this one is copied, and reading all of them before each change would
// cost a quadratic number of requests.
func (a handOver) GuardsOf(ctx context.Context, c engine.Case, ch engine.Change) ([]engine.Guard, error) {
	if ch.Copy.Handed {
		return nil, nil
	}
	name, ok := strings.CutPrefix(ch.ID, engine.CopyChange(""))
	if !ok {
		name = strings.TrimPrefix(ch.ID, engine.CreateChange(""))
	}
	if ch.Kind == engine.ChangeCopy && len(ch.Copy.Tags) > 0 {
		if err := a.suitable(ctx, c, ch); err != nil {
			return nil, err
		}
	}
	g, err := a.content(ctx, c, name)
	return []engine.Guard{g}, err
}

// content returns the guard on the content of a repository.
func (a handOver) content(ctx context.Context, c engine.Case, repository string) (engine.Guard, error) {
	tags, err := a.digests(ctx, repository, a.Systems.MemberRegistry(c.Username))
	if err != nil {
		return engine.Guard{}, err
	}
	sum := sha256.New()
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		_, _ = fmt.Fprintln(sum, tag, tags[tag]) // a hash does not fail
	}
	return guard("tags "+repository, "tags of "+repository, fmt.Sprintf("%s, content %.12x", engine.Count(len(tags), "tag"), sum.Sum(nil))), nil
}

func (a handOver) Made(ctx context.Context, c engine.Case, ch engine.Change) (bool, error) {
	if ch.Kind == engine.ChangeRequest {
		return a.created(ctx, c, ch)
	}
	if len(ch.Copy.Tags) == 0 {
		return true, nil
	}
	if ch.Copy.Handed {
		differences, err := a.holds(ctx, ch.Copy.Target, ch.Copy.Tags)
		return err == nil && len(differences) == 0, err
	}
	differences, err := a.compare(ctx, c, ch.Copy.Source, ch.Copy.Target, ch.Copy.Left)
	return err == nil && len(differences) == 0, err
}

// created reports whether the target of a copy is there as the change would have made
// it. One that holds something, or has another visibility, was made by somebody else.
func (a handOver) created(ctx context.Context, c engine.Case, ch engine.Change) (bool, error) {
	there, err := a.Systems.Hub().Repository(ctx, c.Org, base(ch.Target))
	switch {
	case errors.Is(err, transport.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case visibility(there.Private) != ch.After:
		return false, nil
	}
	tags, err := a.digests(ctx, ch.Target, a.Systems.OrgRegistry())
	return err == nil && len(tags) == 0, err
}

func visibility(private bool) string {
	if private {
		return "private"
	}
	return "public"
}

// suitable reads the target's visibility before anything is pushed to it: it may have been
// changed, or the target removed, since the plan was made.
func (a handOver) suitable(ctx context.Context, c engine.Case, ch engine.Change) error {
	there, err := a.Systems.Hub().Repository(ctx, c.Org, base(ch.Target))
	switch {
	case errors.Is(err, transport.ErrNotFound):
		return fmt.Errorf("%s is not there any more, and a push would make it with the organization's usual visibility: try again, which makes it anew", ch.Target)
	case err != nil:
		return fmt.Errorf("look at %s: %w", ch.Target, err)
	}
	if why := engine.Misfit(ch.Target, there.Private, ch.Copy.Private); why != "" {
		return fmt.Errorf("nothing was copied: %s: change it on its page, or go back and choose another name", why)
	}
	return nil
}

// compare compares both sides of a copy. It ignores the tags that were left out and
// have not changed since.
func (a handOver) compare(ctx context.Context, c engine.Case, source, target string, left []engine.TagLeft) ([]registry.Difference, error) {
	differences, err := a.Systems.Registry().Compare(ctx, a.pair(c, source, target))
	return slices.DeleteFunc(differences, func(d registry.Difference) bool {
		return d.Kind == registry.TagMissing && leaves(left, d.Tag, d.Source)
	}), err
}

// holds checks whether the tags are at the target and complete.
func (a handOver) holds(ctx context.Context, target string, tags []engine.TagRef) ([]registry.Difference, error) {
	return a.Systems.Registry().Holds(ctx, target, digestsOf(tags), a.Systems.OrgRegistry())
}

func digestsOf(tags []engine.TagRef) map[string]string {
	out := make(map[string]string, len(tags))
	for _, t := range tags {
		out[t.Name] = t.Digest
	}
	return out
}

func (a handOver) pair(c engine.Case, source, target string) registry.CopyRequest {
	return registry.CopyRequest{
		Source: source, SourceCredential: a.Systems.MemberRegistry(c.Username),
		Target: target, TargetCredential: a.Systems.OrgRegistry(),
	}
}

func (a handOver) Run(ctx context.Context, c engine.Case, ch engine.Change, report func(engine.Progress)) (engine.Receipt, error) {
	switch {
	case ch.Kind == engine.ChangeRequest:
		return a.sendHub(ctx, ch.Call)
	case len(ch.Copy.Tags) == 0:
		return engine.Receipt{Status: "it has no tags, so there was nothing to copy"}, nil
	case ch.Copy.Handed:
		differences, err := a.holds(ctx, ch.Copy.Target, ch.Copy.Tags)
		if err == nil && len(differences) > 0 {
			err = fmt.Errorf("%s is not what %s said: %s: ask them to copy it once more", ch.Target, c.Username, differences[0])
		}
		return engine.Receipt{
			Status: fmt.Sprintf("copied by %s, %s seen whole", c.Username, engine.Count(len(ch.Copy.Tags), "tag")), Tags: ch.Copy.Tags,
			Note: "that these are all tags of the original rests on their word",
		}, err
	}
	// Copy only what was approved: these tags with these digests.
	r := a.pair(c, ch.Copy.Source, ch.Copy.Target)
	r.Pinned, r.Replaceable = digestsOf(ch.Copy.Tags), digestsOf(ch.Copy.Replace)
	r.Tags = slices.Sorted(maps.Keys(r.Pinned))
	var speed pace
	done, err := a.Systems.Registry().Copy(ctx, r, func(p registry.Progress) { report(speed.progress(ch.Title, p, a.Now())) })
	if err != nil {
		return engine.Receipt{}, err
	}
	receipt := engine.Receipt{Source: ch.Copy.Updated, Left: ch.Copy.Left, Status: engine.Count(len(done.Tags), "tag") + ", every digest compared; " + traffic(done)}
	for _, t := range done.Tags {
		ref := engine.TagRef{Name: t.Name, Digest: t.Digest}
		if i := slices.IndexFunc(ch.Copy.Tags, func(x engine.TagRef) bool { return x.Digest == t.Digest }); i >= 0 {
			ref.Size, ref.Content = ch.Copy.Tags[i].Size, ch.Copy.Tags[i].Content
		}
		receipt.Tags = append(receipt.Tags, ref)
	}
	receipt.Note = notes(done)
	return receipt, nil
}

// traffic says how much of a copy passed through this machine.
func traffic(done registry.Receipt) string {
	switch {
	case done.Blobs == 0:
		return "nothing had to be uploaded"
	case done.Sent == 0:
		return fmt.Sprintf("none of %d blobs had to be uploaded", done.Blobs)
	}
	return fmt.Sprintf("%d of %d blobs uploaded", done.Sent, done.Blobs)
}

func notes(done registry.Receipt) string {
	var out []string
	if n := done.Referrers; n > 0 {
		out = append(out, fmt.Sprintf("%d signatures, attestations and the like went with them", n))
	}
	if n := len(done.Foreign); n > 0 {
		out = append(out, fmt.Sprintf("%d layers are served by their publisher and were not copied", n))
	}
	if n := len(done.Left); n > 0 {
		out = append(out, fmt.Sprintf("%d things that refer to the images have a format that is not known and were not copied", n))
	}
	return strings.Join(out, "; ")
}
