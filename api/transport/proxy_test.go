package transport_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// childVariable makes this test binary a program that sends one read and prints
// its error: a process reads the proxy variables only once.
const childVariable = "TRANSPORT_TEST_CHILD"

func child(stdout *os.File) error {
	client, err := transport.New(transport.Options{
		System: "hub", BaseURL: "https://hub.example",
		Sleep: func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		return err
	}
	_, err = client.Get(context.Background(), "/", nil)
	if err != nil {
		_, err = stdout.WriteString(err.Error())
	}
	return err
}

func TestTheProxyOfTheEnvironmentIsUsedAndItsPasswordNotShown(t *testing.T) {
	proxy := newTestServer(t, says(http.StatusForbidden, ``))
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childVariable+"=1", "NO_PROXY=", "no_proxy=", "https_proxy=",
		"HTTPS_PROXY="+strings.Replace(proxy.URL, "http://", "http://me:"+canary+"@", 1))

	out, err := cmd.Output()

	require.NoError(t, err)
	require.NotContains(t, string(out), canary)
	require.Contains(t, string(out), transport.ErrUnreachable.Error())
	require.NotEmpty(t, proxy.requests())
	require.Equal(t, http.MethodConnect, proxy.requests()[0].Method)
	require.Equal(t, "hub.example:443", proxy.requests()[0].Host)
}
