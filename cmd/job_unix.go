//go:build unix

package cmd

import "golang.org/x/sys/unix"

// shellJob reports whether a shell runs the program as one of its jobs, so that it can
// be suspended. In a window or a container of its own it cannot: the system ignores
// that, and the wait to be continued would never end.
func shellJob() bool {
	session, err := unix.Getsid(0)
	return err == nil && session != unix.Getpgrp()
}
