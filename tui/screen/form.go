// Package screen holds the screens of the walk, one for each phase and each
// kind of question.
package screen

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
