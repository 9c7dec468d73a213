package report_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/engine/report"
)

func TestAHugeTextIsCutAtARuneBorder(t *testing.T) {
	for _, letter := range []string{"a", "ü", "名", "🚀"} {
		out := report.Escape(strings.Repeat(letter, 1<<20))
		require.Less(t, len(out), 5000)
		require.True(t, utf8.ValidString(out))
		require.True(t, strings.HasSuffix(out, "…"))
	}
	require.Equal(t, "short", report.Escape("short"))
}
