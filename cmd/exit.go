package cmd

import (
	"context"
	"errors"

	"github.com/seed-05b3d87e/reprovision/api/transport"
	"github.com/seed-05b3d87e/reprovision/engine/run"
)

// Exit codes. They are part of the command line's contract.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitAuth        = 4
	exitRefused     = 5 // by a safety rule
	exitInterrupted = 130
)

// usageError is a command line that cannot be understood.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// reportedError is one that the command's own output has told already.
type reportedError struct{ err error }

func (e reportedError) Error() string { return e.err.Error() }
func (e reportedError) Unwrap() error { return e.err }

// exitCode maps what a command returned to the process's exit code.
func exitCode(err error) int {
	var usage usageError
	var refused *run.RefusedError
	var unsigned signInError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage), errors.Is(err, run.ErrNoRun):
		return exitUsage
	case errors.As(err, &refused), errors.Is(err, transport.ErrReadOnly), errors.Is(err, transport.ErrNotApproved):
		return exitRefused
	case errors.Is(err, transport.ErrUnauthorized), errors.Is(err, transport.ErrForbidden), errors.As(err, &unsigned):
		return exitAuth
	}
	return exitError
}
