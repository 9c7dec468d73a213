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

// Advise says what to do about the reason that a provider gives for a failed
// push. The reasons are free text that mostly is the SCIM server's answer, so
// this goes by words.
func Advise(reason string) string {
	lower := strings.ToLower(reason)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(lower, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("seat"):
		return "No seat is left in the Docker organization: free one or add one, then push again."
	case has("group memberships grant"):
		return "The identity provider does not take the application from a person whose group grants it. Nothing is lost: push through the group instead."
	case has("field mapping and profile push"):
		return "The application's mapping gives another value than the assignment had. Assign the person in the admin console (the application > Assignments), with the values that are right, and look again: the push is then done."
	case has("401", "unauthorized", "invalid or missing scim token", "invalidcredentials", "credentialvalidation", "authentication failed"):
		return "Docker no longer accepts the SCIM token that the identity provider uses; a token that was made anew ends the old one. Copy the current one from Docker Home > SSO and SCIM > Setup SCIM into the provider, test the connection there, then push again."
	case has("quarantine"):
		return "The provisioning job is in quarantine. Mend what its reason says, then start the job again."
	case has("not assigned", "noteffectivelyentitled", "not effectively entitled", "scoping filter", "out of scope", "not in scope", "entitlement for provisioning"):
		return "The person is outside the scope of provisioning: assign them to the application, or change its scoping filter, then push again."
	case has("required attribute", "missing required", "is required", "cannot be left blank", "no email address"):
		return "A required attribute is empty. Fill it in the person's profile in the identity provider, then push again."
	case has("already exists", "already present", "uniqueness", "conflict", "409"):
		return "Docker has a record for this address already. Look which account has it, then push again."
	case has("429", "too many requests", "rate limit", "throttl"):
		return "Docker or the identity provider asked for a pause. Wait for a minute, then push again."
	case has("500", "502", "503", "504", "internal server error", "unavailable", "timeout", "timed out", "no response"):
		return "Docker's SCIM service did not answer well. It is not your doing: push again in a while."
	}
	return "Mend what the identity provider's reason says, then push again."
}
