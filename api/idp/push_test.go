package idp_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/idp"
)

func TestEveryReasonGetsAdvice(t *testing.T) {
	for reason, advice := range map[string]string{
		"Not enough seats in organization 'acme'":                                     "seat",
		"HTTP 401 Unauthorized: invalid or missing SCIM token":                        "Setup SCIM",
		"The job is in quarantine (TooManyDeletes)":                                   "quarantine",
		"This object is not assigned (NotEffectivelyEntitled)":                        "outside the scope",
		"A required attribute userName is missing":                                    "required attribute",
		"userName is required":                                                        "required attribute",
		"Their seat is in Seattle":                                                    "seat",
		"department Seattle cannot be used (id 4d5e500a-4019-4290-8503-b40990a1c404)": "Mend what",
		"This operation is not allowed in the user's current status.":                 "not active",
		"HTTP 403 Forbidden":                                                          "SCIM is switched on",
		"HTTP 404: no such user":                                                      "linked anew",
		"dockerRole: invalid value":                                                   "member, editor or owner",
		"409 Conflict: a user with this userName already exists":                      "a record for this address",
		"429 Too Many Requests":                                                       "asked for a pause",
		"HTTP 503 Service Unavailable: service unavailable":                           "push again in a while",
		"cannot be unassigned while their group memberships grant it":                 "through the group",
		"Cannot modify the firstName attribute because it has a field mapping and profile push is enabled": "Assign the person in the admin console",
		"":             "push again",
		"who can tell": "push again",
	} {
		require.Contains(t, idp.Advise(reason), advice, reason)
	}
}

// TestEveryCodeOfEntrasLogGetsAdviceOfItsOwn goes through Microsoft's table (How to
// analyze the provisioning logs, Error codes).
func TestEveryCodeOfEntrasLogGetsAdviceOfItsOwn(t *testing.T) {
	for code, advice := range map[string]string{
		"Conflict": "a record for this address", "EntryConflict": "a record for this address",
		"TooManyRequests":     "asked for a pause",
		"InternalServerError": "in a while", "WebExceptionProtocolError": "in a while", "InternalError": "in a while", "Timeout": "in a while",
		"InsufficientRights": "did not permit", "MethodNotAllowed": "did not permit", "NotPermitted": "did not permit", "Unauthorized": "Setup SCIM",
		"UnprocessableEntity": "did not understand", "NotImplemented": "did not understand",
		"InvalidAnchor":          "Restart provisioning",
		"MandatoryFieldsMissing": "required attribute", "MissingValues": "required attribute", "ImportSkipped": "required attribute",
		"SchemaAttributeNotFound": "does not know",
		"InvalidDomain":           "Domain management",
		"LicenseLimitExceeded":    "No seat",
		"DuplicateTargetEntries":  "More than one record", "DuplicateSourceEntries": "More than one person",
		"EntrySynchronizationSkipped": "outside the scope", "NotEffectivelyEntitled": "outside the scope",
		"SystemForCrossDomainIdentityManagementMultipleEntriesInResponse": "More than one record",
		"SystemForCrossDomainIdentityManagementServiceIncompatible":       "did not understand",
		"SchemaPropertyCanOnlyAcceptValue":                                "takes one value",
	} {
		require.Contains(t, idp.Advise("Something happened ("+code+")"), advice, code)
	}
}

func TestTheChangesUponWhichAPersonIsCreated(t *testing.T) {
	for id, creates := range map[string]bool{
		idp.ChangeAssign: true, idp.ChangeProvision: true, idp.ChangeStart: true, idp.ChangeJoin + "g": true,
		idp.ChangeUnassign: false, idp.ChangeConvert: false, idp.ChangeLeave + "g": false, idp.ChangeProfile: false,
	} {
		require.Equal(t, creates, idp.Creates(id), id)
	}
}

func TestARefusalKeepsItsCause(t *testing.T) {
	cause := errors.New("403")
	err := &idp.RefusalError{Provider: "Okta", Reason: "no.", Err: cause}
	require.ErrorIs(t, err, cause)
	require.EqualError(t, err, "Okta did not provision them: no")
}
