package transport_test

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

func TestALimitThatIsUsedUpIsWaitedForBeforeAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := func() time.Time { return time.Now().AddDate(26, 0, 0) } // unix times of now, and not of 2000
		remaining, reset := "0", 40*time.Second
		var sent []string
		var waits []transport.Wait
		c, err := transport.New(transport.Options{
			System: "okta", BaseURL: "https://acme.okta.com", Waiting: func(w transport.Wait) { waits = append(waits, w) },
			Now:   now,
			Limit: func(u *url.URL) string { return u.Path },
			Base: roundTrip(func(r *http.Request) (*http.Response, error) {
				sent = append(sent, r.URL.Path)
				a := answer(http.StatusOK, "X-Rate-Limit-Remaining", remaining)
				a.Header.Set("X-Rate-Limit-Reset", strconv.FormatInt(now().Add(reset).Unix(), 10))
				return a, nil
			}),
		})
		require.NoError(t, err)
		began := time.Now()
		get := func(ctx context.Context, path string) error {
			_, err := c.Get(ctx, path, nil)
			return err
		}
		require.NoError(t, get(t.Context(), "/apps"))
		require.NoError(t, get(t.Context(), "/users"))
		require.Zero(t, time.Since(began), "another limit is not used up")
		remaining = "7"
		require.NoError(t, get(t.Context(), "/apps"))
		require.Equal(t, 40*time.Second, time.Since(began).Round(time.Second))
		require.Equal(t, []transport.Wait{{System: "okta", Reason: "its rate limit is used up", For: 40 * time.Second}}, waits)
		require.NoError(t, get(t.Context(), "/apps"))
		require.Equal(t, 40*time.Second, time.Since(began).Round(time.Second), "it was reset")

		// Not for longer than a client waits, and no longer than the caller does.
		remaining, reset = "0", time.Hour
		require.NoError(t, get(t.Context(), "/logs"))
		require.NoError(t, get(t.Context(), "/logs"))
		require.Equal(t, 40*time.Second, time.Since(began).Round(time.Second))
		remaining, reset = "0", time.Minute
		require.NoError(t, get(t.Context(), "/groups"))
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		require.ErrorIs(t, get(ctx, "/groups"), context.DeadlineExceeded)
		require.Len(t, sent, 7, "nothing is sent before")
	})
}

// TestALateAnswerDoesNotOpenALimitThatIsUsedUp lets two requests overlap: the one
// that was counted first is answered last.
func TestALateAnswerDoesNotOpenALimitThatIsUsedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := func() time.Time { return time.Now().AddDate(26, 0, 0) }
		reset := strconv.FormatInt(now().Add(40*time.Second).Unix(), 10)
		began := time.Now()
		c, err := transport.New(transport.Options{
			System: "okta", BaseURL: "https://acme.okta.com", Now: now,
			Limit: func(*url.URL) string { return "all" },
			Base: roundTrip(func(r *http.Request) (*http.Response, error) {
				remaining := "0"
				if r.URL.Path == "/slow" {
					_ = transport.Sleep(r.Context(), 5*time.Second)
					remaining = "1"
				}
				if time.Since(began) >= 40*time.Second {
					remaining, reset = "9", strconv.FormatInt(now().Add(40*time.Second).Unix(), 10)
				}
				a := answer(http.StatusOK, "X-Rate-Limit-Remaining", remaining)
				a.Header.Set("X-Rate-Limit-Reset", reset)
				return a, nil
			}),
		})
		require.NoError(t, err)
		get := func(path string) {
			_, err := c.Get(t.Context(), path, nil)
			require.NoError(t, err)
		}
		go get("/slow")
		synctest.Wait()
		get("/quick")
		require.NoError(t, transport.Sleep(t.Context(), 6*time.Second)) // the slow one has come
		get("/third")
		require.Equal(t, 40*time.Second, time.Since(began).Round(time.Second))
		get("/fourth")
		require.Equal(t, 40*time.Second, time.Since(began).Round(time.Second))
	})
}
