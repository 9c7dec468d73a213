package idp

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// Way is one way to make a provider send a person to Docker, as data, so that what is
// shown is what is sent.
type Way struct {
	Title   string // in the imperative
	Why     string // when to take it, in a clause
	Changes []Change
	Notes   []string // side effects, and what remains to be done by hand
	// Takes is the time until the person appears in Docker, if longer than usual.
	Takes time.Duration
}

// Change is one request of a Way.
type Change struct {
	ID            string // one of the constants below, some followed by a group's ID
	Title, Target string
	Before, After string
	Call          transport.Call
	Restores      string // the ID of the change that took away what this one gives back, if one did
}

// The IDs of changes. Those that end in a colon are followed by a group's ID.
const (
	ChangeConvert   = "convert"   // a group's assignment becomes an individual one
	ChangeUnassign  = "unassign"  // an individual assignment is removed
	ChangeAssign    = "assign"    // the person is assigned again
	ChangeLeave     = "leave:"    // the person leaves a group
	ChangeJoin      = "join:"     // the person joins the group again
	ChangeProvision = "provision" // the provider provisions the person now
	ChangeStart     = "start"     // the provider's job is started
	ChangeProfile   = "profile"   // the values are sent again
)

// Creates reports whether the provider creates the person upon the change, so that
// their presence in Docker proves that it was made.
func Creates(id string) bool {
	return id == ChangeAssign || id == ChangeProvision || id == ChangeStart || strings.HasPrefix(id, ChangeJoin)
}

// Result is a provider's response to a change.
type Result struct {
	Status string // "HTTP 204"
	Note   string // the steps that the provider reports; may be empty
}

// RefusalError means that a provider did not carry out a change. It has the provider's
// reason and what to do about it.
type RefusalError struct {
	Provider string
	Reason   string // the provider's own
	Advice   string
	Err      error // may be nil
}

// Error implements error.
func (e *RefusalError) Error() string {
	return fmt.Sprintf("%s did not provision them: %s", e.Provider, strings.TrimSuffix(e.Reason, "."))
}

// Unwrap returns the cause.
func (e *RefusalError) Unwrap() error { return e.Err }
