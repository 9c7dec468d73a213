package scim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/scim"
	"github.com/seed-05b3d87e/reprovision/api/transport"
)

const token = "scim-canary-51aa"

// endpoint is a SCIM server on 127.0.0.1 and a client of it that never waits.
func endpoint(t *testing.T, h http.HandlerFunc, change ...func(*scim.Options)) *scim.Client {
	t.Helper()
	var turn sync.Mutex // handlers keep counts
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer "+token {
			w.Header().Set("Content-Type", "application/scim+json")
			w.WriteHeader(http.StatusUnauthorized)
			write(w, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"401","detail":"invalid token"}`)
			return
		}
		if r.Method != http.MethodGet || !strings.Contains(r.Header.Get("Accept"), "application/scim+json") {
			t.Errorf("%s %s accepts %q", r.Method, r.URL, r.Header.Get("Accept"))
		}
		w.Header().Set("Content-Type", "application/scim+json")
		turn.Lock()
		defer turn.Unlock()
		h(w, r)
	}))
	t.Cleanup(server.Close)
	o := scim.Options{
		BaseURL: server.URL + "/v2/scim/2.0",
		Token:   func() string { return token },
		Transport: transport.Options{
			ReadOnly: true,
			Sleep:    func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		},
	}
	for _, f := range change {
		f(&o)
	}
	c, err := scim.New(o)
	require.NoError(t, err)
	return c
}

// says is a handler with one answer.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		write(w, body)
	}
}

// write sends a body; a client that hung up is what some tests are about.
func write(w http.ResponseWriter, body string) { _, _ = io.WriteString(w, body) }

const jordan = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"d80f7c79-7730-49d8-9a41-7c42fb622d9c",
	"userName":"jordan.ito@acme.example","name":{"givenName":"Jordan","familyName":"Ito"},"displayName":"jordan-ito","active":true,
	"emails":[{"value":"jordan.ito@acme.example","display":"jordan.ito@acme.example","primary":true}],
	"groups":[{"value":"company","display":"company"}],
	"meta":{"resourceType":"User","location":"https://hub.docker.com/v2/scim/2.0/Users/d80f7c79-7730-49d8-9a41-7c42fb622d9c",
		"created":"2024-05-20T00:54:18Z","lastModified":"2026-11-20T00:54:18Z"}}`

func list(key string, total int, users ...string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":%d,"startIndex":1,"itemsPerPage":%d,%q:[%s]}`,
		total, len(users), key, strings.Join(users, ","))
}

func TestTheTokenIsProvenByTheServiceProviderConfig(t *testing.T) {
	c := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/scim/2.0/ServiceProviderConfig" {
			t.Errorf("path %s", r.URL.Path)
		}
		write(w, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],"documentationUri":"","patch":{"supported":true},
			"bulk":{"supported":false,"maxOperations":0,"maxPayloadSize":0},"filter":{"supported":true,"maxResults":200},"changePassword":{"supported":false},
			"sort":{"supported":true},"etag":{"supported":false},
			"authenticationSchemes":{"name":"OAuth 2.0 Bearer Token","type":"oauthbearertoken"}}`)
	})
	config, err := c.Prove(t.Context())
	require.NoError(t, err)
	require.True(t, config.Patch.Supported)
	require.True(t, config.Filter.Supported)
	require.Equal(t, 200, config.Filter.MaxResults)
	require.False(t, config.Bulk.Supported)
}

func TestATokenIsNotProvenByArbitraryJSON(t *testing.T) {
	for body, want := range map[string]error{
		`{}`:                   scim.ErrShape,
		`[]`:                   scim.ErrShape,
		`{"message":"hello"}`:  scim.ErrShape,
		`<html>Sign in</html>`: transport.ErrNotJSON,
	} {
		_, err := endpoint(t, says(http.StatusOK, body)).Prove(t.Context())
		require.ErrorIs(t, err, want, body)
	}
}

func TestAWrongTokenIsReportedWithoutTheToken(t *testing.T) {
	c := endpoint(t, nil, func(o *scim.Options) { o.Token = func() string { return "wrong-canary" } })
	_, err := c.Prove(t.Context())
	require.ErrorIs(t, err, transport.ErrUnauthorized)
	require.ErrorContains(t, err, "Setup SCIM")
	require.ErrorContains(t, err, "invalid token")
	require.NotContains(t, err.Error(), "wrong-canary")
	require.NotContains(t, fmt.Sprintf("%+v %#v", c, c), "wrong-canary")
}

func TestAPersonIsFoundUnderBothSpellingsOfTheList(t *testing.T) {
	for _, key := range []string{"Resources", "resources"} {
		user, err := endpoint(t, says(http.StatusOK, list(key, 1, jordan))).UserByName(t.Context(), "Jordan.Ito@acme.example")
		require.NoError(t, err)
		require.NotNil(t, user)
		require.Equal(t, "jordan-ito", user.DisplayName)
		require.Equal(t, scim.Name{GivenName: "Jordan", FamilyName: "Ito"}, user.Name)
		require.Equal(t, []scim.Group{{Value: "company", Display: "company"}}, user.Groups)
		require.Equal(t, time.Date(2024, 5, 20, 0, 54, 18, 0, time.UTC), user.Meta.Created.Time)
		require.False(t, user.Deactivated())
		require.Nil(t, user.Docker)
	}
}

func TestAPersonIsAbsentOnlyWhenTheServerSaysSo(t *testing.T) {
	for _, body := range []string{list("Resources", 0), list("resources", 0), `{"totalResults":0}`, `{"totalResults":0,"Resources":null}`} {
		user, err := endpoint(t, says(http.StatusOK, body)).UserByName(t.Context(), "theo.brandt@acme.example")
		require.NoError(t, err, body)
		require.Nil(t, user)
	}
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"a server that ignores filters":  {list("Resources", 27, jordan), scim.ErrAmbiguous},
		"two of the name":                {list("Resources", 2, strings.ReplaceAll(jordan, "jordan.ito@", "theo.brandt@"), strings.ReplaceAll(jordan, "jordan.ito@", "THEO.brandt@")), scim.ErrAmbiguous},
		"results counted, but not given": {`{"totalResults":3}`, scim.ErrAmbiguous},
		"no count":                       {`{"Resources":[]}`, scim.ErrShape},
		"an error with status 200":       {`{"detail":"try later"}`, scim.ErrShape},
		"a list of another type":         {`{"totalResults":1,"Resources":{}}`, scim.ErrShape},
		"a page of HTML":                 {`<html>`, transport.ErrNotJSON},
	} {
		t.Run(name, func(t *testing.T) {
			user, err := endpoint(t, says(http.StatusOK, c.body)).UserByName(t.Context(), "theo.brandt@acme.example")
			require.ErrorIs(t, err, c.want)
			require.Nil(t, user)
		})
	}
	_, err := endpoint(t, nil).UserByName(t.Context(), "")
	require.Error(t, err)
}

func TestAnAddressCannotLeaveItsPlaceInTheFilter(t *testing.T) {
	for address, want := range map[string]string{
		"jordan.ito+x@acme.example":    `userName eq "jordan.ito+x@acme.example"`,
		`x" or userName sw "`:          `userName eq "x\" or userName sw \""`,
		`back\slash@acme.example`:      `userName eq "back\\slash@acme.example"`,
		"new\nline&count=1#@acme.test": `userName eq "new\nline&count=1#@acme.test"`,
	} {
		c := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
			if got := r.URL.Query()["filter"]; len(got) != 1 || got[0] != want {
				t.Errorf("filter %q", got)
			}
			if got := r.URL.Query()["count"]; len(got) != 1 || got[0] != "10" {
				t.Errorf("count %q", got)
			}
			write(w, list("Resources", 0))
		})
		_, err := c.UserByName(t.Context(), address)
		require.NoError(t, err)
	}
}

func TestOnePersonIsReadById(t *testing.T) {
	c := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.EscapedPath() {
		case "/v2/scim/2.0/Users/d80f7c79-7730-49d8-9a41-7c42fb622d9c":
			write(w, strings.Replace(jordan, `"active":true`,
				`"active":false,"urn:ietf:params:scim:schemas:extension:docker:2.0:User":{"dockerRole":"editor","dockerTeam":"platform"}`, 1))
		case "/v2/scim/2.0/Users/a%2Fb":
			write(w, `{"detail":"odd"}`)
		default:
			says(http.StatusNotFound, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404","detail":"user not found"}`)(w, r)
		}
	})
	user, err := c.User(t.Context(), "d80f7c79-7730-49d8-9a41-7c42fb622d9c")
	require.NoError(t, err)
	require.True(t, user.Deactivated())
	require.Equal(t, &scim.Extension{Role: "editor", Team: "platform"}, user.Docker)

	_, err = c.User(t.Context(), "0000")
	require.ErrorIs(t, err, transport.ErrNotFound)
	require.ErrorContains(t, err, "user not found")

	_, err = c.User(t.Context(), "a/b")
	require.ErrorIs(t, err, scim.ErrShape)
	for _, id := range []string{"", ".", ".."} {
		_, err = c.User(t.Context(), id)
		require.Error(t, err)
	}
}

func TestAMissingActiveIsNotADeactivation(t *testing.T) {
	var user scim.User
	require.NoError(t, json.Unmarshal([]byte(`{"id":"1","userName":"a@b","meta":{"created":"yesterday"}}`), &user))
	require.False(t, user.Deactivated())
	require.True(t, user.Meta.Created.IsZero())
	require.Equal(t, "yesterday", user.Meta.Created.Raw)
}

func TestErrorsOfBothKindsAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		status        int
		body          string
		kind          error
		code, message string
	}{
		"SCIM":                  {http.StatusBadRequest, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","detail":"bad filter","scimType":"invalidFilter"}`, transport.ErrRefused, "invalidFilter", "bad filter"},
		"SCIM, status a number": {http.StatusForbidden, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":403,"detail":"no"}`, transport.ErrForbidden, "", "no"},
		"a gateway":             {http.StatusForbidden, `{"errinfo":null,"message":"permission denied","detail":"no plan"}`, transport.ErrForbidden, "", "permission denied; no plan"},
		"a gateway, shortly":    {http.StatusNotFound, `{"message":"not found"}`, transport.ErrNotFound, "", "not found"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := endpoint(t, says(c.status, c.body)).UserByName(t.Context(), "a@acme.example")
			require.ErrorIs(t, err, c.kind)
			var wire *transport.Error
			require.ErrorAs(t, err, &wire)
			require.Equal(t, "scim", wire.System)
			require.Equal(t, c.code, wire.Code)
			require.Equal(t, c.message, wire.Message)
		})
	}
}

func TestAllPeopleAreListedPageByPage(t *testing.T) {
	const total = 5
	var asked []url.Values
	c := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		asked = append(asked, q)
		start, _ := strconv.Atoi(q.Get("startIndex"))
		count, _ := strconv.Atoi(q.Get("count"))
		var users []string
		for n := start; n < start+count && n <= total; n++ {
			users = append(users, fmt.Sprintf(`{"id":"%d","userName":"user%d@acme.example"}`, n, n))
		}
		write(w, list("Resources", total, users...))
	}, func(o *scim.Options) { o.PageSize = 2 })
	var names []string
	for user, err := range c.Users(t.Context()) {
		require.NoError(t, err)
		names = append(names, user.UserName)
	}
	require.Len(t, names, total)
	require.Equal(t, "user5@acme.example", names[4])
	require.Len(t, asked, 3)
	require.Equal(t, "5", asked[2].Get("startIndex"))
}

func TestAListOfPeopleThatDoesNotEndIsNoticed(t *testing.T) {
	read := func(c *scim.Client) (int, error) {
		n := 0
		for _, err := range c.Users(t.Context()) {
			if err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	}
	t.Run("the same page again", func(t *testing.T) {
		n, err := read(endpoint(t, says(http.StatusOK, list("Resources", 9, jordan))))
		require.ErrorIs(t, err, scim.ErrEndless)
		require.Equal(t, 1, n)
	})
	t.Run("ever new pages", func(t *testing.T) {
		var sent atomic.Int64
		c := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
			n := int(sent.Add(1))
			write(w, list("Resources", n+1, fmt.Sprintf(`{"id":"%d"}`, n)))
		}, func(o *scim.Options) { o.MaxPages = 4 })
		_, err := read(c)
		require.ErrorIs(t, err, scim.ErrEndless)
		require.EqualValues(t, 4, sent.Load())
	})
	t.Run("an empty page before the end", func(t *testing.T) {
		_, err := read(endpoint(t, says(http.StatusOK, list("Resources", 9))))
		require.ErrorIs(t, err, scim.ErrShape)
	})
}

func TestAHalfSentListIsAskedForAgain(t *testing.T) {
	n := 0
	c := endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		if n++; n == 1 {
			w.Header().Set("Content-Length", "5000")
			write(w, list("Resources", 0))
			panic(http.ErrAbortHandler)
		}
		write(w, list("Resources", 1, jordan))
	})
	user, err := c.UserByName(t.Context(), "jordan.ito@acme.example")
	require.NoError(t, err)
	require.NotNil(t, user, "the half list must not pass for nobody")
}

func TestAClientNeedsATokenAndASafeAddress(t *testing.T) {
	_, err := scim.New(scim.Options{})
	require.Error(t, err)
	_, err = scim.New(scim.Options{Token: func() string { return token }, BaseURL: "http://hub.docker.com/v2/scim/2.0"})
	require.Error(t, err)
}
