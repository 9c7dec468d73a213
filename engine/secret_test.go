package engine_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine"
)

const canary = "canary-5fd1c0de"

// holder has a secret in every place where a printer may go and look.
type holder struct {
	Open    engine.Secret
	hidden  engine.Secret // no printer may call the methods of an unexported field
	Pointer *engine.Secret
	List    []engine.Secret
	Named   map[string]engine.Secret
	Any     any
	Deep    struct{ Credential engine.Credential }
}

func newHolder() holder {
	s := engine.NewSecret(canary)
	h := holder{Open: s, hidden: s, Pointer: &s, List: []engine.Secret{s}, Named: map[string]engine.Secret{"a": s}, Any: s}
	h.Deep.Credential = engine.Credential{System: engine.SystemHub, Identifier: "acme", Secret: s}
	return h
}

func requireNoCanary(t *testing.T, text string) {
	t.Helper()
	require.NotContains(t, text, canary)
	require.NotContains(t, text, fmt.Sprintf("%x", canary), "nor in hexadecimal")
	require.NotContains(t, text, fmt.Sprintf("%X", canary))
	require.NotContains(t, text, fmt.Sprintf("%d", []byte(canary)), "nor as a list of bytes")
}

func TestASecretIsGivenUpByRevealAlone(t *testing.T) {
	s := engine.NewSecret(canary)
	require.Equal(t, canary, s.Reveal())
	require.False(t, s.Empty())
	require.True(t, engine.Secret{}.Empty())
	require.True(t, engine.NewSecret("").Empty())
	require.Empty(t, engine.Secret{}.Reveal())
	require.Equal(t, "[redacted]", engine.Secret{}.String(), "that there is none is not told either")
}

func TestNoVerbOfFmtPrintsASecret(t *testing.T) {
	h := newHolder()
	values := map[string]any{
		"alone": h.Open, "pointer": h.Pointer, "struct": h, "pointer to a struct": &h, "slice": h.List, "map": h.Named,
		"credential": h.Deep.Credential, "slice of structs": []holder{h},
	}
	for name, v := range values {
		for _, verb := range "vTtbcdoOqxXUeEfFgGsp" {
			for _, flags := range []string{"", "+", "#", " ", "0", "-", "60", ".3", "#+60."} {
				requireNoCanary(t, fmt.Sprintf("%"+flags+string(verb), v))
			}
		}
		requireNoCanary(t, fmt.Sprint(v)+fmt.Sprintln(v))
		require.NotEmpty(t, name)
	}
	require.Equal(t, "[redacted]", fmt.Sprintf("%#v", h.Open))
	require.Contains(t, fmt.Sprintf("%#v", h), "[redacted]")
	require.Equal(t, "[redacted] [redacted]", fmt.Sprint(h.Open, " ", h.Pointer))
}

func TestNoEncodingHoldsASecret(t *testing.T) {
	h := newHolder()
	raw, err := json.Marshal(h)
	require.NoError(t, err)
	requireNoCanary(t, string(raw))
	require.Contains(t, string(raw), `"Open":"[redacted]"`)
	text, err := h.Open.MarshalText()
	require.NoError(t, err)
	require.Equal(t, "[redacted]", string(text))
	out, err := xml.Marshal(h.Deep.Credential)
	require.NoError(t, err)
	requireNoCanary(t, string(out))
	var b bytes.Buffer
	require.NoError(t, template.Must(template.New("").Parse("{{.}} {{.Open}} {{.Named}} {{printf \"%#v\" .}}")).Execute(&b, h))
	requireNoCanary(t, b.String())
}

func TestNoLogHoldsASecret(t *testing.T) {
	h := newHolder()
	var b bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
		log := slog.New(handler).With("always", h.Open)
		log.Info("signed in", "secret", h.Open, "pointer", h.Pointer, "credential", h.Deep.Credential, "holder", h, "list", h.List,
			slog.Group("group", "secret", h.Open), "error", fmt.Errorf("sign in as %v: %w", h.Open, errors.ErrUnsupported))
	}
	requireNoCanary(t, b.String())
	require.Equal(t, 2, strings.Count(b.String(), "signed in"))
}

// A failing assertion prints what it compared, by reflection.
func TestAFailingTestDoesNotPrintASecret(t *testing.T) {
	var said recorder
	assert.Equal(&said, newHolder().hidden, holder{})
	assert.Equal(&said, newHolder(), holder{Open: engine.NewSecret("another")})
	require.NotEmpty(t, said.text)
	requireNoCanary(t, said.text)
}

type recorder struct{ text string }

func (r *recorder) Errorf(format string, args ...any) { r.text += fmt.Sprintf(format, args...) }
