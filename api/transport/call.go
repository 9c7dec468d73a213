package transport

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Call is an HTTP request as a plain, comparable value. A preview prints a Call and Do
// sends the same value, so what was confirmed is what is sent. It never contains a
// credential; Do adds that.
type Call struct {
	System      string // "hub", "scim", "okta", "registry"
	Method      string
	URL         string // absolute
	ContentType string // empty when there is no body
	Body        string
}

// JSON encodes v as the body of a call: on one line, with map keys sorted and <, > and
// & unescaped. It panics if v cannot be encoded; structs of this module and values
// decoded from JSON always can.
func JSON(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("transport: encode a value: " + err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}
