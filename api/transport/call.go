package transport

import (
	"bytes"
	"encoding/json"
	"strings"
)

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

// JSON is a value as the body of a call, and as a preview shows it: one line,
// keys in order, and <, > and & as they are. Values are our own structs and what
// was decoded from JSON before, which always encode.
func JSON(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("transport: encode a value: " + err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}
