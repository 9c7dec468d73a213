package remedy

import (
	"context"
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

// verification collects the results of Verify.
type verification struct {
	handOver

	check engine.Check
}

func (v *verification) note(text, source string) {
	v.check.Evidence = append(v.check.Evidence, engine.Evidence{Text: text, Source: source, At: v.Now()})
}

func (v *verification) fail(text string) {
	v.check.OK = false
	v.note(text, "registry")
}

// Verify compares every copy with its source again: tags, digests, blobs, and the page
// on Docker Hub. It ignores repositories that were left behind by choice.
func (a handOver) Verify(ctx context.Context, c engine.Case, report func(engine.Progress)) (engine.Check, error) {
	live, err := a.live(ctx, c, engine.FactRepositories)
	if err != nil {
		return engine.Check{}, err
	}
	v := &verification{handOver: a, check: engine.Check{OK: true}}
	all := live.Repositories.Personal
	for i, r := range all {
		if choice := live.Choices[r.Name]; choice.Skipped() {
			v.note(r.Name+" was left behind: "+choice.Skip, "the owner's word")
			continue
		}
		report(engine.Progress{Text: "comparing " + r.Name, Done: int64(i), Total: int64(len(all)), Unit: "repositories"})
		if err := v.repository(ctx, live, r); err != nil {
			return engine.Check{}, err
		}
	}
	v.check.Text = "Every copy equals its original."
	if !v.check.OK {
		v.check.Text = "Not every copy equals its original; nobody is removed until it does."
		return v.check, nil
	}
	if a.Keep != nil {
		path, err := a.Keep(c, engine.Manifest(c))
		if err != nil {
			return engine.Check{}, fmt.Errorf("keep the manifest of the hand-over: %w", err)
		}
		v.check.Manifest = path
		v.note("the manifest of every tag is in "+path, "this machine")
	}
	return v.check, nil
}

// receiptOf returns the last receipt of the repository's copy.
func receiptOf(c engine.Case, repository string) (engine.Receipt, bool) {
	for _, x := range slices.Backward(c.Receipts) {
		if x.Action == engine.ActionHandOver && x.Change == engine.CopyChange(repository) {
			return x, true
		}
	}
	return engine.Receipt{}, false
}

func (v *verification) repository(ctx context.Context, c engine.Case, r engine.Repository) error {
	receipt, ok := receiptOf(c, r.Name)
	if !ok {
		v.fail(r.Name + " has not been copied")
		return nil
	}
	target := receipt.Target
	if chosen := c.Choices[r.Name].Target; chosen != "" && chosen != target {
		v.fail(r.Name + " was copied to " + target + " and is to go to " + chosen)
		return nil
	}
	var differences []registry.Difference
	var err error
	if r.Handed() {
		differences, err = v.holds(ctx, v.at(target), r.HandedTags)
	} else {
		differences, err = v.compare(ctx, c, v.at(r.Name), v.at(target), receipt.Left)
	}
	if r.Tags == 0 && errors.Is(err, transport.ErrNotFound) { // it has no tags
		differences, err = nil, nil
	}
	if err != nil {
		return fmt.Errorf("compare %s with %s: %w", r.Name, target, err)
	}
	for _, d := range differences {
		v.fail(fmt.Sprintf("%s and %s differ: %s", r.Name, target, d))
	}
	switch {
	case len(differences) > 0:
	case r.Handed():
		v.note(fmt.Sprintf("%s holds all %d tags that %s says they copied", target, len(r.HandedTags), r.HandedBy), "registry")
	default:
		v.note(r.Name+" and "+target+" have the same tags with equal digests", "registry")
		for _, note := range leftNotes(r.Name, receipt.Left) {
			v.note(note, "registry")
		}
	}
	return v.page(ctx, c, r, target)
}

// page compares what Docker Hub shows of both. Only a difference in visibility is an
// error: no documented call changes descriptions or categories, so a difference in
// those is reported for a person to fix.
func (v *verification) page(ctx context.Context, c engine.Case, r engine.Repository, target string) error {
	there, err := v.Systems.Hub().Repository(ctx, c.Org, base(target))
	if err != nil {
		return fmt.Errorf("look at %s: %w", target, err)
	}
	if there.Private != r.Private {
		v.fail(fmt.Sprintf("%s is private: %s, and %s is private: %s", r.Name, yesNo(r.Private), target, yesNo(there.Private)))
	}
	v.teams(ctx, c, target)
	if r.Handed() {
		return nil
	}
	here, err := v.reader(c).Repository(ctx, c.Username, base(r.Name))
	if err != nil {
		return fmt.Errorf("look at %s: %w", r.Name, err)
	}
	var differ []string
	for _, x := range []struct {
		what string
		same bool
	}{
		{"the description", here.Description == there.Description},
		{"the full description", here.FullDescription == there.FullDescription},
		{"the categories", slices.EqualFunc(here.Categories, there.Categories, func(a, b hub.Category) bool { return a.Slug == b.Slug })},
	} {
		if !x.same {
			differ = append(differ, x.what)
		}
	}
	if len(differ) == 0 {
		v.note("description, full description, visibility and categories of "+target+" are those of "+r.Name, "Docker Hub")
		return nil
	}
	v.note(fmt.Sprintf("%s of %s and of %s differ: change it by hand on the page of %s, if it matters", strings.Join(differ, " and "), r.Name, target, target), "Docker Hub")
	return nil
}

// teams lists the teams with access to the copy. A personal repository has no teams, so
// there is nothing to compare.
func (v *verification) teams(ctx context.Context, c engine.Case, target string) {
	teams, err := v.Systems.Hub().RepositoryTeams(ctx, c.Org, base(target))
	if err != nil {
		v.note("which teams may use "+target+" could not be read", "Docker Hub")
		return
	}
	if len(teams) == 0 {
		v.note("no team may use "+target+" yet: give those access who need it", "Docker Hub")
		return
	}
	var words []string
	for _, t := range teams {
		words = append(words, t.Name+" ("+t.Permission+")")
	}
	v.note(target+" is open to the teams "+strings.Join(words, ", "), "Docker Hub")
}

// unchanged reports what has changed since the copies were verified, at the sources and
// at the copies. It reads digests and visibility only, and is called before each removal.
func (a handOver) unchanged(ctx context.Context, c engine.Case) error {
	for _, r := range engine.Selected(c) {
		receipt, ok := receiptOf(c, r.Name)
		if !ok {
			continue // whether that is allowed is for engine.HandedOver to say
		}
		page, err := a.Systems.Hub().Repository(ctx, c.Org, base(receipt.Target))
		switch {
		case errors.Is(err, transport.ErrNotFound):
			return fmt.Errorf("%s, the copy of %s, is not there any more: go back and hand it over again", receipt.Target, r.Name)
		case err != nil:
			return fmt.Errorf("look at %s: %w", receipt.Target, err)
		}
		if why := engine.Misfit(receipt.Target, page.Private, r.Private); why != "" {
			return fmt.Errorf("%s: change it on the page of %s and try again", why, receipt.Target)
		}
		there, err := a.digests(ctx, receipt.Target, a.Systems.OrgRegistry())
		if err != nil {
			return err
		}
		copied := digestsOf(receipt.Tags)
		if len(copied) == 0 { // the outcome was observed, not received
			copied = there
		}
		if !r.Handed() { // whose source nobody but its owner may read
			now, err := a.digests(ctx, r.Name, a.Systems.MemberRegistry(c.Username))
			if err != nil {
				return err
			}
			for _, tag := range slices.Sorted(maps.Keys(now)) {
				if now[tag] != copied[tag] && !leaves(receipt.Left, tag, now[tag]) {
					return fmt.Errorf("the tag %s of %s has moved since it was copied: go back and hand it over again", tag, r.Name)
				}
			}
		}
		for _, tag := range slices.Sorted(maps.Keys(copied)) {
			if there[tag] != copied[tag] {
				return fmt.Errorf("the tag %s of %s, the copy of %s, is no longer what was verified: go back and hand it over again", tag, receipt.Target, r.Name)
			}
		}
	}
	return nil
}
