package theme

import (
	"reflect"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"
)

func TestPlainGlyphsAreASCII(t *testing.T) {
	v := reflect.ValueOf(glyphs(true))
	for i := range v.NumField() {
		if v.Field(i).Kind() != reflect.String {
			continue
		}
		require.NotEmpty(t, v.Field(i).String(), v.Type().Field(i).Name)
		for _, r := range v.Field(i).String() {
			require.Less(t, r, rune(127), v.Type().Field(i).Name)
		}
	}
}

// A sign that is wider in one terminal than in another would push whole lines
// out of place.
func TestEveryGlyphIsAsWideInBothWaysOfCounting(t *testing.T) {
	for _, ascii := range []bool{true, false} {
		g := glyphs(ascii)
		v := reflect.ValueOf(g)
		for _, field := range v.Fields() {
			if field.Kind() == reflect.String {
				s := field.String()
				require.Equal(t, ansi.StringWidth(s), ansi.StringWidthWc(s), s)
			}
		}
		for _, s := range g.Spinner {
			require.Equal(t, 1, ansi.StringWidth(s))
			require.Equal(t, 1, ansi.StringWidthWc(s))
		}
		require.Equal(t, g.Spinner[0], g.Frame(len(g.Spinner)))
	}
}

func TestLightAndDarkDiffer(t *testing.T) {
	require.NotEqual(t, New(true, false).Muted.Render("x"), New(false, false).Muted.Render("x"))
}
