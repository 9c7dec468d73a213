package sandbox

import (
	"net/http"
	"strings"
)

var entraRuleID = uuidOf("entra-rule", "users")

// entraSchema serves the job's schema: how attributes of a user become those
// of SCIM, and who is in scope. The role comes from the app role, the team from
// an extension attribute, because an expression can carry only one of Docker's
// attributes (Docker, "Set up SCIM").
func (s *Sandbox) entraSchema(w http.ResponseWriter, _ *http.Request) {
	attribute := func(target, source string) any {
		return map[string]any{
			"targetAttributeName": target, "defaultValue": nil, "flowType": "Always", "matchingPriority": 0,
			"source": map[string]any{"expression": "[" + source + "]", "name": source, "type": "Attribute", "parameters": []any{}},
		}
	}
	function := func(target, name, expression string) any {
		return map[string]any{
			"targetAttributeName": target, "defaultValue": nil, "flowType": "Always", "matchingPriority": 0,
			"source": map[string]any{"expression": expression, "name": name, "type": "Function", "parameters": []any{}},
		}
	}
	var scope any
	if f := s.org.entra.filter; f != nil {
		scope = map[string]any{
			"categoryFilterGroups": []any{}, "inputFilterGroups": []any{},
			"groups": []any{map[string]any{"name": "only some", "clauses": []any{map[string]any{
				"operatorName": "EQUALS", "sourceOperandName": f.attribute, "targetOperand": map[string]any{"values": []string{f.value}},
			}}}},
		}
	}
	users := map[string]any{
		"enabled": true, "flowTypes": "Add, Update, Delete", "name": "Provision Microsoft Entra ID Users", "scope": scope,
		"sourceObjectName": "User", "targetObjectName": scimUserSchema,
		"attributeMappings": []any{
			attribute("userName", "userPrincipalName"),
			function("active", "Switch", `Switch([IsSoftDeleted], , "False", "True", "True", "False")`),
			attribute(`emails[type eq "work"].value`, "mail"),
			attribute("name.givenName", "givenName"),
			attribute("name.familyName", "surname"),
			function(scimExtensionSchema+":dockerRole", "SingleAppRoleAssignment", "SingleAppRoleAssignment([appRoleAssignments])"),
			attribute(scimExtensionSchema+":dockerTeam", "extensionAttribute1"),
		},
	}
	groups := map[string]any{
		"enabled": false, "flowTypes": "Add, Update, Delete", "name": "Provision Microsoft Entra ID Groups", "scope": nil,
		"sourceObjectName": "Group", "targetObjectName": "urn:ietf:params:scim:schemas:core:2.0:Group", "attributeMappings": []any{},
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"directories": []any{},
		"synchronizationRules": []any{map[string]any{
			"id": entraRuleID, "name": "USER_OUTBOUND_USER", "priority": 1, "sourceDirectoryName": "Azure Active Directory",
			"targetDirectoryName": "customappsso", "objectMappings": []any{groups, users},
		}},
	})
}

// entraClaims lists the claims mapping policies that are assigned to an
// application: the one for sign-in can have one.
func (s *Sandbox) entraClaims(w http.ResponseWriter, r *http.Request) {
	name, ok := entraApp(w, r)
	if !ok {
		return
	}
	policies := []any{}
	if name == entraSignInApp && s.org.entra.claims != nil {
		schema := []any{}
		for _, claim := range sortedKeys(s.org.entra.claims) {
			entry := map[string]string{"SamlClaimType": claim}
			if constant, ok := strings.CutPrefix(s.org.entra.claims[claim], "="); ok {
				entry["Value"] = constant
			} else {
				entry["Source"], entry["ID"] = "user", s.org.entra.claims[claim]
			}
			schema = append(schema, entry)
		}
		policies = append(policies, map[string]any{
			"id": uuidOf("entra-policy", "claims"), "displayName": "Docker claims", "isOrganizationDefault": false,
			"definition": []string{jsonText(map[string]any{"ClaimsMappingPolicy": map[string]any{
				"Version": 1, "IncludeBasicClaimSet": "true", "ClaimsSchema": schema,
			}})},
		})
	}
	graphPage(s, w, r, policies, func(v any) any { return v })
}
