//go:build !windows

package registry_test

import (
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// peakMemory is the largest resident set that a process which has ended had, in
// bytes.
func peakMemory(t *testing.T, c *exec.Cmd) int64 {
	t.Helper()
	use, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
	require.True(t, ok)
	if runtime.GOOS == "darwin" { // which counts bytes, where others count KiB
		return use.Maxrss
	}
	return use.Maxrss << 10
}
