package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

// specificationFile is Docker's published description of the Hub API, which is
// not part of this module.
const specificationFile = "../../../shared/specs/docker-hub.openapi.yaml"

// specificationSlips are where the file is known to be wrong or late; every other
// difference fails the test.
var specificationSlips = []struct {
	field  string // of the schema
	last   string // of the path in the answer
	reason string
}{
	{"nullable", "next", "the example is null, the schema says string"},
	{"nullable", "previous", "the example is null, the schema says string"},
	{"nullable", "errinfo", "the example of errors is null, the schema says object"},
	{"enum", "role", "editors and custom roles exist too"},
	{"type", "invitees", "the schema of the answer wraps the list twice, the example once"},
	{"type", "images", "the field list of tags has an array of images"},
}

func knownSlip(err *openapi3.SchemaError) bool {
	pointer := err.JSONPointer()
	last := ""
	if len(pointer) > 0 {
		last = pointer[len(pointer)-1]
	}
	for _, slip := range specificationSlips {
		if err.SchemaField == slip.field && last == slip.last {
			return true
		}
	}
	return false
}

// unexpected flattens what a validation found into what is no known slip.
func unexpected(err error) []string {
	var many openapi3.MultiError
	var one *openapi3.SchemaError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &many):
		var out []string
		for _, e := range many {
			out = append(out, unexpected(e)...)
		}
		return out
	case errors.As(err, &one):
		if knownSlip(one) {
			return nil
		}
		if one.Origin != nil {
			if inner := unexpected(one.Origin); inner != nil {
				return inner
			}
			return nil
		}
		return []string{fmt.Sprintf("%s: %s (%s)", strings.Join(one.JSONPointer(), "/"), one.Reason, one.SchemaField)}
	}
	return []string{err.Error()}
}

func TestAnswersFitDockersSpecification(t *testing.T) {
	if _, err := os.Stat(specificationFile); err != nil {
		t.Skipf("Docker's specification of the Hub API is not at %s; the other tests of this package hold the formats to the facts", specificationFile)
	}
	doc, err := openapi3.NewLoader().LoadFromFile(specificationFile)
	require.NoError(t, err)

	w := start(t, sandbox.Options{})
	jordan := w.member("jordan-ito").SCIMID
	invite := w.State().Invites[0].ID
	platform := w.hub(http.MethodGet, "/v2/orgs/acme/groups/platform", nil).json["id"]
	personal := w.signIn("sam-okafor", w.Credentials().Members["sam-okafor"])
	scimUser := map[string]any{"schemas": []string{userSchema}, "userName": "jordan.ito@acme.example", "active": true}

	const hub, scim, person, nobody = "hub", "scim", "person", "nobody"
	for _, c := range []struct {
		as, method, template, path string
		body                       any
		status                     int
	}{
		{hub, "POST", "/v2/auth/token", "", map[string]string{"identifier": "acme", "secret": w.Credentials().HubSecret}, 200},
		{hub, "POST", "/v2/auth/token", "", map[string]string{"identifier": "acme", "secret": "x"}, 401},
		{hub, "GET", "/v2/orgs/{org_name}/members", "/v2/orgs/acme/members?type=all&page_size=50", nil, 200},
		{hub, "GET", "/v2/orgs/{org_name}/members", "/v2/orgs/acme/members?page=0", nil, 400},
		{nobody, "GET", "/v2/orgs/{org_name}/members", "/v2/orgs/acme/members", nil, 401},
		{person, "GET", "/v2/orgs/{org_name}/members", "/v2/orgs/acme/members", nil, 403},
		{hub, "GET", "/v2/orgs/{org_name}/members", "/v2/orgs/none/members", nil, 404},
		{hub, "PUT", "/v2/orgs/{org_name}/members/{username}", "/v2/orgs/acme/members/theo-brandt", map[string]string{"role": "editor"}, 200},
		{hub, "DELETE", "/v2/orgs/{org_name}/members/{username}", "/v2/orgs/acme/members/theo-brandt", nil, 204},
		{hub, "DELETE", "/v2/orgs/{org_name}/members/{username}", "/v2/orgs/acme/members/morgan-reyes", nil, 400},
		{hub, "DELETE", "/v2/orgs/{org_name}/members/{username}", "/v2/orgs/acme/members/nobody", nil, 404},
		{hub, "GET", "/v2/orgs/{org_name}/members/export", "/v2/orgs/acme/members/export", nil, 200},
		{hub, "GET", "/v2/orgs/{org_name}/invites", "/v2/orgs/acme/invites", nil, 200},
		{hub, "PATCH", "/v2/invites/{id}/resend", "/v2/invites/" + invite + "/resend", nil, 204},
		{hub, "DELETE", "/v2/invites/{id}", "/v2/invites/" + invite, nil, 204},
		{hub, "DELETE", "/v2/invites/{id}", "/v2/invites/" + invite, nil, 404},
		{hub, "POST", "/v2/invites/bulk", "", map[string]any{"org": "acme", "invitees": []string{"sam-okafor", "x@acme.example", "?"}}, 202},
		{hub, "GET", "/v2/orgs/{org_name}/groups", "/v2/orgs/acme/groups?page_size=2&page=2", nil, 200},
		{hub, "POST", "/v2/orgs/{org_name}/groups", "/v2/orgs/acme/groups", map[string]string{"name": "night"}, 201},
		{hub, "GET", "/v2/orgs/{org_name}/groups/{group_name}", "/v2/orgs/acme/groups/night", nil, 200},
		{hub, "GET", "/v2/orgs/{org_name}/groups/{group_name}/members", "/v2/orgs/acme/groups/backend/members", nil, 200},
		{hub, "POST", "/v2/orgs/{org_name}/groups/{group_name}/members", "/v2/orgs/acme/groups/night/members", map[string]string{"member": "sam-okafor"}, 200},
		{hub, "DELETE", "/v2/orgs/{org_name}/groups/{group_name}/members/{username}", "/v2/orgs/acme/groups/night/members/sam-okafor", nil, 204},
		{hub, "DELETE", "/v2/orgs/{org_name}/groups/{group_name}", "/v2/orgs/acme/groups/night", nil, 204},
		{hub, "GET", "/v2/auditlogs/{account}", "/v2/auditlogs/acme", nil, 200},
		{hub, "GET", "/v2/auditlogs/{account}/actions", "/v2/auditlogs/acme/actions", nil, 200},
		{hub, "GET", "/v2/namespaces/{namespace}/repositories", "/v2/namespaces/acme/repositories?page_size=1", nil, 200},
		{hub, "GET", "/v2/namespaces/{namespace}/repositories", "/v2/namespaces/acme/repositories?page=7", nil, 404},
		{hub, "POST", "/v2/namespaces/{namespace}/repositories", "/v2/namespaces/acme/repositories", map[string]any{"name": "made", "namespace": "acme"}, 201},
		{hub, "GET", "/v2/namespaces/{namespace}/repositories/{repository}", "/v2/namespaces/acme/repositories/billing-api", nil, 200},
		{hub, "HEAD", "/v2/namespaces/{namespace}/repositories/{repository}", "/v2/namespaces/acme/repositories/billing-api", nil, 200},
		{hub, "GET", "/v2/namespaces/{namespace}/repositories/{repository}", "/v2/namespaces/acme/repositories/none", nil, 404},
		{hub, "GET", "/v2/namespaces/{namespace}/repositories/{repository}/tags", "/v2/namespaces/acme/repositories/billing-api/tags", nil, 200},
		{hub, "GET", "/v2/namespaces/{namespace}/repositories/{repository}/tags/{tag}", "/v2/namespaces/acme/repositories/billing-api/tags/latest", nil, 200},
		{hub, "POST", "/v2/repositories/{namespace}/{repository}/groups", "/v2/repositories/acme/billing-api/groups", map[string]any{"group_id": platform, "permission": "read"}, 200},
		{scim, "GET", "/v2/scim/2.0/ServiceProviderConfig", "", nil, 200},
		{hub, "GET", "/v2/scim/2.0/ServiceProviderConfig", "", nil, 401},
		{scim, "GET", "/v2/scim/2.0/ResourceTypes", "", nil, 200},
		{scim, "GET", "/v2/scim/2.0/ResourceTypes/{name}", "/v2/scim/2.0/ResourceTypes/User", nil, 200},
		{scim, "GET", "/v2/scim/2.0/Schemas", "", nil, 200},
		{scim, "GET", "/v2/scim/2.0/Schemas/{id}", "/v2/scim/2.0/Schemas/" + userSchema, nil, 200},
		{scim, "GET", "/v2/scim/2.0/Users", "", nil, 200},
		{scim, "GET", "/v2/scim/2.0/Users", "/v2/scim/2.0/Users?count=0", nil, 400},
		{scim, "GET", "/v2/scim/2.0/Users/{id}", "/v2/scim/2.0/Users/" + jordan, nil, 200},
		{scim, "GET", "/v2/scim/2.0/Users/{id}", "/v2/scim/2.0/Users/none", nil, 404},
		{scim, "PUT", "/v2/scim/2.0/Users/{id}", "/v2/scim/2.0/Users/" + jordan, scimUser, 200},
		{scim, "POST", "/v2/scim/2.0/Users", "", scimUser, 409},
		{scim, "POST", "/v2/scim/2.0/Users", "", map[string]any{"schemas": []string{userSchema}, "userName": "ruth@acme.example"}, 201},
	} {
		token := map[string]string{hub: w.jwt, scim: w.Credentials().SCIMToken, person: personal}[c.as]
		path := c.path
		if path == "" {
			path = c.template
		}
		label := c.method + " " + path
		a := w.hubAs(token, c.method, path, c.body)
		require.Equal(t, c.status, a.status, "%s: %s", label, a.body)

		item := doc.Paths.Value(c.template)
		require.NotNil(t, item, label)
		declared := item.GetOperation(c.method).Responses.Status(c.status)
		require.NotNil(t, declared, "%s: status %d is not declared", label, c.status)
		if a.body == "" {
			continue
		}
		mediaType, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
		content := declared.Value.Content[mediaType]
		require.NotNil(t, content, "%s: media type %s is not declared", label, mediaType)
		if mediaType == "text/csv" {
			continue // its columns are tested by name; the schema lags behind them
		}
		schema := content.Schema
		if strings.HasSuffix(c.template, "/members") && strings.HasPrefix(c.template, "/v2/orgs/{org_name}/members") && c.status == http.StatusOK {
			schema = schema.Value.Items // the file wraps the page in an array
		}
		var value any
		require.NoError(t, json.Unmarshal([]byte(a.body), &value))
		problems := unexpected(schema.Value.VisitJSON(value, openapi3.MultiErrors()))
		require.Empty(t, problems, label)
	}
	require.False(t, slices.ContainsFunc(w.Requests(), func(r sandbox.Request) bool { return r.Status >= 500 }))
}
