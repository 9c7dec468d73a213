package engine

import (
	"slices"
	"strings"
)

// Comparison holds the values of one attribute: what the identity provider sends
// over SCIM, what the SSO sign-in would carry, and what Docker shows.
type Comparison struct {
	Attribute string
	IdP       string
	SSO       string // empty if no SSO attribute is set
	SSOKnown  bool
	Docker    string
	Same      bool // Docker shows what the identity provider sends
	Extra     string
}

// builtinTeam reports whether Docker itself puts people on the team: SCIM and JIT
// put everybody on company, and owners goes with the role.
func builtinTeam(name string) bool { return name == "company" || name == "owners" }

// Compare compares what the identity provider sends with what Docker shows. It
// returns nil if either side is unknown.
func Compare(c Case) []Comparison {
	if !c.Sources[FactMember].Known() || !c.Sources[FactExpectation].Known() {
		return nil
	}
	return []Comparison{compareRole(c), compareTeams(c)}
}

func compareRole(c Case) Comparison {
	sso, known := c.Expected.SSOValue("dockerRole")
	return Comparison{
		Attribute: "role", IdP: c.Expected.WantedRole(), SSO: sso, SSOKnown: known,
		Docker: c.Member.Role, Same: strings.EqualFold(c.Expected.WantedRole(), c.Member.Role),
	}
}

// compareTeams requires only that the expected teams are present. An extra team may
// be deliberate, so it is shown but does not count as a difference. Names are
// compared without regard to case: nobody should be removed over a capital letter.
func compareTeams(c Case) Comparison {
	sso, known := c.Expected.SSOValue("dockerTeam")
	cmp := Comparison{
		Attribute: "teams", SSO: sso, SSOKnown: known, Same: true,
		IdP: strings.Join(c.Expected.Teams, ", "), Docker: strings.Join(c.Member.Teams, ", "),
	}
	for _, t := range c.Expected.Teams {
		if !contains(c.Member.Teams, t) {
			cmp.Same = false
		}
	}
	var extra []string
	for _, t := range c.Member.Teams {
		if !builtinTeam(t) && !contains(c.Expected.Teams, t) {
			extra = append(extra, t)
		}
	}
	cmp.Extra = strings.Join(extra, ", ")
	return cmp
}

// SameTeams reports whether two lists name the same teams, ignoring order, case and
// the teams that Docker itself puts people on.
func SameTeams(a, b []string) bool {
	return slices.Equal(ownTeams(a), ownTeams(b))
}

func ownTeams(names []string) []string {
	var out []string
	for _, n := range names {
		if n = strings.ToLower(strings.TrimSpace(n)); n != "" && !builtinTeam(n) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func contains(names []string, name string) bool {
	return slices.ContainsFunc(names, func(s string) bool { return strings.EqualFold(s, name) })
}

// Differs reports whether Docker shows anything other than what the identity
// provider sends.
func Differs(c Case) bool {
	return slices.ContainsFunc(Compare(c), func(x Comparison) bool { return !x.Same })
}

// RemovalBlockers lists the reasons not to remove the member from the organization
// now. Removal is offered, planned and run only if there are none.
func RemovalBlockers(c Case) []string {
	why := RemovalRefusals(c)
	add := func(blocked bool, reason string) {
		if blocked {
			why = append(why, reason)
		}
	}
	add(!c.Sources[FactMember].Known(), "their role and teams have not been read")
	said := c.Answers[AskSelf].Value
	add(c.Operator() == "" && said != "no" && said != "yes", "you have not said whether this is your own account")
	add(!c.SCIM.Proven, "Docker's SCIM service has not been seen to answer")
	add(!ProvisioningProven(c), "it is not shown that the identity provider would create them again")
	add(!c.Sources[FactInvites].Known(), "their pending invites have not been read")
	// This includes invites that came after others were cancelled.
	add(len(c.Invites) > 0 && !assumed(c, ActionCancelInvites), "a pending invite would let them back in unmanaged: cancel it first")
	add(c.JIT() != SwitchOff && c.Answers[AskRace].Value != RacePhrase && !assumed(c, ActionDisableJIT),
		"JIT is not seen off, and the race has not been accepted in words")
	add(!c.Snapshot.Taken, "no snapshot of their role and teams has been taken")
	add(!HandedOver(c), "their repositories have not been handed over and verified")
	return why
}

// RemovalRefusals lists the reasons that no preparation can remove. If there are any,
// this tool does not remove the member.
func RemovalRefusals(c Case) []string {
	var why []string
	if c.Member.LastOwner() {
		why = append(why, "they are the organization's last owner: make somebody else an owner first")
	}
	if strings.EqualFold(c.Operator(), c.Username) || (c.Operator() == "" && c.Answers[AskSelf].Value == "yes") {
		why = append(why, "this is your own account: ask another owner to do it")
	}
	if c.Member.Guest {
		why = append(why, "they are a guest: SCIM cannot bring them back")
	}
	return why
}

// RacePhrase is what an owner types to accept that JIT may add the member again,
// unmanaged, between removal and push.
const RacePhrase = "they may sign in first"

// PrivateNone is the answer to AskPrivate with which the owner takes responsibility
// for private personal repositories that cannot be listed.
const PrivateNone = "none-needed"

// PrivateSignIn is the answer to AskPrivate that leads to the member's own
// sign-in.
const PrivateSignIn = "sign-in"

func assumed(c Case, id ActionID) bool { return c.DryRun && c.Done[id].Assumed }

// ProvisioningProven reports whether a push can be expected to bring the member back.
func ProvisioningProven(c Case) bool {
	if !c.Sources[FactExpectation].Known() {
		return false
	}
	if c.Expected.Stated {
		return c.Answers[AskSCIMTested].Value == "yes"
	}
	return c.Expected.Assigned && c.Expected.Provisioning == SwitchOn && c.Expected.OutOf == "" &&
		Misdirected(c, c.Expected.Org, c.Expected.UserName) == ""
}

// HandedOver reports whether nothing of the person's is left to lose: either
// the copies were verified, or nothing personal exists, or it was left behind
// for a recorded reason; and private repositories were seen, or handed over by
// the member, or the owner took responsibility in so many words.
func HandedOver(c Case) bool {
	if !c.Sources[FactRepositories].Known() {
		return false
	}
	if !PrivateSettled(c) {
		return false
	}
	if len(Selected(c)) == 0 || assumed(c, ActionHandOver) {
		return true
	}
	// A repository that appeared after the hand-over is not covered by it, nor
	// one whose copy was to be called otherwise.
	return c.Settled(ActionHandOver) && len(Unhanded(c)) == 0
}

// CopyChange is the id of the change that copies the repository.
func CopyChange(repository string) string { return "copy " + repository }

// CreateChange is the id of the change that makes the target of its copy.
func CreateChange(repository string) string { return "create " + repository }
