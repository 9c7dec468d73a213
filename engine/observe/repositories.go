package observe

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/engine"
)

// How much of the organization is looked at for what depends on the person:
// the newest repositories, and the newest tags of each. Docker Hub has no query
// by pusher, so each repository costs one request.
const (
	maxOrgRepositories = 200
	maxOrgTags         = 100
)

func (o *Observer) repositories(ctx context.Context, client *hub.Client, c *engine.Case, report func(engine.Progress)) (string, error) {
	source := "Docker Hub, public repositories"
	reader := client
	c.Repositories = engine.Repositories{}
	if own := o.Systems.Member(c.Username); own != nil {
		reader, source = own, "Docker Hub, as "+c.Username
		c.Repositories.PrivateVisible = true
	}
	for r, err := range reader.Repositories(ctx, c.Username) {
		if notFound(err) {
			break // a user without repositories has no namespace to list
		}
		if err != nil {
			return source, err
		}
		c.Repositories.Personal = append(c.Repositories.Personal, engine.Repository{
			Name: c.Username + "/" + r.Name, Private: r.Private, Size: r.StorageSize, Updated: r.LastUpdated.Time,
			Description: r.Description, Target: c.Org + "/" + r.Name,
		})
	}
	for i, r := range c.Repositories.Personal {
		for _, err := range reader.Tags(ctx, c.Username, strings.TrimPrefix(r.Name, c.Username+"/")) {
			if err != nil {
				return source, err
			}
			c.Repositories.Personal[i].Tags++
		}
		if target := c.Choices[r.Name].Target; target != "" {
			c.Repositories.Personal[i].Target = target
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
	return source, ctx.Err()
}

// handed adds what the member has copied themselves and the owner has taken in.
// What can be read here is compared with its source as ever.
func (o *Observer) handed(c *engine.Case) error {
	if o.Handed == nil {
		return nil
	}
	done, ok, err := o.Handed(c.Org, c.Username)
	if err != nil || !ok {
		return err
	}
	for _, r := range done.Repositories() {
		if !slices.ContainsFunc(c.Repositories.Personal, func(x engine.Repository) bool { return x.Name == r.Name }) {
			c.Repositories.Personal = append(c.Repositories.Personal, r)
		}
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

// organization looks for the organization's repositories that may depend on
// the person: those they were the last to push to, and those that only a team
// of theirs alone may write to. Nothing is lost with them, so what cannot be
// read here is noted and holds nobody up.
func (o *Observer) organization(ctx context.Context, client *hub.Client, c *engine.Case, report func(engine.Progress)) {
	found := map[string]*engine.OrgRepository{}
	var order []string
	add := func(name string) *engine.OrgRepository {
		if found[name] == nil {
			found[name] = &engine.OrgRepository{Name: name}
			order = append(order, name)
		}
		return found[name]
	}
	for _, e := range c.Audit.Pushes {
		if e.Name == "" {
			continue
		}
		r := add(e.Name)
		r.Pushes++
		if e.At.After(r.LastPush) {
			r.LastPush = e.At
		}
	}
	note := o.lastPushed(ctx, client, c, report, add)
	for _, name := range order {
		r := found[name]
		if r.Tags > 0 {
			r.Why = append(r.Why, fmt.Sprintf("they were the last to push %d of its tags", r.Tags))
		}
		if r.Pushes > 0 {
			r.Why = append(r.Why, fmt.Sprintf("%d pushes of theirs in the last 90 days, last on %s: a CI job may sign in as them", r.Pushes, r.LastPush.UTC().Format("2006-01-02")))
		}
		if team := onlyTheirTeam(ctx, client, c, base(name)); team != "" {
			r.Why = append(r.Why, "only the team "+team+" may write to it, and they are its only member")
		}
		c.Repositories.Organization = append(c.Repositories.Organization, *r)
		c.Repositories.LastPushed = append(c.Repositories.LastPushed, name)
	}
	c.Repositories.Note = note
}

func (o *Observer) lastPushed(ctx context.Context, client *hub.Client, c *engine.Case, report func(engine.Progress), add func(string) *engine.OrgRepository) (note string) {
	var all []hub.Repository
	for r, err := range client.Repositories(ctx, c.Org) {
		if notFound(err) {
			break
		}
		if err != nil {
			return "the organization's repositories could not be listed: " + err.Error()
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b hub.Repository) int { return b.LastUpdated.Compare(a.LastUpdated.Time) })
	if len(all) > maxOrgRepositories {
		note = fmt.Sprintf("of %d repositories of %s, the %d that were pushed to last were looked at", len(all), c.Org, maxOrgRepositories)
		all = all[:maxOrgRepositories]
	}
	for i, r := range all {
		if i > 0 && i%50 == 0 {
			report(engine.Progress{Fact: engine.FactRepositories, Text: "looking who pushed last", Done: int64(i), Total: int64(len(all)), Unit: "repositories"})
		}
		n := 0
		for t, err := range client.Tags(ctx, c.Org, r.Name) {
			if n++; err != nil && !notFound(err) {
				return fmt.Sprintf("the tags of %s/%s could not be listed: %v", c.Org, r.Name, err)
			}
			if err != nil || n > maxOrgTags {
				break
			}
			if !strings.EqualFold(t.LastUpdater, c.Username) {
				continue
			}
			x := add(c.Org + "/" + r.Name)
			x.Private, x.Size, x.Tags = r.Private, r.StorageSize, x.Tags+1
			if t.LastPushed.After(x.LastPush) {
				x.LastPush = t.LastPushed.Time
			}
		}
	}
	return note
}

// onlyTheirTeam names the one team that may write to the repository, if the
// person is the only one on it. Where Docker Hub does not tell, it names none.
func onlyTheirTeam(ctx context.Context, client *hub.Client, c *engine.Case, repository string) string {
	if len(c.Repositories.SoleTeams) == 0 {
		return ""
	}
	teams, err := client.RepositoryTeams(ctx, c.Org, repository)
	if err != nil {
		return ""
	}
	writers := slices.DeleteFunc(teams, func(t hub.RepositoryTeam) bool { return t.Permission != "write" && t.Permission != "admin" })
	if len(writers) != 1 || !slices.Contains(c.Repositories.SoleTeams, writers[0].Name) {
		return ""
	}
	return writers[0].Name
}

func base(repository string) string {
	_, name, _ := strings.Cut(repository, "/")
	return name
}
