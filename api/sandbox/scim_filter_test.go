package sandbox

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var filterSubject = map[string]string{
	"username": "jon.snow@acme.example", "displayname": "jonsnow", "name.givenname": "Jon", "name.familyname": "O\"Snow", "active": "true",
}

func TestSCIMFilterDecides(t *testing.T) {
	for filter, want := range map[string]bool{
		"":                                    true,
		`userName eq "jon.snow@acme.example"`: true,
		`USERNAME Eq "JON.SNOW@acme.example"`: true,
		`userName ne "jon.snow@acme.example"`: false,
		`urn:ietf:params:scim:schemas:core:2.0:User:displayName sw "jon"`: true,
		`displayName co "sno" and active eq true`:                         true,
		`displayName co "x" or name.givenName eq "jon"`:                   true,
		`displayName co "x" or name.givenName eq "jon" and active eq "f"`: false,
		`not (displayName co "x") and active eq true`:                     true,
		`(displayName co "x" or active eq true) and not active eq false`:  true,
		`name.familyName eq "O\"Snow"`:                                    true,
	} {
		f, err := parseSCIMFilter(filter)
		require.NoError(t, err, filter)
		require.Equal(t, want, f(filterSubject), filter)
	}
}

func TestSCIMFilterRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, filter := range []string{
		"userName", "userName eq", `userName gt "a"`, `shoeSize eq "44"`, `userName eq "open`, `(userName eq "a"`, `userName eq "a")`,
		`userName eq "a" userName eq "b"`, `"userName" eq "a"`, "and", "not", strings.Repeat("(", 5000), strings.Repeat("not ", 5000),
	} {
		_, err := parseSCIMFilter(filter)
		require.Error(t, err, filter)
	}
}

func FuzzSCIMFilter(f *testing.F) {
	for _, seed := range []string{`userName eq "a"`, `not (a or b)`, `"`, `\`, `userName co "\\" and (active eq true)`, "((((", "not not not"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := parseSCIMFilter(text)
		if err == nil && filter(filterSubject) {
			negated, err := parseSCIMFilter("not (" + text + ")")
			if strings.TrimSpace(text) != "" && err == nil {
				require.False(t, negated(filterSubject), text)
			}
		}
	})
}
