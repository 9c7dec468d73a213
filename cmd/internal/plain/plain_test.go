package plain_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/cmd/internal/plain"
)

func TestAskReadsOneLineAndLeavesTheRest(t *testing.T) {
	in := strings.NewReader(" priya-nair \r\nq")
	var out strings.Builder
	got, err := plain.Prompter{In: in, Out: &out}.Ask(t.Context(), "Who? ")
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
		yes, err := p.Yes(t.Context(), "Really?")
		require.NoError(t, err)
		require.False(t, yes, in)
		_, err = plain.Prompter{In: strings.NewReader(in), Out: io.Discard}.Ask(t.Context(), "?")
		require.ErrorIs(t, err, plain.ErrNoAnswer)
	}
}

func TestOnlyAYesIsAYes(t *testing.T) {
	for in, want := range map[string]bool{"y\n": true, "YES\n": true, "\n": false, "n\n": false, "yep\n": false} {
		yes, err := plain.Prompter{In: strings.NewReader(in), Out: io.Discard}.Yes(t.Context(), "Really?")
		require.NoError(t, err)
		require.Equal(t, want, yes, in)
	}
}

func TestAnAnswerWithoutEndIsRefused(t *testing.T) {
	_, err := plain.Prompter{In: strings.NewReader(strings.Repeat("x", 1<<20)), Out: io.Discard}.Ask(t.Context(), "?")
	require.ErrorContains(t, err, "too long")
}

func TestAQuestionEndsWithItsContextAlthoughNobodyAnswers(t *testing.T) {
	in, typed := io.Pipe()
	defer func() { _ = typed.Close() }() // ends the abandoned read
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := plain.Prompter{In: in, Out: io.Discard}.Ask(ctx, "?")
	require.ErrorIs(t, err, context.Canceled)
	_, err = plain.Prompter{In: in, Out: io.Discard}.Yes(ctx, "?")
	require.ErrorIs(t, err, context.Canceled)
}
