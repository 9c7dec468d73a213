package sandbox_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

// registryOf is the options of go-containerregistry for a name and secret; no
// name is anonymous.
func (w *world) registryOf(user string) []remote.Option {
	auth := authn.Anonymous
	if user != "" {
		secret := w.Credentials().Members[user]
		if user == w.Credentials().RegistryUser {
			secret = w.Credentials().RegistrySecret
		}
		auth = &authn.Basic{Username: user, Password: secret}
	}
	return []remote.Option{remote.WithAuth(auth), remote.WithTransport(w.client.Transport), remote.WithRetryStatusCodes()}
}

func (w *world) ref(repository string) name.Reference {
	w.t.Helper()
	ref, err := name.ParseReference(w.Addresses().RegistryHost + "/" + repository)
	require.NoError(w.t, err)
	return ref
}

func (w *world) repository(fullName string) *sandbox.Repository {
	for _, r := range w.State().Repositories {
		if r.Name == fullName {
			return &r
		}
	}
	return nil
}

func TestSeededRepositoriesAreReallyThere(t *testing.T) {
	w := start(t, sandbox.Options{})
	require.Len(t, w.repository("priya-nair/build-cache").Tags, 2)
	require.False(t, w.repository("priya-nair/build-cache").Private)
	require.Len(t, w.repository("priya-nair/deploy-tool").Tags, 3)
	require.True(t, w.repository("priya-nair/deploy-tool").Private)
	for _, r := range w.State().Repositories {
		owner, _, _ := strings.Cut(r.Name, "/")
		for tag, digest := range r.Tags {
			index, err := remote.Index(w.ref(r.Name+":"+tag), w.registryOf(owner)...)
			require.NoError(t, err)
			found, err := index.Digest()
			require.NoError(t, err)
			require.Equal(t, digest, found.String())
			manifest, err := index.IndexManifest()
			require.NoError(t, err)
			require.Len(t, manifest.Manifests, 2)
			for _, m := range manifest.Manifests {
				child, err := index.Image(m.Digest)
				require.NoError(t, err)
				layers, err := child.Layers()
				require.NoError(t, err)
				for _, layer := range layers {
					content, err := layer.Compressed()
					require.NoError(t, err)
					_, err = io.Copy(io.Discard, content)
					require.NoError(t, err)
					require.NoError(t, content.Close())
				}
			}
		}
	}
	require.Equal(t, w.repository("priya-nair/deploy-tool").Tags["1.1"], w.repository("priya-nair/deploy-tool").Tags["latest"])
}

func TestRegistryReadsByNamespace(t *testing.T) {
	w := start(t, sandbox.Options{})
	for _, c := range []struct {
		user, repository string
		allowed          bool
	}{
		{"", "priya-nair/build-cache:stable", true},
		{"", "acme/storefront:2026.11", true},
		{"", "priya-nair/deploy-tool:latest", false},
		{"acme", "priya-nair/build-cache:stable", true},
		{"acme", "priya-nair/deploy-tool:latest", false},
		{"acme", "acme/billing-api:latest", true},
		{"priya-nair", "priya-nair/deploy-tool:latest", true},
		{"priya-nair", "acme/billing-api:latest", false},
		{"sam-okafor", "priya-nair/deploy-tool:latest", false},
		{"sam-okafor", "priya-nair/build-cache:stable", true},
	} {
		_, err := remote.Get(w.ref(c.repository), w.registryOf(c.user)...)
		require.Equal(t, c.allowed, err == nil, "%q reads %s: %v", c.user, c.repository, err)
	}
	_, err := remote.Get(w.ref("priya-nair/build-cache:stable"), remote.WithAuth(&authn.Basic{Username: "acme", Password: "wrong"}), remote.WithTransport(w.client.Transport))
	require.Error(t, err)
}

func TestPushShowsUpInTheHub(t *testing.T) {
	w := start(t, sandbox.Options{})
	image, err := random.Image(64, 1)
	require.NoError(t, err)
	require.Error(t, remote.Write(w.ref("acme/new-thing:1"), image, w.registryOf("sam-okafor")...), "a person's credential does not write for the organization")
	require.Error(t, remote.Write(w.ref("priya-nair/new-thing:1"), image, w.registryOf("acme")...))
	require.Nil(t, w.repository("acme/new-thing"))
	require.NoError(t, remote.Write(w.ref("acme/new-thing:1"), image, w.registryOf("acme")...))
	digest, err := image.Digest()
	require.NoError(t, err)
	made := w.repository("acme/new-thing")
	require.Equal(t, map[string]string{"1": digest.String()}, made.Tags)
	require.False(t, made.Private, "a first push makes a public repository")
	tag := w.hub(http.MethodGet, "/v2/namespaces/acme/repositories/new-thing/tags", nil).list("results")[0]
	require.Equal(t, digest.String(), tag["digest"])
	require.Equal(t, "acme", tag["last_updater_username"])
	require.Equal(t, []string{"repo.tag.push", "repo.create"}, w.auditKeys("name=acme/new-thing"))

	created := w.hub(http.MethodPost, "/v2/namespaces/acme/repositories", map[string]any{"name": "quiet", "namespace": "acme", "is_private": true, "description": "d"})
	require.Equal(t, http.StatusCreated, created.status, created.body)
	require.NoError(t, remote.Write(w.ref("acme/quiet:1"), image, w.registryOf("acme")...))
	require.True(t, w.repository("acme/quiet").Private, "a push keeps what was created")

	require.NoError(t, remote.Delete(w.ref("acme/quiet:1"), w.registryOf("acme")...))
	require.Empty(t, w.repository("acme/quiet").Tags)
}

func TestCopyMountsOnlyWhatTheCredentialMayRead(t *testing.T) {
	w := start(t, sandbox.Options{})
	copyTo := func(source, as, target string) {
		index, err := remote.Index(w.ref(source), w.registryOf(as)...)
		require.NoError(t, err)
		require.NoError(t, remote.WriteIndex(w.ref(target), index, w.registryOf("acme")...))
	}
	uploads := func() (mounted, sent int) {
		for _, r := range w.Requests() {
			switch {
			case r.System != "registry" || r.Method != http.MethodPost:
			case r.Status == http.StatusCreated:
				mounted++
			default:
				sent++
			}
		}
		return mounted, sent
	}
	copyTo("priya-nair/build-cache:stable", "", "acme/build-cache:stable")
	mounted, sent := uploads()
	require.Positive(t, mounted)
	copyTo("priya-nair/deploy-tool:latest", "priya-nair", "acme/deploy-tool:latest")
	mountedAfter, sentAfter := uploads()
	require.Greater(t, sentAfter, sent, "the organization may not read it, so its blobs are uploaded")
	require.LessOrEqual(t, mountedAfter-mounted, 0)
	require.Equal(t, w.repository("priya-nair/build-cache").Tags["stable"], w.repository("acme/build-cache").Tags["stable"])
	require.Equal(t, w.repository("priya-nair/deploy-tool").Tags["latest"], w.repository("acme/deploy-tool").Tags["latest"])
}

func TestManifestIsRefusedWhileABlobIsMissing(t *testing.T) {
	w := start(t, sandbox.Options{})
	image, err := random.Image(64, 1)
	require.NoError(t, err)
	raw, err := image.RawManifest()
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+w.Addresses().RegistryHost+"/v2/acme/hollow/manifests/1", strings.NewReader(string(raw)))
	require.NoError(t, err)
	r.SetBasicAuth("acme", w.Credentials().RegistrySecret)
	r.Header.Set("Content-Type", "application/vnd.docker.distribution.manifest.v2+json")
	res, err := w.client.Do(r)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	require.Contains(t, string(body), "MANIFEST_BLOB_UNKNOWN")
	require.Nil(t, w.repository("acme/hollow"))
}

func TestRepositoryListsShowWhatOneMaySee(t *testing.T) {
	w := start(t, sandbox.Options{})
	names := func(jwt, namespace string) []any {
		out := []any{}
		for _, r := range w.hubAs(jwt, http.MethodGet, "/v2/namespaces/"+namespace+"/repositories?ordering=name", nil).list("results") {
			out = append(out, r["name"])
		}
		return out
	}
	priya := w.signIn("priya-nair", w.Credentials().Members["priya-nair"])
	require.Equal(t, []any{"build-cache"}, names("", "priya-nair"))
	require.Equal(t, []any{"build-cache"}, names(w.jwt, "priya-nair"))
	require.Equal(t, []any{"build-cache", "deploy-tool"}, names(priya, "priya-nair"))
	require.Equal(t, []any{"billing-api", "storefront"}, names(w.jwt, "acme"))
	require.Equal(t, []any{"storefront"}, names(priya, "acme"))
	require.Empty(t, names("", "lena-fischer"))

	list := func(query string) answer {
		return w.hubAs(priya, http.MethodGet, "/v2/namespaces/priya-nair/repositories?"+query, nil)
	}
	require.NotEmpty(t, list("page_size=1").text("next"))
	require.Equal(t, http.StatusNotFound, list("page_size=1&page=3").status, "past the end")
	require.Equal(t, "deploy-tool", list("name=tool").list("results")[0]["name"])
	bad := list("ordering=size")
	require.Equal(t, http.StatusBadRequest, bad.status)
	require.Contains(t, bad.json, "fields")
	require.Equal(t, http.StatusNotFound, w.hub(http.MethodGet, "/v2/namespaces/nobody/repositories", nil).status)

	one := w.hubAs(priya, http.MethodGet, "/v2/namespaces/priya-nair/repositories/deploy-tool", nil)
	require.Equal(t, "priya-nair", one.text("user"))
	require.Equal(t, map[string]any{"read": true, "write": true, "admin": true}, one.json["permissions"])
	require.Equal(t, http.StatusNotFound, w.hub(http.MethodGet, "/v2/namespaces/priya-nair/repositories/deploy-tool", nil).status)
	missing := w.hub(http.MethodGet, "/v2/namespaces/acme/repositories/billing-api/tags/none", nil)
	require.JSONEq(t, `{"detail":"object not found","message":"object not found"}`, missing.body)
}

func TestLastPusherOfABillingTagIsPriya(t *testing.T) {
	w := start(t, sandbox.Options{})
	tag := w.hub(http.MethodGet, "/v2/namespaces/acme/repositories/billing-api/tags/latest", nil)
	require.Equal(t, "priya-nair", tag.text("last_updater_username"))
	require.Equal(t, w.repository("acme/billing-api").Tags["latest"], tag.text("digest"))
	images := tag.list("images")
	require.Len(t, images, 2)
	require.Equal(t, "amd64", images[0]["architecture"])
	require.Positive(t, images[0]["size"])
	_, err := v1.NewHash(images[0]["digest"].(string))
	require.NoError(t, err)
}

func TestRepositoryCreationFollowsTheRules(t *testing.T) {
	w := start(t, sandbox.Options{})
	create := func(jwt, namespace, name string) int {
		return w.hubAs(jwt, http.MethodPost, "/v2/namespaces/"+namespace+"/repositories", map[string]any{"name": name, "namespace": namespace}).status
	}
	require.Equal(t, http.StatusCreated, create(w.jwt, "acme", "tool"))
	require.Equal(t, http.StatusBadRequest, create(w.jwt, "acme", "tool"), "it exists")
	require.Equal(t, http.StatusBadRequest, create(w.jwt, "acme", "Tool"))
	require.Equal(t, http.StatusForbidden, create(w.jwt, "priya-nair", "tool"))
	require.Equal(t, http.StatusUnauthorized, create("", "acme", "more"))
}

func TestTeamPermissionsOnRepositories(t *testing.T) {
	w := start(t, sandbox.Options{})
	groups := "/v2/repositories/acme/billing-api/groups"
	require.Equal(t, "backend", w.hub(http.MethodGet, groups, nil).list("results")[0]["group_name"])
	platform := w.hub(http.MethodGet, "/v2/orgs/acme/groups/platform", nil).json["id"]
	a := w.hub(http.MethodPost, groups, map[string]any{"group_id": platform, "permission": "admin"})
	require.Equal(t, "platform", a.text("group_name"))
	require.Equal(t, map[string]string{"backend": "write", "platform": "admin"}, w.repository("acme/billing-api").Permissions)
	require.Equal(t, http.StatusBadRequest, w.hub(http.MethodPost, groups, map[string]any{"group_id": platform, "permission": "rule"}).status)
	require.Equal(t, http.StatusNotFound, w.hub(http.MethodPost, groups, map[string]any{"group_id": 1, "permission": "read"}).status)
}

func TestOlderRepositoryRoutesRefuseTheOrganizationToken(t *testing.T) {
	w := start(t, sandbox.Options{})
	for _, path := range []string{"/v2/repositories/acme", "/v2/repositories/acme/billing-api", "/v2/users/priya-nair/repositories"} {
		a := w.hub(http.MethodGet, path, nil)
		require.Equal(t, http.StatusForbidden, a.status, path)
		require.Equal(t, "token issued from organization access token is not allowed", a.text("message"))
	}
	priya := w.signIn("priya-nair", w.Credentials().Members["priya-nair"])
	require.Equal(t, http.StatusOK, w.hubAs(priya, http.MethodGet, "/v2/repositories/priya-nair", nil).status)
}
