package engine

import "time"

// QuestionID names a question that only a person can answer.
type QuestionID string

// The questions.
const (
	AskSignIn      QuestionID = "sign-in"
	AskApp         QuestionID = "application" // which application at the identity provider is Docker's
	AskOrg         QuestionID = "organization"
	AskMember      QuestionID = "member"
	AskJIT         QuestionID = "jit"          // the position of the JIT switch in the console
	AskProvider    QuestionID = "provider"     // which identity provider is used, if none can be read
	AskRole        QuestionID = "role"         // the role the member should have, if no identity provider can be read
	AskTeams       QuestionID = "teams"        // the teams the member should be on, likewise
	AskSCIMTested  QuestionID = "scim-tested"  // whether provisioning was tested, if no identity provider can be read
	AskRace        QuestionID = "race"         // whether to continue although JIT may add the member again
	AskPrivate     QuestionID = "private"      // private personal repositories that cannot be listed
	AskMemberToken QuestionID = "member-token" // the member's own credential
	AskSCIM        QuestionID = "scim"         // the SCIM token, where nothing goes on without it
	AskSelf        QuestionID = "self"         // whether the member is the operator
	AskManaged     QuestionID = "managed"      // whether SCIM manages the member, by the owner's own statement
)

// QuestionKind is the form of an answer.
type QuestionKind string

// The kinds.
const (
	AnswerChoice     QuestionKind = "choice"
	AnswerText       QuestionKind = "text"
	AnswerMember     QuestionKind = "member"     // one of Case.Roster
	AnswerCredential QuestionKind = "credential" // a sign-in form; the answer never enters the Case
	AnswerWords      QuestionKind = "words"      // the exact words of Phrase must be typed
)

// Question asks the owner for something that no system reports.
type Question struct {
	ID      QuestionID
	Kind    QuestionKind
	Text    string
	Why     string // why it cannot be read
	Options []Option
	Phrase  string     // for AnswerWords
	Default string     // for AnswerText: a likely answer
	Systems []SystemID // for AnswerCredential
	Note    string     // what was wrong with the last answer
}

// Option is one possible answer.
type Option struct {
	Value string
	Label string
	Why   string
}

// Answer is the owner's answer and its time.
type Answer struct {
	Value  string    `json:"value"`
	At     time.Time `json:"at"`
	Toggle string    `json:"toggle,omitempty"` // for AskJIT: Audit.LastToggle at that time
}

// Outcome names an edge that leads out of a step.
type Outcome string

// Verdict is what a step concludes from the case: a question that must be answered
// first, an outcome that follows without a choice, or the choices.
type Verdict struct {
	Headline string
	Findings []Finding
	Ask      *Question
	Auto     Outcome
	Choices  []Choice
}

// Choice is one way to continue. A disabled choice is shown with its reason, not
// hidden.
type Choice struct {
	Outcome     Outcome
	Label       string
	Why         string
	Recommended bool
	Disabled    string   // why it cannot be taken, empty if it can
	Action      ActionID // the action to plan, approve and verify first; empty for none
}

// Choice returns the choice with outcome o, and whether there is one.
func (v Verdict) Choice(o Outcome) (Choice, bool) {
	for _, c := range v.Choices {
		if c.Outcome == o {
			return c, true
		}
	}
	return Choice{}, false
}
