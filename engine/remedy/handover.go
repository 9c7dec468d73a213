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

// handOver copies the person's repositories into the organization and proves
// the copies. Docker Hub has no transfer between namespaces (its API reference
// names none), so the originals stay where they are.
type handOver struct{ World }

func (handOver) ID() engine.ActionID { return engine.ActionHandOver }

func (handOver) Offer(c engine.Case) engine.Availability {
	switch {
	case !c.Sources[engine.FactRepositories].Known():
		return engine.Availability{Reason: "their repositories have not been read"}
	case !c.Repositories.PrivateVisible && c.Answers[engine.AskPrivate].Value != engine.PrivateNone:
		return engine.Availability{Reason: "private repositories cannot be seen, and nobody has taken responsibility for them"}
	}
	return engine.Availability{}
}

// changeCreate is the id of the change that makes a target.
func changeCreate(repository string) string { return "create " + repository }

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
	if len(live.Repositories.Personal) == 0 {
		p.Nothing = c.Username + " has no personal repository that can be seen."
		return p, nil
	}
	for _, r := range live.Repositories.Personal {
		tags, err := a.Systems.Registry().Describe(ctx, a.at(r.Name), a.Systems.MemberRegistry(c.Username))
		if err != nil && !errors.Is(err, transport.ErrNotFound) { // nothing was ever pushed
			return p, fmt.Errorf("list the tags of %s: %w", r.Name, err)
		}
		target, exists, err := a.target(ctx, c, r.Name, tags)
		if err != nil {
			return p, err
		}
		if !exists {
			p.Changes = append(p.Changes, a.create(r, target))
		}
		if want := c.Org + "/" + base(r.Name); target != want {
			p.Notes = append(p.Notes, want+" is there already with other content, so the copy is called "+target+".")
		}
		p.Changes = append(p.Changes, engine.Change{
			ID: engine.CopyChange(r.Name), Kind: engine.ChangeCopy, Title: "Copy " + r.Name + " to " + target, Target: target,
			Before: fmt.Sprintf("%d tags in %s", len(tags), r.Name), After: "the same tags and digests in " + target,
			Copy: engine.Copy{
				Source: a.at(r.Name), Target: a.at(target), Private: r.Private, Tags: refs(tags),
				Uploads: a.Systems.Registry().UploadPrefixes(a.at(target)),
			},
		})
	}
	p.Guards, err = a.Guards(ctx, live)
	return p, err
}

func base(repository string) string {
	_, name, _ := strings.Cut(repository, "/")
	return name
}

func (a handOver) at(repository string) string { return a.Systems.RegistryHost() + "/" + repository }

func refs(tags []registry.Tag) []engine.TagRef {
	out := make([]engine.TagRef, len(tags))
	for i, t := range tags {
		out[i] = engine.TagRef{Name: t.Name, Digest: t.Digest, Size: t.Size}
	}
	return out
}

// target finds a name in the organization that is free, or holds nothing but
// what the copy would put there.
func (a handOver) target(ctx context.Context, c engine.Case, source string, tags []registry.Tag) (name string, exists bool, err error) {
	want := map[string]string{}
	for _, t := range tags {
		want[t.Name] = t.Digest
	}
	for _, name := range []string{base(source), c.Username + "-" + base(source)} {
		full := c.Org + "/" + name
		_, err := a.Systems.Hub().Repository(ctx, c.Org, name)
		if errors.Is(err, transport.ErrNotFound) {
			return full, false, nil
		}
		if err != nil {
			return "", false, fmt.Errorf("look for %s: %w", full, err)
		}
		there, err := a.digests(ctx, full, a.Systems.OrgRegistry())
		if err != nil {
			return "", false, err
		}
		if fits(there, want) {
			return full, true, nil
		}
	}
	return "", false, fmt.Errorf("both %s/%s and %s/%s-%s hold something else: rename one of them first", c.Org, base(source), c.Org, c.Username, base(source))
}

// fits reports whether every tag there is one that the copy puts there.
func fits(there, want map[string]string) bool {
	for tag, digest := range there {
		if want[tag] != digest {
			return false
		}
	}
	return true
}

// digests asks where each tag points; a repository that nothing was pushed to
// has none.
func (a handOver) digests(ctx context.Context, repository string, cred registry.Credential) (map[string]string, error) {
	tags, err := a.Systems.Registry().Digests(ctx, a.at(repository), cred)
	if err != nil && !errors.Is(err, transport.ErrNotFound) {
		return nil, fmt.Errorf("list the tags of %s: %w", repository, err)
	}
	return tags, nil
}

// create makes the target before anything is pushed, because a repository that
// comes into being by a push gets the namespace's default visibility.
func (a handOver) create(r engine.Repository, target string) engine.Change {
	call := a.Systems.Hub().CreateRepositoryCall(hub.NewRepository{
		Namespace: strings.TrimSuffix(target, "/"+base(target)), Name: base(target), Description: r.Description, Private: r.Private,
	})
	visibility := "public"
	if r.Private {
		visibility = "private"
	}
	return request(changeCreate(r.Name), "Make the "+visibility+" repository "+target, target, "not there", visibility, call)
}

// Guards pins the content of the sources: a tag that moves after the plan was
// made makes it stale. The copies themselves do not move them.
func (a handOver) Guards(ctx context.Context, c engine.Case) ([]engine.Guard, error) {
	live, err := a.live(ctx, c, engine.FactRepositories)
	if err != nil {
		return nil, err
	}
	var guards []engine.Guard
	for _, r := range live.Repositories.Personal {
		tags, err := a.digests(ctx, r.Name, a.Systems.MemberRegistry(c.Username))
		if err != nil {
			return nil, err
		}
		sum := sha256.New()
		for _, tag := range slices.Sorted(maps.Keys(tags)) {
			_, _ = fmt.Fprintln(sum, tag, tags[tag]) // a hash does not fail
		}
		guards = append(guards, guard("tags "+r.Name, "tags of "+r.Name, fmt.Sprintf("%d tags, content %.12x", len(tags), sum.Sum(nil))))
	}
	return guards, nil
}

func (a handOver) Made(ctx context.Context, c engine.Case, ch engine.Change) (bool, error) {
	if ch.Kind == engine.ChangeRequest {
		_, err := a.Systems.Hub().Repository(ctx, c.Org, base(ch.Target))
		if errors.Is(err, transport.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}
	if len(ch.Copy.Tags) == 0 {
		return true, nil
	}
	differences, err := a.compare(ctx, c, ch.Copy.Source, ch.Copy.Target)
	return err == nil && len(differences) == 0, err
}

func (a handOver) compare(ctx context.Context, c engine.Case, source, target string) ([]registry.Difference, error) {
	return a.Systems.Registry().Compare(ctx, a.pair(c, source, target))
}

func (a handOver) pair(c engine.Case, source, target string) registry.CopyRequest {
	return registry.CopyRequest{
		Source: source, SourceCredential: a.Systems.MemberRegistry(c.Username),
		Target: target, TargetCredential: a.Systems.OrgRegistry(),
	}
}

func (a handOver) Run(ctx context.Context, c engine.Case, ch engine.Change, report func(engine.Progress)) (engine.Receipt, error) {
	if ch.Kind == engine.ChangeRequest {
		return a.sendHub(ctx, ch.Call)
	}
	if len(ch.Copy.Tags) == 0 {
		return engine.Receipt{Status: "nothing was ever pushed to it"}, nil
	}
	done, err := a.Systems.Registry().Copy(ctx, a.pair(c, ch.Copy.Source, ch.Copy.Target), func(p registry.Progress) {
		report(engine.Progress{Text: copyText(ch.Title, p), Done: p.Bytes, Total: p.AllBytes, Unit: "bytes"})
	})
	if err != nil {
		return engine.Receipt{}, err
	}
	receipt := engine.Receipt{Status: fmt.Sprintf("%d tags, every digest compared", len(done.Tags))}
	for _, t := range done.Tags {
		ref := engine.TagRef{Name: t.Name, Digest: t.Digest}
		if i := slices.IndexFunc(ch.Copy.Tags, func(x engine.TagRef) bool { return x.Digest == t.Digest }); i >= 0 {
			ref.Size = ch.Copy.Tags[i].Size
		}
		receipt.Tags = append(receipt.Tags, ref)
	}
	if len(done.Foreign) > 0 {
		receipt.Note = fmt.Sprintf("%d layers are served by their publisher and were not copied", len(done.Foreign))
	}
	return receipt, nil
}

func copyText(title string, p registry.Progress) string {
	if p.Tag == "" {
		return title + ": reading the original"
	}
	return fmt.Sprintf("%s: tag %s, %d of %d done", title, p.Tag, p.TagsDone, p.Tags)
}

// Verify compares every copy with its source once more, and the visibility
// with it.
func (a handOver) Verify(ctx context.Context, c engine.Case, report func(engine.Progress)) (engine.Check, error) {
	live, err := a.live(ctx, c, engine.FactRepositories)
	if err != nil {
		return engine.Check{}, err
	}
	check := engine.Check{OK: true}
	fault := func(text string) {
		check.OK = false
		check.Evidence = append(check.Evidence, engine.Evidence{Text: text, Source: "registry", At: a.Now()})
	}
	for _, r := range live.Repositories.Personal {
		report(engine.Progress{Text: "comparing " + r.Name})
		target := ""
		for _, x := range c.Receipts {
			if x.Action == a.ID() && x.Change == engine.CopyChange(r.Name) {
				target = x.Target
			}
		}
		if target == "" {
			fault(r.Name + " has not been copied")
			continue
		}
		differences, err := a.compare(ctx, c, a.at(r.Name), a.at(target))
		if r.Tags == 0 && errors.Is(err, transport.ErrNotFound) { // nothing was ever pushed to it
			differences, err = nil, nil
		}
		if err != nil {
			return engine.Check{}, fmt.Errorf("compare %s with %s: %w", r.Name, target, err)
		}
		for _, d := range differences {
			fault(fmt.Sprintf("%s and %s differ: %s", r.Name, target, d))
		}
		there, err := a.Systems.Hub().Repository(ctx, c.Org, base(target))
		if err != nil {
			return engine.Check{}, fmt.Errorf("look at %s: %w", target, err)
		}
		if there.Private != r.Private {
			fault(fmt.Sprintf("%s is private: %s, and %s is private: %s", r.Name, yesNo(r.Private), target, yesNo(there.Private)))
		}
		if len(differences) == 0 {
			check.Evidence = append(check.Evidence, engine.Evidence{
				Text: r.Name + " and " + target + " have the same tags with equal digests", Source: "registry", At: a.Now(),
			})
		}
	}
	check.Text = "Every copy equals its original."
	if !check.OK {
		check.Text = "Not every copy equals its original; nobody is removed until it does."
	}
	return check, nil
}
