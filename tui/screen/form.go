package screen

import "github.com/seed-05b3d87e/reprovision/engine"

// FormHint is what the sign-in form shows for one system.
type FormHint struct {
	Title      string // "Docker Hub"
	Help       string // where the credential comes from and what it must be allowed to do
	Host       Field
	Identifier Field
	Secret     Field
}

// Field is one line of a form. A field without a label is not asked for; its
// Value is used as it is.
type Field struct {
	Label       string
	Placeholder string
	Value       string // filled in beforehand; ignored for secrets
	Hint        string // shown below the field
}

// hint is the form of a system for which none was given.
func hint(id engine.SystemID, c engine.Case) FormHint {
	switch id {
	case engine.SystemHub:
		return FormHint{
			Title:      "Docker Hub",
			Help:       "An organization access token, made under Admin Console > Access tokens.",
			Identifier: Field{Label: "Organization", Value: c.Org},
			Secret:     Field{Label: "Organization access token"},
		}
	case engine.SystemSCIM:
		return FormHint{
			Title:  "Docker SCIM",
			Help:   "The API token of Docker's SCIM service, the same that the identity provider uses.",
			Secret: Field{Label: "SCIM token"},
		}
	case engine.SystemOkta:
		return FormHint{
			Title:      "Okta",
			Help:       "An API token that may read the Docker application and its users.",
			Host:       Field{Label: "Address", Placeholder: "https://example.okta.com"},
			Identifier: Field{Label: "Label of the application", Value: "Docker"},
			Secret:     Field{Label: "API token"},
		}
	case engine.SystemEntra:
		return FormHint{
			Title:      "Microsoft Entra ID",
			Help:       "An access token for Microsoft Graph that may read the application and its users.",
			Identifier: Field{Label: "Name of the enterprise application", Value: "Docker"},
			Secret:     Field{Label: "Access token"},
		}
	case engine.SystemRegistry:
		return FormHint{
			Title:      "Registry",
			Help:       "What may push into the organization's repositories.",
			Identifier: Field{Label: "Docker ID or organization", Value: c.Org},
			Secret:     Field{Label: "Access token"},
		}
	case engine.SystemMember:
		return FormHint{
			Title:      c.Username,
			Help:       "Their own personal access token, allowed to read their repositories. It is never stored.",
			Identifier: Field{Label: "Docker ID", Value: c.Username},
			Secret:     Field{Label: "Personal access token"},
		}
	}
	return FormHint{Title: string(id), Identifier: Field{Label: "Name"}, Secret: Field{Label: "Secret"}}
}
