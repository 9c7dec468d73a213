package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// explain parses the common forms of error bodies:
//
// For anything else it returns empty strings.
func explain(_ int, _ http.Header, body []byte) (code, message string) {
	var object map[string]any
	if json.Unmarshal(body, &object) != nil {
		return "", ""
	}
	code, words := wordsIn(object)
	return code, strings.Join(words, "; ")
}

// wordsIn collects the code and messages of an error object and of the objects
// directly inside it.
func wordsIn(object map[string]any) (code string, said []string) {
	add := func(words ...string) {
		for _, w := range words {
			if w != "" && !slices.Contains(said, w) {
				said = append(said, w)
			}
		}
	}
	for _, name := range []string{"errorCode", "scimType", "code"} {
		if code == "" {
			code = scalar(object[name])
		}
	}
	for _, name := range []string{"message", "errorSummary", "text", "title", "detail", "error_description"} {
		add(scalar(object[name]))
	}
	if name, ok := object["error"].(string); ok {
		if code == "" && len(said) > 0 {
			code = name
		} else {
			add(name)
		}
	}
	for _, name := range []string{"error", "errinfo", "errors", "errorCauses"} {
		for _, inner := range objectsIn(object[name]) {
			innerCode, words := directWords(inner)
			if code == "" {
				code = innerCode
			}
			add(words...)
		}
	}
	if fields, ok := object["fields"].(map[string]any); ok {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if words := scalar(fields[name]); words != "" {
				add(name + ": " + words)
			}
		}
	}
	return code, said
}

func directWords(object map[string]any) (code string, said []string) {
	code = scalar(object["code"])
	for _, name := range []string{"message", "errorSummary", "detail"} {
		if words := scalar(object[name]); words != "" {
			said = append(said, words)
		}
	}
	return code, said
}

// objectsIn returns value if it is an object, or the objects of an array.
func objectsIn(value any) []map[string]any {
	switch v := value.(type) {
	case map[string]any:
		return []map[string]any{v}
	case []any:
		var objects []map[string]any
		for _, item := range v {
			if object, ok := item.(map[string]any); ok {
				objects = append(objects, object)
			}
		}
		return objects
	}
	return nil
}

// scalar formats a string, a number or an array of strings.
func scalar(value any) string {
	switch v := value.(type) {
	case string:
		return strings.TrimSpace(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		var words []string
		for _, item := range v {
			if s, ok := item.(string); ok {
				words = append(words, s)
			}
		}
		return strings.Join(words, ", ")
	}
	return ""
}

// describe describes a body that explain cannot parse.
func describe(h http.Header, body []byte) string {
	text := bytes.TrimSpace(body)
	switch {
	case len(text) == 0:
		return ""
	case isPage(h, text):
		return "a web page came instead of the API's answer; a proxy or a sign-in page may stand in between"
	case text[0] == '{' || text[0] == '[' || !utf8.Valid(text):
		return ""
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return string(line)
}

func isPage(h http.Header, text []byte) bool {
	return strings.Contains(strings.ToLower(h.Get("Content-Type")), "html") || len(text) > 0 && text[0] == '<'
}

// JSON decodes the response into the value that into points to. If the response is not
// JSON, or does not fit, the error is ErrNotJSON and describes the response.
func (r *Response) JSON(into any) error {
	text := bytes.TrimSpace(r.Body)
	switch {
	case len(text) == 0:
		return fmt.Errorf("%w: it is empty", ErrNotJSON)
	case isPage(r.Header, text):
		return fmt.Errorf("%w: a web page came instead; a proxy or a sign-in page may stand in between, open the address in a browser", ErrNotJSON)
	}
	err := json.Unmarshal(text, into)
	if err == nil {
		return nil
	}
	var (
		syntax  *json.SyntaxError
		mistype *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(text)):
		return fmt.Errorf("%w: it ends in the middle, after %d bytes", ErrNotJSON, len(text))
	case errors.As(err, &mistype) && mistype.Field != "":
		return fmt.Errorf("%w: %s holds %s", ErrNotJSON, sanitize(mistype.Field, nil), kindOf(mistype.Value))
	}
	return fmt.Errorf("%w: %w", ErrNotJSON, sanitizedCause(err, nil))
}

// kindOf strips the value from encoding/json's "number 12".
func kindOf(value string) string {
	word, _, _ := strings.Cut(value, " ")
	return "a value of the wrong kind (" + word + ")"
}
