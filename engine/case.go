package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Case is one member of one organization whose access is wrong, with all that
// was observed. It is a plain value: With… methods return changed copies and
// never write into what the original shares.
type Case struct {
	Org          string                    `json:"org"`
	Username     string                    `json:"username"`
	DryRun       bool                      `json:"dryRun"`
	Session      Session                   `json:"session"`
	Roster       []Person                  `json:"-"` // too large to store; read again on resume
	Member       Member                    `json:"member"`
	Invites      []Invite                  `json:"invites,omitempty"`
	Audit        Audit                     `json:"audit"`
	SCIM         SCIMService               `json:"scim"`
	SCIMUser     SCIMUser                  `json:"scimUser"`
	Expected     Expectation               `json:"expected"`
	Repositories Repositories              `json:"repositories"`
	Snapshot     Snapshot                  `json:"snapshot"`
	Answers      map[QuestionID]Answer     `json:"answers,omitempty"`
	Done         map[ActionID]Check        `json:"done,omitempty"` // the last check of each action
	Receipts     []Receipt                 `json:"receipts,omitempty"`
	Sources      map[FactID]Source         `json:"sources,omitempty"`
	Before       Before                    `json:"before,omitzero"`      // how it was when a remedy was chosen
	Choices      map[string]HandOverChoice `json:"choices,omitempty"`    // what was decided about each repository, by its name
	Without      []SystemID                `json:"without,omitempty"`    // systems that refused their credential, and that the owner goes on without
	Attempts     map[string]Attempt        `json:"attempts,omitempty"`   // the last that failed to copy a repository, by its name
	Unfinished   map[ActionID]Plan         `json:"unfinished,omitempty"` // approved plans of which some changes were made and others not
}

// Before is what was found before anything was changed: the cure makes it
// invisible, and the report has to tell it.
type Before struct {
	Findings   []Finding    `json:"findings,omitempty"`
	Comparison []Comparison `json:"comparison,omitempty"`
}

// Operator is the Docker ID of whoever runs the tool, empty when the credential
// does not tell: an organization access token belongs to the organization.
func (c Case) Operator() string {
	if c.Session.User != "" {
		return c.Session.User
	}
	hub, _ := c.Session.System(SystemHub)
	if strings.EqualFold(hub.Who, c.Org) {
		return ""
	}
	return hub.Who
}

// Ready reports whether every required system accepted its credential.
func (s Session) Ready() bool {
	return len(s.Systems) > 0 && !slices.ContainsFunc(s.Systems, func(x System) bool { return x.Required && !x.OK })
}

// Person is a line of the organization's member list.
type Person struct {
	Username string    `json:"username"`
	Name     string    `json:"name"`
	Email    string    `json:"email"`
	Role     string    `json:"role"` // lower case
	Teams    []string  `json:"teams"`
	Guest    bool      `json:"guest"`
	Invitee  bool      `json:"invitee"`
	LastSeen time.Time `json:"lastSeen"`
}

// Member is the person as Docker shows them now.
type Member struct {
	Person
	Present bool      `json:"present"`
	Joined  time.Time `json:"joined"` // joined the organization (member export), zero when not readable
	Owners  int       `json:"owners"` // owners in the organization, this one included
}

// LastOwner reports whether removing the person would leave no owner.
func (m Member) LastOwner() bool { return m.Role == "owner" && m.Owners <= 1 }

// Invite is a pending invite for the person.
type Invite struct {
	ID        string    `json:"id"`
	Invitee   string    `json:"invitee"`
	Team      string    `json:"team"`
	Role      string    `json:"role"`
	Inviter   string    `json:"inviter"`
	CreatedAt time.Time `json:"createdAt"`
}

// AuditEvent is one line of Docker's audit log, shown raw: what its data says
// about a switch's position is not documented.
type AuditEvent struct {
	Action      string            `json:"action"`
	Name        string            `json:"name"` // what it happened to: a repository, the organization, a username
	Label       string            `json:"label"`
	Actor       string            `json:"actor"`
	Description string            `json:"description"`
	Data        map[string]string `json:"data,omitempty"`
	At          time.Time         `json:"at"`
}

// Audit is what the log says about the SSO connection's switches.
type Audit struct {
	JIT    []AuditEvent `json:"jit,omitempty"`    // newest first
	SCIM   []AuditEvent `json:"scim,omitempty"`   // newest first
	Pushes []AuditEvent `json:"pushes,omitempty"` // the member's own repository pushes, newest first
}

// LastToggle identifies the newest JIT toggle in the log, empty when there is
// none.
func (a Audit) LastToggle() string {
	if len(a.JIT) == 0 {
		return ""
	}
	e := a.JIT[0]
	return fmt.Sprintf("%s %s %s, %d in all", e.At.UTC().Format(time.RFC3339Nano), e.Actor, e.Description, len(a.JIT))
}

// SCIMEnabledSince is the time of the oldest SCIM switch in the log, zero when
// the log holds none.
func (a Audit) SCIMEnabledSince() time.Time {
	if len(a.SCIM) == 0 {
		return time.Time{}
	}
	return a.SCIM[len(a.SCIM)-1].At
}

// SCIMService tells whether Docker's SCIM endpoint answers.
type SCIMService struct {
	Proven bool   `json:"proven"`
	Detail string `json:"detail"`
}

// SCIMUser is the person's record in Docker's SCIM service.
type SCIMUser struct {
	Found     bool      `json:"found"`
	ID        string    `json:"id"`
	UserName  string    `json:"userName"`
	DockerID  string    `json:"dockerID"`
	GivenName string    `json:"givenName"`
	LastName  string    `json:"familyName"`
	Active    bool      `json:"active"`
	Created   time.Time `json:"created"`
	Modified  time.Time `json:"modified"`
}

// Expectation is what the identity provider would send for the person.
type Expectation struct {
	Provider     string `json:"provider"`          // "Okta", or "the owner's word" when nothing can be read
	Stated       bool   `json:"stated"`            // true when a person told us, not a system
	Product      string `json:"product,omitempty"` // which one, in the ID of Products, when a person told us
	Application  string `json:"application"`
	Console      string `json:"console"` // where its settings are changed
	Provisioning Switch `json:"provisioning"`
	// ProvisioningWhy says in the provider's words why it is off.
	ProvisioningWhy string `json:"provisioningWhy,omitempty"`
	// OutOf says why an assigned person would be skipped, such as a scoping filter.
	OutOf string `json:"outOf,omitempty"`
	// LinkUnread is set when the provider does not tell ExternalID.
	LinkUnread bool `json:"linkUnread,omitempty"`
	// Ways are those by which it can be made to create them again, the safest first.
	Ways        []PushWay   `json:"ways,omitempty"`
	Assigned    bool        `json:"assigned"`
	Scope       string      `json:"scope"` // "user" or "group"
	Groups      []string    `json:"groups,omitempty"`
	SideEffects []string    `json:"sideEffects,omitempty"` // other applications those groups grant
	ExternalID  string      `json:"externalID"`            // the SCIM id that the provider believes in
	SyncState   string      `json:"syncState"`
	LastSync    time.Time   `json:"lastSync,omitzero"`
	SyncErrors  []string    `json:"syncErrors,omitempty"`
	SyncAdvice  string      `json:"syncAdvice,omitempty"` // what to do about it, if the last attempt to send them failed
	UserName    string      `json:"userName"`
	GivenName   string      `json:"givenName"`
	LastName    string      `json:"familyName"`
	Role        string      `json:"role"` // lower case, empty means member
	Org         string      `json:"org"`
	Teams       []string    `json:"teams,omitempty"`
	SSO         []Attribute `json:"sso,omitempty"`
}

// Attribute is one attribute of the SSO assertion.
type Attribute struct {
	Name       string `json:"name"`
	Expression string `json:"expression"`
	Value      string `json:"value"`
	Resolved   bool   `json:"resolved"`       // Value is what the person would get
	Where      string `json:"where"`          // where an administrator changes it
	Page       string `json:"page,omitempty"` // the address of that place
}

// SSOValue returns the value that sign-in would carry for the attribute, and
// whether that is known.
func (e Expectation) SSOValue(name string) (value string, known bool) {
	for _, a := range e.SSO {
		if strings.EqualFold(a.Name, name) {
			return a.Value, a.Resolved
		}
	}
	return "", false
}

// WantedRole is the role after provisioning: an unset dockerRole means member
// (Docker, "Provision with SCIM").
func (e Expectation) WantedRole() string {
	if e.Role == "" {
		return "member"
	}
	return e.Role
}

// Repositories is what removal would put at risk.
type Repositories struct {
	Personal       []Repository    `json:"personal,omitempty"`
	PrivateVisible bool            `json:"privateVisible"` // read with the member's own credential, so that private ones are listed too
	LastPushed     []string        `json:"lastPushed,omitempty"`
	SoleTeams      []string        `json:"soleTeams,omitempty"`    // teams whose only member is the person
	Organization   []OrgRepository `json:"organization,omitempty"` // of the organization, that may depend on the person
	Taken          []string        `json:"taken,omitempty"`        // names in the organization that are in use, as far as they are listed
	Note           string          `json:"note,omitempty"`         // what was left out of the look at the organization, and why
}

// Repository is one personal repository and where its copy would go.
type Repository struct {
	Name        string    `json:"name"` // namespace/name
	Private     bool      `json:"private"`
	Tags        int       `json:"tags"`
	Size        int64     `json:"size"` // bytes, as Docker Hub counts them
	Updated     time.Time `json:"updated"`
	Pulls       int64     `json:"pulls,omitempty"` // which a copy does not carry, nor the stars
	Stars       int64     `json:"stars,omitempty"`
	Description string    `json:"description"`
	Target      string    `json:"target"`               // org/name
	Place       Place     `json:"place,omitzero"`       // what was found at Target
	HandedBy    string    `json:"handedBy,omitempty"`   // who copied it themselves, with a plan of the owner's
	HandedTags  []TagRef  `json:"handedTags,omitempty"` // what they say is at Target
}

// Snapshot is what an undo needs.
type Snapshot struct {
	Taken   bool      `json:"taken"`
	At      time.Time `json:"at"`
	Role    string    `json:"role"`
	Teams   []string  `json:"teams"`
	Invites []Invite  `json:"invites,omitempty"`
	Email   string    `json:"email"`
}

// Switch is the position of a setting as far as it is known.
type Switch string

// The positions.
const (
	SwitchUnknown Switch = ""
	SwitchOn      Switch = "on"
	SwitchOff     Switch = "off"
)

// Clone returns a copy that shares no map with c and no room to append
// receipts. The other slices are shared: they are replaced, never written into.
func (c Case) Clone() Case {
	c.Answers = maps.Clone(c.Answers)
	c.Done = maps.Clone(c.Done)
	c.Sources = maps.Clone(c.Sources)
	c.Choices = maps.Clone(c.Choices)
	c.Attempts = maps.Clone(c.Attempts)
	c.Unfinished = maps.Clone(c.Unfinished)
	c.Receipts = slices.Clone(c.Receipts)
	return c
}

// WithAnswer records what the owner said.
func (c Case) WithAnswer(id QuestionID, a Answer) Case {
	c = c.Clone()
	if c.Answers == nil {
		c.Answers = map[QuestionID]Answer{}
	}
	if id == AskJIT {
		a.Toggle = c.Audit.LastToggle()
	}
	c.Answers[id] = a
	return c
}

// WithCheck records how an action ended.
func (c Case) WithCheck(id ActionID, k Check) Case {
	c = c.Clone()
	if c.Done == nil {
		c.Done = map[ActionID]Check{}
	}
	c.Done[id] = k
	return c
}

// WithoutSystem notes that the owner goes on without a system.
func (c Case) WithoutSystem(id SystemID) Case {
	c = c.WithSystem(id)
	c.Without = append(c.Without, id)
	return c
}

// WithSystem drops what WithoutSystem noted.
func (c Case) WithSystem(id SystemID) Case {
	c = c.Clone()
	c.Without = slices.DeleteFunc(slices.Clone(c.Without), func(x SystemID) bool { return x == id })
	return c
}

// WithSource records where a fact came from.
func (c Case) WithSource(id FactID, s Source) Case {
	c = c.Clone()
	if c.Sources == nil {
		c.Sources = map[FactID]Source{}
	}
	c.Sources[id] = s
	return c
}

// WithUnfinished notes that a plan was left half-way: what it was made from may
// not be there any more, so a retry needs the plan itself.
func (c Case) WithUnfinished(p Plan) Case {
	c = c.Clone()
	if c.Unfinished == nil {
		c.Unfinished = map[ActionID]Plan{}
	}
	c.Unfinished[p.Action] = p
	return c
}

// Finished drops what WithUnfinished noted.
func (c Case) Finished(id ActionID) Case {
	c = c.Clone()
	delete(c.Unfinished, id)
	return c
}

// Remaining lists the changes of the action's unfinished plan that have no
// receipt.
func (c Case) Remaining(id ActionID) []Change {
	p, ok := c.Unfinished[id]
	if !ok {
		return nil
	}
	digest := p.Digest()
	return slices.DeleteFunc(slices.Clone(p.Changes), func(ch Change) bool {
		return slices.ContainsFunc(c.Receipts, func(r Receipt) bool { return r.Plan == digest && r.Change == ch.ID })
	})
}

// Settled reports whether the action was carried out and checked, or, in a dry
// run, would have been.
func (c Case) Settled(id ActionID) bool {
	k, ok := c.Done[id]
	return ok && k.OK && (!k.Assumed || c.DryRun)
}

// Evidence makes one piece of evidence from a fact of this case.
func (c Case) Evidence(id FactID, text string) Evidence {
	s := c.Sources[id]
	return Evidence{Text: text, Fact: id, Source: s.Name, At: s.At}
}

// JIT tells where the owner last saw the JIT switch. The setting has no API
// (Docker Hub API 2-beta: no operation touches an SSO connection), so an answer
// counts only as long as the audit log's newest toggle is the one that was known
// when it was given. Times are not compared: our clock is not Docker's.
func (c Case) JIT() Switch {
	a, ok := c.Answers[AskJIT]
	if !ok || a.Toggle != c.Audit.LastToggle() {
		return SwitchUnknown
	}
	switch a.Value {
	case string(SwitchOn):
		return SwitchOn
	case string(SwitchOff):
		return SwitchOff
	}
	return SwitchUnknown
}
