package registry_test

import "testing"

func peakMemory(*testing.T) int64 { return 0 } // not counted here
