//go:build !windows

package registry_test

import (
	"os"
	"regexp"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

var highWater = regexp.MustCompile(`VmHWM:\s*(\d+) kB`)

// peakMemory is the largest resident set that this process has had, in bytes.
// Linux also counts that of the process which started it in ru_maxrss, which its
// status file does not.
func peakMemory(t *testing.T) int64 {
	t.Helper()
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		found := highWater.FindSubmatch(status)
		require.NotNil(t, found)
		kib, err := strconv.ParseInt(string(found[1]), 10, 64)
		require.NoError(t, err)
		return kib << 10
	}
	var use syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	if runtime.GOOS == "darwin" { // which counts bytes, where others count KiB
		return use.Maxrss
	}
	return use.Maxrss << 10
}
