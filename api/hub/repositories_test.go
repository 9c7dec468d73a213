package hub_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/hub"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const buildCache = `{"name":"build-cache","namespace":"priya-nair","repository_type":null,"status":1,"status_description":"active",
	"description":"layers","is_private":false,"star_count":7,"pull_count":15722123,"last_updated":"2023-06-20T10:44:45.459826Z",
	"last_modified":null,"date_registered":"2015-05-19T21:13:35.937763Z","affiliation":"","media_types":[null,"application/vnd.oci.image.index.v1+json"],
	"content_types":["image"],"categories":[{"name":"Operating systems","slug":"operating-systems"}],"storage_size":488723114800}`

func TestRepositoriesEndWithTheirLastPageAndPastIt(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/namespaces/priya-nair/repositories page 1", http.StatusOK,
		`{"count":100,"next":"{base}/v2/namespaces/priya-nair/repositories?page=2&page_size=100","previous":null,"results":[`+buildCache+`]}`)
	d.on("GET /v2/namespaces/priya-nair/repositories page 2", http.StatusNotFound, `{"message":"page not found"}`)
	repositories, err := all(d.client().Repositories(t.Context(), "priya-nair"))
	require.NoError(t, err)
	require.Len(t, repositories, 1)
	r := repositories[0]
	require.Equal(t, "build-cache", r.Name)
	require.Equal(t, int64(15722123), r.PullCount)
	require.Equal(t, int64(488723114800), r.StorageSize)
	require.Equal(t, 2015, r.Registered.Year())
	require.True(t, r.LastModified.IsZero())
	require.Equal(t, []hub.Category{{Name: "Operating systems", Slug: "operating-systems"}}, r.Categories)
}

func TestAMissingNamespaceIsAnErrorAndNotEmpty(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/namespaces/nobody/repositories", http.StatusNotFound, `{"errinfo":null,"message":"not found"}`)
	_, err := all(d.client().Repositories(t.Context(), "nobody"))
	require.ErrorIs(t, err, transport.ErrNotFound)
}

func TestOneRepositoryIsReadWithItsDetails(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/namespaces/acme/repositories/billing-api", http.StatusOK, `{"user":"acme","name":"billing-api","namespace":"acme",
		"is_private":true,"full_description":"# Billing","collaborator_count":0,"permissions":{"read":true,"write":true,"admin":false},
		"immutable_tags_settings":{"enabled":true,"rules":["v.*"]}}`)
	r, err := d.client().Repository(t.Context(), "acme", "billing-api")
	require.NoError(t, err)
	require.True(t, r.Private)
	require.Equal(t, "# Billing", r.FullDescription)
	require.Equal(t, hub.Permissions{Read: true, Write: true}, r.Permissions)
	require.Equal(t, hub.ImmutableTags{Enabled: true, Rules: []string{"v.*"}}, r.ImmutableTags)

	d.on("GET /v2/namespaces/acme/repositories/billing-api", http.StatusOK, `{"detail":"moved"}`)
	_, err = d.client().Repository(t.Context(), "acme", "billing-api")
	require.ErrorIs(t, err, hub.ErrShape)
}

func TestTagsTellWhoPushedThem(t *testing.T) {
	d := newDocker(t)
	d.on("GET /v2/namespaces/acme/repositories/billing-api/tags", http.StatusOK, `{"count":1,"next":null,"previous":null,"results":[
		{"id":1,"name":"v1","full_size":1234,"status":"active","last_updated":"2026-10-01T10:00:00Z","last_updater":5,
		 "last_updater_username":"priya-nair","tag_last_pushed":"2026-10-01T10:00:00Z","tag_last_pulled":null,"v2":true,
		 "images":[{"architecture":"amd64","os":"linux","variant":null,"digest":"sha256:aa","size":600},
		           {"architecture":"arm64","os":"linux","variant":"v8","digest":null,"size":634}]}]}`)
	tags, err := all(d.client().Tags(t.Context(), "acme", "billing-api"))
	require.NoError(t, err)
	require.Len(t, tags, 1)
	require.Equal(t, "priya-nair", tags[0].LastUpdater)
	require.True(t, tags[0].LastPulled.IsZero())
	require.Equal(t, []hub.Image{
		{Digest: "sha256:aa", OS: "linux", Architecture: "amd64", Size: 600},
		{OS: "linux", Architecture: "arm64", Variant: "v8", Size: 634},
	}, tags[0].Images)
}
