// Package manual has instructions, by product, for making an identity provider send a
// person to Docker again, and for making SSO send the same attributes as SCIM. It
// covers products without an API for this or without a client here, and does no I/O.
//
// The labels are those of the vendors' documentation. Consoles change, so each
// instruction also says what it is meant to achieve; only what Docker shows afterwards
// proves success.
package manual

// Product is an identity provider that a person operates by hand.
type Product struct {
	ID, Name string
	Push     []string // steps to make it send one person again
	Match    []string // steps to make its SSO and SCIM attributes equal
}

// Find returns the product with the given ID.
func Find(id string) (Product, bool) {
	for _, p := range Products() {
		if p.ID == id {
			return p, true
		}
	}
	return Product{}, false
}

// Products returns all products, "other" last.
func Products() []Product {
	return []Product{
		{
			ID: "okta", Name: "Okta",
			Push: []string{
				"Open the Okta admin console > Directory > People > the person > Applications: see that Docker is listed, and whether a group assigns it.",
				"If your console has the button there, choose Provision User.",
				"If it has not: Applications > Docker > Assignments: note the person's attributes, remove the person, then Assign > Assign to People, and give them the same attributes. Where a group assigns them, change the assignment to an individual one first.",
				"Reports > System Log shows the event \"push new user to external application\", or its failure with Docker's text.",
			},
			Match: []string{
				"What SCIM sends: Applications > Docker > Provisioning > To App > attribute mappings. Note what dockerRole, dockerTeam and dockerOrg are mapped from.",
				"What SSO sends: Applications > Docker > Sign On > Attribute statements; older ones are under \"Show legacy configuration\". Give statements of the same names the same source.",
			},
		},
		{
			ID: "entra", Name: "Microsoft Entra ID",
			Push: []string{
				"Open the Microsoft Entra admin center > Enterprise applications > the application that provisions Docker. With OIDC sign-in that is a second application beside the one for sign-in.",
				"Users and groups: see that the person, or a group of theirs, is assigned.",
				"Provisioning > Provision on demand: select the person, then Provision.",
				"Read all four steps of the result (import, scope, match, action). If one stopped, its text says why; nothing was sent then.",
				"If the application is in quarantine, Provisioning > Overview says so: mend that first.",
			},
			Match: []string{
				"What SCIM sends: Enterprise applications > the provisioning application > Provisioning > Attribute mapping (Users). Note what dockerRole, dockerTeam and dockerOrg are mapped from.",
				"What SSO sends: Enterprise applications > the sign-in application > Single sign-on > Attributes & Claims. Give claims of the same names the same source.",
				"An expression mapping can carry only one of the Docker attributes; for several, give each its own directory attribute.",
			},
		},
		{
			ID: "onelogin", Name: "OneLogin",
			Push: []string{
				"Open Administration > Applications > Docker > Provisioning: see that \"Enable provisioning\" is ticked, and which actions require an administrator's approval.",
				"Users > the person > Applications: delete the Docker entry, or take away the role that grants it (which takes whatever else that role grants).",
				"Give it back. While the entry says Pending, click the word and choose Approve.",
				"Users > Provisioning lists what waits and what failed, with its text; retry it there.",
			},
			Match: []string{
				"Applications > Docker > Parameters: each parameter says from which user field it comes, and whether it goes into the SAML assertion and into user provisioning.",
				"For dockerRole, dockerTeam and dockerOrg let both come from the same field, or let neither go into the assertion.",
			},
		},
		{
			ID: "pingone", Name: "PingOne",
			Push: []string{
				"Open Integrations > Provisioning > Rules > the rule to Docker: see that it is enabled, and that the person meets its user filter.",
				"Take the person out of what the filter asks for (a group, or an attribute), wait until the rule's sync has run, then put them back.",
				"Full Resync in the rule is the other way. It concerns everybody whom the rule covers.",
				"The rule's sync summary counts failures, and its audit logs tell each.",
			},
			Match: []string{
				"What SCIM sends: Integrations > Provisioning > Rules > the rule > Attribute mapping.",
				"What SSO sends: Applications > Docker > Attribute Mappings. Map dockerRole, dockerTeam and dockerOrg from the same PingOne attributes as the rule does.",
			},
		},
		{
			ID: "jumpcloud", Name: "JumpCloud",
			Push: []string{
				"Open SSO Applications > Docker > Provisioning (called Identity Management before): see that the integration is active.",
				"User Groups: the person has Docker through a group that is bound to the application. Take them out of the group, save, and put them in again. Whatever else the group grants goes and comes back with it.",
				"Directory Insights shows the provisioning event, or its failure with the text.",
			},
			Match: []string{
				"SSO Applications > Docker > SSO: user attributes and constant attributes are what goes into the assertion.",
				"SSO Applications > Docker > Provisioning: Export Attribute Mapping is what SCIM sends. Let dockerRole, dockerTeam and dockerOrg come from the same user attributes in both.",
				"JumpCloud documents its custom SCIM integration for services that need no schema extension. Where that list does not have the Docker attributes, SCIM sends none, and sign-in alone decides.",
			},
		},
		{
			ID: "google", Name: "Google Workspace",
			Push: []string{
				"Open Admin console > Apps > Web and mobile apps > Docker > Autoprovisioning: see that it is on, and that its scope covers the person. Only apps that Google supports for it have this section; without it, Google sends nothing over SCIM.",
				"Google has no button to provision one person: it synchronizes by itself every few hours. Turning the app off and on for the person's organizational unit or group makes them leave its scope and come back, and everyone else in it, too.",
				"The app's provisioning report, and the audit log for provisioning, show what was sent and what failed.",
			},
			Match: []string{
				"What SSO sends: Apps > Web and mobile apps > Docker > SAML attribute mapping.",
				"What SCIM sends: the same app > Autoprovisioning > attribute mapping. Use the same directory attributes for dockerRole, dockerTeam and dockerOrg; they must be custom attributes of the directory.",
			},
		},
		{
			ID: "keycloak", Name: "Keycloak",
			Push: []string{
				"Keycloak by itself signs people in, and sends nothing over SCIM: its own SCIM API lets others write into the realm. See which extension or other system of yours sends.",
				"In that system, take the person out of the scope of provisioning and put them back, or start its synchronization for that person.",
				"Look for failures in its log and in Keycloak's server log.",
			},
			Match: []string{
				"What SSO sends: Clients > Docker > Client scopes > the scope that ends in -dedicated > Mappers.",
				"What SCIM sends is set in the extension or system that does it. Let dockerRole, dockerTeam and dockerOrg come from the same user attributes.",
			},
		},
		{
			ID: "other", Name: "another identity provider",
			Push: []string{
				"See that provisioning over SCIM to Docker is on, and that the person is assigned to the application.",
				"If there is a button to provision or synchronize one person, use it.",
				"If there is none, take the person's assignment away, wait until the provider says that it is done, and give it back with the same values. If a group makes the assignment, note what else the group grants: it goes and comes back, too.",
				"Look for the event in the provider's provisioning log. A failure's text usually is Docker's answer.",
			},
			Match: []string{
				"Find the attribute mapping of sign-in (SAML attributes or OIDC claims), and that of provisioning (SCIM).",
				"For dockerRole, dockerTeam and dockerOrg use the same source in both. Names must be spelled exactly so; for SCIM in the namespace urn:ietf:params:scim:schemas:extension:docker:2.0:User.",
				"An attribute that sign-in does not carry falls back to Docker's default at each sign-in while JIT is on: role member, and the connection's default team.",
			},
		},
	}
}
