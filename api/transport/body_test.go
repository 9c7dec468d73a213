package transport_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func TestAnAnswerThatIsNotJSONIsReportedAsSuch(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "  <!doctype html><title>Sign in</title>")
	}
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"a page", page, "a web page came instead"},
		{"a page in disguise", says(200, "\n<html>"), "a web page came instead"},
		{"nothing", says(200, " \n"), "it is empty"},
		{"half of it", says(200, `{"name":"ac`), "it ends in the middle, after 11 bytes"},
		{"words", says(200, "maintenance"), "invalid character 'm'"},
		{"two of them", says(200, `{} {}`), "invalid character '{' after top-level value"},
		{"another type", says(200, `{"name":12345}`), "Name holds a value of the wrong kind (number)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newTestServer(t, c.answer)
			n := newTestClient(t, f.URL, nil)
			var into struct{ Name string }

			err := n.GetJSON(transport.WithOp(t.Context(), "read organization"), "/x", nil, &into)

			require.ErrorIs(t, err, transport.ErrNotJSON)
			require.ErrorContains(t, err, "hub: read organization: GET "+f.URL+"/x: "+transport.ErrNotJSON.Error()+": "+c.want)
			require.Equal(t, 200, isError(t, err).Status)
			require.Len(t, f.requests(), 1)
		})
	}
}

func TestAnAnswerThatIsTooLargeIsNotRead(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"announced": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1001")
			_, _ = w.Write(make([]byte, 1001))
		},
		"unannounced": func(w http.ResponseWriter, _ *http.Request) {
			for range 200 {
				_, _ = w.Write(make([]byte, 1000))
				w.(http.Flusher).Flush()
			}
		},
	} {
		f := newTestServer(t, answer)
		n := newTestClient(t, f.URL, func(o *transport.Options) { o.MaxBody = 1000 })
		_, err := n.Get(t.Context(), "/", nil)
		require.ErrorIs(t, err, transport.ErrTooLarge, name)
		require.ErrorContains(t, err, "more than 1000 bytes", name)
		require.Len(t, f.requests(), 1, name)
	}

	f := newTestServer(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "1001") })
	n := newTestClient(t, f.URL, func(o *transport.Options) { o.MaxBody = 1000 })
	_, err := n.Do(t.Context(), transport.Call{System: "hub", Method: "HEAD", URL: f.URL})
	require.NoError(t, err, "an answer to HEAD has no body, whatever length it names")

	f = newTestServer(t, says(200, strings.Repeat(" ", 1000)))
	n = newTestClient(t, f.URL, func(o *transport.Options) { o.MaxBody = 1000 })
	_, err = n.Get(t.Context(), "/", nil)
	require.NoError(t, err, "the bound itself is allowed")
}

func TestTheMessageOfARefusalIsFound(t *testing.T) {
	for _, c := range []struct{ body, code, message string }{
		{`{"errinfo":null,"message":"permission denied","detail":"permission denied"}`, "", "permission denied"},
		{`{"errinfo":{"detail":"inner","http_status":403},"message":"forbidden"}`, "", "forbidden; inner"},
		{`{"detail":"Rate limit exceeded","error":false}`, "", "Rate limit exceeded"},
		{`{"fields":{"role":["invalid"],"name":["too long","bad"]},"text":"validation"}`, "", "validation; name: too long, bad; role: invalid"},
		{`{"code":7,"message":"denied","details":[]}`, "7", "denied"},
		{`{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","detail":"bad filter","scimType":"invalidFilter"}`, "invalidFilter", "bad filter"},
		{`{"errorCode":"E0000001","errorSummary":"Api validation failed","errorCauses":[{"errorSummary":"login: taken"}]}`, "E0000001", "Api validation failed; login: taken"},
		{`{"error":"invalid_grant","error_description":"expired"}`, "invalid_grant", "expired"},
		{`{"error":"teapot"}`, "", "teapot"},
		{`{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges"}}`, "Authorization_RequestDenied", "Insufficient privileges"},
		{`{"errors":[{"code":"DENIED","message":"requested access is denied"}]}`, "DENIED", "requested access is denied"},
		{`{"message":{"deep":1},"code":null}`, "", ""},
		{`["x"]`, "", ""},
		{`not json`, "", "not json"},
		{"first line\nsecond", "", "first line"},
		{`<html><body>502</body></html>`, "", "a web page came instead of the API's answer; a proxy or a sign-in page may stand in between"},
		{`{"message":"cut`, "", ""},
		{"\xff\xfe", "", ""},
		{``, "", ""},
	} {
		f := newTestServer(t, says(400, c.body))
		n := newTestClient(t, f.URL, nil)
		_, err := n.Get(t.Context(), "/", nil)
		e := isError(t, err)
		require.Equal(t, c.code, e.Code, c.body)
		require.Equal(t, c.message, e.Message, c.body)
		require.ErrorIs(t, err, transport.ErrRefused)
	}
}

func TestServerTextIsMadeSafeForATerminal(t *testing.T) {
	f := newTestServer(t, says(400, `{"message":"red \u001b[31m\u009b and\r\n bidi \u202e\u200b`+strings.Repeat("é", 400)+`","code":"\u0007c"}`))
	n := newTestClient(t, f.URL, nil)

	_, err := n.Get(t.Context(), "/", nil)

	e := isError(t, err)
	require.True(t, strings.HasPrefix(e.Message, "red [31m and bidi éé"), e.Message)
	require.Equal(t, 300, utf8.RuneCountInString(e.Message))
	require.Equal(t, "c", e.Code)
}

func TestAClientsOwnExplainerIsAskedAndItsWordsCleaned(t *testing.T) {
	f := newTestServer(t, saysWith(418, "X-Reason", "tea"))
	n := newTestClient(t, f.URL, func(o *transport.Options) {
		o.Explain = func(status int, h http.Header, _ []byte) (string, string) {
			return fmt.Sprint(status), "only\x1b " + h.Get("X-Reason")
		}
	})
	_, err := n.Get(t.Context(), "/", nil)
	require.EqualError(t, err, "hub: GET "+f.URL+"/: 418 I'm a teapot: 418: only tea")
}

func TestALibraryGetsAnswersAsTheyAre(t *testing.T) {
	f := newTestServer(t, inTurn(says(503, ``), says(404, `{"errors":[]}`)))
	n := newTestClient(t, f.URL, nil)
	response, err := n.RoundTripper().RoundTrip(request(t, t.Context(), "GET", f.URL, ""))
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, 404, response.StatusCode)
	require.JSONEq(t, `{"errors":[]}`, string(body))
	require.Len(t, f.requests(), 2)

	f = newTestServer(t, says(503, `busy`))
	n = newTestClient(t, f.URL, nil)
	response, err = n.RoundTripper().RoundTrip(request(t, t.Context(), "GET", f.URL, ""))
	require.NoError(t, err)
	body, err = io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, "busy", string(body), "the last answer can be read")
	require.Len(t, f.requests(), 4)
	require.Equal(t, 503, n.exchanges[0].Status)
}

func TestRoundTripperResendsABodyOnlyIfItCanBeReplayed(t *testing.T) {
	f := newTestServer(t, inTurn(saysWith(429, "Retry-After", "1"), says(201, ``)))
	n := newTestClient(t, f.URL, nil)
	ctx := transport.Approve(t.Context(), nil, []string{f.URL + "/v2/acme/tool/"})

	once := request(t, ctx, "PATCH", f.URL+"/v2/acme/tool/blobs/uploads/1", "layer")
	once.GetBody = nil
	response, err := n.RoundTripper().RoundTrip(once)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, 429, response.StatusCode)
	require.Len(t, f.requests(), 1)
}

func TestOddRequestsOfALibraryAreHandled(t *testing.T) {
	f := newTestServer(t, inTurn(saysWith(429, "Retry-After", "1"), says(200, ``)))
	n := newTestClient(t, f.URL, nil)
	address, err := url.Parse(f.URL)
	require.NoError(t, err)
	call := transport.Call{System: "hub", Method: "PUT", URL: f.URL + "/x", Body: "body"}
	ctx := transport.Approve(t.Context(), []transport.Call{call}, []string{f.URL + "/v2/"})

	_, err = n.RoundTripper().RoundTrip(&http.Request{Method: http.MethodGet})
	require.ErrorContains(t, err, "no address")

	unreadable := request(t, ctx, "PUT", call.URL, "-")
	unreadable.Body = io.NopCloser(iotest.ErrReader(io.ErrClosedPipe))
	_, err = n.RoundTripper().RoundTrip(unreadable)
	require.ErrorIs(t, err, transport.ErrNotApproved)
	_, err = n.RoundTripper().RoundTrip(request(t, ctx, "PUT", call.URL, ""))
	require.ErrorIs(t, err, transport.ErrNotApproved)
	require.Empty(t, f.requests())

	vanished := request(t, ctx, "PUT", f.URL+"/v2/x", "layer")
	vanished.GetBody = func() (io.ReadCloser, error) { return nil, io.ErrClosedPipe }
	_, err = n.RoundTripper().RoundTrip(vanished)
	require.ErrorIs(t, err, io.ErrClosedPipe)

	response, err := n.RoundTripper().RoundTrip(&http.Request{URL: address}) // no method, no header: a GET
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, "GET", f.requests()[1].Method)

	_, err = n.Do(t.Context(), transport.Call{System: "hub", Method: "GET", URL: f.URL + "/%zz?token=" + canary})
	require.ErrorContains(t, err, "cannot be read")
	require.NotContains(t, err.Error(), canary)
	bad := transport.Call{System: "hub", Method: "DE LETE", URL: f.URL}
	_, err = n.Do(transport.Approve(t.Context(), []transport.Call{bad}, nil), bad)
	require.ErrorContains(t, err, "check its method")
}

// slowly yields one byte a minute and then breaks, or ends.
type slowly struct {
	left int
	pace time.Duration
	stop <-chan struct{}
}

func (s *slowly) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	s.left--
	select {
	case <-time.After(s.pace):
		p[0] = 'x'
		return 1, nil
	case <-s.stop:
		return 0, io.ErrClosedPipe
	}
}

func (s *slowly) Close() error { return nil }

func TestALibrarysLayersMayTakeLongButNotFallSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			pace time.Duration
			want error
		}{
			{20 * time.Second, nil},
			{40 * time.Second, transport.ErrTimeout},
		} {
			client, err := transport.New(transport.Options{
				System: "registry", BaseURL: "https://registry.example",
				Base: roundTrip(func(r *http.Request) (*http.Response, error) {
					sent, err := io.Copy(io.Discard, r.Body) // takes longer than the limit, but never rests
					if err != nil || sent != 20 {
						return nil, fmt.Errorf("sent %d: %w", sent, err)
					}
					a := answer(200, "", "")
					a.Body = &slowly{left: 10, pace: c.pace, stop: r.Context().Done()}
					return a, nil
				}),
			})
			require.NoError(t, err)
			ctx := transport.Approve(t.Context(), nil, []string{"https://registry.example/v2/acme/tool/"})
			r := request(t, ctx, "PATCH", "https://registry.example/v2/acme/tool/blobs/uploads/1", "-")
			r.Body = &slowly{left: 20, pace: 45 * time.Second} // the source's silence is not the server's

			response, err := client.RoundTripper().RoundTrip(r)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, response.Body)
			if c.want == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, c.want)
			}
			require.NoError(t, response.Body.Close())
		}
	})
}
