package transport

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func FuzzParseWait(f *testing.F) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, seed := range []string{
		"", "0", "7", "1.5", ".", "1..2", "-1", "1795435200", "1795435200000", "99999999999999999999999", "1e9", "0x1p4", "NaN", "inf",
		now.Format(http.TimeFormat), now.Format(time.ANSIC), "Mon, 23 Nov 9999 12:00:00 GMT", " 3 ",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if wait := parseWait(value, now); wait < 0 || wait > 366*24*time.Hour {
			t.Fatalf("%q is a wait of %s", value, wait)
		}
	})
}

func FuzzExplain(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[]`, `null`, `{"message":"m","detail":"d"}`, `{"errors":[{"code":"A","message":"b"},1]}`, `{"error":{"code":1}}`,
		`{"fields":{"a":["b",1],"c":{}},"text":"t"}`, `{"errorCode":"E0000006","errorCauses":[{"errorSummary":"x"}]}`, `<html>`, "plain\nwords",
		`{"message":"\u001b[2J\u202e"}`, `{"message":"s3cr3t-s3cr3t"}`, "s3cr3\x00t-s3cr3t", "\xff",
	} {
		f.Add([]byte(seed))
	}
	secrets := []string{"s3cr3t-s3cr3t"}
	f.Fuzz(func(t *testing.T, body []byte) {
		code, message := explain(400, nil, body)
		for _, words := range []string{code, message, describe(nil, body)} {
			words = sanitize(words, secrets)
			switch {
			case !utf8.ValidString(words):
				t.Errorf("%q is not UTF-8", words)
			case utf8.RuneCountInString(words) > maxMessage:
				t.Errorf("%q is too long", words)
			case strings.ContainsFunc(words, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }):
				t.Errorf("%q holds a control character", words)
			case strings.Contains(words, secrets[0]):
				t.Errorf("%q holds the secret", words)
			}
		}
	})
}

func FuzzRedactURL(f *testing.F) {
	for _, seed := range []string{
		"", "https://a.example/x?token=s3cr3t-s3cr3t&page=2", "https://u:s3cr3t-s3cr3t@a.example", "?%74oken=s3cr3t-s3cr3t", "?to%zzken=s3cr3t-s3cr3t",
		"https://a.example/\u202e?a=b;token=s3cr3t-s3cr3t", "://", "https://a.example/#token=s3cr3t-s3cr3t",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		shown := redactURL(address)
		if strings.ContainsFunc(shown, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
			t.Errorf("%q holds a control character", shown)
		}
		if again := redactURL(shown); shown != again && !strings.HasPrefix(shown, "(") {
			t.Errorf("%q becomes %q", shown, again)
		}
	})
}
