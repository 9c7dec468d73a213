package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// ActionID names an action.
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
	ActionUndo          ActionID = "undo" // reverses what a run changed; not a step of the guide
)

// Actions returns the actions of the guide, in the order of the longest walk.
func Actions() []ActionID {
	return []ActionID{
		ActionCancelInvites, ActionDisableJIT, ActionMatch, ActionPushProfile,
		ActionHandOver, ActionRemove, ActionPush, ActionPushOther, ActionReinvite,
	}
}

// Call is one HTTP request as a value. It has the same fields as transport.Call, in
// the same order, so that the two types convert into each other; a difference is a
// compile error.
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
	ChangeCopy    ChangeKind = "copy"    // a repository copied from registry to registry
	ChangeConsole ChangeKind = "console" // clicks by a person in a web console
)

// Change is the smallest unit that is approved, journalled, run and verified.
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
	// Restores is the ID of the change of the same plan that took away what this one
	// gives back.
	Restores string `json:"restores,omitempty"`
}

// Copy is a repository to copy with its tags.
type Copy struct {
	Source  string    `json:"source"` // host/namespace/name
	Target  string    `json:"target"`
	Private bool      `json:"private"`
	Uploads []string  `json:"uploads"` // URL prefixes that the copy writes below; none for a copy that the member made
	Tags    []TagRef  `json:"tags"`
	Replace []TagRef  `json:"replace,omitempty"` // tags of the target that may be replaced, with their present digests
	Updated time.Time `json:"updated,omitzero"`  // the last push to the source, as Docker reports it
	Handed  bool      `json:"handed,omitempty"`  // the member copied it, so it is only verified
	Left    []TagLeft `json:"left,omitempty"`    // tags of the source that cannot be copied
}

// TagLeft is a tag that cannot be copied and remains only at the source.
type TagLeft struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
	Why    string `json:"why"`
}

// TagRef is a tag with the digest it had when the plan was made.
type TagRef struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
	Size   int64  `json:"size"` // bytes of the content, as far as the manifest lists them
	// Content says what the tag can be used for. It is empty for an image, and for what
	// was copied before this was recorded.
	Content Content `json:"content,omitempty"`
}

// Content says what can be done with a tag.
type Content string

// The contents of tags.
const (
	ContentImage Content = ""      // an image to run
	ContentChart Content = "chart" // a Helm chart
	ContentFiles Content = "files" // files with names, which "oras pull" writes
	ContentOther Content = "other" // a signature, an attestation, a build cache, …
)

func (c Content) known() bool {
	return c == ContentImage || c == ContentChart || c == ContentFiles || c == ContentOther
}

// Console is a change that a person makes in a web console, because there is no API
// for it.
type Console struct {
	URL   string     `json:"url"`
	Ways  [][]string `json:"ways"`  // each a list of clicks; several if versions of the console differ
	Watch string     `json:"watch"` // what the tool watches for meanwhile, empty if it can see no effect
}

// Guard is a precondition and its value when the plan was made. It is read again
// before each change. If its value has changed, the plan is stale.
type Guard struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	Seen string `json:"seen"`
}

// Plan is an ordered list of changes, bound to what was observed.
type Plan struct {
	Action      ActionID  `json:"action"`
	Title       string    `json:"title"`
	Subject     string    `json:"subject"` // what a person types to confirm: the member's username
	Destructive bool      `json:"destructive"`
	Changes     []Change  `json:"changes"`
	Guards      []Guard   `json:"guards,omitempty"`
	Notes       []string  `json:"notes,omitempty"`   // side effects, and what cannot be undone
	Nothing     string    `json:"nothing,omitempty"` // why there is nothing to do
	At          time.Time `json:"at"`
}

// Digest returns the SHA-256 of the plan, in hex. It leaves out the time, so that the
// same plan made twice has the same digest.
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

// Calls returns the requests of the plan, in order.
func (p Plan) Calls() []Call {
	var calls []Call
	for _, c := range p.Changes {
		if c.Kind == ChangeRequest {
			calls = append(calls, c.Call)
		}
	}
	return calls
}

// Approval is a person's approval of one plan.
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
	Left   []TagLeft `json:"left,omitempty"`  // what it could not copy
	Source time.Time `json:"source,omitzero"` // the last push to the source of a copy, as Docker reported it then
	At     time.Time `json:"at"`
	// Earlier is set if the same plan was approved again since: then the receipt says
	// nothing about the present run of the plan.
	Earlier bool `json:"earlier,omitempty"`
}

// Check is the result of verifying an action.
type Check struct {
	OK       bool       `json:"ok"`
	Assumed  bool       `json:"assumed,omitempty"` // dry run: nothing was sent
	Text     string     `json:"text"`
	Evidence []Evidence `json:"evidence,omitempty"`
	Manifest string     `json:"manifest,omitempty"` // the file that lists every tag that was handed over
	At       time.Time  `json:"at"`
}

// Progress is a report from a long effect.
type Progress struct {
	Text  string
	Item  string // the current part, such as one of many tags
	Fact  FactID // the fact that is being read, or was read
	Read  bool   // the fact has arrived
	Done  int64
	Total int64  // 0 when unknown
	Unit  string // "bytes", "tags", "members"
	// More holds other measures of the same work. Left is the estimated remaining
	// time, 0 if unknown.
	More []Amount
	Left time.Duration
}

// Amount says how much of some work is done.
type Amount struct {
	Done, Total int64
	Unit        string // "layers", "tags"
}

// Availability says whether an action can be taken in a case. Reason says why not.
type Availability struct{ Reason string }

// Enabled reports whether the action can be taken.
func (a Availability) Enabled() bool { return a.Reason == "" }

// Action changes the world in exactly one way.
type Action interface {
	ID() ActionID
	// Offer says, from the case alone, whether the action may be taken.
	Offer(Case) Availability
	// Plan reads what it needs and returns the exact changes. It changes nothing.
	Plan(context.Context, Case) (Plan, error)
	// Guards reads the present values of the plan's preconditions. The plan's own
	// changes must not change them.
	Guards(context.Context, Case) ([]Guard, error)
	// Made reports whether a change is already in effect. It is called before
	// repeating a change whose outcome is unknown.
	Made(context.Context, Case, Change) (bool, error)
	// Run makes one approved change.
	Run(context.Context, Case, Change, func(Progress)) (Receipt, error)
	// Verify checks whether the plan had its intended effect. It waits as long as
	// the effect is expected to take.
	Verify(context.Context, Case, func(Progress)) (Check, error)
}

// GuardsByChange is an optional interface of an Action. GuardsOf reads only those
// guards that the given change depends on.
type GuardsByChange interface {
	GuardsOf(context.Context, Case, Change) ([]Guard, error)
}

// Problem describes an error for a person: what failed, why, and what to do next.
type Problem struct {
	Title  string   `json:"title"`
	Detail string   `json:"detail"`
	Advice string   `json:"advice"`
	System SystemID `json:"system,omitempty"` // the system to sign in to again, if that may help
	// Refused says that the system rejected the credential, so that only signing in
	// again helps.
	Refused bool `json:"refused,omitempty"`
	Stale   bool `json:"stale,omitempty"` // the plan no longer fits; make a new one
}
