package transport_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func TestEveryFormInWhichAServerAsksToWaitIsObeyed(t *testing.T) {
	in := func(d time.Duration) string { return fmt.Sprint(noon.Add(d).Unix()) }
	for _, c := range []struct {
		status      int
		name, value string
		want        time.Duration
	}{
		{429, "Retry-After", "7", 7 * time.Second},
		{429, "Retry-After", " 1.5 ", 1500 * time.Millisecond},
		{429, "Retry-After", noon.Add(9 * time.Second).Format(http.TimeFormat), 9 * time.Second},
		{429, "Retry-After", noon.Add(9 * time.Second).Format(time.RFC850), 9 * time.Second},
		{429, "Retry-After", in(11 * time.Second), 11 * time.Second},
		{503, "Retry-After", "3", 3 * time.Second},
		{429, "X-Retry-After", in(12 * time.Second), 12 * time.Second},
		{429, "X-Retry-After", "13", 13 * time.Second},
		{429, "X-RateLimit-Reset", in(14 * time.Second), 14 * time.Second},
		{429, "X-Rate-Limit-Reset", in(15 * time.Second), 15 * time.Second},
		{429, "X-RateLimit-Reset", in(16*time.Second) + "000", 16 * time.Second},
		// Everything below asks for nothing that can be obeyed: our own pace.
		{503, "X-RateLimit-Reset", in(14 * time.Second), 500 * time.Millisecond},
		{429, "X-RateLimit-Reset", in(-time.Minute), 10 * time.Second},
		{429, "Retry-After", "0", 10 * time.Second},
		{429, "Retry-After", "-5", 10 * time.Second},
		{429, "Retry-After", "soon", 10 * time.Second},
		{429, "Retry-After", "0x10", 10 * time.Second},
		{429, "Retry-After", "Inf", 10 * time.Second},
		{429, "Retry-After", noon.Add(-time.Hour).Format(http.TimeFormat), 10 * time.Second},
	} {
		t.Run(fmt.Sprintf("%d %s %s", c.status, c.name, c.value), func(t *testing.T) {
			f := newTestServer(t, inTurn(saysWith(c.status, c.name, c.value), says(200, `{}`)))
			n := newTestClient(t, f.URL, nil)

			_, err := n.Get(t.Context(), "/", nil)

			require.NoError(t, err)
			require.Equal(t, []time.Duration{c.want}, n.slept)
		})
	}
}

func TestRetryAfterCountsBeforeTheOtherHeaders(t *testing.T) {
	f := newTestServer(t, inTurn(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-RateLimit-Reset", fmt.Sprint(noon.Add(time.Minute).Unix()))
		w.Header().Set("X-Retry-After", "20")
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusTooManyRequests)
	}, says(200, `{}`)))
	n := newTestClient(t, f.URL, nil)

	_, err := n.Get(t.Context(), "/", nil)

	require.NoError(t, err)
	require.Equal(t, []time.Duration{2 * time.Second}, n.slept)
}

func TestALongWaitIsLeftToTheCaller(t *testing.T) {
	f := newTestServer(t, saysWith(429, "Retry-After", "301"))
	n := newTestClient(t, f.URL, nil)

	_, err := n.Get(t.Context(), "/", nil)

	require.ErrorIs(t, err, transport.ErrRateLimited)
	require.Equal(t, 301*time.Second, isError(t, err).RetryAfter)
	require.ErrorContains(t, err, "try again in 5m1s")
	require.Len(t, f.requests(), 1)
	require.Empty(t, n.slept)
}

func TestATimeThatAServerNamesIsByItsOwnClock(t *testing.T) {
	for _, ahead := range []time.Duration{0, time.Hour, -time.Hour} {
		theirs := noon.Add(ahead)
		for name, value := range map[string]string{
			"X-Rate-Limit-Reset": fmt.Sprint(theirs.Add(40 * time.Second).Unix()),
			"Retry-After":        theirs.Add(40 * time.Second).Format(http.TimeFormat),
		} {
			f := newTestServer(t, inTurn(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", theirs.Format(http.TimeFormat))
				w.Header().Set(name, value)
				w.WriteHeader(http.StatusTooManyRequests)
			}, says(200, `{}`)))
			n := newTestClient(t, f.URL, nil)

			_, err := n.Get(t.Context(), "/", nil)

			require.NoError(t, err)
			require.Equal(t, []time.Duration{40 * time.Second}, n.slept, "%s, a clock %s ahead", name, ahead)
		}
	}
}

func TestTheServersClockIsKnownFromItsAnswers(t *testing.T) {
	date := noon
	f := newTestServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", date.Format(http.TimeFormat))
		_, _ = io.WriteString(w, `{}`)
	})
	n := newTestClient(t, f.URL, nil)
	require.Equal(t, noon, n.ServerTime(noon), "before any answer it is taken for ours")
	for ahead, want := range map[time.Duration]time.Duration{
		5 * time.Minute: 5 * time.Minute, -time.Hour: -time.Hour,
		-time.Second: 0, 2 * time.Second: 0, // whole seconds, and the way of the answer
	} {
		date = noon.Add(ahead)
		_, err := n.Get(t.Context(), "/", nil)
		require.NoError(t, err)
		require.Equal(t, noon.Add(want), n.ServerTime(noon))
	}
}

func TestReadsAreRepeatedAtAGrowingPaceAndThenGivenUp(t *testing.T) {
	for _, status := range []int{502, 503, 504} {
		f := newTestServer(t, says(status, `{"message":"later"}`))
		n := newTestClient(t, f.URL, func(o *transport.Options) { o.Attempts = 9 })

		_, err := n.Get(t.Context(), "/", nil)

		require.Equal(t, status, isError(t, err).Status)
		require.Len(t, f.requests(), 9)
		require.Equal(t, []time.Duration{
			500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second,
			8 * time.Second, 16 * time.Second, 30 * time.Second, 30 * time.Second,
		}, n.slept)
	}
}

func TestARateLimitWithoutATimeIsWaitedForBeforeARetry(t *testing.T) {
	f := newTestServer(t, says(429, `{"message":"later"}`))
	n := newTestClient(t, f.URL, func(o *transport.Options) { o.Attempts = 6 })

	_, err := n.Get(t.Context(), "/", nil)

	require.ErrorIs(t, err, transport.ErrRateLimited)
	require.Equal(t, []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute}, n.slept)

	n = newTestClient(t, f.URL, func(o *transport.Options) { o.Attempts, o.Rand = 2, func() float64 { return 0.5 } })
	_, err = n.Get(t.Context(), "/", nil)
	require.ErrorIs(t, err, transport.ErrRateLimited)
	require.Equal(t, []time.Duration{11250 * time.Millisecond}, n.slept)
}

func TestJitterTakesOffUpToAHalf(t *testing.T) {
	f := newTestServer(t, inTurn(says(503, ``), says(200, `{}`)))
	n := newTestClient(t, f.URL, func(o *transport.Options) { o.Rand = func() float64 { return 0.999 } })

	_, err := n.Get(t.Context(), "/", nil)

	require.NoError(t, err)
	require.InDelta(t, 250*time.Millisecond, n.slept[0], float64(time.Millisecond))
}

func TestAnswersThatWillNotChangeAreNotAskedForAgain(t *testing.T) {
	for status, want := range map[int]error{
		400: transport.ErrRefused, 401: transport.ErrUnauthorized, 403: transport.ErrForbidden, 404: transport.ErrNotFound,
		409: transport.ErrConflict, 422: transport.ErrRefused, 500: transport.ErrServer, 501: transport.ErrServer,
	} {
		f := newTestServer(t, says(status, `{"message":"no"}`))
		n := newTestClient(t, f.URL, nil)

		_, err := n.Get(transport.WithOp(t.Context(), "list members"), "/v2/x", nil)

		require.ErrorIs(t, err, want)
		require.NotErrorIs(t, err, transport.ErrRateLimited)
		require.Len(t, f.requests(), 1)
		require.EqualError(t, err, fmt.Sprintf("hub: list members: GET %s/v2/x: %d %s: no", f.URL, status, http.StatusText(status)))
		require.False(t, isError(t, err).Unknown, "a read changes nothing")
	}
}

func TestAWaitIsAnnouncedAndRecorded(t *testing.T) {
	f := newTestServer(t, inTurn(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"detail":"Rate limit exceeded","error":false}`)
	}, says(200, `{}`)))
	n := newTestClient(t, f.URL, nil)

	_, err := n.Get(t.Context(), "/", nil)

	require.NoError(t, err)
	reason := "429 Too Many Requests: Rate limit exceeded"
	require.Equal(t, []transport.Wait{{System: "hub", Reason: reason, For: 30 * time.Second, Attempt: 1}}, n.waits)
	require.Len(t, n.exchanges, 3)
	require.Equal(t, transport.Exchange{
		At: noon, System: "hub", Method: "GET", URL: f.URL + "/", Attempt: 1, Status: 429, Err: reason, Wait: 30 * time.Second,
	}, n.exchanges[1])
	require.Equal(t, 2, n.exchanges[2].Attempt)
}

func TestALostConnectionIsTriedAgainWhenReading(t *testing.T) {
	for name, broken := range map[string]http.HandlerFunc{"dropped": drops, "half a body": breaksOff} {
		t.Run(name, func(t *testing.T) {
			f := newTestServer(t, inTurn(broken, says(200, `{"n":1}`)))
			n := newTestClient(t, f.URL, nil)
			var got struct{ N int }

			require.NoError(t, n.GetJSON(t.Context(), "/", nil, &got))
			require.Equal(t, 1, got.N)

			f = newTestServer(t, broken)
			n = newTestClient(t, f.URL, func(o *transport.Options) { o.Attempts = 2 })
			err := n.GetJSON(t.Context(), "/", nil, &got)
			require.ErrorIs(t, err, transport.ErrUnreachable)
			require.Len(t, f.requests(), 2)
			if name == "half a body" {
				require.ErrorContains(t, err, "broke off halfway")
			}
		})
	}
}

// refusing is an address at which nobody listens, and nobody begins to: the port
// is taken, by the near end of a connection.
func refusing(t *testing.T) string {
	t.Helper()
	far, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, far.Close()) })
	near, err := net.Dial("tcp", far.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, near.Close()) })
	return "http://" + near.LocalAddr().String()
}

func TestAServerThatIsNotThereIsUnreachable(t *testing.T) {
	n := newTestClient(t, refusing(t), nil)

	_, err := n.Get(t.Context(), "/", nil)
	require.ErrorIs(t, err, transport.ErrUnreachable)
	require.Len(t, n.slept, 3)

	call := transport.Call{System: "hub", Method: "DELETE", URL: n.URL("/x", nil)}
	_, err = n.Do(transport.Approve(t.Context(), []transport.Call{call}, nil), call)
	require.ErrorIs(t, err, transport.ErrUnreachable)
	require.False(t, isError(t, err).Unknown, "no connection was made, so nothing was sent")
}

func TestWhatASecondTryCannotMendIsNotTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"unknown host": {&net.DNSError{Err: "no such host", Name: "hub.example", IsNotFound: true}, "the host name is not known"},
		"no TLS":       {tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, "does not speak TLS"},
	} {
		n := newTestClient(t, "https://hub.example", func(o *transport.Options) {
			o.Base = roundTrip(func(*http.Request) (*http.Response, error) { return nil, c.err })
		})
		_, err := n.Get(t.Context(), "/", nil)
		require.ErrorIs(t, err, transport.ErrUnreachable, name)
		require.ErrorContains(t, err, c.want, name)
		require.Empty(t, n.slept, name)
	}
}

func TestASlowHandshakeIsATimeout(t *testing.T) {
	n := newTestClient(t, "https://hub.example", func(o *transport.Options) {
		o.Base = roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
		})
	})
	_, err := n.Get(t.Context(), "/", nil)
	require.ErrorIs(t, err, transport.ErrTimeout)
	require.Empty(t, n.slept)
}

func TestTheRealTimerWaitsAsLongAsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		client, err := transport.New(transport.Options{
			System: "hub", BaseURL: "https://hub.example",
			Base: roundTrip(func(*http.Request) (*http.Response, error) {
				attempts++
				if attempts == 1 {
					return answer(429, "Retry-After", "240"), nil
				}
				return answer(200, "", ""), nil
			}),
		})
		require.NoError(t, err)
		began := time.Now()

		_, err = client.Get(t.Context(), "/", nil)

		require.NoError(t, err)
		require.Equal(t, 4*time.Minute, time.Since(began))
	})
}

func TestAWaitEndsWhenTheCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, err := transport.New(transport.Options{
			System: "hub", BaseURL: "https://hub.example",
			Base: roundTrip(func(*http.Request) (*http.Response, error) { return answer(429, "Retry-After", "60"), nil }),
		})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()

		_, err = client.Get(ctx, "/", nil)

		require.Equal(t, 10*time.Second, time.Since(began))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, transport.ErrTimeout)

		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err = client.RoundTripper().RoundTrip(request(t, ctx, "GET", "https://hub.example/", ""))
		require.ErrorContains(t, err, "while waiting to repeat it")
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestASilentServerEndsInATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		client, err := transport.New(transport.Options{
			System: "hub", BaseURL: "https://hub.example",
			Base: roundTrip(func(r *http.Request) (*http.Response, error) {
				attempts++
				<-r.Context().Done()
				return nil, r.Context().Err()
			}),
		})
		require.NoError(t, err)
		began := time.Now()

		_, err = client.Get(t.Context(), "/", nil)

		require.ErrorIs(t, err, transport.ErrTimeout)
		require.ErrorContains(t, err, "for 30s; check the network")
		require.NotErrorIs(t, err, context.DeadlineExceeded, "that would say the caller's time was up")
		require.Equal(t, 30*time.Second, time.Since(began))
		require.Equal(t, 1, attempts)
	})
}

func TestAHangingServerEndsInATimeoutOverRealHTTP(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for name, hang := range map[string]http.HandlerFunc{
		"before the answer": func(http.ResponseWriter, *http.Request) { <-release },
		"within the answer": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"half":`)
			w.(http.Flusher).Flush()
			<-release
		},
	} {
		f := newTestServer(t, hang)
		n := newTestClient(t, f.URL, func(o *transport.Options) { o.Timeout = 50 * time.Millisecond })
		_, err := n.Get(t.Context(), "/", nil)
		require.ErrorIs(t, err, transport.ErrTimeout, name)
		require.Len(t, n.exchanges, 1, name)
		require.Empty(t, n.slept, name)
	}
}

func TestTheCallerCanCancelAtAnyTime(t *testing.T) {
	arrived, release := make(chan struct{}, 8), make(chan struct{})
	f := newTestServer(t, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	})
	defer close(release)
	n := newTestClient(t, f.URL, nil)
	call := transport.Call{System: "hub", Method: "DELETE", URL: n.URL("/x", nil)}

	for _, c := range []struct {
		call    transport.Call
		unknown bool
	}{
		{transport.Call{System: "hub", Method: "GET", URL: n.URL("/x", nil)}, false},
		{call, true},
	} {
		ctx, cancel := context.WithCancel(transport.Approve(t.Context(), []transport.Call{call}, nil))
		go func() { <-arrived; cancel() }()
		_, err := n.Do(ctx, c.call)
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, transport.ErrTimeout)
		require.Equal(t, c.unknown, isError(t, err).Unknown)

		before := len(f.requests())
		_, err = n.Do(ctx, c.call)
		require.ErrorIs(t, err, context.Canceled)
		require.False(t, isError(t, err).Unknown, "cancelled before it was sent")
		require.Len(t, f.requests(), before)
	}
	require.Empty(t, n.slept)
}

func TestAnErrorOfSleepEndsTheRetries(t *testing.T) {
	f := newTestServer(t, says(503, ``))
	n := newTestClient(t, f.URL, func(o *transport.Options) {
		o.Sleep = func(context.Context, time.Duration) error { return errors.New("woken") }
	})

	_, err := n.Get(t.Context(), "/", nil)

	require.ErrorContains(t, err, "woken")
	require.Len(t, f.requests(), 1)
}
