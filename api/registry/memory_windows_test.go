package registry_test

import (
	"os/exec"
	"testing"
)

func peakMemory(*testing.T, *exec.Cmd) int64 { return 0 } // not counted here
