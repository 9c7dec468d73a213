package engine

import "time"

// QuestionID names something only a person can tell.
type QuestionID string

// The questions.
const (
	AskSignIn      QuestionID = "sign-in"
	AskApp         QuestionID = "application" // which application at the identity provider is Docker's
	AskOrg         QuestionID = "organization"
	AskMember      QuestionID = "member"
	AskJIT         QuestionID = "jit"          // where the JIT switch stands in the console
	AskProvider    QuestionID = "provider"     // which identity provider it is, when none can be read
	AskRole        QuestionID = "role"         // the role the person should have, when no IdP can be read
	AskTeams       QuestionID = "teams"        // the teams, likewise
	AskSCIMTested  QuestionID = "scim-tested"  // whether provisioning was seen working, when no IdP can be read
	AskRace        QuestionID = "race"         // going on although JIT may re-add the person
	AskPrivate     QuestionID = "private"      // private personal repositories that we cannot see
	AskMemberToken QuestionID = "member-token" // the member's own credential
	AskSelf        QuestionID = "self"         // whether the person is the operator
	AskManaged     QuestionID = "managed"      // the owner's word on whether SCIM manages the person
)

// QuestionKind is how an answer is given.
type QuestionKind string

// The kinds.
const (
	AnswerChoice     QuestionKind = "choice"
	AnswerText       QuestionKind = "text"
	AnswerMember     QuestionKind = "member"     // one of Case.Roster
	AnswerCredential QuestionKind = "credential" // a sign-in form; the answer never enters the Case
	AnswerWords      QuestionKind = "words"      // the exact words of Phrase must be typed
)

// Question asks the owner for what no system tells.
type Question struct {
	ID      QuestionID
	Kind    QuestionKind
	Text    string
	Why     string // why it cannot be read
	Options []Option
	Phrase  string     // for AnswerWords
	Default string     // for AnswerText: what is likely
	Systems []SystemID // for AnswerCredential
	Note    string     // what was wrong with the last answer
}

// Option is one possible answer.
type Option struct {
	Value string
	Label string
	Why   string
}

// Answer is what the owner said, and when.
type Answer struct {
	Value  string    `json:"value"`
	At     time.Time `json:"at"`
	Toggle string    `json:"toggle,omitempty"` // of AskJIT: Audit.LastToggle when it was given
}

// Outcome is an edge out of a step.
type Outcome string

// Verdict is what a step concludes from the case: either a question that must
// be answered first, an outcome that needs nobody's choice, or the choices.
type Verdict struct {
	Headline string
	Findings []Finding
	Ask      *Question
	Auto     Outcome
	Choices  []Choice
}

// Choice is one way on. One that cannot be taken is shown with its reason, not
// hidden.
type Choice struct {
	Outcome     Outcome
	Label       string
	Why         string
	Recommended bool
	Disabled    string   // the reason, empty when it can be taken
	Action      ActionID // what must be planned, approved and verified first; empty to just go on
}

// Choice returns the choice that leads to outcome.
func (v Verdict) Choice(o Outcome) (Choice, bool) {
	for _, c := range v.Choices {
		if c.Outcome == o {
			return c, true
		}
	}
	return Choice{}, false
}
