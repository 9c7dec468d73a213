package transport_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func TestARedirectToAnotherHostIsNotFollowed(t *testing.T) {
	other := newTestServer(t, says(200, `{}`))
	for _, status := range []int{301, 302, 303, 307, 308} {
		f := newTestServer(t, saysWith(status, "Location", other.URL+"/v2/x?token="+canary))
		n := newTestClient(t, f.URL, bearer)

		_, err := n.Get(t.Context(), "/", nil)

		require.ErrorIs(t, err, transport.ErrForeignHost)
		require.ErrorContains(t, err, other.URL)
		require.NotContains(t, err.Error(), canary)
		require.Len(t, f.requests(), 1)
	}
	require.Empty(t, other.requests(), "neither the credential nor a request went there")
}

func TestARedirectToPlainHTTPIsNotFollowed(t *testing.T) {
	n := newTestClient(t, "https://hub.example", func(o *transport.Options) {
		bearer(o)
		o.Base = roundTrip(func(r *http.Request) (*http.Response, error) {
			require.Equal(t, "https", r.URL.Scheme)
			a := answer(302, "Location", "http://hub.example/")
			a.Request = r
			return a, nil
		})
	})
	_, err := n.Get(t.Context(), "/", nil)
	require.ErrorIs(t, err, transport.ErrForeignHost)
}

func TestARedirectOnTheSameHostIsFollowedWithTheCredential(t *testing.T) {
	f := newTestServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new?page=2", http.StatusMovedPermanently)
			return
		}
		_, _ = io.WriteString(w, r.Header.Get("Authorization"))
	})
	n := newTestClient(t, f.URL, bearer)

	response, err := n.Get(t.Context(), "/old", nil)

	require.NoError(t, err)
	require.Equal(t, "Bearer "+canary, string(response.Body))
	require.Len(t, n.exchanges, 2)
	require.Equal(t, 301, n.exchanges[0].Status)
	require.Equal(t, f.URL+"/new?page=2", n.exchanges[1].URL)
}

func TestEndlessRedirectsAreAnError(t *testing.T) {
	f := newTestServer(t, saysWith(302, "Location", "/again"))
	n := newTestClient(t, f.URL, nil)

	_, err := n.Get(t.Context(), "/", nil)

	require.ErrorContains(t, err, "more than 5 redirects")
	require.Len(t, f.requests(), 6)
}

func TestALinkToAnotherHostIsNotFollowed(t *testing.T) {
	other := newTestServer(t, says(200, `{}`))
	f := newTestServer(t, says(200, `{}`))
	n := newTestClient(t, f.URL+"/v2", bearer)
	host := strings.TrimPrefix(f.URL, "http://")

	for _, link := range []string{
		other.URL + "/v2/x?page=2", "//" + strings.TrimPrefix(other.URL, "http://") + "/x", "https://" + host + "/x",
		"http://me@" + host + "/x", "https://evil.example", "javascript:alert(1)", "http://%zz/",
	} {
		require.ErrorIs(t, n.CheckLink(link), transport.ErrForeignHost, link)
		if !strings.HasPrefix(link, "javascript") { // as a ref, a name below the base
			_, err := n.Get(t.Context(), link, nil)
			require.ErrorIs(t, err, transport.ErrForeignHost, link)
			_, err = n.Do(t.Context(), transport.Call{System: "hub", Method: "GET", URL: link})
			require.Error(t, err, link)
		}
	}
	require.Empty(t, other.requests())
	require.Empty(t, f.requests())

	for _, link := range []string{"/v2/x", "x?next=" + other.URL, f.URL, "//" + host + "/x", strings.ToUpper("http://") + host} {
		require.NoError(t, n.CheckLink(link), link)
	}
	_, err := n.Get(t.Context(), f.URL+"/v2/members?page=2", nil)
	require.NoError(t, err)
	require.Equal(t, "/v2/members?page=2", f.requests()[0].RequestURI)
}

func TestTheDefaultPortIsTheSameHost(t *testing.T) {
	n := newTestClient(t, "https://hub.docker.com", nil)
	require.NoError(t, n.CheckLink("https://HUB.docker.com:443/v2/x"))
	require.ErrorIs(t, n.CheckLink("https://hub.docker.com:8443/v2/x"), transport.ErrForeignHost)
	require.ErrorIs(t, n.CheckLink("http://hub.docker.com/v2/x"), transport.ErrForeignHost)
	require.ErrorIs(t, n.CheckLink("https://hub.docker.com.evil.example/"), transport.ErrForeignHost)
}

func TestAFurtherHostGetsTheCredentialAndOthersDoNot(t *testing.T) {
	token, cdn := newTestServer(t, says(200, `{}`)), newTestServer(t, says(200, `{}`))
	f := newTestServer(t, says(200, `{}`))
	n := newTestClient(t, f.URL, func(o *transport.Options) {
		bearer(o)
		o.Hosts = []string{strings.TrimPrefix(token.URL, "http://")}
	})
	for _, address := range []string{f.URL, token.URL, cdn.URL} {
		r := request(t, t.Context(), "GET", address+"/x", "")
		response, err := n.RoundTripper().RoundTrip(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Empty(t, r.Header, "the library's request is not touched")

		r.Header.Set("Authorization", "Basic "+canary)
		r.Header.Set("Cookie", canary)
		response, err = n.RoundTripper().RoundTrip(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
	}
	for _, own := range []*testServer{f, token} {
		require.Equal(t, "Bearer "+canary, own.requests()[0].Header.Get("Authorization"))
		require.Equal(t, "Basic "+canary, own.requests()[1].Header.Get("Authorization"), "the library brought its own")
	}
	for _, seen := range cdn.requests() {
		require.NotContains(t, fmt.Sprint(seen.Header), canary)
	}
	require.Len(t, cdn.requests(), 2)

	_, err := n.Do(t.Context(), transport.Call{System: "hub", Method: "GET", URL: token.URL})
	require.NoError(t, err)
	_, err = n.Do(t.Context(), transport.Call{System: "hub", Method: "GET", URL: cdn.URL})
	require.ErrorIs(t, err, transport.ErrForeignHost)
}

func TestALibrarysRedirectLeavesTheCredentialBehind(t *testing.T) {
	cdn := newTestServer(t, says(200, `layer`))
	f := newTestServer(t, saysWith(307, "Location", cdn.URL+"/blob"))
	n := newTestClient(t, f.URL, bearer)
	library := http.Client{Transport: n.RoundTripper()}

	response, err := library.Get(f.URL + "/v2/acme/tool/blobs/sha256:a")

	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, "Bearer "+canary, f.requests()[0].Header.Get("Authorization"))
	require.Empty(t, cdn.requests()[0].Header.Get("Authorization"))
}

func TestALibraryIsHeldToHTTPS(t *testing.T) {
	plain := newTestServer(t, says(200, ``))
	n := newTestClient(t, "https://registry.example", nil)
	for _, address := range []string{plain.URL, "http://registry.example/", "https://me:" + canary + "@registry.example/"} {
		_, err := n.RoundTripper().RoundTrip(request(t, t.Context(), "GET", address, ""))
		require.Error(t, err)
		require.NotContains(t, err.Error(), canary)
	}
	require.Empty(t, plain.requests())
}

func TestACredentialIsRenewedOnceAfterA401(t *testing.T) {
	renewed := 0
	var f *testServer
	n := func(answer http.HandlerFunc) *testClient {
		renewed = 0
		f = newTestServer(t, answer)
		return newTestClient(t, f.URL, func(o *transport.Options) {
			o.Authorize = func(_ context.Context, r *http.Request) error {
				r.Header.Set("Authorization", fmt.Sprintf("Bearer number %d", renewed))
				return nil
			}
			o.Renew = func(refused string) {
				require.Equal(t, fmt.Sprintf("Bearer number %d", renewed), refused)
				renewed++
			}
		})
	}

	client := n(inTurn(says(401, ``), says(200, `{}`)))
	_, err := client.Get(t.Context(), "/", nil)
	require.NoError(t, err)
	require.Equal(t, "Bearer number 1", f.requests()[1].Header.Get("Authorization"))
	require.Empty(t, client.slept)

	client = n(says(401, ``))
	_, err = client.Get(t.Context(), "/", nil)
	require.ErrorIs(t, err, transport.ErrUnauthorized)
	require.Len(t, f.requests(), 2)
	require.Equal(t, 1, renewed)

	// A 401 says that the server did not act, so a change may follow it.
	client = n(inTurn(says(401, ``), says(200, `{}`)))
	call := transport.Call{System: "hub", Method: "DELETE", URL: client.URL("/x", nil)}
	_, err = client.Do(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
	require.NoError(t, err)

	client = n(inTurn(says(401, ``), says(200, `{}`)))
	response, err := client.RoundTripper().RoundTrip(request(t, t.Context(), "GET", f.URL, ""))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, 200, response.StatusCode)
	require.Equal(t, 1, renewed)
}

func TestWithoutACredentialNothingIsSent(t *testing.T) {
	f := newTestServer(t, says(200, `{}`))
	n := newTestClient(t, f.URL, func(o *transport.Options) {
		o.Authorize = func(context.Context, *http.Request) error { return errNoToken }
	})
	_, err := n.Get(t.Context(), "/", nil)
	require.ErrorIs(t, err, errNoToken)
	_, err = n.RoundTripper().RoundTrip(request(t, t.Context(), "GET", f.URL, ""))
	require.ErrorIs(t, err, errNoToken)

	n = newTestClient(t, f.URL, func(o *transport.Options) {
		o.Authorize = func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+canary+"\n")
			return nil
		}
	})
	_, err = n.Get(t.Context(), "/", nil)
	require.ErrorContains(t, err, "enter it again")
	require.NotContains(t, err.Error(), canary)
	require.Empty(t, f.requests())
	require.Empty(t, n.slept)
}

// Every way in which a server could hand a credential back is tried, and every
// place that a person or a log could see is searched.
func TestASecretIsInNoErrorAndNoRecord(t *testing.T) {
	basic := base64.StdEncoding.EncodeToString([]byte("acme:" + canary))
	searched := func(t *testing.T, name string, i int, text string) {
		t.Helper()
		require.NotContains(t, text, canary, "%s, echo %d", name, i)
		require.NotContains(t, text, basic, "%s, echo %d", name, i)
	}
	echoes := []http.HandlerFunc{
		says(403, `{"message":"token `+canary+` refused","code":"`+canary+`"}`),
		says(400, `{"detail":"`+canary[:8]+`\u0000\u202e`+canary[8:]+`"}`),
		func(w http.ResponseWriter, r *http.Request) {
			says(401, `{"errors":[{"code":"X","message":"`+r.Header.Get("Authorization")+`"}]}`)(w, r)
		},
		says(500, canary+" in plain text"),
		says(404, strings.Repeat("x", 290)+canary),
		saysWith(302, "Location", "/next?access_token="+canary),
		saysWith(302, "Location", "https://user:"+canary+"@other.example/?sig="+canary),
		says(200, `{"token":"`+canary+`"`),
		says(200, `<html>`+canary+`</html>`),
		func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = fmt.Fprintf(conn, "HTTP/1.1 %s\r\n\r\n", canary)
				_ = conn.Close()
			}
		},
		drops, breaksOff,
	}
	for i, echo := range echoes {
		f := newTestServer(t, inTurn(echo))
		for name, authorize := range map[string]func(*http.Request){
			"bearer": func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+canary) },
			"basic":  func(r *http.Request) { r.SetBasicAuth("acme", canary) },
			"ssws":   func(r *http.Request) { r.Header.Set("Authorization", "SSWS "+canary) },
		} {
			n := newTestClient(t, f.URL, func(o *transport.Options) {
				o.SignIn = []string{"/token"}
				o.Authorize = func(_ context.Context, r *http.Request) error { authorize(r); return nil }
			})
			var into struct{ Token int }
			errs := []error{n.GetJSON(t.Context(), "/x?api_key="+canary, nil, &into)}
			for _, body := range []string{`{"identifier":"acme","secret":"` + canary + `"}`, "grant_type=password&password=" + canary} {
				_, err := n.Do(t.Context(), transport.Call{System: "hub", Method: "POST", URL: n.URL("/token", nil), Body: body})
				errs = append(errs, err)
			}
			_, err := n.RoundTripper().RoundTrip(request(t, t.Context(), "DELETE", f.URL+"/x?token="+canary, ""))
			errs = append(errs, err)

			for _, err := range errs {
				for ; err != nil; err = unwrap(err) {
					for _, form := range []string{"%v", "%+v", "%#v"} {
						searched(t, name, i, fmt.Sprintf(form, err))
					}
				}
			}
			require.NotEmpty(t, n.exchanges)
			for _, seen := range []any{n.exchanges, n.waits, n.Client} {
				searched(t, name, i, fmt.Sprintf("%+v", seen))
			}
		}
	}
}

// unwrap goes down one level; of several causes, to the last.
func unwrap(err error) error {
	switch e := err.(type) { //nolint:errorlint // each level is wanted, one by one
	case interface{ Unwrap() error }:
		return e.Unwrap()
	case interface{ Unwrap() []error }:
		causes := e.Unwrap()
		return causes[len(causes)-1]
	}
	return nil
}
