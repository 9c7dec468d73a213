package entra_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
	"github.com/seed-05b3d87e/reprovision/api/idp/entra"
)

// direct answers without a socket, thousands of times a second.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

// FuzzRefusals feeds foreign bytes to where the body of a refusal is read: what is
// told is one line, whatever came.
func FuzzRefusals(f *testing.F) {
	for _, seed := range []string{
		`{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges","innerError":{"date":"2026-11-23T12:00:00","request-id":"x"}}}`,
		`{"error":{"code":"a","message":"b","details":[{"message":"c"},null],"innerError":{"code":"d","innerError":{"code":"e"}}}}`,
		`{"error":"invalid_grant"}`, `{"error":null}`, `{"error":{"message":7}}`, `[]`, `<html>`, "\x1b[31m", `{"error":{"message":"\u001b[2J\n\u202e"}}`,
	} {
		f.Add([]byte(seed), 400)
	}
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		if status < 400 || status > 599 {
			return
		}
		s := newServer(t)
		s.ready()
		s.Handle("GET /users", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write(body)
		})
		c := s.client(func(o *entra.Options) { o.Transport.Base, o.Transport.Attempts = direct{s}, 1 })
		_, err := c.Assignment(t.Context(), "priya.nair@acme.example")
		require.Error(t, err)
		require.NotContains(t, err.Error(), "\x1b")
		require.NotContains(t, err.Error(), "\n")
		require.NotEmpty(t, idp.Advise(err.Error()))
	})
}

// FuzzAnswers feeds foreign bytes to each place where an answer is decoded: an
// error is fine, a panic or an endless listing is not.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		apps, jobs, priya, grants, mappings("null", usual...), `{"value":null}`, `{"value":[null]}`, `[]`, `{"@odata.nextLink":"/x"}`,
		`{"key":"{\"result\":\"Success\"}","value":"{\"provisioningSteps\":[null]}"}`, `{"key":1}`, `{"synchronizationRules":[{"id":"r","objectMappings":[{"sourceObjectName":"user","scope":{"groups":[{}]}}]}]}`,
		`{"value":[{"id":"job1","status":{"quarantine":{}}}]}`, `{"value":[{"activityDateTime":7}]}`,
	} {
		f.Add([]byte(seed), uint8(len(seed)))
	}
	routes := []string{
		"GET /servicePrincipals", "GET /servicePrincipals/sp1/synchronization/jobs", "GET /servicePrincipals/sp1/synchronization/jobs/job1/schema",
		"GET /users", "GET /users/u1/appRoleAssignments", "GET /auditLogs/provisioning", "GET /servicePrincipals/sp1/claimsMappingPolicies",
		"POST /servicePrincipals/sp1/synchronization/jobs/job1/provisionOnDemand",
	}
	f.Fuzz(func(t *testing.T, body []byte, which uint8) {
		s := newServer(t)
		s.Lenient = true
		s.ready()
		s.On(routes[len(routes)-1], `{"key":"{\"result\":\"Success\"}","value":"{}"}`)
		s.On(routes[int(which)%len(routes)], string(body))
		c := s.client(func(o *entra.Options) { o.Transport.Base = direct{s} })
		as, err := c.Assignment(t.Context(), "priya.nair@acme.example")
		if err != nil || len(as.Ways) == 0 {
			return
		}
		require.NotEmpty(t, as.Ways[0].Changes)
		_, _ = push(t, s, c)
	})
}
