package scim

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func FuzzUserList(f *testing.F) {
	for _, seed := range []string{
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":1,"startIndex":1,"itemsPerPage":1,"Resources":[{"id":"1","userName":"a@b","active":true,"meta":{"created":"2022-05-20T00:54:18Z"}}]}`,
		`{"totalResults":1,"resources":[{"id":"1","groups":null,"meta":{"created":7}}]}`,
		`{"totalResults":0}`, `{"totalResults":-1,"Resources":[null]}`, `{"Resources":[]}`, `null`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var l userList
		err := json.Unmarshal(body, &l)
		if err == nil && len(l.Users) > 0 && !json.Valid(body) {
			t.Errorf("people out of no JSON: %q", body)
		}
	})
}

func FuzzErrorBody(f *testing.F) {
	for _, seed := range []string{
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404","detail":"no","scimType":"x"}`,
		`{"errinfo":null,"message":"unauthorized"}`, `{"schemas":7,"detail":["x"]}`, `<html>`, ``,
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

func FuzzNameFilter(f *testing.F) {
	for _, seed := range []string{"a@b.example", `x" or userName sw "`, `\`, "\x00\n", "ä\xff<&>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		value, ok := strings.CutPrefix(nameFilter(name), "userName eq ")
		var back string
		if !ok || json.Unmarshal([]byte(value), &back) != nil {
			t.Fatalf("%q became %q", name, value)
		}
		if want := strings.ToValidUTF8(name, "\ufffd"); back != want && !strings.ContainsRune(name, '\ufffd') && len(want) == len(name) {
			t.Errorf("%q came back as %q", name, back)
		}
	})
}
