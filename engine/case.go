package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Case is one member of one organization whose access is wrong, with everything
// observed about them. It is a plain value: the With methods return changed copies
// and never modify what the original shares.
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
	Before       Before                    `json:"before,omitzero"`      // the state when a remedy was chosen
	Choices      map[string]HandOverChoice `json:"choices,omitempty"`    // the decision about each repository, by its name
	Without      []SystemID                `json:"without,omitempty"`    // systems that refused their credential, and that the owner continues without
	Attempts     map[string]Attempt        `json:"attempts,omitempty"`   // the last failed copy of each repository, by its name
	Unfinished   map[ActionID]Plan         `json:"unfinished,omitempty"` // approved plans with some changes made and others not
}

// Before records the findings from before any change. The remedy makes them
// invisible, but the report needs them.
type Before struct {
	Findings   []Finding    `json:"findings,omitempty"`
	Comparison []Comparison `json:"comparison,omitempty"`
}

// Operator returns the Docker ID of the person who runs the tool, or "" if the
// credential does not show it: an organization access token belongs to the
// organization.
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

// Person is an entry in the organization's member list.
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

// Member is the member as Docker shows them now.
type Member struct {
	Person
	Present bool      `json:"present"`
	Joined  time.Time `json:"joined"` // when they joined (member export), zero if unknown
	Owners  int       `json:"owners"` // number of owners in the organization, including this one
}

// LastOwner reports whether the organization would have no owner without the member.
func (m Member) LastOwner() bool { return m.Role == "owner" && m.Owners <= 1 }

// Invite is a pending invite for the member.
type Invite struct {
	ID        string    `json:"id"`
	Invitee   string    `json:"invitee"`
	Team      string    `json:"team"`
	Role      string    `json:"role"`
	Inviter   string    `json:"inviter"`
	CreatedAt time.Time `json:"createdAt"`
}

// AuditEvent is one entry of Docker's audit log. It is shown raw, because Docker does
// not document what its data says about the position of a switch.
type AuditEvent struct {
	Action      string            `json:"action"`
	Name        string            `json:"name"` // the object: a repository, the organization or a username
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

// LastToggle identifies the newest JIT toggle in the log. It is empty if there is none.
func (a Audit) LastToggle() string {
	if len(a.JIT) == 0 {
		return ""
	}
	e := a.JIT[0]
	return fmt.Sprintf("%s %s %s, %d in all", e.At.UTC().Format(time.RFC3339Nano), e.Actor, e.Description, len(a.JIT))
}

// SCIMEnabledSince returns the time of the oldest SCIM switch in the log, or the zero
// time if there is none.
func (a Audit) SCIMEnabledSince() time.Time {
	if len(a.SCIM) == 0 {
		return time.Time{}
	}
	return a.SCIM[len(a.SCIM)-1].At
}

// SCIMService says whether Docker's SCIM endpoint answers.
type SCIMService struct {
	Proven bool   `json:"proven"`
	Detail string `json:"detail"`
}

// SCIMUser is the member's record in Docker's SCIM service.
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

// Expectation is what the identity provider would send for the member.
type Expectation struct {
	Provider     string `json:"provider"`          // "Okta", or "the owner's word" if nothing can be read
	Stated       bool   `json:"stated"`            // a person stated it; no system was read
	Product      string `json:"product,omitempty"` // the ID in Products, if a person stated it
	Application  string `json:"application"`
	Console      string `json:"console"` // where its settings are changed
	Provisioning Switch `json:"provisioning"`
	// ProvisioningWhy says why provisioning is off, in the provider's words.
	ProvisioningWhy string `json:"provisioningWhy,omitempty"`
	// OutOf says why the provider would skip an assigned member, such as a scoping filter.
	OutOf string `json:"outOf,omitempty"`
	// LinkUnread is set if the provider does not report ExternalID.
	LinkUnread bool `json:"linkUnread,omitempty"`
	// Ways are the ways to make the provider create the member again, safest first.
	Ways        []PushWay   `json:"ways,omitempty"`
	Assigned    bool        `json:"assigned"`
	Scope       string      `json:"scope"` // "user" or "group"
	Groups      []string    `json:"groups,omitempty"`
	SideEffects []string    `json:"sideEffects,omitempty"` // other applications that those groups grant
	ExternalID  string      `json:"externalID"`            // the SCIM ID that the provider has for the member
	SyncState   string      `json:"syncState"`
	LastSync    time.Time   `json:"lastSync,omitzero"`
	SyncErrors  []string    `json:"syncErrors,omitempty"`
	SyncAdvice  string      `json:"syncAdvice,omitempty"` // what to do if the last attempt to send the member failed
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
	Resolved   bool   `json:"resolved"`       // Value is what the member would get
	Where      string `json:"where"`          // where an administrator changes it
	Page       string `json:"page,omitempty"` // the address of that place
}

// SSOValue returns the value that the SSO sign-in would carry for the attribute, and
// whether it is known.
func (e Expectation) SSOValue(name string) (value string, known bool) {
	for _, a := range e.SSO {
		if strings.EqualFold(a.Name, name) {
			return a.Value, a.Resolved
		}
	}
	return "", false
}

// WantedRole returns the role after provisioning. An unset dockerRole means member
// (Docker, "Provision with SCIM").
func (e Expectation) WantedRole() string {
	if e.Role == "" {
		return "member"
	}
	return e.Role
}

// Repositories are the repositories that removal would put at risk.
type Repositories struct {
	Personal       []Repository    `json:"personal,omitempty"`
	PrivateVisible bool            `json:"privateVisible"` // read with the member's own credential, so private ones are included
	LastPushed     []string        `json:"lastPushed,omitempty"`
	SoleTeams      []string        `json:"soleTeams,omitempty"`    // teams with no other member
	Organization   []OrgRepository `json:"organization,omitempty"` // the organization's, those that may depend on the member
	Taken          []string        `json:"taken,omitempty"`        // names in use in the organization, as far as listed
	Note           string          `json:"note,omitempty"`         // what was not examined in the organization, and why
}

// Repository is one personal repository and where its copy would go.
type Repository struct {
	Name        string    `json:"name"` // namespace/name
	Private     bool      `json:"private"`
	Tags        int       `json:"tags"`
	Size        int64     `json:"size"` // bytes, as Docker Hub counts them
	Updated     time.Time `json:"updated"`
	Pulls       int64     `json:"pulls,omitempty"` // not copied, and neither are the stars
	Stars       int64     `json:"stars,omitempty"`
	Description string    `json:"description"`
	Target      string    `json:"target"`               // org/name
	Place       Place     `json:"place,omitzero"`       // what exists at Target
	HandedBy    string    `json:"handedBy,omitempty"`   // the member, if they copied it themselves with an owner's plan
	HandedTags  []TagRef  `json:"handedTags,omitempty"` // what the member says is at Target
	// CopiedTo is where the member says they copied a repository that can be read here.
	// It is compared with its original as any other copy.
	CopiedTo string `json:"copiedTo,omitempty"`
}

// Snapshot holds what an undo needs.
type Snapshot struct {
	Taken   bool      `json:"taken"`
	At      time.Time `json:"at"`
	Role    string    `json:"role"`
	Teams   []string  `json:"teams"`
	Invites []Invite  `json:"invites,omitempty"`
	Email   string    `json:"email"`
}

// Switch is the position of a setting, as far as it is known.
type Switch string

// The positions.
const (
	SwitchUnknown Switch = ""
	SwitchOn      Switch = "on"
	SwitchOff     Switch = "off"
)

// Clone returns a copy that shares no map with c, nor the array behind Receipts. The
// other slices are shared: they are replaced, never modified.
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

// WithAnswer returns a copy of c that records the owner's answer.
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

// WithCheck returns a copy of c that records the result of an action.
func (c Case) WithCheck(id ActionID, k Check) Case {
	c = c.Clone()
	if c.Done == nil {
		c.Done = map[ActionID]Check{}
	}
	c.Done[id] = k
	return c
}

// WithoutSystem returns a copy of c which records that the owner continues without a system.
func (c Case) WithoutSystem(id SystemID) Case {
	c = c.WithSystem(id)
	c.Without = append(c.Without, id)
	return c
}

// WithSystem returns a copy of c without the record made by WithoutSystem.
func (c Case) WithSystem(id SystemID) Case {
	c = c.Clone()
	c.Without = slices.DeleteFunc(slices.Clone(c.Without), func(x SystemID) bool { return x == id })
	return c
}

// WithSource returns a copy of c that records the source of a fact.
func (c Case) WithSource(id FactID, s Source) Case {
	c = c.Clone()
	if c.Sources == nil {
		c.Sources = map[FactID]Source{}
	}
	c.Sources[id] = s
	return c
}

// Settled reports whether the action was carried out and verified or, in a dry run,
// previewed.
func (c Case) Settled(id ActionID) bool {
	k, ok := c.Done[id]
	return ok && k.OK && (!k.Assumed || c.DryRun)
}

// Evidence returns evidence with the source of the given fact.
func (c Case) Evidence(id FactID, text string) Evidence {
	s := c.Sources[id]
	return Evidence{Text: text, Fact: id, Source: s.Name, At: s.At}
}

// JIT returns the position of the JIT switch that the owner last reported. The
// setting has no API (Docker Hub API 2-beta: no operation touches an SSO connection),
// so the answer is valid only while the audit log's newest toggle is still the one
// known at that time. Times are not compared: our clock is not Docker's.
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
