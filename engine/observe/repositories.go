package observe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/registry"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// Bounds on the search for repositories of the organization that depend on the person:
// the most recently updated repositories, and tags of each. Docker Hub has no query by
// pusher, so each repository costs one request.
const (
	maxOrgRepositories = 200
	maxOrgTags         = 100
)

func (o *Observer) repositories(ctx context.Context, client *hub.Client, c *engine.Case, report func(engine.Progress)) (string, error) {
	source := "Docker Hub, public repositories"
	reader, failed := client, func(err error) error { return err }
	c.Repositories = engine.Repositories{}
	if own := o.Systems.Member(c.Username); own != nil {
		reader, source = own, "Docker Hub, as "+c.Username
		failed = func(err error) error { return fmt.Errorf("%w: %w", ErrMember, err) }
		c.Repositories.PrivateVisible = true
	}
	for r, err := range reader.Repositories(ctx, c.Username) {
		if notFound(err) {
			break // a user without repositories has no namespace to list
		}
		if err != nil {
			return source, failed(err)
		}
		c.Repositories.Personal = append(c.Repositories.Personal, engine.Repository{
			Name: c.Username + "/" + r.Name, Private: r.Private, Size: r.StorageSize, Updated: r.LastUpdated.Time,
			Pulls: r.PullCount, Stars: r.StarCount, Description: r.Description,
		})
	}
	for i, r := range c.Repositories.Personal {
		for _, err := range reader.Tags(ctx, c.Username, base(r.Name)) {
			if err != nil {
				return source, failed(err)
			}
			c.Repositories.Personal[i].Tags++
		}
		if i > 0 && i%50 == 0 {
			report(engine.Progress{Fact: engine.FactRepositories, Text: "counting tags", Done: int64(i), Total: int64(len(c.Repositories.Personal)), Unit: "repositories"})
		}
	}
	if err := o.handed(c); err != nil {
		return source, err
	}
	teams, err := soleTeams(ctx, client, c)
	if err != nil {
		return source, err
	}
	c.Repositories.SoleTeams = teams
	o.organization(ctx, client, c, report)
	if err := o.targets(ctx, client, c); err != nil {
		return source, err
	}
	return source, ctx.Err()
}

// handed adds the repositories that the member has copied themselves. Those that can be
// read here are compared with their source as usual, at the target that they have.
func (o *Observer) handed(c *engine.Case) error {
	if o.Handed == nil {
		return nil
	}
	done, ok, err := o.Handed(c.Org, c.Username)
	if err != nil || !ok {
		return err
	}
	for _, r := range done.Repositories() {
		i := slices.IndexFunc(c.Repositories.Personal, func(x engine.Repository) bool { return x.Name == r.Name })
		if i < 0 {
			c.Repositories.Personal = append(c.Repositories.Personal, r)
			continue
		}
		c.Repositories.Personal[i].CopiedTo = r.Target
	}
	return nil
}

func soleTeams(ctx context.Context, client *hub.Client, c *engine.Case) ([]string, error) {
	if !c.Member.Present {
		return nil, nil
	}
	teams, err := client.MemberTeams(ctx, c.Org, c.Username)
	if notFound(err) {
		return nil, fmt.Errorf("%w: the member list has %s, and their teams are not found: %w", engine.ErrUnsettled, c.Username, err)
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, t := range teams {
		if t.MemberCount == 1 {
			out = append(out, t.Name)
		}
	}
	return out, nil
}

// organization finds the organization's repositories that may depend on the person: those
// they were the last to push to, and those that only a team of which they are the only
// member may write to. These repositories are not lost by the removal, so a read error is
// only noted.
func (o *Observer) organization(ctx context.Context, client *hub.Client, c *engine.Case, report func(engine.Progress)) {
	all, err := orgRepositories(ctx, client, c.Org)
	if err != nil {
		c.Repositories.Note = "the organization's repositories could not be listed: " + err.Error()
	}
	found := dependents{org: c.Org, all: all, byName: map[string]*engine.OrgRepository{}}
	for _, e := range c.Audit.Pushes {
		if e.Name != "" {
			r := found.add(e.Name)
			r.Pushes++
			r.LastPush = later(r.LastPush, e.At)
		}
	}
	looked := all
	if len(looked) > maxOrgRepositories {
		c.Repositories.Note = fmt.Sprintf("of %d repositories of %s, the %d that were pushed to last were looked at", len(all), c.Org, maxOrgRepositories)
		looked = looked[:maxOrgRepositories]
	}
	for i, r := range looked {
		if i > 0 && i%50 == 0 {
			report(engine.Progress{Fact: engine.FactRepositories, Text: "looking who pushed last", Done: int64(i), Total: int64(len(looked)), Unit: "repositories"})
		}
		if err := lastPushed(ctx, client, c, r.Name, &found); err != nil {
			c.Repositories.Note = fmt.Sprintf("the tags of %s/%s could not be listed: %v", c.Org, r.Name, err)
			break
		}
	}
	only := map[string]string{}
	for _, r := range looked {
		if why := soleAccess(ctx, client, c, r.Name); why != "" {
			only[c.Org+"/"+r.Name] = why
			found.add(c.Org + "/" + r.Name)
		}
	}
	for _, name := range found.names {
		r := *found.byName[name]
		r.Why = reasons(r, only[name])
		c.Repositories.Organization = append(c.Repositories.Organization, r)
		c.Repositories.LastPushed = append(c.Repositories.LastPushed, name)
	}
	for _, r := range all {
		c.Repositories.Taken = append(c.Repositories.Taken, c.Org+"/"+r.Name)
	}
}

// dependents collects the organization's repositories that may depend on the person, in
// the order in which they were found.
type dependents struct {
	org    string
	all    []hub.Repository
	names  []string
	byName map[string]*engine.OrgRepository // org/name
}

func (d *dependents) add(name string) *engine.OrgRepository {
	if r := d.byName[name]; r != nil {
		return r
	}
	r := &engine.OrgRepository{Name: name}
	if i := slices.IndexFunc(d.all, func(r hub.Repository) bool { return d.org+"/"+r.Name == name }); i >= 0 {
		r.Private, r.Size, r.Seen = d.all[i].Private, d.all[i].StorageSize, true
	}
	d.byName[name], d.names = r, append(d.names, name)
	return r
}

// reasons says why the repository may depend on the person. only is the result of
// soleAccess.
func reasons(r engine.OrgRepository, only string) []string {
	var why []string
	if r.Tags > 0 {
		why = append(why, fmt.Sprintf("they were the last to push %d of its tags", r.Tags))
	}
	if r.Pushes > 0 {
		why = append(why, fmt.Sprintf("%d pushes of theirs in the last 90 days, last on %s: a CI job may sign in as them", r.Pushes, r.LastPush.UTC().Format(time.DateOnly)))
	}
	if only != "" {
		why = append(why, only)
	}
	return why
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// orgRepositories returns the organization's repositories, the most recently updated
// first.
func orgRepositories(ctx context.Context, client *hub.Client, org string) ([]hub.Repository, error) {
	var all []hub.Repository
	for r, err := range client.Repositories(ctx, org) {
		if notFound(err) {
			break
		}
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b hub.Repository) int { return b.LastUpdated.Compare(a.LastUpdated.Time) })
	return all, nil
}

// lastPushed counts the tags of a repository that the person was the last to push.
func lastPushed(ctx context.Context, client *hub.Client, c *engine.Case, name string, found *dependents) error {
	n := 0
	for t, err := range client.Tags(ctx, c.Org, name) {
		if n++; err != nil && !notFound(err) {
			return err
		}
		if err != nil || n > maxOrgTags {
			break
		}
		if !strings.EqualFold(t.LastUpdater, c.Username) {
			continue
		}
		r := found.add(c.Org + "/" + name)
		r.Tags++
		r.LastPush = later(r.LastPush, t.LastPushed.Time)
	}
	return nil
}

// targets proposes a target for each copy: the chosen one, or the first name at which
// nothing or only content of the copy exists. The one where the member has copied it
// comes first.
func (o *Observer) targets(ctx context.Context, client *hub.Client, c *engine.Case) error {
	for i := range c.Repositories.Personal {
		r := &c.Repositories.Personal[i]
		if r.Handed() {
			continue // the plan of the hand-over decided the target
		}
		names := engine.TargetNames(*c, r.Name)
		if r.CopiedTo != "" {
			names = slices.Insert(names, 0, r.CopiedTo)
		}
		if chosen := c.Choices[r.Name].Target; chosen != "" {
			names = []string{chosen}
		}
		r.Target = names[0]
		for n, name := range names {
			place, err := o.place(ctx, client, c, *r, name)
			if err != nil {
				return err
			}
			if n == 0 || place.Free() {
				r.Target, r.Place = name, place
			}
			if place.Free() {
				break
			}
		}
	}
	return nil
}

// place describes what exists at a target of the organization.
func (o *Observer) place(ctx context.Context, client *hub.Client, c *engine.Case, source engine.Repository, target string) (engine.Place, error) {
	if !slices.Contains(c.Repositories.Taken, target) {
		return engine.Place{}, nil // the plan will look the target up again
	}
	there, err := client.Repository(ctx, c.Org, base(target))
	if notFound(err) {
		return engine.Place{}, nil
	}
	if err != nil {
		return engine.Place{}, err
	}
	place := engine.Place{
		Exists: true, NoWrite: there.Permissions.Read && !there.Permissions.Write,
		Misfit: engine.Misfit(target, there.Private, source.Private),
	}
	have, err := o.digests(ctx, target, o.Systems.OrgRegistry())
	if err != nil || len(have) == 0 {
		return place, err
	}
	want, err := o.digests(ctx, source.Name, o.Systems.MemberRegistry(c.Username))
	if err != nil {
		return place, err
	}
	place.Tags = len(have)
	_, place.Foreign = engine.Fit(have, want, engine.CopiedTags(*c, source.Name, target))
	return place, nil
}

// digests returns the digest of each tag. A repository without a push has none.
func (o *Observer) digests(ctx context.Context, repository string, cred registry.Credential) (map[string]string, error) {
	tags, err := o.Systems.Registry().Digests(ctx, o.Systems.RegistryHost()+"/"+repository, cred)
	if notFound(err) {
		return nil, nil
	}
	return tags, err
}

// soleAccess says that only a team of which the person is the only member may write to or
// administer a repository. It returns "" if others may too, or if the teams cannot be
// read. The organization's owners, who always may, do not count.
func soleAccess(ctx context.Context, client *hub.Client, c *engine.Case, repository string) string {
	if len(c.Repositories.SoleTeams) == 0 {
		return ""
	}
	teams, err := client.RepositoryTeams(ctx, c.Org, repository)
	if err != nil {
		return ""
	}
	for _, right := range []struct {
		what        string
		permissions []string
	}{{"write to", []string{"write", "admin"}}, {"administer", []string{"admin"}}} {
		with := slices.DeleteFunc(slices.Clone(teams), func(t hub.RepositoryTeam) bool { return !slices.Contains(right.permissions, t.Permission) })
		if len(with) == 1 && slices.Contains(c.Repositories.SoleTeams, with[0].Name) {
			return fmt.Sprintf("only the team %s may %s it, and they are its only member", with[0].Name, right.what)
		}
	}
	return ""
}

func base(repository string) string {
	_, name, _ := strings.Cut(repository, "/")
	return name
}
