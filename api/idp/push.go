package idp

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-05b3d87e/reprovision/api/transport"
)

// Way is one way to make a provider send a person to Docker, as data: what is
// shown is what is sent.
type Way struct {
	Title   string // in the imperative
	Why     string // when to take it, in a clause
	Changes []Change
	Notes   []string // side effects, and what is left to do by hand afterwards
	// Takes is how long it can take until the person shows up, if that is
	// longer than usual.
	Takes time.Duration
}

// Change is one request of a way.
type Change struct {
	ID            string // one of the constants below, some with a group's id appended
	Title, Target string
	Before, After string
	Call          transport.Call
	Restores      string // the ID of the change that took away what this one gives back, if one did
}

// The changes that ways are made of.
const (
	ChangeConvert   = "convert"   // a group's assignment becomes an individual one
	ChangeUnassign  = "unassign"  // an individual assignment is taken away
	ChangeAssign    = "assign"    // and given again
	ChangeLeave     = "leave:"    // out of the group whose id follows
	ChangeJoin      = "join:"     // back into it
	ChangeProvision = "provision" // the provider is told to provision the person now
	ChangeStart     = "start"     // the provider's job is started
	ChangeProfile   = "profile"   // the values are sent again
)

// Creates reports whether a change is one upon which the provider creates the
// person, so that Docker listing them proves that it was made.
func Creates(id string) bool {
	return id == ChangeAssign || id == ChangeProvision || id == ChangeStart || strings.HasPrefix(id, ChangeJoin)
}

// Result is what a provider answered to a change.
type Result struct {
	Status string // "HTTP 204"
	Note   string // what it says that it did, step by step; may be empty
}

// RefusalError says that a provider did not do what it was told, in its own
// words, and what to do about it.
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
