package hub

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func FuzzMembersPage(f *testing.F) {
	for _, seed := range []string{
		`{"count":1,"next":null,"previous":null,"results":[{"username":"jordan-ito","role":"Member","groups":["company"],"date_joined":"2024-06-03T08:11:27.5Z"}]}`,
		`[{"count":1,"next":"https://hub.docker.com/v2/orgs/acme/members?page=2","results":null}]`,
		`{"results":[{"groups":null,"date_joined":7}]}`,
		`{"results":{}}`, `[]`, `[[]]`, `null`, `{`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var p page[Member]
		if json.Unmarshal(body, &p) != nil {
			return
		}
		// encoding/json matches names by case folding, which knows two letters
		// beyond ASCII; escapes may spell the name as well.
		named := bytes.Contains(bytes.ToLower(body), []byte("results")) || bytes.ContainsAny(body, "\\\u017f")
		if !named {
			t.Errorf("a list out of nothing: %q", body)
		}
	})
}

func FuzzExport(f *testing.F) {
	for _, seed := range []string{
		"Name,Username,Email,Type,Role,Teams,Date Joined\nSam,sam-okafor,sam@acme.example,User,Editor,\"a, b\",2020-01-01 15:00:51.193355 +0000 UTC\n",
		"\ufeffEmail,USERNAME,Permission\r\na@b,c,Owner\r\n",
		"Username,Email\n\"",
		"Username,Email,Email\na,b,c\n",
		"<html>", "", "\n\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, err := decodeExport(body)
		if err != nil && rows != nil {
			t.Errorf("rows along with %v", err)
		}
		for _, row := range rows {
			if slices.Contains(row.Teams, "") {
				t.Errorf("a team without a name: %q", row.Teams)
			}
		}
	})
}

func FuzzAuditLog(f *testing.F) {
	for _, seed := range []string{
		`{"logs":[{"account":"acme","action":"repo.tag.push","data":{"tag":"v1","n":1,"o":{}},"timestamp":"2021-02-19T01:34:35Z"}]}`,
		`{"logs":[null,{"data":null}]}`, `{"logs":null}`, `{}`, `null`, `{"detail":"no"}`, `{"logs":[{"data":[]}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var p auditPage
		if json.Unmarshal(body, &p) != nil {
			return
		}
		for _, e := range p {
			if e.Raw != "" && !json.Valid([]byte(e.Raw)) {
				t.Errorf("raw event is not JSON: %q", e.Raw)
			}
		}
	})
}

func FuzzAuditActions(f *testing.F) {
	f.Add([]byte(`{"actions":{"org":{"label":"Organization","actions":[{"name":"create","label":"Organization Created"}]}}}`))
	f.Add([]byte(`{"actions":{"":{"actions":[{},null]}}}`))
	f.Add([]byte(`{"actions":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var c Catalogue
		if json.Unmarshal(body, &c) != nil {
			return
		}
		for _, a := range c {
			if found, ok := c.Resolve(a.Key, ""); ok && found.Key != a.Key && found.Name != strings.TrimPrefix(a.Key[strings.IndexByte(a.Key, '.'):], ".") {
				t.Errorf("%q resolves to %q", a.Key, found.Key)
			}
		}
	})
}

func FuzzErrorBody(f *testing.F) {
	for _, seed := range []string{
		`{"errinfo":null,"message":"unauthorized"}`,
		`{"errinfo":{"detail":"no","http_status":403},"message":"forbidden","detail":"x"}`,
		`{"fields":{"name":["too short"]},"text":"invalid"}`,
		`{"code":7,"message":"no","details":[]}`,
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404","detail":"no","scimType":"x"}`,
		`{"detail":"Rate limit exceeded","error":false}`,
		`<html>`, `"text"`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		code, message := explainBody(http.StatusForbidden, nil, body)
		if !json.Valid(body) && code+message != "" {
			t.Errorf("%q, %q out of no JSON", code, message)
		}
	})
}

func FuzzInviteResults(f *testing.F) {
	f.Add([]byte(`{"invitees":[{"invitee":"a","status":"invited","invite":{"id":"1"}}]}`))
	f.Add([]byte(`{"invitees":{"invitees":[{"invitee":"a","invite":null}]}}`))
	f.Add([]byte(`{"invitees":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		results, err := decodeInviteResults(body)
		if (err == nil) != (results != nil) {
			t.Errorf("%v with %v", results, err)
		}
	})
}

func FuzzToken(f *testing.F) {
	f.Add([]byte(`{"access_token":"h.eyJpYXQiOjEsImV4cCI6MTIxfQ.s"}`))
	f.Add([]byte(`{"access_token":"h.e30.s"}`))
	f.Add([]byte(`{"access_token":"opaque"}`))
	f.Add([]byte(`{"access_token":"a b"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		token, err := decodeToken(body)
		if err != nil {
			return
		}
		if strings.ContainsAny(token, " \r\n") || token == "" {
			t.Errorf("token %q", token)
		}
		if life := lifetime(token); life < 0 || life > tokenLifetime {
			t.Errorf("lifetime %v", life)
		}
	})
}

func FuzzTime(f *testing.F) {
	for _, seed := range []string{`"2021-01-05T21:06:53.506400Z"`, `"2020-01-01 15:00:51.193355 +0000 UTC"`, `"2021-01-05"`, `""`, `null`, `7`, `{}`, `"soon"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var at Time
		if err := json.Unmarshal(raw, &at); err != nil {
			if json.Valid(raw) {
				t.Errorf("%q: %v", raw, err)
			}
			return
		}
		if !at.IsZero() && (at.Raw == "" || at.Location() != time.UTC) {
			t.Errorf("%q became %v", raw, at)
		}
	})
}
