//go:build !windows

package cmd

import (
	"bufio"
	"bytes"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/seed-05b3d87e/reprovision/api/sandbox"
)

// spoken runs the built program on a pipe of answers and returns what it says
// and its exit code.
func spoken(t *testing.T, answers []string, args ...string) (string, int) {
	t.Helper()
	path, err := buildProgram()
	require.NoError(t, err)
	c := exec.Command(path, args...)
	c.Dir = t.TempDir()
	c.Env = lineEnv(c.Dir, "TERM=xterm-256color")
	c.Stdin = strings.NewReader(strings.Join(answers, "\n") + "\n")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
	}
	for _, r := range out.String() {
		require.False(t, r != '\n' && unicode.IsControl(r), "%q in the text: nothing may move the cursor or set a colour", r)
	}
	return out.String(), c.ProcessState.ExitCode()
}

// TestThePreSCIMMemberIsCuredLineByLine drives the accessible walk through a
// pipe, and lets the sandbox's own state prove the cure.
func TestThePreSCIMMemberIsCuredLineByLine(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	text, code := spoken(t, []string{
		"priya", "1", // the member, by a part of the name and then by number
		"1",            // JIT is on
		"1",            // re-provision
		"1", "yes", "", // cancel the invite; read the result
		"1", "yes", "s", "", "2", // disable JIT; the demo clicks; it is off
		"1",                                         // keep the snapshot
		"1", "yes", "sandbox-pat-canary-priya-nair", // the private repositories
		"1", "yes", "", // hand over
		"1", "priya-nair", "", // remove, confirmed by name
		"1", "yes", "", // push
		"1", "w", "1", // report, written; finish
	}, "demo", "--accessible", "--state-file", state)
	require.Zero(t, code, text)
	require.Contains(t, text, "Finding, certain: SCIM does not manage this account.")
	require.Contains(t, text, "Request: DELETE http://127.0.0.1:")
	require.Contains(t, text, "The report was written to reprovision-acme-priya-nair-")
	require.Contains(t, text, "priya-nair in acme: Nothing is wrong", "what the walk leaves behind names the outcome")
	require.NotContains(t, text, "sandbox-oat-canary")

	p := readProof(t, state)
	m := memberOf(t, p.State, "priya-nair")
	require.Equal(t, sandbox.OriginSCIM, m.Origin)
	require.Equal(t, "editor", m.Role)
	require.Contains(t, m.Teams, "backend")
	require.Equal(t, repositoryOf(t, p.State, "priya-nair/deploy-tool").Tags, repositoryOf(t, p.State, "acme/deploy-tool").Tags)
}

// The clicks in a console come after a request: the pending invite is cancelled first.
func TestClicksThatFollowARequestAreAskedForLineByLine(t *testing.T) {
	text, code := spoken(t, []string{
		"no", "no", "no", "5", "2", "backend", // no provider is signed in to: it is JumpCloud, and sends editor on backend
		"1", "1", "1", // JIT is on; re-provision; provisioning is proven
		"1", "yes", "", "1", "yes", "s", "", "2", "1", // invite, JIT, snapshot
		"1", "yes", "sandbox-pat-canary-priya-nair", "1", "yes", "", // hand over
		"1", "priya-nair", "", // remove
		"2", "yes", "", // invite them back meanwhile
		"1", "yes", "s", "", // push by hand: the demo clicks
		"1", "1",
	}, "demo", "--accessible", "--provider", "none", "--member", "priya-nair")
	require.Zero(t, code, text)
	_, pushed, _ := strings.Cut(text, "Provision priya-nair in JumpCloud.\nIt is your turn: do these clicks.")
	require.Contains(t, pushed, "The clicks are done.", text)
	require.Contains(t, pushed, "Cured: Docker shows what the identity provider sends.", text)
}

func TestTheDryRunLineByLineChangesNothing(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	text, code := spoken(t, []string{
		"1", "1", // JIT is on; re-provision
		"1", "", "", "1", "", "", // cancel the invite, disable JIT: each previewed
		"1", "1", "yes", "sandbox-pat-canary-priya-nair",
		"1", "", "", "1", "", "", "1", "", "", // hand over, remove, push
		"1", "1",
	}, "demo", "--accessible", "--dry-run", "--member", "priya-nair", "--state-file", state)
	require.Zero(t, code, text)
	require.Contains(t, text, "/v2/orgs/acme/members/priya-nair")
	require.Contains(t, text, "Dry run: nothing was changed.")

	p := readProof(t, state)
	require.False(t, slices.ContainsFunc(p.Requests, func(r sandbox.Request) bool { return r.Changing }))
	require.NotEmpty(t, p.Requests)
}

// "| head" reads a few lines and goes. The walk ends as at an interrupt, and leaves
// nothing behind.
func TestAWalkWhoseReaderIsGoneEndsInOrder(t *testing.T) {
	path, err := buildProgram()
	require.NoError(t, err)
	c := exec.Command(path, "demo", "--accessible")
	c.Dir = t.TempDir()
	c.Env = lineEnv(c.Dir, "TMPDIR="+c.Dir)
	stdin, err := c.StdinPipe() // nobody answers
	require.NoError(t, err)
	stdout, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	awaitLine(t, bufio.NewScanner(stdout), "Step: Member")
	left, err := filepath.Glob(filepath.Join(c.Dir, "reprovision-demo-*"))
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.NoError(t, stdout.Close())
	_, _ = io.WriteString(stdin, "?\n") // if it had more to say by itself, it is gone already
	require.NoError(t, c.Wait())
	left, err = filepath.Glob(filepath.Join(c.Dir, "reprovision-demo-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// Whatever is not the word that was asked for is a no, and so is the end.
func TestNothingIsSentLineByLineWithoutTheTypedWord(t *testing.T) {
	for _, last := range []string{"", "y", "YES please", "1"} {
		state := filepath.Join(t.TempDir(), "state.json")
		text, code := spoken(t, []string{"1", "1", "1", last}, "demo", "--accessible", "--member", "priya-nair", "--state-file", state)
		require.Equal(t, exitError, code, text)
		require.Contains(t, text, "You left the walk before its end. Nothing more will be changed.")
		p := readProof(t, state)
		require.False(t, slices.ContainsFunc(p.Requests, func(r sandbox.Request) bool { return r.Changing }), "%q was a yes", last)
	}
}

func TestASecretIsNotEchoedLineByLine(t *testing.T) {
	x := openTerminal(t, "demo", "--accessible", "--dry-run", "--member", "priya-nair")
	for _, step := range []struct{ sees, types string }{
		{"3: I cannot tell.", "1"},
		{"1: Re-provision, recommended", "1"},
		{"1: Cancel 1 invite", "1"},
		{"Press enter to continue:", ""},
		{"Previewed only", ""},
		{"1: Disable JIT", "1"},
		{"The plan: Disable", ""},
		{"Previewed only", ""},
		{"1: Keep this snapshot", "1"},
		{"They are here: sign in as", "1"},
		{"Type yes to sign in", "yes"},
	} {
		x.see(step.sees)
		x.press(step.types + enter)
	}
	x.see("not shown while you type:")
	x.press("a-secret-that-nobody-has" + enter)
	x.see("Mind: The credential was not accepted")
	require.NotContains(t, x.text(), "a-secret-that-nobody-has")
	x.press("q" + enter)
	require.Zero(t, x.end())
}
