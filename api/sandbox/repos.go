package sandbox

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"
)

// repo is a repository: its Hub page and, in the registry, its content.
type repo struct {
	namespace       string
	name            string
	private         bool
	description     string
	fullDescription string
	pulls           int64
	stars           int64
	created         time.Time
	updated         time.Time
	tags            map[string]*tag
	permissions     map[string]string // team → read, write or admin
}

func (r *repo) fullName() string { return r.namespace + "/" + r.name }

// tag is a tag with what the Hub tells of it.
type tag struct {
	digest    string
	mediaType string
	images    []image
	pushed    time.Time
	pusher    string
}

func (t *tag) size() int64 {
	var n int64
	for _, i := range t.images {
		n += i.size
	}
	return n
}

// image is one platform of a tag.
type image struct {
	digest       string
	os           string
	architecture string
	variant      string
	size         int64
}

// identity is who asks. The zero value is nobody.
type identity struct {
	name         string // username or, for the organization access token, the organization
	organization bool
	owner        bool // signed in with a password, and an owner
}

var (
	errRepoName   = errors.New("the name has to have 2 to 255 lower case letters and digits, with single separators")
	errRepoExists = errors.New("repository with this name already exists")
	errForbidden  = errors.New("permission denied")
)

// repoName is the pattern of POST /v2/namespaces/{namespace}/repositories.
var repoName = regexp.MustCompile(`^[a-z0-9]+(?:[._-][a-z0-9]+)*$`)

// owns: the namespace is the person's own, or the organization's for its token.
func (o *org) owns(who identity, namespace string) bool {
	return who.name != "" && who.name == namespace
}

// reads: public repositories everybody, private ones the namespace and whoever
// may write to them, or is on a team that may read them.
func (o *org) reads(who identity, r *repo) bool {
	return !r.private || o.owns(who, r.namespace) || o.permitted(who, r, "read")
}

// writes: the namespace itself and, in the organization, its owners and editors
// and the teams that may.
func (o *org) writes(who identity, r *repo) bool {
	return o.owns(who, r.namespace) || o.permitted(who, r, "write")
}

// creates: the namespace itself and, in the organization, its owners and editors.
func (o *org) creates(who identity, namespace string) bool {
	return o.owns(who, namespace) || namespace == o.name && o.edits(who)
}

func (o *org) edits(who identity) bool {
	m := o.members[who.name]
	return m != nil && !who.organization && (m.role == "owner" || m.role == "editor")
}

// permitted: by role, or by a team.
func (o *org) permitted(who identity, r *repo, least string) bool {
	if r.namespace != o.name || who.name == "" || o.members[who.name] == nil {
		return false
	}
	if o.edits(who) {
		return true
	}
	for name, permission := range r.permissions {
		if t := o.teams[name]; t != nil && t.members[who.name] && (least == "read" || permission != "read") {
			return true
		}
	}
	return false
}

func (o *org) namespaceExists(namespace string) bool {
	return namespace == o.name || o.accounts[namespace] != nil
}

// repositories lists what the person may see in a namespace.
func (o *org) repositories(who identity, namespace, part string) []*repo {
	var out []*repo
	for _, r := range o.repos {
		if r.namespace == namespace && o.reads(who, r) && strings.Contains(r.name, part) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *repo) int { return strings.Compare(a.name, b.name) })
	return out
}

// repository finds one that the person may see.
func (o *org) repository(who identity, fullName string) *repo {
	if r := o.repos[fullName]; r != nil && o.reads(who, r) {
		return r
	}
	return nil
}

func (o *org) createRepository(who identity, r repo) (*repo, error) {
	switch {
	case len(r.name) < 2, len(r.name) > 255, !repoName.MatchString(r.name):
		return nil, errRepoName
	case !o.creates(who, r.namespace):
		return nil, errForbidden
	case o.repos[r.fullName()] != nil:
		return nil, errRepoExists
	}
	return o.addRepository(r, who.name), nil
}

func (o *org) addRepository(r repo, actor string) *repo {
	now := o.now()
	r.created, r.updated = now, now
	r.tags, r.permissions = map[string]*tag{}, map[string]string{}
	o.repos[r.fullName()] = &r
	if r.namespace == o.name {
		o.record("repo.create", r.fullName(), actor, map[string]string{"repository": r.fullName()}, "created the repository "+r.fullName())
	}
	return &r
}

// ensureRepository finds the repository, or makes it public, as Docker Hub does
// by default on a first push.
func (o *org) ensureRepository(fullName, actor string) *repo {
	if r := o.repos[fullName]; r != nil {
		return r
	}
	namespace, name, _ := strings.Cut(fullName, "/")
	return o.addRepository(repo{namespace: namespace, name: name}, actor)
}

// pushed notes a tag that came into the registry.
func (o *org) pushed(fullName, name string, t tag) {
	r := o.ensureRepository(fullName, t.pusher)
	t.pushed = o.now()
	r.tags[name], r.updated = &t, t.pushed
	if r.namespace == o.name {
		o.record("repo.tag.push", fullName, t.pusher, map[string]string{"tag": name, "digest": t.digest},
			"pushed the tag "+name+" with the digest "+t.digest+" to the repository "+fullName)
	}
}

// untagged notes a tag or, by its digest, a manifest that was deleted in the registry.
func (o *org) untagged(fullName, reference, actor string) {
	r := o.repos[fullName]
	if r == nil {
		return
	}
	for name, t := range r.tags {
		if name != reference && t.digest != reference {
			continue
		}
		delete(r.tags, name)
		r.updated = o.now()
		if r.namespace == o.name {
			o.record("repo.tag.delete", fullName, actor, map[string]string{"tag": name}, "deleted the tag "+name+" of the repository "+fullName)
		}
	}
}

// permit gives a team a permission on a repository of the organization.
func (o *org) permit(fullName, teamName, permission string) {
	o.repos[fullName].permissions[teamName] = permission
}
