package sandbox

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
)

func (s *Sandbox) hubRepoRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v2/namespaces/{namespace}/repositories", s.repoRoute(s.listRepositories))
	mux.HandleFunc("POST /v2/namespaces/{namespace}/repositories", s.repoRoute(s.postRepository))
	mux.HandleFunc("GET /v2/namespaces/{namespace}/repositories/{repository}", s.repoRoute(s.getRepository))
	mux.HandleFunc("GET /v2/namespaces/{namespace}/repositories/{repository}/tags", s.repoRoute(s.listTags))
	mux.HandleFunc("GET /v2/namespaces/{namespace}/repositories/{repository}/tags/{tag}", s.repoRoute(s.getTag))
	mux.HandleFunc("GET /v2/repositories/{namespace}/{repository}/groups", s.repoRoute(s.listRepositoryTeams))
	mux.HandleFunc("POST /v2/repositories/{namespace}/{repository}/groups", s.repoRoute(s.postRepositoryTeam))

	mux.HandleFunc("GET /v2/repositories/{namespace}", s.repoRoute(notForOrganizations(s.listRepositories)))
	mux.HandleFunc("GET /v2/repositories/{namespace}/{repository}", s.repoRoute(notForOrganizations(s.getRepository)))
	mux.HandleFunc("GET /v2/users/{namespace}/repositories", s.repoRoute(notForOrganizations(s.listRepositories)))
}

type repoHandler func(w http.ResponseWriter, r *http.Request, who identity)

// repoRoute admits everybody, nobody's bearer too, and runs with the world locked;
// what each may see is a rule of the repository.
func (s *Sandbox) repoRoute(handle repoHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, ok := s.bearer(r)
		if !ok {
			hubError(w, http.StatusUnauthorized, "unauthorized", "")
			return
		}
		s.org.lock()
		defer s.org.mu.Unlock()
		handle(w, r, who)
	}
}

// notForOrganizations: the older routes refuse every organization access token.
func notForOrganizations(handle repoHandler) repoHandler {
	return func(w http.ResponseWriter, r *http.Request, who identity) {
		if who.organization {
			hubError(w, http.StatusForbidden, "token issued from organization access token is not allowed", "")
			return
		}
		handle(w, r, who)
	}
}

func fullNameOf(r *http.Request) string {
	return r.PathValue("namespace") + "/" + r.PathValue("repository")
}

func (s *Sandbox) listRepositories(w http.ResponseWriter, r *http.Request, who identity) {
	query := r.URL.Query()
	number, size, ok := s.window(query)
	ordering := cmp.Or(query.Get("ordering"), "-last_updated")
	field := strings.TrimPrefix(ordering, "-")
	if !ok || !slices.Contains([]string{"name", "last_updated", "pull_count"}, field) {
		writeJSON(w, http.StatusBadRequest, map[string]any{
			"fields": map[string][]string{"ordering": {"choose name, last_updated or pull_count"}}, "text": "invalid query",
		})
		return
	}
	namespace := r.PathValue("namespace")
	all := s.org.repositories(who, namespace, query.Get("name"))
	slices.SortStableFunc(all, func(a, b *repo) int {
		switch field {
		case "last_updated":
			return a.updated.Compare(b.updated)
		case "pull_count":
			return int(a.pulls - b.pulls)
		}
		return strings.Compare(a.name, b.name)
	})
	if ordering != field {
		slices.Reverse(all)
	}
	if !s.org.namespaceExists(namespace) || number > 1 && (number-1)*size >= len(all) {
		hubError(w, http.StatusNotFound, "not found", "")
		return
	}
	writeJSON(w, http.StatusOK, slicePage(r, all, number, size, func(r *repo) map[string]any {
		out := repositoryEntry(r)
		out["affiliation"] = ""
		if s.org.owns(who, namespace) {
			out["affiliation"] = "owner"
		}
		return out
	}))
}

// repositoryEntry is an entry of the list; it names no owner.
func repositoryEntry(r *repo) map[string]any {
	mediaTypes := []string{}
	var size int64
	for _, name := range sortedKeys(r.tags) {
		t := r.tags[name]
		size += t.size()
		if !slices.Contains(mediaTypes, t.mediaType) {
			mediaTypes = append(mediaTypes, t.mediaType)
		}
	}
	return map[string]any{
		"name": r.name, "namespace": r.namespace, "repository_type": "image", "status": 1, "status_description": "active",
		"description": r.description, "is_private": r.private, "star_count": r.stars, "pull_count": r.pulls,
		"last_updated": wireTime(r.updated), "last_modified": wireTime(r.updated), "date_registered": wireTime(r.created),
		"media_types": mediaTypes, "content_types": []string{"image"}, "categories": []string{}, "storage_size": size,
	}
}

// repositoryInfo is the longer form of a single repository.
func (o *org) repositoryInfo(who identity, r *repo) map[string]any {
	out := repositoryEntry(r)
	owned := o.owns(who, r.namespace)
	out["user"], out["hub_user"] = r.namespace, r.namespace
	out["full_description"] = r.fullDescription
	out["affiliation"] = nil
	out["collaborator_count"], out["has_starred"], out["is_automated"], out["source"] = 0, false, false, nil
	out["permissions"] = map[string]bool{"read": true, "write": o.writes(who, r), "admin": owned}
	out["immutable_tags_settings"] = map[string]any{"enabled": false, "rules": []string{}}
	return out
}

func (s *Sandbox) getRepository(w http.ResponseWriter, r *http.Request, who identity) {
	found := s.org.repository(who, fullNameOf(r))
	if found == nil {
		hubError(w, http.StatusNotFound, "not found", "object not found")
		return
	}
	writeJSON(w, http.StatusOK, s.org.repositoryInfo(who, found))
}

func (s *Sandbox) postRepository(w http.ResponseWriter, r *http.Request, who identity) {
	var body struct {
		Name, Namespace, Description string
		FullDescription              string `json:"full_description"`
		IsPrivate                    bool   `json:"is_private"`
	}
	if who.name == "" {
		hubError(w, http.StatusUnauthorized, "unauthorized", "")
		return
	}
	if !readJSON(w, r, &body) {
		return
	}
	if body.Namespace != r.PathValue("namespace") || len(body.Description) > 100 || len(body.FullDescription) > 25000 {
		hubError(w, http.StatusBadRequest, "bad request", "the namespace differs from the path, or a description is too long")
		return
	}
	created, err := s.org.createRepository(who, repo{
		namespace: body.Namespace, name: body.Name, private: body.IsPrivate,
		description: body.Description, fullDescription: body.FullDescription,
	})
	if err != nil {
		ruleError(w, err)
		return
	}
	writeJSON(w, http.StatusCreated, s.org.repositoryInfo(who, created))
}

func (s *Sandbox) listTags(w http.ResponseWriter, r *http.Request, who identity) {
	found := s.org.repository(who, fullNameOf(r))
	number, size, ok := s.window(r.URL.Query())
	if found == nil || !ok {
		notFound(w)
		return
	}
	names := sortedKeys(found.tags)
	if number > 1 && (number-1)*size >= len(names) {
		notFound(w)
		return
	}
	writeJSON(w, http.StatusOK, slicePage(r, names, number, size, func(name string) map[string]any { return wireTag(found, name) }))
}

func (s *Sandbox) getTag(w http.ResponseWriter, r *http.Request, who identity) {
	found := s.org.repository(who, fullNameOf(r))
	if found == nil || found.tags[r.PathValue("tag")] == nil {
		notFound(w)
		return
	}
	writeJSON(w, http.StatusOK, wireTag(found, r.PathValue("tag")))
}

func wireTag(r *repo, name string) map[string]any {
	t := r.tags[name]
	images := make([]map[string]any, 0, len(t.images))
	for _, i := range t.images {
		images = append(images, map[string]any{
			"architecture": i.architecture, "features": "", "variant": i.variant, "digest": i.digest, "os": i.os,
			"os_features": "", "os_version": "", "size": i.size, "status": "active",
			"last_pulled": nil, "last_pushed": wireTime(t.pushed),
		})
	}
	return map[string]any{
		"name": name, "images": images, "full_size": t.size(), "digest": t.digest, "media_type": t.mediaType,
		"last_updated": wireTime(t.pushed), "last_updater_username": t.pusher, "tag_last_pushed": wireTime(t.pushed),
		"tag_last_pulled": nil, "tag_status": "active", "v2": "true", "content_type": "image",
	}
}

// listRepositoryTeams is not in the reference; Docker's Terraform provider reads it.
func (s *Sandbox) listRepositoryTeams(w http.ResponseWriter, r *http.Request, who identity) {
	found := s.org.repository(who, fullNameOf(r))
	number, size, ok := s.window(r.URL.Query())
	if found == nil || !ok || !s.org.owns(who, found.namespace) {
		notFound(w)
		return
	}
	names := sortedKeys(found.permissions)
	writeJSON(w, http.StatusOK, slicePage(r, names, number, size, func(name string) map[string]any {
		return map[string]any{"group_id": s.org.teams[name].id, "group_name": name, "permission": found.permissions[name]}
	}))
}

func (s *Sandbox) postRepositoryTeam(w http.ResponseWriter, r *http.Request, who identity) {
	var body struct {
		GroupID    int64 `json:"group_id"`
		Permission string
	}
	if !readJSON(w, r, &body) {
		return
	}
	found := s.org.repository(who, fullNameOf(r))
	switch {
	case found == nil || found.namespace != s.org.name:
		notFound(w)
		return
	case !s.org.owns(who, found.namespace):
		ruleError(w, errForbidden)
		return
	case !slices.Contains([]string{"read", "write", "admin"}, body.Permission):
		ruleError(w, errors.New("the permission is read, write or admin"))
		return
	}
	for name, t := range s.org.teams {
		if t.id == body.GroupID {
			s.org.permit(found.fullName(), name, body.Permission)
			writeJSON(w, http.StatusOK, map[string]any{"group_id": t.id, "group_name": name, "permission": body.Permission})
			return
		}
	}
	ruleError(w, errNoTeam)
}
