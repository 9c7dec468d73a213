package engine

import (
	"errors"
	"time"
)

// ErrUnsettled says that a system's answers contradict each other, as can happen
// for a while after a change to an eventually consistent system.
var ErrUnsettled = errors.New("the answers contradict each other")

// FactID names one observation that a step of the guide can ask for.
type FactID string

// The facts, each read by one function of package observe.
const (
	FactSession      FactID = "session"      // the systems signed in to
	FactRoster       FactID = "roster"       // everybody in the organization, for the picker and the owner count
	FactMember       FactID = "member"       // the member's role and teams in Docker
	FactInvites      FactID = "invites"      // the member's pending invites
	FactAudit        FactID = "audit"        // JIT and SCIM switches in the audit log
	FactSCIM         FactID = "scim"         // whether Docker's SCIM service accepts the token
	FactSCIMUser     FactID = "scim-user"    // the member's SCIM record at Docker
	FactExpectation  FactID = "expectation"  // what the identity provider would send
	FactRepositories FactID = "repositories" // what removal would put at risk
	FactSnapshot     FactID = "snapshot"     // role, teams and invites, to restore if needed
)

// Facts returns every fact, in the usual order of reading.
func Facts() []FactID {
	return []FactID{
		FactSession, FactRoster, FactMember, FactInvites, FactAudit,
		FactSCIM, FactSCIMUser, FactExpectation, FactRepositories, FactSnapshot,
	}
}

// Title returns the fact's name in words.
func (f FactID) Title() string {
	switch f {
	case FactSession:
		return "signed-in systems"
	case FactRoster:
		return "organization members"
	case FactMember:
		return "role and teams in Docker"
	case FactInvites:
		return "pending invites"
	case FactAudit:
		return "audit log of the SSO switches"
	case FactSCIM:
		return "Docker's SCIM service"
	case FactSCIMUser:
		return "SCIM record at Docker"
	case FactExpectation:
		return "what the identity provider sends"
	case FactRepositories:
		return "repositories at risk"
	case FactSnapshot:
		return "snapshot to restore from"
	}
	return string(f)
}

// Source says where a fact came from and when. If a fact could not be read, Missing
// is the reason, and the fact is unknown: that never means that there is none.
type Source struct {
	Name    string    `json:"name"`
	At      time.Time `json:"at"`
	Missing string    `json:"missing,omitempty"`
}

// Known reports whether the fact was read.
func (s Source) Known() bool { return !s.At.IsZero() && s.Missing == "" }

// Strength is the certainty of a finding.
type Strength string

// The strengths. There is none for unlikely: a refuted finding is not reported.
const (
	Certain Strength = "certain"
	Likely  Strength = "likely"
	Unknown Strength = "unknown"
)

// Evidence is one observation that supports a finding.
type Evidence struct {
	Text   string    `json:"text"`
	Fact   FactID    `json:"fact,omitempty"`
	Source string    `json:"source"`
	At     time.Time `json:"at"`
}

// FindingID names a conclusion of package diagnose.
type FindingID string

// The findings. The first two are the causes that Docker's guide
// "Troubleshoot provisioning" names; the others explain why neither applies.
const (
	FindingJITOverrides     FindingID = "jit-overrides"    // cause A
	FindingNotManaged       FindingID = "not-scim-managed" // cause B
	FindingNothingWrong     FindingID = "nothing-wrong"
	FindingJITWouldOverride FindingID = "jit-would-override" // cause A, at the next sign-in
	FindingNotAssigned      FindingID = "not-assigned"
	FindingProvisioningOff  FindingID = "provisioning-off"
	FindingMisdirected      FindingID = "misdirected" // the provider sends to another organization or account
	FindingGuest            FindingID = "guest"
	FindingInvitee          FindingID = "invitee"
	FindingNotDelivered     FindingID = "not-delivered" // SCIM-managed and JIT off, but the values still differ
	FindingUndecided        FindingID = "undecided"     // too little could be read to tell
)

// Finding is one conclusion with its evidence.
type Finding struct {
	ID       FindingID  `json:"id"`
	Title    string     `json:"title"`
	Detail   string     `json:"detail"`
	Strength Strength   `json:"strength"`
	Evidence []Evidence `json:"evidence,omitempty"`
	Remedies []Remedy   `json:"remedies,omitempty"` // best first
}

// Remedy is a branch of the guide.
type Remedy string

// The remedies.
const (
	RemedyDisableJIT  Remedy = "disable-jit"
	RemedyMatch       Remedy = "match-attributes"
	RemedyReprovision Remedy = "re-provision"
	RemedyPushProfile Remedy = "push-profile"
	RemedyAdvice      Remedy = "advice" // a fix by hand at the source; the tool has nothing to run
)
