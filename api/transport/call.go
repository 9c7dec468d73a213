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

// JSON encodes a value as the body of a call, as a preview shows it: on one line,
// with map keys in order and <, > and & unescaped. It panics if the value cannot
// be encoded; structs of this module and values decoded from JSON always can.
func JSON(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("transport: encode a value: " + err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}
