package cmd

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// program runs a command line in this process.
func program(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, problems bytes.Buffer
	root := newRoot(nil)
	root.SetArgs(args)
	root.SetIn(strings.NewReader(""))
	root.SetOut(&out)
	root.SetErr(io.Discard)
	code = execute(t.Context(), root, &problems)
	return out.String(), problems.String(), code
}

// everyCommand visits the command and those below it.
func everyCommand(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		everyCommand(sub, visit)
	}
}

func TestHelpFitsIntoEightyColumns(t *testing.T) {
	everyCommand(newRoot(nil), func(c *cobra.Command) {
		if c.Parent() != nil && c.Parent().Name() == "completion" {
			return // cobra's own
		}
		text, _, _ := strings.Cut(helpOf(c, 80), "EXAMPLES")
		for line := range strings.SplitSeq(text, "\n") {
			require.LessOrEqual(t, len([]rune(line)), 80, "%s: %s", c.CommandPath(), line)
		}
		require.NotEmpty(t, c.Short, c.CommandPath())
	})
}

func TestHelpOfANarrowTerminalPutsDescriptionsOnLinesOfTheirOwn(t *testing.T) {
	require.Contains(t, columns([][2]string{{"completion", "Generate a script"}}, 30), "  completion  \n      Generate a script\n")
}

func TestWhatIsNoCommandIsAUsageErrorThatTellsWhatMayBeMeant(t *testing.T) {
	for _, x := range []struct {
		args []string
		says string
	}{
		{[]string{"rnus"}, "did you mean runs?\nTry \"reprovision --help\"."},
		{[]string{"runs", "shwo"}, "did you mean show?\nTry \"reprovision runs --help\"."},
		{[]string{"auth", "statsu"}, "did you mean status?"},
		{[]string{"help", "nope"}, `no help for "nope"`},
		{[]string{"guide", "extra"}, `reprovision guide takes no arguments, and was given "extra"`},
		{[]string{"runs", "show"}, "takes the ID of one run"},
		{[]string{"runs", "--jsn"}, "unknown flag: --jsn\nTry \"reprovision runs --help\"."},
		{[]string{"demo", "--repositories", "-1"}, "--repositories"},
	} {
		_, stderr, code := program(t, x.args...)
		require.Equal(t, exitUsage, code, x.args)
		require.Contains(t, stderr, x.says)
	}
}

func TestHelpAndVersionSucceed(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"help"}, {"help", "runs", "show"}, {"auth"}, {"help", "exit-codes"}, {"environment"}, {"--version"}} {
		stdout, stderr, code := program(t, args...)
		require.Zero(t, code, args)
		require.NotEmpty(t, stdout, args)
		require.NotContains(t, stdout, "\x1b", "nothing is asked of a terminal")
		require.Empty(t, stderr, args)
	}
}

func TestEveryVariableThatIsReadIsInTheHelp(t *testing.T) {
	name := regexp.MustCompile(`"(REPROVISION_[A-Z_]+)"`)
	found := 0
	for _, folder := range []string{".", "../api", "../engine", "../tui"} {
		require.NoError(t, filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			raw, err := os.ReadFile(path)
			for _, m := range name.FindAllStringSubmatch(string(raw), -1) {
				found++
				require.Contains(t, environmentHelp, m[1])
			}
			return err
		}))
	}
	require.Greater(t, found, 10)
}
