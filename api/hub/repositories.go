package hub

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// Repository is a repository of a user or an organization. Listings leave the fields
// from FullDescription on empty. No field names its creator. Its texts are untrusted.
type Repository struct {
	Namespace         string     `json:"namespace"`
	Name              string     `json:"name"`
	Type              string     `json:"repository_type"` // "image", "plugin" or empty
	StatusDescription string     `json:"status_description"`
	Description       string     `json:"description"` // at most 100 characters
	Private           bool       `json:"is_private"`
	StarCount         int64      `json:"star_count"`
	PullCount         int64      `json:"pull_count"`
	StorageSize       int64      `json:"storage_size"` // bytes
	LastUpdated       Time       `json:"last_updated"`
	LastModified      Time       `json:"last_modified"`
	Registered        Time       `json:"date_registered"`
	Affiliation       string     `json:"affiliation"`
	MediaTypes        []string   `json:"media_types"`
	ContentTypes      []string   `json:"content_types"`
	Categories        []Category `json:"categories"`

	FullDescription   string        `json:"full_description"` // Markdown, at most 25,000 characters
	User              string        `json:"user"`             // "username of the repository owner", apparently the namespace
	CollaboratorCount int64         `json:"collaborator_count"`
	Permissions       Permissions   `json:"permissions"` // of the credential that asked
	ImmutableTags     ImmutableTags `json:"immutable_tags_settings"`
}

// Category is a subject under which a repository is listed.
type Category struct {
	Name string `json:"name"`
	Slug string `json:"slug"`
}

// Permissions says what a credential may do with a repository.
type Permissions struct {
	Read  bool `json:"read"`
	Write bool `json:"write"`
	Admin bool `json:"admin"`
}

// ImmutableTags says which tags of a repository are immutable.
type ImmutableTags struct {
	Enabled bool     `json:"enabled"`
	Rules   []string `json:"rules"` // regular expressions
}

// Repositories lists the repositories of a user or an organization (Docker Hub API
// reference 2-beta, GET /v2/namespaces/{namespace}/repositories). Private repositories
// that the credential must not see are silently omitted: an organization access token
// sees them only with scope-repository-list, and never those of another person.
func (c *Client) Repositories(ctx context.Context, namespace string) iter.Seq2[Repository, error] {
	query := c.paging()
	query.Set("ordering", "name")
	return pages[Repository](ctx, c, fmt.Sprintf("list the repositories of %s", shown(namespace)),
		route("v2", "namespaces", namespace, "repositories"), query)
}

// Repository returns one repository with its full description (Docker Hub API
// reference 2-beta, GET /v2/namespaces/{namespace}/repositories/{repository}). The
// error is transport.ErrNotFound if it does not exist or the credential must not see
// it.
func (c *Client) Repository(ctx context.Context, namespace, name string) (Repository, error) {
	var r Repository
	op := fmt.Sprintf("read the repository %s/%s", shown(namespace), shown(name))
	ref := route("v2", "namespaces", namespace, "repositories", name)
	if err := c.read(ctx, op, ref, nil, &r); err != nil {
		return Repository{}, err
	}
	if r.Name == "" {
		return Repository{}, c.misshapen(op, ref, errors.New("a repository without a name"))
	}
	return r, nil
}

// Tag is a tag of a repository. Its texts are untrusted.
type Tag struct {
	Name        string  `json:"name"`
	Images      []Image `json:"images"` // one for each platform
	FullSize    int64   `json:"full_size"`
	Status      string  `json:"status"` // "active" if pushed or pulled in the past month
	LastUpdated Time    `json:"last_updated"`
	LastUpdater string  `json:"last_updater_username"` // the only documented trace of who pushed
	LastPushed  Time    `json:"tag_last_pushed"`
	LastPulled  Time    `json:"tag_last_pulled"`
}

// Image is the image of a tag for one platform.
type Image struct {
	Digest       string `json:"digest"`
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant"`
	Size         int64  `json:"size"` // bytes
}

// Tags lists the tags of a repository (Docker Hub API reference 2-beta, GET
// /v2/namespaces/{namespace}/repositories/{repository}/tags).
func (c *Client) Tags(ctx context.Context, namespace, repository string) iter.Seq2[Tag, error] {
	return pages[Tag](ctx, c, fmt.Sprintf("list the tags of %s/%s", shown(namespace), shown(repository)),
		route("v2", "namespaces", namespace, "repositories", repository, "tags"), c.paging())
}

// RepositoryTeam is a team with access to a repository of an organization.
type RepositoryTeam struct {
	ID         int64  `json:"group_id"`
	Name       string `json:"group_name"`
	Permission string `json:"permission"` // "read", "write" or "admin"
}

// RepositoryTeams lists the teams that have access to a repository of an organization.
// The reference documents only the POST of this path; that GET works is known from
// Docker's Terraform provider, and organization access tokens have a scope for it.
func (c *Client) RepositoryTeams(ctx context.Context, org, repository string) ([]RepositoryTeam, error) {
	var out []RepositoryTeam
	for t, err := range pages[RepositoryTeam](ctx, c, fmt.Sprintf("list the teams of %s/%s", shown(org), shown(repository)),
		route("v2", "repositories", org, repository, "groups"), c.paging()) {
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}
