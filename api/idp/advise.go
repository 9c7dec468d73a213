package idp

import (
	"regexp"
	"strings"
	"sync"
)

// advices say what to do about a reason. Reasons are free text, which mostly is
// the SCIM server's answer, with the provider's code; those of Entra are in
// Microsoft, "How to analyze the provisioning logs", Error codes. The first that
// fits counts.
var advices = []struct {
	when   func() *regexp.Regexp
	advice string
}{
	{
		says(`\bseats?\b`, `LicenseLimitExceeded`),
		"No seat is left in the Docker organization: free one or add one, then push again.",
	},
	{
		says(`group memberships grant`),
		"The identity provider does not take the application from a person whose group grants it. Nothing is lost: push through the group instead.",
	},
	{
		says(`field mapping and profile push`),
		"The application's mapping gives another value than the assignment had. Assign the person in the admin console (the application > Assignments), with the values that are right, and look again: the push is then done.",
	},
	{
		says(`user's current status`, `account is (disabled|deactivated|suspended)`, `user is (disabled|deactivated|suspended|inactive)`),
		"Their account in the identity provider is not active: activate it there, then push again.",
	},
	{
		says(`InvalidAnchor`),
		"Entra goes by a record that Docker no longer has. Restart the job (Provisioning > Restart provisioning), which matches everybody anew and can take hours, then push again.",
	},
	{
		says(`DuplicateTargetEntries`, `MultipleEntriesInResponse`),
		"More than one record in Docker matches this person. Look at the mapping's matching attribute, which should be userName alone, then push again.",
	},
	{
		says(`DuplicateSourceEntries`),
		"More than one person in the directory has the value by which people are matched. Correct it for all but one, then push again.",
	},
	{
		says(`SchemaPropertyCanOnlyAcceptValue`),
		"An attribute that takes one value is mapped from one that has several. Map it from an attribute with one value, then push again.",
	},
	{
		says(`SchemaAttributeNotFound`, `InvalidSchema`),
		"The mapping sends an attribute that Docker does not know. Remove it, or spell it as Docker documents it, then push again.",
	},
	{
		says(`InvalidDomain`, `domain (is|has) not (been )?verified`),
		"Docker does not accept the domain of their address. Verify it in Docker's console (Domain management), or correct the address, then push again.",
	},
	{
		says(`InsufficientRights`, `MethodNotAllowed`, `NotPermitted`, `\b403\b`, `\b405\b`, `\bforbidden\b`),
		"Docker took the token and did not permit this. See in Docker's console (SSO and SCIM) that SCIM is switched on, and that its address and token are those that the identity provider has, then push again.",
	},
	{
		says(`\b401\b`, `unauthorized`, `invalid or missing scim token`, `invalidcredentials`, `credentialvalidation`, `authentication failed`),
		"Docker no longer accepts the SCIM token that the identity provider uses; a token that was made anew ends the old one. Copy the current one from Docker Home > SSO and SCIM > Setup SCIM into the provider, test the connection there, then push again.",
	},
	{
		says(`quarantine`),
		"The provisioning job is in quarantine. Mend what its reason says, then start the job again.",
	},
	{
		says(`not assigned`, `not ?effectively ?entitled`, `scoping filter`, `out of scope`, `not in scope`, `entitlement for provisioning`, `EntrySynchronizationSkipped`),
		"The person is outside the scope of provisioning: assign them to the application, or change its scoping filter, then push again.",
	},
	{
		says(`required attribute`, `missing required`, `is required`, `cannot be left blank`, `no email address`, `MandatoryFieldsMissing`, `MissingValues`, `ImportSkipped`),
		"A required attribute is empty. Fill it in the person's profile in the identity provider, then push again.",
	},
	{
		says(`already exists`, `already present`, `uniqueness`, `conflict`, `\b409\b`),
		"Docker has a record for this address already. Look which account has it, then push again.",
	},
	{
		says(`\b404\b`, `not found`, `does not exist`),
		"The record in Docker that the identity provider is linked to is not there any more. Take the person's assignment away and give it back, so that it is linked anew.",
	},
	{
		says(`\b429\b`, `too ?many ?requests`, `rate limit`, `throttl`),
		"Docker or the identity provider asked for a pause. Wait for a minute, then push again.",
	},
	{
		says(`\b50[0234]\b`, `internal ?server ?error`, `InternalError`, `WebExceptionProtocolError`, `unavailable`, `timeout`, `timed out`, `no response`),
		"Docker's SCIM service did not answer well. It is not your doing: push again in a while.",
	},
	{
		says(`UnprocessableEntity`, `NotImplemented`, `ServiceIncompatible`, `\b400\b`, `\b422\b`, `\b501\b`, `invalid ?(value|syntax|path)`),
		"Docker did not understand what was sent. Keep the mapping to the attributes that Docker documents (userName, name, active, dockerRole, dockerOrg, dockerTeam; dockerRole is member, editor or owner), then push again.",
	},
}

// says matches a reason in which any of the patterns stands, whatever its case.
// Few runs ever need one, so none is compiled before.
func says(patterns ...string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)` + strings.Join(patterns, "|")) })
}

// Advise says what to do about the reason that a provider gives for a failed
// push.
func Advise(reason string) string {
	for _, a := range advices {
		if a.when().MatchString(reason) {
			return a.advice
		}
	}
	return "Mend what the identity provider's reason says, then push again."
}
