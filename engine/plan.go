package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// ActionID names a change to the world.
type ActionID string

// The actions, each one file of package remedy.
const (
	ActionDisableJIT    ActionID = "disable-jit"
	ActionMatch         ActionID = "match-attributes"
	ActionPushProfile   ActionID = "push-profile"
	ActionCancelInvites ActionID = "cancel-invites"
	ActionHandOver      ActionID = "hand-over"
	ActionRemove        ActionID = "remove"
	ActionPush          ActionID = "push"
	ActionUndo          ActionID = "undo" // puts back what a run changed; not a step of the guide
)

// Call is one HTTP request as a value. Its fields are those of the transport's
// own call, in the same order, so that the two convert into each other and
// stop compiling when they drift apart.
type Call struct {
	System      string `json:"system"`
	Method      string `json:"method"`
	URL         string `json:"url"`
	ContentType string `json:"contentType,omitempty"`
	Body        string `json:"body,omitempty"`
}

// ChangeKind is how a change is made.
type ChangeKind string

// The kinds.
const (
	ChangeRequest ChangeKind = "request" // one HTTP request
	ChangeCopy    ChangeKind = "copy"    // a repository copied registry to registry
	ChangeConsole ChangeKind = "console" // clicks in a web console, by a person
)

// Change is the smallest thing that is approved, journalled, run and checked.
type Change struct {
	ID      string     `json:"id"` // unique within the plan
	Kind    ChangeKind `json:"kind"`
	Title   string     `json:"title"`
	Target  string     `json:"target"`
	Before  string     `json:"before,omitempty"`
	After   string     `json:"after,omitempty"`
	Call    Call       `json:"call,omitzero"`
	Copy    Copy       `json:"copy,omitzero"`
	Console Console    `json:"console,omitzero"`
}

// Copy is a repository to be copied with all its tags.
type Copy struct {
	Source  string    `json:"source"` // host/namespace/name
	Target  string    `json:"target"`
	Private bool      `json:"private"`
	Uploads []string  `json:"uploads"` // URL prefixes below which the copy writes; none for a copy that the member made
	Tags    []TagRef  `json:"tags"`
	Replace []TagRef  `json:"replace,omitempty"` // tags of the target, with the digests that may be replaced
	Updated time.Time `json:"updated,omitzero"`  // when the source was last pushed to, as Docker says
	Handed  bool      `json:"handed,omitempty"`  // the member has copied it; it is only verified
	Left    []TagLeft `json:"left,omitempty"`    // tags of the source that cannot be copied
}

// TagLeft is a tag that cannot be copied, and stays at the source alone.
type TagLeft struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
	Why    string `json:"why"`
}

// TagRef is a tag with the digest it had when the plan was made.
type TagRef struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
	Size   int64  `json:"size"` // bytes of the manifest's content as far as listed
}

// Console is a guided step: what a person does in a web console, because no
// API does it.
type Console struct {
	URL   string     `json:"url"`
	Ways  [][]string `json:"ways"`  // each a list of clicks; more than one when the product words it differently in places
	Watch string     `json:"watch"` // what the tool looks for meanwhile, empty when nothing can be seen
}

// Guard is a precondition with the value it had when the plan was made. It is
// read again before each change; a moved guard makes the plan stale.
type Guard struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	Seen string `json:"seen"`
}

// Plan is an ordered list of changes, bound to what was seen.
type Plan struct {
	Action      ActionID  `json:"action"`
	Title       string    `json:"title"`
	Subject     string    `json:"subject"` // what is typed to confirm: the member's username
	Destructive bool      `json:"destructive"`
	Changes     []Change  `json:"changes"`
	Guards      []Guard   `json:"guards,omitempty"`
	Notes       []string  `json:"notes,omitempty"`   // side effects, and what cannot be undone
	Nothing     string    `json:"nothing,omitempty"` // why there is nothing to do
	At          time.Time `json:"at"`
}

// Digest identifies what the plan does and on which grounds; the time it was
// made is left out, so that the same plan made twice has the same digest.
func (p Plan) Digest() string {
	p.At = time.Time{}
	raw, err := json.Marshal(p)
	if err != nil {
		// Plan holds only strings, numbers, booleans and times.
		panic("engine: plan cannot be encoded: " + err.Error())
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// Calls lists the requests of the plan.
func (p Plan) Calls() []Call {
	var calls []Call
	for _, c := range p.Changes {
		if c.Kind == ChangeRequest {
			calls = append(calls, c.Call)
		}
	}
	return calls
}

// Approval binds a person's yes to one plan.
type Approval struct {
	Digest string    `json:"digest"`
	At     time.Time `json:"at"`
}

// Receipt is proof that a change was made.
type Receipt struct {
	Action ActionID  `json:"action"`
	Change string    `json:"change"`
	Plan   string    `json:"plan"` // digest
	Title  string    `json:"title"`
	Target string    `json:"target"`
	Status string    `json:"status"` // "204 No Content", "seen in the audit log", …
	Note   string    `json:"note,omitempty"`
	Tags   []TagRef  `json:"tags,omitempty"`  // what a copy put at its target
	Left   []TagLeft `json:"left,omitempty"`  // what it could not
	Source time.Time `json:"source,omitzero"` // when the source of a copy was last pushed to, as Docker said then
	At     time.Time `json:"at"`
}

// Check says whether the world is now as the plan wanted it.
type Check struct {
	OK       bool       `json:"ok"`
	Assumed  bool       `json:"assumed,omitempty"` // dry run: nothing was sent
	Text     string     `json:"text"`
	Evidence []Evidence `json:"evidence,omitempty"`
	Manifest string     `json:"manifest,omitempty"` // the file that lists every tag that was handed over
	At       time.Time  `json:"at"`
}

// Progress is what a long effect tells meanwhile.
type Progress struct {
	Text  string
	Item  string // what of it is at hand, such as one of many tags
	Fact  FactID // a fact that is being read, or was
	Read  bool   // the fact has arrived
	Done  int64
	Total int64  // 0 when unknown
	Unit  string // "bytes", "tags", "members"
	// More are other measures of the same work, and Left is how long it may take
	// at its pace; 0 when that is not known.
	More []Amount
	Left time.Duration
}

// Amount is how much of something is done.
type Amount struct {
	Done, Total int64
	Unit        string // "layers", "tags"
}

// Availability says whether an action can be taken in a case.
type Availability struct{ Reason string }

// Enabled reports whether it can.
func (a Availability) Enabled() bool { return a.Reason == "" }

// Action changes the world in exactly one way.
type Action interface {
	ID() ActionID
	// Offer tells from the case alone whether the action may be taken.
	Offer(Case) Availability
	// Plan reads what it needs and returns the exact changes. It changes nothing.
	Plan(context.Context, Case) (Plan, error)
	// Guards reads the plan's preconditions live. Their values must not be
	// moved by the plan's own changes.
	Guards(context.Context, Case) ([]Guard, error)
	// Made observes whether a change is already in effect: asked before a
	// change whose outcome is unknown is repeated.
	Made(context.Context, Case, Change) (bool, error)
	// Run makes one approved change.
	Run(context.Context, Case, Change, func(Progress)) (Receipt, error)
	// Verify looks whether the world is as the plan wanted it, waiting as long
	// as that is expected to take.
	Verify(context.Context, Case, func(Progress)) (Check, error)
}

// GuardsByChange is an ability that an action may have: to read again, before
// one change, only those of its guards that the change depends on.
type GuardsByChange interface {
	GuardsOf(context.Context, Case, Change) ([]Guard, error)
}

// Problem is an error as a person meets it: what was attempted, why it failed,
// what to do next.
type Problem struct {
	Title  string   `json:"title"`
	Detail string   `json:"detail"`
	Advice string   `json:"advice"`
	System SystemID `json:"system,omitempty"` // set when signing in again may cure it
	// Refused says that the system does not take the credential, so that nothing
	// but signing in again cures it.
	Refused bool `json:"refused,omitempty"`
	Stale   bool `json:"stale,omitempty"` // the plan no longer fits; make a new one
}
