package screen

import "github.com/seed-05b3d87e/reprovision/engine"

// FormHint is how one signs in to a system.
type FormHint struct {
	Title string // "Docker Hub"
	For   string // what signing in there is for
	Help  string // where the credential comes from, unless the way says so
	Ways  []Way  // one at least; the first is the usual one
}

// Way is one way to sign in.
type Way struct {
	Label  string // in the list of ways
	Why    string // below it there
	Help   string // above the fields, in place of the form's
	Base   engine.Credential
	Fields []Field
}

// Field is one line of a form.
type Field struct {
	Is          FieldID
	Label       string
	Placeholder string // an example
	Usual       string // what counts when it is left empty
	Value       string // filled in beforehand; ignored for secrets
	Hint        string // shown below the field
	Optional    bool
}

// placeholder is what an empty field shows, told apart from a value in words too.
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

// Of is the place in the credential that the field fills, or nil for the secret.
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

// Fill puts what was typed in place.
func (f Field) Fill(c *engine.Credential, typed string) {
	if into := f.Of(c); into != nil {
		*into = typed
		return
	}
	c.Secret = engine.NewSecret(typed)
}

// hint is the form of a system for which none was given.
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
