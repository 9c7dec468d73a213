package engine

import "strings"

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

// HandedOver reports whether the removal loses no repository: each one has a verified
// copy or was left behind for a recorded reason, and private repositories were listed, or
// handed over by the member, or the owner took responsibility for them.
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
	// The hand-over does not cover a repository that appeared later, or one whose copy
	// has since been given another name.
	return c.Settled(ActionHandOver) && len(Unhanded(c)) == 0
}

// CopyChange is the id of the change that copies the repository.
func CopyChange(repository string) string { return "copy " + repository }

// CreateChange is the id of the change that makes the target of its copy.
func CreateChange(repository string) string { return "create " + repository }
