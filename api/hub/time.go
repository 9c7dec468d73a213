package hub

import (
	"encoding/json"
	"strings"
	"time"
)

// Time is a time as written by Docker Hub. It is the zero time if the field was empty
// or in an unknown format; Raw keeps the original text (untrusted), so that a strange
// date does not make the record unreadable.
type Time struct {
	time.Time
	Raw string
}

// layouts are the time formats of the API (RFC 3339, sometimes without a zone) and of the
// CSV export (Go's Time.String). All accept fractions of a second.
var layouts = [...]string{
	time.RFC3339,
	"2006-01-02 15:04:05 -0700 MST",
	"2006-01-02 15:04:05 -0700",
	"2006-01-02T15:04:05",
	time.DateTime,
	time.DateOnly,
}

func parseTime(raw string) Time {
	t := Time{Raw: raw}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, strings.TrimSpace(raw)); err == nil {
			t.Time = at.UTC()
			return t
		}
	}
	return t
}

// UnmarshalJSON accepts any JSON value.
func (t *Time) UnmarshalJSON(raw []byte) error {
	if isNull(raw) {
		*t = Time{}
		return nil
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		s = string(raw)
	}
	*t = parseTime(s)
	return nil
}
