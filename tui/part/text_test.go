package part

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"
)

func TestForeignTextIsMadeHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                           "plain",
		"\x1b[31mred\x1b[0m":              "red",
		"\x1b]0;title\x07x":               "x",
		"a\nb\tc\r":                       "a b c ",
		"\u202eevil\u2066":                "evil",
		"zero\u200bwidth\ufeff":           "zerowidth",
		"a\xffb\xc3":                      "ab\ufffd",
		"日本":                              "日本",
		"e\u0301\u0301\u0301\u0301":       "e\u0301\u0301",
		"\x9b31mcsi":                      "csi",
		"line\u2028separator":             "line separator",
		"🇩🇪 flag":                         " flag",
		"no\u00a0break":                   "no break",
		strings.Repeat("é", maxRunes+100): strings.Repeat("é", maxRunes) + "…",
	} {
		require.Equal(t, want, Clean(in), "%q", in)
	}
}

func TestVisibleTextShowsWhatHasNoPicture(t *testing.T) {
	require.Equal(t, "a b", Visible("a b"))
	require.Equal(t, "a\nb", Visible("a\nb"))
	require.Equal(t, `\u001b[31m\u202e\xff é`, Visible("\x1b[31m\u202e\xff é"))
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "a", "\x1b[2J", "\u202e", "\xff\xfe", "क्षि", "e\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, out := range []string{Clean(s), strings.ReplaceAll(Visible(s), "\n", "")} {
			if !utf8.ValidString(out) {
				t.Fatalf("%q became invalid %q", s, out)
			}
			for _, r := range out {
				if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
					t.Fatalf("%q let %U through", s, r)
				}
			}
		}
	})
}

func FuzzFit(f *testing.F) {
	f.Add("text", 3)
	f.Add("日本語", 4)
	f.Add("क्षि🧑", 2)
	f.Fuzz(func(t *testing.T, s string, width int) {
		width %= 300
		if got := Width(Fit(Clean(s), width)); got > max(0, width) {
			t.Fatalf("%q in %d cells took %d", s, width, got)
		}
		for _, l := range Wrap(Clean(s), width) {
			if Width(l) > width {
				t.Fatalf("%q wrapped to %d gave %q", s, width, l)
			}
		}
	})
}

func TestSizesReadAsPeopleSayThem(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1500: "1.5 kB", 31_400_000: "31.4 MB", 1 << 62: "4611686.0 TB"} {
		require.Equal(t, want, Bytes(n))
	}
}

func TestTheShortWayOfCountingIsRight(t *testing.T) {
	for _, r := range narrow {
		require.Equal(t, 1, ansi.StringWidth(string(r)))
		require.Equal(t, 1, ansi.StringWidthWc(string(r)))
	}
	for _, s := range []string{"", "plain", "\x1b[1;38;2;1;2;3mx\x1b[m", "─│ ✓ x", "\x1b]8;;http://a\x07x\x1b]8;;\x07", "✓\ufe0f", "e\u0301", "日本", "\x1b[", "\x1b[2J", "a\tb", "\xff"} {
		if n, ok := simpleWidth(s); ok {
			require.Equal(t, max(ansi.StringWidth(s), ansi.StringWidthWc(s)), n, "%q", s)
		}
	}
	_, ok := simpleWidth("✓\ufe0f")
	require.False(t, ok, "a selector after a sign may widen it")
}

func TestANameWithHyphensStaysWhole(t *testing.T) {
	require.Equal(t, []string{"it needs", "scope-member-read,", "scope-group-read"}, Wrap("it needs scope-member-read, scope-group-read", 20))
	require.Equal(t, []string{"a-very-", "long-name"}, Wrap("a-very-long-name", 10), "unless there is no room for it")
	require.Equal(t, []string{"what came", "so\u2011and-so", "stays so"}, Wrap("what came so\u2011and-so stays so", 10))
}
