// Package engine defines the types of a provisioning case and the contracts
// between the packages that work on it: what was observed (Case), what it means
// (Finding), what to do (Plan, Change), what was done (Receipt) and whether it
// worked (Check).
//
// The package does no I/O and reads no clock. Sub-packages: diagnose turns a
// Case into findings, guide walks the troubleshooting guide, report writes the
// summary (all pure); observe and remedy talk to the outside through api; run
// carries effects out.
package engine

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Secret is a credential on its way from a prompt to the client that uses it.
// Every printed, logged or encoded form is redacted; only Reveal returns the value.
// The value sits behind a function, so that even reflection-based printers
// show no more than an address.
type Secret struct{ reveal func() string }

// NewSecret wraps value.
func NewSecret(value string) Secret {
	return Secret{reveal: func() string { return value }}
}

// Reveal returns the value. Use it only to send the value to its system.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Empty reports whether the value is empty.
func (s Secret) Empty() bool { return s.Reveal() == "" }

const redacted = "[redacted]"

// String implements fmt.Stringer.
func (Secret) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return redacted }

// Format implements fmt.Formatter, so that no verb reaches the value.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText implements encoding.TextMarshaler.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON implements json.Marshaler.
func (Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// Count returns n with the noun in its right form: "1 tag", "2 tags",
// "3 repositories".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
