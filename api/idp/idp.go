// Package idp defines the types that the identity provider clients share: an
// application, a person's assignment to it, and what it would send to Docker. It does
// no I/O; each provider has a package below this one.
//
// All texts come from other systems and are untrusted: sanitize them before printing.
package idp

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Ref identifies an application that was found before. If its label has changed since,
// its purpose may have changed too.
type Ref struct {
	ID, Label string
	Job       string // Entra's provisioning job
}

// Pin holds the application that a client uses.
type Pin struct {
	mu  sync.Mutex
	ref Ref
}

// Use sets the application, and its job, so that it is not searched for again.
func (p *Pin) Use(r Ref) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ref = r
}

// Used returns the application in use. Its ID is empty if none has been found yet.
func (p *Pin) Used() Ref {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ref
}

// Candidate is an application that may be the one for Docker.
type Candidate struct {
	Ref

	Detail string // text that distinguishes it from the others
}

// ChoiceError means that several applications may be Docker's, so that a person has to
// choose.
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
	ConsoleURL         string // its page in the admin console; empty if not known
	Provisioning       Provisioning
}

// Provisioning is the application's SCIM configuration. If Known is false, the
// provider did not report it and the other fields are meaningless.
type Provisioning struct {
	Enabled    bool
	Create     bool // new assignments create users
	Update     bool // profile changes are sent
	Deactivate bool // removing the assignment deactivates the user
	Known      bool
	Why        string // why nothing would be sent, such as a quarantine and its reason; empty if something would be
}

// Attribute is one attribute of the SSO assertion.
type Attribute struct {
	Name, Namespace, Expression string
	Value                       string // valid if Resolved
	Resolved                    bool   // the expression could be evaluated
	Where                       string // where an administrator changes it
	Page                        string // the URL of that place; empty if not known
}

// Scope says how a person is assigned.
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
	OtherApps []string // labels of the other applications that it grants
	Elsewhere bool     // its members are managed in another directory and cannot be changed at the provider
}

// Assignment says whether a person is assigned to the application, and what
// provisioning and single sign-on would send about them.
type Assignment struct {
	Provider string
	App      Application
	UserID   string // the provider's ID; empty if it does not know the person
	Login    string
	Status   string // of the assignment, as the provider calls it
	Assigned bool
	Scope    Scope
	Groups   []Group // the person's groups that grant the application, whatever the scope
	OutOf    string  // why an assigned person would be skipped, such as a scoping filter; empty if they would not

	ExternalID string // the SCIM ID that the provider has stored
	LinkUnread bool   // ExternalID could not be read
	SyncState  string
	LastSync   time.Time // zero if never
	Errors     []string  // reported by the provider, newest first
	Failure    string    // the reason, if the last attempt to send them failed

	UserName, GivenName, FamilyName string
	Role, Org                       string   // Docker attributes that SCIM would send
	Teams                           []string // likewise
	// Profile is the application profile as received. It is sent back, without the
	// properties in Filled, when the person is assigned again.
	Profile map[string]any
	// Filled lists the properties of Profile that the provider sets itself when the
	// person is assigned. It may reject other values for them.
	Filled       []string
	FilledUnread bool        // Filled could not be read
	SSO          []Attribute // statements resolved for this person
	// Ways are the ways to make the provider create the person again, safest first.
	// Their order depends only on the assignment.
	Ways []Way
}

// Carries describes the role and teams that the assignment sends.
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
	// Sends is set for events about sending the person to Docker, as opposed to
	// deactivating them there or changing the assignment.
	Sends bool
}

// Failed reports whether the event is a failure.
func (e Event) Failed() bool { return e.Result == "FAILURE" }

// Succeeded reports whether the event is a success.
func (e Event) Succeeded() bool { return e.Result == "SUCCESS" }
