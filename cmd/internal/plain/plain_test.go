package plain_test

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/cmd/internal/plain"
)

func TestAskReadsOneLineAndLeavesTheRest(t *testing.T) {
	in := strings.NewReader(" priya-nair \r\nq")
	var out strings.Builder
	got, err := plain.Prompter{In: in, Out: &out}.Ask("Who? ")
	require.NoError(t, err)
	require.Equal(t, "priya-nair", got)
	require.Equal(t, "Who? ", out.String())
	rest, err := io.ReadAll(in)
	require.NoError(t, err)
	require.Equal(t, "q", string(rest))
}

func TestTheEndOfTheInputIsANo(t *testing.T) {
	for _, in := range []string{"", "y", "yes"} { // without a line end, nobody has pressed enter
		p := plain.Prompter{In: strings.NewReader(in), Out: io.Discard}
		require.False(t, p.Yes("Really?"), in)
		_, err := plain.Prompter{In: strings.NewReader(in), Out: io.Discard}.Ask("?")
		require.ErrorIs(t, err, plain.ErrNoAnswer)
	}
}

func TestOnlyAYesIsAYes(t *testing.T) {
	for in, want := range map[string]bool{"y\n": true, "YES\n": true, "\n": false, "n\n": false, "yep\n": false} {
		require.Equal(t, want, plain.Prompter{In: strings.NewReader(in), Out: io.Discard}.Yes("Really?"), in)
	}
}

func TestAnAnswerWithoutEndIsRefused(t *testing.T) {
	_, err := plain.Prompter{In: strings.NewReader(strings.Repeat("x", 1<<20)), Out: io.Discard}.Ask("?")
	require.ErrorContains(t, err, "too long")
}
