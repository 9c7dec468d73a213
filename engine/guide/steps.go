package guide

import "github.com/seed-05b3d87e/reprovision/engine"

// Docker's pages that the guide follows.
const (
	linkTroubleshoot = "https://docs.docker.com/security/provisioning/troubleshoot-provisioning/"
	linkMigrate      = "https://docs.docker.com/security/provisioning/scim/migrate-scim/"
	linkJIT          = "https://docs.docker.com/security/provisioning/just-in-time/"
	linkSCIM         = "https://docs.docker.com/security/provisioning/scim/provision-scim/"
	linkOAT          = "https://docs.docker.com/security/access-tokens/organization-access-tokens/"
	linkMembers      = "https://docs.docker.com/accounts/organization/manage/members/"
)

var observed = []engine.FactID{
	engine.FactMember, engine.FactInvites, engine.FactAudit, engine.FactSCIM, engine.FactSCIMUser, engine.FactExpectation,
}

var steps = []Step{
	{
		ID: StepSignIn, Title: "Sign in", Short: "Sign in", Link: linkOAT,
		Doc:   "An **organization access token** is the one documented credential that may read members and the audit log. The SCIM token and the identity provider are optional; without them the tool asks you for what it cannot read.",
		Reads: []engine.FactID{engine.FactSession}, Asks: []engine.QuestionID{engine.AskSignIn, engine.AskApp},
		Decide: decideSignIn, Main: outNext,
		Next: map[engine.Outcome]StepID{outNext: StepOrganization},
	},
	{
		ID: StepOrganization, Title: "Organization", Short: "Organization", Link: linkMembers,
		Doc:   "The organization whose member has the wrong role or team.",
		Reads: []engine.FactID{engine.FactRoster}, Asks: []engine.QuestionID{engine.AskOrg},
		Decide: decideOrganization, Main: outNext,
		Next: map[engine.Outcome]StepID{outNext: StepMember},
	},
	{
		ID: StepMember, Title: "Member", Short: "Member", Link: linkMembers,
		Doc:    "The person whose role or team in Docker is not what the identity provider says.",
		Asks:   []engine.QuestionID{engine.AskMember},
		Decide: decideMember, Main: outNext,
		Next: map[engine.Outcome]StepID{outNext: StepObserve},
	},
	{
		ID: StepObserve, Title: "Look", Short: "Look", Link: linkTroubleshoot,
		Doc:   "This failure is silent: no error says that values were overwritten or ignored. So every side is read: what Docker shows, what SCIM knows, what the identity provider sends, what the audit log remembers.",
		Reads: observed, Asks: []engine.QuestionID{engine.AskJIT, engine.AskProvider, engine.AskRole, engine.AskTeams, engine.AskManaged},
		Decide: decideObserve, Main: outNext,
		Next: map[engine.Outcome]StepID{outNext: StepDiagnose},
	},
	{
		ID: StepDiagnose, Title: "Find the cause", Short: "Find the cause", Link: linkTroubleshoot,
		Doc:    "The guide knows two causes. **A**: Just-in-Time provisioning is on, and the values of the SSO sign-in win over SCIM. **B**: the account was there before SCIM, so SCIM does not manage it.",
		Decide: decideDiagnose, Main: outReprov,
		Next: map[engine.Outcome]StepID{
			outNothing: StepNothingWrong, outFix: StepFixSource, outDisable: StepDisableJIT, outMatch: StepMatch,
			outPush: StepPushProfile, outReprov: StepProveSCIM, outPushAgain: StepPush, outAgain: StepObserve,
		},
	},
	{
		ID: StepNothingWrong, Title: "Nothing is wrong", Short: "Nothing wrong", Link: linkTroubleshoot,
		Doc:    "Docker shows what the identity provider sends.",
		Decide: decideNothingWrong, Main: outReport,
		Next: map[engine.Outcome]StepID{outReport: StepReport, outAgain: StepObserve},
	},
	{
		ID: StepFixSource, Title: "Change it at its source", Short: "At its source", Link: linkSCIM,
		Doc:    "Neither cause of the guide applies as long as the source itself does not send the right values. This is changed in the identity provider or in Docker's console by a person; afterwards the tool looks again.",
		Decide: decideFixSource, Main: outReport,
		Next: map[engine.Outcome]StepID{outAgain: StepObserve, outReport: StepReport},
	},
	{
		ID: StepMatch, Title: "Keep JIT, match the attributes", Short: "Match", Link: linkTroubleshoot,
		Doc:    "If JIT is to stay on, the SSO attributes must equal what SCIM sends: then it does not matter which of the two wins. The change takes effect at the person's next sign-in.",
		Reads:  []engine.FactID{engine.FactExpectation},
		Decide: decideMatch, Main: outNext,
		Next: map[engine.Outcome]StepID{outNext: StepVerify, outDisable: StepDisableJIT},
	},
	{
		ID: StepDisableJIT, Title: "Disable JIT", Short: "Disable JIT", Link: linkJIT,
		Doc:   "Docker's recommendation. With JIT off, sign-in no longer writes role or teams, and people who are neither members nor invited are refused. The switch is in the console only; the audit log proves that it was used.",
		Reads: []engine.FactID{engine.FactAudit, engine.FactSCIM}, Asks: []engine.QuestionID{engine.AskJIT, engine.AskSCIM},
		Decide: decideDisableJIT, Main: outNext,
		Next: map[engine.Outcome]StepID{outNext: StepPushProfile, outMatch: StepMatch, outAgain: StepDisableJIT},
	},
	{
		ID: StepPushProfile, Title: "Send the profile again", Short: "Send again", Link: linkSCIM,
		Doc:   "What JIT overwrote stays overwritten until the identity provider sends its values again.",
		Reads: []engine.FactID{engine.FactMember, engine.FactExpectation}, Decide: decidePushProfile, Main: outNext,
		Next: map[engine.Outcome]StepID{outNext: StepVerify, outPassedOver: StepVerify},
	},
	{
		ID: StepProveSCIM, Title: "Prove SCIM", Short: "Prove SCIM", Link: linkMigrate,
		Doc:   "Nobody is removed before it is shown that SCIM answers and that the identity provider would create the person again.",
		Reads: []engine.FactID{engine.FactSCIM, engine.FactSCIMUser, engine.FactExpectation}, Asks: []engine.QuestionID{engine.AskSCIM, engine.AskSCIMTested},
		Decide: decideProveSCIM, Main: outNext,
		Next: map[engine.Outcome]StepID{outNext: StepCancelInvites, outAgain: StepProveSCIM, outFix: StepFixSource},
	},
	{
		ID: StepCancelInvites, Title: "Cancel pending invites", Short: "Cancel invites", Link: linkJIT,
		Doc:   "A pending invite for the same address is accepted at the next sign-in, JIT on or off, and would bring the person back unmanaged.",
		Reads: []engine.FactID{engine.FactMember, engine.FactInvites}, Decide: decideCancelInvites, Main: outNext,
		Next: map[engine.Outcome]StepID{outNext: StepCloseJIT},
	},
	{
		ID: StepCloseJIT, Title: "Disable JIT first", Short: "Disable JIT", Link: linkMigrate,
		Doc:   "If the person signs in between removal and push while JIT is on, JIT adds them again, again unmanaged. So JIT goes off first.",
		Reads: []engine.FactID{engine.FactAudit, engine.FactSCIM}, Asks: []engine.QuestionID{engine.AskJIT, engine.AskSCIM},
		Decide: decideCloseJIT, Main: outNext,
		Next: map[engine.Outcome]StepID{outNext: StepSnapshot, outRace: StepAcceptRace, outAgain: StepCloseJIT},
	},
	{
		ID: StepAcceptRace, Title: "Accept the race", Short: "Accept race", Link: linkMigrate,
		Doc:    "JIT stays on at your word. Keep the gap between removal and push short.",
		Asks:   []engine.QuestionID{engine.AskRace},
		Decide: decideAcceptRace, Main: outNext,
		Next: map[engine.Outcome]StepID{outNext: StepSnapshot},
	},
	{
		ID: StepSnapshot, Title: "Take a snapshot", Short: "Snapshot", Link: linkMigrate,
		Doc:   "Removal drops the role and every team. They are noted down first, so that they can be put back.",
		Reads: []engine.FactID{engine.FactMember, engine.FactInvites, engine.FactSnapshot}, Decide: decideSnapshot, Main: outNext,
		Next: map[engine.Outcome]StepID{outNext: StepHandOver, outAgain: StepSnapshot},
	},
	{
		ID: StepHandOver, Title: "Hand over the repositories", Short: "Hand over", Link: linkTroubleshoot,
		Doc: "The guide's warning: whoever is removed loses what they own, so hand it over first. Docker Hub has no transfer; what the tool makes is a **verified copy** into the organization. " +
			"A copy does not carry pull counts, stars, untagged manifests, webhooks or redirects; the original is never touched.",
		Reads: []engine.FactID{engine.FactMember, engine.FactRepositories}, Asks: []engine.QuestionID{engine.AskPrivate, engine.AskMemberToken},
		Decide: decideHandOver, Main: outNext,
		Next: map[engine.Outcome]StepID{outNext: StepRemove, outAgain: StepHandOver},
	},
	{
		ID: StepRemove, Title: "Remove the member", Short: "Remove", Link: linkTroubleshoot,
		Doc: "SCIM cannot adopt a membership that it did not create, so the old one is removed. Access ends at once and comes back with the push. The Docker account itself stays.",
		Reads: []engine.FactID{
			engine.FactMember, engine.FactInvites, engine.FactAudit, engine.FactSCIM, engine.FactSCIMUser, engine.FactExpectation, engine.FactRepositories,
		},
		Asks:   []engine.QuestionID{engine.AskSelf},
		Decide: decideRemove, Main: outNext,
		Next: map[engine.Outcome]StepID{outNext: StepPush, outAgain: StepRemove, outReprov: StepProveSCIM, outReport: StepReport},
	},
	{
		ID: StepPush, Title: "Push from the identity provider", Short: "Push", Link: linkSCIM,
		Doc:   "Provisioning is triggered for this one person; SCIM creates the membership again. The step is done when Docker lists them. If the identity provider refuses, its reason is shown, the push can be repeated, and they can be invited back meanwhile.",
		Reads: []engine.FactID{engine.FactMember, engine.FactInvites, engine.FactExpectation}, Decide: decidePush, Main: outNext,
		Next: map[engine.Outcome]StepID{outNext: StepVerify, outPassedOver: StepVerify, outAgain: StepPush},
	},
	{
		ID: StepVerify, Title: "Verify", Short: "Verify", Link: linkMigrate,
		Doc:   "The cure is what Docker shows, not what was sent: role and teams are read once more and compared.",
		Reads: observed, Asks: []engine.QuestionID{engine.AskJIT}, Decide: decideVerify, Main: outReport,
		Next: map[engine.Outcome]StepID{outReport: StepReport, outAgain: StepVerify, outDiagnose: StepObserve, outPushAgain: StepPush, outReprov: StepProveSCIM, outDisable: StepDisableJIT, outMatch: StepMatch},
	},
	{
		ID: StepReport, Title: "Report", Short: "Report", Link: linkTroubleshoot,
		Doc:    "What was found, what was done, and what proves it. It can be saved as Markdown.",
		Decide: decideReport, Main: outFinish,
		Next: map[engine.Outcome]StepID{outFinish: StepEnd, outAnother: StepMember},
	},
}
