package sandbox_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

// patience is how long a test waits for what is bound to come.
const patience = 2 * time.Minute

const membersPath = "/v2/orgs/acme/members"

func TestFaultAnswersWithWhatItIsGivenAndThenStops(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.Fail(sandbox.Fault{
		System: "hub", Method: http.MethodGet, Path: membersPath, Skip: 1, Times: 2,
		Status: http.StatusTooManyRequests, Header: http.Header{"retry-after": {"7"}}, Body: `{"detail":"slow down"}`,
	})
	require.Equal(t, http.StatusOK, w.hub(http.MethodGet, membersPath, nil).status)
	for range 2 {
		a := w.hub(http.MethodGet, membersPath, nil)
		require.Equal(t, http.StatusTooManyRequests, a.status)
		require.Equal(t, "7", a.header.Get("Retry-After"))
		require.Equal(t, "slow down", a.text("detail"))
		require.Equal(t, http.StatusOK, w.hub(http.MethodGet, "/v2/orgs/acme/groups", nil).status)
	}
	require.Equal(t, http.StatusOK, w.hub(http.MethodGet, membersPath, nil).status)
	require.Equal(t, http.StatusTooManyRequests, w.Requests()[2].Status)
}

func TestFaultsOfOptionsActFromTheStart(t *testing.T) {
	w := start(t, sandbox.Options{Faults: []sandbox.Fault{{System: "scim", Kind: sandbox.FaultHTML, Times: -1}}})
	for range 3 {
		a := w.scim(http.MethodGet, "/Users", nil)
		require.Equal(t, http.StatusOK, a.status)
		require.Contains(t, a.header.Get("Content-Type"), "text/html")
		require.Contains(t, a.body, "<html>")
	}
	require.Equal(t, http.StatusOK, w.hub(http.MethodGet, membersPath, nil).status, "SCIM is another system than the Hub")
}

func TestHalfBodyBreaksInTheMiddle(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.Fail(sandbox.Fault{Path: membersPath, Kind: sandbox.FaultHalfBody})
	a, err := w.try(http.MethodGet, w.Addresses().HubURL+membersPath, map[string]string{"Authorization": "Bearer " + w.jwt}, nil)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, http.StatusOK, a.status)
	require.NotEmpty(t, a.body)
}

func TestDropBeforeAndAfterTheAct(t *testing.T) {
	w := start(t, sandbox.Options{})
	remove := func(username string) error {
		_, err := w.try(http.MethodDelete, w.Addresses().HubURL+membersPath+"/"+username, map[string]string{"Authorization": "Bearer " + w.jwt}, nil)
		return err
	}
	w.Fail(sandbox.Fault{Method: http.MethodDelete, Kind: sandbox.FaultDrop})
	require.Error(t, remove("theo-brandt"))
	require.NotNil(t, w.member("theo-brandt"))
	w.Fail(sandbox.Fault{Method: http.MethodDelete, Kind: sandbox.FaultDropAfter})
	require.Error(t, remove("theo-brandt"))
	require.Nil(t, w.member("theo-brandt"), "it was carried out, and nobody was told")
	w.Fail(sandbox.Fault{Method: http.MethodDelete, Kind: sandbox.FaultHalfBody})
	require.Error(t, remove("sam-okafor"), "an answer without a body breaks too")
	require.Nil(t, w.member("sam-okafor"))
}

func TestHangEndsWithTheClientOrWithTheSandbox(t *testing.T) {
	w := start(t, sandbox.Options{})
	w.Fail(sandbox.Fault{System: "okta", Kind: sandbox.FaultHang, Times: 2})
	ended := make(chan error, 1)
	ask := func(ctx context.Context) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.Addresses().OktaURL+"/api/v1/apps", nil)
		if err != nil {
			ended <- err
			return
		}
		res, err := w.client.Do(r)
		if res != nil {
			_ = res.Body.Close()
		}
		ended <- err
	}
	arrived := func(n int) {
		t.Helper()
		require.Eventually(t, func() bool {
			okta := 0
			for _, r := range w.Requests() {
				if r.System == "okta" {
					okta++
				}
			}
			return okta == n
		}, patience, time.Millisecond)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go ask(ctx)
	arrived(1)
	select {
	case err := <-ended:
		t.Fatalf("it was answered: %v", err)
	default:
	}
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)

	go ask(t.Context())
	arrived(2)
	require.NoError(t, w.Close())
	require.Error(t, <-ended)
}
