package okta

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func TestTheNextLinkIsFoundInEverySpelling(t *testing.T) {
	for header, want := range map[string]string{
		``:                               ``,
		`<https://x/a>; rel="next"`:      `https://x/a`,
		`<https://x/a>;rel=next`:         `https://x/a`,
		`<https://x/a>; REL="Next"`:      `https://x/a`,
		`<https://x/a>; rel="prev next"`: `https://x/a`,
		`<https://x/a>; title="a, <b>; rel=\"next\""; rel="self"`:           ``,
		`<https://x/self>; rel="self", <https://x/a?b=1,2;c=3>; rel="next"`: `https://x/a?b=1,2;c=3`,
		`<https://x/a>; rel="self"; rel="next"`:                             ``,
		`<https://x/a>; rel="next`:                                          `https://x/a`,
		`<https://x/a; rel="next"`:                                          ``,
		`https://x/a; rel="next"`:                                           ``,
		`<>; rel="next", <https://x/b>; rel="next"`:                         `https://x/b`,
		`<https://x/a>; title="\`:                                           ``,

		"<https://x/self>; rel=\"self\" , \t<https://x/b> ; rel = \"next\"; title*=UTF-8''weiter": `https://x/b`,
	} {
		require.Equal(t, want, nextLink(http.Header{"Link": {header}}), header)
	}
	require.Equal(t, "https://x/b", nextLink(http.Header{"Link": {`<https://x/a>; rel="self"`, `<https://x/b>; rel="next"`}}))
}

func FuzzNextLink(f *testing.F) {
	f.Add(`<https://acme.okta.com/api/v1/apps?after=0oa1>; rel="next"`)
	f.Add(`<https://x/self>; rel="self", <https://x/a>; rel=next; title="a\"b"`)
	f.Add(`<>;;;=,"`)
	f.Fuzz(func(t *testing.T, header string) {
		next := nextLink(http.Header{"Link": {header}})
		if next == "" {
			return
		}
		require.Contains(t, header, next)
		require.NotContains(t, next, ">")
		require.Contains(t, strings.ToLower(strings.ReplaceAll(header, `\`, "")), "next")
	})
}

func FuzzExplain(f *testing.F) {
	f.Add([]byte(`{"errorCode":"E0000011","errorSummary":"Invalid token provided","errorLink":"E0000011","errorId":"oae","errorCauses":[]}`))
	f.Add([]byte(`{"errorCode":"E0000001","errorSummary":"Api validation failed","errorCauses":[{"errorSummary":"scope: The field cannot be left blank"}]}`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		code, message := explain(http.StatusForbidden, nil, body)
		if !json.Valid(body) {
			require.Empty(t, code+message)
		}
	})
}

// FuzzDecoders feeds every decoder of an answer; what decodes must be fit to
// be worked with.
func FuzzDecoders(f *testing.F) {
	f.Add([]byte(`{"id":"0oa1","label":"Docker","features":[],"settings":{"signOn":{"attributeStatements":[{"type":"EXPRESSION","name":"dockerRole","values":["user.a"]},{"type":"GROUP"}]}}}`))
	f.Add([]byte(`{"definitions":{"custom":{"properties":{"r":{"externalName":"dockerRole","externalNamespace":"urn:ietf:params:scim:schemas:extension:docker:2.0:User"}}}}}`))
	f.Add([]byte(`{"id":"00u1","scope":"GROUP","lastSync":"2026-11-20T10:11:12.000Z","profile":{"r":["a",1,null,{"b":true}]},"credentials":{"userName":"x"}}`))
	f.Add([]byte(`{"published":"2026-11-20T10:11:12.000Z","target":[{"type":"AppInstance","displayName":"Docker"}],"outcome":{"reason":null}}`))
	f.Add([]byte(`{"id":"ofc1","name":"dockerRole","expression":"user.profile.dockerRole"}`))
	f.Add([]byte(`{"lastSync":12,"profile":null,"status":"ENABLED","capabilities":{"create":null}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var assigned appUser
		if json.Unmarshal(body, &assigned) == nil {
			for name := range assigned.Profile {
				_ = text(assigned.Profile[name])
			}
			require.True(t, json.Valid([]byte(transport.JSON(assigned.Profile))))
		}
		var a app
		if json.Unmarshal(body, &a) == nil {
			for _, x := range a.statements(assigned.Profile, assigned.Profile) {
				require.True(t, x.Resolved || x.Value == "")
			}
			_ = a.listed()
		}
		var s schema
		if json.Unmarshal(body, &s) == nil {
			v := s.variables()
			for _, name := range []string{v.role, v.org, v.team} {
				held := name == ""
				for _, part := range s.Definitions {
					_, ok := part.Properties[name]
					held = held || ok
				}
				require.True(t, held, "%q is no property", name)
			}
		}
		var e logEvent
		if json.Unmarshal(body, &e) == nil {
			_ = e.concerns(idp.Ref{Label: "Docker"})
		}
		var x claim
		if json.Unmarshal(body, &x) == nil && x.Name != "" {
			a.claims, a.Settings.SignOn.Configured = []claim{x, x}, []statement{}
			for _, s := range a.statements(map[string]any{}, map[string]any{}) {
				require.True(t, s.Resolved || s.Value == "")
			}
		}
		var u user
		if json.Unmarshal(body, &u) == nil {
			_ = u.login()
		}
	})
}

func FuzzResolve(f *testing.F) {
	f.Add("user.dockerRole", "member")
	f.Add(`"member"`, "")
	f.Add(`"a" + user.b`, "x")
	f.Add("appuser.role", "editor")
	f.Fuzz(func(t *testing.T, expression, kept string) {
		value, _, ok := resolve(expression, map[string]any{"dockerRole": kept}, map[string]any{"role": kept})
		require.True(t, ok || value == "")
	})
}

func FuzzQuotedAndPathKeepForeignTextInItsPlace(f *testing.F) {
	f.Add(`a" or profile.login sw "`)
	f.Add(`../../groups?x=1#y`)
	f.Add(`\`)
	f.Fuzz(func(t *testing.T, s string) {
		q := quoted(s)
		inner := strings.NewReplacer(`\\`, "", `\"`, "").Replace(q[1 : len(q)-1])
		require.NotContains(t, inner, `"`)
		require.NotContains(t, inner, `\`)

		u, err := url.Parse("https://acme.okta.com" + path("users", s))
		require.NoError(t, err)
		require.Equal(t, "/api/v1/users/"+url.PathEscape(s), u.EscapedPath())
		require.Empty(t, u.RawQuery+u.Fragment)
	})
}
