package idp

import (
	"regexp"
	"strings"
	"sync"
)

// advices maps reasons to advice; the first match counts. Reasons are free text,
// mostly the SCIM server's response, with the provider's error code. Entra's codes are
// in Microsoft, "How to analyze the provisioning logs", Error codes.
var advices = []struct {
	when   func() *regexp.Regexp
	advice string
}{
	{
		matching(`\bseats?\b`, `LicenseLimitExceeded`),
		"No seat is left in the Docker organization: free one or add one, then push again.",
	},
	{
		matching(`group memberships grant`),
		"The identity provider does not take the application from a person whose group grants it. Nothing is lost: push through the group instead.",
	},
	{
		matching(`field mapping and profile push`),
		"The application's mapping gives another value than the assignment had. Assign the person in the admin console (the application > Assignments), with the values that are right, and look again: the push is then done.",
	},
	{
		matching(`user's current status`, `account is (disabled|deactivated|suspended)`, `user is (disabled|deactivated|suspended|inactive)`),
		"Their account in the identity provider is not active: activate it there, then push again.",
	},
	{
		matching(`InvalidAnchor`),
		"Entra goes by a record that Docker no longer has. Restart the job (Provisioning > Restart provisioning), which matches everybody anew and can take hours, then push again.",
	},
	{
		matching(`DuplicateTargetEntries`, `MultipleEntriesInResponse`),
		"More than one record in Docker matches this person. Look at the mapping's matching attribute, which should be userName alone, then push again.",
	},
	{
		matching(`DuplicateSourceEntries`),
		"More than one person in the directory has the value by which people are matched. Correct it for all but one, then push again.",
	},
	{
		matching(`SchemaPropertyCanOnlyAcceptValue`),
		"An attribute that takes one value is mapped from one that has several. Map it from an attribute with one value, then push again.",
	},
	{
		matching(`SchemaAttributeNotFound`, `InvalidSchema`),
		"The mapping sends an attribute that Docker does not know. Remove it, or spell it as Docker documents it, then push again.",
	},
	{
		matching(`InvalidDomain`, `domain (is|has) not (been )?verified`),
		"Docker does not accept the domain of their address. Verify it in Docker's console (Domain management), or correct the address, then push again.",
	},
	{
		matching(`InsufficientRights`, `MethodNotAllowed`, `NotPermitted`, `\b403\b`, `\b405\b`, `\bforbidden\b`),
		"Docker took the token and did not permit this. See in Docker's console (SSO and SCIM) that SCIM is switched on, and that its address and token are those that the identity provider has, then push again.",
	},
	{
		matching(`\b401\b`, `unauthorized`, `invalid or missing scim token`, `invalidcredentials`, `credentialvalidation`, `authentication failed`),
		"Docker no longer accepts the SCIM token that the identity provider uses; a token that was made anew ends the old one. Copy the current one from Docker Home > SSO and SCIM > Setup SCIM into the provider, test the connection there, then push again.",
	},
	{
		matching(`quarantine`),
		"The provisioning job is in quarantine. Mend what its reason says, then start the job again.",
	},
	{
		matching(`not assigned`, `not ?effectively ?entitled`, `scoping filter`, `out of scope`, `not in scope`, `entitlement for provisioning`, `EntrySynchronizationSkipped`),
		"The person is outside the scope of provisioning: assign them to the application, or change its scoping filter, then push again.",
	},
	{
		matching(`required attribute`, `missing required`, `is required`, `cannot be left blank`, `no email address`, `MandatoryFieldsMissing`, `MissingValues`, `ImportSkipped`),
		"A required attribute is empty. Fill it in the person's profile in the identity provider, then push again.",
	},
	{
		matching(`already exists`, `already present`, `uniqueness`, `conflict`, `\b409\b`),
		"Docker has a record for this address already. Look which account has it, then push again.",
	},
	{
		matching(`\b404\b`, `not found`, `does not exist`),
		"The record in Docker that the identity provider is linked to is not there any more. Take the person's assignment away and give it back, so that it is linked anew.",
	},
	{
		matching(`\b429\b`, `too ?many ?requests`, `rate limit`, `throttl`),
		"Docker or the identity provider asked for a pause. Wait for a minute, then push again.",
	},
	{
		matching(`\b50[0234]\b`, `internal ?server ?error`, `InternalError`, `WebExceptionProtocolError`, `unavailable`, `timeout`, `timed out`, `no response`),
		"Docker's SCIM service did not answer well. It is not your doing: push again in a while.",
	},
	{
		matching(`UnprocessableEntity`, `NotImplemented`, `ServiceIncompatible`, `\b400\b`, `\b422\b`, `\b501\b`, `invalid ?(value|syntax|path)`),
		"Docker did not understand what was sent. Keep the mapping to the attributes that Docker documents (userName, name, active, dockerRole, dockerOrg, dockerTeam; dockerRole is member, editor or owner), then push again.",
	},
}

// matching returns a regular expression that matches any of the patterns, ignoring
// case. It is compiled on first use, because most runs need none.
func matching(patterns ...string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)` + strings.Join(patterns, "|")) })
}

// Advise returns what to do about a provider's reason for a failed push.
func Advise(reason string) string {
	for _, a := range advices {
		if a.when().MatchString(reason) {
			return a.advice
		}
	}
	return "Mend what the identity provider's reason says, then push again."
}
