package transport

// Call is one HTTP request as a plain, comparable value. The preview prints a
// Call and Do sends that same value, so what was confirmed is what is sent.
// It never holds a credential: those are added at the door.
type Call struct {
	System      string // "hub", "scim", "okta", "registry"
	Method      string
	URL         string // absolute
	ContentType string // empty when there is no body
	Body        string
}
