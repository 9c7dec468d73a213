package screen

import "github.com/seed-05b3d87e/reprovision/engine"

// FormHint describes the sign-in form of a system.
type FormHint struct {
	Title string // "Docker Hub"
	For   string // what the sign-in is for
	Help  string // where to get the credential, unless the way says so
	Ways  []Way  // at least one; the first is the usual one
}

// Way is one way to sign in.
type Way struct {
	Label  string // in the menu of ways
	Why    string // explains it in the menu
	Help   string // shown above the fields, instead of the form's Help
	Base   engine.Credential
	Fields []Field
}

// Field is one line of a form.
type Field struct {
	Is          FieldID
	Label       string
	Placeholder string // an example
	Usual       string // the default
	Value       string // the initial value; ignored for secrets
	Hint        string // shown below the field
	Optional    bool
}

// placeholder returns the text of an empty field. Its wording distinguishes it from a
// value.
func (f Field) placeholder() string {
	switch {
	case f.Usual != "":
		return "the usual: " + f.Usual
	case f.Placeholder != "":
		return "such as " + f.Placeholder
	}
	return ""
}

// FieldID says which part of a credential a field fills.
type FieldID int

// The fields.
const (
	FieldHost FieldID = iota + 1
	FieldIdentifier
	FieldClient
	FieldTenant
	FieldKey
	FieldFile
	FieldRedirect
	FieldAuthority
	FieldSecret
)

// Of returns the part of the credential that the field fills, or nil for the secret.
func (f Field) Of(c *engine.Credential) *string {
	switch f.Is {
	case FieldHost:
		return &c.Host
	case FieldIdentifier:
		return &c.Identifier
	case FieldClient:
		return &c.Client.ID
	case FieldTenant:
		return &c.Client.Tenant
	case FieldKey:
		return &c.Client.Key
	case FieldFile:
		return &c.File
	case FieldRedirect:
		return &c.Client.Redirect
	case FieldAuthority:
		return &c.Client.Authority
	case FieldSecret:
	}
	return nil
}

// Fill sets the field's part of the credential.
func (f Field) Fill(c *engine.Credential, typed string) {
	if into := f.Of(c); into != nil {
		*into = typed
		return
	}
	c.Secret = engine.NewSecret(typed)
}

// hint returns a generic form for a system.
func hint(id engine.SystemID, c engine.Case) FormHint {
	titles := map[engine.SystemID]string{
		engine.SystemHub: "Docker Hub", engine.SystemSCIM: "Docker SCIM", engine.SystemOkta: "Okta", engine.SystemEntra: "Microsoft Entra ID",
		engine.SystemRegistry: "Registry", engine.SystemMember: c.Username,
	}
	title := titles[id]
	if title == "" {
		title = string(id)
	}
	return FormHint{Title: title, Ways: []Way{{Fields: []Field{{Is: FieldIdentifier, Label: "Name"}, {Is: FieldSecret, Label: "Secret"}}}}}
}
