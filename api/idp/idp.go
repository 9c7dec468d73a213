// Package idp holds the nouns that the identity providers share: an
// application, a person's assignment to it, and what it would send to Docker.
// It does no I/O; each provider has a package of its own below this one.
//
// Everything textual comes from a foreign system and is untrusted: clean it
// before it is shown.
package idp

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Ref points at an application that was found before. Label is how it was
// called then: one that is called otherwise now may have another purpose.
type Ref struct {
	ID, Label string
	Job       string // Entra's provisioning job
}

// Pin is the application that a client keeps to.
type Pin struct {
	mu  sync.Mutex
	ref Ref
}

// Use makes this the application, and its job the job, from now on, without
// another search.
func (p *Pin) Use(r Ref) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ref = r
}

// Used is the application in use; without an ID none was found yet.
func (p *Pin) Used() Ref {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ref
}

// Candidate is an application that may be the one for Docker.
type Candidate struct {
	Ref

	Detail string // what tells it from others, in words
}

// ChoiceError says that it cannot be told which application is Docker's, so
// that somebody has to choose.
type ChoiceError struct {
	Provider string
	Why      string
	Found    []Candidate // never empty
	Err      error       // may be nil
}

// Error implements error.
func (e *ChoiceError) Error() string {
	const most = 5
	var all []string
	for _, c := range e.Found[:min(len(e.Found), most)] {
		all = append(all, fmt.Sprintf("%q (%s)", c.Label, c.Detail))
	}
	if n := len(e.Found) - most; n > 0 {
		all = append(all, fmt.Sprintf("and %d more", n))
	}
	return fmt.Sprintf("%s: %s; there is %s: choose one, or give its ID for its name", e.Provider, e.Why, strings.Join(all, ", "))
}

// Unwrap returns the cause.
func (e *ChoiceError) Unwrap() error { return e.Err }

// Application is the provider's application for Docker.
type Application struct {
	Ref

	Status, SignOnMode string
	ConsoleURL         string // the page where an administrator opens it; empty when not known
	Provisioning       Provisioning
}

// Provisioning is what the application is set to do over SCIM. When Known is
// false the provider did not tell, and the other fields mean nothing.
type Provisioning struct {
	Enabled bool
	Create  bool // new assignments create users
	Update  bool // profile changes are sent
	// Deactivate says that taking the assignment away deactivates the user.
	Deactivate bool
	Known      bool
	Why        string // why nothing would be sent: off, paused, in quarantine and for what reason; empty when something is
}

// Attribute is one statement that single sign-on sends with an assertion.
type Attribute struct {
	Name, Namespace, Expression string
	Value                       string // only when Resolved
	Resolved                    bool   // the expression was simple enough, and its parts were known
	Where                       string // where an administrator changes it, in words
	Page                        string // the address of that place; empty when not known
}

// Scope is how an assignment came to be.
type Scope string

// The scopes of an assignment.
const (
	ScopeNone  Scope = ""      // not assigned
	ScopeUser  Scope = "user"  // assigned to the person
	ScopeGroup Scope = "group" // assigned through a group
)

// Group is a group through which the person is assigned.
type Group struct {
	ID, Name  string
	OtherApps []string // labels of other applications that it grants: leaving the group takes them too
	Elsewhere bool     // its members come from another directory, and cannot be changed at the provider
}

// Assignment is one person and the application: whether they have it, and what
// provisioning and single sign-on would send about them.
type Assignment struct {
	Provider string
	App      Application
	UserID   string // the provider's; empty when it knows no such person
	Login    string
	Status   string // of the assignment, in the provider's word
	Assigned bool
	Scope    Scope
	Groups   []Group // of theirs that grant the application, whatever the scope
	OutOf    string  // why an assigned person would be skipped all the same, such as a scoping filter; empty when they would not

	ExternalID string // the SCIM id that the provider believes in
	LinkUnread bool   // the provider does not tell ExternalID, or not to us
	SyncState  string
	LastSync   time.Time // zero when never
	Errors     []string  // what the provider says went wrong, newest first
	Failure    string    // its reason, if the last attempt to send them failed

	UserName, GivenName, FamilyName string
	Role, Org                       string   // Docker attributes that SCIM would carry
	Teams                           []string // likewise
	// Profile is the application profile as the provider gave it. It is sent
	// back when the person is assigned again, but for what is Filled.
	Profile map[string]any
	// Filled are the properties of Profile that the provider fills in by itself
	// when the person is assigned: it may refuse other values for them.
	Filled       []string
	FilledUnread bool        // which those are is not told
	SSO          []Attribute // statements resolved for this person
	// Ways are those by which the provider can be made to create the person
	// anew, the safest first. Their order depends on the assignment alone.
	Ways []Way
}

// Carries is what the assignment sends about role and teams, in words.
func (a Assignment) Carries() string {
	role := a.Role
	if role == "" {
		role = "member"
	}
	if len(a.Teams) == 0 {
		return role + ", no team"
	}
	return role + " on " + strings.Join(a.Teams, ", ")
}

// Event is one entry of the provider's log about a person.
type Event struct {
	At                          time.Time
	Type, Result, Reason, Actor string // Result is SUCCESS, FAILURE, SKIPPED and so on
	// Sends says that it is about sending the person to Docker. One about taking
	// them out there says nothing about that, and nor does a changed assignment.
	Sends bool
}

// Failed reports whether what the event is about went wrong.
func (e Event) Failed() bool { return e.Result == "FAILURE" }

// Succeeded reports whether it went well.
func (e Event) Succeeded() bool { return e.Result == "SUCCESS" }
