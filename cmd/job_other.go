//go:build !unix

package cmd

// shellJob is false: there are no jobs to suspend.
func shellJob() bool { return false }
